//! An offer of free times: a draft in the guest's language that a person approves (or the worker's autonomy does).

use super::decide::WhyOffer;
use super::words::{self, Clocks, Language, People};
use crate::availability::Span;
use crate::base::UnixMillis;
use crate::contacts::Contact;
use crate::drafts::{Intent, NewDraft, Source, SourceKind};
use crate::messaging::Reply;

/// The draft that offers `free` in answer to `reply`, above `signature`, with the link that books each below it where
/// there are such. The times travel with the message, so that "the second one" can be read later.
pub fn draft(
    reply: &Reply,
    contact: &Contact,
    signature: &str,
    (free, links): (&[Span], &[String]),
    why: WhyOffer,
    clocks: &Clocks,
    now: UnixMillis,
) -> NewDraft {
    let language = language_of(reply, contact);
    let lines: Vec<String> = free.iter().map(|span| words::when(language, span.start, clocks)).collect();
    let people = People { guest: &contact.first_name, sender: signature };
    let text = words::offer(language, &people, &lines, links, why);
    let times: Vec<(UnixMillis, UnixMillis)> = free.iter().map(|span| (span.start, span.end)).collect();
    let calendar = Source {
        kind: SourceKind::Calendar,
        id: String::new(),
        title: "Your calendar and working hours".into(),
        words: lines.join("\n"),
        used: lines.first().cloned().unwrap_or_default(),
    };
    let sender = Source {
        kind: SourceKind::Sender,
        id: String::new(),
        title: "Sender’s profile".into(),
        words: signature.to_owned(),
        used: String::new(),
    };
    NewDraft::answering(reply, Intent::Meeting, now)
        .words(&text, language.tag())
        .template(&words::offer_template(language, links))
        .source(calendar)
        .source(sender)
        .offering(&times)
}

/// The language that the person wrote in; else the contact's own.
pub fn language_of(reply: &Reply, contact: &Contact) -> Language {
    let read = reply.reading.as_ref().map(|reading| reading.language.as_str()).filter(|tag| !tag.is_empty());
    Language::of(read.or(contact.locale.as_deref()).unwrap_or("en"))
}
