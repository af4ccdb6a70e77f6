//! Google Calendar v3: read busy times, write our own events.
//!
//! Shapes: Google's discovery document `calendar:v3`. Events get ids of ours, so that an insert may be repeated.

mod busy;
mod event;
pub mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

use super::Session;
use crate::base::UnixMillis;
use crate::providers::calendar::{
    if_there, only_refused, BusyTimes, CalendarClient, CalendarEntry, Changes, Event, EventPatch, NewEvent, NewWatch,
    SendUpdates, Since, Taken, Watching,
};
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::rest::{below, Call};

use busy::{busy_times, join, query_body, FreeBusyAnswer};
use event::{changed, new_event_body, patch_body, EventAnswer, TakenAnswer, TAKEN_FIELDS};

/// Longest range of one free/busy request. Google refuses more than 90 days, and the whole seconds that are sent may be
/// one more than what is asked for.
const MAX_RANGE: Duration = Duration::from_secs(89 * 24 * 3600);
/// `calendarExpansionMax`: most calendars of one request.
const MAX_CALENDARS: usize = 50;
/// Pages of a list read before giving up.
const MAX_PAGES: usize = 20;

pub struct Calendar<'a>(pub Session<'a>);

impl CalendarClient for Calendar<'_> {
    /// All calendars that at least their busy times can be read of.
    fn list_calendars(&self) -> Result<Vec<CalendarEntry>, ProviderError> {
        let mut url = below(&self.0.bases.calendar, &["users", "me", "calendarList"]);
        url.query_pairs_mut().append_pair("maxResults", "250").append_pair("minAccessRole", "freeBusyReader");
        Ok(self.all_pages::<EntryAnswer>(&url)?.into_iter().map(CalendarEntry::from).collect())
    }

    /// Busy times of each calendar between two instants, in as many requests as Google's limits need.
    fn free_busy(
        &self,
        calendars: &[&str],
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<BTreeMap<String, BusyTimes>, ProviderError> {
        let mut found: BTreeMap<String, BusyTimes> =
            calendars.iter().map(|id| ((*id).to_owned(), BusyTimes::Known(vec![]))).collect();
        for group in calendars.chunks(MAX_CALENDARS) {
            let mut start = from;
            while start < to {
                let end = start.plus(MAX_RANGE).min(to);
                let answer = self.query_free_busy(group, start, end)?;
                for id in group {
                    let part = busy_times(answer.calendars.get(*id));
                    found
                        .entry((*id).to_owned())
                        .and_modify(|known| *known = join(std::mem::replace(known, BusyTimes::Known(vec![])), part));
                }
                start = end;
            }
        }
        Ok(found)
    }

    /// By sync token (developers.google.com/workspace/calendar/api/guides/sync): what is deleted comes as cancelled.
    fn changes(
        &self,
        calendar: &str,
        since: Option<Since<'_>>,
        window: (UnixMillis, UnixMillis),
    ) -> Result<Option<Changes>, ProviderError> {
        let mut url = self.singles(calendar);
        match since {
            Some(since) => url.query_pairs_mut().append_pair("syncToken", since.cursor),
            None => url
                .query_pairs_mut()
                .append_pair("timeMin", &window.0.to_rfc3339())
                .append_pair("timeMax", &window.1.to_rfc3339()),
        };
        let list = self.whole_list::<TakenAnswer>(&url)?;
        let Some(cursor) = list.next_sync_token else { return Ok(None) };
        let zone = list.time_zone.and_then(|name| TimeZone::get(&name).ok());
        let events: Option<Vec<_>> = list.items.into_iter().map(|one| changed(one, zone.as_ref())).collect();
        let events = events.ok_or_else(|| ProviderError::Rejected { reason: "unreadable times".into() })?;
        Ok(Some(Changes { cursor, is_whole: since.is_none(), events }))
    }

    /// Writes a new event. May be repeated: when the id is taken by the same event of ours, that one is
    /// returned; `Conflict` when it is another's or was deleted meanwhile.
    fn insert_event(
        &self,
        calendar: &str,
        event: &NewEvent,
        send_updates: SendUpdates,
    ) -> Result<Event, ProviderError> {
        let mut url = self.events(calendar, None);
        url.query_pairs_mut().append_pair("sendUpdates", send_updates.as_str());
        if event.meet_request_id.is_some() {
            url.query_pairs_mut().append_pair("conferenceDataVersion", "1");
        }
        let body = new_event_body(event);
        let call =
            Call { method: Method::POST, url, body: Some(&body), if_match: None, prefer: None, repeat: Repeat::Safe };
        match self.0.call_json::<EventAnswer>(call) {
            Ok(answer) => Ok(answer.into()),
            Err(ProviderError::Conflict) => self.same_event(calendar, event),
            Err(error) => Err(error),
        }
    }

    fn get_event(&self, calendar: &str, id: &str) -> Result<Event, ProviderError> {
        self.0.get_json::<EventAnswer>(self.events(calendar, Some(id))).map(Event::from)
    }

    /// Google takes our id for its own.
    fn find_event(
        &self,
        calendar: &str,
        our_id: &str,
        _: (UnixMillis, UnixMillis),
    ) -> Result<Option<Event>, ProviderError> {
        if_there(self.get_event(calendar, our_id))
    }

    /// Changes an event of ours. With an etag, `Changed` when somebody else was faster.
    fn patch_event(
        &self,
        calendar: &str,
        id: &str,
        patch: &EventPatch,
        etag: Option<&str>,
        send_updates: SendUpdates,
    ) -> Result<Event, ProviderError> {
        let mut url = self.events(calendar, Some(id));
        url.query_pairs_mut().append_pair("sendUpdates", send_updates.as_str());
        let body = patch_body(patch);
        let call =
            Call { method: Method::PATCH, url, body: Some(&body), if_match: etag, prefer: None, repeat: Repeat::Safe };
        self.0.call_json::<EventAnswer>(call).map(Event::from)
    }

    /// Deletes an event of ours; one that is gone already is a success.
    fn delete_event(&self, calendar: &str, id: &str, send_updates: SendUpdates) -> Result<(), ProviderError> {
        let mut url = self.events(calendar, Some(id));
        url.query_pairs_mut().append_pair("sendUpdates", send_updates.as_str());
        let call = Call { method: Method::DELETE, url, body: None, if_match: None, prefer: None, repeat: Repeat::Safe };
        if_there(self.0.call(call)).map(drop)
    }

    /// The single events between two instants that take time: not deleted, not shown as free, not declined by the
    /// account's owner. Only ids and times are asked for.
    fn list_taken(&self, calendar: &str, from: UnixMillis, to: UnixMillis) -> Result<Vec<Taken>, ProviderError> {
        let mut url = self.singles(calendar);
        url.query_pairs_mut().append_pair("timeMin", &from.to_rfc3339()).append_pair("timeMax", &to.to_rfc3339());
        Ok(self.all_pages::<TakenAnswer>(&url)?.into_iter().filter_map(TakenAnswer::taken).collect())
    }

    fn watch(
        &self,
        calendar: &str,
        wanted: &NewWatch,
        before: Option<&Watching>,
    ) -> Result<Option<Watching>, ProviderError> {
        self.open_channel(calendar, wanted, before).map_err(only_refused)
    }

    fn unwatch(&self, watching: &Watching) -> Result<(), ProviderError> {
        self.stop_channel(watching).map_err(only_refused)
    }
}

impl Calendar<'_> {
    /// A list of single events, recurring ones expanded. A sync token wants the same words as the list that it came from.
    fn singles(&self, calendar: &str) -> Url {
        let mut url = self.events(calendar, None);
        url.query_pairs_mut()
            .append_pair("singleEvents", "true")
            .append_pair("maxResults", "2500")
            .append_pair("fields", TAKEN_FIELDS);
        url
    }

    fn query_free_busy(&self, ids: &[&str], from: UnixMillis, to: UnixMillis) -> Result<FreeBusyAnswer, ProviderError> {
        let body = query_body(ids, from, to);
        let url = below(&self.0.bases.calendar, &["freeBusy"]);
        self.0.call_json(Call {
            method: Method::POST,
            url,
            body: Some(&body),
            if_match: None,
            prefer: None,
            repeat: Repeat::Safe,
        })
    }

    fn same_event(&self, calendar: &str, event: &NewEvent) -> Result<Event, ProviderError> {
        match self.get_event(calendar, &event.id) {
            Ok(found) if !found.is_cancelled && found.private == event.private => Ok(found),
            Ok(_) | Err(ProviderError::NotFound | ProviderError::Gone) => Err(ProviderError::Conflict),
            Err(error) => Err(error),
        }
    }

    /// Events that carry a private property of ours. Checked here too: what is not ours must never be touched.
    pub fn list_by_private(&self, calendar: &str, key: &str, value: &str) -> Result<Vec<Event>, ProviderError> {
        let mut url = self.events(calendar, None);
        url.query_pairs_mut()
            .append_pair("privateExtendedProperty", &format!("{key}={value}"))
            .append_pair("maxResults", "250");
        let marked = |event: &Event| event.private.get(key).is_some_and(|found| found == value);
        Ok(self.all_pages::<EventAnswer>(&url)?.into_iter().map(Event::from).filter(marked).collect())
    }

    fn all_pages<T: serde::de::DeserializeOwned>(&self, first: &Url) -> Result<Vec<T>, ProviderError> {
        Ok(self.whole_list(first)?.items)
    }

    /// All pages as one; what else is said on the last one holds for all.
    fn whole_list<T: serde::de::DeserializeOwned>(&self, first: &Url) -> Result<ListAnswer<T>, ProviderError> {
        let (mut items, mut url) = (vec![], first.clone());
        for _ in 0..MAX_PAGES {
            let page: ListAnswer<T> = self.0.get_json(url)?;
            items.extend(page.items);
            let Some(token) = page.next_page_token else {
                return Ok(ListAnswer { items, next_page_token: None, ..page });
            };
            url = first.clone();
            url.query_pairs_mut().append_pair("pageToken", &token);
        }
        // What lies behind is not known, and must not look free.
        Err(ProviderError::Rejected { reason: format!("the list is longer than {MAX_PAGES} pages") })
    }

    fn events(&self, calendar: &str, id: Option<&str>) -> Url {
        let events = below(&self.0.bases.calendar, &["calendars", calendar, "events"]);
        id.map_or_else(|| events.clone(), |id| below(&events, &[id]))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryAnswer {
    id: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    primary: bool,
    /// `freeBusyReader`, `reader`, `writer` or `owner`.
    #[serde(default)]
    access_role: String,
    /// IANA name.
    #[serde(default)]
    time_zone: String,
}

impl From<EntryAnswer> for CalendarEntry {
    fn from(answer: EntryAnswer) -> Self {
        Self {
            may_write: matches!(answer.access_role.as_str(), "writer" | "owner"),
            id: answer.id,
            summary: answer.summary,
            primary: answer.primary,
            time_zone: answer.time_zone,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListAnswer<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    next_page_token: Option<String>,
    /// Only on the last page.
    next_sync_token: Option<String>,
    /// Of the calendar.
    time_zone: Option<String>,
}

#[cfg(test)]
mod tests;
