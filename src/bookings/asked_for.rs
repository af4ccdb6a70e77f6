//! Times that wait for a person, as they stand beside the drafts that do.

use super::model::Booking;
use super::store;
use crate::app::{App, AskedFor};
use crate::availability;
use crate::base::WorkspaceId;
use crate::contacts;
use crate::store::StoreError;

/// How many they are, a series as one.
pub fn count_asked_for(app: &App, workspace: WorkspaceId) -> Result<u32, StoreError> {
    store::count_waiting(&app.store, workspace, app.now())
}

/// The next first; of a series its first date. Those of the past have lapsed or are about to.
pub fn asked_for(app: &App, workspace: WorkspaceId, limit: usize) -> Result<Vec<AskedFor>, StoreError> {
    let now = app.now();
    let waiting = store::list_waiting(&app.store, workspace, limit)?;
    let zone = availability::schedule_of(&app.store, workspace)?.time_zone();
    let ahead = waiting.into_iter().filter(|booking| booking.start > now);
    let row = |booking: Booking| {
        let contact = contacts::get(&app.store, workspace, booking.contact)?;
        let when = booking.start.in_zone(&zone).strftime("%a %-d %b, %H:%M");
        let name = contact.map_or_else(|| booking.details.name.clone(), |contact| contact.name());
        // The name stands above already.
        let title = booking.title.strip_suffix(&format!(": {name}")).unwrap_or(&booking.title);
        let dates = match booking.details.series {
            Some(part) => format!(" and {} more", part.of.saturating_sub(1)),
            None => String::new(),
        };
        Ok(AskedFor {
            href: format!("/calendar/{}", booking.id),
            what: format!("{title}, {when}{dates}"),
            who: name,
            since: booking.created_at,
        })
    };
    ahead.map(row).collect()
}
