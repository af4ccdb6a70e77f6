//! Closing a workspace, through all rooms: the page that asks, and the work that erases it when its days are over.
//!
//! Always true here:
//! - The access to every outside account is erased before the page that closes answers, and withdrawn after that.
//! - What is erased is everything whose key begins with the workspace, and what stands with the instance but is about
//!   it; then the workspace's keys go, so that nothing which may be left anywhere can be read.
//! - The list outside the store names the workspace first, so that no restore brings it back.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::erasure::{self, EraseError};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{UnixMillis, WorkspaceId, INSTANCE};
use crate::connections;
use crate::engines;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::{self, SignedIn};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::leads;
use crate::mailer::{self, Posting};
use crate::payments;
use crate::store::erased::Erased;
use crate::store::StoreError;
use crate::workspaces::{self, Closing, Workspace, WorkspaceError};

pub const CLOSE: &str = "workspace.close";
/// Work in hand ends by itself; then the rest of the rows goes.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// More tries than a job gets otherwise: what was promised to be erased is.
const MAX_ATTEMPTS: u32 = u32::MAX;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/settings/workspace/close").route(web::get().to(ask)).route(web::post().to(close)))
        .service(web::resource("/settings/workspace/keep").route(web::post().to(keep)));
}

#[derive(Template)]
#[template(path = "workspaces/close.html")]
struct ClosePage {
    layout: Layout,
    workspace: String,
    typed: String,
    errors: FieldErrors,
    days: u32,
    /// Addresses of the connections whose access is erased.
    connections: Vec<String>,
}

#[derive(Default, Deserialize)]
struct CloseForm {
    #[serde(default)]
    name: String,
}

/// GET /settings/workspace/close: what will happen, and a field for the name. Proof of who is there comes first.
async fn ask(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    match run(move || page(&app, &actor, &frame, String::new(), FieldErrors::default())).await? {
        Ok(page) => html(StatusCode::OK, &page),
        Err(WorkspaceError::ProofNeeded) => Ok(prove_first()),
        Err(error) => Err(error.into()),
    }
}

fn prove_first() -> HttpResponse {
    see_other("/reauth?next=%2Fsettings%2Fworkspace%2Fclose")
}

fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    typed: String,
    errors: FieldErrors,
) -> Result<ClosePage, WorkspaceError> {
    let workspace = workspaces::may_close(app, actor)?;
    let known = connections::list(&app.store, actor.workspace)?.into_iter();
    let working = known.filter(|connection| !connection.is_disconnected());
    let service = engines::standing(app, actor.workspace)?.map(|standing| standing.settings.name());
    Ok(ClosePage {
        layout: frame.layout("Close the workspace"),
        workspace: workspace.name,
        typed,
        errors,
        days: workspaces::GRACE_DAYS,
        connections: working.map(|connection| connection.address.display().to_owned()).chain(service).collect(),
    })
}

/// POST: 303 to the start page; 422 with the form when the name is not the workspace's.
async fn close(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    signed_in: SignedIn,
    form: Form<CloseForm>,
) -> Result<HttpResponse, PageError> {
    let typed = form.into_inner().name;
    let asked = {
        let (app, actor, typed) = (app.clone(), actor.clone(), typed.clone());
        run(move || ask_for_the_end(&app, &actor, &typed)).await?
    };
    match asked {
        Ok(closing) => {
            let until = signed_in.time_words(closing.ends_at);
            let toast =
                Toast::new(format!("Nothing leaves any more. Everything is erased on {until}, unless you keep it."));
            Ok(with_toast(see_other("/settings/workspace"), &cookies, &toast))
        }
        Err(WorkspaceError::ProofNeeded) => Ok(prove_first()),
        Err(WorkspaceError::Invalid(mistakes)) => {
            let page = run(move || page(&app, &actor, &frame, typed, mistakes.into())).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// Closes, and erases the access to outside accounts before it returns; what goes wrong with that the job repeats.
fn ask_for_the_end(app: &App, actor: &Actor, typed: &str) -> Result<Closing, WorkspaceError> {
    let job = job_of(actor.workspace, app.now());
    let (closing, is_new) = workspaces::close(app, actor, typed, &job)?;
    if let Err(error) = engines::end_access(app, actor.workspace) {
        tracing::error!(%error, "the key of a closing workspace’s AI service could not be erased; it is tried again");
    }
    if let Err(error) = payments::end_access(app, actor.workspace) {
        tracing::error!(%error, "the key of a closing workspace’s payments could not be erased; it is tried again");
    }
    if let Err(error) = connections::disconnect_all(app, actor) {
        tracing::error!(%error, "not every connection of a closing workspace could be ended; it is tried again");
    }
    if let Err(error) = leads::disconnect_all(app, actor) {
        tracing::error!(%error, "not every customer system of a closing workspace could be ended; it is tried again");
    }
    if is_new {
        if let Err(error) = tell_owners(app, actor, &closing) {
            tracing::error!(%error, "the owners of a closing workspace could not be told by mail");
        }
    }
    Ok(closing)
}

fn job_of(workspace: WorkspaceId, now: UnixMillis) -> NewJob {
    NewJob::new(CLOSE, Lane::Housekeeping, INSTANCE, now, &workspace).once(workspace.sid()).max_attempts(MAX_ATTEMPTS)
}

#[derive(Template)]
#[template(path = "email/closing.html")]
struct ClosingHtml<'a> {
    name: &'a str,
    who: &'a str,
    workspace: &'a str,
    until: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/closing.txt")]
struct ClosingText<'a> {
    name: &'a str,
    who: &'a str,
    workspace: &'a str,
    until: &'a str,
    link: &'a str,
}

/// A mail to each owner, so that an account in wrong hands cannot end a business unseen. None without `[mail]`.
fn tell_owners(app: &App, actor: &Actor, closing: &Closing) -> Result<(), StoreError> {
    let Some(known) = workspaces::get(&app.store, actor.workspace)?.filter(|_| mailer::is_configured(&app.config))
    else {
        return Ok(());
    };
    let until = closing.ends_at.in_zone(&known.zone()).strftime("%-d %B %Y, %H:%M").to_string();
    let (until, link, subject) =
        (until.as_str(), app.url("/settings/workspace"), format!("{} is being closed", known.name));
    let (who, workspace, link) = (actor.display.as_str(), known.name.as_str(), link.as_str());
    for owner in workspaces::owners_and_admins(app, known.id)? {
        let name = owner.name.as_str();
        let pair =
            (&ClosingHtml { name, who, workspace, until, link }, &ClosingText { name, who, workspace, until, link });
        let letter = identity::letter(Some(&owner), &owner.email, &subject, pair, closing.ends_at)?;
        let posting = Posting::new(letter, app.now());
        app.store.write(|txn| mailer::queue(txn, &posting))?;
    }
    Ok(())
}

/// POST /settings/workspace/keep: the workspace goes on.
async fn keep(app: Data<App>, actor: Actor, cookies: Data<Cookies>) -> Result<HttpResponse, PageError> {
    let kept = run(move || workspaces::take_back(&app, &actor)).await??;
    let toast = Toast::new(format!("{} goes on. Connect its mailboxes again, then switch its workers on.", kept.name));
    Ok(with_toast(see_other("/connections"), &cookies, &toast))
}

/// Ends what is connected at once, and erases everything when the days are over.
pub struct CloseWorkspace;

impl Task<App> for CloseWorkspace {
    fn kind(&self) -> &'static str {
        CLOSE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let Ok(workspace) = job.payload::<WorkspaceId>() else {
            return Outcome::Dead { reason: "the job does not say which workspace".into() };
        };
        match go_on(app, workspace) {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Retry { after: None, reason: error.to_string() },
        }
    }
}

fn go_on(app: &App, id: WorkspaceId) -> Result<Outcome, EraseError> {
    if let Some(workspace) = workspaces::get(&app.store, id)? {
        let Some(closing) = &workspace.closing else { return Ok(Outcome::Done) };
        engines::end_access(app, id)?;
        payments::end_access(app, id)?;
        disconnect_all(app, &workspace)?;
        if app.now() < closing.ends_at {
            return Ok(Outcome::Again { at: closing.ends_at });
        }
        erasure::note(app, &Erased { workspace: id, contact: None, addresses: Vec::new(), at: app.now() })?;
        if !workspaces::remove(app, id)? {
            return Ok(Outcome::Done);
        }
    }
    // Cut off here, the next run finds no workspace and goes on with its rows.
    match wipe(app, id, true)? {
        0 => Ok(Outcome::Done),
        in_hand => {
            tracing::info!(workspace = %id, in_hand, "a closed workspace has work in hand; its last rows wait for that");
            Ok(Outcome::Again { at: app.now().plus(LOOK_AGAIN) })
        }
    }
}

fn disconnect_all(app: &App, workspace: &Workspace) -> Result<(), StoreError> {
    let actor = Actor::system(workspace.id);
    let ended = leads::disconnect_all(app, &actor);
    ended.map_err(|error| StoreError::Engine(format!("a customer system could not be ended: {error}")))?;
    let unheard = connections::disconnect_all(app, &actor);
    unheard.map(drop).map_err(|error| StoreError::Engine(format!("a connection could not be ended: {error}")))
}

/// Removes all rows of a workspace that is off the server, then its keys. Returns how many jobs are in hand still: what
/// they write comes after, so the keys wait for them. None is while the threads do not run.
fn wipe(app: &App, id: WorkspaceId, threads_run: bool) -> Result<usize, StoreError> {
    let in_hand = jobs::leave(&app.store, id, threads_run)?;
    let rows = app.store.wipe(id)?;
    if in_hand > 0 {
        return Ok(in_hand);
    }
    app.store.keys().shred_owner(id)?;
    // What a thread wrote or planned between the two.
    app.store.wipe(id)?;
    let in_hand = jobs::leave(&app.store, id, threads_run)?;
    tracing::info!(workspace = %id, rows, "a closed workspace was erased");
    Ok(in_hand)
}

/// A backup has brought back a workspace that was closed at `at`, after it was made. Returns whether it was there.
/// Called before the queue starts; one that is not known (any more) is harmless, and whatever is left of it goes.
pub(super) fn erase_again(app: &App, id: WorkspaceId, at: UnixMillis) -> Result<bool, StoreError> {
    let was_there = workspaces::remove_again(app, id, at)?;
    wipe(app, id, false)?;
    Ok(was_there)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::authz::Role;
    use crate::base::UserId;
    use crate::messaging::testing::queue_mail;
    use crate::operator::write_backup;
    use crate::store::{backup, OpenOptions};
    use crate::testing::{self, add_workspace, app_on_disk, MASTER, NOW};
    use crate::wiring::{personal_data, restored};

    const DAY: Duration = Duration::from_secs(86_400);

    fn owner(workspace: WorkspaceId) -> Actor {
        Actor { user: Some(UserId::new(NOW)), role: Role::Owner, ..Actor::system(workspace) }
    }

    /// Rows that begin with the workspace, over all tables.
    fn rows_of(app: &App, workspace: WorkspaceId) -> usize {
        let dump = |table: &crate::store::Declared| app.store.dump(&table.info, None).unwrap();
        let rows = personal_data::tables().iter().flat_map(dump).collect::<Vec<_>>();
        rows.iter().filter(|row| row["workspace"] == workspace.sid()).count()
    }

    #[test]
    fn a_workspace_that_was_closed_after_the_backup_is_not_brought_back_by_a_restore() {
        let dir = tempfile::tempdir().unwrap();
        let room = || -> crate::store::FreeSpace { Arc::new(|_| Ok(1 << 40)) };
        let app = app_on_disk(dir.path(), "data", room());
        let (workspace, stays) =
            (add_workspace(&app, "Fernhill", "fernhill"), add_workspace(&app, "Lakeside", "lakeside"));
        queue_mail(&app, workspace, "anna@fellside.example");
        queue_mail(&app, stays, "bob@fellside.example");
        ask_for_the_end(&app, &owner(workspace), " fernhill ").unwrap();
        let file = dir.path().join("backups/launchyard-2026-11-24.backup");
        write_backup(&app, &MASTER, &file, app.now()).unwrap();
        assert!(matches!(go_on(&app, workspace).unwrap(), Outcome::Again { .. }), "its days are not over");
        app.clock.advance(DAY * workspaces::GRACE_DAYS);
        assert!(matches!(go_on(&app, workspace).unwrap(), Outcome::Done));
        assert_eq!(rows_of(&app, workspace), 0);
        assert!(matches!(go_on(&app, workspace).unwrap(), Outcome::Done), "again is harmless");
        app.store.close().unwrap();

        let options = OpenOptions::at(&dir.path().join("restored"));
        backup::restore(&file, None, &options, &MASTER, NOW.plus(8 * DAY)).unwrap();
        let app = app_on_disk(dir.path(), "restored", room());
        assert!(rows_of(&app, workspace) > 5, "as the backup was made");
        let before = rows_of(&app, stays);
        restored::hold_back(&app).unwrap();
        assert_eq!((rows_of(&app, workspace), workspaces::get(&app.store, workspace).unwrap()), (0, None));
        assert!(rows_of(&app, stays) >= before && before > 5);
    }

    #[test]
    fn a_restore_that_is_cut_off_while_it_erases_a_closed_workspace_goes_on_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let app = app_on_disk(dir.path(), "data", Arc::new(|_| Ok(1 << 40)));
        let workspace = add_workspace(&app, "Fernhill", "fernhill");
        queue_mail(&app, workspace, "anna@fellside.example");
        let gone = Erased { workspace, contact: None, addresses: Vec::new(), at: app.now() };
        erasure::note(&app, &gone).unwrap();
        assert!(workspaces::remove_again(&app, workspace, gone.at).unwrap());
        // Here the process was stopped.
        assert!(rows_of(&app, workspace) > 0);
        erasure::replay(&app, app.now()).unwrap();
        assert_eq!(rows_of(&app, workspace), 0);
        assert_eq!(app.store.blind(workspace, "slug", "fernhill").err(), Some(StoreError::KeyGone));
    }

    #[test]
    fn only_an_owner_closes_it_by_its_name_and_nothing_leaves_from_then_on() {
        let test = testing::app();
        let app = &test.app;
        let admin = Actor { role: Role::Admin, ..test.owner.clone() };
        assert!(matches!(ask_for_the_end(app, &admin, "Fernhill Heat Pumps"), Err(WorkspaceError::Denied(_))));
        let by_key = Actor { user: None, api_key: Some(crate::base::ApiKeyId::new(NOW)), ..test.owner.clone() };
        assert!(matches!(ask_for_the_end(app, &by_key, "Fernhill Heat Pumps"), Err(WorkspaceError::Denied(_))));
        let wrong = ask_for_the_end(app, &test.owner, "Fernhill");
        assert!(
            matches!(&wrong, Err(WorkspaceError::Invalid(mistakes)) if mistakes.fields().eq(["name"])),
            "{wrong:?}"
        );
        let message = queue_mail(app, test.workspace, "anna@fellside.example");
        let first = ask_for_the_end(app, &test.owner, "Fernhill Heat Pumps").unwrap();
        app.clock.advance(DAY);
        assert_eq!(ask_for_the_end(app, &test.owner, "Fernhill Heat Pumps").unwrap(), first, "no second time");
        let job = job_of(test.workspace, app.now());
        let (_, is_new) = workspaces::close(app, &test.owner, "Fernhill Heat Pumps", &job).unwrap();
        assert!(!is_new, "nobody is told again");
        let gate = app.store.read(|txn| crate::messaging::check_now(app, txn, &message, app.now()));
        let gate = gate.unwrap_or_else(|error: StoreError| panic!("{error}"));
        assert!(
            matches!(&gate, crate::messaging::Gate::Later { reason, .. } if reason.contains("being closed")),
            "{gate:?}"
        );
        workspaces::take_back(app, &test.owner).unwrap();
        assert!(matches!(go_on(app, test.workspace).unwrap(), Outcome::Done), "there is nothing to erase");
        assert!(matches!(workspaces::take_back(app, &test.owner), Err(WorkspaceError::NotClosing)));
    }
}
