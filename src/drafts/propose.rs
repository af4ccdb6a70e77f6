//! Proposing a draft: once for each reply and label, through the grounding gate.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::expire;
use super::model::{Draft, DraftState, Intent, Source, SourceKind, LIFETIME};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{BookingId, DraftId, MessageId, UnixMillis};
use crate::contacts;
use crate::events::{self, Happened};
use crate::http::ui::reading_words;
use crate::jobs::{self, NewJob};
use crate::language::ground::{host_of, take_links, ungrounded, Grounds};
use crate::messaging::Reply;
use crate::store::{StoreError, Txn};
use crate::{workers, workspaces};

/// Instead of a label, where nobody has answered.
pub const FOLLOW_UP: &str = "follow_up";

/// The engine that wrote it, for the record. It is part of the program, so its version is the program's.
const ENGINE: &str = concat!("embedded ", env!("CARGO_PKG_VERSION"));

/// A draft to be proposed. Ids are made here, outside the transaction.
#[derive(Clone, Debug)]
pub struct NewDraft {
    draft: Draft,
    expire: NewJob,
}

impl NewDraft {
    /// An answer to a reply that has been read: to its writer, in its thread, from the mailbox it came to.
    pub fn answering(reply: &Reply, intent: Intent, now: UnixMillis) -> Self {
        let id = DraftId::new(now);
        let expires_at = now.plus(LIFETIME);
        let reading = reply.reading.clone().unwrap_or_default();
        let draft = Draft {
            id,
            workspace: reply.workspace,
            worker: reply.worker,
            contact: reply.contact,
            reply: Some(reply.id),
            booking: None,
            intent,
            label: reading.label,
            confidence: reading.confidence,
            flags: reading.flags,
            language: reading.language,
            connection: reply.connection,
            to: reply.from.clone(),
            to_name: reply.from_name.clone(),
            subject: re(&reply.subject),
            text: String::new(),
            edited_text: None,
            edited_subject: None,
            edited_at: None,
            offered: Vec::new(),
            sources: Vec::new(),
            ungrounded: Vec::new(),
            engine: String::new(),
            fallback_reason: None,
            needs_person: String::new(),
            state: DraftState::Pending,
            created_at: now,
            expires_at,
            decided: None,
            would_have_left: None,
            after: None,
            message: None,
        };
        Self { draft, expire: expire::job(reply.workspace, id, now, expires_at) }
    }

    pub fn id(&self) -> DraftId {
        self.draft.id
    }

    /// The engine's text and the language it wrote in.
    pub fn words(mut self, text: &str, language: &str) -> Self {
        self.draft.text = text.trim().to_owned();
        self.draft.language = language.to_owned();
        self
    }

    pub fn source(mut self, source: Source) -> Self {
        self.draft.sources.push(source);
        self
    }

    /// Fixed phrases that the text was put together from; they ground it and are not shown.
    pub fn template(self, words: &str) -> Self {
        let title = "Fixed wording".to_owned();
        let words = words.to_owned();
        self.source(Source { kind: SourceKind::Template, id: String::new(), title, words, used: String::new() })
    }

    /// Who wrote it, where that is not the built-in engine, or why it is after all.
    pub fn by(mut self, engine: &str, fallback_reason: Option<String>) -> Self {
        self.draft.engine = engine.to_owned();
        self.draft.fallback_reason = fallback_reason;
        self
    }

    /// Why a person has to look; empty changes nothing.
    pub fn needs_person(mut self, why: &str) -> Self {
        self.draft.needs_person = why.to_owned();
        self
    }

    /// A follow-up, which goes on from a mail of ours. It is read under no label, and never leaves by itself.
    pub fn following(mut self, after: MessageId, subject: &str) -> Self {
        self.draft.after = Some(after);
        self.draft.label = FOLLOW_UP.to_owned();
        self.draft.subject = re(subject);
        self.draft.flags = Vec::new();
        self
    }

    /// The times that the text offers, and how they are written in it.
    pub fn offering(mut self, times: &[(UnixMillis, UnixMillis)]) -> Self {
        self.draft.offered = times.to_vec();
        self
    }

    pub fn booking(mut self, booking: BookingId) -> Self {
        self.draft.booking = Some(booking);
        self
    }
}

/// "Re: …", once.
fn re(subject: &str) -> String {
    const MARKS: &[&str] = &["re:", "aw:", "sv:", "antw:", "rv:", "res:", "ref:"];
    let mut rest = subject.trim();
    while let Some(mark) =
        MARKS.iter().find(|mark| rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
    {
        rest = rest[mark.len()..].trim_start();
    }
    format!("Re: {rest}")
}

/// What a draft that is not proposed yet claims without a source.
pub fn claims_of(app: &App, new: &NewDraft) -> Result<Vec<String>, StoreError> {
    app.store.read(|txn| ground(app, txn, &new.draft))
}

/// Writes the draft into the queue, with the gate's findings. `None` when this reply has a draft under this label
/// already, or the person is gone or asked to be left alone.
pub fn propose(app: &App, txn: &mut Txn<'_>, new: &NewDraft, now: UnixMillis) -> Result<Option<DraftId>, StoreError> {
    let mut draft = new.draft.clone();
    if is_answered(txn, &draft)? {
        return Ok(None);
    }
    match contacts::find(txn, draft.workspace, draft.contact)? {
        None => return Ok(None),
        Some(contact) if contact.restricted => return Ok(None),
        Some(_) => {}
    }
    judge(app, txn, &mut draft)?;
    store::put(txn, &draft)?;
    jobs::enqueue(txn, &new.expire)?;
    let who = Who::System("Writes drafts".to_owned());
    audit::record(txn, draft.workspace, now, &who, "draft.written", &format!("draft {}", draft.id), &record(&draft))?;
    let what = Happened::DraftWritten { draft: draft.id, contact: draft.contact };
    events::append(txn, draft.workspace, now, what)?;
    Ok(Some(draft.id))
}

/// The gate's findings, and what the owner's guidelines leave out.
fn judge(app: &App, txn: &mut Txn<'_>, draft: &mut Draft) -> Result<(), StoreError> {
    let worker = find_worker(txn, draft)?;
    draft.ungrounded = ground_with(app, txn, draft, worker.as_ref())?;
    if let Some(word) = worker.as_ref().and_then(|worker| worker.guidelines.breach(draft.final_text())) {
        draft.needs_person = format!("It says “{word}”, which the guidelines leave out.");
    }
    Ok(())
}

/// The draft as it would be proposed, with the gate's findings. Nothing is written.
pub fn rehearse(app: &App, new: &NewDraft) -> Result<Draft, StoreError> {
    let mut draft = new.draft.clone();
    app.store.read(|txn| judge(app, txn, &mut draft))?;
    Ok(draft)
}

/// The record of the decision (G13): what was read how surely, what the text rests on, what the gate said. The words
/// stay in the draft, where an erasure reaches them.
fn record(draft: &Draft) -> String {
    let outcome = match draft.ungrounded.len() {
        0 => "waits for approval".to_owned(),
        1 => "held back, 1 claim stands in no source".to_owned(),
        claims => format!("held back, {claims} claims stand in no source"),
    };
    let mut kinds: Vec<&str> = draft.shown_sources().map(|source| source.kind.words()).collect();
    kinds.dedup();
    let source = |source: &Source| format!("{} {}", source.kind.name(), source.id).trim().to_owned();
    let sources: Vec<String> = draft.shown_sources().map(source).collect();
    let text = HEXLOWER.encode(&Sha256::digest(draft.text.as_bytes())[..16]);
    let read = reading_words(&draft.label, draft.confidence);
    format!(
        "{read}: {outcome}. Rests on {}. (Engine {}; {}; fingerprint of the text {text}.)",
        kinds.join(", "),
        engine_of(draft),
        sources.join(", ")
    )
}

fn engine_of(draft: &Draft) -> String {
    match (draft.engine.as_str(), &draft.fallback_reason) {
        ("", None) => ENGINE.to_owned(),
        ("", Some(why)) => format!("{ENGINE}, because of {why}"),
        (engine, _) => engine.to_owned(),
    }
}

fn is_answered(txn: &mut Txn<'_>, draft: &Draft) -> Result<bool, StoreError> {
    let Some(reply) = draft.reply else { return Ok(false) };
    let earlier = store::list_of_reply(txn, draft.workspace, reply)?;
    if draft.intent == Intent::FollowUp {
        // The second follows the first: only one of them waits at a time.
        return Ok(earlier.iter().any(|other| other.after == draft.after && other.intent == Intent::FollowUp));
    }
    Ok(earlier.iter().any(|other| other.label == draft.label && !matches!(other.state, DraftState::Withdrawn { .. })))
}

/// What the draft's final text claims that nothing allowed holds (G5). Allowed are its own sources, the contact's
/// fields, the sender's profile and the business; links may lead to hosts on the workspace's list, to those that its
/// people have named in their snippets and signatures, and to this server.
pub fn ground(app: &App, txn: &mut Txn<'_>, draft: &Draft) -> Result<Vec<String>, StoreError> {
    let worker = find_worker(txn, draft)?;
    ground_with(app, txn, draft, worker.as_ref())
}

fn ground_with(
    app: &App,
    txn: &mut Txn<'_>,
    draft: &Draft,
    worker: Option<&workers::Worker>,
) -> Result<Vec<String>, StoreError> {
    let mut facts: Vec<String> = Vec::new();
    let mut trusted: Vec<String> = vec![app.public_url.clone()];
    let mut hosts: Vec<String> = Vec::new();
    // A person may add an address of their own; where a link may lead is decided by the list alone.
    facts.extend(links_of_a_person(draft));
    if let Some(contact) = contacts::find(txn, draft.workspace, draft.contact)? {
        facts.push(contact.name());
        facts.extend(contacts::FIELDS.iter().filter_map(|field| contact.field(field)));
        facts.extend(contact.custom.into_values());
    }
    if let Some(workspace) = workspaces::find(txn, draft.workspace)? {
        trusted.extend([workspace.name, workspace.postal_address]);
        hosts.extend(workspace.link_hosts);
    }
    if let Some(worker) = worker {
        let (sender, meeting) = (worker.sender.clone(), worker.meeting.clone());
        trusted.extend([sender.name, sender.role, sender.signature, meeting.place]);
        let (title, minutes) = worker.meets_for();
        trusted.push(title.to_owned());
        facts.push(minutes.to_string());
    }
    for source in &draft.sources {
        match source.kind {
            // What came in from outside proves nothing.
            SourceKind::Reply => {}
            SourceKind::Snippet | SourceKind::Template | SourceKind::Sender => trusted.push(source.words.clone()),
            SourceKind::Contact | SourceKind::Calendar => facts.push(source.words.clone()),
        }
    }
    hosts.extend(trusted.iter().flat_map(|text| take_links(text).0).filter_map(|link| host_of(&link)));
    let sources: Vec<&str> = facts.iter().chain(&trusted).map(String::as_str).collect();
    let link_hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let grounds = Grounds { sources: &sources, link_hosts: &link_hosts, language: &draft.language };
    let mut claimed = draft.final_text().to_owned();
    for link in subject_links_of_a_person(draft) {
        claimed.push('\n');
        claimed.push_str(&link);
    }
    Ok(ungrounded(&claimed, &grounds))
}

fn links_of_a_person(draft: &Draft) -> Vec<String> {
    let mut links = draft.edited_text.as_deref().map(|text| take_links(text).0).unwrap_or_default();
    links.retain(|link| !draft.text.contains(link.as_str()));
    links.extend(subject_links_of_a_person(draft));
    links
}

/// The subject itself is the other side's; only what a person put into it is judged.
fn subject_links_of_a_person(draft: &Draft) -> Vec<String> {
    let mut links = draft.edited_subject.as_deref().map(|text| take_links(text).0).unwrap_or_default();
    links.retain(|link| !draft.subject.contains(link.as_str()));
    links
}

fn find_worker(txn: &mut Txn<'_>, draft: &Draft) -> Result<Option<workers::Worker>, StoreError> {
    match draft.worker {
        Some(worker) => workers::find(txn, draft.workspace, worker),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::re;

    #[test]
    fn an_answer_says_re_once() {
        for subject in ["Heating", "Re: Heating", "RE: AW: Heating", "Rv: re: Heating"] {
            assert_eq!(re(subject), "Re: Heating", "{subject}");
        }
    }
}
