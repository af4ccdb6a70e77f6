//! The filters of `GET /v1/bookings`.

use serde::Deserialize;
use utoipa::IntoParams;

use super::filter::{Fate, Filter};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::Span;
use crate::base::{ContactId, Cursor, EventTypeId, Page, SeriesId, UnixMillis, UserId, WorkerId};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, Source};
use crate::bookings::service::{self, BookError};
use crate::bookings::store::{find_all, Wanted};
use crate::http::api::FieldError;
use crate::http::ApiError;
use crate::store::{StoreError, Txn};

/// Filters of the list of bookings. With `from` or `to` the list is in the order of the bookings' start, else the last
/// made comes first.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BookingFilter {
    /// Only those that begin at this instant (RFC 3339) or later.
    from: Option<String>,
    /// Only those that begin before this instant (RFC 3339).
    to: Option<String>,
    /// `proposed`, `held`, `confirmed`, `cancelled` or `failed`.
    state: Option<String>,
    /// `completed` or `no_show`.
    outcome: Option<String>,
    /// `reply`, `by_hand`, `api` or `page`.
    source: Option<String>,
    worker_id: Option<String>,
    /// A member who hosts.
    host_id: Option<String>,
    event_type_id: Option<String>,
    /// As `/v1/bookings/analytics` counts them: `ever_booked`, `moved`, `cancelled`, `no_show` or `completed`.
    counted_as: Option<String>,
    contact_id: Option<String>,
    /// The dates of one series.
    series_id: Option<String>,
}

/// A filter that was read.
#[derive(Clone, Debug, Default)]
pub struct Only {
    within: Option<Span>,
    state: Option<String>,
    outcome: Option<Became>,
    source: Option<Source>,
    worker: Option<WorkerId>,
    host: Option<UserId>,
    event_type: Option<EventTypeId>,
    counted_as: Option<Fate>,
    contact: Option<ContactId>,
    series: Option<SeriesId>,
}

const STATES: [&str; 5] = ["proposed", "held", "confirmed", "cancelled", "failed"];

impl BookingFilter {
    /// The filter, or 422 with each parameter that is wrong. `None`: nothing is filtered.
    pub fn read(&self) -> Result<Option<Only>, ApiError> {
        let mut errors = Vec::new();
        let from = parsed(&self.from, "from", INSTANT, UnixMillis::parse_rfc3339, &mut errors);
        let to = parsed(&self.to, "to", INSTANT, UnixMillis::parse_rfc3339, &mut errors);
        let state = |text: &str| STATES.contains(&text).then(|| text.to_owned());
        let outcome = |text: &str| [Became::Completed, Became::NoShow].into_iter().find(|one| one.as_str() == text);
        let only = Only {
            within: (from.is_some() || to.is_some())
                .then(|| Span::new(from.unwrap_or(UnixMillis(0)), to.unwrap_or(UnixMillis(i64::MAX)))),
            state: parsed(
                &self.state,
                "state",
                "state is proposed, held, confirmed, cancelled or failed.",
                state,
                &mut errors,
            ),
            outcome: parsed(&self.outcome, "outcome", "outcome is completed or no_show.", outcome, &mut errors),
            source: parsed(&self.source, "source", SOURCE, Source::parse, &mut errors),
            worker: parsed(
                &self.worker_id,
                "worker_id",
                "worker_id is the id of a worker.",
                |text| text.parse().ok(),
                &mut errors,
            ),
            host: parsed(&self.host_id, "host_id", HOST, |text| text.parse().ok(), &mut errors),
            event_type: parsed(&self.event_type_id, "event_type_id", EVENT_TYPE, |text| text.parse().ok(), &mut errors),
            counted_as: parsed(
                &self.counted_as,
                "counted_as",
                "counted_as is ever_booked, moved, cancelled, no_show or completed.",
                |text| Fate::COUNTED.into_iter().find(|fate| fate.as_str() == text),
                &mut errors,
            ),
            contact: parsed(
                &self.contact_id,
                "contact_id",
                "contact_id is the id of a contact.",
                |text| text.parse().ok(),
                &mut errors,
            ),
            series: parsed(
                &self.series_id,
                "series_id",
                "series_id is the id of a series.",
                |text| text.parse().ok(),
                &mut errors,
            ),
        };
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        let is_all = only.within.is_none()
            && only.state.is_none()
            && only.outcome.is_none()
            && only.source.is_none()
            && only.worker.is_none()
            && only.host.is_none()
            && only.event_type.is_none()
            && only.counted_as.is_none()
            && only.contact.is_none()
            && only.series.is_none();
        Ok((!is_all).then_some(only))
    }
}

const INSTANT: &str = "Write an instant with its offset, for example 2026-11-24T10:30:00Z.";
pub const SOURCE: &str = "source is reply, by_hand, api or page.";
pub const HOST: &str = "host_id is the id of a member.";
pub const EVENT_TYPE: &str = "event_type_id is the id of an event type.";

/// A parameter that may be absent; a wrong one is named.
pub fn parsed<T>(
    given: &Option<String>,
    name: &str,
    words: &str,
    parse: impl Fn(&str) -> Option<T>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let given = given.as_deref()?;
    let value = parse(given);
    if value.is_none() {
        errors.push(FieldError::in_query(name, words));
    }
    value
}

impl Only {
    fn keeps(&self, txn: &mut Txn<'_>, booking: &Booking) -> Result<bool, StoreError> {
        let is_one = self.state.as_ref().is_none_or(|state| state == booking.state.as_str())
            && self.outcome.is_none_or(|outcome| booking.kept.became() == Some(outcome))
            && self.source.is_none_or(|source| source == booking.source)
            && self.worker.is_none_or(|worker| Some(worker) == booking.worker)
            && self.host.is_none_or(|host| booking.details.hosts.contains(&host))
            && self.event_type.is_none_or(|event| Some(event) == booking.details.event_type)
            && self.contact.is_none_or(|contact| contact == booking.contact)
            && self.series.is_none_or(|series| booking.details.series.is_some_and(|part| part.id == series));
        match self.counted_as {
            Some(fate) if is_one => Filter { fate: Some(fate), ..Filter::default() }.keeps(txn, booking),
            _ => Ok(is_one),
        }
    }
}

/// The bookings that the filter lets through.
pub fn list(
    app: &App,
    actor: &Actor,
    only: Option<&Only>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Booking>, BookError> {
    let Some(only) = only else { return service::list(app, actor, after, limit) };
    actor.require(Permission::ViewCalendar)?;
    let wanted = Wanted { within: only.within, after, limit };
    Ok(find_all(&app.store, actor.workspace, &wanted, |txn, booking| only.keeps(txn, booking))?)
}

#[cfg(test)]
mod tests {
    use actix_web::web::Query;

    use super::*;
    use crate::bookings::tests::team::many;
    use crate::testing;

    fn filter(query: &str) -> BookingFilter {
        Query::<BookingFilter>::from_query(query).unwrap().into_inner()
    }

    #[test]
    fn each_wrong_filter_is_named() {
        let wrong = "from=today&to=x&state=open&outcome=came&source=fax&worker_id=1&host_id=1&event_type_id=1&counted_as=x&contact_id=2&series_id=3";
        let problem = filter(wrong).read().unwrap_err().problem();
        let places: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "?from",
                "?to",
                "?state",
                "?outcome",
                "?source",
                "?worker_id",
                "?host_id",
                "?event_type_id",
                "?counted_as",
                "?contact_id",
                "?series_id"
            ]
        );
        assert!(filter("").read().unwrap().is_none());
    }

    #[test]
    fn a_filtered_list_is_complete_page_by_page() {
        let test = testing::app();
        many(&test, "2026-11-25T08:00:00Z", 130);
        let count = |query: &str| {
            let only = filter(query).read().unwrap();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = list(&test.app, &test.owner, only.as_ref(), after.as_ref(), 40).unwrap();
                assert!(page.rows.len() <= 40);
                seen.extend(page.rows.iter().map(|booking| booking.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), all, "{query}: a booking came twice");
            all
        };
        let cases = [
            ("", 130),
            ("source=api", 130),
            ("source=reply", 0),
            ("state=confirmed", 130),
            ("outcome=no_show", 0),
            ("counted_as=ever_booked", 130),
            ("counted_as=moved", 0),
            ("host_id=0190a1b2c3d47e8f9a0b1c2d3e4f5a6b", 0),
            ("from=2026-11-25T09:00:00Z", 70),
            ("to=2026-11-25T09:00:00Z", 60),
            ("from=2026-11-25T09:00:00Z&to=2026-11-25T09:30:00Z&source=api", 30),
            ("from=2026-11-25T09:00:00Z&to=2026-11-25T08:00:00Z", 0),
        ];
        for (query, expected) in cases {
            assert_eq!(count(query), expected, "{query}");
        }
    }
}
