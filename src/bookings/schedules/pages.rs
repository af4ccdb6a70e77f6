//! The pages of availability: all hours of a person, and one schedule.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

use super::service::{self, SetupError};
use super::text::{read_overrides, sum_up, write_overrides};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{Away, NamedSchedule, Owner, TimesOf, Trip};
use crate::base::{Mistakes, ScheduleId};
use crate::bookings::away::{on_days_off, OnDaysOff};
use crate::bookings::hours::{self, write_hours, DAYS};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::zone_choices;
use crate::store::StoreError;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/availability").route(web::get().to(list)).route(web::post().to(add)))
        .service(web::resource("/availability/away").route(web::post().to(add_away)))
        .service(web::resource("/availability/trips").route(web::post().to(add_trip)))
        .service(web::resource("/availability/{schedule}").route(web::get().to(show)).route(web::post().to(save)))
        .service(web::resource("/availability/{schedule}/default").route(web::post().to(make_default)))
        .service(web::resource("/availability/{schedule}/duplicate").route(web::post().to(duplicate)))
        .service(web::resource("/availability/{schedule}/remove").route(web::post().to(remove)));
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Whose {
    /// `workspace`, the id of a member, or empty: oneself.
    #[serde(default)]
    person: String,
}

#[derive(Template)]
#[template(path = "bookings/availability.html")]
struct ListPage {
    layout: Layout,
    person: String,
    people: Vec<Choice>,
    heading: String,
    schedules: Vec<Row>,
    away: Vec<AwayRow>,
    trips: Vec<(String, String)>,
    zones: Vec<Choice>,
    typed: BTreeMap<String, String>,
    errors: FieldErrors,
    may_change: bool,
}

struct Row {
    href: String,
    name: String,
    hours: String,
    zone: String,
    differ: String,
    is_default: bool,
}

struct AwayRow {
    days: String,
    note: String,
    /// What stands on them all the same.
    meetings: OnDaysOff,
}

impl ListPage {
    fn typed(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

/// GET /availability
async fn list(app: Data<App>, actor: Actor, frame: Frame, whose: Query<Whose>) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Availability");
    let page = run(move || {
        let owner = service::read_owner(&actor, &whose.person)?;
        read_list(&app, &actor, owner, layout)
    });
    html(StatusCode::OK, &page.await??)
}

fn read_list(app: &App, actor: &Actor, owner: Owner, layout: Layout) -> Result<ListPage, SetupError> {
    let times = service::get(app, actor, owner)?;
    let members = service::members(app, actor)?;
    let name = |owner: Owner| match owner {
        Owner::Workspace => "the workspace".to_owned(),
        Owner::Person(user) => {
            members.iter().find(|member| member.id == user).map_or_else(String::new, |found| found.name.clone())
        }
    };
    let mut people: Vec<Choice> =
        members.iter().map(|member| Choice { value: member.id.to_string(), label: member.name.clone() }).collect();
    people
        .push(Choice { value: "workspace".into(), label: "The workspace (workers, and whoever has set none)".into() });
    let is_own = matches!(owner, Owner::Person(user) if actor.user == Some(user));
    let person = service::owner_word(owner);
    let row = |own: &NamedSchedule| Row {
        href: format!("/availability/{}?person={person}", own.id),
        name: own.name.clone(),
        hours: sum_up(&own.hours),
        zone: own.hours.zone.clone(),
        differ: match own.overrides.len() {
            0 => String::new(),
            1 => ", 1 day differs".to_owned(),
            days => format!(", {days} days differ"),
        },
        is_default: own.is_default,
    };
    let days = |from: Date, to: Option<Date>| match to {
        Some(to) if to == from => from.strftime("%-d %b %Y").to_string(),
        Some(to) => format!("{} to {}", from.strftime("%-d %b %Y"), to.strftime("%-d %b %Y")),
        None => format!("From {} on", from.strftime("%-d %b %Y")),
    };
    let away = times.away.iter().map(|away| {
        let meetings = on_days_off(app, actor, (owner, &times), away)?;
        Ok(AwayRow { days: days(away.from, Some(away.to)), note: away.note.clone(), meetings })
    });
    let away = away.collect::<Result<_, StoreError>>()?;
    let trips = times.trips.iter().map(|trip| (days(trip.from, trip.to), trip.zone.clone())).collect();
    Ok(ListPage {
        heading: if is_own { "Your availability".to_owned() } else { format!("Availability of {}", name(owner)) },
        schedules: times.schedules.iter().map(row).collect(),
        away,
        trips,
        zones: zone_choices(""),
        typed: BTreeMap::new(),
        errors: FieldErrors::default(),
        may_change: service::may_change(actor, owner),
        layout,
        person,
        people,
    })
}

type Fields = Form<BTreeMap<String, String>>;

fn text<'a>(form: &'a BTreeMap<String, String>, field: &str) -> &'a str {
    form.get(field).map_or("", |text| text.trim())
}

fn read_date(form: &BTreeMap<String, String>, field: &'static str, wrong: &mut Mistakes) -> Option<Date> {
    wrong.keep(field, text(form, field).parse().map_err(|_| "Choose a day, for example 2026-12-24."))
}

/// Changes the hours that the form names; 303 back, or 422 with what was typed.
async fn change_list(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Fields,
    done: &'static str,
    act: impl Fn(&mut TimesOf, &BTreeMap<String, String>) -> Result<(), Mistakes> + Send + 'static,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let layout = frame.layout("Availability");
    let outcome = run(move || {
        let owner = service::read_owner(&actor, text(&form, "person"))?;
        match service::change(&app, &actor, owner, |times| act(times, &form).map_err(SetupError::Invalid)) {
            Ok(_) => Ok(Ok(format!("/availability?person={}", service::owner_word(owner)))),
            Err(SetupError::Invalid(wrong)) => {
                let page = read_list(&app, &actor, owner, layout)?;
                Ok(Err(Box::new(ListPage { typed: form, errors: wrong.into(), ..page })))
            }
            Err(error) => Err(error),
        }
    });
    match outcome.await?? {
        Ok(back) => Ok(with_toast(see_other(&back), &cookies, &Toast::new(done))),
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// POST /availability/away: a stretch of days off more, or, with `remove`, one less.
async fn add_away(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    change_list(app, actor, frame, cookies, form, "Saved.", |times, form| {
        if let Ok(at) = text(form, "remove").parse::<usize>() {
            times.away = without(&times.away, at);
            return Ok(());
        }
        let mut wrong = Mistakes::default();
        let dates = read_date(form, "away_from", &mut wrong).zip(read_date(form, "away_to", &mut wrong));
        wrong.into_result()?;
        if let Some((from, to)) = dates {
            check_order(from, Some(to), "away_to")?;
            times.away.push(Away { from, to, note: text(form, "note").to_owned() });
            times.away.sort_by_key(|away| away.from);
        }
        Ok(())
    })
    .await
}

/// POST /availability/trips
async fn add_trip(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    change_list(app, actor, frame, cookies, form, "Saved.", |times, form| {
        if let Ok(at) = text(form, "remove").parse::<usize>() {
            times.trips = without(&times.trips, at);
            return Ok(());
        }
        let mut wrong = Mistakes::default();
        let from = read_date(form, "trip_from", &mut wrong);
        let to = match text(form, "trip_to") {
            "" => None,
            _ => read_date(form, "trip_to", &mut wrong),
        };
        let zone = text(form, "trip_zone").to_owned();
        wrong.expect(jiff::tz::TimeZone::get(&zone).is_ok(), "trip_zone", "Choose a time zone of the list.");
        wrong.into_result()?;
        if let Some(from) = from {
            check_order(from, to, "trip_to")?;
            times.trips.push(Trip { from, to, zone });
            times.trips.sort_by_key(|trip| trip.from);
        }
        Ok(())
    })
    .await
}

fn check_order(from: Date, to: Option<Date>, field: &'static str) -> Result<(), Mistakes> {
    match to {
        Some(to) if to < from => Err(Mistakes::one(field, "The last day must not be before the first.")),
        _ => Ok(()),
    }
}

fn without<T: Clone>(all: &[T], at: usize) -> Vec<T> {
    all.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, one)| one.clone()).collect()
}

/// POST /availability: a new schedule with the hours of the default one; 303 to its page.
async fn add(app: Data<App>, actor: Actor, form: Fields) -> Result<HttpResponse, PageError> {
    let id = ScheduleId::new(app.now());
    let to = run(move || {
        let owner = service::read_owner(&actor, text(&form, "person"))?;
        let name = match text(&form, "name") {
            "" => "Another schedule".to_owned(),
            name => name.chars().take(80).collect(),
        };
        service::change(&app, &actor, owner, |times| {
            let own = NamedSchedule { id, name: name.clone(), is_default: false, ..times.default().clone() };
            times.schedules.push(own);
            Ok(())
        })?;
        Ok::<_, SetupError>(format!("/availability/{id}?person={}", service::owner_word(owner)))
    });
    Ok(see_other(&to.await??))
}

#[derive(Template)]
#[template(path = "bookings/schedule.html")]
struct SchedulePage {
    layout: Layout,
    person: String,
    id: ScheduleId,
    name: String,
    zone: String,
    zones: Vec<Choice>,
    /// Field, label, text.
    days: Vec<(&'static str, &'static str, String)>,
    overrides: String,
    is_default: bool,
    errors: FieldErrors,
    may_change: bool,
}

fn find(times: &TimesOf, id: ScheduleId) -> Result<&NamedSchedule, SetupError> {
    times.schedules.iter().find(|own| own.id == id).ok_or(SetupError::NotFound)
}

/// GET /availability/{schedule}
async fn show(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<ScheduleId>,
    whose: Query<Whose>,
) -> Result<HttpResponse, PageError> {
    let (id, layout) = (path.into_inner(), frame.layout("Availability"));
    let page = run(move || {
        let owner = service::read_owner(&actor, &whose.person)?;
        schedule_page(&app, &actor, owner, id, layout)
    });
    html(StatusCode::OK, &page.await??)
}

fn schedule_page(
    app: &App,
    actor: &Actor,
    owner: Owner,
    id: ScheduleId,
    layout: Layout,
) -> Result<SchedulePage, SetupError> {
    let times = service::get(app, actor, owner)?;
    let own = find(&times, id)?;
    let texts = own.hours.days.iter().map(|hours| write_hours(hours));
    Ok(SchedulePage {
        layout,
        person: service::owner_word(owner),
        id,
        name: own.name.clone(),
        zone: own.hours.zone.clone(),
        zones: zone_choices(""),
        days: DAYS.iter().zip(texts).map(|((field, label), text)| (*field, *label, text)).collect(),
        overrides: write_overrides(&own.overrides),
        is_default: own.is_default,
        errors: FieldErrors::default(),
        may_change: service::may_change(actor, owner),
    })
}

/// POST /availability/{schedule}: 303 to the list; 422 with what was typed.
async fn save(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<ScheduleId>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::EditBookings)?;
    let (id, form, layout) = (path.into_inner(), form.into_inner(), frame.layout("Availability"));
    let outcome = run(move || {
        let owner = service::read_owner(&actor, text(&form, "person"))?;
        let (hours, mut errors) = hours::read_form(&form);
        let overrides = read_overrides(text(&form, "overrides")).unwrap_or_else(|words| {
            errors.add("overrides", words);
            Vec::new()
        });
        let name = text(&form, "name").to_owned();
        if errors.is_empty() {
            let changed = service::change(&app, &actor, owner, |times| {
                let own = times.schedules.iter_mut().find(|own| own.id == id).ok_or(SetupError::NotFound)?;
                own.name.clone_from(&name);
                own.hours = hours.clone();
                own.overrides.clone_from(&overrides);
                Ok(())
            });
            match changed {
                Ok(_) => return Ok(Ok(format!("/availability?person={}", service::owner_word(owner)))),
                Err(SetupError::Invalid(wrong)) => errors.add_mistakes(wrong),
                Err(error) => return Err(error),
            }
        }
        let page = schedule_page(&app, &actor, owner, id, layout)?;
        let days = DAYS.iter().map(|(field, label)| (*field, *label, text(&form, field).to_owned())).collect();
        let zone = text(&form, "zone").to_owned();
        let overrides = form.get("overrides").cloned().unwrap_or_default();
        Ok(Err(Box::new(SchedulePage { name, zone, days, overrides, errors, ..page })))
    });
    match outcome.await?? {
        Ok(back) => Ok(with_toast(see_other(&back), &cookies, &Toast::new("Saved."))),
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// One act on a schedule; 303 to the list.
async fn act_on(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    form: Fields,
    done: &'static str,
    act: impl Fn(&mut TimesOf) -> Result<(), SetupError> + Send + 'static,
) -> Result<HttpResponse, PageError> {
    let back = run(move || {
        let owner = service::read_owner(&actor, text(&form, "person"))?;
        service::change(&app, &actor, owner, act)?;
        Ok::<_, SetupError>(format!("/availability?person={}", service::owner_word(owner)))
    });
    Ok(with_toast(see_other(&back.await??), &cookies, &Toast::new(done)))
}

/// POST /availability/{schedule}/default
async fn make_default(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<ScheduleId>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    act_on(app, actor, cookies, form, "It is the default now.", move |times| {
        find(times, id)?;
        times.schedules.iter_mut().for_each(|own| own.is_default = own.id == id);
        Ok(())
    })
    .await
}

/// POST /availability/{schedule}/duplicate
async fn duplicate(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<ScheduleId>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    let (id, new) = (path.into_inner(), ScheduleId::new(app.now()));
    act_on(app, actor, cookies, form, "Duplicated.", move |times| {
        let own = find(times, id)?;
        let name: String = format!("{} (copy)", own.name).chars().take(80).collect();
        let copy = NamedSchedule { id: new, name, is_default: false, ..own.clone() };
        times.schedules.push(copy);
        Ok(())
    })
    .await
}

/// POST /availability/{schedule}/remove: event types that took it take the default one from then on.
async fn remove(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<ScheduleId>,
    form: Fields,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    act_on(app, actor, cookies, form, "Removed.", move |times| {
        if find(times, id)?.is_default {
            let words = "The default schedule stays. Make another one the default first.";
            return Err(SetupError::Invalid(Mistakes::one("schedules", words)));
        }
        times.schedules.retain(|own| own.id != id);
        Ok(())
    })
    .await
}
