//! One message, written: subject, text, the same as a sheet, and the invitation where it is ours to send.

use super::around::Around;
use super::fields::{title, Values};
use super::invite;
use super::links::Links;
use super::model::{Inviter, Kind, Wording};
use super::texts::{self, Labels};
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::messaging::{Act, CalendarFile, Row, Sheet};
use crate::payments;

/// Ready to leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub sheet: Sheet,
    pub calendar: Option<CalendarFile>,
}

/// What a message is written from.
pub struct Occasion<'a> {
    pub kind: Kind,
    pub booking: &'a Booking,
    /// All dates of a series that it is about; empty: the booking alone.
    pub with: &'a [Booking],
    pub around: &'a Around,
    /// The owner's own wording, where there is one.
    pub own: Option<&'a Wording>,
    /// To each of these dates.
    pub inviters: Vec<Inviter>,
    /// Name and address in invitations of ours.
    pub organizer: Option<&'a (String, String)>,
    /// Why it was cancelled or declined.
    pub reason: &'a str,
}

/// Writes it. An own text that cannot be filled (an older version's field) gives way to the built-in one.
pub fn write(app: &App, occasion: &Occasion<'_>, now: UnixMillis) -> Letter {
    let Occasion { kind, booking, around, .. } = *occasion;
    let language = Language::of(&booking.language);
    let texts = texts::of(language);
    // Moving and cancelling are the visitor's own.
    let links = if around.companion.is_some() { Links::default() } else { Links::of(app, booking) };
    let values = Values::of(booking, around, &links, language, occasion.reason);
    let built_in = texts.wording(kind);
    let filled = |wording: &Wording| Some((values.fill(&wording.subject)?, values.fill(&wording.text)?));
    let (subject, words) =
        occasion.own.and_then(filled).or_else(|| filled(&built_in)).unwrap_or_else(|| (title(booking), String::new()));
    let rows = rows(occasion, language, &texts.labels);
    let note = &invitation_note(occasion, &texts.labels);
    let all = series_note(occasion, &texts.labels);
    let (_, video) = around.place_words(booking, language);
    let acts = acts(kind, &links, &texts.labels);
    let text = plain(&[&words, &all, &plain_rows(&rows), note, &plain_acts(&acts, &texts.labels), &around.signature]);
    let sheet = Sheet {
        language: language.tag().to_owned(),
        title: subject.clone(),
        from: around.business.clone(),
        heading: values.fill(texts.heading(kind)).unwrap_or_else(|| subject.clone()),
        text: plain(&[&words, &all, note]),
        button: video
            .filter(|_| kind.is_ahead() && !differ(occasion.with))
            .map(|href| Act { words: texts.labels.open.to_owned(), href }),
        before_acts: if acts.is_empty() { String::new() } else { texts.labels.came_up.to_owned() },
        reason: fill(texts.labels.reason, &[("from", business_of(around))]),
        closing: around.signature.clone(),
        rows,
        acts,
    };
    Letter { subject, text, sheet, calendar: invite::file(app, occasion, &links, now) }
}

fn business_of(around: &Around) -> &str {
    match around.business.as_str() {
        "" => &around.host_name,
        business => business,
    }
}

fn plain(parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

fn rows(occasion: &Occasion<'_>, language: Language, labels: &Labels) -> Vec<Row> {
    let Occasion { kind, booking, around, .. } = *occasion;
    let clocks = Clocks::of(&booking.guest_zone, &around.host_zone);
    let mut rows = dates(occasion.with, language, &clocks);
    if !kind.is_ahead() && kind != Kind::Requested {
        return rows;
    }
    if rows.is_empty() {
        let (value, note) = words::span(language, booking.start, booking.end, &clocks);
        rows.push(Row { label: labels.when.to_owned(), value, note, link: None });
    }
    if !around.host_name.is_empty() {
        rows.push(Row { label: labels.with.to_owned(), value: around.host_name.clone(), ..Row::default() });
    }
    let (place, link) = around.place_words(booking, language);
    if !place.is_empty() && kind.is_ahead() && !differ(occasion.with) {
        rows.push(Row { label: labels.at.to_owned(), value: place, note: String::new(), link });
    }
    // What was paid is said once, and to nobody who only comes along.
    let is_receipt = matches!(kind, Kind::Confirmation | Kind::Requested) && around.companion.is_none();
    if let Some((amount, currency)) = around.paid.as_ref().filter(|_| is_receipt) {
        let value = payments::amount_said(*amount, currency, language);
        rows.push(Row { label: labels.paid.to_owned(), value, ..Row::default() });
    }
    rows
}

/// Each date of a series on a line: "3/8". With a link of its own where each has another.
fn dates(all: &[Booking], language: Language, clocks: &Clocks) -> Vec<Row> {
    let own_links = differ(all);
    let row = |(nth, booking): (usize, &Booking)| {
        let (value, note) = words::span(language, booking.start, booking.end, clocks);
        let link = booking.video_link.clone().filter(|_| own_links && booking.state.is_booked());
        let note = [Some(note), link.clone()].into_iter().flatten().filter(|part| !part.is_empty());
        let note = note.collect::<Vec<_>>().join(", ");
        Row { label: format!("{}/{}", nth + 1, all.len()), value, note, link }
    };
    all.iter().enumerate().map(row).collect()
}

/// Their calls have different links.
fn differ(all: &[Booking]) -> bool {
    all.windows(2).any(|pair| pair[0].video_link != pair[1].video_link)
}

/// That it is about several dates.
fn series_note(occasion: &Occasion<'_>, labels: &Labels) -> String {
    if occasion.with.is_empty() {
        return String::new();
    }
    let pattern = match occasion.kind {
        Kind::Cancelled | Kind::Declined => labels.series_off,
        _ => labels.series,
    };
    fill(pattern, &[("n", &occasion.with.len().to_string())])
}

fn plain_rows(rows: &[Row]) -> String {
    let line = |row: &Row| match row.note.is_empty() {
        true => format!("{}: {}", row.label, row.value),
        false => format!("{}: {}, {}", row.label, row.value, row.note),
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// How the dates come into the guest's calendar; of a series some may come in one way and some in the other.
fn invitation_note(occasion: &Occasion<'_>, labels: &Labels) -> String {
    let invites = |inviter: Inviter| occasion.inviters.contains(&inviter);
    let is_news = matches!(occasion.kind, Kind::Confirmation | Kind::Moved);
    let ours = (is_news && invites(Inviter::Us)).then_some(labels.attached);
    let theirs = (occasion.kind == Kind::Confirmation && invites(Inviter::Provider)).then_some(labels.invited_apart);
    ours.into_iter().chain(theirs).collect::<Vec<_>>().join(" ")
}

fn acts(kind: Kind, links: &Links, labels: &Labels) -> Vec<Act> {
    if !kind.is_ahead() && kind != Kind::Requested {
        return Vec::new();
    }
    // What is only asked for can be taken back, not moved.
    let change = links.change.clone().filter(|_| kind != Kind::Requested);
    let each = [(labels.change, change), (labels.cancel, links.cancel.clone())];
    each.into_iter().filter_map(|(words, href)| Some(Act { words: words.to_owned(), href: href? })).collect()
}

fn plain_acts(acts: &[Act], labels: &Labels) -> String {
    if acts.is_empty() {
        return String::new();
    }
    let lines = acts.iter().map(|act| format!("{}: {}", act.words, act.href));
    std::iter::once(labels.came_up.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}
