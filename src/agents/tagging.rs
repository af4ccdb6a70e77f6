//! Leads are tagged by what their answers were read as, where the owner has named a tag for the label.
//!
//! A tag follows the label: when a person says that the answer means something else, the tag that it had given goes. One
//! that the lead had before is nobody's doing here, and stays.

use super::errors::AgentError;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ReplyId, UnixMillis, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::messaging::{self, Reading, Reply};
use crate::store::{StoreError, Txn};
use crate::workers;

/// A contact with more tags gets no further one.
const MOST_TAGS: usize = 50;

pub struct Tagger;

impl Subscriber<App> for Tagger {
    fn name(&self) -> &'static str {
        "agents.tagging"
    }

    /// A reaction: nobody wants old answers sorted anew.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        match event.what {
            Happened::ReplyClassified { reply, .. } | Happened::ReplyCorrected { reply, .. } => {
                app.store.write(|txn| follow_label(txn, event.workspace, reply, app.now()))
            }
            _ => Ok(()),
        }
    }
}

fn follow_label(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ReplyId, now: UnixMillis) -> Result<(), StoreError> {
    let Some(reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(()) };
    let (Some(worker), Some(reading)) = (reply.worker, reply.reading.clone()) else { return Ok(()) };
    let Some(worker) = workers::find(txn, workspace, worker)? else { return Ok(()) };
    let is_clear = reading.is_sure() && !reading.undecided;
    let wanted = worker.reply_tags.get(&reading.label).filter(|_| is_clear).cloned();
    if reading.tagged == wanted {
        return Ok(());
    }
    let who = Who::System("Tags leads".to_owned());
    change(txn, reply, reading, wanted, &who, now)
}

/// Takes the tag off that this answer gave, and puts another on.
fn change(
    txn: &mut Txn<'_>,
    mut reply: Reply,
    reading: Reading,
    wanted: Option<String>,
    who: &Who,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let (workspace, id) = (reply.workspace, reply.contact);
    let Some(before) = contacts::find(txn, workspace, id)?.filter(|contact| !contact.restricted) else {
        return Ok(());
    };
    let mut tags = before.tags.clone();
    tags.retain(|tag| Some(tag) != reading.tagged.as_ref());
    let given = wanted.filter(|tag| !tags.contains(tag) && tags.len() < MOST_TAGS);
    tags.extend(given.clone());
    tags.sort();
    if tags != before.tags {
        contacts::put(txn, &Contact { tags, changed_at: now, ..before.clone() }, Some(&before))?;
        events::append(txn, workspace, now, Happened::ContactChanged { contact: id })?;
        let words = |tag: &Option<String>| tag.clone().unwrap_or_else(|| "none".to_owned());
        let detail = format!("{} → {}", words(&reading.tagged), words(&given));
        audit::record(txn, workspace, now, who, "contact.tagged_by_answer", &format!("contact {id}"), &detail)?;
    }
    if let Some(tag) = given.clone() {
        events::append(txn, workspace, now, Happened::LeadTagged { reply: reply.id, contact: id, tag })?;
    }
    if reading.tagged != given {
        reply.reading = Some(Reading { tagged: given, ..reading });
        messaging::update_reply(txn, &reply)?;
    }
    Ok(())
}

/// A person takes the tag off that an answer had given.
pub fn untag(app: &App, actor: &Actor, id: ReplyId) -> Result<(), AgentError> {
    actor.require(Permission::EditContacts)?;
    let now = app.now();
    app.store.write(|txn| {
        let reply = messaging::find_reply(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        match reply.reading.clone().filter(|reading| reading.tagged.is_some()) {
            Some(reading) => Ok(change(txn, reply, reading, None, &Who::of(actor), now)?),
            None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::agents::replies;
    use crate::agents::testing::Office;

    const YES: &str = "Yes, we are interested. Please tell us more about how it works.";

    fn tags_of(office: &Office) -> Vec<String> {
        contacts::get(&office.desk.app().store, office.desk.test.workspace, office.desk.contact).unwrap().unwrap().tags
    }

    fn office() -> Office {
        let office = Office::open();
        let tags = [("interested", "Hot lead"), ("not_interested", "lost"), ("question", "")];
        let tags: BTreeMap<String, String> =
            tags.into_iter().map(|(label, tag)| (label.to_owned(), tag.to_owned())).collect();
        workers::set_reply_tags(office.desk.app(), office.desk.owner(), office.desk.worker, &tags).unwrap();
        office
    }

    #[test]
    fn a_lead_is_tagged_by_what_its_answer_was_read_as_and_the_tag_follows_a_correction() {
        let office = office();
        let reply = office.desk.unread(YES);
        office.settle();
        assert_eq!(tags_of(&office), ["hot lead"]);
        replies::correct(office.desk.app(), office.desk.owner(), reply, "not_interested").unwrap();
        office.settle();
        assert_eq!(tags_of(&office), ["lost"]);
        replies::uncorrect(office.desk.app(), office.desk.owner(), reply).unwrap();
        office.settle();
        assert_eq!(tags_of(&office), ["hot lead"]);
        untag(office.desk.app(), office.desk.owner(), reply).unwrap();
        office.settle();
        assert!(tags_of(&office).is_empty());
    }

    #[test]
    fn a_tag_that_a_lead_had_before_is_not_taken_off() {
        let office = office();
        contacts::tag_all(office.desk.app(), office.desk.owner(), &[office.desk.contact], "hot lead").unwrap();
        let reply = office.desk.unread(YES);
        office.settle();
        replies::correct(office.desk.app(), office.desk.owner(), reply, "question").unwrap();
        office.settle();
        assert_eq!(tags_of(&office), ["hot lead"]);
    }

    #[test]
    fn an_opt_out_gives_no_tag() {
        let office = office();
        let tags = BTreeMap::from([("unsubscribe".to_owned(), "angry".to_owned())]);
        let refused = workers::set_reply_tags(office.desk.app(), office.desk.owner(), office.desk.worker, &tags);
        assert!(matches!(refused, Err(workers::WorkerError::Invalid(_))));
    }
}
