//! The pages of event types: the list, the form, and why a time is not offered.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use jiff::civil::{Date, Time};
use serde::Deserialize;

use super::form::{self, Typed};
use super::model::{EventType, Kind, Price, LANGUAGES};
use super::service;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Every, Owner};
use crate::base::{EventTypeId, RoomId, UserId};
use crate::bookings::schedules::{members, SetupError};
use crate::connections;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{language_name, Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::meetings::{self, Location};
use crate::payments;
use crate::workspaces;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/event-types").route(web::get().to(list)))
        .service(web::resource("/event-types/new").route(web::get().to(new)).route(web::post().to(create)))
        .service(web::resource("/event-types/rooms").route(web::post().to(add_room)))
        .service(web::resource("/event-types/rooms/{room}/remove").route(web::post().to(remove_room)))
        .service(web::resource("/event-types/{event}").route(web::get().to(show)).route(web::post().to(save)))
        .service(web::resource("/event-types/{event}/open").route(web::post().to(open)))
        .service(web::resource("/event-types/{event}/close").route(web::post().to(close)))
        .service(web::resource("/event-types/{event}/duplicate").route(web::post().to(duplicate)))
        .service(web::resource("/event-types/{event}/why").route(web::get().to(why)));
}

#[derive(Template)]
#[template(path = "bookings/event_types.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    public: String,
    rooms: Vec<(String, String)>,
    room_error: String,
    may_edit: bool,
}

struct Row {
    id: String,
    name: String,
    address: String,
    about: String,
    is_open: bool,
}

/// "Zoom", "2 Mill Lane".
fn where_(location: &Location) -> String {
    match location.detail() {
        "" => location.words().to_owned(),
        detail => detail.to_owned(),
    }
}

fn about(event: &EventType, hosts: &str) -> String {
    let minutes = event.durations.iter().map(u32::to_string).collect::<Vec<_>>().join(" or ");
    let mut parts = vec![format!("{minutes} minutes"), where_(&event.location)];
    if !hosts.is_empty() {
        parts.push(format!("with {hosts}"));
    }
    parts.extend(event.repeats.map(|repeats| repeats.words()));
    parts.extend(event.seats.filter(|seats| *seats > 1).map(|seats| format!("{seats} seats")));
    let each = if event.repeats.is_some() { " for each date" } else { "" };
    let price = |price: &Price| format!("{}{each}", payments::amount_words(price.amount, &price.currency));
    parts.extend(event.price.as_ref().map(price));
    parts.extend(event.needs_approval.then(|| "somebody agrees first".to_owned()));
    parts.extend(event.waitlist.map(|_| "waitlist".to_owned()));
    parts.join(" · ")
}

fn read_list(app: &App, actor: &Actor, layout: Layout, room_error: String) -> Result<ListPage, SetupError> {
    let people = members(app, actor)?;
    let slug = workspaces::get(&app.store, actor.workspace)?.map(|workspace| workspace.slug).unwrap_or_default();
    let rows = service::list(app, actor)?.into_iter().map(|event| {
        let name = |user: UserId| people.iter().find(|member| member.id == user).map(|member| member.name.as_str());
        let hosts: Vec<&str> = event.hosts.iter().filter_map(|host| name(host.user)).collect();
        Row {
            id: event.id.to_string(),
            address: app.url(&format!("/b/{slug}/{}", event.slug)),
            about: about(&event, &hosts.join(", ")),
            is_open: event.is_open,
            name: event.name,
        }
    });
    Ok(ListPage {
        rows: rows.collect(),
        public: app.url(&format!("/b/{slug}")),
        rooms: service::rooms(app, actor)?.into_iter().map(|room| (room.id.to_string(), room.name)).collect(),
        may_edit: actor.may(Permission::EditBookings),
        room_error,
        layout,
    })
}

/// GET /event-types
async fn list(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Event types");
    html(StatusCode::OK, &run(move || read_list(&app, &actor, layout, String::new())).await??)
}

#[derive(Template)]
#[template(path = "bookings/event_type.html")]
struct FormPage {
    layout: Layout,
    /// Empty for a new one.
    id: String,
    heading: String,
    address: String,
    /// Lines for the customer's own site.
    embed_script: String,
    embed_inline: String,
    embed_popup: String,
    embed_button: String,
    is_open: bool,
    typed: Typed,
    /// The fields of a new event type, for telling what was changed.
    plain: Typed,
    people: Vec<HostRow>,
    rooms: Vec<(String, String)>,
    languages: Vec<Choice>,
    /// An account is connected that visitors pay to.
    takes_money: bool,
    locations: Vec<Choice>,
    questions: Vec<QuestionRow>,
    errors: FieldErrors,
    may_edit: bool,
    /// The day and time that were asked about, and the answer.
    why: Option<WhyShown>,
}

struct HostRow {
    user: String,
    name: String,
    is_host: bool,
    weight: String,
    schedules: Vec<Choice>,
    schedule: String,
}

struct QuestionRow {
    at: usize,
    label: String,
    kind: String,
    choices: String,
    is_required: bool,
}

struct WhyShown {
    date: String,
    time: String,
    is_offered: bool,
    words: String,
}

impl FormPage {
    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }

    fn is_on(&self, field: &str) -> bool {
        self.typed.contains_key(field)
    }

    fn kinds(&self) -> Vec<Choice> {
        Kind::ALL.iter().map(|(_, value, label)| choice(value, label)).collect()
    }

    fn action(&self) -> String {
        if self.id.is_empty() {
            "/event-types/new".to_owned()
        } else {
            format!("/event-types/{}", self.id)
        }
    }
}

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

fn choices(all: &[(&str, &str)]) -> Vec<Choice> {
    all.iter().map(|(value, label)| choice(value, label)).collect()
}

/// Parts of the form that most owners leave as they are, with their fields. Questions and rooms are looked at apart.
const PARTS: [(&str, &[&str]); 7] = [
    ("group", &["seats", "rooms"]),
    ("starts", &["step", "align", "buffer_before", "buffer_after", "hold_minutes"]),
    ("series", &["repeats", "repeat_interval", "repeat_dates", "repeat_chosen"]),
    ("limits", &["per_day", "per_week", "per_month", "minutes_per_day", "minutes_per_week", "minutes_per_month"]),
    ("price", &["price", "currency", "free_until", "late_percent"]),
    ("asked", &["questions", "guests"]),
    ("after", &["cut_off", "needs_reason", "waitlist", "offer_minutes"]),
];

impl FormPage {
    /// A part stands open where something in it is not as in a new event type, or is wrong.
    fn opens(&self, part: &str) -> bool {
        let fields = PARTS.iter().find(|(name, _)| *name == part).map_or(&[][..], |(_, fields)| *fields);
        let differs =
            |field: &&str| self.typed.get(*field) != self.plain.get(*field) || !self.errors.of(field).is_empty();
        let has_more = match part {
            "group" => self.typed.keys().any(|field| field.starts_with("room-")),
            "asked" => self.questions.iter().any(|row| !row.label.is_empty()),
            _ => false,
        };
        has_more || fields.iter().any(differs)
    }

    /// What is wrong, each with the name of its place: id of the field, name, words.
    fn mistakes(&self) -> Vec<(&'static str, &'static str, &str)> {
        self.errors.iter().map(|(field, words)| (*field, form::name_of(field), words.as_str())).collect()
    }

    fn horizons(&self) -> Vec<Choice> {
        choices(&[
            ("days", "Days from today"),
            ("business_days", "Working days from today"),
            ("range", "Between two dates"),
        ])
    }

    fn aligns(&self) -> Vec<Choice> {
        choices(&[("window", "From the opening of the day"), ("clock", "At round times of each free stretch")])
    }

    fn repeats(&self) -> Vec<Choice> {
        std::iter::once(choice("", "One date")).chain(choices(&Every::CHOICES)).collect()
    }

    fn assignments(&self) -> Vec<Choice> {
        choices(&[("collective", "All hosts together"), ("round_robin", "One of the hosts in turn")])
    }
}

fn form_page(
    app: &App,
    actor: &Actor,
    layout: Layout,
    event: &EventType,
    typed: Typed,
    errors: FieldErrors,
) -> Result<FormPage, SetupError> {
    let slug = workspaces::get(&app.store, actor.workspace)?.map(|workspace| workspace.slug).unwrap_or_default();
    let mut people = Vec::new();
    for member in members(app, actor)? {
        let times = availability::times_of(&app.store, actor.workspace, Owner::Person(member.id))?;
        let mut schedules = vec![choice("", "Default")];
        schedules.extend(times.schedules.iter().map(|own| choice(&own.id.to_string(), &own.name)));
        let field = |name: &str| typed.get(&format!("{name}-{}", member.id)).cloned();
        people.push(HostRow {
            user: member.id.to_string(),
            name: member.name,
            is_host: field("host").is_some(),
            weight: field("weight").unwrap_or_else(|| "1".to_owned()),
            schedules,
            schedule: field("schedule").unwrap_or_default(),
        });
    }
    let mut languages = vec![choice("", "The visitor’s own")];
    languages.extend(LANGUAGES.iter().map(|tag| choice(tag, &language_name(tag))));
    let field = |name: String| typed.get(&name).cloned();
    let questions = (0..form::question_rows(&typed)).map(|at| QuestionRow {
        at,
        label: field(format!("q-{at}")).unwrap_or_default(),
        kind: field(format!("q-{at}-kind")).unwrap_or_default(),
        choices: field(format!("q-{at}-choices")).unwrap_or_default(),
        is_required: field(format!("q-{at}-required")).is_some(),
    });
    let is_new = event.slug.is_empty();
    let address = app.url(&format!("/b/{slug}/{}", event.slug));
    Ok(FormPage {
        layout,
        id: if is_new { String::new() } else { event.id.to_string() },
        heading: if is_new { "New event type".to_owned() } else { event.name.clone() },
        embed_script: format!("<script async src=\"{}\"></script>", app.url("/b/embed.js")),
        embed_inline: format!("<div data-launchyard=\"{address}\"></div>"),
        embed_popup: format!("<a href=\"{address}\" data-launchyard-popup>Book a time</a>"),
        embed_button: format!("<a href=\"{address}\" data-launchyard-button>Book a time</a>"),
        address: if is_new { String::new() } else { address },
        is_open: event.is_open,
        people,
        rooms: service::rooms(app, actor)?.into_iter().map(|room| (room.id.to_string(), room.name)).collect(),
        languages,
        takes_money: app.store.read(|txn| payments::is_ready(txn, actor.workspace))?,
        locations: meetings::choices(&connections::list(&app.store, actor.workspace)?, &event.location),
        questions: questions.collect(),
        errors,
        may_edit: actor.may(Permission::EditBookings),
        why: None,
        plain: form::write(&blank(app, actor)),
        typed,
    })
}

fn blank(app: &App, actor: &Actor) -> EventType {
    let now = app.now();
    EventType::new(EventTypeId::new(now), actor.workspace, actor.user, now)
}

/// GET /event-types/new
async fn new(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("New event type");
    let page = run(move || {
        let event = blank(&app, &actor);
        form_page(&app, &actor, layout, &event, form::write(&event), FieldErrors::default())
    });
    html(StatusCode::OK, &page.await??)
}

/// Reads the form and writes what it says; 303, or 422 with what was typed.
async fn write(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Option<EventTypeId>,
    typed: Typed,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let layout = frame.layout("Event type");
    let outcome = run(move || {
        let before = match id {
            Some(id) => service::get(&app, &actor, id)?,
            None => blank(&app, &actor),
        };
        let people: Vec<UserId> = members(&app, &actor)?.into_iter().map(|member| member.id).collect();
        let read = form::read(&typed, &before, &people).map_err(SetupError::Invalid);
        match read.and_then(|event| service::save(&app, &actor, event)) {
            Ok(event) => Ok(Ok(event.id)),
            Err(SetupError::Invalid(wrong)) => {
                form_page(&app, &actor, layout, &before, typed, wrong.into()).map(|page| Err(Box::new(page)))
            }
            Err(error) => Err(error),
        }
    });
    match outcome.await?? {
        Ok(id) => Ok(with_toast(see_other(&format!("/event-types/{id}")), &cookies, &Toast::new("Saved."))),
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// POST /event-types/new
async fn create(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    write(app, actor, frame, cookies, None, form.into_inner()).await
}

/// GET /event-types/{event}
async fn show(app: Data<App>, actor: Actor, frame: Frame, path: Path<EventTypeId>) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Event type");
    let page = run(move || {
        let event = service::get(&app, &actor, path.into_inner())?;
        form_page(&app, &actor, layout, &event, form::write(&event), FieldErrors::default())
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /event-types/{event}
async fn save(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<EventTypeId>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    write(app, actor, frame, cookies, Some(path.into_inner()), form.into_inner()).await
}

/// POST /event-types/{event}/open
async fn open(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<EventTypeId>,
) -> Result<HttpResponse, PageError> {
    run(move || service::set_open(&app, &actor, path.into_inner(), true)).await??;
    Ok(with_toast(see_other("/event-types"), &cookies, &Toast::new("It can be booked now.")))
}

/// POST /event-types/{event}/close
async fn close(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<EventTypeId>,
) -> Result<HttpResponse, PageError> {
    run(move || service::set_open(&app, &actor, path.into_inner(), false)).await??;
    Ok(with_toast(see_other("/event-types"), &cookies, &Toast::new("Switched off. What is booked stays.")))
}

/// POST /event-types/{event}/duplicate: 303 to the copy.
async fn duplicate(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<EventTypeId>,
) -> Result<HttpResponse, PageError> {
    let copy = run(move || service::duplicate(&app, &actor, path.into_inner())).await??;
    let toast = Toast::new("Duplicated. The copy is switched off.");
    Ok(with_toast(see_other(&format!("/event-types/{}", copy.id)), &cookies, &toast))
}

#[derive(Deserialize)]
struct RoomForm {
    #[serde(default)]
    room: String,
}

/// POST /event-types/rooms
async fn add_room(app: Data<App>, actor: Actor, frame: Frame, form: Form<RoomForm>) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Event types");
    let refused = run(move || match service::add_room(&app, &actor, &form.room) {
        Ok(_) => Ok(None),
        Err(SetupError::Invalid(wrong)) => read_list(&app, &actor, layout, wrong.words()).map(Some),
        Err(error) => Err(error),
    });
    match refused.await?? {
        None => Ok(see_other("/event-types")),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

/// POST /event-types/rooms/{room}/remove
async fn remove_room(app: Data<App>, actor: Actor, path: Path<RoomId>) -> Result<HttpResponse, PageError> {
    run(move || service::remove_room(&app, &actor, path.into_inner())).await??;
    Ok(see_other("/event-types"))
}

#[derive(Deserialize)]
struct WhyQuery {
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
}

/// GET /event-types/{event}/why: the form again, with the answer. The time is on the first host's clock.
async fn why(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<EventTypeId>,
    query: Query<WhyQuery>,
) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Event type");
    let page = run(move || {
        let event = service::get(&app, &actor, path.into_inner())?;
        let page = form_page(&app, &actor, layout, &event, form::write(&event), FieldErrors::default())?;
        let host = event.hosts.first().map_or(Owner::Workspace, |host| Owner::Person(host.user));
        let schedule = event.hosts.first().and_then(|host| host.schedule);
        let zone = availability::times_of(&app.store, actor.workspace, host)?.open_times(schedule).zone;
        let date = query.date.parse::<Date>().ok();
        let at = date.zip(query.time.parse::<Time>().ok());
        let at = at.and_then(|(date, time)| date.to_datetime(time).to_zoned(zone).ok());
        let (is_offered, words) = match at {
            None => (false, "Choose a day and write the time as 10:30.".to_owned()),
            Some(at) => {
                let why = service::why(&app, &actor, event.id, at.timestamp().into(), None)?;
                (why.rule.is_none(), why.words)
            }
        };
        let why = WhyShown { date: query.date.clone(), time: query.time.clone(), is_offered, words };
        Ok::<_, SetupError>(FormPage { why: Some(why), ..page })
    });
    html(StatusCode::OK, &page.await??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bookings::types::{Price, Repeats};
    use crate::testing;

    fn drawn(event: &EventType, errors: FieldErrors) -> String {
        let test = testing::app();
        let page = form_page(&test.app, &test.owner, Layout::default(), event, form::write(event), errors).unwrap();
        page.render().unwrap()
    }

    /// Whether the part with this heading stands open.
    fn is_open(page: &str, heading: &str) -> bool {
        let (before, _) = page.split_once(heading).unwrap();
        let (_, tag) = before.rsplit_once("<details").unwrap();
        tag.split('>').next().unwrap().ends_with(" open")
    }

    #[test]
    fn a_part_that_few_need_opens_where_it_was_changed_or_is_wrong() {
        let test = testing::app();
        let new = blank(&test.app, &test.owner);
        let headings =
            ["A group, or a room", "How often", "At most", "What it costs", "What visitors are asked", "Changes"];
        let open = |page: &str| headings.into_iter().filter(|heading| is_open(page, heading)).collect::<Vec<_>>();
        assert_eq!(open(&drawn(&new, FieldErrors::default())), [""; 0]);
        let changed = EventType { seats: Some(8), needs_reason: true, ..new.clone() };
        assert_eq!(open(&drawn(&changed, FieldErrors::default())), ["A group, or a room", "Changes"]);
        let mut errors = FieldErrors::default();
        errors.add("per_day", "Write a whole number.");
        let page = drawn(&new, errors);
        assert_eq!(open(&page), ["At most"]);
        assert!(page.contains(r##"<a href="#per_day">Bookings a day: Write a whole number."##), "{page}");
    }

    #[test]
    fn the_list_says_what_is_special_about_an_event_type() {
        let test = testing::app();
        let new = blank(&test.app, &test.owner);
        let price = Some(Price { amount: 4900, currency: "EUR".into(), free_until: 0, late_percent: 0 });
        let event = EventType { seats: Some(8), price, needs_approval: true, ..new.clone() };
        let words = about(&event, "Nora");
        assert!(
            words.contains("8 seats") && words.contains("49") && words.ends_with("somebody agrees first"),
            "{words}"
        );
        let series = EventType { repeats: Some(Repeats::default()), ..new };
        assert!(about(&series, "").ends_with("every week, up to 8 dates"), "{}", about(&series, ""));
    }
}
