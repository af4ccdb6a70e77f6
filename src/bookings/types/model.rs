//! An event type and its rules.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::availability::Every;
use crate::base::{EventTypeId, Mistakes, RoomId, ScheduleId, UnixMillis, UserId, WorkspaceId};
use crate::meetings::Location;
use crate::payments;
use crate::providers::stripe::smallest_amount;
use crate::workers::BooksOn;

/// Languages of the public pages.
pub const LANGUAGES: [&str; 6] = ["en", "de", "es", "fr", "pt", "hi"];

/// Minutes of the longest meeting; claims reach over few days.
const LONGEST: u32 = 24 * 60;
const MINUTES_OF_A_YEAR: u32 = 525_600;
const MOST_DAYS: u32 = 730;
const MOST_HOSTS: usize = 20;
const MOST_QUESTIONS: usize = 20;
const MOST_SEATS: u32 = 1000;
/// Dates of one series: all of them are taken in one transaction.
const MOST_DATES: u32 = 24;
/// Guests whom somebody may bring.
const MOST_GUESTS: u32 = 20;

/// Minutes are elapsed time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventType {
    pub id: EventTypeId,
    pub workspace: WorkspaceId,
    /// Lower case, digits and hyphens; unique in the workspace; stands in the public address.
    pub slug: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Strangers see it.
    pub is_open: bool,
    /// The visitor's choice where there are several; the first is shown first.
    pub durations: Vec<u32>,
    pub step: u32,
    #[serde(default)]
    pub align: Align,
    #[serde(default)]
    pub buffer_before: u32,
    #[serde(default)]
    pub buffer_after: u32,
    #[serde(default)]
    pub notice: u32,
    pub horizon: Horizon,
    #[serde(default)]
    pub limits: Limits,
    pub hosts: Vec<HostOf>,
    #[serde(default)]
    pub assignment: Assignment,
    /// A group event: people that one time holds.
    #[serde(default)]
    pub seats: Option<u32>,
    /// All of them are needed.
    #[serde(default)]
    pub rooms: Vec<RoomId>,
    /// A person agrees first; the time is kept meanwhile.
    #[serde(default)]
    pub needs_approval: bool,
    /// How long a time is kept while the form is open.
    #[serde(default = "ten")]
    pub hold_minutes: u32,
    #[serde(default)]
    pub questions: Vec<Question>,
    /// How many others somebody may bring.
    #[serde(default)]
    pub guests: u32,
    /// Until so many minutes before the start a visitor may move or cancel.
    #[serde(default)]
    pub cut_off: u32,
    /// Whoever cancels says why.
    #[serde(default)]
    pub needs_reason: bool,
    #[serde(default)]
    pub location: Location,
    /// Paid by the visitor before the booking stands.
    #[serde(default)]
    pub price: Option<Price>,
    /// Visitors may wait for a time where none is free.
    #[serde(default)]
    pub waitlist: Option<Waitlist>,
    /// A visitor books several dates at once.
    #[serde(default)]
    pub repeats: Option<Repeats>,
    /// BCP 47; empty: the visitor's own.
    #[serde(default)]
    pub language: String,
    pub created_at: UnixMillis,
    pub changed_at: UnixMillis,
}

fn ten() -> u32 {
    10
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Starts count from the opening of the day.
    #[default]
    Window,
    /// Each free stretch begins at a round minute.
    Clock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Horizon {
    RollingDays {
        days: u32,
    },
    RollingBusinessDays {
        days: u32,
    },
    /// Both dates included.
    Range {
        #[schema(value_type = String)]
        from: Date,
        #[schema(value_type = String)]
        to: Date,
    },
}

impl Horizon {
    /// Whenever.
    pub fn any() -> Self {
        Self::Range { from: jiff::civil::date(1970, 1, 1), to: jiff::civil::date(9000, 1, 1) }
    }
}

/// Of bookings of this event type, in the first host's zone; weeks begin on Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub per_day: Option<u32>,
    pub per_week: Option<u32>,
    pub per_month: Option<u32>,
    pub minutes_per_day: Option<u32>,
    pub minutes_per_week: Option<u32>,
    pub minutes_per_month: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// All hosts together; one host by itself, too.
    #[default]
    Collective,
    /// One of them, whoever has had the least.
    RoundRobin,
}

/// The most that Stripe takes at once, in the smallest unit (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
const MOST_AT_ONCE: u64 = 99_999_999;

/// What a visitor pays, for each date of a series, and what they get back when they cancel. Whoever is cancelled on gets all of it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// In the currency's smallest unit.
    pub amount: u64,
    /// ISO 4217, upper case.
    pub currency: String,
    /// Who cancels at least so many minutes before the start gets all of it back.
    #[serde(default)]
    pub free_until: u32,
    /// Of the price, for who cancels later; 0 to 100.
    #[serde(default)]
    pub late_percent: u8,
}

impl Price {
    /// What a visitor gets back of what they `paid`, whatever it costs by now, who cancels with so much time left.
    pub fn returned(&self, paid: u64, left: std::time::Duration) -> u64 {
        if left.as_secs() >= 60 * u64::from(self.free_until) {
            return paid;
        }
        paid * u64::from(self.late_percent.min(100)) / 100
    }

    fn check(&self, wrong: &mut Mistakes) {
        let is_code = self.currency.len() == 3 && self.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        wrong.expect(is_code, "currency", "Three letters, for example EUR.");
        let least = smallest_amount(&self.currency);
        let words = format!("Stripe takes no less than {}.", payments::amount_words(least, &self.currency));
        wrong.expect((least..=MOST_AT_ONCE).contains(&self.amount), "price", words);
        wrong.expect(self.free_until <= MINUTES_OF_A_YEAR, "free_until", "Use at most a year.");
        wrong.expect(self.late_percent <= 100, "late_percent", "Use 0 to 100.");
    }
}

/// How those who wait are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Waitlist {
    /// For how long a freed time is kept for whoever is next; 30 to 1440.
    pub offer_minutes: u32,
}

impl Default for Waitlist {
    fn default() -> Self {
        Self { offer_minutes: 120 }
    }
}

/// A booking comes again: each date is a meeting of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    pub every: Every,
    /// 2: every other day, week or month; 1 to 30.
    #[serde(default = "one")]
    pub interval: u32,
    /// Dates of one series, 2 to 24.
    pub dates: u32,
    /// The visitor says how many, up to `dates`; else it is always so many.
    #[serde(default = "yes")]
    pub guest_chooses: bool,
}

fn yes() -> bool {
    true
}

impl Default for Repeats {
    fn default() -> Self {
        Self { every: Every::Week, interval: 1, dates: 8, guest_chooses: true }
    }
}

impl Repeats {
    /// How many dates there are where a visitor wants so many; `None` where that cannot be had.
    pub fn count(&self, wanted: Option<u32>) -> Option<u32> {
        let fits =
            |count: &u32| if self.guest_chooses { (1..=self.dates).contains(count) } else { *count == self.dates };
        wanted.or(Some(self.dates)).filter(fits)
    }

    fn check(&self, wrong: &mut Mistakes) {
        wrong.expect((2..=MOST_DATES).contains(&self.dates), "repeat_dates", "Use 2 to 24 dates.");
        wrong.expect((1..=30).contains(&self.interval), "repeat_interval", "Use 1 to 30.");
        let days = match self.every {
            Every::Day => 1,
            Every::Week => 7,
            Every::MonthDate | Every::MonthWeekday => 31,
        };
        let lasts = self.dates.saturating_sub(1).saturating_mul(self.interval).saturating_mul(days);
        let words = "A series lasts at most two years: use fewer dates or a shorter distance.";
        wrong.expect(lasts <= 744 || wrong.fields().any(|field| field.starts_with("repeat_")), "repeat_dates", words);
    }

    /// For people who set it up: "every 2 weeks, up to 8 dates".
    pub fn words(&self) -> String {
        let unit = match self.every {
            Every::Day => "day",
            Every::Week => "week",
            Every::MonthDate => "month on the same date",
            Every::MonthWeekday => "month on the same weekday",
        };
        let every = match (self.interval, unit.split_once(' ')) {
            (1, _) => format!("every {unit}"),
            (n, None) => format!("every {n} {unit}s"),
            (n, Some((unit, rest))) => format!("every {n} {unit}s {rest}"),
        };
        format!("{every}, {}{} dates", if self.guest_chooses { "up to " } else { "" }, self.dates)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostOf {
    pub user: UserId,
    /// Absent: their default one.
    #[serde(default)]
    pub schedule: Option<ScheduleId>,
    /// Of bookings that go round: who has 2 gets twice as many as who has 1.
    #[serde(default = "one")]
    pub weight: u32,
}

fn one() -> u32 {
    1
}

/// A room or a thing that serves one meeting at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub id: RoomId,
    pub name: String,
}

/// What the visitor is asked besides name and address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub label: String,
    pub kind: Kind,
    #[serde(default)]
    pub required: bool,
    /// Of a choice.
    #[serde(default)]
    pub choices: Vec<String>,
}

impl Question {
    pub fn has_label(&self) -> bool {
        (1..=300).contains(&self.label.trim().chars().count())
    }

    /// Where it is a choice.
    pub fn has_choices(&self) -> bool {
        let has_words = self.choices.iter().all(|choice| !choice.trim().is_empty());
        self.kind != Kind::Choice || ((1..=50).contains(&self.choices.len()) && has_words)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Text,
    Long,
    Choice,
    Phone,
    Number,
    /// A box that is ticked to agree.
    Consent,
}

impl Kind {
    pub const ALL: [(Kind, &'static str, &'static str); 6] = [
        (Kind::Text, "text", "One line"),
        (Kind::Long, "long", "Several lines"),
        (Kind::Choice, "choice", "A choice"),
        (Kind::Phone, "phone", "Phone number"),
        (Kind::Number, "number", "Number"),
        (Kind::Consent, "consent", "Consent (a box to tick)"),
    ];

    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("text", |(_, word, _)| word)
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own, _)| *own == word).map(|(kind, ..)| *kind)
    }
}

/// What the visitor said, with the words of the question at that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub question: String,
    pub answer: String,
}

impl EventType {
    /// With plain rules: half an hour, one host, two hours' notice, sixty days ahead.
    pub fn new(id: EventTypeId, workspace: WorkspaceId, host: Option<UserId>, now: UnixMillis) -> Self {
        Self {
            id,
            workspace,
            slug: String::new(),
            name: String::new(),
            description: String::new(),
            is_open: true,
            durations: vec![30],
            step: 30,
            align: Align::Window,
            buffer_before: 0,
            buffer_after: 0,
            notice: 120,
            horizon: Horizon::RollingDays { days: 60 },
            limits: Limits::default(),
            hosts: host.into_iter().map(|user| HostOf { user, schedule: None, weight: 1 }).collect(),
            assignment: Assignment::Collective,
            seats: None,
            rooms: Vec::new(),
            needs_approval: false,
            hold_minutes: ten(),
            questions: Vec::new(),
            guests: 0,
            cut_off: 120,
            needs_reason: false,
            price: None,
            waitlist: None,
            repeats: None,
            location: Location::GoogleMeet,
            language: String::new(),
            created_at: now,
            changed_at: now,
        }
    }

    /// The length that a visitor chose, if it is one of the choices; else the first.
    pub fn duration(&self, wanted: Option<u32>) -> u32 {
        let first = self.durations.first().copied().unwrap_or(30);
        wanted.filter(|wanted| self.durations.contains(wanted)).unwrap_or(first)
    }

    /// The first date of all, where there is one; in the host's zone.
    pub fn opens(&self) -> Option<Date> {
        match self.horizon {
            Horizon::Range { from, .. } => Some(from),
            _ => None,
        }
    }

    /// Its rules for the later dates of a series, and for moving one: a horizon that moves on with today holds for the
    /// first date only, as notice and the grid of starts do.
    pub fn for_later(&self) -> Self {
        let horizon = match self.horizon {
            range @ Horizon::Range { .. } => range,
            _ => Horizon::any(),
        };
        Self { notice: 0, step: 1, align: Align::Window, horizon, ..self.clone() }
    }

    /// The same with its horizon lifted where it moves on with today: a date of a series may lie beyond it.
    pub fn beyond_horizon(&self) -> Self {
        Self { horizon: self.for_later().horizon, ..self.clone() }
    }

    /// What a worker that books here keeps of it, for its mails.
    pub fn for_worker(&self) -> BooksOn {
        BooksOn { event_type: self.id, title: self.name.clone(), minutes: self.duration(None) }
    }

    /// How many others somebody may bring: of a group each has a seat of their own.
    pub fn companions(&self) -> u32 {
        if self.is_group() {
            0
        } else {
            self.guests
        }
    }

    /// More than one person may sit at one time.
    pub fn is_group(&self) -> bool {
        self.seats.is_some_and(|seats| seats > 1)
    }

    /// What is wrong with it, by field.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mut wrong = Mistakes::default();
        let name = self.name.trim().chars().count();
        wrong.expect((1..=120).contains(&name), "name", "Write a name of at most 120 characters.");
        wrong.expect(
            is_slug(&self.slug),
            "slug",
            "Use 1 to 60 small letters, digits and hyphens, for example first-call.",
        );
        wrong.expect(self.description.chars().count() <= 4000, "description", "Use at most 4,000 characters.");
        let lengths = (1..=8).contains(&self.durations.len())
            && self.durations.iter().all(|minutes| (1..=LONGEST).contains(minutes));
        wrong.expect(lengths, "durations", "Write one to eight lengths from 1 to 1440 minutes: 30, 60.");
        wrong.expect((1..=LONGEST).contains(&self.step), "step", "Write a number of minutes from 1 to 1440.");
        for (field, minutes) in [("buffer_before", self.buffer_before), ("buffer_after", self.buffer_after)] {
            wrong.expect(minutes <= 12 * 60, field, "Use at most 720 minutes.");
        }
        for (field, minutes) in [("notice", self.notice), ("cut_off", self.cut_off)] {
            wrong.expect(minutes <= MINUTES_OF_A_YEAR, field, "Use at most the minutes of a year.");
        }
        match self.horizon {
            Horizon::RollingDays { days } | Horizon::RollingBusinessDays { days } => {
                wrong.expect(days <= MOST_DAYS, "horizon_days", "Use at most 730 days.");
            }
            Horizon::Range { from, to } => {
                wrong.expect(from <= to, "horizon_to", "The last day must not be before the first.");
            }
        }
        let hosts = (1..=MOST_HOSTS).contains(&self.hosts.len());
        wrong.expect(hosts, "hosts", "Choose one to twenty hosts.");
        let weights = self.hosts.iter().all(|host| (1..=100).contains(&host.weight));
        wrong.expect(weights, "hosts", "A weight is a number from 1 to 100.");
        let seats = self.seats.is_none_or(|seats| (1..=MOST_SEATS).contains(&seats));
        wrong.expect(seats, "seats", "Use 1 to 1000 seats, or leave it empty.");
        wrong.expect((1..=60).contains(&self.hold_minutes), "hold_minutes", "Use 1 to 60 minutes.");
        wrong.expect(self.guests <= MOST_GUESTS, "guests", "Use at most 20 guests.");
        let alone = !self.is_group() || self.guests == 0;
        wrong.expect(alone, "guests", "With seats, each person books one: use 0.");
        wrong.expect(self.questions.len() <= MOST_QUESTIONS, "questions", "Use at most 20 questions.");
        wrong.expect(
            self.questions.iter().all(Question::has_label),
            "questions",
            "Each question has 1 to 300 characters.",
        );
        let some = self.questions.iter().all(Question::has_choices);
        wrong.expect(some, "questions", "A choice needs its answers, divided by commas.");
        let language = self.language.is_empty() || LANGUAGES.contains(&self.language.as_str());
        wrong.expect(language, "language", "Choose a language of the list.");
        let patience = self.waitlist.is_none_or(|list| (30..=1440).contains(&list.offer_minutes));
        wrong.expect(patience, "offer_minutes", "Use 30 to 1440 minutes.");
        if let Some(price) = &self.price {
            price.check(&mut wrong);
        }
        if let Some(repeats) = &self.repeats {
            repeats.check(&mut wrong);
            if let Some(price) = &self.price {
                let all = price.amount.saturating_mul(u64::from(repeats.dates));
                let most = payments::amount_words(MOST_AT_ONCE, &price.currency);
                let words = format!("All dates are paid for at once, and Stripe takes no more than {most}.");
                wrong.expect(all <= MOST_AT_ONCE, "price", words);
            }
            let words = "Nobody can wait for a series: switch off the waitlist, or the repeats.";
            wrong.expect(self.waitlist.is_none(), "repeats", words);
        }
        if let Some(words) = self.location.mistake() {
            wrong.add("location_detail", words);
        }
        wrong.into_result()
    }
}

/// Small letters, digits and hyphens between them.
pub fn is_slug(slug: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=60).contains(&slug.len()) && slug.bytes().all(plain) && !slug.starts_with('-') && !slug.ends_with('-')
}

/// A slug made of a name: "Erstgespräch, 30 min" becomes `erstgesprach-30-min`.
pub fn slug_of(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let plain = name.nfkd().filter(|c| c.is_ascii()).flat_map(char::to_lowercase);
    let dashed: String = plain.map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    let slug: String = parts.join("-").chars().take(60).collect();
    match slug.trim_end_matches('-') {
        "" => "event".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    fn good() -> EventType {
        let (id, workspace) = (EventTypeId::new(NOW), WorkspaceId::new(NOW));
        let new = EventType::new(id, workspace, Some(UserId::new(NOW)), NOW);
        EventType { name: "First call".into(), slug: slug_of("First call"), ..new }
    }

    #[test]
    fn a_plain_event_type_needs_a_name_and_a_host_only() {
        good().check().unwrap();
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let cases: [(&str, fn(&mut EventType)); 15] = [
            ("name", |event| event.name = "  ".into()),
            ("slug", |event| event.slug = "First Call".into()),
            ("durations", |event| event.durations.clear()),
            ("step", |event| event.step = 0),
            ("hosts", |event| event.hosts.clear()),
            ("seats", |event| event.seats = Some(0)),
            ("horizon_days", |event| event.horizon = Horizon::RollingDays { days: 9999 }),
            ("questions", |event| {
                let question = Question { label: "Which?".into(), kind: Kind::Choice, required: true, choices: vec![] };
                event.questions.push(question);
            }),
            ("location_detail", |event| event.location = Location::Link { url: "meet.example".into() }),
            ("offer_minutes", |event| event.waitlist = Some(Waitlist { offer_minutes: 5 })),
            ("language", |event| event.language = "tlh".into()),
            ("repeat_dates", |event| event.repeats = Some(Repeats { dates: 25, ..Repeats::default() })),
            ("repeat_interval", |event| event.repeats = Some(Repeats { interval: 0, ..Repeats::default() })),
            ("repeat_dates", |event| event.repeats = Some(Repeats { interval: 30, ..Repeats::default() })),
            ("repeats", |event| {
                (event.repeats, event.waitlist) = (Some(Repeats::default()), Some(Waitlist::default()));
            }),
        ];
        for (field, spoil) in cases {
            let mut event = good();
            spoil(&mut event);
            assert_eq!(event.check().unwrap_err().fields().collect::<Vec<_>>(), [field]);
        }
    }

    #[test]
    fn an_address_is_made_of_the_name() {
        let cases = [("Erstgespräch, 30 min", "erstgesprach-30-min"), ("नमस्ते", "event"), ("--A--b", "a-b")];
        for (name, slug) in cases {
            assert_eq!(slug_of(name), slug);
            assert!(is_slug(slug));
        }
    }
}
