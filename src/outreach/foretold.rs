//! The mails behind a number of the forecast: who would get one, when, and by which step. The week is played through
//! anew for each question, so a list is as new as the page that shows it.

use jiff::civil::Date;

use super::forecast::Play;
use super::OutreachError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, ContactId, Cursor, Page, UnixMillis, WorkerId};

/// One mail that would leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foretold {
    pub at: UnixMillis,
    pub mailbox: ConnectionId,
    pub worker: WorkerId,
    pub contact: ContactId,
    /// The first mail to this lead.
    pub is_first: bool,
    /// Its place in the sequence, from one; `None`: a follow-up after an answer.
    pub step: Option<usize>,
}

/// A number of the forecast, by mailbox and day; what is absent is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub mailbox: Option<ConnectionId>,
    pub day: Option<Date>,
}

/// A page of the mails of `cell`, the earliest first, and how many there are in all.
///
/// # Errors
///
/// `NotFound` for a mailbox or a day that the forecast does not speak of.
pub fn foretold(
    app: &App,
    actor: &Actor,
    cell: Cell,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Result<(Page<Foretold>, usize), OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let play = Play::played(app, actor.workspace)?;
    let is_known = cell.day.is_none_or(|day| play.days.contains(&day))
        && cell.mailbox.is_none_or(|id| play.desks.iter().any(|desk| desk.mailbox.id == id));
    if !is_known {
        return Err(OutreachError::NotFound);
    }
    let is_in = |mail: &Foretold| {
        let day = mail.at.in_zone(&play.zone).date();
        cell.mailbox.is_none_or(|id| id == mail.mailbox) && cell.day.is_none_or(|wanted| wanted == day)
    };
    let mut mails: Vec<Foretold> = play.mails.iter().filter(|mail| is_in(mail)).cloned().collect();
    mails.sort_by_key(|mail| mail.at);
    let (all, from) = (mails.len(), cursor.map_or(0, place));
    let rows: Vec<Foretold> = mails.into_iter().skip(from).take(limit).collect();
    let until = from.saturating_add(rows.len());
    let next = (until < all).then(|| Cursor((until as u64).to_be_bytes().to_vec()));
    Ok((Page { rows, next }, all))
}

/// How many rows the pages before held; what is no place of ours begins at the first.
fn place(cursor: &Cursor) -> usize {
    let bytes: Option<[u8; 8]> = cursor.0.as_slice().try_into().ok();
    bytes.and_then(|bytes| usize::try_from(u64::from_be_bytes(bytes)).ok()).unwrap_or(0)
}
