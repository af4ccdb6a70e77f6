//! GET /crm: both systems; GET and POST /crm/{vendor}: one of them.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;

use super::model::{Report, State, System, Vendor, Writes, TARGETS};
use super::service::{self, Choices, Shown};
use super::store::Called;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, UnixMillis};
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::leads::LeadError;
use crate::workspaces;

/// Calls shown.
const CALLS_SHOWN: usize = 20;

pub fn routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/crm{path}"));
    config
        .service(at("").get(list))
        .service(at("/{vendor}").get(show))
        .service(at("/{vendor}/connect").post(connect))
        .service(at("/{vendor}/settings").post(choose))
        .service(at("/{vendor}/look").post(look))
        .service(at("/{vendor}/pull").post(pull))
        .service(at("/{vendor}/send").post(send))
        .service(at("/{vendor}/disconnect").get(ask_disconnect).post(disconnect));
}

#[derive(Template)]
#[template(path = "leads/crm_list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    name: &'static str,
    account: String,
    tone: &'static str,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "leads/crm.html")]
struct CrmPage {
    layout: Layout,
    vendor: &'static str,
    name: &'static str,
    token_help: &'static str,
    /// In a demo, what its stand-in takes.
    demo_token: &'static str,
    errors: FieldErrors,
    system: Option<SystemPart>,
    may_change: bool,
}

struct SystemPart {
    account: String,
    tone: &'static str,
    state: &'static str,
    reason: String,
    refused: String,
    fields: Vec<FieldRow>,
    tag: String,
    keeps_up: bool,
    writes: Writes,
    looked: Option<ReportPart>,
    pull: Option<ReportPart>,
    is_pulling: bool,
    calls: Vec<CallRow>,
}

struct FieldRow {
    name: &'static str,
    target: String,
    choices: Vec<Choice>,
}

struct ReportPart {
    when: String,
    added: u64,
    updated: u64,
    same: u64,
    refused: u64,
    has_more: bool,
    reasons: Vec<(String, String)>,
}

struct CallRow {
    when: String,
    what: String,
    status: String,
    took: String,
}

fn vendor_of(path: &str) -> Result<Vendor, PageError> {
    Vendor::parse(path).ok_or(PageError::NotFound)
}

fn zone(app: &App, actor: &Actor) -> Result<TimeZone, LeadError> {
    Ok(workspaces::get(&app.store, actor.workspace)?.map_or(TimeZone::UTC, |workspace| workspace.zone()))
}

async fn list(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let rows = run(move || {
        let each = Vendor::ALL.into_iter().map(|vendor| Ok(row(vendor, service::get(&app, &actor, vendor)?.as_ref())));
        each.collect::<Result<Vec<Row>, LeadError>>()
    });
    html(StatusCode::OK, &ListPage { layout: frame.layout("Customer systems"), rows: rows.await?? })
}

fn row(vendor: Vendor, shown: Option<&Shown>) -> Row {
    let (tone, state) = standing(shown.map(|shown| &shown.system));
    Row {
        href: format!("/crm/{}", vendor.as_str()),
        name: vendor.name(),
        account: shown.map_or_else(
            || "People in, and what happens with them out.".to_owned(),
            |shown| shown.system.account.clone(),
        ),
        tone,
        state,
    }
}

fn standing(system: Option<&System>) -> (&'static str, &'static str) {
    match system.map(|system| &system.state) {
        None => ("off", "Not connected"),
        Some(State::Working) => ("ok", "Connected"),
        Some(State::NeedsOwner { .. }) => ("bad", "Needs you"),
    }
}

async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    vendor: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, &vendor, FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

fn page(app: &App, actor: &Actor, frame: &Frame, vendor: &str, errors: FieldErrors) -> Result<CrmPage, PageError> {
    actor.require(Permission::ViewConnections)?;
    let vendor = vendor_of(vendor)?;
    let shown = service::get(app, actor, vendor)?;
    let zone = zone(app, actor)?;
    Ok(CrmPage {
        layout: frame.layout(vendor.name()),
        vendor: vendor.as_str(),
        name: vendor.name(),
        token_help: vendor.token_help(),
        demo_token: app.demo().map_or("", |demo| demo.crm_token),
        errors,
        system: shown.as_ref().map(|shown| part(shown, &zone)),
        may_change: actor.may(Permission::ManageConnections),
    })
}

fn part(shown: &Shown, zone: &TimeZone) -> SystemPart {
    let system = &shown.system;
    let (tone, state) = standing(Some(system));
    SystemPart {
        account: system.account.clone(),
        tone,
        state,
        reason: match &system.state {
            State::NeedsOwner { since, reason } => format!(
                "Since {}: {reason}. What is to be written there is kept, and written once you connect it again.",
                moment(*since, zone)
            ),
            State::Working => String::new(),
        },
        refused: system.refused.as_ref().map_or_else(String::new, |refused| {
            let (many, when) = (counted(refused.count, "write was", "writes were"), moment(refused.at, zone));
            format!("{many} refused so far, the last on {when}: {}.", refused.reason.trim_end_matches('.'))
        }),
        fields: system.vendor.fields().iter().map(|field| field_row(system, field)).collect(),
        tag: system.tag.clone(),
        keeps_up: system.keeps_up,
        writes: system.writes,
        looked: system.looked.as_ref().map(|report| report_part(report, zone)),
        pull: system.pull.report.as_ref().map(|report| report_part(report, zone)),
        is_pulling: system.pull.is_running,
        calls: shown.calls.iter().take(CALLS_SHOWN).map(|call| call_row(call, zone)).collect(),
    }
}

fn field_row(system: &System, field: &'static str) -> FieldRow {
    let target = system.mapping.get(field).cloned().unwrap_or_default();
    let choice = |(value, label): &(&str, &str)| Choice { value: (*value).to_owned(), label: (*label).to_owned() };
    let mut choices: Vec<Choice> = TARGETS.iter().map(choice).collect();
    // A field of the workspace's own, under the name it has there.
    let own = |name: &str| Choice { value: name.to_owned(), label: format!("Own field “{name}”") };
    if !choices.iter().any(|choice| choice.is(field)) {
        choices.push(own(field));
    }
    if !choices.iter().any(|choice| choice.is(&target)) {
        choices.push(own(&target));
    }
    FieldRow { name: field, target, choices }
}

fn report_part(report: &Report, zone: &TimeZone) -> ReportPart {
    ReportPart {
        when: moment(report.at, zone),
        added: report.added,
        updated: report.updated,
        same: report.same,
        refused: report.refused,
        has_more: report.has_more,
        reasons: report.reasons.clone(),
    }
}

fn call_row(call: &Called, zone: &TimeZone) -> CallRow {
    CallRow {
        when: moment(call.at, zone),
        what: format!("{} {}", call.method, call.url),
        status: call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
        took: format!("{} ms", call.took_millis),
    }
}

fn moment(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string()
}

type Fields = web::Form<BTreeMap<String, String>>;

/// What every form of a system comes with.
type Asked = (web::Data<App>, Actor, Frame, web::Data<Cookies>, web::Path<String>);

/// What one of the forms does; the words are for the toast.
async fn act(
    (app, actor, frame, cookies, vendor): Asked,
    work: impl FnOnce(&App, &Actor, Vendor) -> Result<String, LeadError> + Send + 'static,
) -> Result<HttpResponse, PageError> {
    let vendor = vendor.into_inner();
    let (known, for_work, as_whom) = (Vendor::parse(&vendor), app.clone(), actor.clone());
    let outcome = run(move || {
        as_whom.require(Permission::ManageConnections)?;
        work(&for_work, &as_whom, known.ok_or(LeadError::NotFound)?)
    });
    match outcome.await? {
        Ok(words) => Ok(with_toast(see_other(&format!("/crm/{vendor}")), &cookies, &Toast::new(words))),
        Err(LeadError::Invalid(errors)) => {
            let again = run(move || page(&app, &actor, &frame, &vendor, errors)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(error) => Err(error.into()),
    }
}

/// POST /crm/{vendor}/connect: tries the token and keeps it; 422 with the step that failed.
async fn connect(asked: Asked, form: Fields) -> Result<HttpResponse, PageError> {
    let token = form.get("token").cloned().unwrap_or_default();
    act(asked, move |app, actor, vendor| {
        let system = service::connect(app, actor, vendor, &token)?;
        Ok(format!("Connected to {}.", system.account))
    })
    .await
}

/// POST /crm/{vendor}/settings
async fn choose(asked: Asked, form: Fields) -> Result<HttpResponse, PageError> {
    let on = |name: &str| form.contains_key(name);
    let mapping = form.iter().filter_map(|(name, value)| Some((name.strip_prefix("map-")?.to_owned(), value.clone())));
    let choices = Choices {
        mapping: mapping.collect(),
        tag: form.get("tag").cloned().unwrap_or_default(),
        keeps_up: on("keeps_up"),
        writes: Writes { labels: on("labels"), meetings: on("meetings"), status: on("status") },
    };
    act(asked, move |app, actor, vendor| service::choose(app, actor, vendor, &choices).map(|_| "Saved.".to_owned()))
        .await
}

/// POST /crm/{vendor}/look
async fn look(asked: Asked) -> Result<HttpResponse, PageError> {
    let words = "Looked at. Nothing was changed.";
    act(asked, |app, actor, vendor| service::look(app, actor, vendor).map(|_| words.to_owned())).await
}

/// POST /crm/{vendor}/pull
async fn pull(asked: Asked) -> Result<HttpResponse, PageError> {
    let words = "People are being pulled. You can leave this page.";
    act(asked, |app, actor, vendor| service::pull_now(app, actor, vendor).map(|_| words.to_owned())).await
}

/// POST /crm/{vendor}/send
async fn send(asked: Asked, form: Fields) -> Result<HttpResponse, PageError> {
    let tag = form.get("tag").cloned().unwrap_or_default();
    act(asked, move |app, actor, vendor| {
        let sent = service::send_tag(app, actor, vendor, &tag)?;
        Ok(format!("{} on the way to {}.", counted(sent as u64, "contact is", "contacts are"), vendor.name()))
    })
    .await
}

/// GET /crm/{vendor}/disconnect: asks.
async fn ask_disconnect(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    vendor: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let known = vendor_of(&vendor)?;
    let found = run(move || service::get(&app, &actor, known)).await??;
    found.ok_or(PageError::NotFound)?;
    let page = ConfirmPage {
        layout: frame.layout(format!("Disconnect {}", known.name())),
        question: format!("Disconnect {}?", known.name()),
        consequence:
            "The token is erased at once, with who is who there. Nothing is pulled or written any more. Contacts stay."
                .to_owned(),
        button: "Disconnect".to_owned(),
        action: format!("/crm/{}/disconnect", known.as_str()),
        fields: Vec::new(),
        back: format!("/crm/{}", known.as_str()),
    };
    html(StatusCode::OK, &page)
}

/// POST /crm/{vendor}/disconnect
async fn disconnect(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    vendor: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let known = vendor_of(&vendor)?;
    run(move || service::disconnect(&app, &actor, known)).await??;
    let words = format!("Disconnected. The token is erased here; end it in {} too.", known.name());
    Ok(with_toast(see_other("/crm"), &cookies, &Toast::new(words)))
}
