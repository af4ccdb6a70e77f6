//! What people should know of the service without looking for it.

use super::budget;
use super::letters::reason;
use super::model::{Caps, Purse};
use super::purse::{Period, Spent};
use super::setup;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::store::StoreError;

/// One thing that keeps the service from being asked, or soon will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Until somebody looks.
    Stopped {
        since: UnixMillis,
        name: String,
        why: String,
    },
    /// The workspace's budget is spent, by the period.
    Spent {
        period: &'static str,
    },
    NearlySpent {
        period: &'static str,
    },
}

/// How the workspace's service stands, if anything is wrong with it.
pub fn trouble(app: &App, workspace: WorkspaceId) -> Result<Option<Trouble>, StoreError> {
    let Some(standing) = setup::standing(app, workspace)? else { return Ok(None) };
    if let Some(stopped) = standing.state.stopped {
        let (since, name) = (stopped.at, standing.settings.name());
        return Ok(Some(Trouble::Stopped { since, name, why: reason(&stopped.code).to_owned() }));
    }
    let spent = app.store.read(|txn| budget::spent(txn, workspace, Purse::Workspace, app.now()))?;
    Ok(of_budget(&spent, standing.settings.caps))
}

fn of_budget(spent: &Spent, caps: Caps) -> Option<Trouble> {
    let periods = [
        (Period::Month, spent.month, caps.month, spent.full_month),
        (Period::Day, spent.day, caps.day, spent.full_day),
    ];
    // A budget of nothing is a choice, not trouble.
    let periods = periods.into_iter().filter(|(_, _, cap, _)| *cap > 0);
    let full = periods.clone().find(|(_, spent, cap, full)| *full || spent >= cap);
    if let Some((period, ..)) = full {
        return Some(Trouble::Spent { period: period.words() });
    }
    let nearly = periods.into_iter().find(|(_, spent, cap, _)| u128::from(*spent) * 5 >= u128::from(*cap) * 4);
    nearly.map(|(period, ..)| Trouble::NearlySpent { period: period.words() })
}
