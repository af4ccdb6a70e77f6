//! `/suppressions`: who must not be written to, added by hand, lifted with a reason, as a file.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, EmailAddress, SuppressionId};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Pager};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::messaging::suppression::{self, SuppressError};
use crate::messaging::{Suppression, Target};
use crate::workspaces;

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "messaging/suppressions.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    /// What was searched for, as typed; empty when everything is shown.
    q: String,
    /// It is a whole address or domain, so that finding nothing means that nothing forbids to write there.
    is_whole: bool,
    is_cut: bool,
    pager: Pager,
    errors: FieldErrors,
    typed: AddForm,
    may_add: bool,
    may_lift: bool,
}

struct Row {
    target: String,
    reason: &'static str,
    how: String,
    iso: String,
    when: String,
    lift: String,
}

#[derive(Template)]
#[template(path = "messaging/lift.html")]
struct LiftPage {
    layout: Layout,
    target: String,
    reason: &'static str,
    action: String,
    error: &'static str,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct AddForm {
    #[serde(default)]
    target: String,
    #[serde(default)]
    note: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct LiftForm {
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    before: Option<String>,
    /// An address, a domain, or how a word of one begins.
    #[serde(default)]
    q: String,
}

/// GET /suppressions, newest first; with `q` what stands there for what was typed.
pub async fn list(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let before = match query.before.as_deref().map(Cursor::parse) {
        None => None,
        Some(Ok(cursor)) => Some(cursor),
        Some(Err(error)) => return Err(PageError::bad_request(error.to_string(), "Open the list again.")),
    };
    let q = query.into_inner().q.trim().to_owned();
    let page = run(move || {
        if q.is_empty() {
            build(&app, &actor, &frame, before, AddForm::default(), FieldErrors::default())
        } else {
            searched(&app, &actor, &frame, q)
        }
    });
    html(StatusCode::OK, &page.await??)
}

/// The list with only what stands for what was typed.
fn searched(app: &App, actor: &Actor, frame: &Frame, q: String) -> Result<ListPage, SuppressError> {
    let page = build(app, actor, frame, None, AddForm::default(), FieldErrors::default())?;
    let target = parse_target(&q).ok();
    let found = suppression::search(&app.store, actor.workspace, &q, target.as_ref())?;
    let zone = workspaces::get(&app.store, actor.workspace)?.map_or(jiff::tz::TimeZone::UTC, |home| home.zone());
    let rows: Vec<Row> = found.entries.iter().map(|entry| row(entry, &zone)).collect();
    let is_whole = target.is_some();
    Ok(ListPage { q, is_whole, rows, is_cut: found.is_cut, pager: Pager::default(), ..page })
}

fn build(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    before: Option<Cursor>,
    typed: AddForm,
    errors: FieldErrors,
) -> Result<ListPage, SuppressError> {
    actor.require(Permission::ViewSuppressions)?;
    let page = suppression::list(&app.store, actor.workspace, before.as_ref(), PAGE)?;
    let zone = workspaces::get(&app.store, actor.workspace)?.map_or(jiff::tz::TimeZone::UTC, |home| home.zone());
    let rows: Vec<Row> = page.rows.iter().map(|entry| row(entry, &zone)).collect();
    let pager = Pager {
        shown: if rows.is_empty() { String::new() } else { format!("{} shown", rows.len()) },
        newer: before.map(|_| "/suppressions".to_owned()),
        older: page.next.map(|cursor| format!("/suppressions?before={cursor}")),
    };
    let layout = frame.layout("Do not write to");
    let (may_add, may_lift) = (actor.may(Permission::ManageSuppressions), actor.may(Permission::LiftSuppression));
    let q = String::new();
    Ok(ListPage { layout, rows, q, is_whole: false, is_cut: false, pager, errors, typed, may_add, may_lift })
}

fn row(entry: &Suppression, zone: &jiff::tz::TimeZone) -> Row {
    Row {
        target: entry.target.words(),
        reason: entry.reason.words(),
        how: entry.how.clone(),
        iso: entry.at.to_rfc3339(),
        when: entry.at.in_zone(zone).strftime("%-d %b %Y, %H:%M").to_string(),
        lift: format!("/suppressions/{}/lift", entry.id),
    }
}

/// POST /suppressions: one address or domain. 422 with the form when it is neither.
pub async fn add(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<AddForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let target = match parse_target(&form.target) {
        Ok(target) => target,
        Err(words) => {
            let mut errors = FieldErrors::default();
            errors.add("target", words);
            let page = run(move || build(&app, &actor, &frame, None, form, errors)).await??;
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let words = target.words();
    let added = run(move || suppression::suppress_by_hand(&app, &actor, &target, note(&form.note))).await??;
    let said =
        if added { format!("Nobody writes to {words} any more.") } else { format!("{words} was on the list already.") };
    Ok(with_toast(see_other("/suppressions"), &cookies, &Toast::new(said)))
}

fn note(typed: &str) -> &str {
    match typed.trim() {
        "" => "by hand",
        note => note,
    }
}

/// An address, or a domain with or without an @ before it.
pub fn parse_target(typed: &str) -> Result<Target, String> {
    let typed = typed.trim();
    if let Some((local, _)) = typed.rsplit_once('@').filter(|(local, _)| !local.is_empty()) {
        let _ = local;
        return EmailAddress::parse(typed).map(Target::Address).map_err(|error| error.to_string());
    }
    if typed.is_empty() {
        return Err("Write an address, for example ada@example.com, or a domain.".to_owned());
    }
    // A domain is what may stand behind the @ of an address.
    let probe =
        EmailAddress::parse(&format!("x@{}", typed.trim_start_matches('@'))).map_err(|error| error.to_string())?;
    Ok(Target::Domain(probe.domain().to_owned()))
}

/// GET /suppressions/{id}/lift: the question, with room for the reason.
pub async fn ask_lift(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    id: Path<SuppressionId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let page = run(move || lift_page(&app, &actor, &frame, id, "")).await??;
    html(StatusCode::OK, &page)
}

fn lift_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: SuppressionId,
    error: &'static str,
) -> Result<LiftPage, SuppressError> {
    actor.require(Permission::LiftSuppression)?;
    let entry = suppression::get(&app.store, actor.workspace, id)?.ok_or(SuppressError::NotFound)?;
    let layout = frame.layout("Write again");
    let action = format!("/suppressions/{id}/lift");
    Ok(LiftPage { layout, target: entry.target.words(), reason: entry.reason.words(), action, error })
}

/// POST /suppressions/{id}/lift: admins, with a reason that is kept.
pub async fn lift_entry(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Path<SuppressionId>,
    form: Form<LiftForm>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let lifted = run({
        let (app, actor) = (app.clone(), actor.clone());
        move || suppression::lift(&app, &actor, id, &form.reason)
    })
    .await?;
    match lifted {
        Ok(()) => {
            let toast = Toast::new("Taken off the list. The reason is in the audit trail.");
            Ok(with_toast(see_other("/suppressions"), &cookies, &toast))
        }
        Err(SuppressError::ReasonMissing) => {
            let error = "Say why: writing again to somebody who said no is recorded.";
            let page = run(move || lift_page(&app, &actor, &frame, id, error)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// GET /suppressions.csv: all of them, for taking along to another program.
pub async fn download(app: Data<App>, actor: Actor) -> Result<HttpResponse, PageError> {
    let text = run(move || as_csv(&app, &actor)).await??;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("content-disposition", "attachment; filename=\"do-not-write.csv\""))
        .body(text))
}

fn as_csv(app: &App, actor: &Actor) -> Result<Vec<u8>, SuppressError> {
    actor.require(Permission::ViewSuppressions)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut rows = vec![["kind", "target", "reason", "how", "since"].map(str::to_owned)];
    suppression::each(&app.store, actor.workspace, |entry| {
        let (kind, target) = match &entry.target {
            Target::Address(address) => ("address", address.display().to_owned()),
            Target::Domain(domain) => ("domain", domain.clone()),
            Target::Erased(hash) => ("erased", data_encoding::HEXLOWER.encode(hash)),
        };
        let how = harmless(&entry.how);
        rows.push([kind.to_owned(), harmless(&target), entry.reason.words().to_owned(), how, entry.at.to_rfc3339()]);
    })?;
    for row in &rows {
        // Writing to memory does not fail.
        let _ = writer.write_record(row);
    }
    Ok(writer.into_inner().unwrap_or_default())
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe in front.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Role;
    use crate::testing::app;

    #[test]
    fn an_address_or_a_domain_is_understood_and_the_rest_explained() {
        let domain = |name: &str| Ok(Target::Domain(name.to_owned()));
        assert_eq!(parse_target(" Fellside.Example "), domain("fellside.example"));
        assert_eq!(parse_target("@fellside.example"), domain("fellside.example"));
        assert!(matches!(parse_target("ada@example.com"), Ok(Target::Address(_))));
        for wrong in ["", "fellside", "ada@", "a b@example.com"] {
            assert!(parse_target(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_entry_is_found_by_its_whole_address_its_domain_or_the_beginning_of_any_word_of_it() {
        let test = app();
        let all = ["ada@north.fellside.example", "bob@fellside.example", "fellside.example", "eve@fell.example"];
        for target in all {
            let target = parse_target(target).unwrap();
            suppression::suppress_by_hand(&test.app, &test.owner, &target, "called us").unwrap();
        }
        let found = |q: &str| {
            let page = searched(&test.app, &test.owner, &Frame::default(), q.to_owned()).unwrap();
            let mut targets: Vec<String> = page.rows.into_iter().map(|row| row.target).collect();
            targets.sort();
            targets.join(", ")
        };
        let cases = [
            ("ADA@North.Fellside.Example", "ada@north.fellside.example, everyone at fellside.example"),
            ("carl@fellside.example", "everyone at fellside.example"),
            ("fellside.example", "ada@north.fellside.example, bob@fellside.example, everyone at fellside.example"),
            ("@north.fellside.example", "ada@north.fellside.example, everyone at fellside.example"),
            ("side.example", ""),
            ("nobody@elsewhere.example", ""),
            ("fellside", "ada@north.fellside.example, bob@fellside.example, everyone at fellside.example"),
            (
                "fell",
                "ada@north.fellside.example, bob@fellside.example, eve@fell.example, everyone at fellside.example",
            ),
            ("BO", "bob@fellside.example"),
            ("bob@fell", "bob@fellside.example"),
            ("north", "ada@north.fellside.example"),
            ("orth", ""),
        ];
        for (q, expected) in cases {
            assert_eq!(found(q), expected, "{q}");
        }
        let ada = EmailAddress::parse("ada@north.fellside.example").unwrap();
        let hash = suppression::hash_of(&test.app.store, test.workspace, &ada).unwrap();
        test.app
            .store
            .write(|txn| suppression::forget_address(txn, test.workspace, test.app.now(), hash))
            .unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"));
        let after = found("ada@north.fellside.example");
        assert_eq!(after, "Somebody who was erased, everyone at fellside.example", "also once only the mark is left");
    }

    #[test]
    fn the_file_holds_every_entry_and_no_formula() {
        let test = app();
        for target in ["=cmd@example.com", "fellside.example"] {
            let target = parse_target(target).unwrap();
            suppression::suppress_by_hand(&test.app, &test.owner, &target, "called us").unwrap();
        }
        let text = String::from_utf8(as_csv(&test.app, &test.owner).unwrap()).unwrap();
        assert!(text.starts_with("kind,target,reason,how,since\n"), "{text}");
        assert!(text.contains("address,'=cmd@example.com,Added by hand,called us,2026-11-24T10:00:00Z"), "{text}");
        assert!(text.contains("domain,fellside.example"), "{text}");
    }

    #[test]
    fn lifting_is_for_admins_with_a_reason() {
        let test = app();
        let target = parse_target("ada@example.com").unwrap();
        suppression::suppress_by_hand(&test.app, &test.owner, &target, "").unwrap();
        let entry = suppression::list(&test.app.store, test.workspace, None, 5).unwrap().rows.remove(0);
        let agent = Actor { role: Role::Agent, ..test.owner.clone() };
        assert!(matches!(suppression::lift(&test.app, &agent, entry.id, "asked"), Err(SuppressError::Denied(_))));
        assert!(matches!(suppression::lift(&test.app, &test.owner, entry.id, " "), Err(SuppressError::ReasonMissing)));
        suppression::lift(&test.app, &test.owner, entry.id, "asked for it by phone").unwrap();
        assert!(matches!(suppression::lift(&test.app, &test.owner, entry.id, "again"), Err(SuppressError::NotFound)));
    }
}
