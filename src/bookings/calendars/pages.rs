//! The page on which a member's calendars are chosen.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;

use super::{read_ref, write_ref};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, CalendarRef, ChooseError, Offered, PersonCalendars};
use crate::base::UserId;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Tab;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::settings_tabs;
use crate::workspaces;

const HERE: &str = "/settings/calendars";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/settings/calendars").route(web::get().to(own)).route(web::post().to(choose_own)))
        .service(web::resource("/settings/calendars/{user}").route(web::get().to(of)).route(web::post().to(choose)));
}

/// GET /settings/calendars, and again with `error` when what was chosen does not fit.
#[derive(Template)]
#[template(path = "bookings/calendars.html")]
struct CalendarsPage {
    layout: Layout,
    tabs: Vec<Tab>,
    /// Whose calendars can be chosen here, where there is more than one.
    people: Vec<Tab>,
    action: String,
    accounts: Vec<Account>,
    is_default: bool,
    writes_nowhere: bool,
    can_connect: bool,
    error: String,
}

struct Account {
    address: String,
    /// "Google".
    kind: &'static str,
    /// Why its calendars could not be listed.
    trouble: String,
    calendars: Vec<Line>,
}

struct Line {
    value: String,
    name: String,
    zone: String,
    is_writable: bool,
    is_written_to: bool,
    is_counted: bool,
}

type Choice = (Option<CalendarRef>, Vec<CalendarRef>);

async fn own(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let user = actor.user.ok_or(PageError::NotFound)?;
    show(app, actor, frame, user).await
}

async fn of(app: Data<App>, actor: Actor, frame: Frame, path: Path<String>) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    show(app, actor, frame, user_in(&path)?).await
}

/// POST /settings/calendars: `write_to` once, `busy` for each calendar that counts.
async fn choose_own(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let user = actor.user.ok_or(PageError::NotFound)?;
    keep(app, actor, frame, &cookies, user, read(&form)).await
}

async fn choose(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    keep(app, actor, frame, &cookies, user_in(&path)?, read(&form)).await
}

fn user_in(path: &str) -> Result<UserId, PageError> {
    path.parse().map_err(|_| PageError::NotFound)
}

fn read(form: &[(String, String)]) -> Choice {
    let values = |wanted: &'static str| form.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    (values("write_to").find_map(|value| read_ref(value)), values("busy").filter_map(|value| read_ref(value)).collect())
}

async fn show(app: Data<App>, actor: Actor, frame: Frame, user: UserId) -> Result<HttpResponse, PageError> {
    let shown = run(move || page(&app, &actor, &frame, user, None, String::new())).await??;
    html(StatusCode::OK, &shown)
}

async fn keep(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: &Cookies,
    user: UserId,
    choice: Choice,
) -> Result<HttpResponse, PageError> {
    let back = href(&actor, user);
    let kept = run(move || {
        let (write_to, busy) = choice.clone();
        match availability::choose(&app, &actor, user, write_to, busy) {
            Err(ChooseError::Invalid(words)) => page(&app, &actor, &frame, user, Some(choice), words).map(Some),
            other => other.map(|_| None).map_err(PageError::from),
        }
    });
    match kept.await?? {
        Some(again) => html(StatusCode::UNPROCESSABLE_ENTITY, &again),
        None => Ok(with_toast(see_other(&back), cookies, &Toast::new("The calendars are set."))),
    }
}

/// The own page has the short address.
fn href(actor: &Actor, user: UserId) -> String {
    match actor.user == Some(user) {
        true => HERE.to_owned(),
        false => format!("{HERE}/{user}"),
    }
}

/// What is stored, or `typed` where a form did not fit.
fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    user: UserId,
    typed: Option<Choice>,
    error: String,
) -> Result<CalendarsPage, PageError> {
    let members = workspaces::list_members(app, actor)?;
    if !members.iter().any(|(member, _)| member.user == user) {
        return Err(PageError::NotFound);
    }
    let offered = availability::offered(app, actor, user)?;
    let stored = availability::calendars_of(&app.store, actor.workspace, user).map_err(ChooseError::from)?;
    let chosen = match typed {
        Some((write_to, conflicts)) => PersonCalendars { write_to, conflicts, ..stored },
        None => stored,
    };
    let may_choose = |of: UserId| actor.user == Some(of) || actor.may(Permission::ManageConnections);
    let people = members.iter().filter(|(member, _)| may_choose(member.user)).map(|(member, account)| Tab {
        href: href(actor, member.user),
        label: account.name.clone(),
        count: String::new(),
        current: member.user == user,
    });
    let people: Vec<Tab> = people.collect();
    Ok(CalendarsPage {
        layout: frame.layout("Calendars"),
        tabs: settings_tabs(actor, HERE),
        people: if people.len() > 1 { people } else { Vec::new() },
        action: href(actor, user),
        is_default: chosen.is_default,
        writes_nowhere: chosen.write_to.is_none(),
        accounts: offered.into_iter().map(|offer| account(offer, &chosen)).collect(),
        can_connect: actor.may(Permission::ManageConnections),
        error,
    })
}

fn account(offer: Offered, chosen: &PersonCalendars) -> Account {
    let id = offer.connection.id;
    let refer = |calendar: &str| CalendarRef { connection: id, calendar: calendar.to_owned() };
    let line = |name: &str, zone: &str, is_writable: bool, one: &CalendarRef| Line {
        value: write_ref(one),
        name: name.to_owned(),
        zone: zone.to_owned(),
        is_writable,
        is_written_to: chosen.write_to.as_ref() == Some(one),
        is_counted: chosen.conflicts.contains(one),
    };
    let (calendars, trouble) = match offer.calendars {
        Ok(entries) => {
            let name = |entry: &crate::providers::calendar::CalendarEntry| match entry.summary.as_str() {
                "" => entry.id.clone(),
                named => named.to_owned(),
            };
            let lines = entries.iter().map(|one| line(&name(one), &one.time_zone, one.is_writable(), &refer(&one.id)));
            (lines.collect(), String::new())
        }
        // What was chosen stays chosen, under the only name that is known.
        Err(reason) => {
            let kept = chosen.counted().into_iter().filter(|one| one.connection == id);
            (kept.map(|one| line(&one.calendar, "", chosen.write_to.as_ref() == Some(&one), &one)).collect(), reason)
        }
    };
    Account {
        address: offer.connection.address.display().to_owned(),
        kind: offer.connection.kind_words(),
        trouble,
        calendars,
    }
}

impl From<ChooseError> for PageError {
    fn from(error: ChooseError) -> Self {
        match error {
            ChooseError::Denied(denied) => denied.into(),
            ChooseError::NotFound => Self::NotFound,
            ChooseError::Invalid(words) => Self::bad_request(words, "Go back and choose again."),
            ChooseError::Store(error) => Self::internal("could not read or keep the calendars of a member", &error),
        }
    }
}
