//! GET /b/{workspace}/{event}: a month of free times.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::about::{about, About};
use super::token::{manage_path, read_booking};
use super::visit::{broken, enter, language, languages, layout, zone_of, Chosen, Place};
use super::waitlist;
use super::words::{self as page_words, Words};
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::bookings::store;
use crate::bookings::types::{self, EventType, SlotQuestion};
use crate::bookings::words::{self, fill, Language};
use crate::http::layout::PublicLayout;
use crate::http::ui::Choice;
use crate::http::{html, run, PageError};
use crate::identity::pages::zone_choices;

/// Months that are looked through for the first free time.
const LOOK_AHEAD: i64 = 3;

#[derive(Template)]
#[template(path = "bookings/public_event.html")]
pub(super) struct MonthPage {
    layout: PublicLayout,
    words: &'static Words,
    about: About,
    /// Where a chosen time goes.
    action: String,
    path: String,
    chosen: Chosen,
    /// In words, the address that shows them, and whether they are shown.
    lengths: Vec<(String, String, bool)>,
    minutes: u32,
    /// The month and the day that are shown, as addresses hold them.
    shown: String,
    day: String,
    month: String,
    weekdays: [String; 7],
    /// Empty squares before the first.
    blank: usize,
    days: Vec<DayCell>,
    earlier: Option<String>,
    later: String,
    later_words: String,
    zones: Vec<Choice>,
    zone: String,
    day_words: String,
    /// Instant and clock time.
    slots: Vec<(String, String)>,
    nothing: String,
    /// Where one may wait for what is full, and its words.
    wait: Option<(String, String)>,
    trouble: String,
    /// The time was guessed, so a script may correct the zone.
    may_guess: bool,
    moving: String,
}

struct DayCell {
    number: i8,
    /// Empty where nothing is free.
    href: String,
    label: String,
    is_chosen: bool,
}

/// GET /b/{workspace}/{event}
pub(super) async fn month(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen) = (path.into_inner(), chosen.into_inner());
    let place = enter(&app, &path).await?;
    let language = language(&chosen.lang, &place.event.language, &request);
    let page = run(move || month_page(&app, &place, chosen, language, String::new()));
    html(StatusCode::OK, &page.await??)
}

/// The booking that would move, if the page is for that.
fn moving(app: &App, place: &Place, chosen: &Chosen) -> Result<Option<Booking>, PageError> {
    let Some((workspace, id)) = read_booking(app, &chosen.moves) else { return Ok(None) };
    let booking = store::get(&app.store, workspace, id).map_err(broken)?;
    Ok(booking.filter(|booking| {
        booking.workspace == place.workspace.id && booking.details.event_type == Some(place.event.id)
    }))
}

pub(super) fn month_page(
    app: &App,
    place: &Place,
    chosen: Chosen,
    language: Language,
    trouble: String,
) -> Result<MonthPage, PageError> {
    let (event, words) = (&place.event, page_words::of(language));
    let booking = moving(app, place, &chosen)?;
    let minutes = match &booking {
        Some(booking) => u32::try_from(booking.span().length().as_secs() / 60).unwrap_or(30),
        None => event.duration(chosen.length.parse().ok()),
    };
    let (zone_name, zone) = zone_of(&chosen.tz, &place.workspace.time_zone);
    let today = app.now().in_zone(&zone).date();
    let wanted: Option<Date> = chosen.day.parse().ok().or_else(|| format!("{}-01", chosen.month).parse().ok());
    let opens = event.opens().unwrap_or(today).first_of_month();
    let first_month = today.first_of_month();
    let mut shown = wanted.map_or(opens, |date| date.first_of_month()).max(first_month);
    let mut free = free_of_month(app, event, shown, minutes, &zone, booking.as_ref())?;
    // Without a wish the first month with a free time is shown.
    for _ in 0..LOOK_AHEAD {
        if wanted.is_some() || !free.is_empty() {
            break;
        }
        let next = shown.saturating_add(1.month());
        let then = free_of_month(app, event, next, minutes, &zone, booking.as_ref())?;
        if !then.is_empty() {
            (shown, free) = (next, then);
        }
    }
    let by_day = by_day(&free, &zone);
    let asked: Option<Date> = chosen.day.parse().ok();
    let day = asked.filter(|day| by_day.contains_key(day)).or_else(|| by_day.keys().next().copied());
    let page = format!("/b/{}/{}", place.workspace.slug, event.slug);
    let path = if chosen.is_embedded { format!("{page}/embed") } else { page.clone() };
    let cell = |date: Date| {
        let label = fill(words.free_times, &[("day", &words::day(language, date))]);
        let is_free = by_day.contains_key(&date);
        DayCell {
            number: date.day(),
            href: if is_free { format!("{path}{}", chosen.with(&[("day", &date.to_string())])) } else { String::new() },
            label,
            is_chosen: Some(date) == day,
        }
    };
    let of_month = |month: Date| chosen.with(&[("month", &month.strftime("%Y-%m").to_string())]);
    let later = shown.saturating_add(1.month());
    let wait = match &booking {
        Some(_) => None,
        None => wait(app, event, (shown, minutes, &zone), &free, language)?,
    };
    let wait = wait.map(|said| (format!("{page}/waitlist{}", of_month(shown)), said));
    let clock = |start: &UnixMillis| clock_of(&start.in_zone(&zone));
    let slots = day.and_then(|day| by_day.get(&day)).into_iter().flatten();
    let month = words::month(language, shown);
    let mut layout = layout(&event.name, language, &place.workspace);
    layout.footer.extend(languages(&path, &chosen, language));
    let lengths = event.durations.iter().filter(|_| event.durations.len() > 1 && booking.is_none());
    Ok(MonthPage {
        about: about(app, place, &minutes.to_string(), language)?,
        action: match &booking {
            Some(booking) => format!("{}/move", manage_path(app, booking)),
            None => format!("{page}/hold"),
        },
        lengths: lengths
            .map(|length| {
                let number = length.to_string();
                let href = format!(
                    "{path}{}",
                    chosen.with(&[("length", &number), ("day", &chosen.day), ("month", &chosen.month)])
                );
                (fill(words.minutes, &[("n", &number)]), href, *length == minutes)
            })
            .collect(),
        minutes,
        nothing: match (day, wanted) {
            (Some(_), _) => String::new(),
            (None, None) => words.none_at_all.to_owned(),
            (None, Some(_)) => fill(words.none_in_month, &[("month", &month)]),
        },
        weekdays: words::weekdays(language),
        blank: usize::from(shown.weekday().to_monday_zero_offset().unsigned_abs()),
        days: (0..i64::from(shown.days_in_month())).map(|at| cell(shown.saturating_add(at.days()))).collect(),
        earlier: (shown > first_month).then(|| format!("{path}{}", of_month(shown.saturating_sub(1.month())))),
        later: format!("{path}{}", of_month(later)),
        later_words: words::month(language, later),
        zones: zone_choices(&zone_name),
        zone: zone_name,
        shown: shown.strftime("%Y-%m").to_string(),
        day: day.map(|day| day.to_string()).unwrap_or_default(),
        day_words: day.map(|day| words::day(language, day)).unwrap_or_default(),
        slots: slots.map(|start| (start.to_rfc3339(), clock(start))).collect(),
        may_guess: chosen.tz.is_empty(),
        moving: booking.map(|booking| manage_path(app, &booking)).unwrap_or_default(),
        wait,
        layout,
        words,
        path,
        chosen,
        month,
        trouble,
    })
}

/// "09:30"; of two alike, as the clock is set back, which it is.
pub(super) fn clock_of(time: &jiff::Zoned) -> String {
    format!("{}{}", time.strftime("%H:%M"), words::which_of_two(time))
}

/// What may begin in a month of the visitor; a booking that would move is not in its own way.
pub(super) fn month_question(month: Date, duration: u32, zone: &TimeZone, booking: Option<&Booking>) -> SlotQuestion {
    let (but, own) = (booking.map(|booking| booking.id), booking.map(Booking::span));
    SlotQuestion { from: month, to: month.last_of_month(), zone: zone.clone(), duration, but, own }
}

pub(super) fn free_of_month(
    app: &App,
    event: &EventType,
    month: Date,
    duration: u32,
    zone: &TimeZone,
    booking: Option<&Booking>,
) -> Result<Vec<UnixMillis>, PageError> {
    let question = month_question(month, duration, zone, booking);
    let free = match booking {
        Some(booking) => {
            let of_series = booking.details.series.is_some();
            types::free_starts_with(app, event, &question, (&booking.details.hosts, of_series))
        }
        None => types::free_starts(app, event, &question),
    };
    free.map_err(broken)
}

/// The invitation to wait, where something of the month is full.
fn wait(
    app: &App,
    event: &EventType,
    (month, minutes, zone): (Date, u32, &TimeZone),
    free: &[UnixMillis],
    language: Language,
) -> Result<Option<String>, PageError> {
    let question = month_question(month, minutes, zone, None);
    let full = waitlist::what_is_full(app, event, &question, free).map_err(broken)?;
    let line = waitlist::line_words(language);
    Ok(if full.is_empty() {
        None
    } else if full.month.is_some() {
        Some(fill(line.join_month, &[("month", &words::month(language, month))]))
    } else {
        Some(line.join_other.to_owned())
    })
}

fn by_day(free: &[UnixMillis], zone: &TimeZone) -> BTreeMap<Date, Vec<UnixMillis>> {
    let mut days: BTreeMap<Date, Vec<UnixMillis>> = BTreeMap::new();
    for start in free {
        days.entry(start.in_zone(zone).date()).or_default().push(*start);
    }
    days
}
