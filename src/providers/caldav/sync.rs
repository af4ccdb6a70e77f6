//! What changed in a collection: by `sync-collection` (RFC 6578), or where a server lacks it by the tag of the
//! collection and the ETags of its members. What changed is fetched together (`calendar-multiget`, RFC 4791 section
//! 7.9).
//!
//! A cursor says which of the two it belongs to: `sync <token>`, or `tag <tag>`.

use std::collections::{BTreeMap, BTreeSet};

use http::header::CONTENT_TYPE;
use url::Url;

use super::xml::{self, multistatus, Found, CALDAV, DAV, SERVER};
use super::{classify, propfind, refused, CalDav, DEPTH};
use crate::base::ics::{self, Asked, Budget};
use crate::base::UnixMillis;
use crate::providers::calendar::{short, Busy, Changed, Changes, Since};
use crate::providers::ProviderError;

/// Rounds of one synchronisation that a server may cut into parts.
const MOST_ROUNDS: usize = 200;
/// Events fetched in one request.
const TOGETHER: usize = 50;
/// More than these are fetched by no multiget: the whole window is read again.
const MOST_FETCHED: usize = 1_000;
/// More members than these are not gone one by one.
const MOST_GONE: usize = 100_000;
/// Longer than this is no token, and is kept nowhere.
const MOST_TOKEN: usize = 2_048;

/// Changes of a collection, before what they are is known.
struct Delta {
    cursor: String,
    /// Members that are new or changed, by address, with their tags.
    changed: BTreeMap<String, u64>,
    /// Keys of members that are gone.
    gone: BTreeSet<u64>,
}

impl CalDav<'_> {
    pub(super) fn changes_of(
        &self,
        calendar: &str,
        since: Option<Since<'_>>,
        window: (UnixMillis, UnixMillis),
    ) -> Result<Option<Changes>, ProviderError> {
        let url = self.own_url(calendar)?;
        let Some(since) = since else { return self.begin(&url, calendar, window) };
        let delta = match since.cursor.split_once(' ') {
            Some(("sync", token)) => self.collected(&url, token)?,
            Some(("tag", tag)) => self.compared(&url, tag, since.tags)?,
            _ => return Err(ProviderError::Gone),
        };
        if delta.changed.len() > MOST_FETCHED {
            return Err(ProviderError::Gone);
        }
        let removed = delta.gone.into_iter().map(|key| Changed { key, ..Changed::default() });
        let mut events: Vec<Changed> = removed.collect();
        events.extend(self.fetched(&url, &delta.changed, window)?);
        Ok(Some(Changes { cursor: delta.cursor, is_whole: false, events }))
    }

    /// Where changes are counted from is asked before the events are, so that one in between is seen twice and not never.
    fn begin(
        &self,
        url: &Url,
        calendar: &str,
        (from, to): (UnixMillis, UnixMillis),
    ) -> Result<Option<Changes>, ProviderError> {
        let Some(cursor) = self.cursor_now(url)? else { return Ok(None) };
        let by_tags = cursor.starts_with("tag ");
        let tags = if by_tags { self.tags(url)? } else { BTreeMap::new() };
        let mut tags: BTreeMap<u64, u64> = tags.into_iter().map(|(id, tag)| (key_of(&id), tag)).collect();
        let mut events: BTreeMap<u64, Changed> = BTreeMap::new();
        for (id, one) in self.within(calendar, from, to)? {
            let key = key_of(&id);
            let event = events.entry(key).or_insert_with(|| Changed { key, ..Changed::default() });
            event.busy.push(Busy { start: one.start, end: one.end });
            event.tag = tags.remove(&key).unwrap_or(event.tag);
        }
        // Whatever takes no time is known too, or it would look new each time.
        let others = tags.into_iter().map(|(key, tag)| Changed { key, tag, busy: Vec::new() });
        let events = events.into_values().chain(others).collect();
        Ok(Some(Changes { cursor, is_whole: true, events }))
    }

    /// A server that has a token and says that it makes no such report is asked for the tag alone.
    fn cursor_now(&self, url: &Url) -> Result<Option<String>, ProviderError> {
        let body = propfind(&format!("<d:sync-token/><d:supported-report-set/><s:getctag xmlns:s=\"{SERVER}\"/>"));
        let found = self.account.ask("PROPFIND", url, "0", &body)?;
        let Some(one) = found.first() else { return Ok(None) };
        let reports = one.prop(DAV, "supported-report-set").is_none_or(|set| set.holds(DAV, "sync-collection"));
        let short_enough = |word: &&str| word.len() <= MOST_TOKEN;
        let token = one.text(DAV, "sync-token").filter(short_enough);
        let tag = one.text(SERVER, "getctag").filter(short_enough);
        Ok(match (token.filter(|_| reports), tag.or(token)) {
            (Some(token), _) => Some(format!("sync {token}")),
            (None, Some(tag)) => Some(format!("tag {tag}")),
            (None, None) => None,
        })
    }

    /// Round by round, as the server cuts it (RFC 6578 section 3.6).
    fn collected(&self, url: &Url, token: &str) -> Result<Delta, ProviderError> {
        let mut delta = Delta { cursor: String::new(), changed: BTreeMap::new(), gone: BTreeSet::new() };
        let mut token = token.to_owned();
        for _ in 0..MOST_ROUNDS {
            let round = self.sync_collection(url, &token)?;
            for member in &round.members {
                let Some(id) = self.member(url, &member.href) else { continue };
                if member.is_gone() {
                    delta.changed.remove(&id);
                    delta.gone.insert(key_of(&id));
                } else {
                    delta.gone.remove(&key_of(&id));
                    delta.changed.insert(id, 0);
                }
            }
            // So much is read faster as a whole, and is not kept in memory meanwhile.
            if delta.changed.len() > MOST_FETCHED || delta.gone.len() > MOST_GONE {
                return Err(ProviderError::Gone);
            }
            let is_stuck = round.is_cut && round.token == token;
            token = round.token;
            if !round.is_cut {
                delta.cursor = format!("sync {token}");
                return Ok(delta);
            }
            if is_stuck {
                break;
            }
        }
        // It never comes to an end: everything is read again.
        Err(ProviderError::Gone)
    }

    fn sync_collection(&self, url: &Url, token: &str) -> Result<Round, ProviderError> {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><d:sync-collection xmlns:d=\"DAV:\"><d:sync-token>{}\
             </d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>",
            escaped(token)
        );
        let headers = [(DEPTH, "0"), (CONTENT_TYPE, "application/xml; charset=utf-8")];
        let answer = self.account.exchange("REPORT", url, &headers, &body)?;
        match answer.status {
            200..=299 => {}
            // The token is not known any more (section 3.2), or the report after all not made: begin anew.
            400 | 403 | 405 | 409 | 412 | 415 | 501 => return Err(ProviderError::Gone),
            _ => return Err(classify(&answer, self.account.outbound.clock().now())),
        }
        let words = |words: String| refused(&format!("its answer is none of CalDAV: {words}"));
        let token = xml::parse(&answer.body)
            .map_err(words)?
            .child(DAV, "sync-token")
            .map(|token| token.text.trim().to_owned())
            .filter(|token| !token.is_empty() && token.len() <= MOST_TOKEN)
            .ok_or_else(|| refused("it does not say where the changes end"))?;
        let (own, members): (Vec<Found>, Vec<Found>) = multistatus(&answer.body)
            .map_err(words)?
            .into_iter()
            .partition(|one| url.join(&one.href).is_ok_and(|to| is_same(&to, url)));
        Ok(Round { token, is_cut: own.iter().any(|one| one.status == 507), members })
    }

    /// Without a report: the same tag says that nothing changed, else the tags of the members are compared.
    fn compared(&self, url: &Url, tag: &str, known: &BTreeMap<u64, u64>) -> Result<Delta, ProviderError> {
        let cursor = self.cursor_now(url)?.filter(|cursor| cursor.starts_with("tag ")).ok_or(ProviderError::Gone)?;
        let mut delta = Delta { changed: BTreeMap::new(), gone: BTreeSet::new(), cursor };
        if delta.cursor.strip_prefix("tag ") == Some(tag) {
            return Ok(delta);
        }
        let mut left = known.clone();
        for (id, tag) in self.tags(url)? {
            if left.remove(&key_of(&id)) != Some(tag) {
                delta.changed.insert(id, tag);
            }
        }
        delta.gone = left.into_keys().collect();
        Ok(delta)
    }

    /// The members of a collection with their ETags, as short words.
    fn tags(&self, url: &Url) -> Result<BTreeMap<String, u64>, ProviderError> {
        let found = self.account.ask("PROPFIND", url, "1", &propfind("<d:getetag/><d:resourcetype/>"))?;
        let member = |one: &Found| {
            let is_collection = one.prop(DAV, "resourcetype").is_some_and(|kind| kind.holds(DAV, "collection"));
            let id = self.member(url, &one.href).filter(|_| !is_collection)?;
            Some((id, short(one.text(DAV, "getetag")?)))
        };
        Ok(found.iter().filter_map(member).collect())
    }

    /// When each of these takes time. One that was deleted meanwhile takes none. `Gone` where anything else is missing
    /// in the answers: unknown is not free, so all has to be read again.
    fn fetched(
        &self,
        url: &Url,
        changed: &BTreeMap<String, u64>,
        (from, to): (UnixMillis, UnixMillis),
    ) -> Result<Vec<Changed>, ProviderError> {
        let asked = Asked { from, to, zone: &self.zone, own: &self.own };
        let (mut budget, mut all) = (Budget::default(), BTreeMap::new());
        for (id, tag) in changed {
            all.insert(key_of(id), Changed { key: key_of(id), tag: *tag, busy: Vec::new() });
        }
        let mut open: BTreeSet<u64> = all.keys().copied().collect();
        let ids: Vec<&String> = changed.keys().collect();
        for group in ids.chunks(TOGETHER) {
            for found in self.account.ask("REPORT", url, "1", &multiget(group))? {
                let Some(key) = self.member(url, &found.href).map(|id| key_of(&id)) else { continue };
                if found.is_gone() {
                    open.remove(&key);
                    continue;
                }
                let Some(text) = found.text(CALDAV, "calendar-data") else { continue };
                let Some(event) = all.get_mut(&key) else { continue };
                let taken = ics::occurrences(text, &asked, &mut budget).map_err(|error| refused(&error.to_string()))?;
                event.busy = taken.into_iter().map(|one| Busy { start: one.start, end: one.end }).collect();
                open.remove(&key);
            }
        }
        if !open.is_empty() {
            return Err(ProviderError::Gone);
        }
        Ok(all.into_values().collect())
    }

    /// The address of a member; `None` for the collection itself and for what lies elsewhere.
    fn member(&self, collection: &Url, href: &str) -> Option<String> {
        let url = collection.join(href).ok().filter(|url| super::may_follow(&self.home, url))?;
        (!is_same(&url, collection)).then(|| url.into())
    }
}

/// One answer to the report.
struct Round {
    token: String,
    members: Vec<Found>,
    /// There is more to come.
    is_cut: bool,
}

fn key_of(id: &str) -> u64 {
    short(&plain(id))
}

pub(super) fn is_same(one: &Url, other: &Url) -> bool {
    plain(one.path()).trim_end_matches('/') == plain(other.path()).trim_end_matches('/')
}

/// The same for all spellings of an address: servers write `%40` here and `@` there (RFC 3986 section 6.2.2.2).
fn plain(id: &str) -> String {
    let mut parts = id.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            // Byte for byte, so that no two addresses become one.
            Some(byte) => plain.push(char::from(byte)),
            None => plain.push('%'),
        }
        plain.push_str(if byte.is_some() { part.get(2..).unwrap_or_default() } else { part });
    }
    plain
}

fn multiget(ids: &[&String]) -> String {
    let hrefs: String = ids
        .iter()
        .filter_map(|id| Url::parse(id).ok())
        .map(|url| format!("<d:href>{}</d:href>", escaped(url.path())))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><c:calendar-multiget xmlns:d=\"DAV:\" xmlns:c=\"{CALDAV}\"><d:prop>\
         <d:getetag/><c:calendar-data/></d:prop>{hrefs}</c:calendar-multiget>"
    )
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
