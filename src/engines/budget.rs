//! Money around a call: reserved in a transaction before it, counted from the service's own figures after it, so that
//! calls at the same time together never spend more than the budget allows.

use jiff::civil::Date;

use super::letters;
use super::model::{Caps, Micros, Purse, Settings};
use super::purse::{News, Period, Spent, UnderWay};
use super::store;
use crate::app::App;
use crate::base::{TransferId, UnixMillis, WorkerId, WorkspaceId};
use crate::store::{StoreError, Txn};
use crate::workspaces;

/// A call does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    pub purse: Purse,
    pub period: Period,
}

/// The purses that a call of the worker is paid from, each with its caps.
pub fn purses(settings: &Settings, worker: Option<WorkerId>) -> Vec<(Purse, Caps)> {
    let own = worker.map(|worker| (Purse::Worker(worker), settings.caps_of(worker)));
    [(Purse::Workspace, settings.caps)].into_iter().chain(own).collect()
}

/// The day on the workspace's calendar, by which budgets are counted.
pub fn today(txn: &mut Txn<'_>, workspace: WorkspaceId, now: UnixMillis) -> Result<Date, StoreError> {
    let zone = workspaces::find(txn, workspace)?.map_or(jiff::tz::TimeZone::UTC, |workspace| workspace.zone());
    Ok(now.in_zone(&zone).date())
}

/// What a purse holds today.
pub fn spent(txn: &mut Txn<'_>, workspace: WorkspaceId, purse: Purse, now: UnixMillis) -> Result<Spent, StoreError> {
    let today = today(txn, workspace, now)?;
    let known = store::find_spent(txn, workspace, purse)?;
    Ok(known.map_or_else(|| Spent::new(today), |spent| spent.turned(today, now)))
}

/// Sets `most` aside in every purse, or in none when one has no room for it.
pub fn reserve(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    purses: &[(Purse, Caps)],
    call: TransferId,
    most: Micros,
    now: UnixMillis,
) -> Result<Result<(), Full>, StoreError> {
    let mut rows = Vec::new();
    for (purse, caps) in purses {
        let mut spent = spent(txn, workspace, *purse, now)?;
        if let Err(period) = spent.room_for(most, *caps) {
            return Ok(Err(Full { purse: *purse, period }));
        }
        spent.begin(UnderWay { call, at: now, most });
        rows.push((*purse, spent));
    }
    rows.iter().try_for_each(|(purse, spent)| store::put_spent(txn, workspace, *purse, spent))?;
    Ok(Ok(()))
}

/// The call is over and cost that much.
pub fn settle(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    purses: &[(Purse, Caps)],
    call: TransferId,
    cost: Micros,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for (purse, _) in purses {
        let mut spent = spent(txn, workspace, *purse, now)?;
        spent.end(call, cost);
        store::put_spent(txn, workspace, *purse, &spent)?;
    }
    Ok(())
}

/// Tells the workspace's owners and admins that a budget is nearly or wholly spent, once for each period. Again is
/// harmless; `full` is the call that did not fit.
pub fn tell(
    app: &App,
    workspace: WorkspaceId,
    settings: &Settings,
    worker: Option<WorkerId>,
    full: Option<Full>,
) -> Result<(), StoreError> {
    let now = app.now();
    for (purse, caps) in purses(settings, worker) {
        let full = full.filter(|full| full.purse == purse).map(|full| full.period);
        let news =
            app.store.read(|txn| Ok::<_, StoreError>(news_of(&mut spent(txn, workspace, purse, now)?, caps, full)))?;
        for one in news {
            let letters = letters::budget(app, workspace, purse, one)?;
            app.store.write(|txn| {
                let mut spent = spent(txn, workspace, purse, now)?;
                let is_new = news_of(&mut spent, caps, full).contains(&one);
                store::put_spent(txn, workspace, purse, &spent)?;
                if is_new {
                    letters::queue(txn, &letters)?;
                }
                Ok::<_, StoreError>(())
            })?;
        }
    }
    Ok(())
}

/// What is to be said, and from then on said.
fn news_of(spent: &mut Spent, caps: Caps, full: Option<Period>) -> Vec<News> {
    match full {
        Some(period) => spent.note_full(period).into_iter().collect(),
        None => spent.news(caps),
    }
}
