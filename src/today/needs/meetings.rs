//! Meetings that stand still: a proposed time, one that the calendar refused, one for which nothing could be offered.

use std::time::Duration;

use super::{Act, Need, Needs, SHOWN};
use crate::authz::Permission;
use crate::availability::Span;
use crate::base::on_both_clocks;
use crate::bookings::{self, Bookable, Booking};
use crate::messaging::Reply;
use crate::today::day::{Day, TodayError};
use crate::today::people::People;

/// How far ahead proposals are looked for.
const AHEAD: Duration = Duration::from_secs(90 * 86_400);

impl Needs {
    pub(super) fn add_proposals(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::EditBookings) {
            return Ok(());
        }
        let ahead = Span::new(day.now, day.now.plus(AHEAD));
        let booked = bookings::list_between(&day.app.store, day.workspace.id, ahead)?;
        let proposed: Vec<&Booking> = booked.iter().filter(|booking| booking.waits()).collect();
        let mut people = People::of(day.app, day.workspace.id);
        for booking in proposed.iter().take(SHOWN) {
            self.rows.push(proposal(day, &mut people, booking)?);
        }
        self.add_rest(proposed.len(), "proposed times", "/calendar");
        Ok(())
    }

    /// Meetings that the calendar refused.
    pub(super) fn add_troubled(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::EditBookings) {
            return Ok(());
        }
        let troubled = bookings::list_troubled(&day.app.store, day.workspace.id, SHOWN + 1)?;
        let mut people = People::of(day.app, day.workspace.id);
        for booking in troubled.iter().take(SHOWN) {
            self.rows.push(refused(day, &mut people, booking)?);
        }
        if troubled.len() > SHOWN {
            self.add_more("More meetings that the calendar refused", "/calendar");
        }
        Ok(())
    }

    /// Meetings that stand still: nothing could be offered.
    pub(super) fn add_meetings(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::HandleReplies) {
            return Ok(());
        }
        let left = bookings::list_left(&day.app.store, day.workspace.id, SHOWN + 1)?;
        let mut people = People::of(day.app, day.workspace.id);
        for (reply, left) in left.iter().take(SHOWN) {
            self.rows.push(left_over(&mut people, reply, &left.reason)?);
        }
        if left.len() > SHOWN {
            self.add_more("More answers about a meeting", "/replies?waiting=yes");
        }
        Ok(())
    }
}

fn proposal(day: &Day<'_>, people: &mut People<'_>, booking: &Booking) -> Result<Need, TodayError> {
    let known = people.get(booking.contact)?;
    let start = booking.start.in_zone(&day.zone);
    let bookable = Bookable::of(day.app, booking)?;
    let context =
        [known.company.as_str(), &bookable.note].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let (mut fact, mut words) = (asked(&known.name, day, booking), format!("Book {}", start.strftime("%H:%M")));
    if let Some(part) = booking.details.series {
        fact = format!("{fact} and {} later dates", part.of.saturating_sub(1));
        words = format!("Book all {}", part.of);
    }
    Ok(Need {
        icon: "calendar",
        tone: "plum",
        fact,
        context: context.join(". "),
        read: format!("/calendar/{}", booking.id),
        // What speaks against it is read before it is booked all the same.
        acts: (bookable.is_offered && bookable.anyway.is_empty())
            .then(|| Act { action: format!("/calendar/{}/accept", booking.id), words, kind: "", step: String::new() })
            .into_iter()
            .collect(),
        ..Need::default()
    })
}

/// What a visitor asks for is named; a lead proposes a time in words of their own.
fn asked(name: &str, day: &Day<'_>, booking: &Booking) -> String {
    match booking.is_request() {
        true => format!("{name} asks for {}: {}", booking.title, when(day, booking)),
        false => format!("{name} proposes {}", when(day, booking)),
    }
}

/// "Tue 24 Nov, 11:00 · 12:00 in Berlin".
fn when(day: &Day<'_>, booking: &Booking) -> String {
    let here = booking.start.in_zone(&day.zone).strftime("%a %-d %b, %H:%M").to_string();
    on_both_clocks(&here, booking.start, &day.zone, &booking.guest_zone)
}

fn refused(day: &Day<'_>, people: &mut People<'_>, booking: &Booking) -> Result<Need, TodayError> {
    let known = people.get(booking.contact)?;
    let reason = booking.trouble.as_deref().or(booking.hosted.trouble.as_deref()).unwrap_or_default();
    let what = match &booking.trouble {
        None if booking.hosted.is_given_up => "the meeting is not there as agreed",
        _ => "not in your calendar as agreed",
    };
    let again = (!booking.is_unwritten()).then(|| Act {
        action: format!("/calendar/{}/again", booking.id),
        words: "Try again".to_owned(),
        kind: "",
        step: String::new(),
    });
    Ok(Need {
        icon: "alert",
        tone: "bad",
        fact: format!("{}, {}: {what}", known.name, when(day, booking)),
        context: format!("{} {reason}", booking.trouble_words()),
        read: format!("/calendar/{}", booking.id),
        acts: again.into_iter().collect(),
        ..Need::default()
    })
}

/// A link of theirs is shown as they wrote it; nothing here opens it.
fn left_over(people: &mut People<'_>, reply: &Reply, reason: &str) -> Result<Need, TodayError> {
    let known = people.get(reply.contact)?;
    let name = if known.name.is_empty() { reply.from.display().to_owned() } else { known.name };
    let link = reply.reading.as_ref().and_then(|reading| reading.booking_links.first());
    Ok(Need {
        icon: "calendar",
        tone: "plum",
        fact: format!("{name} wants to meet and names no time"),
        context: link.map_or_else(|| reason.to_owned(), |link| format!("{reason} {link}")),
        href: format!("/replies/{}", reply.id),
        go: "Answer",
        ..Need::default()
    })
}
