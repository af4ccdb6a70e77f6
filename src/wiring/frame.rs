//! Fills the frame of signed-in pages: where one is, what waits, whether mail is leaving.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpResponse};
use askama::Template;

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::UnixMillis;
use crate::connections::{self, Connection, State, Use};
use crate::http::cookies::{self, Theme};
use crate::http::error_page::{is_error_page, placed, refused_permission, Person};
use crate::http::layout::{ClosingBar, DemoBar, GuideBar, Layout, SendingState, Toast, WorkspaceLink};
use crate::http::{html, run, Cookies, CsrfToken, Frame, PageError, Site};
use crate::identity::{SignedIn, User};
use crate::messaging::{daily_cap, sent_in_last_day, Counted};
use crate::outreach::{self, Group};
use crate::store::StoreError;
use crate::workers::{self, Worker};
use crate::{agents, bookings, today, workspaces};

/// Puts a `Frame` into each request of somebody who is signed in.
pub async fn fill<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
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
    in_place(next.call(request).await?).await
}

/// An error page is made without knowing frame or person; it gets both on its way out.
async fn in_place<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let request = response.request().clone();
    let signed_in = request.extensions().get::<SignedIn>().cloned();
    let frame = request.extensions().get::<Frame>().cloned().filter(|_| !is_part(request.path()));
    let actor = request.extensions().get::<Actor>().cloned();
    let app = request.app_data::<Data<App>>().cloned();
    let mut person =
        Person { theme: signed_in.map_or("", |me| me.user.profile.theme.attribute()), frame, ..Person::default() };
    if let (Some(permission), Some(actor), Some(app)) = (refused_permission(response.response()), actor, app.clone()) {
        let named = run(move || workspaces::who_may(&app, actor.workspace, permission)).await;
        person.who_may = named.ok().and_then(Result::ok).unwrap_or_default();
    }
    let site = request.app_data::<Data<Site>>().cloned();
    if let (true, Some(app)) = (leads_guest(&response, site.as_deref().map(|site| &**site)), app) {
        let path = request.path().to_owned();
        person.home = run(move || bookings::home_of_guests(&app, &path)).await.ok().flatten();
    }
    Ok(placed(response, site.as_deref().map(|site| &**site), person))
}

/// A guest meets an error, and wants to go on.
fn leads_guest<B>(response: &ServiceResponse<B>, site: Option<&Site>) -> bool {
    is_error_page(response.response()) && site.is_some_and(|site| site.is_for_guests(response.request().path()))
}

#[derive(Template)]
#[template(path = "layout/_sending.html")]
struct SendingPart {
    layout: Layout,
}

/// GET /frame/sending: the state of sending as it is now, for frames that stay open.
pub async fn sending_part(frame: Frame) -> Result<HttpResponse, PageError> {
    html(StatusCode::OK, &SendingPart { layout: frame.0 })
}

fn is_part(path: &str) -> bool {
    ["/live", "/frame/", "/today/parts/", "/approvals/queue"].iter().any(|prefix| path.starts_with(prefix))
}

fn add_cookies(request: &ServiceRequest, layout: &mut Layout) {
    let Some(cookies) = request.app_data::<Data<Cookies>>() else { return };
    // The sign-in page of this browser looks the same as what was shown to whoever signed out last.
    let theme = Theme::parse(&layout.theme);
    if cookies.read_theme(request.request()) != theme {
        cookies::set_later(request.request(), cookies.theme(theme));
    }
    // Only a page that is shown, and no part of one, may take the toast out of its cookie.
    if request.method() == actix_web::http::Method::GET && !is_part(request.path()) {
        layout.toast =
            cookies.take_toast(request.request()).map(|toast| Toast { text: toast.words, undo_action: toast.undo });
    }
}

fn build(app: &App, actor: &Actor, me: &SignedIn, path: &str) -> Result<Layout, StoreError> {
    let user = &me.user;
    let workspace = workspaces::get(&app.store, actor.workspace)?;
    let waiting = if actor.may(Permission::ApproveDrafts) { agents::count_waiting(app, actor.workspace)? } else { 0 };
    let workers = workers::list(&app.store, actor.workspace)?;
    let layout = Layout {
        lang: language(user, workspace.as_ref()).to_owned(),
        theme: user.profile.theme.attribute().to_owned(),
        keys_off: user.profile.keys_off,
        workspace_name: workspace.as_ref().map(|workspace| workspace.name.clone()).unwrap_or_default(),
        workspace_role: capitalised(actor.role.as_str()),
        workspaces: links(app, actor, user)?,
        user_name: user.name.clone(),
        user_email: user.email.display().to_owned(),
        is_operator: actor.is_operator,
        sending: sending(app, actor, &workers)?,
        in_setup: is_in_setup(actor, &workers),
        guide: guide_bar(app, actor, path, &workers)?,
        closing: workspace.as_ref().and_then(|workspace| workspace.closing.as_ref()).map(|closing| ClosingBar {
            until: me.time_words(closing.ends_at),
            may_keep: actor.may(Permission::CloseWorkspace),
        }),
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
        "/calendar" | "/calendar/figures" => Some(Permission::ViewCalendar),
        "/outreach" | "/outreach/sequences" | "/outreach/analytics" | "/outreach/forecast" | "/snippets" => {
            Some(Permission::ViewOutreach)
        }
        "/payments" => Some(Permission::ViewPayments),
        "/replies" => Some(Permission::ViewReplies),
        "/suppressions" => Some(Permission::ViewSuppressions),
        "/contacts" | "/leads" => Some(Permission::ViewContacts),
        "/connections" | "/domains" | "/crm" | "/hook" | "/webhook" => Some(Permission::ViewConnections),
        _ => None,
    }
}

/// Nothing was ever switched on, and this person may do what is missing.
fn is_in_setup(actor: &Actor, workers: &[Worker]) -> bool {
    actor.may(Permission::ManageWorkspace) && workers.iter().all(|worker| worker.activated_at.is_none())
}

/// How far the guide is, on every page but its own until the first mail has left.
fn guide_bar(app: &App, actor: &Actor, path: &str, workers: &[Worker]) -> Result<Option<GuideBar>, StoreError> {
    if !actor.may(Permission::ManageWorkspace) || path == "/guide" || has_written(app, actor, workers)? {
        return Ok(None);
    }
    today::guide_bar(app, actor)
}

/// Some worker has written to somebody; the guide ends with that.
fn has_written(app: &App, actor: &Actor, workers: &[Worker]) -> Result<bool, StoreError> {
    for worker in workers.iter().filter(|worker| worker.activated_at.is_some()) {
        if outreach::figures(&app.store, actor.workspace, worker.id)?.of(Group::Written) > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// "Sending is on, 61 of 120 in 24 hours": for those who may see outreach, once there is a mailbox.
fn sending(app: &App, actor: &Actor, workers: &[Worker]) -> Result<Option<SendingState>, StoreError> {
    if !actor.may(Permission::ViewOutreach) {
        return Ok(None);
    }
    let (workspace, now) = (actor.workspace, app.now());
    let mut mailboxes = connections::list(&app.store, workspace)?;
    mailboxes.retain(|connection| connection.can(Use::Outreach) && !connection.is_disconnected());
    if mailboxes.is_empty() {
        return Ok(None);
    }
    let works = |mailbox: &&Connection| mailbox.state.is_working();
    let caps = mailboxes.iter().filter(works).map(|mailbox| daily_cap(app, mailbox, now));
    let cap_today = caps.sum::<Result<u32, StoreError>>()?;
    let standing = Standing::of(workers, Reach::of(&mailboxes, now));
    let may_switch = actor.may(Permission::ActivateWorkers);
    Ok(Some(SendingState {
        on: standing == Standing::On,
        words: standing.words().to_owned(),
        sent_today: sent_in_last_day(&app.store, workspace, Counted::Workspace, now)?,
        cap_today,
        can_pause: may_switch && workers.iter().any(|worker| worker.state.is_working()),
        can_resume: may_switch && standing == Standing::AllPaused,
        cure: if matches!(standing, Standing::NoMailbox | Standing::HeldBack) && actor.may(Permission::ViewConnections)
        {
            "/connections".to_owned()
        } else {
            String::new()
        },
    }))
}

/// Whether mail leaves, and what keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    On,
    /// Workers are switched on, and every mailbox waits as its provider told it to.
    HeldBack,
    /// Workers are switched on, and no mailbox works.
    NoMailbox,
    /// By the switch, and not yet switched on again.
    AllPaused,
    Paused,
    NoWorker,
}

/// What the mailboxes allow together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Open,
    /// All that work wait as their providers told them to.
    Resting,
    /// None works.
    Lost,
}

impl Reach {
    fn of(mailboxes: &[Connection], now: UnixMillis) -> Self {
        let rests = |mailbox: &Connection| matches!(&mailbox.state, State::Waiting { until, .. } if *until > now);
        let mut working = mailboxes.iter().filter(|mailbox| mailbox.state.is_working()).peekable();
        if working.peek().is_none() {
            Reach::Lost
        } else if working.all(rests) {
            Reach::Resting
        } else {
            Reach::Open
        }
    }
}

impl Standing {
    fn of(workers: &[Worker], reach: Reach) -> Self {
        let is_on = workers.iter().any(|worker| worker.state.is_working());
        match (is_on, reach) {
            (true, Reach::Open) => Standing::On,
            (true, Reach::Resting) => Standing::HeldBack,
            (true, Reach::Lost) => Standing::NoMailbox,
            _ if workers.iter().any(Worker::is_stopped_by_the_switch) => Standing::AllPaused,
            (false, Reach::Lost) => Standing::NoMailbox,
            _ if workers.iter().all(|worker| worker.activated_at.is_none()) => Standing::NoWorker,
            _ => Standing::Paused,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Standing::On => "Sending is on",
            Standing::HeldBack => "Sending is held back",
            Standing::NoMailbox => "A mailbox needs you",
            Standing::AllPaused => "All is paused",
            Standing::Paused => "Sending is paused",
            Standing::NoWorker => "Nothing leaves yet",
        }
    }
}

fn now_words(app: &App, workspace: Option<&workspaces::Workspace>) -> String {
    let zone = workspace.map_or(jiff::tz::TimeZone::UTC, workspaces::Workspace::zone);
    app.now().in_zone(&zone).strftime("%a %-d %b, %H:%M").to_string()
}

/// The person's own kind of English, else the workspace's. The pages are written in English, so they never claim to
/// be in another language, whatever the workspace writes to its leads.
fn language<'a>(user: &'a User, workspace: Option<&'a workspaces::Workspace>) -> &'a str {
    let of_workspace = workspace.map_or("", |workspace| workspace.locale.as_str());
    let is_english = |locale: &&str| *locale == "en" || locale.starts_with("en-");
    [user.profile.locale.as_str(), of_workspace].into_iter().find(is_english).unwrap_or("en")
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use crate::workers::{Off, WorkerForm, WorkerState};

    #[test]
    fn the_frame_says_whether_mail_leaves_and_offers_to_go_on_as_long_as_all_is_paused() {
        let test = testing::app();
        let form = WorkerForm { name: "Hotels".into(), ..WorkerForm::default() };
        let worker = workers::create(&test.app, &test.owner, &form).unwrap();
        let paused = |reason: &str, by_itself| {
            WorkerState::Paused(Off { at: test.app.now(), reason: reason.into(), by_itself, is_untold: false })
        };
        let (on, all) = (WorkerState::Working, paused(workers::PAUSED_ALL, false));
        let (brake, off) = (paused("Too many bounced.", true), WorkerState::Off);
        let cases: [(&[&WorkerState], Reach, Standing); 9] = [
            (&[], Reach::Open, Standing::NoWorker),
            (&[&off], Reach::Open, Standing::NoWorker),
            (&[&on, &off], Reach::Open, Standing::On),
            (&[&on], Reach::Lost, Standing::NoMailbox),
            (&[&on], Reach::Resting, Standing::HeldBack),
            (&[&all, &off, &brake], Reach::Open, Standing::AllPaused),
            (&[&all, &on], Reach::Open, Standing::On),
            (&[&brake], Reach::Open, Standing::Paused),
            (&[&brake], Reach::Lost, Standing::NoMailbox),
        ];
        for (states, reach, expected) in cases {
            let workers: Vec<Worker> = states
                .iter()
                .map(|state| Worker {
                    activated_at: (**state != WorkerState::Off).then_some(test.app.now()),
                    state: (*state).clone(),
                    ..worker.clone()
                })
                .collect();
            assert_eq!(Standing::of(&workers, reach), expected, "{states:?}, {reach:?}");
        }
    }
}
