//! Mail by Microsoft Graph: send, and read what answers it.
//!
//! Only `Mail.Send` and `Mail.Read` are held, so no draft can be made (that needs the right to change and delete mail),
//! and the answer to a sending names no message. What left is therefore known by a property of our own on the copy in
//! *Sent Items*, which nobody outside sees, and which stays whatever becomes of the Message-ID.
//!
//! A mailbox takes 10,000 requests in ten minutes and four at a time from one program
//! (<https://learn.microsoft.com/graph/throttling-limits>), and sends 30 messages a minute and to 10,000 recipients a
//! day (Exchange Online limits).

mod outgoing;
mod wire;

use serde_json::{json, Value};
use url::Url;

use super::Session;
use crate::base::UnixMillis;
use crate::providers::error::ProviderError;
use wire::{DeltaAnswer, FoundAnswer};

pub use outgoing::NotMail;
pub use wire::Head;

/// Folders in which answers land, or into which a rule or their reader puts them at once, by their well-known names.
/// <https://learn.microsoft.com/graph/api/resources/mailfolder>
pub const FOLDERS: [&str; 4] = ["inbox", "junkemail", "archive", "deleteditems"];

/// A mailbox has this folder only once something was put into it.
pub fn may_lack(folder: &str) -> bool {
    folder == "archive"
}

/// What a head is compared by. <https://learn.microsoft.com/graph/api/resources/message>
const SELECTED: &str = "internetMessageId,internetMessageHeaders,conversationId,from,subject,receivedDateTime,isDraft";
/// Messages on one page of changes; ten without asking.
const PAGE: &str = "odata.maxpagesize=50";

/// How a sending came out, when Graph answered clearly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    Accepted,
    /// This one mail is refused; the mailbox is well.
    MailRefused {
        reason: String,
        bad_address: bool,
    },
}

/// What is known of a mail that may have left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    Sent(SentCopy),
    /// It lies there and has not left yet: in the Outbox, or as a draft.
    Pending,
    Absent,
}

/// The copy of a mail that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCopy {
    pub id: String,
    /// As it really left, without brackets.
    pub message_id: Option<String>,
    pub conversation: Option<String>,
}

/// A page of what came into a folder.
#[derive(Clone, Debug)]
pub struct Changes {
    pub heads: Vec<Head>,
    /// Where reading goes on. To be stored only after `heads` was worked through.
    pub next: Url,
    /// Nothing is there beyond this page.
    pub is_last: bool,
}

pub struct Mail<'a>(pub Session<'a>);

impl Mail<'_> {
    /// Sends a finished RFC 5322 message to its To, Cc and Bcc; `own_id` marks the sent copy. Not idempotent: after
    /// `Unknown`, look with `find_sent` before sending again.
    ///
    /// The message is given as JSON, not as MIME: of MIME, Exchange drops header fields that the mailbox has never
    /// seen, and takes no property to know it by. <https://learn.microsoft.com/graph/api/user-sendmail>
    pub fn send(&self, message: &[u8], own_id: &str) -> Result<Submission, ProviderError> {
        let message = match outgoing::message(message, own_id) {
            Ok(message) => message,
            Err(error) => return Ok(Submission::MailRefused { reason: error.to_string(), bad_address: false }),
        };
        let body = json!({ "message": message, "saveToSentItems": true });
        match self.0.post_once(self.0.at(&["me", "sendMail"]), &body) {
            Ok(()) => Ok(Submission::Accepted),
            Err(ProviderError::Rejected { reason }) => refused(reason),
            Err(error) => Err(error),
        }
    }

    /// The copy that carries `own_id`, wherever its owner has moved it. It appears some seconds after the sending. One
    /// that is still a draft has not left, and may yet: Exchange shows what lies in the Outbox as such.
    pub fn find_sent(&self, own_id: &str) -> Result<Trace, ProviderError> {
        let mut url = self.0.at(&["me", "messages"]);
        url.query_pairs_mut()
            .append_pair("$filter", &outgoing::has_own_id(own_id))
            .append_pair("$select", "internetMessageId,conversationId,isDraft")
            .append_pair("$top", "10");
        let found: FoundAnswer = self.0.get_json(url, None)?;
        let is_pending = found.value.iter().any(|one| one.is_draft);
        let Some(one) = found.value.into_iter().find(|one| !one.is_draft) else {
            return Ok(if is_pending { Trace::Pending } else { Trace::Absent });
        };
        Ok(Trace::Sent(SentCopy {
            id: one.id,
            message_id: one.internet_message_id.as_deref().map(bare).filter(|id| !id.is_empty()),
            conversation: one.conversation_id.filter(|id| !id.is_empty()),
        }))
    }

    /// Where to begin with a folder: what came in before `since` is not told of. Graph takes no other filter here.
    /// <https://learn.microsoft.com/graph/api/message-delta>
    pub fn begin(&self, folder: &str, since: UnixMillis) -> Url {
        let mut url = self.0.at(&["me", "mailFolders", folder, "messages", "delta"]);
        url.query_pairs_mut()
            .append_pair("$select", SELECTED)
            .append_pair("$filter", &format!("receivedDateTime ge {}", since.to_rfc3339()))
            .append_pair("changeType", "created");
        url
    }

    /// Follows a link that was given by `begin` or by the page before. `Gone`: it is too old, or of another place than
    /// the configured one; begin again. The token is shown to that place only, whatever a link says.
    pub fn changes(&self, link: &Url) -> Result<Changes, ProviderError> {
        if !self.0.is_own(link) {
            return Err(ProviderError::Gone);
        }
        let answer: DeltaAnswer = self.0.get_json(link.clone(), Some(PAGE))?;
        let (next, is_last) = match (answer.next_link, answer.delta_link) {
            (Some(next), _) => (next, false),
            (None, Some(next)) => (next, true),
            (None, None) => return Err(unreadable("it holds no link to go on with")),
        };
        let next = Url::parse(&next).ok().filter(|next| self.0.is_own(next));
        let next = next.ok_or_else(|| unreadable("its link leads elsewhere"))?;
        let heads = answer.value.into_iter().filter(|head| !head.is_removed() && !head.is_draft).collect();
        Ok(Changes { heads, next, is_last })
    }

    /// All header fields of one message; a list may leave them out.
    pub fn head(&self, id: &str) -> Result<Head, ProviderError> {
        let mut url = self.0.at(&["me", "messages", id]);
        url.query_pairs_mut().append_pair("$select", SELECTED);
        self.0.get_json(url, None)
    }

    /// The whole message, as bytes of RFC 5322. <https://learn.microsoft.com/graph/outlook-get-mime-message>
    pub fn raw(&self, id: &str) -> Result<Vec<u8>, ProviderError> {
        self.0.get_bytes(self.0.at(&["me", "messages", id, "$value"]))
    }

    /// Whether the mailbox answers: the number of unread mails in its inbox is asked for, and no mail.
    pub fn ping(&self) -> Result<(), ProviderError> {
        let mut url = self.0.at(&["me", "mailFolders", "inbox"]);
        url.query_pairs_mut().append_pair("$select", "displayName");
        self.0.get_json::<Value>(url, None).map(drop)
    }
}

/// What is wrong with this mail is told from what is wrong with the account.
fn refused(reason: String) -> Result<Submission, ProviderError> {
    let code = reason.split(':').next().unwrap_or_default().to_ascii_lowercase();
    match code.as_str() {
        "errorinvalidrecipients" => Ok(Submission::MailRefused { reason, bad_address: true }),
        "invalidinternetmessageheader" | "errorinvalidproperty" | "errormessagesizeexceeded" | "requestbodyread" => {
            Ok(Submission::MailRefused { reason, bad_address: false })
        }
        _ => Err(ProviderError::Rejected { reason }),
    }
}

fn unreadable(what: &str) -> ProviderError {
    ProviderError::Retry { after: None, reason: format!("unreadable answer: {what}") }
}

fn bare(id: &str) -> String {
    id.trim().trim_matches(['<', '>']).to_owned()
}

#[cfg(test)]
mod tests;
