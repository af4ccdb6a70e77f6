//! The form of an event type: fields as texts, and what they say.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::model::{
    slug_of, Align, Assignment, EventType, Horizon, HostOf, Kind, Limits, Price, Question, Repeats, Waitlist,
};
use crate::availability::Every;
use crate::base::{Mistakes, UserId};
use crate::meetings;
use crate::payments;

/// What the form calls its fields, for naming where something is wrong.
const NAMES: [(&str, &str); 35] = [
    ("name", "Name"),
    ("slug", "Address"),
    ("description", "What visitors read"),
    ("durations", "Length in minutes"),
    ("location", "Where"),
    ("location_detail", "Link, place or number"),
    ("language", "Language"),
    ("hosts", "Hosts"),
    ("seats", "Seats"),
    ("rooms", "Rooms"),
    ("step", "Minutes between starts"),
    ("buffer_before", "Minutes free before"),
    ("buffer_after", "Minutes free after"),
    ("notice", "Notice in minutes"),
    ("hold_minutes", "Kept while the form is open"),
    ("horizon_days", "Bookable for so many days"),
    ("horizon_from", "Bookable from"),
    ("horizon_to", "Bookable to"),
    ("repeats", "Series"),
    ("repeat_interval", "Every so many days, weeks or months"),
    ("repeat_dates", "Dates of a series"),
    ("per_day", "Bookings a day"),
    ("per_week", "Bookings a week"),
    ("per_month", "Bookings a month"),
    ("minutes_per_day", "Minutes a day"),
    ("minutes_per_week", "Minutes a week"),
    ("minutes_per_month", "Minutes a month"),
    ("price", "Price"),
    ("currency", "Currency"),
    ("free_until", "Paid back whole until"),
    ("late_percent", "Percent paid back later"),
    ("questions", "Questions"),
    ("guests", "Others whom a visitor may bring"),
    ("cut_off", "Until when a visitor may change it"),
    ("offer_minutes", "Minutes for which a freed time is kept"),
];

/// The name that the form gives to a field.
pub fn name_of(field: &str) -> &'static str {
    NAMES.iter().find(|(name, _)| *name == field).map_or("", |(_, name)| name)
}

/// Empty rows of questions at the end of the form.
const MORE_QUESTIONS: usize = 3;

/// Names and values as the browser sent them; boxes that are not ticked are absent.
pub type Typed = BTreeMap<String, String>;

fn text<'a>(typed: &'a Typed, field: &str) -> &'a str {
    typed.get(field).map_or("", |text| text.trim())
}

fn set(typed: &mut Typed, field: &str, value: impl ToString) {
    typed.insert(field.to_owned(), value.to_string());
}

fn tick(typed: &mut Typed, field: &str, on: bool) {
    if on {
        set(typed, field, "on");
    }
}

/// The limits by their fields.
const LIMITS: [(&str, fn(&mut Limits) -> &mut Option<u32>); 6] = [
    ("per_day", |limits| &mut limits.per_day),
    ("per_week", |limits| &mut limits.per_week),
    ("per_month", |limits| &mut limits.per_month),
    ("minutes_per_day", |limits| &mut limits.minutes_per_day),
    ("minutes_per_week", |limits| &mut limits.minutes_per_week),
    ("minutes_per_month", |limits| &mut limits.minutes_per_month),
];

/// The fields of a form that shows an event type.
pub fn write(event: &EventType) -> Typed {
    let mut typed = Typed::new();
    let fields = [
        ("name", event.name.clone()),
        ("slug", event.slug.clone()),
        ("description", event.description.clone()),
        ("durations", event.durations.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
        ("step", event.step.to_string()),
        ("buffer_before", event.buffer_before.to_string()),
        ("buffer_after", event.buffer_after.to_string()),
        ("notice", event.notice.to_string()),
        ("cut_off", event.cut_off.to_string()),
        ("hold_minutes", event.hold_minutes.to_string()),
        ("guests", event.guests.to_string()),
        ("language", event.language.clone()),
        ("location", meetings::value_of(&event.location)),
        ("location_detail", event.location.detail().to_owned()),
        (
            "price",
            event
                .price
                .as_ref()
                .map(|price| payments::amount_figure(price.amount, &price.currency))
                .unwrap_or_default(),
        ),
        ("currency", event.price.as_ref().map_or("EUR", |price| &price.currency).to_owned()),
        ("free_until", (event.price.as_ref().map_or(24 * 60, |price| price.free_until) / 60).to_string()),
        ("late_percent", event.price.as_ref().map_or(0, |price| price.late_percent).to_string()),
        ("offer_minutes", event.waitlist.unwrap_or_default().offer_minutes.to_string()),
        ("align", if event.align == Align::Clock { "clock" } else { "window" }.to_owned()),
        (
            "assignment",
            if event.assignment == Assignment::RoundRobin { "round_robin" } else { "collective" }.to_owned(),
        ),
        ("seats", event.seats.map(|seats| seats.to_string()).unwrap_or_default()),
        ("repeats", event.repeats.map_or("", |repeats| repeats.every.as_str()).to_owned()),
        ("repeat_interval", event.repeats.unwrap_or_default().interval.to_string()),
        ("repeat_dates", event.repeats.unwrap_or_default().dates.to_string()),
    ];
    for (field, value) in fields {
        set(&mut typed, field, value);
    }
    let mut limits = event.limits;
    for (field, limit) in LIMITS {
        set(&mut typed, field, limit(&mut limits).map(|most| most.to_string()).unwrap_or_default());
    }
    match event.horizon {
        Horizon::RollingDays { days } => {
            set(&mut typed, "horizon", "days");
            set(&mut typed, "horizon_days", days);
        }
        Horizon::RollingBusinessDays { days } => {
            set(&mut typed, "horizon", "business_days");
            set(&mut typed, "horizon_days", days);
        }
        Horizon::Range { from, to } => {
            set(&mut typed, "horizon", "range");
            set(&mut typed, "horizon_from", from);
            set(&mut typed, "horizon_to", to);
        }
    }
    let switches = [
        ("needs_approval", event.needs_approval),
        ("needs_reason", event.needs_reason),
        ("waitlist", event.waitlist.is_some()),
        ("repeat_chosen", event.repeats.unwrap_or_default().guest_chooses),
    ];
    for (field, on) in switches {
        tick(&mut typed, field, on);
    }
    for host in &event.hosts {
        tick(&mut typed, &format!("host-{}", host.user), true);
        set(&mut typed, &format!("weight-{}", host.user), host.weight);
        set(&mut typed, &format!("schedule-{}", host.user), host.schedule.map(|id| id.to_string()).unwrap_or_default());
    }
    for room in &event.rooms {
        tick(&mut typed, &format!("room-{room}"), true);
    }
    write_questions(&mut typed, &event.questions);
    typed
}

/// The fields of questions.
pub fn write_questions(typed: &mut Typed, questions: &[Question]) {
    for (at, question) in questions.iter().enumerate() {
        set(typed, &format!("q-{at}"), &question.label);
        set(typed, &format!("q-{at}-kind"), question.kind.as_str());
        set(typed, &format!("q-{at}-choices"), question.choices.join(", "));
        tick(typed, &format!("q-{at}-required"), question.required);
    }
}

/// How many rows of questions the form shows.
pub fn question_rows(typed: &Typed) -> usize {
    let filled = (0..20).filter(|at| !text(typed, &format!("q-{at}")).is_empty()).max().map_or(0, |last| last + 1);
    (filled + MORE_QUESTIONS).min(20)
}

/// The event type that the form says; what it does not mention is as in `before`.
pub fn read(typed: &Typed, before: &EventType, members: &[UserId]) -> Result<EventType, Mistakes> {
    let mut wrong = Mistakes::default();
    let durations = text(typed, "durations").split([',', ';', ' ']).filter(|part| !part.is_empty());
    let durations: Result<Vec<u32>, _> = durations.map(str::parse).collect();
    let durations = wrong.keep("durations", durations.map_err(|_| "Write minutes, divided by commas: 30, 60."));
    let mut number = |field: &'static str| {
        let typed = text(typed, field);
        let number = if typed.is_empty() { Ok(0) } else { typed.parse::<u32>() };
        wrong.keep(field, number.map_err(|_| "Write a whole number.")).unwrap_or(0)
    };
    let (step, buffer_before, buffer_after) = (number("step"), number("buffer_before"), number("buffer_after"));
    let (notice, cut_off, hold_minutes) = (number("notice"), number("cut_off"), number("hold_minutes"));
    let (guests, seats) = (number("guests"), number("seats"));
    let horizon_days = number("horizon_days");
    let offer_minutes = number("offer_minutes");
    let (interval, dates) = (number("repeat_interval"), number("repeat_dates"));
    let (free_hours, late_percent) = (number("free_until"), number("late_percent"));
    let mut limits = Limits::default();
    for (field, limit) in LIMITS {
        let most = number(field);
        *limit(&mut limits) = (!text(typed, field).is_empty()).then_some(most);
    }
    let horizon = read_horizon(typed, horizon_days, &mut wrong);
    let location = meetings::read_choice(text(typed, "location"), text(typed, "location_detail"));
    let location = location.unwrap_or_else(|| before.location.clone());
    let price = read_price(typed, free_hours, late_percent, &mut wrong);
    let hosts = members.iter().filter(|user| typed.contains_key(&format!("host-{user}"))).map(|user| HostOf {
        user: *user,
        schedule: text(typed, &format!("schedule-{user}")).parse().ok(),
        weight: text(typed, &format!("weight-{user}")).parse().unwrap_or(1),
    });
    let hosts = hosts.collect();
    let rooms = typed.keys().filter_map(|field| field.strip_prefix("room-")?.parse().ok()).collect();
    let event = EventType {
        name: text(typed, "name").to_owned(),
        slug: text(typed, "slug").to_lowercase(),
        description: text(typed, "description").to_owned(),
        durations: durations.unwrap_or_default(),
        step,
        align: if text(typed, "align") == "clock" { Align::Clock } else { Align::Window },
        buffer_before,
        buffer_after,
        notice,
        horizon,
        limits,
        hosts,
        assignment: match text(typed, "assignment") {
            "round_robin" => Assignment::RoundRobin,
            _ => Assignment::Collective,
        },
        seats: (!text(typed, "seats").is_empty()).then_some(seats),
        rooms,
        needs_approval: typed.contains_key("needs_approval"),
        hold_minutes,
        questions: read_questions(typed),
        guests,
        cut_off,
        needs_reason: typed.contains_key("needs_reason"),
        waitlist: typed.contains_key("waitlist").then_some(Waitlist { offer_minutes }),
        repeats: Every::parse(text(typed, "repeats")).map(|every| Repeats {
            every,
            interval,
            dates,
            guest_chooses: typed.contains_key("repeat_chosen"),
        }),
        location,
        price,
        language: text(typed, "language").to_owned(),
        ..before.clone()
    };
    if wrong.is_empty() {
        return Ok(event);
    }
    Err(with_rest(wrong, event))
}

/// All that is wrong at once: what could be read is judged, too. Of a field that could not be read nothing more is said.
fn with_rest(mut wrong: Mistakes, event: EventType) -> Mistakes {
    let slug = if event.slug.is_empty() { slug_of(&event.name) } else { event.slug.clone() };
    let unread: Vec<&'static str> = wrong.fields().collect();
    if let Err(rest) = (EventType { slug, ..event }).check() {
        wrong.extend(rest.into_iter().filter(|(field, _)| !unread.contains(field)));
    }
    wrong
}

/// Empty: it costs nothing.
fn read_price(typed: &Typed, free_hours: u32, late_percent: u32, wrong: &mut Mistakes) -> Option<Price> {
    let (price, currency) = (text(typed, "price"), text(typed, "currency").to_uppercase());
    if price.is_empty() {
        return None;
    }
    let amount = payments::parse_amount(price, &currency).ok_or("Write an amount, for example 49.50.");
    let amount = wrong.keep("price", amount)?;
    let late_percent = u8::try_from(late_percent).unwrap_or(u8::MAX);
    Some(Price { amount, currency, free_until: free_hours.saturating_mul(60), late_percent })
}

fn read_horizon(typed: &Typed, days: u32, wrong: &mut Mistakes) -> Horizon {
    match text(typed, "horizon") {
        "range" => {
            let mut date = |field: &'static str| {
                let read = text(typed, field).parse::<Date>();
                wrong.keep(field, read.map_err(|_| "Choose a day, for example 2026-12-24.")).unwrap_or_default()
            };
            Horizon::Range { from: date("horizon_from"), to: date("horizon_to") }
        }
        "business_days" => Horizon::RollingBusinessDays { days },
        _ => Horizon::RollingDays { days },
    }
}

/// The questions of a form; rows without a text are none.
pub fn read_questions(typed: &Typed) -> Vec<Question> {
    let question = |at: usize| {
        let label = text(typed, &format!("q-{at}"));
        let choices = text(typed, &format!("q-{at}-choices")).split([',', '\n']).map(str::trim);
        (!label.is_empty()).then(|| Question {
            label: label.to_owned(),
            kind: Kind::parse(text(typed, &format!("q-{at}-kind"))).unwrap_or_default(),
            required: typed.contains_key(&format!("q-{at}-required")),
            choices: choices.filter(|choice| !choice.is_empty()).map(str::to_owned).collect(),
        })
    };
    (0..20).filter_map(question).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{EventTypeId, WorkspaceId};
    use crate::testing::NOW;

    #[test]
    fn a_form_says_what_it_was_filled_from() {
        let host = UserId::new(NOW);
        let new = EventType::new(EventTypeId::new(NOW), WorkspaceId::new(NOW), Some(host), NOW);
        let date = |day| jiff::civil::date(2026, 12, day);
        let event = EventType {
            name: "First call".into(),
            slug: "first-call".into(),
            durations: vec![20, 45],
            align: Align::Clock,
            horizon: Horizon::Range { from: date(1), to: date(24) },
            limits: Limits { per_month: Some(7), minutes_per_week: Some(300), ..Limits::default() },
            seats: Some(4),
            waitlist: Some(Waitlist { offer_minutes: 45 }),
            repeats: Some(Repeats { every: Every::MonthWeekday, interval: 2, dates: 6, guest_chooses: false }),
            needs_approval: true,
            location: meetings::Location::Place { address: "Mill Lane 1".into() },
            questions: vec![Question {
                label: "How is it heated?".into(),
                kind: Kind::Choice,
                required: true,
                choices: vec!["Oil".into(), "Gas".into()],
            }],
            ..new.clone()
        };
        assert_eq!(read(&write(&event), &new, &[host]).unwrap(), EventType { workspace: event.workspace, ..event });
    }

    #[test]
    fn what_is_no_number_is_told_at_its_field() {
        let host = UserId::new(NOW);
        let new = EventType::new(EventTypeId::new(NOW), WorkspaceId::new(NOW), Some(host), NOW);
        let mut typed = write(&new);
        typed.insert("notice".into(), "two hours".into());
        typed.insert("per_day".into(), "some".into());
        let wrong = read(&typed, &new, &[host]).unwrap_err();
        assert_eq!(wrong.fields().collect::<Vec<_>>(), ["notice", "per_day", "name"]);
    }

    #[test]
    fn every_place_where_something_can_be_wrong_has_a_name() {
        let host = UserId::new(NOW);
        let new = EventType::new(EventTypeId::new(NOW), WorkspaceId::new(NOW), Some(host), NOW);
        let not_named = ["align", "assignment", "horizon", "location", "language", "repeat_chosen"];
        for field in write(&new).keys().filter(|field| !field.contains('-') && !not_named.contains(&field.as_str())) {
            assert_ne!(name_of(field), "", "{field}");
        }
    }
}
