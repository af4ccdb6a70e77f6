//! The part of a contact's page that shows its addresses, and the button that asks again.

use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;

use super::service::{self, AddressReport};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ContactId;
use crate::contacts::Contact;
use crate::http::respond::with_toast;
use crate::http::{run, see_other, Cookies, PageError, Toast};
use crate::store::StoreError;

pub fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/contacts/{id}/addresses/check").route(web::post().to(check)));
}

#[derive(Template)]
#[template(path = "addresses/_part.html")]
struct Part {
    id: String,
    csrf: String,
    addresses: Vec<Shown>,
    may_check: bool,
}

struct Shown {
    address: String,
    /// Tone of the state and its word: "Takes mail".
    tone: &'static str,
    state: &'static str,
    lines: Vec<String>,
}

/// Drawn beside a contact.
pub fn part(app: &App, actor: &Actor, csrf: &str, contact: &Contact) -> Result<String, StoreError> {
    let reports = app.store.read(|txn| service::reports(txn, contact))?;
    let part = Part {
        id: contact.id.to_string(),
        csrf: csrf.to_owned(),
        addresses: reports.iter().map(shown).collect(),
        may_check: actor.may(Permission::EditContacts) && !contact.restricted,
    };
    part.render().map_err(|error| StoreError::Engine(error.to_string()))
}

fn shown(report: &AddressReport) -> Shown {
    let (tone, state) = match report.takes() {
        None => ("off", "Not looked at yet"),
        Some(super::TakesMail::Yes) if report.doubts.is_empty() => ("ok", "Takes mail"),
        Some(super::TakesMail::Yes) => ("warn", "Takes mail, with a doubt"),
        Some(super::TakesMail::Unknown | super::TakesMail::NotAsked) => ("warn", "Not known"),
        Some(_) => ("bad", "Takes no mail"),
    };
    let mut lines: Vec<String> = report.doubts.iter().map(|doubt| doubt.words(&report.address)).collect();
    lines.extend(report.domain.as_ref().map(super::DomainMail::words));
    Shown { address: report.address.display().to_owned(), tone, state, lines }
}

/// POST /contacts/{id}/addresses/check: asks DNS, 303 back to the contact.
async fn check(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    id: web::Path<ContactId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let reports = run(move || service::check_now(&app, &actor, id)).await??;
    let words = match reports.iter().find(|report| report.takes().is_some_and(super::TakesMail::is_no)) {
        Some(report) => format!("{} takes no mail.", report.address),
        None => "Looked at just now.".to_owned(),
    };
    Ok(with_toast(see_other(&format!("/contacts/{id}")), &cookies, &Toast::new(words)))
}
