//! Writes drafts for what was read: an answer from phrases and approved snippets, or nothing, and a person answers.
//!
//! No draft is written for an absence, an opt-out, a refusal or a machine; times to meet are the
//! bookings' to answer, be they named or asked for.

use super::service::{self, Asked, NotNow};
use super::snippets::{self, Snippet};
use crate::app::App;
use crate::base::{ReplyId, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::drafts::{self, Intent, NewDraft, Source, SourceKind};
use crate::engines::{self, Line};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs;
use crate::language::draft::{write, writes_in, Facts, Manner, Purpose};
use crate::language::engine::{Brief, Embedded, Engine, NoUse, Question, Text};
use crate::language::snippets::Passage;
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

/// Proposes the answer to a reply, where there is one to propose, or has the workspace's service asked for one.
pub fn write_draft(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<(), StoreError> {
    let Some((reply, intent)) = to_answer(app, workspace, id)? else { return Ok(()) };
    if engines::is_chosen(app, workspace, task_of(intent))? {
        let job = service::write_job(workspace, id, app.now());
        return app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop);
    }
    match compose(app, &reply, intent, Style::of(app, &reply)?)? {
        Some(text) => propose(app, &draft_of(app, &reply, intent, &text)),
        None => Ok(()),
    }
}

/// The reply and what its answer is for.
fn to_answer(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<(Reply, Intent)>, StoreError> {
    let Some(reply) = messaging::get_reply(&app.store, workspace, id)? else { return Ok(None) };
    Ok(intent_for(app, &reply)?.ok().map(|intent| (reply, intent)))
}

/// Why no draft is written here for a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDraft {
    /// A draft for a guess only costs the reader time.
    Unsure,
    /// Nothing is written back to this label.
    NoAnswer,
    Machine,
    Handled,
    HandedOver(String),
    MustNotBeWrittenTo,
    /// Times to meet are the bookings' to answer.
    Times,
}

impl NoDraft {
    /// As a sentence.
    pub fn words(&self) -> String {
        match self {
            NoDraft::Unsure => "It is read too unsurely: a person answers.".to_owned(),
            NoDraft::NoAnswer => "Nothing is written back to this label.".to_owned(),
            NoDraft::Machine => "A machine wrote it: nobody reads an answer.".to_owned(),
            NoDraft::Handled => "A person has dealt with it.".to_owned(),
            NoDraft::HandedOver(why) => format!("Handed to a person because {why}."),
            NoDraft::MustNotBeWrittenTo => "The address must not be written to.".to_owned(),
            NoDraft::Times => "The answer is about a time to meet.".to_owned(),
        }
    }
}

/// What the answer to a reply is for, or why none is written.
pub(super) fn intent_for(app: &App, reply: &Reply) -> Result<Result<Intent, NoDraft>, StoreError> {
    let Some(reading) = reply.reading.as_ref().filter(|reading| reading.is_sure()) else {
        return Ok(Err(NoDraft::Unsure));
    };
    if !reading.escalation.is_empty() {
        return Ok(Err(NoDraft::HandedOver(reading.escalation.clone())));
    }
    let Some(intent) = intent_of(&reading.label) else {
        let is_about_times = reading.label == "meeting_proposed";
        return Ok(Err(if is_about_times { NoDraft::Times } else { NoDraft::NoAnswer }));
    };
    if reply.automatic {
        return Ok(Err(NoDraft::Machine));
    }
    if reply.handled_at.is_some() {
        return Ok(Err(NoDraft::Handled));
    }
    if is_suppressed(app, reply)? {
        return Ok(Err(NoDraft::MustNotBeWrittenTo));
    }
    if reading.wants_our_times() && worker_of(app, reply)?.is_some_and(|worker| worker.can_offer_times()) {
        return Ok(Err(NoDraft::Times));
    }
    Ok(Ok(intent))
}

pub(super) fn task_of(intent: Intent) -> engines::Task {
    match intent {
        Intent::Question => engines::Task::Answer,
        _ => engines::Task::Draft,
    }
}

pub(super) fn draft_of(app: &App, reply: &Reply, intent: Intent, text: &Composed) -> NewDraft {
    let new = text.sources.iter().cloned().fold(NewDraft::answering(reply, intent, app.now()), NewDraft::source);
    let new = new.template(&text.text.template).words(&text.text.body, &text.text.language);
    new.needs_person(&text.text.needs_person)
}

fn propose(app: &App, new: &NewDraft) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| drafts::propose(app, txn, new, now).map(|_| ()))
}

/// The job of the service's lane: its text, if it may be shown as a draft, else the built-in engine's and why.
pub(super) fn write_by_service(app: &App, workspace: WorkspaceId, id: ReplyId, tried: u32) -> Result<(), NotNow> {
    let Some((reply, intent)) = to_answer(app, workspace, id)? else { return Ok(()) };
    let style = Style::of(app, &reply)?;
    let why = match service::line_of(app, &reply, tried)? {
        None => None,
        Some(_) if tried >= service::MOST_TRIES => Some(service::GAVE_UP.to_owned()),
        Some(line) => match service::asked(compose_by(app, &reply, intent, style, &line)?)? {
            Asked::Has(Some(text)) => {
                let new = draft_of(app, &reply, intent, &text).by(&line.name(task_of(intent)), None);
                if drafts::claims_of(app, &new)?.is_empty() {
                    return Ok(propose(app, &new)?);
                }
                line.overrule("policy")?;
                Some("policy".to_owned())
            }
            // It has nothing to go by; where our own search does, ours is proposed.
            Asked::Has(None) => Some("refusal".to_owned()),
            Asked::Fallback(why) => Some(why),
        },
    };
    match compose(app, &reply, intent, style)? {
        Some(text) => Ok(propose(app, &draft_of(app, &reply, intent, &text).by("", why))?),
        None => Ok(()),
    }
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
    pub text: Text,
    pub sources: Vec<Source>,
}

/// What an answer may be made of.
struct Material {
    purpose: Purpose,
    first_name: String,
    full_name: String,
    signature: String,
    minutes: u32,
    person: String,
    date: Option<jiff::civil::Date>,
    /// The language that is written in.
    language: &'static str,
    /// Approved, in that language or any: who quotes decides.
    snippets: Vec<Snippet>,
    style: Style,
    /// The owner's wishes, for engines that follow words.
    guidelines: String,
}

impl Material {
    fn of(app: &App, reply: &Reply, intent: Intent, style: Style) -> Result<Option<Self>, StoreError> {
        let purpose = match intent {
            Intent::Interested => Purpose::Interested,
            Intent::Question => Purpose::Question,
            Intent::Referral => Purpose::Referral,
            Intent::Later => Purpose::Later,
            Intent::FollowUp => Purpose::FollowUp,
            Intent::Meeting => return Ok(None),
        };
        let reading = reply.reading.clone().unwrap_or_default();
        let contact = contacts::get(&app.store, reply.workspace, reply.contact)?;
        let worker = worker_of(app, reply)?;
        let (first_name, full_name) = names(contact.as_ref(), reply);
        let snippets = match purpose {
            Purpose::Interested | Purpose::Question => snippets::list_approved(&app.store, reply.workspace)?,
            Purpose::Referral | Purpose::Later | Purpose::FollowUp => Vec::new(),
        };
        Ok(Some(Self {
            purpose,
            first_name,
            full_name,
            signature: signature(app, reply, worker.as_ref())?,
            minutes: worker.as_ref().map_or(30, |worker| worker.meets_for().1),
            person: reading.suggested.first().map(|person| person.name.clone()).unwrap_or_default(),
            date: reading.follow_up_on.as_ref().and_then(|day| day.parse().ok()),
            language: writes_in(&reading.language),
            snippets,
            style,
            guidelines: worker.as_ref().map(|worker| worker.guidelines.text.clone()).unwrap_or_default(),
        }))
    }

    fn passages(&self) -> Vec<Passage<'_>> {
        self.snippets.iter().map(passage).collect()
    }

    fn facts<'m>(&'m self, answer: &'m str) -> Facts<'m> {
        Facts {
            first_name: &self.first_name,
            full_name: &self.full_name,
            signature: &self.signature,
            minutes: self.minutes,
            answer,
            person: &self.person,
            date: self.date,
            manner: self.style.manner,
            brief: self.style.brief,
        }
    }

    /// The sources of a text that quotes these snippets; `quoted` is how they stand in it, where that is not word for word.
    fn sources(&self, reply: &Reply, used: &[&Snippet], quoted: Option<&str>, date_words: &str) -> Vec<Source> {
        let mut sources = vec![reply_source(reply)];
        sources.extend(used.iter().map(|snippet| Source {
            used: quoted.map_or_else(|| snippet.text.clone(), str::to_owned),
            ..snippet_source(snippet)
        }));
        if self.purpose == Purpose::Referral {
            sources.push(named_source(&self.person));
        }
        if self.purpose == Purpose::Later {
            sources.push(date_source(date_words));
        }
        sources.push(sender_source(&self.signature));
        sources
    }

    /// The letter around an answer, in our own phrases.
    fn letter(&self, answer: &str) -> Option<Text> {
        let written = write(self.purpose, self.language, &self.facts(answer))?;
        Some(Text {
            body: written.text,
            language: written.language.to_owned(),
            template: written.template,
            date_words: written.date_words,
            ..Text::default()
        })
    }
}

/// Puts the answer together by the built-in engine. `None`: a fact is missing (no snippet covers the question, nobody is
/// named, no date), so a person answers.
pub fn compose(app: &App, reply: &Reply, intent: Intent, style: Style) -> Result<Option<Composed>, StoreError> {
    let Some(material) = Material::of(app, reply, intent, style)? else { return Ok(None) };
    let found = own_answer(reply, &material);
    let snippet = found.and_then(|index| material.snippets.get(index));
    let Some(text) = material.letter(snippet.map_or("", |snippet| &snippet.text)) else { return Ok(None) };
    let used: Vec<&Snippet> = snippet.into_iter().collect();
    let sources = material.sources(reply, &used, None, &text.date_words);
    Ok(Some(Composed { text, sources }))
}

/// The snippet that our own search finds.
fn own_answer(reply: &Reply, material: &Material) -> Option<usize> {
    let passages = material.passages();
    let question = Question { text: &reply.excerpt, language: material.language, passages: &passages };
    Embedded.answer_from_snippets(&question).ok().flatten().and_then(|answer| answer.used.first().copied())
}

/// Said of an answer that our own search would not have given: a person looks at it first.
const FOUND_ELSEWHERE: &str = "The snippet was chosen by the AI service; our own search found none.";

/// The same by the workspace's service. The greeting and the end of an answer to a question are ours in any case.
fn compose_by(
    app: &App,
    reply: &Reply,
    intent: Intent,
    style: Style,
    line: &Line<'_>,
) -> Result<Result<Option<Composed>, NoUse>, StoreError> {
    let Some(material) = Material::of(app, reply, intent, style)? else { return Ok(Ok(None)) };
    // Of the snippets, those in the language of the answer; their places lead back to the list.
    let own: Vec<&Snippet> =
        material.snippets.iter().filter(|snippet| primary(&snippet.language) == primary(material.language)).collect();
    let passages: Vec<Passage<'_>> = own.iter().map(|snippet| passage(snippet)).collect();
    let chosen = |used: &[usize]| used.iter().filter_map(|nth| own.get(*nth).copied()).collect::<Vec<&Snippet>>();
    if intent == Intent::Question {
        let question = Question { text: &reply.excerpt, language: material.language, passages: &passages };
        let answer = match line.answer_from_snippets(&question) {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(Ok(None)),
            Err(no_use) => return Ok(Err(no_use)),
        };
        let Some(mut text) = material.letter(&answer.text) else { return Ok(Ok(None)) };
        text.needs_person = answer.needs_person;
        if text.needs_person.is_empty() && own_answer(reply, &material).is_none() {
            text.needs_person = FOUND_ELSEWHERE.to_owned();
        }
        let sources = material.sources(reply, &chosen(&answer.used), Some(&answer.text), &text.date_words);
        return Ok(Ok(Some(Composed { text, sources })));
    }
    let brief = Brief {
        purpose: material.purpose,
        language: material.language,
        facts: material.facts(""),
        reply: &reply.excerpt,
        passages: &passages,
        guidelines: &material.guidelines,
    };
    Ok(line.draft(&brief).map(|text| {
        text.map(|text| Composed {
            sources: material.sources(reply, &chosen(&text.used), None, &text.date_words),
            text,
        })
    }))
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

fn passage(snippet: &Snippet) -> Passage<'_> {
    Passage { title: &snippet.title, text: &snippet.text, language: &snippet.language }
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
pub(super) fn named_source(person: &str) -> Source {
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
