//! An offer of free times: a draft in the guest's language that a person approves (or the worker's autonomy does).

use super::decide::WhyOffer;
use super::words::{self, Clocks, Language, People};
use crate::availability::Span;
use crate::base::UnixMillis;
use crate::contacts::Contact;
use crate::drafts::{Intent, NewDraft, Source, SourceKind};
use crate::messaging::Reply;
use crate::workers::Worker;

/// The draft that offers `free` in answer to `reply`. The times travel with the message, so that "the second one"
/// can be read later.
pub fn draft(
    reply: &Reply,
    contact: &Contact,
    worker: Option<&Worker>,
    free: &[Span],
    why: WhyOffer,
    clocks: &Clocks,
    now: UnixMillis,
) -> NewDraft {
    let language = language_of(reply, contact);
    let lines: Vec<String> = free.iter().map(|span| words::when(language, span.start, clocks)).collect();
    let sender = worker.map_or("", |worker| worker.sender.name.as_str());
    let people = People { guest: &contact.first_name, sender };
    let text = words::offer(language, &people, &lines, why == WhyOffer::YouChoose);
    let times: Vec<(UnixMillis, UnixMillis)> = free.iter().map(|span| (span.start, span.end)).collect();
    let calendar = Source {
        kind: SourceKind::Calendar,
        id: String::new(),
        title: "Your calendar and working hours".into(),
        words: lines.join("\n"),
        used: lines.first().cloned().unwrap_or_default(),
    };
    NewDraft::answering(reply, Intent::Meeting, now)
        .words(&text, language.tag())
        .template(&words::offer_template(language))
        .source(calendar)
        .offering(&times)
}

/// The language that the person wrote in; else the contact's own.
pub fn language_of(reply: &Reply, contact: &Contact) -> Language {
    let read = reply.reading.as_ref().map(|reading| reading.language.as_str()).filter(|tag| !tag.is_empty());
    Language::of(read.or(contact.locale.as_deref()).unwrap_or("en"))
}
