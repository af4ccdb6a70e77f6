//! Calendars by Microsoft Graph: read busy times, write our own events.
//! <https://learn.microsoft.com/graph/api/resources/calendar>
//!
//! Exchange chooses an event's id. What we choose is its `transactionId`: a create that is repeated with the same one
//! makes no second event, and it stays readable, so that it is also the mark by which an event is known as ours.

pub mod notices;
mod wire;

use std::collections::BTreeMap;

use http::Method;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::Deserialize;
use url::Url;

use super::Session;
use crate::base::UnixMillis;
use crate::providers::calendar::{
    if_there, joined, only_refused, BusyTimes, CalendarClient, CalendarEntry, Changed, Changes, Event, EventPatch,
    NewEvent, NewWatch, SendUpdates, Since, Taken, Watching,
};
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::rest::{below, Call};
use wire::{new_event_body, patch_body, CalendarAnswer, EventAnswer, VIEWED};

/// Times come back in UTC, whatever the mailbox's zone.
const IN_UTC: &str = "outlook.timezone=\"UTC\"";
/// The same for a delta, which brings each event whole: the texts without markup, and few on one page. How a delta is
/// paged stands here, not in its address.
const PAGED_IN_UTC: &str = "outlook.timezone=\"UTC\", outlook.body-content-type=\"text\", odata.maxpagesize=50";
/// The calendar that every mailbox has.
const PRIMARY: &str = "primary";
/// Events on one page of a view, and pages before giving up.
const PAGE: &str = "500";
const MAX_PAGES: usize = 120;
/// Of a delta, whose pages are small.
const MAX_DELTA_PAGES: usize = 200;

pub struct Calendar<'a>(pub Session<'a>);

impl CalendarClient for Calendar<'_> {
    fn list_calendars(&self) -> Result<Vec<CalendarEntry>, ProviderError> {
        let mut url = self.0.at(&["me", "calendars"]);
        url.query_pairs_mut().append_pair("$select", "id,name,canEdit,isDefaultCalendar").append_pair("$top", "100");
        Ok(self.all_pages::<CalendarAnswer>(url)?.into_iter().map(CalendarEntry::from).collect())
    }

    /// By the view of each calendar, in which Exchange has expanded what recurs. `getSchedule` knows people only, not
    /// their single calendars.
    fn free_busy(
        &self,
        calendars: &[&str],
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<BTreeMap<String, BusyTimes>, ProviderError> {
        let mut found = BTreeMap::new();
        for id in calendars {
            let times = match self.view(id, from, to) {
                Ok(events) => known(events),
                Err(error @ (ProviderError::NotFound | ProviderError::Rejected { .. })) => {
                    BusyTimes::Unknown { reason: error.to_string() }
                }
                Err(error) => return Err(error),
            };
            found.insert((*id).to_owned(), times);
        }
        Ok(found)
    }

    fn list_taken(&self, calendar: &str, from: UnixMillis, to: UnixMillis) -> Result<Vec<Taken>, ProviderError> {
        Ok(self.view(calendar, from, to)?.into_iter().filter_map(EventAnswer::taken).collect())
    }

    /// By delta link (learn.microsoft.com/graph/delta-query-events), which tells that something changed: of what recurs
    /// it tells too little to place it, so that a change is followed by a look at the whole window.
    fn changes(
        &self,
        calendar: &str,
        since: Option<Since<'_>>,
        window: (UnixMillis, UnixMillis),
    ) -> Result<Option<Changes>, ProviderError> {
        let url = match since {
            // A link of another program's making is followed nowhere.
            Some(since) => {
                Url::parse(since.cursor).ok().filter(|link| self.0.is_own(link)).ok_or(ProviderError::Gone)?
            }
            None => self.delta(calendar, window),
        };
        let list = self.whole_list::<IgnoredAny>(url, PAGED_IN_UTC, MAX_DELTA_PAGES)?;
        let Some(cursor) = list.delta_link else { return Ok(None) };
        if since.is_some() && list.value.is_empty() {
            return Ok(Some(Changes { cursor, ..Changes::default() }));
        }
        let seen = self.view(calendar, window.0, window.1)?;
        let events: Option<Vec<Changed>> = seen.iter().map(EventAnswer::changed).collect();
        let events = events.ok_or_else(|| ProviderError::Rejected { reason: "unreadable times".into() })?;
        Ok(Some(Changes { cursor, is_whole: true, events }))
    }

    /// Exchange mails whoever is in the list of guests; where it must not, nobody is put there.
    fn insert_event(
        &self,
        calendar: &str,
        event: &NewEvent,
        send_updates: SendUpdates,
    ) -> Result<Event, ProviderError> {
        let body = new_event_body(event, send_updates);
        let url = below(&self.of(calendar), &["events"]);
        let call = Call { method: Method::POST, url, body: Some(&body), ..self.repeatable() };
        match self.0.call_json::<EventAnswer>(call) {
            Ok(answer) => Ok(answer.into()),
            // An earlier try was carried out; its answer was lost.
            Err(ProviderError::Conflict) => {
                let earlier = self.find_event(calendar, &event.id, (event.start, event.end))?;
                earlier.filter(|found| found.private == event.private).ok_or(ProviderError::Conflict)
            }
            Err(error) => Err(error),
        }
    }

    fn get_event(&self, _calendar: &str, id: &str) -> Result<Event, ProviderError> {
        let url = self.0.at(&["me", "events", id]);
        self.0.get_json::<EventAnswer>(url, Some(IN_UTC)).map(Event::from)
    }

    fn find_event(
        &self,
        calendar: &str,
        our_id: &str,
        time: (UnixMillis, UnixMillis),
    ) -> Result<Option<Event>, ProviderError> {
        let seen = self.view(calendar, time.0, time.1)?;
        let Some(ours) = seen.into_iter().find(|event| event.is_transaction(our_id)) else { return Ok(None) };
        if_there(self.get_event(calendar, ours.id()))
    }

    fn patch_event(
        &self,
        _calendar: &str,
        id: &str,
        patch: &EventPatch,
        etag: Option<&str>,
        _send_updates: SendUpdates,
    ) -> Result<Event, ProviderError> {
        let body = patch_body(patch);
        let url = self.0.at(&["me", "events", id]);
        let call = Call { method: Method::PATCH, url, body: Some(&body), if_match: etag, ..self.repeatable() };
        self.0.call_json::<EventAnswer>(call).map(Event::from)
    }

    fn delete_event(&self, _calendar: &str, id: &str, _send_updates: SendUpdates) -> Result<(), ProviderError> {
        let call = Call { method: Method::DELETE, url: self.0.at(&["me", "events", id]), ..self.repeatable() };
        if_there(self.0.call(call)).map(drop)
    }

    fn watch(
        &self,
        calendar: &str,
        wanted: &NewWatch,
        before: Option<&Watching>,
    ) -> Result<Option<Watching>, ProviderError> {
        self.subscribe(calendar, wanted, before).map_err(only_refused)
    }

    fn unwatch(&self, watching: &Watching) -> Result<(), ProviderError> {
        self.unsubscribe(watching).map_err(only_refused)
    }
}

impl Calendar<'_> {
    /// A call that may be made twice.
    fn repeatable(&self) -> Call<'static> {
        Call {
            method: Method::GET,
            url: self.0.bases.graph.clone(),
            body: None,
            if_match: None,
            prefer: Some(IN_UTC),
            repeat: Repeat::Safe,
        }
    }

    fn of(&self, calendar: &str) -> Url {
        match calendar {
            PRIMARY => self.0.at(&["me", "calendar"]),
            id => self.0.at(&["me", "calendars", id]),
        }
    }

    /// Where the changes of a window begin. What is told of each event cannot be chosen there; nothing of it is kept.
    fn delta(&self, calendar: &str, (from, to): (UnixMillis, UnixMillis)) -> Url {
        let mut url = below(&self.of(calendar), &["calendarView", "delta"]);
        url.query_pairs_mut()
            .append_pair("startDateTime", &from.to_rfc3339())
            .append_pair("endDateTime", &to.to_rfc3339());
        url
    }

    /// Every single event between two instants, recurring ones expanded, with as little of each as is needed.
    fn view(&self, calendar: &str, from: UnixMillis, to: UnixMillis) -> Result<Vec<EventAnswer>, ProviderError> {
        let mut url = below(&self.of(calendar), &["calendarView"]);
        url.query_pairs_mut()
            .append_pair("startDateTime", &from.to_rfc3339())
            .append_pair("endDateTime", &to.to_rfc3339())
            .append_pair("$select", VIEWED)
            .append_pair("$top", PAGE);
        self.all_pages(url)
    }

    /// Follows the links of a list to its end. The token is shown to the configured place only, whatever a link says.
    fn all_pages<T: DeserializeOwned>(&self, first: Url) -> Result<Vec<T>, ProviderError> {
        Ok(self.whole_list(first, IN_UTC, MAX_PAGES)?.value)
    }

    /// All pages as one; what else is said on the last one holds for all.
    fn whole_list<T: DeserializeOwned>(
        &self,
        first: Url,
        prefer: &str,
        most: usize,
    ) -> Result<ListAnswer<T>, ProviderError> {
        let (mut value, mut url) = (vec![], first);
        for _ in 0..most {
            let page: ListAnswer<T> = self.0.get_json(url, Some(prefer))?;
            value.extend(page.value);
            let Some(next) = page.next_link else { return Ok(ListAnswer { value, next_link: None, ..page }) };
            let next = Url::parse(&next).ok().filter(|next| self.0.is_own(next));
            url =
                next.ok_or_else(|| ProviderError::Rejected { reason: "a link of the list leads elsewhere".into() })?;
        }
        // What lies behind is not known, and must not look free.
        Err(ProviderError::Rejected { reason: format!("the list is longer than {most} pages") })
    }
}

/// Busy times of what a view shows; unknown when any of it has no readable time.
fn known(events: Vec<EventAnswer>) -> BusyTimes {
    let stretches = events.iter().filter(|event| event.takes_time()).map(EventAnswer::stretch);
    match stretches.collect::<Option<Vec<_>>>() {
        Some(all) => BusyTimes::Known(joined(all)),
        None => BusyTimes::Unknown { reason: "unreadable times".into() },
    }
}

#[derive(Deserialize)]
struct ListAnswer<T> {
    #[serde(default = "Vec::new")]
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
    /// Only on the last page.
    #[serde(rename = "@odata.deltaLink")]
    delta_link: Option<String>,
}
