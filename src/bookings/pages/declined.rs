//! What was asked for is declined, in two steps and with a reason for whoever asked; a proposed time is let go in one.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::detail::read_detail;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::service::{self, BookError, Dismissed};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// GET /calendar/{booking}/dismiss, and again with the error of its one field.
#[derive(Template)]
#[template(path = "bookings/decline.html")]
struct DeclinePage {
    layout: Layout,
    question: String,
    consequence: String,
    action: String,
    /// Where "Keep it" leads.
    back: String,
    reason: String,
    errors: FieldErrors,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct DeclineForm {
    /// Said by the page that asks, and by no button elsewhere.
    #[serde(default)]
    sure: String,
    #[serde(default)]
    reason: String,
}

impl DeclineForm {
    /// Declines only where it was asked before; what is too long is asked for anew.
    fn is_good(&self) -> bool {
        self.sure == "yes" && self.reason.trim().chars().count() <= LONGEST_REASON
    }

    fn errors(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.reason.trim().chars().count() > LONGEST_REASON {
            errors.add("reason", "At most 500 characters.");
        }
        errors
    }
}

/// The page that asks; `None` when nobody asks for this time (any more).
fn page_of(app: &App, actor: &Actor, id: BookingId, form: DeclineForm) -> Result<Option<DeclinePage>, BookError> {
    actor.require(Permission::EditBookings)?;
    if !service::get(app, actor, id)?.is_request() {
        return Ok(None);
    }
    let detail = read_detail(app, actor, id)?;
    let what = match &detail.series {
        Some(series) => format!("{} dates, the first on {}", series.rest, detail.when),
        None => detail.when,
    };
    Ok(Some(DeclinePage {
        layout: Layout::default(),
        question: format!("Decline what {} asks for?", detail.who),
        consequence: format!(
            "{what}. The time is free again, and {} is told by mail. This cannot be undone.",
            detail.who
        ),
        action: format!("/calendar/{id}/dismiss"),
        back: format!("/calendar/{id}"),
        errors: form.errors(),
        reason: form.reason,
    }))
}

fn answer(page: Option<DeclinePage>, frame: &Frame, id: BookingId) -> Result<HttpResponse, PageError> {
    let Some(page) = page else { return Ok(see_other(&format!("/calendar/{id}"))) };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    html(status, &DeclinePage { layout: frame.layout("Decline a request"), ..page })
}

/// GET /calendar/{booking}/dismiss
pub(super) async fn ask(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let page = run(move || page_of(&app, &actor, id, DeclineForm::default())).await??;
    answer(page, &frame, id)
}

/// POST /calendar/{booking}/dismiss: what a visitor asked for is asked about first, unless that page sent the form.
pub(super) async fn dismiss(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<DeclineForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let done = run(move || {
        if !form.is_good() {
            if let Some(page) = page_of(&app, &actor, id, form.clone())? {
                return Ok(Err(page));
            }
        }
        service::dismiss(&app, &actor, id, &form.reason).map(Ok)
    })
    .await??;
    let words = match done {
        Err(page) => return answer(Some(page), &frame, id),
        Ok(Dismissed::Declined) => "Declined. Whoever asked is told.",
        Ok(Dismissed::Quietly) => "Dismissed. Nobody was written to.",
    };
    Ok(with_toast(see_other("/calendar"), &cookies, &Toast::new(words)))
}
