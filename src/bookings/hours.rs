//! The page of working hours: one line a day, "9:00-12:30, 13:30-17:00".

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form};
use actix_web::HttpResponse;
use askama::Template;

use super::service::BookError;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::availability::{self, OpenHours, Schedule};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::{settings_tabs, zone_choices};
use crate::store::StoreError;

const HERE: &str = "/settings/hours";
/// Name of the field and of the day.
pub(super) const DAYS: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];
/// Stretches of one day.
const MOST_STRETCHES: usize = 6;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/settings/hours").route(web::get().to(page)).route(web::post().to(save)));
}

#[derive(Template)]
#[template(path = "bookings/hours.html")]
struct HoursPage {
    layout: Layout,
    tabs: Vec<Tab>,
    zone: String,
    zones: Vec<Choice>,
    /// Field, label, text.
    days: Vec<(&'static str, &'static str, String)>,
    errors: FieldErrors,
    may_edit: bool,
}

/// GET /settings/hours
async fn page(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ViewCalendar)?;
    let may_edit = actor.may(Permission::ManageWorkspace);
    let by = actor.clone();
    let schedule =
        run(move || availability::schedule_of(&app.store, actor.workspace)).await?.map_err(BookError::from)?;
    let texts = schedule.days.iter().map(|hours| write_hours(hours));
    let days = DAYS.iter().zip(texts).map(|((field, label), text)| (*field, *label, text)).collect();
    let page = HoursPage {
        layout: frame.layout("Working hours"),
        tabs: settings_tabs(&by, HERE),
        zone: schedule.zone.clone(),
        zones: zone_choices(""),
        days,
        errors: FieldErrors::default(),
        may_edit,
    };
    html(StatusCode::OK, &page)
}

/// POST /settings/hours: 303 back; 422 with what was typed when a line does not parse.
async fn save(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageWorkspace)?;
    let (schedule, errors) = read_form(&form);
    if !errors.is_empty() {
        let typed = |field: &str| form.get(field).cloned().unwrap_or_default();
        let page = HoursPage {
            layout: frame.layout("Working hours"),
            tabs: settings_tabs(&actor, HERE),
            zone: typed("zone"),
            zones: zone_choices(""),
            days: DAYS.iter().map(|(field, label)| (*field, *label, typed(field))).collect(),
            errors,
            may_edit: true,
        };
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    run(move || keep(&app, &actor, &schedule)).await?.map_err(BookError::from)?;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("Working hours saved.")))
}

fn keep(app: &App, actor: &Actor, schedule: &Schedule) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        availability::put_schedule(txn, actor.workspace, schedule)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "hours.changed", "workspace", &schedule.zone)
    })
}

pub(super) fn read_form(form: &BTreeMap<String, String>) -> (Schedule, FieldErrors) {
    let mut errors = FieldErrors::default();
    let text = |field: &str| form.get(field).map_or("", |text| text.trim());
    let zone = text("zone").to_owned();
    if jiff::tz::TimeZone::get(&zone).is_err() {
        errors.add("zone", "Choose a time zone of the list, for example Europe/London.");
    }
    let days = DAYS.map(|(field, _)| {
        read_hours(text(field)).unwrap_or_else(|words| {
            errors.add(field, words);
            Vec::new()
        })
    });
    (Schedule { zone, days }, errors)
}

/// "9:00-12:30, 13:30-17:00"; empty: closed. The error is in words for the person.
pub(super) fn read_hours(text: &str) -> Result<Vec<OpenHours>, String> {
    let stretches = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let mut hours = stretches.map(read_stretch).collect::<Result<Vec<_>, _>>()?;
    hours.sort();
    if hours.windows(2).any(|pair| pair[1].from < pair[0].to) {
        return Err("Two of these stretches overlap.".to_owned());
    }
    if hours.len() > MOST_STRETCHES {
        return Err(format!("At most {MOST_STRETCHES} stretches a day."));
    }
    Ok(hours)
}

fn read_stretch(text: &str) -> Result<OpenHours, String> {
    let example = || format!("“{text}” is not a stretch of time. Write it as 9:00-17:00.");
    let (from, to) = text.split_once(['-', '–', '—']).ok_or_else(example)?;
    let hours = OpenHours { from: read_minute(from).ok_or_else(example)?, to: read_minute(to).ok_or_else(example)? };
    if hours.from >= hours.to {
        return Err(format!("“{text}”: the end must be later than the beginning."));
    }
    Ok(hours)
}

/// Minutes after midnight of "9", "9:30" or "24:00".
fn read_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once([':', '.']).unwrap_or((text.trim(), "0"));
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

pub(super) fn write_hours(hours: &[OpenHours]) -> String {
    let clock = |minute: u16| format!("{}:{:02}", minute / 60, minute % 60);
    let stretches = hours.iter().map(|hours| format!("{}-{}", clock(hours.from), clock(hours.to)));
    stretches.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them_and_written_the_same_way() {
        let cases = [
            ("", ""),
            ("9-17", "9:00-17:00"),
            ("9:00-12:30, 13:30 – 17:00", "9:00-12:30, 13:30-17:00"),
            ("13.30-17, 9-12", "9:00-12:00, 13:30-17:00"),
            ("20:00-24:00", "20:00-24:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(write_hours(&read_hours(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_line_says_what_would_be_right() {
        let cases = [
            ("nine to five", "“nine to five” is not a stretch of time. Write it as 9:00-17:00."),
            ("9:00", "“9:00” is not a stretch of time. Write it as 9:00-17:00."),
            ("17:00-9:00", "“17:00-9:00”: the end must be later than the beginning."),
            ("9-12, 11-17", "Two of these stretches overlap."),
            ("9:75-17", "“9:75-17” is not a stretch of time. Write it as 9:00-17:00."),
            ("9-25", "“9-25” is not a stretch of time. Write it as 9:00-17:00."),
        ];
        for (text, expected) in cases {
            assert_eq!(read_hours(text).unwrap_err(), expected, "{text}");
        }
    }
}
