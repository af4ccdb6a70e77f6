//! POST /hooks/zoom: what Zoom tells of its own accord. Only that somebody removed this program is of use.

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::App;
use crate::base::{UnixMillis, INSTANCE};
use crate::connections::{self, ConnectionError, Kind, Provider};
use crate::http::{run, PageError};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::meeting::zoom_hook::{self, Notice};
use crate::store::StoreError;
use crate::workspaces;

/// Where services tell us what happened; nobody is signed in there.
pub const HOOK_PATH: &str = "/hooks";
/// The kind of the job that erases what came from one person's account.
pub const DEAUTHORISED: &str = "meetings.deauthorised";

pub fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/hooks/zoom").route(web::post().to(zoom)));
}

/// 200 when it is taken; 401 without a fitting signature and a fresh time, 404 where the operator has set no secret.
/// Zoom gives three seconds, so that the work is left to the queue.
async fn zoom(app: Data<App>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, PageError> {
    let Some(secret) = app.config.providers.zoom.hook_secret.clone() else { return Err(PageError::NotFound) };
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (header(zoom_hook::TIMESTAMP), header(zoom_hook::SIGNATURE));
    match zoom_hook::read(secret.expose(), timestamp, signature, &body, app.now()) {
        Ok(Notice::Validation { plain_token, encrypted_token }) => {
            Ok(HttpResponse::Ok().json(json!({"plainToken": plain_token, "encryptedToken": encrypted_token})))
        }
        Ok(Notice::Deauthorized { user_id }) => {
            let queued = run(move || plan(&app, user_id)).await?;
            queued.map_err(|error| PageError::internal("could not plan the end of an account", &error))?;
            Ok(HttpResponse::Ok().finish())
        }
        Ok(Notice::Other) => Ok(HttpResponse::Ok().finish()),
        Err(error) => {
            tracing::warn!(%error, "an event that claims to be Zoom's was refused");
            Ok(HttpResponse::Unauthorized().finish())
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    /// The person's id at Zoom.
    subject: String,
}

/// Once for each person, however often Zoom says it.
fn plan(app: &App, subject: String) -> Result<(), StoreError> {
    let job = job(subject, app.now());
    app.store.write(|txn| jobs::enqueue(txn, &job).map(|_| ()))
}

fn job(subject: String, now: UnixMillis) -> NewJob {
    let once = subject.clone();
    NewJob::new(DEAUTHORISED, Lane::Housekeeping, INSTANCE, now, &Payload { subject }).once(once).max_attempts(u32::MAX)
}

/// Ends that person's connections, in whichever workspaces they made them. The rooms that keep something of the account
/// hear of it by the event.
pub struct Deauthorise;

impl Task<App> for Deauthorise {
    fn kind(&self) -> &'static str {
        DEAUTHORISED
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match job.payload::<Payload>().map_err(ConnectionError::from).and_then(|Payload { subject }| end(app, &subject))
        {
            Ok(()) => Outcome::Done,
            Err(error) => Outcome::Retry { after: None, reason: error.to_string() },
        }
    }
}

fn end(app: &App, subject: &str) -> Result<(), ConnectionError> {
    for workspace in workspaces::list_all(&app.store)? {
        for connection in connections::list(&app.store, workspace.id)? {
            let is_theirs = matches!(&connection.kind, Kind::Meetings(account)
                if account.host == Provider::Zoom && account.subject == subject);
            if is_theirs {
                connections::withdrawn_there(app, workspace.id, connection.id)?;
            }
        }
    }
    Ok(())
}
