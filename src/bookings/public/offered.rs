//! A time that a worker offered in a mail: a signed link to a page on which the lead confirms it.
//!
//! Always true here:
//! - The link names workspace, answer (and with it the lead), event type, start, length and end of validity; all of it
//!   is signed.
//! - A GET books nothing: scanners of mail open every link. Only the button does.
//! - Whatever is clicked and however often, an offer leads to one meeting (`promised`).

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;

use super::about::{about, About};
use super::commit::{book_for, Guest, Lead, NotBooked, Wanted};
use super::form_words;
use super::guest_form::{asked_of, read_answers, read_guest, Asked};
use super::month::clock_of;
use super::offered_words::{self, OfferedWords};
use super::taking::{next_path, trouble_words};
use super::token::{open, sign, PREFIX};
use super::visit::{broken, is_open, layout, Place, Tries};
use super::words::{self as page_words, Words};
use crate::app::App;
use crate::audit::Who;
use crate::availability::{self, FreeTimes, Span};
use crate::base::{EventTypeId, ReplyId, UnixMillis, WorkspaceId};
use crate::bookings::consider::proposes;
use crate::bookings::model::{Booking, Source};
use crate::bookings::offer::language_of;
use crate::bookings::slots::Slots;
use crate::bookings::types::{self, EventType, Location};
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::bookings::{decide, promised};
use crate::contacts::{self, Contact};
use crate::http::layout::PublicLayout;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, ClientIp, PageError};
use crate::messaging::{self, Reply};
use crate::store::StoreError;
use crate::workspaces;

const OFFER: &str = "an offered time";
/// How long an offer stands, unless its time comes before.
const VALID: Duration = Duration::from_secs(30 * 86_400);

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/booking/at/{token}").route(web::get().to(show)).route(web::post().to(take)));
}

/// One offered time. Instants are whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offer {
    workspace: WorkspaceId,
    /// The answer to which it was offered.
    reply: ReplyId,
    event: EventTypeId,
    start: UnixMillis,
    minutes: u16,
    until: UnixMillis,
}

impl Offer {
    fn token(&self, app: &App) -> String {
        let minute = |at: UnixMillis| u32::try_from(at.0 / 60_000).unwrap_or_default().to_be_bytes();
        let parts: [&[u8]; 6] = [
            self.workspace.as_bytes(),
            self.reply.as_bytes(),
            self.event.as_bytes(),
            &minute(self.start),
            &self.minutes.to_be_bytes(),
            &minute(self.until),
        ];
        sign(app, OFFER, &parts.concat())
    }

    fn read(app: &App, token: &str) -> Option<Self> {
        let bytes = open(app, OFFER, token)?;
        let id = |from: usize| bytes.get(from..from + 16);
        let minute = |from: usize| {
            let minutes = u32::from_be_bytes(bytes.get(from..from + 4)?.try_into().ok()?);
            Some(UnixMillis(i64::from(minutes) * 60_000))
        };
        Some(Self {
            workspace: WorkspaceId::from_slice(id(0)?)?,
            reply: ReplyId::from_slice(id(16)?)?,
            event: EventTypeId::from_slice(id(32)?)?,
            start: minute(48)?,
            minutes: u16::from_be_bytes(bytes.get(52..54)?.try_into().ok()?),
            until: minute(54)?,
        })
    }

    fn path(&self, app: &App) -> String {
        format!("{PREFIX}/at/{}", self.token(app))
    }

    fn span(&self) -> Span {
        Span::lasting(self.start, Duration::from_secs(60 * u64::from(self.minutes)))
    }
}

/// Whose offer a token holds; `None` of one that we did not make.
pub(super) fn workspace_of(app: &App, token: &str) -> Option<WorkspaceId> {
    Offer::read(app, token).map(|offer| offer.workspace)
}

/// The links that book these times for whoever wrote `reply`, whole, in their order.
pub fn links(app: &App, reply: &Reply, event: &EventType, free: &[Span]) -> Vec<String> {
    links_until(app, reply, event, free, app.now().plus(VALID))
}

fn links_until(app: &App, reply: &Reply, event: &EventType, free: &[Span], until: UnixMillis) -> Vec<String> {
    let link = |span: &Span| {
        let offer = Offer {
            workspace: reply.workspace,
            reply: reply.id,
            event: event.id,
            start: span.start,
            minutes: u16::try_from(span.length().as_secs() / 60).unwrap_or(u16::MAX),
            until: until.min(span.start),
        };
        app.url(&offer.path(app))
    };
    free.iter().map(link).collect()
}

/// Everything behind a link that is good.
struct Opened {
    offer: Offer,
    place: Place,
    reply: Reply,
    contact: Contact,
    language: Language,
    guest_zone: String,
    here: String,
}

/// What is forged, another workspace's, or about somebody who is gone is not there.
fn opened(app: &App, token: &str) -> Result<Opened, PageError> {
    let offer = Offer::read(app, token).ok_or(PageError::NotFound)?;
    let workspace = workspaces::get(&app.store, offer.workspace).map_err(broken)?;
    let workspace = workspace.filter(is_open).ok_or(PageError::NotFound)?;
    let found = app.store.read(|txn| {
        let event = types::find(txn, workspace.id, offer.event)?;
        let reply = messaging::find_reply(txn, workspace.id, offer.reply)?;
        let contact = match &reply {
            Some(reply) => contacts::find(txn, workspace.id, reply.contact)?,
            None => None,
        };
        Ok::<_, StoreError>((event, reply, contact.filter(|contact| !contact.restricted)))
    });
    let (Some(event), Some(reply), Some(contact)) = found.map_err(broken)? else { return Err(PageError::NotFound) };
    Ok(Opened {
        language: language_of(&reply, &contact),
        guest_zone: contact.time_zone.clone().unwrap_or_else(|| workspace.time_zone.clone()),
        here: offer.path(app),
        place: Place { workspace, event },
        offer,
        reply,
        contact,
    })
}

#[derive(Template)]
#[template(path = "bookings/public_offer.html")]
struct OfferPage {
    layout: PublicLayout,
    words: &'static Words,
    own: &'static OfferedWords,
    about: About,
    here: String,
    /// On the lead's clock, and on ours.
    when: String,
    zones: String,
    goes_to: String,
    button: String,
    /// Why it cannot be booked; empty: it can.
    trouble: String,
    /// In words, and the links that book them.
    near: Vec<(String, String)>,
    /// The page with all times; empty when it is closed.
    all_times: String,
    phone: bool,
    others: u32,
    others_hint: String,
    questions: Vec<Asked>,
    typed: BTreeMap<String, String>,
    /// Above several errors.
    to_mend: String,
    errors: FieldErrors,
}

impl OfferPage {
    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }

    /// "optional" below what may stay empty.
    fn optional(&self, asked: &Asked) -> &'static str {
        if asked.required {
            ""
        } else {
            self.words.optional
        }
    }
}

fn page(
    app: &App,
    opened: &Opened,
    typed: BTreeMap<String, String>,
    errors: FieldErrors,
) -> Result<OfferPage, PageError> {
    let Opened { offer, place, language, .. } = opened;
    let (event, words) = (&place.event, page_words::of(*language));
    let ours = availability::schedule_of(&app.store, place.workspace.id).map_err(broken)?.zone;
    let span = offer.span();
    let (when, zones) = words::span(*language, span.start, span.end, &Clocks::of(&opened.guest_zone, &ours));
    let start = span.start.in_zone(&Clocks::of(&opened.guest_zone, &ours).guest);
    let time = format!("{} {}", words::weekday(*language, start.date()), clock_of(&start));
    let own = offered_words::of(*language);
    Ok(OfferPage {
        layout: layout(&event.name, *language, &place.workspace),
        about: about(app, place, &offer.minutes.to_string(), *language)?,
        here: opened.here.clone(),
        goes_to: fill(own.goes_to, &[("email", opened.reply.from.display())]),
        button: fill(if event.needs_approval { words.request } else { words.book }, &[("time", &time)]),
        trouble: String::new(),
        near: Vec::new(),
        all_times: match event.is_open {
            true => format!("/b/{}/{}", place.workspace.slug, event.slug),
            false => String::new(),
        },
        phone: event.location == Location::WeCall,
        others: event.companions(),
        others_hint: fill(words.others_hint, &[("n", &event.companions().to_string())]),
        questions: asked_of(&event.questions, &typed, &errors),
        words,
        own,
        when,
        zones,
        typed,
        to_mend: form_words::of(*language).to_mend(errors.len()),
        errors,
    })
}

/// The offer ran out, or the event type is closed or has another length by now: what was read is not what would be booked.
fn has_ended(opened: &Opened, now: UnixMillis) -> bool {
    let (event, minutes) = (&opened.place.event, u32::from(opened.offer.minutes));
    opened.offer.until <= now || !event.is_open || event.duration(Some(minutes)) != minutes
}

/// The page that says why the time cannot be had, with the nearest ones that can, for as long as the offer stands.
fn refusal(app: &App, opened: &Opened, trouble: String) -> Result<OfferPage, PageError> {
    let mut page = page(app, opened, BTreeMap::new(), FieldErrors::default())?;
    page.trouble = trouble;
    let Opened { offer, place, language, .. } = opened;
    if has_ended(opened, app.now()) {
        return Ok(page);
    }
    let ours = availability::schedule_of(&app.store, place.workspace.id).map_err(broken)?.zone;
    let clocks = Clocks::of(&opened.guest_zone, &ours);
    let slots = Slots::known(app, &place.event, u32::from(offer.minutes), &[offer.start], &clocks.guest, None);
    let slots = slots.map_err(broken)?;
    let free = slots.others_near(offer.start, slots.range, &clocks.guest, decide::OFFERS);
    let links = links_until(app, &opened.reply, &place.event, &free, offer.until);
    let when = free.iter().map(|span| words::when(*language, span.start, &clocks));
    page.near = when.zip(links).collect();
    Ok(page)
}

enum Shown {
    /// There is a meeting already; its page.
    Elsewhere(String),
    Page(StatusCode, Box<OfferPage>),
}

fn answer(shown: Shown) -> Result<HttpResponse, PageError> {
    match shown {
        Shown::Elsewhere(to) => Ok(see_other(&to)),
        Shown::Page(status, page) => html(status, &*page),
    }
}

/// Where the meeting that there is stands: its own page, or this one with a word about it.
fn there_is(app: &App, opened: &Opened, booking: &Booking) -> Result<Shown, PageError> {
    if booking.details.event_type.is_some() {
        let to = next_path(app, booking)?;
        return Ok(Shown::Elsewhere(to));
    }
    let mut page = page(app, opened, BTreeMap::new(), FieldErrors::default())?;
    let clocks = Clocks::of(&opened.guest_zone, &opened.guest_zone);
    let when = words::when(opened.language, booking.start, &clocks);
    page.trouble = fill(page.own.have_one, &[("when", &when)]);
    page.all_times = String::new();
    Ok(Shown::Page(StatusCode::OK, Box::new(page)))
}

/// What is to be shown instead of the form, where something is.
fn instead(app: &App, opened: &Opened) -> Result<Option<Shown>, PageError> {
    let (offer, now) = (&opened.offer, app.now());
    let meeting = app.store.read(|txn| promised::meeting(txn, offer.workspace, opened.contact.id, offer.reply, now));
    if let Some(booking) = meeting.map_err(broken)? {
        return there_is(app, opened, &booking).map(Some);
    }
    let own = offered_words::of(opened.language);
    // Somebody has said since that the answer asks for no meeting.
    let is_meant = opened.reply.reading.as_ref().is_some_and(proposes);
    if !is_meant || has_ended(opened, now) {
        let page = refusal(app, opened, own.over.to_owned())?;
        return Ok(Some(Shown::Page(StatusCode::GONE, Box::new(page))));
    }
    Ok(None)
}

/// GET /booking/at/{token}: the time and a button; 303 to the meeting that there is; 410 when the offer has run out.
async fn show(app: Data<App>, token: Path<String>) -> Result<HttpResponse, PageError> {
    answer(run(move || shown_at(&app, &token)).await??)
}

fn shown_at(app: &App, token: &str) -> Result<Shown, PageError> {
    let opened = opened(app, token)?;
    if let Some(shown) = instead(app, &opened)? {
        return Ok(shown);
    }
    let (event, offer, zone) = (&opened.place.event, &opened.offer, TimeZone::UTC);
    let slots = Slots::known(app, event, u32::from(offer.minutes), &[offer.start], &zone, None).map_err(broken)?;
    let page = match slots.check(offer.start).is_ok() {
        true => page(app, &opened, known(&opened), FieldErrors::default())?,
        false => refusal(app, &opened, page_words::of(opened.language).taken.to_owned())?,
    };
    Ok(Shown::Page(StatusCode::OK, Box::new(page)))
}

/// What is known of the lead, so that they need not type it.
fn known(opened: &Opened) -> BTreeMap<String, String> {
    let name = Some(opened.contact.name()).filter(|name| !name.contains('@')).unwrap_or_default();
    [("name", name), ("phone", opened.contact.phone.clone())]
        .map(|(field, value)| (field.to_owned(), value))
        .into_iter()
        .collect()
}

/// POST /booking/at/{token}: 303 to the page of the booking; 422 with the form; 409 with other times when
/// this one has gone.
async fn take(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    path: Path<String>,
    form: Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    tries.check(&app, client)?;
    let typed = form.into_inner();
    let shown = run(move || {
        let opened = opened(&app, &path)?;
        if let Some(shown) = instead(&app, &opened)? {
            return Ok::<_, PageError>(shown);
        }
        let wanted = match read(&opened, &typed) {
            Ok(wanted) => wanted,
            Err(errors) => {
                let page = page(&app, &opened, typed, errors)?;
                return Ok(Shown::Page(StatusCode::UNPROCESSABLE_ENTITY, Box::new(page)));
            }
        };
        let lead = Lead {
            contact: opened.contact.id,
            worker: opened.reply.worker,
            reply: Some(opened.reply.id),
            proposal: None,
            once: true,
            agreed: false,
            insists: false,
            who: Who::Visitor,
            how: "By the link of an offered time.".to_owned(),
            detail: format!("by the link of an offered time, reply {}", opened.reply.id),
        };
        match book_for(&app, &opened.place.event, &wanted, Some(&lead), &|_| Ok(())) {
            Ok(booking) => there_is(&app, &opened, &booking),
            Err(error) => {
                let trouble = match &error {
                    NotBooked::Closed => offered_words::of(opened.language).over.to_owned(),
                    error => trouble_words(error, opened.language)?,
                };
                Ok(Shown::Page(StatusCode::CONFLICT, Box::new(refusal(&app, &opened, trouble)?)))
            }
        }
    });
    answer(shown.await??)
}

fn read(opened: &Opened, typed: &BTreeMap<String, String>) -> Result<Wanted, FieldErrors> {
    let (event, language) = (&opened.place.event, opened.language);
    let mut errors = FieldErrors::default();
    let (name, phone, others) = read_guest(event, typed, language, &mut errors);
    let answers = read_answers(event, typed, language, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Wanted {
        start: opened.offer.start,
        minutes: u32::from(opened.offer.minutes),
        guest: Guest {
            name,
            email: opened.reply.from.clone(),
            phone,
            zone: opened.guest_zone.clone(),
            language: opened.language.tag().to_owned(),
            others,
        },
        answers,
        hold: None,
        came_from: String::new(),
        source: Source::Reply,
    })
}

#[cfg(test)]
#[path = "offered_tests.rs"]
mod tests;
