//! Leads that are taken out together: their worker or sequence is gone, or everyone at a domain must not be written to.

use super::figures::Group;
use super::model::Enrolment;
use super::{plan, store};
use crate::app::App;
use crate::base::{EnrolmentId, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::contacts;
use crate::messaging::{self, Purpose};
use crate::store::{StoreError, Txn};
use crate::workers;

/// Leads looked at in one read, and taken out in one transaction.
const LOOKED_AT: usize = 200;
const BATCH: usize = 6;
/// Where leads stand that may still be written to.
const ACTIVE: [Group; 4] = [Group::Waiting, Group::Queued, Group::Away, Group::Task];

/// The leads of a worker that is gone are free for another.
pub(super) fn of_worker(
    app: &App,
    workspace: WorkspaceId,
    worker: WorkerId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    take_out(app, workspace, worker, now, |_, _| Ok(Some("The worker was deleted.".to_owned())))
}

/// A sequence changed: where it is gone, whoever was still in it is out.
pub(super) fn of_sequence(
    app: &App,
    workspace: WorkspaceId,
    sequence: SequenceId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let gone = "The sequence was deleted.";
    if store::get_sequence(&app.store, workspace, sequence)?.is_some() {
        return Ok(());
    }
    let was_in_it = |_: &mut Txn<'_>, lead: &Enrolment| Ok((lead.sequence == sequence).then(|| gone.to_owned()));
    for worker in workers::list(&app.store, workspace)? {
        take_out(app, workspace, worker.id, now, was_in_it)?;
    }
    Ok(())
}

/// A domain is on the list of opt-outs: everyone there is out at once, not only when their next mail is due.
pub(super) fn of_suppressed(app: &App, workspace: WorkspaceId, now: UnixMillis) -> Result<(), StoreError> {
    for worker in workers::list(&app.store, workspace)? {
        take_out(app, workspace, worker.id, now, suppressed)?;
    }
    Ok(())
}

fn suppressed(txn: &mut Txn<'_>, lead: &Enrolment) -> Result<Option<String>, StoreError> {
    let Some(contact) = contacts::find(txn, lead.workspace, lead.contact)? else { return Ok(None) };
    let Some(address) = contact.address() else { return Ok(None) };
    let entry = messaging::is_suppressed(txn, lead.workspace, address, Purpose::Outreach)?;
    Ok(entry.map(|entry| format!("No more mail to {}: {}.", entry.target.words(), entry.reason.words().to_lowercase())))
}

/// Stops every active lead of a worker for which `why` gives a reason. Looks first and writes then, so that a list of
/// which few are concerned costs reads only.
fn take_out(
    app: &App,
    workspace: WorkspaceId,
    worker: WorkerId,
    now: UnixMillis,
    why: impl Fn(&mut Txn<'_>, &Enrolment) -> Result<Option<String>, StoreError>,
) -> Result<(), StoreError> {
    for group in ACTIVE {
        let mut cursor = None;
        loop {
            let page = store::list_group(&app.store, workspace, worker, group, cursor.as_ref(), LOOKED_AT)?;
            let concerned = app.store.read(|txn| {
                let mut found = Vec::new();
                for lead in &page.rows {
                    found.extend(why(txn, lead)?.map(|_| lead.id));
                }
                Ok::<_, StoreError>(found)
            })?;
            stop_each(app, workspace, &concerned, now, &why)?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Stops those of `leads` that are active and for which `why` gives a reason, a few in one transaction.
pub(super) fn stop_each(
    app: &App,
    workspace: WorkspaceId,
    leads: &[EnrolmentId],
    now: UnixMillis,
    why: impl Fn(&mut Txn<'_>, &Enrolment) -> Result<Option<String>, StoreError>,
) -> Result<(), StoreError> {
    for batch in leads.chunks(BATCH) {
        app.store.write_reserved(|txn| {
            for id in batch {
                let Some(lead) = store::find(txn, workspace, *id)?.filter(|lead| lead.state.is_active()) else {
                    continue;
                };
                if let Some(reason) = why(txn, &lead)? {
                    plan::stop(txn, &lead, &reason, None, now)?;
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(())
}
