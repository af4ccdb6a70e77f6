//! The page that asks whether something ends, with a reason for whoever hears of it.

use actix_web::http::StatusCode;
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::bookings::service::{BookError, LONGEST_REASON};
use crate::http::layout::Layout;
use crate::http::ui::FieldErrors;
use crate::http::{html, Frame, PageError};

/// GET of the act's address, and again with the error of its one field; the form posts to `action`.
#[derive(Default, Template)]
#[template(path = "bookings/end.html")]
pub(super) struct EndPage {
    pub layout: Layout,
    pub question: String,
    pub consequence: String,
    /// Named after the act, and while it is under way.
    pub button: &'static str,
    pub busy: &'static str,
    pub action: String,
    /// Where "Keep it" leads.
    pub back: String,
    /// All later dates of a series end too.
    pub is_rest: bool,
    pub reason: String,
    pub errors: FieldErrors,
}

impl EndPage {
    pub fn answer(self, frame: &Frame, title: &str) -> Result<HttpResponse, PageError> {
        let status = if self.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        html(status, &Self { layout: frame.layout(title), ..self })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct EndForm {
    /// Said by the page that asks, and by no button elsewhere.
    #[serde(default)]
    sure: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    scope: String,
}

impl EndForm {
    /// Ends only where it was asked before; what is too long is asked for anew.
    pub fn is_good(&self) -> bool {
        self.sure == "yes" && self.errors().is_empty()
    }

    /// This date and all later ones of its series end.
    pub fn is_rest(&self) -> bool {
        self.scope == "rest"
    }

    pub fn errors(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.reason.trim().chars().count() > LONGEST_REASON {
            errors.add("reason", BookError::ReasonLength.words());
        }
        errors
    }
}
