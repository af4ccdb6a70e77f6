//! Moving the demo's time forward: every moment at which work or a person is due is visited in its order, so that a
//! day passes as a day would, only faster.

use std::time::Duration;

use actix_web::web::{self, Form};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::app::App;
use crate::authz::Actor;
use crate::base::UnixMillis;
use crate::http::{respond, run, PageError};
use crate::sandbox::Sandbox;

/// The queue must come to rest within this after each step.
const PATIENCE: Duration = Duration::from_secs(60);
/// A day holds at most this many moments; a loop that never ends would be a bug of ours.
const MOST_STEPS: usize = 200_000;

/// Moves product and sandbox forward and returns the new time once both have settled.
pub fn advance(app: &App, sandbox: &Sandbox, by: Duration) -> UnixMillis {
    let target = app.now().plus(by);
    settle(app, sandbox);
    for _ in 0..MOST_STEPS {
        let due = next_due(app, sandbox).filter(|at| *at < target);
        app.clock.advance_to(due.unwrap_or(target));
        settle(app, sandbox);
        if due.is_none() {
            break;
        }
    }
    app.now()
}

/// Work and people in turns until neither has anything left to do at this moment.
fn settle(app: &App, sandbox: &Sandbox) {
    loop {
        if let Some(runner) = app.runner() {
            if !runner.settle(PATIENCE) {
                tracing::warn!("the queue did not come to rest");
                return;
            }
        }
        if sandbox.run_due(app.now()) == 0 {
            return;
        }
    }
}

fn next_due(app: &App, sandbox: &Sandbox) -> Option<UnixMillis> {
    let work = app.runner().and_then(|runner| runner.next_due().ok().flatten());
    let due = [work, sandbox.next_due()].into_iter().flatten().min()?;
    // What is due now and could not be done (a mailbox at rest) must not hold the clock.
    Some(due.max(app.now().plus(Duration::from_millis(1))))
}

#[derive(Deserialize)]
pub struct ClockForm {
    forward: String,
}

/// POST /demo/clock with `forward=hour|day`: 303 back to the page. Only the demo has this clock.
pub async fn move_clock(
    app: web::Data<App>,
    _actor: Actor,
    request: HttpRequest,
    form: Form<ClockForm>,
) -> Result<HttpResponse, PageError> {
    let by = match form.forward.as_str() {
        "hour" => Duration::from_secs(3600),
        "day" => Duration::from_secs(86_400),
        _ => return Err(PageError::bad_request("The clock moves by an hour or a day.", "Use one of the two buttons.")),
    };
    let moved = run(move || app.demo().map(|demo| (demo.advance)(by))).await?;
    moved.ok_or(PageError::NotFound)?;
    Ok(respond::see_other(&page_before(&request)))
}

/// The page on which the button was pressed.
fn page_before(request: &HttpRequest) -> String {
    let referer = request.headers().get("referer").and_then(|value| value.to_str().ok());
    let url = referer.and_then(|text| url::Url::parse(text).ok());
    url.map_or_else(|| "/".to_owned(), |url| url.path().to_owned())
}
