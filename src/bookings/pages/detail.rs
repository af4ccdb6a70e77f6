//! One booking: when it is, with whom, how it stands, and why a time was not taken just now.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;

use super::when::WhenForm;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability;
use crate::base::{city_of, counted, on_both_clocks, BookingId, UnixMillis, WorkerId};
use crate::bookings::bookable::Bookable;
use crate::bookings::group;
use crate::bookings::messages;
use crate::bookings::model::{Booking, State};
use crate::bookings::series;
use crate::bookings::service::{self, warnings_words, Anyway, BookError};
use crate::contacts::{self, Contact};
use crate::http::layout::Layout;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, Frame, PageError};
use crate::identity;
use crate::meetings::Location;
use crate::store::StoreError;
use crate::workers;

#[derive(Template)]
#[template(path = "bookings/detail.html")]
pub(super) struct DetailPage {
    pub(super) layout: Layout,
    pub(super) booking: Booking,
    pub(super) who: String,
    pub(super) company: String,
    pub(super) worker: String,
    /// How they meet, where it is said: "Zoom", "We call the guest".
    pub(super) way: &'static str,
    /// Of an event type: their names.
    pub(super) hosts: String,
    pub(super) when: String,
    /// On the guest's own clock, where it shows another hour.
    pub(super) guest_when: String,
    pub(super) book_words: String,
    /// How a proposed time stands at this moment.
    pub(super) bookable: Bookable,
    pub(super) may_choose_calendar: bool,
    /// Where the same guest is booked anew; empty when they have no address any more.
    pub(super) book_anew: String,
    pub(super) messages: messages::Log,
    pub(super) zone: TimeZone,
    /// Time and words, newest first.
    pub(super) history: Vec<(String, String)>,
    pub(super) can_edit: bool,
    pub(super) date: String,
    pub(super) time: String,
    pub(super) errors: FieldErrors,
    /// Why it was not booked just now.
    pub(super) refusal: Option<Refusal>,
    /// Sets the warnings about a move aside; empty when there are none.
    pub(super) anyway: String,
    /// What became of it, by whom and when; empty when nobody has said.
    pub(super) outcome: String,
    /// It has begun, so that it can be said what became of it.
    pub(super) has_begun: bool,
    /// The team's notes: id, who and when, text; oldest first.
    pub(super) notes: Vec<(String, String, String)>,
    /// A note as it was typed.
    pub(super) note: String,
    /// All dates that were booked with it.
    pub(super) series: Option<SeriesShown>,
    /// Who sits with it.
    pub(super) group: Option<GroupShown>,
}

/// Those who booked the same time of an event type with seats.
pub(super) struct GroupShown {
    /// "2 of 5 seats".
    pub(super) taken: String,
    /// Name and page of each of the others.
    pub(super) others: Vec<(String, String)>,
}

impl GroupShown {
    fn of(app: &App, booking: &Booking) -> Result<Option<Self>, StoreError> {
        let Some((others, seats)) = group::read(app, booking)? else { return Ok(None) };
        let own = usize::from(booking.state.is_booked());
        let taken = format!("{} of {}", others.len() + own, counted(u64::from(seats), "seat", "seats"));
        let others = others.into_iter().map(|one| (one.details.name, format!("/calendar/{}", one.id))).collect();
        Ok(Some(Self { taken, others }))
    }
}

/// The dates of a series.
pub(super) struct SeriesShown {
    /// "3 of 8".
    pub(super) nth: String,
    /// When, its page, how it stands, and whether it is the one that is shown.
    pub(super) dates: Vec<(String, String, &'static str, bool)>,
    /// How many end where this one and all later ones are cancelled.
    pub(super) rest: usize,
}

impl SeriesShown {
    /// "3 dates, the first on Wed 25 Nov 2026, 11:00", whichever of them is shown.
    pub(super) fn all_in_words(&self) -> String {
        let first = self.dates.first().map_or("", |(when, ..)| when.as_str());
        format!("{} dates, the first on {first}", self.rest)
    }

    fn of(app: &App, booking: &Booking, zone: &TimeZone) -> Result<Option<Self>, StoreError> {
        let Some(part) = booking.details.series else { return Ok(None) };
        let all = series::read(app, booking)?;
        let shown = |one: &Booking| {
            let when = one.start.in_zone(zone).strftime("%a %-d %b %Y, %H:%M").to_string();
            (when, format!("/calendar/{}", one.id), one.words(), one.id == booking.id)
        };
        let rest = series::ending(&all, booking, app.now()).count();
        let nth = format!("{} of {}", part.number, part.of);
        Ok(Some(Self { nth, dates: all.iter().map(shown).collect(), rest }))
    }
}

/// A time that was not taken: why, what is free instead, and how to have it all the same.
pub(super) struct Refusal {
    pub(super) words: String,
    /// Where a person may insist: the field that says so. Else empty.
    pub(super) anyway: String,
    /// Address of the form that failed.
    pub(super) action: String,
    /// Starts (RFC 3339) that are free, and the words of their buttons.
    pub(super) free: Vec<(String, String)>,
}

impl Refusal {
    /// `None` for errors that are not about the time.
    pub(super) fn of(error: &BookError, action: String, zone: &TimeZone) -> Option<Self> {
        let (words, anyway, free) = match error {
            BookError::NotFree { why, free } => (why.words(), String::new(), free),
            BookError::Unsure { why, free } => (warnings_words(why), Anyway::field(why), free),
            _ => return None,
        };
        let free = free.iter().map(|span| {
            let words = span.start.in_zone(zone).strftime("Book %a %-d %b, %H:%M").to_string();
            (span.start.to_rfc3339(), words)
        });
        Some(Self { words, anyway, action, free: free.collect() })
    }
}

impl DetailPage {
    fn message_lines(&self) -> Vec<(String, &messages::Line)> {
        self.messages.lines.iter().map(|line| (messages::shown_at(line.at, &self.zone), line)).collect()
    }

    /// Nobody meets behind the link of a meeting that is not held.
    fn video_link(&self) -> Option<&str> {
        self.booking.video_link.as_deref().filter(|_| self.booking.state.is_booked())
    }

    /// The service that holds the meeting is behind: what is lacking.
    fn lacks_at_service(&self) -> Option<&'static str> {
        self.booking.hosted.trouble.as_ref()?;
        Some(match (self.booking.hosted.is_given_up, self.booking.state.is_booked(), &self.booking.video_link) {
            (true, ..) => Booking { trouble: None, ..self.booking.clone() }.trouble_words(),
            (false, true, None) => {
                "The meeting has no link yet; it is tried again by itself, and the guest gets the link once."
            }
            (false, ..) => {
                "The service that holds the meeting does not know the newest yet; it is tried again by itself."
            }
        })
    }
}

pub(super) fn read_detail(app: &App, actor: &Actor, id: BookingId) -> Result<DetailPage, BookError> {
    let booking = service::get(app, actor, id)?;
    let schedule = availability::schedule_of(&app.store, actor.workspace)?;
    let (ours, theirs) = (schedule.time_zone(), TimeZone::get(&booking.guest_zone).unwrap_or(TimeZone::UTC));
    let contact = contacts::get(&app.store, actor.workspace, booking.contact)?;
    let worker = match booking.worker {
        Some(worker) => workers::get(&app.store, actor.workspace, worker)?,
        None => None,
    };
    let (start, guest) = (booking.start.in_zone(&ours), booking.start.in_zone(&theirs));
    let book_anew = contact.as_ref().and_then(|contact| book_anew(contact, booking.worker)).unwrap_or_default();
    let until = booking.end.in_zone(&ours).strftime("%H:%M").to_string();
    let form = WhenForm::of(booking.start, &ours);
    let noted = |at: UnixMillis| at.in_zone(&ours).strftime("%a %-d %b, %H:%M").to_string();
    Ok(DetailPage {
        layout: Layout::default(),
        who: contact.as_ref().map(|contact| contact.name()).unwrap_or_default(),
        company: contact.map(|contact| contact.company).unwrap_or_default(),
        worker: worker.map(|worker| worker.name).unwrap_or_default(),
        way: booking.location.as_ref().filter(|place| **place != Location::Unsaid).map_or("", Location::words),
        hosts: host_names(app, &booking)?,
        when: on_both_clocks(
            &format!("{} to {until}", start.strftime("%A %-d %B %Y, %H:%M")),
            booking.start,
            &ours,
            &booking.guest_zone,
        ),
        guest_when: match start.datetime() == guest.datetime() {
            true => String::new(),
            false => format!("{} in {}", guest.strftime("%a %-d %b, %H:%M"), city_of(&booking.guest_zone)),
        },
        bookable: Bookable::of(app, &booking)?,
        may_choose_calendar: actor.may(Permission::EditOutreach),
        book_words: match booking.details.series {
            Some(part) if booking.is_request() => format!("Book all {}", part.of),
            _ => format!("Book {}", start.strftime("%H:%M")),
        },
        book_anew,
        messages: messages::read_log(app, actor, id)?,
        zone: ours.clone(),
        history: booking.history.iter().rev().map(|note| (noted(note.at), note.words.clone())).collect(),
        can_edit: actor.may(Permission::EditBookings),
        date: form.date,
        time: form.time,
        errors: FieldErrors::default(),
        refusal: None,
        anyway: String::new(),
        outcome: booking.kept.outcome.as_ref().map_or_else(String::new, |outcome| {
            format!("{}, as {} said on {}", outcome.what.words(), outcome.by, noted(outcome.at))
        }),
        has_begun: booking.start <= app.now(),
        notes: booking
            .kept
            .notes
            .iter()
            .map(|note| (note.id.to_string(), format!("{}, {}", note.by, noted(note.at)), note.text.clone()))
            .collect(),
        note: String::new(),
        series: SeriesShown::of(app, &booking, &ours)?,
        group: GroupShown::of(app, &booking)?,
        booking,
    })
}

fn host_names(app: &App, booking: &Booking) -> Result<String, StoreError> {
    app.store.read(|txn| {
        let mut names = Vec::new();
        for host in &booking.details.hosts {
            names.extend(identity::find(txn, *host)?.map(|user| user.name));
        }
        Ok(names.join(", "))
    })
}

/// The form for a booking by hand with guest and meeting filled in.
fn book_anew(contact: &Contact, worker: Option<WorkerId>) -> Option<String> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("email", contact.address()?.display());
    query.extend_pairs(worker.map(|worker| ("worker", worker.to_string())));
    Some(format!("/calendar/new?{}", query.finish()))
}

/// GET /calendar/{booking}: how it stands is kept true while the page is open.
pub(super) async fn detail(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<BookingId>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let page = run(move || read_detail(&app, &actor, id)).await??;
    let layout = frame.live_layout(page.booking.title.clone());
    html(StatusCode::OK, &DetailPage { layout, ..page })
}
