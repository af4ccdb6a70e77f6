//! What ends is asked about first, on a page with a reason for whoever hears of it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::authz::Actor;
use crate::base::BookingId;
use crate::bookings::service::{BookError, LONGEST_REASON};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

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

/// An act that ends a booking: asked about on a page of its own, then done.
pub(super) trait Ending: 'static {
    /// Of the page that asks.
    const TITLE: &'static str;

    /// The page that asks, without what the form holds; `None` where there is nothing to ask about (any more).
    fn page(app: &App, actor: &Actor, id: BookingId, form: &EndForm) -> Result<Option<EndPage>, BookError>;

    /// Ends it: where that leads, and what is said there.
    fn end(app: &App, actor: &Actor, id: BookingId, form: &EndForm) -> Result<(String, &'static str), BookError>;
}

fn page_of<E: Ending>(app: &App, actor: &Actor, id: BookingId, form: EndForm) -> Result<Option<EndPage>, BookError> {
    let page = E::page(app, actor, id, &form)?;
    let (back, errors) = (format!("/calendar/{id}"), form.errors());
    Ok(page.map(|page| EndPage { back, errors, reason: form.reason, ..page }))
}

fn answer<E: Ending>(page: EndPage, frame: &Frame) -> Result<HttpResponse, PageError> {
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    html(status, &EndPage { layout: frame.layout(E::TITLE), ..page })
}

/// GET of the act's address: the page that asks; 303 to the booking where there is nothing to ask about.
pub(super) async fn ask<E: Ending>(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
    form: Query<EndForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    match run(move || page_of::<E>(&app, &actor, id, form)).await?? {
        Some(page) => answer::<E>(page, &frame),
        None => Ok(see_other(&format!("/calendar/{id}"))),
    }
}

/// POST: 303 once it is done; the page that asks where it did not stand before, 422 with it when the reason is too long.
pub(super) async fn end<E: Ending>(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<EndForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (path.into_inner(), form.into_inner());
    let done = run(move || {
        if !form.is_good() {
            if let Some(page) = page_of::<E>(&app, &actor, id, form.clone())? {
                return Ok(Err(page));
            }
        }
        E::end(&app, &actor, id, &form).map(Ok)
    });
    match done.await?? {
        Ok((to, words)) => Ok(with_toast(see_other(&to), &cookies, &Toast::new(words))),
        Err(page) => answer::<E>(page, &frame),
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
