//! GET /b/{workspace}/{event}: a month of free times; then the form.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;
use serde::Deserialize;

use super::asking::Gone;
use super::commit::{self, NotBooked};
use super::embed;
use super::form_words;
use super::guest_form::{asked_of, read_form, Asked};
use super::hold::hold;
use super::list;
use super::manage::{self, pay_path};
use super::offered;
use super::paid_words;
use super::routing;
use super::series::{self, Refused, SeriesForm};
use super::token::{manage_path, read_booking, Held};
use super::waitlist;
use super::words::{self as page_words, Words};
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::bookings::store;
use crate::bookings::types::{self, Answer, EventType, Location, SlotQuestion};
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::http::layout::{FooterLink, PublicLayout};
use crate::http::rate_limit::{Allowed, Limiter};
use crate::http::ui::{language_name, Choice, FieldErrors};
use crate::http::{html, run, see_other, ClientIp, PageError};
use crate::identity;
use crate::identity::pages::zone_choices;
use crate::store::StoreError;
use crate::workspaces::{self, Workspace};

/// Times held and forms sent from one network, for each web thread.
const TRIES: u32 = 40;
const TRIES_IN: Duration = Duration::from_secs(600);
/// Looks at the dates of a series, each of which is judged anew.
pub(super) const LOOKS: u32 = 200;
/// Months that are looked through for the first free time.
const LOOK_AHEAD: i64 = 3;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(Data::new(Tries::default()))
        .service(web::resource("/b/embed.js").route(web::get().to(embed::script)))
        .service(web::resource("/b/{workspace}").route(web::get().to(list::show)))
        .service(web::resource("/b/{workspace}/{event}").route(web::get().to(month)).route(web::post().to(book)))
        .service(web::resource("/b/{workspace}/{event}/embed").route(web::get().to(embed::month)))
        .service(web::resource("/b/{workspace}/{event}/hold").route(web::post().to(keep)))
        .service(web::resource("/b/{workspace}/{event}/details").route(web::get().to(details)));
    waitlist::routes(config);
    routing::routes(config);
    offered::routes(config);
    manage::routes(config);
}

#[derive(Default)]
pub(super) struct Tries {
    tries: OnceLock<Limiter<IpAddr>>,
    looks: OnceLock<Limiter<IpAddr>>,
}

impl Tries {
    pub(super) fn check(&self, app: &App, client: ClientIp) -> Result<(), PageError> {
        count(&self.tries, TRIES, app, client)
    }

    /// A look at a series, which asks no calendar but reads much.
    pub(super) fn look(&self, app: &App, client: ClientIp) -> Result<(), PageError> {
        count(&self.looks, LOOKS, app, client)
    }
}

fn count(limiter: &OnceLock<Limiter<IpAddr>>, most: u32, app: &App, client: ClientIp) -> Result<(), PageError> {
    let limiter = limiter.get_or_init(|| Limiter::new(app.clock.clone(), Allowed::new(most, TRIES_IN)));
    Ok(limiter.check(&client.network()).map(|_| ())?)
}

/// What a visitor has chosen so far. All of it stands in the address, so a page can be sent to somebody else.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    pub month: String,
    #[serde(default)]
    pub day: String,
    /// IANA name.
    #[serde(default)]
    pub tz: String,
    #[serde(default)]
    pub lang: String,
    /// Minutes.
    #[serde(default)]
    pub length: String,
    /// The booking that would move.
    #[serde(default, rename = "move")]
    pub moves: String,
    #[serde(default)]
    pub source: String,
    /// A time that is kept.
    #[serde(default)]
    pub hold: String,
    #[serde(default)]
    pub start: String,
    /// How many dates of a series.
    #[serde(default)]
    pub count: String,
    /// What was answered on a routing form, signed.
    #[serde(default)]
    pub route: String,
    /// Inside the page of a customer: never read from the address.
    #[serde(skip)]
    pub is_embedded: bool,
}

impl Chosen {
    /// As a query that keeps the rest, with some of it changed.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        let own = [
            ("tz", self.tz.as_str()),
            ("lang", &self.lang),
            ("length", &self.length),
            ("move", &self.moves),
            ("source", &self.source),
            ("route", &self.route),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in own {
            let changed = changes.iter().any(|(other, _)| *other == name);
            if !value.is_empty() && !changed {
                query.append_pair(name, value);
            }
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("?{}", query.finish())
    }
}

/// The workspace and the event type of a public address; what is closed is not there.
pub(super) struct Place {
    pub workspace: Workspace,
    pub event: EventType,
}

pub(super) fn open_workspace(app: &App, slug: &str) -> Result<Workspace, PageError> {
    let found = app.store.read(|txn| workspaces::find_by_slug(txn, slug)).map_err(broken)?;
    found.filter(is_open).ok_or(PageError::NotFound)
}

/// Visitors are let in.
pub(super) fn is_open(workspace: &Workspace) -> bool {
    workspace.closing.is_none() && workspace.state == workspaces::WorkspaceState::Open
}

pub(super) fn place(app: &App, path: &(String, String)) -> Result<Place, PageError> {
    let workspace = open_workspace(app, &path.0)?;
    let event = app.store.read(|txn| types::find_by_slug(txn, workspace.id, &path.1)).map_err(broken)?;
    let event = event.filter(|event| event.is_open).ok_or(PageError::NotFound)?;
    Ok(Place { workspace, event })
}

pub(super) fn broken(error: StoreError) -> PageError {
    PageError::internal("could not read or write a booking", &error)
}

/// The language of a page: the one that was chosen, that of the event type, what the browser prefers, English.
pub(super) fn language(chosen: &str, event: &str, request: &HttpRequest) -> Language {
    spoken(chosen, event).unwrap_or_else(|| of_browser(request))
}

/// The one that was chosen, else that of the event type, where we speak it.
pub(super) fn spoken(chosen: &str, event: &str) -> Option<Language> {
    [chosen, event].into_iter().find_map(Language::spoken)
}

/// What the browser prefers.
pub(super) fn of_browser(request: &HttpRequest) -> Language {
    let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    Language::accepted(accepted.unwrap_or_default())
}

pub(super) fn layout(title: &str, language: Language, workspace: &Workspace) -> PublicLayout {
    PublicLayout {
        title: format!("{title} · {}", workspace.name),
        lang: language.tag().to_owned(),
        no_index: true,
        footer: vec![FooterLink { href: String::new(), label: workspace.name.clone() }],
        ..PublicLayout::default()
    }
}

pub(super) fn languages(path: &str, chosen: &Chosen, current: Language) -> Vec<FooterLink> {
    let others = types::LANGUAGES.iter().filter(|tag| Language::of(tag) != current);
    let own_name = |tag: &str| match tag {
        "de" => "Deutsch".to_owned(),
        "es" => "Español".to_owned(),
        "fr" => "Français".to_owned(),
        "pt" => "Português".to_owned(),
        "hi" => "हिन्दी".to_owned(),
        other => language_name(other),
    };
    others
        .map(|tag| FooterLink {
            href: format!("{path}{}", chosen.with(&[("lang", tag), ("day", &chosen.day), ("month", &chosen.month)])),
            label: own_name(tag),
        })
        .collect()
}

/// What the visitor reads about an event type beside the times.
pub(super) struct About {
    pub business: String,
    pub name: String,
    pub description: String,
    /// Icon and words.
    pub facts: Vec<(&'static str, String)>,
    /// What it takes to book, in a sentence.
    pub terms: &'static str,
}

/// What is special about booking it: several dates, a group, somebody who says yes first. Icon and words.
pub(super) fn takes(event: &EventType, language: Language) -> Vec<(&'static str, String)> {
    let words = page_words::of(language);
    let repeats = event.repeats.as_ref().map(|repeats| ("calendar", series::of_repeats(words.series, repeats)));
    let seats = event.seats.filter(|seats| *seats > 1);
    let seats = seats.map(|seats| ("user", fill(words.seats, &[("n", &seats.to_string())])));
    let asks = event.needs_approval.then(|| ("check", words.asks_first.to_owned()));
    [repeats, seats, asks].into_iter().flatten().collect()
}

pub(super) fn about(app: &App, place: &Place, minutes: &str, language: Language) -> Result<About, PageError> {
    let (event, words) = (&place.event, page_words::of(language));
    let mut facts = vec![("clock", fill(words.minutes, &[("n", minutes)]))];
    facts.push(match &event.location {
        Location::Unsaid => ("info", String::new()),
        Location::GoogleMeet | Location::Jitsi => ("video", words.video.to_owned()),
        Location::Hosted { service, .. } => ("video", service.name().to_owned()),
        Location::Link { .. } => ("video", words.link.to_owned()),
        Location::Place { address } => ("building", address.clone()),
        Location::WeCall => ("phone", words.we_call.to_owned()),
        Location::TheyCall { number } => ("phone", fill(words.they_call, &[("number", number)])),
    });
    facts
        .extend(paid_words::price_said(event, language).map(|price| ("lock", fill(words.costs, &[("price", &price)]))));
    facts.extend(event.price.as_ref().map(|price| ("info", paid_words::rule(price, language))));
    facts.retain(|(_, said)| !said.is_empty());
    let hosts = app.store.read(|txn| {
        let mut names = Vec::new();
        for host in &event.hosts {
            names.extend(identity::find(txn, host.user)?.map(|user| user.name));
        }
        Ok::<_, StoreError>(names)
    });
    let hosts = hosts.map_err(broken)?;
    if event.assignment == types::Assignment::Collective && !hosts.is_empty() {
        facts.push(("user", fill(words.with, &[("names", &hosts.join(", "))])));
    }
    facts.extend(takes(event, language));
    Ok(About {
        business: place.workspace.name.clone(),
        name: event.name.clone(),
        description: event.description.clone(),
        terms: if event.price.is_some() { words.cut_off_paid } else { words.cut_off },
        facts,
    })
}

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
async fn month(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen) = (path.into_inner(), chosen.into_inner());
    let browser = request.clone();
    let place = {
        let app = app.clone();
        run(move || place(&app, &path)).await??
    };
    let language = language(&chosen.lang, &place.event.language, &browser);
    let page = run(move || month_page(&app, &place, chosen, language, String::new()));
    html(StatusCode::OK, &page.await??)
}

pub(super) fn zone_of(chosen: &str, fallback: &str) -> (String, TimeZone) {
    let found = [chosen, fallback, "UTC"].into_iter().find_map(|name| Some((name, TimeZone::get(name).ok()?)));
    found.map_or_else(|| ("UTC".to_owned(), TimeZone::UTC), |(name, zone)| (name.to_owned(), zone))
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
    let clock = |start: &UnixMillis| start.in_zone(&zone).strftime("%H:%M").to_string();
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

/// POST /b/{workspace}/{event}/hold: keeps a time; 303 to the form, 409 with the times when it has just gone.
async fn keep(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Form<Chosen>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (path, chosen) = (path.into_inner(), chosen.into_inner());
    let browser = request.clone();
    let event_language = {
        let (app, path) = (app.clone(), path.clone());
        run(move || place(&app, &path)).await??.event.language
    };
    let language = language(&chosen.lang, &event_language, &browser);
    let answer = run(move || {
        let place = place(&app, &path)?;
        let start = UnixMillis::parse_rfc3339(&chosen.start);
        let minutes = chosen.length.parse().unwrap_or_default();
        let held = start.map_or(Err(NotBooked::Taken), |start| hold(&app, &place.event, start, minutes));
        match held {
            Ok(held) => {
                let query = chosen.with(&[("hold", &held.token(&app))]);
                Ok(Ok(format!("/b/{}/{}/details{query}", path.0, path.1)))
            }
            Err(error) => {
                let trouble = trouble_words(&error, language)?;
                month_page(&app, &place, chosen, language, trouble).map(|page| Err(Box::new(page)))
            }
        }
    });
    match answer.await?? {
        Ok(to) => Ok(see_other(&to)),
        Err(page) => html(StatusCode::CONFLICT, &*page),
    }
}

/// What a visitor hears when a time cannot be had; what is broken is an error page.
pub(super) fn trouble_words(error: &NotBooked, language: Language) -> Result<String, PageError> {
    let words = page_words::of(language);
    Ok(match error {
        NotBooked::Taken => words.taken.to_owned(),
        NotBooked::Unreadable(_) => words.unreadable.to_owned(),
        NotBooked::TooLate => words.too_late.to_owned(),
        NotBooked::Closed => return Err(PageError::NotFound),
        NotBooked::Store(error) => return Err(PageError::internal("could not book", error)),
    })
}

#[derive(Template)]
#[template(path = "bookings/public_details.html")]
struct DetailsPage {
    layout: PublicLayout,
    words: &'static Words,
    about: About,
    path: String,
    back: String,
    hold: String,
    tz: String,
    lang: String,
    source: String,
    route: String,
    /// What was answered on a routing form, and where it can be corrected.
    carried: Vec<Answer>,
    correct: String,
    when: String,
    held: String,
    button: String,
    questions: Vec<Asked>,
    phone: bool,
    others: u32,
    others_hint: String,
    /// Where several dates are booked at once.
    series: Option<SeriesForm>,
    typed: BTreeMap<String, String>,
    /// Above several errors.
    to_mend: String,
    errors: FieldErrors,
}

impl DetailsPage {
    /// "optional" below what may stay empty.
    fn optional(&self, asked: &Asked) -> &'static str {
        if asked.required {
            ""
        } else {
            self.words.optional
        }
    }

    /// Each field that is wrong, its label and what is wrong with it.
    fn mistakes(&self) -> Vec<(&'static str, &str, &str)> {
        self.errors.iter().map(|(field, said)| (*field, self.label(field), said.as_str())).collect()
    }

    /// Empty for what has none.
    fn label(&self, field: &str) -> &str {
        match field {
            "name" => self.words.name,
            "email" => self.words.email,
            "phone" => self.words.phone,
            "others" => self.words.others,
            _ => self.questions.iter().find(|asked| asked.field == field).map_or("", |asked| asked.label.as_str()),
        }
    }

    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

/// GET /b/{workspace}/{event}/details: the form for a time that is kept; back to the times when it has run out.
async fn details(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen) = (path.into_inner(), chosen.into_inner());
    let browser = request.clone();
    let place = {
        let (app, path) = (app.clone(), path.clone());
        run(move || place(&app, &path)).await??
    };
    let language = language(&chosen.lang, &place.event.language, &browser);
    let Some(held) = Held::read(&app, place.event.id, &chosen.hold).filter(|held| held.until > app.now()) else {
        return Ok(see_other(&format!("/b/{}/{}{}", path.0, path.1, chosen.with(&[]))));
    };
    if place.event.repeats.is_some() {
        tries.look(&app, client)?;
    }
    let page = run(move || {
        let typed = waitlist::invited(&app, place.workspace.id, held.id).map_err(broken)?;
        details_page(&app, &place, &chosen, held, language, typed, (FieldErrors::default(), &[]))
    });
    html(StatusCode::OK, &page.await??)
}

fn details_page(
    app: &App,
    place: &Place,
    chosen: &Chosen,
    held: Held,
    language: Language,
    typed: BTreeMap<String, String>,
    (errors, gone): (FieldErrors, &[Gone]),
) -> Result<DetailsPage, PageError> {
    let (event, words) = (&place.event, page_words::of(language));
    let (zone_name, zone) = zone_of(&chosen.tz, &place.workspace.time_zone);
    let start = held.start.in_zone(&zone);
    let clock = |at: UnixMillis| at.in_zone(&zone).strftime("%H:%M").to_string();
    let path = format!("/b/{}/{}", place.workspace.slug, event.slug);
    let end = UnixMillis(held.start.0 + i64::from(held.minutes) * 60_000);
    let when = words::stretch(language, held.start, end, &zone);
    let when = format!("{when} ({})", crate::base::city_of(&zone_name));
    let time = format!("{} {}", words::weekday(language, start.date()), clock(held.start));
    let button = fill(if event.needs_approval { words.request } else { words.book }, &[("time", &time)]);
    let back = format!("{path}{}", chosen.with(&[("day", &start.date().to_string())]));
    // What was offered from a waitlist may be kept until tomorrow.
    let is_today = held.until.in_zone(&zone).date() == app.now().in_zone(&zone).date();
    let clocks = Clocks::of(&zone_name, &zone_name);
    let carried = routing::carried(app, place.workspace.id, &chosen.route).map_err(broken)?;
    let until = match is_today {
        true => words::at_clock(language, &held.until.in_zone(&zone)),
        false => words::on_day(language, held.until, &clocks),
    };
    let series = SeriesForm::of(app, event, &held, (&chosen.count, &zone, language), words.series, gone);
    let series = series.map_err(broken)?;
    let series = series.map(|form| SeriesForm { leaves_out: typed.contains_key("leave_out"), ..form });
    let all = series.as_ref().map(|series| series.button.clone()).filter(|button| !button.is_empty());
    Ok(DetailsPage {
        about: about(app, place, &held.minutes.to_string(), language)?,
        held: fill(words.held, &[("time", &until)]),
        questions: asked_of(&event.questions, &typed, &errors),
        phone: event.location == Location::WeCall,
        others: event.companions(),
        others_hint: fill(words.others_hint, &[("n", &event.companions().to_string())]),
        layout: layout(&event.name, language, &place.workspace),
        hold: chosen.hold.clone(),
        tz: zone_name,
        lang: chosen.lang.clone(),
        source: chosen.source.clone(),
        route: chosen.route.clone(),
        correct: routing::correction_path(&place.workspace, &carried, chosen),
        carried: carried.answers,
        words,
        path,
        back,
        when,
        button: all.unwrap_or(button),
        series,
        typed,
        to_mend: form_words::of(language).to_mend(errors.len()),
        errors,
    })
}

/// POST /b/{workspace}/{event}: 303 to the page of the booking; 422 with the form; 409 with the times when this one has
/// gone.
async fn book(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let (path, typed) = (path.into_inner(), form.into_inner());
    let browser = request.clone();
    let place = {
        let (app, path) = (app.clone(), path.clone());
        run(move || place(&app, &path)).await??
    };
    let text = |field: &str| typed.get(field).map(|text| text.trim().to_owned()).unwrap_or_default();
    let chosen = Chosen {
        tz: text("tz"),
        lang: text("lang"),
        source: text("source"),
        hold: text("hold"),
        route: text("route"),
        count: text("count"),
        ..Chosen::default()
    };
    let language = language(&chosen.lang, &place.event.language, &browser);
    let answer = run(move || {
        let Some(held) = Held::read(&app, place.event.id, &chosen.hold) else {
            let trouble = page_words::of(language).taken.to_owned();
            return month_page(&app, &place, chosen, language, trouble).map(|page| Answered::Times(Box::new(page)));
        };
        let carried = routing::carried(&app, place.workspace.id, &chosen.route).map_err(broken)?;
        let wanted = match read_form(&place, &chosen, held, language, &typed, carried.answers) {
            Ok(wanted) => wanted,
            Err(mut errors) => {
                let refused = series::later_of(&app, &place.event, &held, &typed).map_err(broken)?.err();
                if refused == Some(Refused::Lacking) {
                    errors.add("leave_out", page_words::of(language).series.must_choose);
                }
                let page = details_page(&app, &place, &chosen, held, language, typed, (errors, &[]))?;
                return Ok(Answered::Form(StatusCode::UNPROCESSABLE_ENTITY, Box::new(page)));
            }
        };
        let mut gone = Vec::new();
        let own = page_words::of(language).series;
        let look_again = |status, said, gone: &[Gone]| {
            let mut errors = FieldErrors::default();
            errors.add("leave_out", said);
            let page = details_page(&app, &place, &chosen, held, language, typed.clone(), (errors, gone))?;
            Ok(Answered::Form(status, Box::new(page)))
        };
        let later = match series::later_of(&app, &place.event, &held, &typed).map_err(broken)? {
            Ok(later) => later,
            Err(Refused::First) => {
                let trouble = trouble_words(&NotBooked::Taken, language)?;
                let page = month_page(&app, &place, chosen, language, trouble)?;
                return Ok(Answered::Times(Box::new(page)));
            }
            Err(refused) => {
                let said = if refused == Refused::Lacking { own.must_choose } else { own.gone };
                return look_again(StatusCode::UNPROCESSABLE_ENTITY, said, &[]);
            }
        };
        let booked = match place.event.repeats {
            Some(_) => commit::book_series(&app, &place.event, &wanted, &later, &mut gone),
            None => commit::book(&app, &place.event, &wanted),
        };
        match booked {
            Ok(booking) => Ok(Answered::Booked(next_path(&app, &booking)?)),
            // The first is kept: only a later date can have gone.
            Err(NotBooked::Taken | NotBooked::Unreadable(_))
                if !later.is_empty() && held.until > app.now() && !gone.iter().any(|one| one.start == held.start) =>
            {
                look_again(StatusCode::CONFLICT, own.gone, &gone)
            }
            Err(error) => {
                let trouble = trouble_words(&error, language)?;
                month_page(&app, &place, chosen, language, trouble).map(|page| Answered::Times(Box::new(page)))
            }
        }
    });
    match answer.await?? {
        Answered::Booked(to) => Ok(see_other(&to)),
        Answered::Form(status, page) => html(status, &*page),
        Answered::Times(page) => html(StatusCode::CONFLICT, &*page),
    }
}

/// The page of the booking, or first the one on which it is paid for.
pub(super) fn next_path(app: &App, booking: &Booking) -> Result<String, PageError> {
    let path = pay_path(app, booking).map_err(broken)?;
    Ok(path.unwrap_or_else(|| manage_path(app, booking)))
}

enum Answered {
    Booked(String),
    Form(StatusCode, Box<DetailsPage>),
    Times(Box<MonthPage>),
}
