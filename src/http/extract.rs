//! What actix' own extractors answer when they fail: in our words, in the form that the path speaks.

use actix_web::error::{InternalError, QueryPayloadError, UrlencodedError};
use actix_web::web::{FormConfig, PathConfig, PayloadConfig, QueryConfig, ServiceConfig};
use actix_web::HttpRequest;

use super::respond::PageError;
use super::site::Site;
use crate::base::json_words;

/// Limits and refusals of `Path`, `Query`, `Form` and `Bytes` for all routes.
pub fn configure(config: &mut ServiceConfig, site: &Site) {
    let limit = site.max_body_bytes;
    config
        .app_data(PayloadConfig::new(site.max_json_bytes.max(limit)))
        // A part of the path that is no id names nothing.
        .app_data(PathConfig::default().error_handler(|_, request| refuse(request, PageError::NotFound)))
        .app_data(QueryConfig::default().error_handler(|error, request| refuse(request, bad_query(&error))))
        .app_data(
            FormConfig::default()
                .limit(limit)
                .error_handler(move |error, request| refuse(request, bad_form(&error, limit))),
        );
}

fn refuse(request: &HttpRequest, error: PageError) -> actix_web::Error {
    InternalError::from_response("the request does not parse", error.answer_for(request.path())).into()
}

fn bad_query(error: &QueryPayloadError) -> PageError {
    let what = match error {
        QueryPayloadError::Deserialize(error) => {
            format!("The address has a value that does not fit: {}.", json_words::shape(&error.to_string()))
        }
        _ => "The address has a part that cannot be read.".to_owned(),
    };
    PageError::bad_request(what, "Go back and follow the link again.")
}

fn bad_form(error: &UrlencodedError, limit_bytes: usize) -> PageError {
    match error {
        UrlencodedError::Overflow { .. } => PageError::TooLarge { limit_bytes },
        UrlencodedError::Parse(error) => bad_field(error),
        UrlencodedError::ContentType => PageError::bad_request("This is not a form.", "Send it from its page."),
        _ => PageError::bad_request("The form did not arrive whole.", "Send it again."),
    }
}

/// A page of ours does not send such a form, so the words name the field for whoever wrote it.
fn bad_field(error: &dyn std::fmt::Display) -> PageError {
    PageError::bad_request(
        format!("The form does not fit: {}.", json_words::shape(&error.to_string())),
        "Open its page again and send it from there.",
    )
}
