//! What somebody in line is written: that they are on the list, and that a time is theirs for a while.

use super::model::Waiter;
use super::words::{self as line_words, Words};
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::messages::{write_outside, Outside};
use crate::bookings::public::token::waiter_path;
use crate::bookings::types::EventType;
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::messaging::{Act, Row};
use crate::store::{StoreError, Txn};
use crate::workspaces;

/// "Thursday 26 November, 10:30 (London time)", on the clock of whoever waits.
pub fn when(waiter: &Waiter, at: UnixMillis) -> String {
    words::when(Language::of(&waiter.language), at, &Clocks::of(&waiter.zone, &waiter.zone))
}

/// "Any free time in November 2026", a day, some days, or the one start.
pub fn wish(waiter: &Waiter, language: Language) -> String {
    let clocks = Clocks::of(&waiter.zone, &waiter.zone);
    if waiter.is_for_one_start() {
        return words::when(language, waiter.within.start, &clocks);
    }
    let date = |at: UnixMillis| at.in_zone(&clocks.guest).date();
    let (first, last) = (date(waiter.within.start), date(UnixMillis(waiter.within.end.0 - 1)));
    if first == last {
        return words::day(language, first);
    }
    if last == first.last_of_month() {
        return fill(line_words::of(language).any_time, &[("month", &words::month(language, first))]);
    }
    format!("{} – {}", words::day(language, first), words::day(language, last))
}

pub fn joined(
    app: &App,
    txn: &mut Txn<'_>,
    event: &EventType,
    waiter: &Waiter,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let language = Language::of(&waiter.language);
    let words = line_words::of(language);
    let title = [("title", event.name.as_str())];
    let link = app.url(&waiter_path(app, waiter.workspace, waiter.event, waiter.id));
    let is_sure = waiter.confirmed_at.is_some();
    let said = fill(words.joined_text, &title);
    let letter = Outside {
        subject: fill(words.joined_subject, &title),
        heading: words.joined.to_owned(),
        text: if is_sure { said } else { format!("{said}\n\n{}", words.confirm_text) },
        rows: vec![Row { label: words.wish.to_owned(), value: wish(waiter, language), ..Row::default() }],
        button: (!is_sure).then(|| Act { words: words.confirm.to_owned(), href: link.clone() }),
        acts: vec![Act { words: words.leave.to_owned(), href: link }],
        ..blank(txn, event, waiter, words)?
    };
    write_outside(app, txn, letter, now).map(drop)
}

/// `false` where they cannot be written to.
pub fn offered(
    app: &App,
    txn: &mut Txn<'_>,
    event: &EventType,
    waiter: &Waiter,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let Some(offer) = waiter.offer() else { return Ok(false) };
    let words = line_words::of(Language::of(&waiter.language));
    let (start, until) = (when(waiter, offer.start), when(waiter, offer.until));
    let values = [("title", event.name.as_str()), ("when", &start), ("until", &until)];
    let link = app.url(&waiter_path(app, waiter.workspace, waiter.event, waiter.id));
    let letter = Outside {
        subject: fill(words.offer_subject, &values),
        heading: words.offered.to_owned(),
        text: fill(words.offer_text, &values),
        button: Some(Act { words: words.take.to_owned(), href: link.clone() }),
        acts: vec![Act { words: words.leave.to_owned(), href: link }],
        useful_until: offer.until,
        ..blank(txn, event, waiter, words)?
    };
    write_outside(app, txn, letter, now)
}

fn blank<'a>(
    txn: &mut Txn<'_>,
    event: &EventType,
    waiter: &'a Waiter,
    words: &Words,
) -> Result<Outside<'a>, StoreError> {
    let business = workspaces::find(txn, waiter.workspace)?.map(|home| home.name).unwrap_or_default();
    Ok(Outside {
        workspace: waiter.workspace,
        contact: waiter.contact,
        to: &waiter.email,
        host: event.hosts.first().map(|host| host.user),
        language: &waiter.language,
        subject: String::new(),
        heading: String::new(),
        text: String::new(),
        rows: Vec::new(),
        button: None,
        acts: Vec::new(),
        reason: fill(words.why, &[("from", &business)]),
        useful_until: waiter.within.end,
    })
}
