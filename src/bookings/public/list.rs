//! GET /b/{workspace}: what can be booked, and what each takes.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::about::takes;
use super::paid_words;
use super::visit::{broken, language, languages, layout, open_workspace, Chosen};
use super::words::{self as page_words, Words};
use crate::app::App;
use crate::bookings::types::{self, EventType};
use crate::bookings::words::{fill, Language};
use crate::http::layout::PublicLayout;
use crate::http::{html, run, PageError};

#[derive(Template)]
#[template(path = "bookings/public_list.html")]
struct ListPage {
    layout: PublicLayout,
    words: &'static Words,
    business: String,
    rows: Vec<Offered>,
}

/// One event type.
struct Offered {
    address: String,
    name: String,
    description: String,
    /// Icon and words: how long, what it costs, and what is special about it.
    facts: Vec<(&'static str, String)>,
}

impl Offered {
    fn of(event: EventType, address: String, language: Language) -> Self {
        let minutes = event.durations.iter().map(u32::to_string).collect::<Vec<_>>().join(" / ");
        let length = ("clock", fill(page_words::of(language).minutes, &[("n", &minutes)]));
        let price = paid_words::price_said(&event, language).map(|price| ("tag", price));
        let facts = std::iter::once(length).chain(price).chain(takes(&event, language)).collect();
        Self { address, name: event.name, description: event.description, facts }
    }
}

/// GET /b/{workspace}
pub(super) async fn show(
    app: Data<App>,
    request: HttpRequest,
    path: Path<String>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let language = language(&chosen.lang, "", &request);
    let words = page_words::of(language);
    let page = run(move || {
        let workspace = open_workspace(&app, &path)?;
        let all = app.store.read(|txn| types::list(txn, workspace.id)).map_err(broken)?;
        let rows = all.into_iter().filter(|event| event.is_open).map(|event| {
            let address = format!("/b/{}/{}{}", workspace.slug, event.slug, chosen.with(&[]));
            Offered::of(event, address, language)
        });
        let rows = rows.collect();
        let mut layout = layout(words.choose_type, language, &workspace);
        layout.footer.extend(languages(&format!("/b/{}", workspace.slug), &chosen, language));
        Ok::<_, PageError>(ListPage { layout, words, business: workspace.name, rows })
    });
    html(StatusCode::OK, &page.await??)
}
