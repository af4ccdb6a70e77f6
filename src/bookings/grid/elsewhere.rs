//! What stands in the connected calendars without being ours, and what is not known of them.

use std::time::Duration;

use crate::app::App;
use crate::authz::Actor;
use crate::availability::{self, Cached, Span};
use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::connections::{self, State, Use};
use crate::store::StoreError;

pub(super) struct Elsewhere {
    pub(super) busy: Vec<Span>,
    pub(super) unread: Vec<String>,
    pub(super) no_calendar: bool,
}

/// Busy times of all connected calendars, without our own meetings and without overlaps.
pub(super) fn busy_elsewhere(
    app: &App,
    actor: &Actor,
    range: Span,
    bookings: &[Booking],
) -> Result<Elsewhere, StoreError> {
    let mut found = Elsewhere { busy: Vec::new(), unread: Vec::new(), no_calendar: true };
    let own_events: Vec<&str> = bookings.iter().filter_map(|booking| booking.event_id.as_deref()).collect();
    let mut beside_ours = Vec::new();
    for connection in connections::list(&app.store, actor.workspace)? {
        if !connection.can(Use::Calendar) || connection.is_disconnected() {
            continue;
        }
        found.no_calendar = false;
        let cached = availability::cached(&app.store, actor.workspace, connection.id)?;
        if let State::NeedsOwner { reason, .. } = &connection.state {
            found.unread.push(format!("{}: {reason}", connection.address));
        } else if let Some(reason) = not_known(cached.as_ref(), range, app.now(), app.config.jobs.calendar_sync) {
            found.unread.push(format!("{}: {reason}", connection.address));
        }
        let Some(cached) = cached else { continue };
        found.busy.extend(cached.busy);
        let others = cached.beside_ours.into_iter().filter(|single| !own_events.contains(&single.event.as_str()));
        beside_ours.extend(others.map(|single| single.span));
    }
    for own in bookings.iter().filter(|booking| booking.event_id.is_some()) {
        found.busy = found.busy.iter().flat_map(|busy| busy.without(&own.span())).collect();
    }
    found.busy.extend(beside_ours);
    found.busy.retain(|busy| busy.overlaps(&range));
    found.busy.sort();
    found.busy.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
    Ok(found)
}

/// Why the week may be busier than it is drawn, in words. A reading that failed is said at once.
fn not_known(cached: Option<&Cached>, week: Span, now: UnixMillis, every: Duration) -> Option<String> {
    if week.end <= now {
        return None;
    }
    let Some(cached) = cached else { return Some("not read yet, so what stands in this calendar is missing.".into()) };
    cached.failed.clone().or_else(|| cached.not_known(week, now, every))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_week_that_is_not_known_is_not_drawn_as_free_without_a_word() {
        let (now, every) = (at("2026-11-24T10:00:00Z"), Duration::from_secs(300));
        let hours = |count: i64| UnixMillis(now.0 + count * 3_600_000);
        let read = |read_at: UnixMillis| Cached {
            read_at,
            range: Span::new(read_at, UnixMillis(read_at.0 + 180 * 86_400_000)),
            busy: vec![],
            beside_ours: vec![],
            failed: None,
            is_followed: false,
        };
        let week = |days: i64| Span::new(hours(24 * days), hours(24 * (days + 7)));
        let failed = Cached { failed: Some("notFound".into()), ..read(now) };
        let cases = [
            ("this week, just read", Some(read(now)), week(-1), ""),
            ("the last week whole within 180 days", Some(read(now)), week(173), ""),
            ("a week that reaches beyond", Some(read(now)), week(174), "180 days"),
            ("a week far beyond", Some(read(now)), week(300), "180 days"),
            ("never read", None, week(0), "not read yet"),
            ("read yesterday", Some(read(hours(-24))), week(0), "24 h ago"),
            ("failed", Some(failed), week(0), "notFound"),
            ("a week that is over", None, week(-8), ""),
        ];
        for (name, cached, week, expected) in cases {
            let words = not_known(cached.as_ref(), week, now, every).unwrap_or_default();
            assert_eq!(words.is_empty(), expected.is_empty(), "{name}: {words}");
            assert!(words.contains(expected), "{name}: {words}");
        }
    }
}
