//! Writing to a customer system: the person, made or found by the address, and a note on it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use super::model::{State, System, Vendor};
use super::{session, store};
use crate::app::App;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::jobs::{Effect, Job, Performed, Prepared, Ready, Reconciled, Settled};
use crate::providers::crm::{Crm, Person};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

pub(super) const WRITE: &str = "leads.crm_write";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Write {
    pub vendor: Vendor,
    pub contact: ContactId,
    pub what: What,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// The person with what is known of them.
    Person,
    /// A note that says what happened.
    Note { event: u64, text: String, at: UnixMillis },
}

pub(super) struct WriteThere;

/// What is known of the contact when the intent is written.
struct Known {
    write: Write,
    contact: Contact,
    linked: Option<String>,
}

impl Effect<App> for WriteThere {
    fn kind(&self) -> &'static str {
        WRITE
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let write: Write = job.payload()?;
        let gone = |reason: &str| Ok(Prepared::Drop { reason: reason.to_owned() });
        let Some(system) = store::find(txn, job.workspace, write.vendor)? else { return gone("it was disconnected") };
        if let State::NeedsOwner { reason, .. } = system.state {
            // Kept until somebody connects it again, which lifts the wait (`jobs::go_on`).
            return Ok(Prepared::Later { at: now.plus(HOUR), whole_serial: true, reason });
        }
        let found = contacts::find(txn, job.workspace, write.contact)?;
        let Some(contact) = found.filter(|contact| !contact.restricted && contact.address().is_some()) else {
            return gone("the contact is gone, or restricted");
        };
        let linked = store::find_link(txn, job.workspace, write.contact, write.vendor)?;
        Ok(Prepared::Go(Box::new(Known { write, contact, linked })))
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let Ok(known) = ready.downcast::<Known>() else {
            return Performed::Refused { reason: "nothing was prepared".into(), detail: Value::Null };
        };
        let vendor = known.write.vendor;
        match session::with(app, job.workspace, vendor, |crm, system| carry_out(crm, system, job, &known)) {
            Ok((person, account)) => Performed::Done { answer: json!({ "person": person, "account": account }) },
            Err(error) => refused_or_later(app, error),
        }
    }

    fn settle(
        &self,
        _: &App,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<Settled, StoreError> {
        let write: Write = job.payload()?;
        if let Performed::Refused { reason, .. } = performed {
            store::note_refusal(txn, job.workspace, write.vendor, now, reason)?;
        }
        if let Performed::Done { answer } = performed {
            let person = answer["person"].as_str().unwrap_or_default();
            let is_there = contacts::find(txn, job.workspace, write.contact)?.is_some();
            let account = answer["account"].as_str().unwrap_or_default();
            if !person.is_empty() && is_there {
                store::link_of_account(txn, job.workspace, write.contact, write.vendor, account, person)?;
            }
        }
        Ok(Settled::default())
    }

    /// Asks the system for the note with our mark. A person is made or brought up to date again whatever became of the
    /// first try: done twice it is the same.
    fn reconcile(&self, app: &App, job: &Job, _: UnixMillis) -> Reconciled {
        let write: Write = match job.payload() {
            Ok(write) => write,
            Err(error) => return Reconciled::CannotKnow { reason: error.to_string() },
        };
        let contact = match contacts::get(&app.store, job.workspace, write.contact) {
            Ok(Some(contact)) => contact,
            // Nobody is left to be written about.
            Ok(None) => return Reconciled::Found { answer: Value::Null },
            Err(error) => return Reconciled::LookAgain { after: LOOK_AGAIN, reason: error.to_string() },
        };
        let Some(address) = contact.address() else { return Reconciled::Absent };
        let looked = session::with(app, job.workspace, write.vendor, |crm, system| {
            let Some(person) = crm.find(address.compare())? else { return Ok(None) };
            let is_there = matches!(write.what, What::Note { .. }) && is_noted(crm, job, &write, &person)?;
            Ok(is_there.then(|| (person, system.account_key())))
        });
        match looked {
            Ok(Some((person, account))) => {
                Reconciled::Found { answer: json!({ "person": person, "account": account }) }
            }
            // What was written just now may not be seen yet.
            Ok(None) if job.looks < LOOKS => {
                Reconciled::LookAgain { after: LOOK_AGAIN, reason: "it is not there (yet)".into() }
            }
            Ok(None) => Reconciled::Absent,
            Err(ProviderError::Retry { after, reason }) => {
                Reconciled::LookAgain { after: after.unwrap_or(LOOK_AGAIN), reason }
            }
            Err(ProviderError::Quota { reason, .. }) => Reconciled::LookAgain { after: HOUR, reason },
            Err(error @ (ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. })) => {
                match store::get(&app.store, job.workspace, write.vendor) {
                    Ok(None) => Reconciled::CannotKnow { reason: error.to_string() },
                    _ => Reconciled::LookAgain { after: HOUR, reason: error.to_string() },
                }
            }
            Err(error) => Reconciled::CannotKnow { reason: error.to_string() },
        }
    }
}

/// Longer than what both systems write takes to be seen everywhere in them.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);
/// Looks in vain before it is done again.
const LOOKS: u32 = 2;
const HOUR: Duration = Duration::from_secs(3600);

/// Writes on the person we know, else finds or makes them. Gives the person's id there, and of which account it is.
fn carry_out(crm: &dyn Crm, system: &System, job: &Job, known: &Known) -> Result<(String, String), ProviderError> {
    let account = system.account_key();
    let person = person_of(system.vendor, &known.contact);
    if let Some(id) = &known.linked {
        match write_on(crm, job, known, &person, id) {
            // Deleted or merged there since: whoever has the address now takes the link's place.
            Err(ProviderError::NotFound | ProviderError::Gone) => {}
            written => return written.map(|()| (id.clone(), account)),
        }
    }
    let address = known.contact.address().map(|address| address.compare().to_owned()).unwrap_or_default();
    let id = match crm.find(&address)? {
        Some(id) => {
            write_on(crm, job, known, &person, &id)?;
            return Ok((id, account));
        }
        None => crm.add(&person)?,
    };
    note_on(crm, job, known, &id)?;
    Ok((id, account))
}

/// Writes on somebody who is there.
fn write_on(crm: &dyn Crm, job: &Job, known: &Known, person: &Person, id: &str) -> Result<(), ProviderError> {
    if matches!(known.write.what, What::Person) {
        // Their address is theirs to change.
        crm.update(&Person { id: id.to_owned(), emails: Vec::new(), ..person.clone() })?;
    }
    note_on(crm, job, known, id)
}

/// Writes the note unless it stands there: the event may have been heard twice, or an earlier try have arrived.
fn note_on(crm: &dyn Crm, job: &Job, known: &Known, id: &str) -> Result<(), ProviderError> {
    let What::Note { event, text, at } = &known.write.what else { return Ok(()) };
    if is_noted(crm, job, &known.write, id)? {
        return Ok(());
    }
    crm.note(id, &format!("{text} [{}]", mark(job.workspace, *event)), *at).map(drop)
}

fn is_noted(crm: &dyn Crm, job: &Job, write: &Write, person: &str) -> Result<bool, ProviderError> {
    let What::Note { event, .. } = write.what else { return Ok(false) };
    if crm.find_note(person, &mark(job.workspace, event))?.is_some() {
        return Ok(true);
    }
    // Notes of before the mark named the event had the job's number.
    Ok(job.attempt + job.looks > 0 && crm.find_note(person, &format!("Launchyard {}", job.id))?.is_some())
}

/// By this a note is known again: the same for an event of a workspace however often it is heard or tried.
pub(super) fn mark(workspace: WorkspaceId, event: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(workspace.0.as_bytes());
    hash.update(event.to_be_bytes());
    let short: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("Launchyard {short}")
}

fn person_of(vendor: Vendor, contact: &Contact) -> Person {
    let ours = ["first_name", "last_name", "company", "job_title", "phone", "website"];
    let fields = ours.iter().filter_map(|name| Some((vendor.field_of(name)?.to_owned(), contact.field(name)?)));
    Person {
        id: String::new(),
        emails: contact.address().map(|address| address.display().to_owned()).into_iter().collect(),
        fields: fields.collect(),
    }
}

fn refused_or_later(app: &App, error: ProviderError) -> Performed {
    let detail = Value::Null;
    match error {
        ProviderError::Retry { after, reason } => Performed::NotDone { after, whole_serial: true, reason, detail },
        ProviderError::Quota { until, reason } => {
            let after = until.map_or(HOUR, |until| until.since(app.now()));
            Performed::NotDone { after: Some(after), whole_serial: true, reason, detail }
        }
        ProviderError::Unknown { reason } => Performed::Unknown { reason },
        // Nothing is lost by a token that was refused: it waits for the owner.
        error @ (ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. }) => {
            Performed::NotDone { after: Some(HOUR), whole_serial: true, reason: error.to_string(), detail }
        }
        other => Performed::Refused { reason: other.to_string(), detail },
    }
}
