//! Fills the frame of signed-in pages: where one is, what waits, whether mail is leaving.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage};

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::connections::{self, Use};
use crate::http::layout::{DemoBar, Layout, SendingState, Toast, WorkspaceLink};
use crate::http::{run, Cookies, CsrfToken, Frame};
use crate::identity::{SignedIn, User};
use crate::messaging::{sent_in_last_day, Counted};
use crate::store::StoreError;
use crate::{agents, workers, workspaces};

/// Puts a `Frame` into each request of somebody who is signed in.
pub async fn fill<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let actor = request.extensions().get::<Actor>().cloned();
    let signed_in = request.extensions().get::<SignedIn>().cloned();
    if let (Some(actor), Some(me), Some(app)) = (actor, signed_in, request.app_data::<Data<App>>().cloned()) {
        let path = request.path().to_owned();
        let filled = run(move || build(&app, &actor, &me, &path)).await;
        if let Ok(Ok(mut layout)) = filled {
            let (http, payload) = request.parts_mut();
            if let Ok(token) = CsrfToken::from_request(http, payload).await {
                layout.csrf = token.0;
            }
            add_cookies(&request, &mut layout);
            request.extensions_mut().insert(Frame(layout));
        }
    }
    next.call(request).await
}

fn add_cookies(request: &ServiceRequest, layout: &mut Layout) {
    let Some(cookies) = request.app_data::<Data<Cookies>>() else { return };
    layout.theme = match cookies.read_theme(request.request()).as_str() {
        "system" => String::new(),
        theme => theme.to_owned(),
    };
    // Only a page that is shown may take the toast out of its cookie.
    if request.method() == actix_web::http::Method::GET && !request.path().starts_with("/live") {
        layout.toast =
            cookies.take_toast(request.request()).map(|toast| Toast { text: toast.words, undo_action: toast.undo });
    }
}

fn build(app: &App, actor: &Actor, me: &SignedIn, path: &str) -> Result<Layout, StoreError> {
    let user = &me.user;
    let workspace = workspaces::get(&app.store, actor.workspace)?;
    let waiting = if actor.may(Permission::ApproveDrafts) { agents::count_waiting(app, actor.workspace)? } else { 0 };
    let layout = Layout {
        lang: language(user, workspace.as_ref()),
        keys_off: user.profile.keys_off,
        workspace_name: workspace.as_ref().map(|workspace| workspace.name.clone()).unwrap_or_default(),
        workspace_role: capitalised(actor.role.as_str()),
        workspaces: links(app, actor, user)?,
        user_name: user.name.clone(),
        user_email: user.email.display().to_owned(),
        is_operator: actor.is_operator,
        sending: sending(app, actor)?,
        demo: app.demo().map(|_| DemoBar { now_words: now_words(app, workspace.as_ref()) }),
        ..Layout::default()
    };
    let may_open = |href: &str| needed(href).is_none_or(|permission| actor.may(permission));
    Ok(layout.with_places(path, may_open, |href| (href == "/approvals").then_some((waiting, true))))
}

/// All workspaces of the person.
fn links(app: &App, actor: &Actor, user: &User) -> Result<Vec<WorkspaceLink>, StoreError> {
    let all = workspaces::of_user(app, user.id)?;
    let link = |(workspace, _): (workspaces::Workspace, _)| WorkspaceLink {
        current: workspace.id == actor.workspace,
        href: "/workspaces".to_owned(),
        name: workspace.name,
    };
    Ok(all.into_iter().map(link).collect())
}

fn needed(href: &str) -> Option<Permission> {
    match href {
        "/approvals" => Some(Permission::ApproveDrafts),
        "/calendar" => Some(Permission::ViewCalendar),
        "/outreach" => Some(Permission::ViewOutreach),
        "/contacts" => Some(Permission::ViewContacts),
        "/connections" => Some(Permission::ViewConnections),
        _ => None,
    }
}

/// "Sending is on, 61 of 120 today": for those who may see outreach, once there is a mailbox.
fn sending(app: &App, actor: &Actor) -> Result<Option<SendingState>, StoreError> {
    if !actor.may(Permission::ViewOutreach) {
        return Ok(None);
    }
    let mailboxes: Vec<_> = connections::list(&app.store, actor.workspace)?
        .into_iter()
        .filter(|connection| connection.can(Use::Outreach) && connection.state.is_working())
        .collect();
    if mailboxes.is_empty() {
        return Ok(None);
    }
    let cap: u32 = mailboxes.iter().map(|mailbox| mailbox.pace.daily_cap.min(app.config.outreach.hard_daily_cap)).sum();
    let workers = workers::list(&app.store, actor.workspace)?;
    let on = workers.iter().any(|worker| worker.state.is_working());
    let words = match (on, workers.is_empty()) {
        (true, _) => "Sending is on",
        (false, true) => "Nothing leaves yet",
        (false, false) => "Sending is paused",
    };
    Ok(Some(SendingState {
        on,
        words: words.to_owned(),
        sent_today: sent_in_last_day(&app.store, actor.workspace, Counted::Workspace, app.now())?,
        cap_today: cap,
        can_pause: on && actor.may(Permission::ActivateWorkers),
    }))
}

fn now_words(app: &App, workspace: Option<&workspaces::Workspace>) -> String {
    let zone = workspace.map_or(jiff::tz::TimeZone::UTC, workspaces::Workspace::zone);
    app.now().in_zone(&zone).strftime("%a %-d %b, %H:%M").to_string()
}

/// The person's own choice, else the workspace's, else English.
fn language(user: &User, workspace: Option<&workspaces::Workspace>) -> String {
    let of_workspace = workspace.map(|workspace| workspace.locale.clone()).unwrap_or_default();
    let chosen = [user.profile.locale.clone(), of_workspace].into_iter().find(|locale| !locale.is_empty());
    chosen.unwrap_or_else(|| "en".to_owned())
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
