//! The mails behind a worker's numbers: what it sent within a day, and what the brakes count.

use super::figures::Fate;
use super::{store, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, MessageId, Page, UnixMillis, WorkerId};
use crate::events::{self, Happened};
use crate::messaging::{self, Message, Purpose};
use crate::workers;

/// Which of a worker's mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that left within 24 hours.
    Day,
    /// Those that the brakes count: at most the last hundred.
    Counted,
    Bounced,
    OptedOut,
    Complained,
}

impl Which {
    pub const ALL: [Which; 5] = [Which::Day, Which::Counted, Which::Bounced, Which::OptedOut, Which::Complained];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Which::Day => "day",
            Which::Counted => "counted",
            Which::Bounced => "bounced",
            Which::OptedOut => "opted_out",
            Which::Complained => "complained",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.as_str() == word)
    }

    pub fn words(self) -> &'static str {
        match self {
            Which::Day => "Sent, 24 h",
            Which::Counted => "Counted by the brakes",
            Which::Bounced => "Bounced",
            Which::OptedOut => "Opted out",
            Which::Complained => "Complained",
        }
    }

    fn has(self, fate: Fate) -> bool {
        match self {
            Which::Day => false,
            Which::Counted => true,
            Which::Bounced => fate == Fate::Bounced,
            Which::OptedOut => fate == Fate::Refused,
            Which::Complained => fate == Fate::Complained,
        }
    }
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
/// Entries of the log read at once, and for one page.
const AT_ONCE: usize = 200;
const MOST_READ: usize = 10_000;

/// At most `limit` of the mails, newest first, behind `after`; in place of one whose contact was erased, nothing is left of
/// it but its place. Where few of many entries are this worker's a page may hold less and still lead on.
pub fn mails_of(
    app: &App,
    actor: &Actor,
    id: WorkerId,
    which: Which,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Option<Message>>, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
    if which == Which::Day {
        return sent_since(app, actor, id, app.now().minus(DAY), after, limit);
    }
    let last = app.store.read(|txn| store::last_hundred(txn, actor.workspace, id))?;
    let ids: Vec<MessageId> = last.newest().filter(|(_, fate)| which.has(*fate)).map(|(id, _)| id).collect();
    let found = app.store.read(|txn| {
        ids.iter().map(|id| messaging::find_message(txn, actor.workspace, *id)).collect::<Result<Vec<_>, _>>()
    });
    Ok(Page { rows: found?, next: None })
}

fn sent_since(
    app: &App,
    actor: &Actor,
    worker: WorkerId,
    since: UnixMillis,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Option<Message>>, OutreachError> {
    let (mut mails, mut last) = (Page { rows: Vec::new(), next: after.cloned() }, None);
    for _ in 0..MOST_READ / AT_ONCE {
        let page = events::list_newest(&app.store, actor.workspace, None, mails.next.as_ref(), AT_ONCE)?;
        for event in &page.rows {
            if event.at < since {
                return Ok(Page { next: None, ..mails });
            }
            let Happened::MessageSent { message, .. } = event.what else { continue };
            let found = messaging::get_message(&app.store, actor.workspace, message)?;
            let is_counted = |message: &Message| message.worker == Some(worker) && message.purpose == Purpose::Outreach;
            let Some(found) = found.filter(is_counted) else { continue };
            if mails.rows.len() == limit {
                // There is one more, so the page leads on behind its last.
                return Ok(Page { next: last, ..mails });
            }
            mails.rows.push(Some(found));
            last = Some(events::before(event.number));
        }
        mails.next = page.next;
        if mails.next.is_none() {
            break;
        }
    }
    Ok(mails)
}
