//! A worker's figures for the leads that were added within a period: what became of them until today.

use super::figures::Group;
use super::model::Enrolment;
use super::store;
use crate::base::{Cursor, Page, UnixMillis, WorkerId, WorkspaceId};
use crate::store::{Store, StoreError};

const DAY_MILLIS: i64 = 86_400_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    Week,
    Month,
    Quarter,
    #[default]
    All,
}

impl Period {
    pub const EACH: [Period; 4] = [Period::Week, Period::Month, Period::Quarter, Period::All];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Week => "7",
            Period::Month => "30",
            Period::Quarter => "90",
            Period::All => "all",
        }
    }

    /// Anything unknown is everything.
    pub fn parse(text: &str) -> Self {
        Self::EACH.into_iter().find(|period| period.as_str() == text).unwrap_or_default()
    }

    pub fn words(self) -> &'static str {
        match self {
            Period::Week => "7 days",
            Period::Month => "30 days",
            Period::Quarter => "90 days",
            Period::All => "All",
        }
    }

    /// The moment it begins; `None` for everything.
    pub fn since(self, now: UnixMillis) -> Option<UnixMillis> {
        let days = match self {
            Period::Week => 7,
            Period::Month => 30,
            Period::Quarter => 90,
            Period::All => return None,
        };
        Some(UnixMillis(now.0 - days * DAY_MILLIS))
    }
}

/// How many leads of the period stand in `group`. Everything is a counter; a period is counted in the list itself,
/// whose keys are ordered by when a lead was added.
pub fn count(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    group: Group,
    since: Option<UnixMillis>,
) -> Result<u64, StoreError> {
    match since {
        None => Ok(store::figures(store, workspace, worker)?.of(group)),
        Some(since) => store::count_group_since(store, workspace, worker, group, since),
    }
}

/// The leads that [`count`] counts, newest first.
pub fn list(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    (group, since): (Group, Option<UnixMillis>),
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, StoreError> {
    let mut page = store::list_group(store, workspace, worker, group, before, limit)?;
    // The list goes by ids, which begin with the time, as the count does.
    let is_older = |lead: &Enrolment| since.is_some_and(|since| store::added_before(lead.id, since));
    if let Some(end) = page.rows.iter().position(is_older) {
        page.rows.truncate(end);
        page.next = None;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_named_once_in_addresses_and_what_is_unknown_is_everything() {
        for period in Period::EACH {
            assert_eq!(Period::parse(period.as_str()), period);
        }
        for text in ["", "8", "week", "-1"] {
            assert_eq!(Period::parse(text), Period::All, "{text}");
        }
        assert_eq!(Period::Week.since(UnixMillis(10 * DAY_MILLIS)), Some(UnixMillis(3 * DAY_MILLIS)));
    }
}
