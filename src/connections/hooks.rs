//! POST /hooks/google and /hooks/microsoft: a calendar has changed. What changed is not said there, and would not be
//! believed: the calendar is read.

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::keeping;
use crate::app::App;
use crate::http::{run, PageError};
use crate::providers::google::calendar::watch::{CHANNEL_TOKEN, RESOURCE_STATE};
use crate::providers::microsoft::calendar::notices::{read_notices, Notice};

/// Longest text that Graph wants to hear again.
const LONGEST_ECHO: usize = 2_048;
/// Notices of one post that are looked at; all are of the few connections here.
const MOST_NOTICES: usize = 100;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/hooks/google").route(web::post().to(google)))
        .service(web::resource("/hooks/microsoft").route(web::post().to(microsoft)));
}

/// 204 when it is taken, 404 without a word of ours. The first notice of a channel tells of no change.
async fn google(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (word, state) = (header(CHANNEL_TOKEN).to_owned(), header(RESOURCE_STATE));
    if state == "sync" {
        return Ok(HttpResponse::NoContent().finish());
    }
    match take(app, vec![Notice { word, is_ending: false }]).await? {
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
async fn microsoft(app: Data<App>, asked: web::Query<Asked>, body: Bytes) -> Result<HttpResponse, PageError> {
    if let Some(echo) = asked.into_inner().validation_token {
        if echo.len() > LONGEST_ECHO {
            return Ok(HttpResponse::BadRequest().finish());
        }
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(echo));
    }
    let Some(mut notices) = read_notices(&body) else { return Ok(HttpResponse::BadRequest().finish()) };
    // Many changes of one calendar are one reason to read it.
    notices.dedup();
    notices.truncate(MOST_NOTICES);
    match take(app, notices).await? {
        true => Ok(HttpResponse::Accepted().finish()),
        false => Ok(HttpResponse::NotFound().finish()),
    }
}

/// Whether any of them is ours. The work is left to the queue: providers wait a few seconds only.
async fn take(app: Data<App>, notices: Vec<Notice>) -> Result<bool, PageError> {
    let taken = run(move || {
        notices.iter().try_fold(false, |any, notice| {
            Ok::<_, crate::store::StoreError>(keeping::told(&app, &notice.word, notice.is_ending)? || any)
        })
    });
    taken.await?.map_err(|error| PageError::internal("could not take a notice of a calendar", &error))
}
