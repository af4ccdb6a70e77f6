//! Writes drafts for what was read: an answer from phrases and approved snippets, or nothing, and a person answers.
//!
//! No draft is written for an absence, an opt-out, a refusal or a machine; times to meet are the
//! bookings' to answer, be they named or asked for.

use super::snippets::{self, Snippet};
use crate::app::App;
use crate::base::{ReplyId, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::drafts::{self, Intent, NewDraft, Source, SourceKind};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::language::draft::{write, writes_in, Facts, Manner, Purpose, Written};
use crate::language::snippets::{retrieve, Passage};
use crate::messaging::{self, Reply};
use crate::store::StoreError;
use crate::workers::{self, Tone, Worker};

pub struct Writer;

impl Subscriber<App> for Writer {
    fn name(&self) -> &'static str {
        "agents.write"
    }

    /// A reaction: nobody wants an old answer acted upon.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        match event.what {
            Happened::ReplyClassified { reply, .. } | Happened::ReplyCorrected { reply, .. } => {
                write_draft(app, event.workspace, reply)
            }
            _ => Ok(()),
        }
    }
}

/// Proposes the answer to a reply, where there is one to propose. A draft for a guess only costs the reader time.
pub fn write_draft(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<(), StoreError> {
    let now = app.now();
    let Some(reply) = messaging::get_reply(&app.store, workspace, id)? else { return Ok(()) };
    let Some(reading) = reply.reading.as_ref().filter(|reading| reading.is_sure()) else { return Ok(()) };
    let Some(intent) = intent_of(&reading.label) else { return Ok(()) };
    let is_a_person_s = reply.automatic || reply.handled_at.is_some() || !reading.escalation.is_empty();
    if is_a_person_s || is_suppressed(app, &reply)? {
        return Ok(());
    }
    if reading.wants_our_times() && worker_of(app, &reply)?.is_some_and(|worker| worker.calendar.is_some()) {
        return Ok(());
    }
    let Some(text) = compose(app, &reply, intent, Style::of(app, &reply)?)? else { return Ok(()) };
    let new = text.sources.into_iter().fold(NewDraft::answering(&reply, intent, now), NewDraft::source);
    let new = new.template(&text.written.template).words(&text.written.text, text.written.language);
    app.store.write(|txn| drafts::propose(app, txn, &new, now).map(|_| ()))
}

fn intent_of(label: &str) -> Option<Intent> {
    match label {
        "interested" => Some(Intent::Interested),
        "question" => Some(Intent::Question),
        "referral" => Some(Intent::Referral),
        "later" => Some(Intent::Later),
        _ => None,
    }
}

fn is_suppressed(app: &App, reply: &Reply) -> Result<bool, StoreError> {
    let answer = messaging::Purpose::Answer;
    app.store.read(|txn| Ok(messaging::is_suppressed(txn, reply.workspace, &reply.from, answer)?.is_some()))
}

/// How it should sound; a person may ask for another one.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub manner: Manner,
    /// Without the offer of a call.
    pub brief: bool,
}

impl Style {
    pub fn of(app: &App, reply: &Reply) -> Result<Self, StoreError> {
        let manner = worker_of(app, reply)?.map_or(Manner::Plain, |worker| match worker.tone {
            Tone::Plain => Manner::Plain,
            Tone::Warm => Manner::Warm,
            Tone::Formal => Manner::Formal,
        });
        Ok(Self { manner, brief: false })
    }
}

/// An answer with what it rests on.
pub struct Composed {
    pub written: Written,
    pub sources: Vec<Source>,
}

/// Puts the answer together. `None`: a fact is missing (no snippet covers the question, nobody is named, no date), so
/// a person answers.
pub fn compose(app: &App, reply: &Reply, intent: Intent, style: Style) -> Result<Option<Composed>, StoreError> {
    let purpose = match intent {
        Intent::Interested => Purpose::Interested,
        Intent::Question => Purpose::Question,
        Intent::Referral => Purpose::Referral,
        Intent::Later => Purpose::Later,
        Intent::Meeting => return Ok(None),
    };
    let reading = reply.reading.clone().unwrap_or_default();
    let contact = contacts::get(&app.store, reply.workspace, reply.contact)?;
    let worker = worker_of(app, reply)?;
    let signature = signature(app, reply, worker.as_ref())?;
    let language = writes_in(&reading.language);
    let snippet = match purpose {
        Purpose::Interested | Purpose::Question => find_snippet(app, reply, language)?,
        Purpose::Referral | Purpose::Later => None,
    };
    let (first_name, full_name) = names(contact.as_ref(), reply);
    let person = reading.suggested.first().map(|person| person.name.clone()).unwrap_or_default();
    let date = reading.follow_up_on.as_ref().and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let facts = Facts {
        first_name: &first_name,
        full_name: &full_name,
        signature: &signature,
        minutes: worker.as_ref().map_or(30, |worker| worker.meeting.minutes),
        answer: snippet.as_ref().map_or("", |snippet| &snippet.text),
        person: &person,
        date,
        manner: style.manner,
        brief: style.brief,
    };
    let Some(written) = write(purpose, language, &facts) else { return Ok(None) };
    let mut sources = vec![reply_source(reply)];
    sources.extend(snippet.as_ref().map(snippet_source));
    if purpose == Purpose::Referral {
        sources.push(named_source(&person));
    }
    if purpose == Purpose::Later {
        sources.push(date_source(&written.date_words));
    }
    sources.push(sender_source(&signature));
    Ok(Some(Composed { written, sources }))
}

fn worker_of(app: &App, reply: &Reply) -> Result<Option<Worker>, StoreError> {
    match reply.worker {
        Some(worker) => workers::get(&app.store, reply.workspace, worker),
        None => Ok(None),
    }
}

/// Below the text: the worker's signature, else its sender's name, else the mailbox's.
fn signature(app: &App, reply: &Reply, worker: Option<&Worker>) -> Result<String, StoreError> {
    let mailbox = crate::connections::get(&app.store, reply.workspace, reply.connection)?;
    Ok(workers::signature_of(worker, mailbox.as_ref()))
}

/// First and full name, from the contact, else from the mail's own From line.
fn names(contact: Option<&Contact>, reply: &Reply) -> (String, String) {
    let field = |name: &str| contact.and_then(|contact| contact.field(name)).unwrap_or_default();
    let (first, full) = (field("first_name"), field("full_name"));
    if !full.is_empty() {
        return (first, full);
    }
    // A From line may hold anything; only a plain name of one to three words greets somebody.
    let words: Vec<&str> = reply.from_name.split_whitespace().collect();
    let is_name = |word: &&str| word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'));
    if words.is_empty() || words.len() > 3 || !words.iter().all(is_name) {
        return (String::new(), String::new());
    }
    (words[0].to_owned(), words.join(" "))
}

fn find_snippet(app: &App, reply: &Reply, language: &str) -> Result<Option<Snippet>, StoreError> {
    let approved = snippets::list_approved(&app.store, reply.workspace)?;
    let passages: Vec<Passage<'_>> = approved
        .iter()
        .map(|snippet| Passage { title: &snippet.title, text: &snippet.text, language: &snippet.language })
        .collect();
    Ok(retrieve(&reply.excerpt, language, &passages).and_then(|hit| approved.get(hit.index).cloned()))
}

/// Shown beside the letter, never a ground for what it claims.
fn reply_source(reply: &Reply) -> Source {
    let words = reply.excerpt.chars().take(160).collect();
    let title = "Their answer".to_owned();
    Source { kind: SourceKind::Reply, id: reply.id.to_string(), title, words, used: String::new() }
}

fn snippet_source(snippet: &Snippet) -> Source {
    Source {
        kind: SourceKind::Snippet,
        id: snippet.citation(),
        title: format!("Snippet: {}", snippet.title),
        words: snippet.text.clone(),
        used: snippet.text.clone(),
    }
}

/// The name was said by the person; it is repeated to them and nobody else is written to.
fn named_source(person: &str) -> Source {
    let (words, used) = (person.to_owned(), person.to_owned());
    Source { kind: SourceKind::Contact, id: String::new(), title: "Named in their answer".into(), words, used }
}

fn date_source(words: &str) -> Source {
    let (words, used) = (words.to_owned(), words.to_owned());
    Source { kind: SourceKind::Calendar, id: String::new(), title: "When to write again".into(), words, used }
}

fn sender_source(signature: &str) -> Source {
    let words = signature.to_owned();
    Source {
        kind: SourceKind::Sender, id: String::new(), title: "Sender’s profile".into(), words, used: String::new()
    }
}
