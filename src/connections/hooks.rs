//! POST /hooks/google and /hooks/microsoft: a calendar has changed. What changed is not said there, and would not be
//! believed: the calendar is read.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{from_fn, Next};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde::Deserialize;

use super::keeping::{self, Told};
use crate::app::App;
use crate::http::{run, ClientIp, PageError, Uncounted};
use crate::providers::google::calendar::watch::{CHANNEL_TOKEN, RESOURCE_STATE};
use crate::providers::microsoft::calendar::notices::{read_notices, Notice};

/// Longest text that Graph wants to hear again.
const LONGEST_ECHO: usize = 2_048;
/// Notices of one post that are looked at; all are of the few connections here.
const MOST_NOTICES: usize = 100;

/// What is posted there counts itself: widely by where it comes from, then by connection where it proves whose it is,
/// else as any stranger's.
pub const UNCOUNTED: &[Uncounted] =
    &[Uncounted { method: "POST", path: "/hooks/google" }, Uncounted { method: "POST", path: "/hooks/microsoft" }];

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/hooks/google").route(web::post().to(google).wrap(from_fn(widely))))
        .service(web::resource("/hooks/microsoft").route(web::post().to(microsoft).wrap(from_fn(widely))));
}

/// Middleware: refuses a network from which more comes than any provider has to tell, before a body is read.
async fn widely<B: MessageBody + 'static>(
    app: Data<App>,
    client: ClientIp,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match app.limits.notice(client) {
        Ok(_) => Ok(next.call(request).await?.map_into_left_body()),
        Err(too_many) => {
            let answer = PageError::from(too_many).answer_for(request.path());
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

/// 204 when it is taken, 404 without a word of ours. The first notice of a channel tells of no change.
async fn google(app: Data<App>, client: ClientIp, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (word, state) = (header(CHANNEL_TOKEN).to_owned(), header(RESOURCE_STATE));
    if state == "sync" {
        app.limits.stranger(client)?;
        return Ok(HttpResponse::NoContent().finish());
    }
    match take(app, client, vec![Notice { word, is_ending: false }]).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Ok(HttpResponse::NotFound().finish()),
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "validationToken")]
    validation_token: Option<String>,
}

/// 200 with what Graph wants to hear again, as plain text; 202 when notices are taken, 404 when none has a word of ours.
async fn microsoft(
    app: Data<App>,
    client: ClientIp,
    asked: web::Query<Asked>,
    body: Bytes,
) -> Result<HttpResponse, PageError> {
    if let Some(echo) = asked.into_inner().validation_token {
        app.limits.stranger(client)?;
        if echo.len() > LONGEST_ECHO {
            return Ok(HttpResponse::BadRequest().finish());
        }
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(echo));
    }
    let Some(mut notices) = read_notices(&body) else {
        app.limits.stranger(client)?;
        return Ok(HttpResponse::BadRequest().finish());
    };
    // Many changes of one calendar are one reason to read it; what ends is told once only.
    notices.sort_by(|a, b| (b.is_ending, &b.word).cmp(&(a.is_ending, &a.word)));
    notices.dedup();
    notices.truncate(MOST_NOTICES);
    match take(app, client, notices).await? {
        true => Ok(HttpResponse::Accepted().finish()),
        false => Ok(HttpResponse::NotFound().finish()),
    }
}

/// Whether any of them is ours. The work is left to the queue: providers wait a few seconds only. Each connection's
/// notices are counted by themselves: strangers cannot use them up, and only they are counted by where they come from.
async fn take(app: Data<App>, client: ClientIp, notices: Vec<Notice>) -> Result<bool, PageError> {
    let limits = app.limits.clone();
    // Without a word of ours nothing is looked up.
    let proven: Vec<Notice> = notices.into_iter().filter(|notice| keeping::is_ours(&app, &notice.word)).collect();
    if proven.is_empty() {
        limits.stranger(client)?;
        return Ok(false);
    }
    let taken = run(move || {
        let mut best = Told::Nothing;
        for notice in &proven {
            match keeping::told(&app, &notice.word, notice.is_ending)? {
                Told::Taken => best = Told::Taken,
                Told::TooOften(wait) if best != Told::Taken => best = Told::TooOften(wait),
                Told::TooOften(_) | Told::Nothing => {}
            }
        }
        Ok::<_, crate::store::StoreError>(best)
    });
    match taken.await?.map_err(|error| PageError::internal("could not take a notice of a calendar", &error))? {
        Told::Taken => Ok(true),
        Told::TooOften(wait) => Err(wait.into()),
        Told::Nothing => {
            limits.stranger(client)?;
            Ok(false)
        }
    }
}
