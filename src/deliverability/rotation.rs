//! When a key begins to sign, and when it ends. Pure: what was seen goes in, what changed comes out.

use std::time::Duration;

use super::findings::KeysSeen;
use super::model::{DkimKey, RetiredKey, Signing, Standing};
use crate::base::UnixMillis;
use crate::store::SealedSecret;

/// Mail that was signed with the old key may be on its way, or looked at again, for as long.
const KEPT: Duration = Duration::from_secs(7 * 86_400);

/// What changed, for the event log and the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// This key signs from now on.
    Began { selector: String },
    /// Its time is over: the record may go.
    Ended { selector: String },
}

/// Changes and the secrets to be erased once they are committed.
#[derive(Debug, Default, PartialEq)]
pub struct Settled {
    pub news: Vec<News>,
    pub erase: Vec<SealedSecret>,
}

/// Takes over what was seen in DNS. An answer that did not come changes nothing.
pub fn settle(signing: &mut Signing, seen: &KeysSeen, now: UnixMillis) -> Settled {
    let mut settled = Settled::default();
    if let Some(current) = &mut signing.current {
        let was_published = current.is_published;
        note(current, seen, now);
        if current.is_published && !was_published && signing.on {
            settled.news.push(News::Began { selector: current.selector.clone() });
        }
    }
    let is_next_seen = |key: &DkimKey| seen.get(&key.selector) == Some(&Standing::Found);
    if signing.on && signing.next.as_ref().is_some_and(is_next_seen) {
        if let Some(mut next) = signing.next.take() {
            note(&mut next, seen, now);
            settled.news.push(News::Began { selector: next.selector.clone() });
            let old = signing.current.replace(next);
            signing.retired.extend(old.map(|key| RetiredKey { key, until: now.plus(KEPT) }));
        }
    }
    let (over, kept) = std::mem::take(&mut signing.retired).into_iter().partition(|retired| retired.until <= now);
    signing.retired = kept;
    let over: Vec<RetiredKey> = over;
    for retired in over {
        settled.news.push(News::Ended { selector: retired.key.selector });
        settled.erase.push(retired.key.private);
    }
    settled
}

fn note(key: &mut DkimKey, seen: &KeysSeen, now: UnixMillis) {
    match seen.get(&key.selector) {
        Some(Standing::Found) => {
            key.is_published = true;
            key.seen_at.get_or_insert(now);
        }
        Some(standing) if standing.is_bad() => key.is_published = false,
        _ => {}
    }
}

/// A selector with the day in it, so that one sees how old a key is; a letter where there is one of that day.
pub fn selector(signing: &Signing, today: jiff::civil::Date) -> String {
    let base = format!("ly{}", today.strftime("%Y%m%d"));
    let is_taken = |name: &str| signing.keys().any(|key| key.selector == name);
    let lettered = ('b'..='z').map(|letter| format!("{base}{letter}"));
    std::iter::once(base.clone()).chain(lettered).find(|name| !is_taken(name)).unwrap_or(base)
}
