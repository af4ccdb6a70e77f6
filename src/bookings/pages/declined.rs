//! What was asked for is declined, with a reason for whoever asked; a proposed time is let go without a question.

use super::detail::read_detail;
use super::ending::{EndForm, EndPage, Ending};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::service::{self, BookError, Dismissed};

/// GET and POST /calendar/{booking}/dismiss: on to the calendar.
pub(super) struct Decline;

impl Ending for Decline {
    const TITLE: &'static str = "Decline a request";

    fn page(app: &App, actor: &Actor, id: BookingId, _: &EndForm) -> Result<Option<EndPage>, BookError> {
        actor.require(Permission::EditBookings)?;
        if !service::get(app, actor, id)?.is_request() {
            return Ok(None);
        }
        let detail = read_detail(app, actor, id)?;
        let what = match &detail.series {
            Some(series) => series.all_in_words(),
            None => detail.when,
        };
        let free = if detail.series.is_some() { "Their times are free again" } else { "The time is free again" };
        Ok(Some(EndPage {
            question: format!("Decline what {} asks for?", detail.who),
            consequence: format!("{what}. {free}, and {} is told by mail. This cannot be undone.", detail.who),
            button: "Decline",
            busy: "Declining…",
            action: format!("/calendar/{id}/dismiss"),
            ..EndPage::default()
        }))
    }

    fn end(app: &App, actor: &Actor, id: BookingId, form: &EndForm) -> Result<(String, &'static str), BookError> {
        let words = match service::dismiss(app, actor, id, &form.reason)? {
            Dismissed::Declined => "Declined. Whoever asked is told.",
            Dismissed::Quietly => "Dismissed. Nobody was written to.",
        };
        Ok(("/calendar".to_owned(), words))
    }
}
