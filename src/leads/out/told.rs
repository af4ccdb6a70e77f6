//! What a message says: what happened, and the contact as they are now.

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::model::Wants;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::contacts::Contact;
use crate::events::{Ended, Event, Happened};
use crate::leads::score::Score;

/// One thing to tell. It holds no content; that is read when it leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tell {
    /// The event's number, which makes the id.
    pub event: u64,
    pub what: String,
    pub contact: Option<ContactId>,
    pub at: UnixMillis,
    pub detail: Value,
}

impl Tell {
    /// What an event has to tell to who wants that; `None` for all else.
    pub fn of(event: &Event, wants: Wants) -> Option<Self> {
        use Happened as H;
        let (is_wanted, what, detail) = match &event.what {
            H::ContactCreated { .. } => (wants.contacts, "contact.created", json!({})),
            H::ContactChanged { .. } => (wants.contacts, "contact.changed", json!({})),
            H::ContactErased { .. } => (wants.contacts, ERASED, json!({})),
            H::ContactsImported { added, .. } => (wants.contacts, "contacts.imported", json!({ "added": added })),
            H::Unsubscribed { .. } => (wants.answers, "contact.unsubscribed", json!({})),
            H::ReplyClassified { label, .. } => (wants.answers, "reply.read", json!({ "label": label })),
            H::ReplyCorrected { label, .. } => (wants.answers, "reply.corrected", json!({ "label": label })),
            H::BookingConfirmed { .. } => (wants.meetings, "meeting.booked", json!({})),
            H::BookingMoved { .. } => (wants.meetings, "meeting.moved", json!({})),
            H::BookingCancelled { ended, .. } => (wants.meetings, ended_as(*ended), json!({})),
            H::Enrolled { .. } => (wants.sequences, "sequence.joined", json!({})),
            H::EnrolmentEnded { reason, .. } => (wants.sequences, "sequence.ended", json!({ "reason": reason })),
            _ => return None,
        };
        let (contact, at) = (event.what.contact(), event.at);
        is_wanted.then(|| Self { event: event.number, what: what.to_owned(), contact, at, detail })
    }

    /// The same however often it is sent, and no other message of any workspace has it.
    pub fn id(&self, workspace: WorkspaceId) -> String {
        format!("{}-{}", workspace.sid(), self.event)
    }

    /// Of somebody erased nothing is known but the id; it is told so that the receiver erases them as well.
    pub fn is_of_erased(&self) -> bool {
        self.what == ERASED
    }

    pub fn body(&self, workspace: WorkspaceId, contact: Option<&Contact>, score: Option<&Score>) -> String {
        let is_withheld = contact.is_some_and(|contact| contact.restricted);
        let contact = match (self.contact, contact.filter(|contact| !contact.restricted)) {
            (_, Some(contact)) => whole(contact, score),
            (Some(id), None) => json!({ "id": id.to_string() }),
            (None, None) => Value::Null,
        };
        let mut data = if is_withheld { json!({}) } else { self.detail.clone() };
        data["contact"] = contact;
        let id = self.id(workspace);
        json!({ "id": id, "type": self.what, "timestamp": self.at.to_rfc3339(), "data": data }).to_string()
    }
}

/// What was only asked for was never told as booked, so its end is no meeting's.
fn ended_as(ended: Ended) -> &'static str {
    match ended {
        Ended::Meeting => "meeting.cancelled",
        Ended::Declined => "request.declined",
        Ended::TakenBack => "request.taken_back",
    }
}

const ERASED: &str = "contact.erased";

fn whole(contact: &Contact, score: Option<&Score>) -> Value {
    let addresses: Vec<&str> = contact.addresses.iter().map(|address| address.display()).collect();
    json!({
        "id": contact.id.to_string(),
        "addresses": addresses,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "company": contact.company,
        "job_title": contact.job_title,
        "phone": contact.phone,
        "website": contact.website,
        "tags": contact.tags,
        "fields": contact.custom,
        "score": score.map(Score::points),
    })
}
