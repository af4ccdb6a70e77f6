//! The calendars of a host, and how far they are known.

use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::availability::{self, Busy, CalendarRef, Own, PersonCalendars, Span, READ_AHEAD};
use crate::base::{UnixMillis, UserId, WorkspaceId};
use crate::store::{StoreError, Txn};

/// A calendar that was read a while ago is known not quite as far as one that is read now.
const SINCE_READ: Duration = Duration::from_secs(2 * 86_400);

/// All calendars of one host.
#[derive(Clone, Debug, Default)]
pub struct Calendars {
    user: Option<UserId>,
    all: PersonCalendars,
}

/// What is known of them within a range, as last read.
#[derive(Clone, Debug)]
pub struct Known {
    pub busy: Busy,
    /// The part of the range that lies further ahead than anything is read.
    pub unread: Option<Span>,
}

impl Calendars {
    pub fn of(txn: &mut Txn<'_>, workspace: WorkspaceId, user: UserId) -> Result<Self, StoreError> {
        let all = availability::find_calendars(txn, workspace, user)?;
        Ok(Self { user: Some(user), all })
    }

    /// Where their meetings are written.
    pub fn write_to(&self) -> Option<&CalendarRef> {
        self.all.write_to.as_ref()
    }

    /// Under which ids the time of the host is claimed: their own, and their calendars', as workers claim them.
    pub fn resources(&self, user: UserId) -> Vec<Uuid> {
        let mut ids: Vec<Uuid> = self.all.counted().iter().map(|calendar| calendar.connection.0).collect();
        ids.dedup();
        std::iter::once(user.0).chain(ids).collect()
    }

    /// As last read.
    pub fn known(
        &self,
        app: &App,
        txn: &mut Txn<'_>,
        workspace: WorkspaceId,
        range: Span,
        now: UnixMillis,
    ) -> Result<Known, StoreError> {
        let Some(user) = self.user.filter(|_| !self.all.counted().is_empty()) else {
            return Ok(Known { busy: Busy::Known(Vec::new()), unread: None });
        };
        let read_until = now.plus(READ_AHEAD - SINCE_READ);
        let read = Span::new(range.start.max(now), range.end.min(read_until));
        let busy = match read.start < read.end {
            true => availability::busy_of(app, txn, workspace, user, read)?,
            false => Busy::Known(Vec::new()),
        };
        let unread = Span::new(range.start.max(read_until), range.end);
        Ok(Known { busy, unread: Some(unread).filter(|unread| unread.start < unread.end) })
    }

    /// Asks the calendars themselves.
    pub fn busy_now(
        &self,
        app: &App,
        workspace: WorkspaceId,
        range: Span,
        but: Option<Own<'_>>,
    ) -> Result<Busy, StoreError> {
        match self.user.filter(|_| !self.all.counted().is_empty()) {
            Some(user) => availability::busy_of_now(app, workspace, user, range, but),
            None => Ok(Busy::Known(Vec::new())),
        }
    }
}
