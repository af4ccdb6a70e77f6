//! GET /, its live parts, the guide, and the decisions about mails in doubt.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::agenda::Agenda;
use super::came_in::CameIn;
use super::day::{Day, TodayError};
use super::feed::Feed;
use super::figures::{each_event_since, each_reply_since, Figures};
use super::guide::{Guide, Way};
use super::needs::{InDoubt, Needs};
use super::sending::{Outgoing, Sending, Workers};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, MessageId};
use crate::events::Happened;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::jobs::Verdict;
use crate::messaging::{self, ResolveError};
use crate::workspaces::{self, WorkspaceError};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(today)))
        .service(web::resource("/today/parts/{id}").route(web::get().to(part)))
        .service(web::resource("/guide").route(web::get().to(guide)))
        .service(web::resource("/guide/business").route(web::post().to(save_business)))
        .service(web::resource("/needs-a-look").route(web::get().to(in_doubt)))
        .service(web::resource("/needs-a-look/{message}/{verdict}").route(web::post().to(decide)));
}

#[derive(Template)]
#[template(path = "today/today.html")]
struct TodayPage {
    layout: Layout,
    greeting: String,
    /// The date, and what happened since this time yesterday.
    summary: String,
    may_import: bool,
    needs: Needs,
    came_in: Option<CameIn>,
    figures: Option<Figures>,
    agenda: Option<Agenda>,
    sending: Option<Sending>,
    outgoing: Option<Outgoing>,
    workers: Option<Workers>,
    feed: Option<Feed>,
}

async fn today(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let layout = frame.live_layout("Today");
    let page = run(move || read_page(&app, &actor, layout)).await??;
    html(StatusCode::OK, &page)
}

fn read_page(app: &App, actor: &Actor, layout: Layout) -> Result<TodayPage, TodayError> {
    let day = Day::open(app, actor)?;
    Ok(TodayPage {
        greeting: greeting(&day),
        summary: summary(&day)?,
        may_import: actor.may(Permission::ImportContacts),
        needs: Needs::read(&day, &layout.csrf)?,
        came_in: CameIn::read(&day)?,
        figures: Figures::read(&day)?,
        agenda: Agenda::read(&day)?,
        sending: Sending::read(&day)?,
        outgoing: Outgoing::read(&day)?,
        workers: Workers::read(&day)?,
        feed: Feed::read(&day)?,
        layout,
    })
}

/// "Good morning, Nora".
fn greeting(day: &Day<'_>) -> String {
    match day.actor.display.split_whitespace().next() {
        Some(name) => format!("{}, {name}", day.greeting()),
        None => day.greeting().to_owned(),
    }
}

/// "Thursday 19 November. Since yesterday: 5 replies, 1 booking."
fn summary(day: &Day<'_>) -> Result<String, TodayError> {
    let date = day.date_words();
    if !day.actor.may(Permission::ViewReplies) {
        return Ok(format!("{date}."));
    }
    let since = day.now.minus(std::time::Duration::from_secs(86_400));
    let (mut replies, mut booked, mut troubles) = (0, 0, 0);
    each_reply_since(day, since, |reply| replies += u64::from(!reply.automatic))?;
    each_event_since(day, since, |event| match event.what {
        Happened::BookingConfirmed { .. } => booked += 1,
        Happened::MessageInDoubt { .. } | Happened::ConnectionLost { .. } => troubles += 1,
        _ => {}
    })?;
    let counts = [(replies, "reply", "replies"), (booked, "booking", "bookings"), (troubles, "trouble", "troubles")];
    let said: Vec<String> = counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
    Ok(match said.as_slice() {
        // A workspace of today has no yesterday.
        [] if day.workspace.created_at > since => format!("{date}. This workspace is new."),
        [] => format!("{date}. Nothing new since yesterday."),
        said => format!("{date}. Since yesterday: {}.", said.join(", ")),
    })
}

/// GET /today/parts/<id>: one part as it is now. 404 for a part that is not there, or not for this role.
async fn part(app: Data<App>, actor: Actor, frame: Frame, id: web::Path<String>) -> Result<HttpResponse, PageError> {
    let csrf = frame.csrf().to_owned();
    let text = run(move || read_part(&app, &actor, &id, &csrf)).await??;
    let text = text.ok_or(PageError::NotFound)?;
    let text = text.map_err(|error| PageError::internal("could not render a part of the page", &error))?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text))
}

type Rendered = Option<Result<String, askama::Error>>;

fn read_part(app: &App, actor: &Actor, id: &str, csrf: &str) -> Result<Rendered, TodayError> {
    let day = Day::open(app, actor)?;
    Ok(match id {
        "needs-you" => Some(Needs::read(&day, csrf)?.render()),
        "came-in" => render(CameIn::read(&day)?),
        "figures" => render(Figures::read(&day)?),
        "agenda" => render(Agenda::read(&day)?),
        "today-sending" => render(Sending::read(&day)?),
        "outgoing" => render(Outgoing::read(&day)?),
        "workers" => render(Workers::read(&day)?),
        "feed" => render(Feed::read(&day)?),
        _ => None,
    })
}

fn render(part: Option<impl Template>) -> Rendered {
    part.map(|part| part.render())
}

#[derive(Template)]
#[template(path = "today/guide.html")]
struct GuidePage {
    layout: Layout,
    guide: Guide,
    is_demo: bool,
    /// The postal address as it was typed.
    postal_address: String,
    errors: FieldErrors,
}

async fn guide(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageWorkspace)?;
    let is_demo = app.demo().is_some();
    let guide = run(move || Guide::read(&Day::open(&app, &actor)?)).await??;
    let layout = frame.layout("Set up");
    html(
        StatusCode::OK,
        &GuidePage { layout, guide, is_demo, postal_address: String::new(), errors: FieldErrors::default() },
    )
}

#[derive(Deserialize)]
struct BusinessForm {
    #[serde(default)]
    postal_address: String,
}

/// POST /guide/business: 303 to the guide's next step; 422 with what was typed when it is no address.
async fn save_business(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: web::Form<BusinessForm>,
) -> Result<HttpResponse, PageError> {
    let typed = form.into_inner().postal_address;
    let saved = {
        let (app, actor, typed) = (app.clone(), actor.clone(), typed.clone());
        run(move || workspaces::set_postal_address(&app, &actor, &typed)).await?
    };
    let words = match saved {
        Ok(_) => return Ok(with_toast(see_other("/guide"), &cookies, &Toast::new("The address is saved."))),
        Err(WorkspaceError::Invalid(mistakes)) => mistakes.words(),
        Err(error) => return Err(error.into()),
    };
    let mut errors = FieldErrors::default();
    errors.add("postal_address", words);
    let is_demo = app.demo().is_some();
    let guide = run(move || Guide::read(&Day::open(&app, &actor)?)).await??;
    let page = GuidePage { layout: frame.layout("Set up"), guide, is_demo, postal_address: typed, errors };
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// GET /needs-a-look: all mails in doubt.
async fn in_doubt(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Mails in doubt");
    let page = run(move || InDoubt::read(&Day::open(&app, &actor)?, layout)).await??;
    html(StatusCode::OK, &page)
}

/// POST /needs-a-look/<message>/<verdict>: 303 to the page; 409 when it was decided meanwhile.
async fn decide(
    app: Data<App>,
    actor: Actor,
    path: web::Path<(String, String)>,
    cookies: Data<Cookies>,
) -> Result<HttpResponse, PageError> {
    let (message, verdict) = path.into_inner();
    let message: MessageId = message.parse().map_err(|_| PageError::NotFound)?;
    let (verdict, words) = match verdict.as_str() {
        "arrived" => (Verdict::Arrived, "Noted: it arrived"),
        "again" => (Verdict::DoAgain, "It is sent again, in its turn"),
        "give-up" => (Verdict::GiveUp, "It is not sent"),
        _ => return Err(PageError::NotFound),
    };
    run(move || messaging::resolve(&app, &actor, message, verdict)).await?.map_err(|error| match error {
        ResolveError::Denied(denied) => denied.into(),
        ResolveError::NotFound => PageError::NotFound,
        ResolveError::NotWaiting => PageError::conflict(
            "This mail no longer waits for a decision: it was found meanwhile, or somebody else decided.",
            "Look at the contact’s page for what became of it.",
        ),
        ResolveError::Store(error) => PageError::internal("could not decide about a mail", &error),
    })?;
    Ok(with_toast(see_other("/"), &cookies, &Toast::new(words)))
}
