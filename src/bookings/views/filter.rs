//! Which bookings a view shows: by source, worker, host, event type and what became of them.

use crate::app::App;
use crate::authz::Actor;
use crate::availability::Span;
use crate::base::{EventTypeId, UserId, WorkerId};
use crate::bookings::figures::{find_counted, Counted, Ended};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::store::{find_all, Wanted, MOST_BETWEEN};
use crate::store::{StoreError, Txn};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub source: Option<Source>,
    pub worker: Option<WorkerId>,
    pub host: Option<UserId>,
    pub event_type: Option<EventTypeId>,
    /// Without it all that is not cancelled.
    pub fate: Option<Fate>,
}

/// How a booking stands, or stood once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    ToConfirm,
    Booked,
    Completed,
    NoShow,
    /// Booked once and cancelled since.
    Cancelled,
    /// Booked, and moved at least once.
    Moved,
    /// The calendar refused it.
    NotBooked,
    /// Booked once, whatever became of it.
    EverBooked,
}

impl Fate {
    pub const ALL: [Self; 8] = [
        Self::ToConfirm,
        Self::Booked,
        Self::Completed,
        Self::NoShow,
        Self::Cancelled,
        Self::Moved,
        Self::NotBooked,
        Self::EverBooked,
    ];

    /// What the figures count.
    pub const COUNTED: [Self; 5] = [Self::EverBooked, Self::Moved, Self::Cancelled, Self::NoShow, Self::Completed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ToConfirm => "to_confirm",
            Self::Booked => "booked",
            Self::Completed => "completed",
            Self::NoShow => "no_show",
            Self::Cancelled => "cancelled",
            Self::Moved => "moved",
            Self::NotBooked => "not_booked",
            Self::EverBooked => "ever_booked",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::ToConfirm => "To confirm",
            Self::Booked => "Booked",
            Self::Completed => "Took place",
            Self::NoShow => "No-show",
            Self::Cancelled => "Cancelled",
            Self::Moved => "Moved",
            Self::NotBooked => "Not booked",
            Self::EverBooked => "Ever booked",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.as_str() == code)
    }
}

impl Filter {
    /// The chosen values as forms hold them; empty where all are shown.
    pub fn source(&self) -> &'static str {
        self.source.map_or("", Source::as_str)
    }

    pub fn worker(&self) -> String {
        self.worker.map(|worker| worker.to_string()).unwrap_or_default()
    }

    pub fn host(&self) -> String {
        self.host.map(|host| host.to_string()).unwrap_or_default()
    }

    pub fn event_type(&self) -> String {
        self.event_type.map(|event| event.to_string()).unwrap_or_default()
    }

    /// May the booking be shown?
    pub fn keeps(&self, txn: &mut Txn<'_>, booking: &Booking) -> Result<bool, StoreError> {
        if self.source.is_some_and(|source| source != booking.source)
            || (self.worker.is_some() && self.worker != booking.worker)
            || self.host.is_some_and(|host| !booking.details.hosts.contains(&host))
            || (self.event_type.is_some() && self.event_type != booking.details.event_type)
        {
            return Ok(false);
        }
        let became = booking.kept.became();
        Ok(match self.fate {
            None => !matches!(booking.state, State::Cancelled { .. }),
            Some(Fate::ToConfirm) => booking.state.is_proposed(),
            Some(Fate::Booked) => booking.state.is_booked(),
            Some(Fate::Completed) => booking.state.is_booked() && became == Some(Became::Completed),
            Some(Fate::NoShow) => booking.state.is_booked() && became == Some(Became::NoShow),
            Some(Fate::NotBooked) => matches!(booking.state, State::Failed { .. }),
            // Whether it was booked once does not stand in the booking itself.
            Some(fate @ (Fate::Cancelled | Fate::Moved | Fate::EverBooked)) => {
                let counted = find_counted(txn, booking.workspace, booking.id)?;
                counted.is_some_and(|counted| fate.was(&counted))
            }
        })
    }

    /// The bookings that begin in `range` and may be shown, in order, and whether there are more than 5,000.
    pub fn find(&self, app: &App, actor: &Actor, range: Span) -> Result<(Vec<Booking>, bool), StoreError> {
        let wanted = Wanted { within: Some(range), after: None, limit: MOST_BETWEEN };
        let found = find_all(&app.store, actor.workspace, &wanted, |txn, booking| self.keeps(txn, booking))?;
        Ok((found.rows, found.next.is_some()))
    }
}

impl Fate {
    fn was(self, counted: &Counted) -> bool {
        match self {
            Self::Cancelled => counted.ended == Ended::Cancelled,
            Self::Moved => counted.moved,
            _ => true,
        }
    }
}
