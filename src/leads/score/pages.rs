//! GET /leads: contacts by score; GET and POST /leads/weights: what counts how much.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::part::{shown, signed, ShownTerm};
use super::rules::{Rule, MOST};
use super::service::{self, Scored};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::Cursor;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Pager};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::leads::LeadError;
use crate::workspaces;

/// Leads of one page.
const ROWS: usize = 50;
/// Terms shown in the list; the contact's page has them all.
const TERMS_SHOWN: usize = 3;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/leads").route(web::get().to(list)))
        .service(web::resource("/leads/weights").route(web::get().to(show)).route(web::post().to(save)));
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    cursor: String,
    /// `lowest` turns the order round.
    order: String,
}

#[derive(Template)]
#[template(path = "leads/list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    lowest_first: bool,
    pager: Pager,
    may_export: bool,
    may_change_rules: bool,
    may_read_pages: bool,
}

struct Row {
    href: String,
    name: String,
    detail: String,
    points: String,
    /// Those that weigh most.
    terms: Vec<ShownTerm>,
    more: usize,
}

async fn list(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let lost = |_| PageError::bad_request("This page no longer exists.", "Start again from the first.");
    let cursor = Some(query.cursor.as_str()).filter(|text| !text.is_empty()).map(Cursor::parse).transpose();
    let cursor = cursor.map_err(lost)?;
    let lowest_first = query.order == "lowest";
    let base = if lowest_first { "/leads?order=lowest" } else { "/leads?order=highest" };
    let is_first = cursor.is_none();
    let page = run(move || {
        let found = service::list(&app, &actor, lowest_first, cursor.as_ref(), ROWS)?;
        let workspace = workspaces::get(&app.store, actor.workspace)?;
        let zone = workspace.map_or(TimeZone::UTC, |workspace| workspace.zone());
        Ok::<_, LeadError>(ListPage {
            layout: frame.layout("Scores"),
            rows: found.rows.iter().map(|scored| row(scored, &zone)).collect(),
            lowest_first,
            pager: Pager {
                shown: String::new(),
                newer: (!is_first).then(|| base.to_owned()),
                older: found.next.map(|next| format!("{base}&cursor={next}")),
            },
            may_export: actor.may(Permission::EditContacts),
            may_change_rules: actor.may(Permission::ManageWorkspace),
            may_read_pages: actor.may(Permission::ImportContacts),
        })
    });
    html(StatusCode::OK, &page.await??)
}

fn row(scored: &Scored, zone: &TimeZone) -> Row {
    let contact = &scored.contact;
    let mut terms = scored.score.terms.clone();
    terms.sort_by_key(|term| std::cmp::Reverse(term.points.abs()));
    let detail = if contact.company.is_empty() {
        contact.address().map(|address| address.display().to_owned()).unwrap_or_default()
    } else {
        contact.company.clone()
    };
    Row {
        href: format!("/contacts/{}", contact.id),
        name: contact.name(),
        detail,
        points: scored.score.points().to_string().replace('-', "−"),
        more: terms.len().saturating_sub(TERMS_SHOWN),
        terms: terms.iter().take(TERMS_SHOWN).map(|term| shown(term, zone)).collect(),
    }
}

#[derive(Template)]
#[template(path = "leads/weights.html")]
struct WeightsPage {
    layout: Layout,
    rules: Vec<RuleRow>,
    errors: FieldErrors,
    may_change: bool,
}

struct RuleRow {
    name: &'static str,
    words: &'static str,
    value: String,
    usual: String,
    error: String,
}

fn page(layout: Layout, values: &BTreeMap<Rule, String>, errors: FieldErrors, may_change: bool) -> WeightsPage {
    let rules = Rule::ALL.iter().map(|rule| RuleRow {
        name: rule.as_str(),
        words: rule.words(),
        value: values.get(rule).cloned().unwrap_or_default(),
        usual: signed(rule.usual_points()),
        error: errors.of(rule.as_str()).to_owned(),
    });
    WeightsPage { layout, rules: rules.collect(), errors, may_change }
}

async fn show(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let may_change = actor.may(Permission::ManageWorkspace);
    let weights = run(move || service::rules_of(&app, &actor)).await??;
    let values = Rule::ALL.iter().map(|rule| (*rule, weights.of(*rule).to_string())).collect();
    html(StatusCode::OK, &page(frame.layout("What counts"), &values, FieldErrors::default(), may_change))
}

/// POST /leads/weights: 303 to the list; 422 with what was typed where it is no number.
async fn save(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: web::Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageWorkspace)?;
    let typed: BTreeMap<Rule, String> =
        form.iter().filter_map(|(name, value)| Some((Rule::parse(name)?, value.trim().to_owned()))).collect();
    let saved = match read(&typed) {
        Ok(points) => run(move || service::set_rules(&app, &actor, &points)).await?,
        Err(errors) => Err(LeadError::Invalid(errors)),
    };
    match saved {
        Ok(_) => Ok(with_toast(see_other("/leads"), &cookies, &Toast::new("Saved. Everybody is counted anew."))),
        Err(LeadError::Invalid(errors)) => {
            html(StatusCode::UNPROCESSABLE_ENTITY, &page(frame.layout("What counts"), &typed, errors, true))
        }
        Err(error) => Err(error.into()),
    }
}

/// An empty field is the usual number; `−` is taken for `-`.
fn read(typed: &BTreeMap<Rule, String>) -> Result<BTreeMap<Rule, i32>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut points = BTreeMap::new();
    for rule in Rule::ALL {
        let text = typed.get(rule).map(|text| text.replace('−', "-")).unwrap_or_default();
        match text.trim_start_matches('+').parse::<i32>() {
            Ok(number) => drop(points.insert(*rule, number)),
            Err(_) if text.is_empty() => {}
            Err(_) => errors.add(rule.as_str(), format!("Points are a whole number from -{MOST} to {MOST}.")),
        }
    }
    if errors.is_empty() {
        Ok(points)
    } else {
        Err(errors)
    }
}
