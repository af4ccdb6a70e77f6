//! An answer that asks for a meeting, with all that is known of who asks and who is asked.

use super::LABEL;
use crate::app::App;
use crate::availability;
use crate::base::{ReplyId, UnixMillis, WorkspaceId};
use crate::bookings::model::Booking;
use crate::bookings::of_contact::next_ahead;
use crate::bookings::store;
use crate::bookings::words::Clocks;
use crate::contacts::{self, Contact};
use crate::drafts::{self, Asked};
use crate::messaging::{self, Reading, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

/// Who asks, and who is asked.
pub(in crate::bookings) struct Case {
    pub(super) reply: Reply,
    pub(in crate::bookings) reading: Reading,
    pub(super) contact: Contact,
    pub(in crate::bookings) worker: Option<Worker>,
    /// Nobody has to be asked about this answer.
    pub(super) is_trusted: bool,
    /// What the contact has agreed on already.
    pub(in crate::bookings) upcoming: Option<Booking>,
    pub(in crate::bookings) clocks: Clocks,
    pub(super) guest_zone: String,
    /// The length that they ask for, or that of the offered time which they take.
    pub(super) asked_minutes: Option<u32>,
}

impl Case {
    /// The meeting that there is, when the answer names its time and no other.
    pub(super) fn agreed(&self) -> Option<&Booking> {
        let times = &self.reading.times;
        let same = |booking: &&Booking| !times.is_empty() && times.iter().all(|time| time.start == booking.start);
        self.upcoming.as_ref().filter(same)
    }
}

pub(super) fn load(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Case>, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        if store::was_considered(txn, workspace, id)? {
            return Ok(None);
        }
        let Some(reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(None) };
        let Some(contact) = contacts::find(txn, workspace, reply.contact)? else { return Ok(None) };
        case_of(txn, reply, contact, now)
    })
}

/// An answer whose times were looked at before, as it stands now.
pub(in crate::bookings) fn case_again(
    app: &App,
    workspace: WorkspaceId,
    id: ReplyId,
) -> Result<Option<Case>, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        let Some(reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(None) };
        let Some(contact) = contacts::find(txn, workspace, reply.contact)? else { return Ok(None) };
        case_of(txn, reply, contact, now)
    })
}

/// Somebody wants to meet, or to hear our times.
pub(in crate::bookings) fn proposes(reading: &Reading) -> bool {
    reading.label == LABEL || reading.wants_our_times()
}

/// Everything about an answer that asks for a meeting; `None` for one that does not.
pub(super) fn case_of(
    txn: &mut Txn<'_>,
    reply: Reply,
    contact: Contact,
    now: UnixMillis,
) -> Result<Option<Case>, StoreError> {
    let workspace = reply.workspace;
    let Some(reading) = reply.reading.clone().filter(proposes) else { return Ok(None) };
    let worker = match reply.worker {
        Some(worker) => workers::find(txn, workspace, worker)?,
        None => None,
    };
    let upcoming = next_ahead(txn, workspace, contact.id, now, |booking| booking.state.is_booked())?;
    let ours = availability::find_schedule(txn, workspace)?.zone;
    let home = workspaces::find(txn, workspace)?.map_or_else(|| ours.clone(), |found| found.time_zone);
    let guest_zone = contact.time_zone.clone().unwrap_or(home);
    let clocks = Clocks::of(&guest_zone, &ours);
    let offered = messaging::find_message(txn, workspace, reply.message)?.map(|message| message.offered);
    let asked_minutes = reading.duration_minutes.or(length_of_choice(&reading, &offered.unwrap_or_default()));
    let asked = Asked {
        label: LABEL,
        engine: "",
        confidence: reading.confidence,
        at_least: workspaces::find_routing(txn, workspace)?.book,
        flags: &reading.flags,
        words: &reply.excerpt,
    };
    let is_trusted = match &worker {
        Some(worker) => drafts::may_act_alone(txn, workspace, worker, &asked)?,
        None => false,
    };
    Ok(Some(Case { is_trusted, reply, reading, contact, worker, upcoming, clocks, guest_zone, asked_minutes }))
}

/// The length of the one offered time that was taken.
fn length_of_choice(reading: &Reading, offered: &[(UnixMillis, UnixMillis)]) -> Option<u32> {
    let [time] = &reading.times[..] else { return None };
    let (start, end) = offered.iter().find(|(start, _)| *start == time.start)?;
    u32::try_from(end.since(*start).as_secs() / 60).ok()
}
