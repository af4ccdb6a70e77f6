//! Pages of sending domains: the list, and one for each.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::check::{self, Shown};
use super::dkim;
use super::error::DomainError;
use super::model::{Advised, Asked, Finding};
use super::signing::{self, Act};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, UnixMillis};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workspaces;

pub fn routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/domains{path}"));
    config
        .service(at("").get(list))
        .service(at("/{domain}").get(show))
        .service(at("/{domain}/check").post(check_now))
        .service(at("/{domain}/signing").post(switch));
}

/// GET /domains
#[derive(Template)]
#[template(path = "deliverability/list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    domain: String,
    mailboxes: String,
    tone: &'static str,
    state: String,
    checked: Option<Moment>,
}

/// GET /domains/{domain}
#[derive(Template)]
#[template(path = "deliverability/domain.html")]
struct DomainPage {
    layout: Layout,
    domain: String,
    mailboxes: Vec<(String, String)>,
    tone: &'static str,
    state: String,
    checked: Option<Moment>,
    is_for_everybody: bool,
    may_change: bool,
    broken: Vec<(String, Moment)>,
    checks: Vec<Check>,
    /// Nothing answered: most likely the resolver is to blame.
    is_unanswered: bool,
    signing: SigningPart,
    trail: Vec<Question>,
}

struct Check {
    title: &'static str,
    why: &'static str,
    tone: &'static str,
    state: &'static str,
    words: String,
    records: Vec<RecordShown>,
}

/// Each value has an id of its own, which the copy button names.
struct RecordShown {
    id: String,
    name: String,
    /// The part before the domain, as most hosts want it; "@" for the domain itself.
    short: String,
    kind: String,
    value: String,
    note: String,
}

struct SigningPart {
    can: bool,
    on: bool,
    in_use: Option<(String, Moment)>,
    waiting: Option<(String, Moment)>,
    retired: Vec<(String, Moment, bool)>,
}

struct Question {
    when: Moment,
    name: String,
    kind: String,
    answer: String,
    answered: bool,
    took: String,
}

/// For `<time datetime>`, and in words.
#[derive(Clone, Debug)]
struct Moment {
    iso: String,
    words: String,
}

struct Times {
    zone: TimeZone,
    now: UnixMillis,
}

impl Times {
    fn of(app: &App, actor: &Actor) -> Result<Self, DomainError> {
        let workspace = workspaces::get(&app.store, actor.workspace)?;
        Ok(Self { zone: workspace.map_or(TimeZone::UTC, |workspace| workspace.zone()), now: app.now() })
    }

    fn moment(&self, at: UnixMillis) -> Moment {
        let (then, now) = (at.in_zone(&self.zone), self.now.in_zone(&self.zone));
        let form = if then.year() == now.year() { "%a %-d %b, %H:%M" } else { "%a %-d %b %Y, %H:%M" };
        Moment { iso: at.to_rfc3339(), words: then.strftime(form).to_string() }
    }
}

async fn list(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let rows = run(move || {
        let times = Times::of(&app, &actor)?;
        let rows = check::list(&app, &actor)?;
        Ok::<_, DomainError>(rows.iter().map(|shown| row(shown, &times)).collect())
    });
    html(StatusCode::OK, &ListPage { layout: frame.layout("Sending domains"), rows: rows.await?? })
}

fn row(shown: &Shown, times: &Times) -> Row {
    let (tone, state) = state_of(shown);
    Row {
        domain: shown.row.domain.clone(),
        mailboxes: shown.mailboxes.iter().map(|one| one.address.display()).collect::<Vec<_>>().join(", "),
        tone,
        state,
        checked: shown.row.checked.as_ref().map(|checked| times.moment(checked.at)),
    }
}

fn state_of(shown: &Shown) -> (&'static str, String) {
    if shown.is_for_everybody() {
        return ("off", "A provider’s own".to_owned());
    }
    let Some(checked) = &shown.row.checked else { return ("off", "Not looked at yet".to_owned()) };
    let bad = checked.findings.iter().filter(|one| one.standing.is_bad()).count();
    let unknown = checked.findings.iter().any(|one| one.standing == super::model::Standing::NotAsked);
    match bad {
        0 if unknown => ("warn", "Could not all be asked".to_owned()),
        0 => ("ok", "All right".to_owned()),
        bad => ("bad", format!("{} to mend", counted(bad as u64, "thing", "things"))),
    }
}

async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    domain: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        let shown = check::get(&app, &actor, &domain)?;
        Ok::<_, DomainError>(page(&shown, &Times::of(&app, &actor)?, &actor, &frame))
    });
    html(StatusCode::OK, &page.await??)
}

fn page(shown: &Shown, times: &Times, actor: &Actor, frame: &Frame) -> DomainPage {
    let row = &shown.row;
    let (tone, state) = state_of(shown);
    let findings = row.checked.as_ref().map(|checked| &checked.findings[..]).unwrap_or_default();
    let trail = row.checked.as_ref().map(|checked| &checked.trail[..]).unwrap_or_default();
    DomainPage {
        layout: frame.layout(row.domain.clone()),
        domain: row.domain.clone(),
        mailboxes: shown
            .mailboxes
            .iter()
            .map(|one| (one.address.display().to_owned(), format!("/connections/{}", one.id)))
            .collect(),
        tone,
        state,
        checked: row.checked.as_ref().map(|checked| times.moment(checked.at)),
        is_for_everybody: shown.is_for_everybody(),
        may_change: actor.may(Permission::ManageConnections),
        broken: row.broken.iter().map(|one| (one.what.title().to_owned(), times.moment(one.since))).collect(),
        checks: findings.iter().map(|finding| check_shown(finding, &row.domain)).collect(),
        is_unanswered: !trail.is_empty() && trail.iter().all(|asked| !asked.answered),
        signing: signing_part(shown, times),
        trail: trail.iter().map(|asked| question(asked, times)).collect(),
    }
}

fn check_shown(finding: &Finding, domain: &str) -> Check {
    let (tone, state) = finding.standing.shown();
    let what = finding.what;
    let records = finding.records.iter().enumerate();
    Check {
        title: what.title(),
        why: what.why(),
        tone,
        state,
        words: finding.words.clone(),
        records: records.map(|(nth, one)| record_shown(one, &format!("{}-{nth}", what.word()), domain)).collect(),
    }
}

fn record_shown(record: &Advised, id: &str, domain: &str) -> RecordShown {
    let before = record.name.strip_suffix(domain).map(|before| before.trim_end_matches('.'));
    RecordShown {
        id: id.replace('_', "-"),
        short: match before {
            Some("") => "@".to_owned(),
            Some(before) => before.to_owned(),
            None => String::new(),
        },
        name: record.name.clone(),
        kind: record.kind.clone(),
        value: record.value.clone(),
        note: record.note.clone(),
    }
}

fn signing_part(shown: &Shown, times: &Times) -> SigningPart {
    let signing = &shown.row.signing;
    let named = |selector: &str| dkim::record_name(selector, &shown.row.domain);
    let in_use = signing.in_use().map(|key| (named(&key.selector), times.moment(key.seen_at.unwrap_or(key.made_at))));
    let waits = signing.current.iter().filter(|key| !key.is_published).chain(&signing.next).find(|_| signing.on);
    let is_over = |until: UnixMillis| until <= times.now;
    SigningPart {
        can: shown.can_sign(),
        on: signing.on,
        in_use,
        waiting: waits.map(|key| (named(&key.selector), times.moment(key.made_at))),
        retired: signing
            .retired
            .iter()
            .map(|retired| (named(&retired.key.selector), times.moment(retired.until), is_over(retired.until)))
            .collect(),
    }
}

fn question(asked: &Asked, times: &Times) -> Question {
    let then = asked.at.in_zone(&times.zone);
    Question {
        when: Moment { iso: asked.at.to_rfc3339(), words: then.strftime("%H:%M:%S").to_string() },
        name: asked.name.clone(),
        kind: asked.kind.clone(),
        answer: asked.answer.clone(),
        answered: asked.answered,
        took: format!("{} ms", asked.took_millis),
    }
}

/// POST /domains/{domain}/check: 303 back to the page with what was found.
async fn check_now(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    domain: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let shown = run(move || check::check_now(&app, &actor, &domain)).await??;
    let (_, state) = state_of(&shown);
    let toast = Toast::new(format!("Looked at just now: {}.", state.to_lowercase()));
    Ok(with_toast(see_other(&format!("/domains/{}", shown.row.domain)), &cookies, &toast))
}

#[derive(Deserialize)]
struct SwitchForm {
    /// `on`, `off` or `rotate`.
    #[serde(default)]
    act: String,
}

/// POST /domains/{domain}/signing: 303 back to the page.
async fn switch(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    domain: web::Path<String>,
    form: web::Form<SwitchForm>,
) -> Result<HttpResponse, PageError> {
    let Some(act) = Act::parse(&form.act) else {
        return Err(PageError::bad_request(
            "Signing is switched on or off, or gets a new key.",
            "Use the page's buttons.",
        ));
    };
    let shown = run(move || signing::switch(&app, &actor, &domain, act)).await??;
    let signs = shown.row.signing.in_use().is_some();
    let words = match act {
        Act::Off => "Nothing is signed from the next mail on.",
        Act::On if signs => "Mail is signed from now on.",
        Act::On => "A key was made. Publish its record; signing begins once it is seen.",
        Act::Rotate => "A new key was made. Publish its record; the old one signs until it is seen.",
    };
    Ok(with_toast(see_other(&format!("/domains/{}", shown.row.domain)), &cookies, &Toast::new(words)))
}
