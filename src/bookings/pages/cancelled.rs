//! A meeting is cancelled, with a reason for the guest.

use super::detail::read_detail;
use super::ending::{EndForm, EndPage, Ending};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::service::{self, BookError};

/// GET and POST /calendar/{booking}/cancel: back to the booking.
pub(super) struct Cancel;

impl Ending for Cancel {
    const TITLE: &'static str = "Cancel a meeting";

    fn page(app: &App, actor: &Actor, id: BookingId, form: &EndForm) -> Result<Option<EndPage>, BookError> {
        actor.require(Permission::EditBookings)?;
        let detail = read_detail(app, actor, id)?;
        let (who, when) = (&detail.who, &detail.when);
        let rest = detail.series.as_ref().map(|series| series.rest).filter(|rest| form.is_rest() && *rest > 1);
        let (question, consequence) = match rest {
            Some(rest) => (
                format!("Cancel this and all later meetings with {who}: {rest} dates?"),
                format!(
                    "From {when} on. The events leave both calendars, and {who} is told of all of them in one mail."
                ),
            ),
            None => (
                format!("Cancel the meeting with {who}?"),
                format!("{when}. The event leaves both calendars, and {who} is told by mail."),
            ),
        };
        Ok(Some(EndPage {
            question,
            consequence,
            button: if rest.is_some() { "Cancel all of them" } else { "Cancel the meeting" },
            busy: "Cancelling…",
            action: format!("/calendar/{id}/cancel"),
            is_rest: rest.is_some(),
            ..EndPage::default()
        }))
    }

    fn end(app: &App, actor: &Actor, id: BookingId, form: &EndForm) -> Result<(String, &'static str), BookError> {
        match form.is_rest() {
            true => service::cancel_rest(app, actor, id, &form.reason)?,
            false => service::cancel(app, actor, id, &form.reason)?,
        };
        Ok((format!("/calendar/{id}"), "Cancelled. The guest is told."))
    }
}
