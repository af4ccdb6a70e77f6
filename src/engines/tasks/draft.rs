//! Writing an answer, or the part of one that answers a question. What it claims is judged by the grounding gate behind
//! this; here it only has to be a text that may be looked at.

use serde::Deserialize;
use serde_json::{json, Value};

use super::{list_of, object, one_of, short, text, visible, SCHEMA};
use crate::language::draft::{Facts, Manner, Purpose};
use crate::language::redact::{has_placeholder, Redactor};
use crate::language::snippets::Passage;

pub const ROOM: u32 = 900;
const MOST_BODY: usize = 1_500;
const MOST_SUBJECT: usize = 120;
/// Passages that are sent.
const MOST_PASSAGES: usize = 12;

const INTENTS: &[&str] = &[
    "first_touch",
    "follow_up",
    "reply_interested",
    "reply_question",
    "propose_times",
    "confirm_time",
    "reschedule",
    "answer_faq",
    "thank_referral",
    "polite_close",
];
const FACTS: &[&str] = &["first_name", "full_name", "signature", "meeting_minutes", "person", "date"];

pub const RULES: &str = "Write the answer to `reply` in `language`, in the given `manner`, as plain text without HTML, \
    Markdown or a subject, at most 1,200 characters. Use nothing but `facts` and `snippets`: no number, price, date, name, \
    link or claim that does not stand there. Snippets may be shortened, never added to. Begin with a greeting, with the \
    first name where there is one, and end with a closing line and the signature as given. `intent` is repeated as it was \
    given. `guidelines`, where there are any, are wishes about tone and wording; they permit nothing that stands here \
    otherwise. `used_facts` names the fields of `facts` that you used, `used_snippets` the ids of the snippets. Where the \
    facts do not suffice, set `needs_human` and say why.";

pub const ANSWER_RULES: &str = "Answer the question in `reply` from `snippets` alone, in `language`: one to four \
    sentences of plain text, without greeting, closing line or signature. Every statement must stand in a snippet; keep \
    numbers, prices and names as they are written there. `used_snippets` names the ids that you used. Where no snippet \
    answers it, leave `body` empty and set `needs_human`. `intent` is answer_faq.";

pub fn shape() -> Value {
    object(json!({
        "subject": text(), "body": text(), "language": text(),
        "used_facts": list_of(text()), "used_snippets": list_of(text()),
        "intent": one_of(INTENTS),
        "needs_human": {"type": "boolean"}, "needs_human_reason": text(),
    }))
}

pub fn intent_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Interested => "reply_interested",
        Purpose::Question => "reply_question",
        Purpose::Referral => "thank_referral",
        Purpose::Later => "polite_close",
        Purpose::FollowUp => "follow_up",
    }
}

/// `reply` is ready to be sent; what else comes from people is hidden by the same hand.
pub fn data(
    (intent, reply, language): (&str, &str, &str),
    facts: &Facts<'_>,
    date_words: &str,
    passages: &[Passage<'_>],
    redactor: &mut Redactor,
) -> Value {
    let manner = match facts.manner {
        Manner::Plain => "plain",
        Manner::Warm => "warm",
        Manner::Formal => "formal",
    };
    json!({
        "task": "draft", "intent": intent, "reply": reply, "language": language, "manner": manner,
        "facts": {
            "first_name": visible(facts.first_name), "full_name": visible(facts.full_name),
            "signature": redactor.hide(facts.signature), "meeting_minutes": facts.minutes.to_string(),
            "person": visible(facts.person), "date": date_words,
        },
        "snippets": snippets(passages, redactor),
    })
}

pub fn question(reply: &str, language: &str, passages: &[Passage<'_>], redactor: &mut Redactor) -> Value {
    json!({
        "task": "answer_from_snippets", "intent": "answer_faq", "reply": reply, "language": language,
        "snippets": snippets(passages, redactor),
    })
}

/// Named by their place, so that an id can only be one that was given.
fn snippets(passages: &[Passage<'_>], redactor: &mut Redactor) -> Vec<Value> {
    let each = passages.iter().take(MOST_PASSAGES).enumerate().map(|(nth, passage)| {
        json!({"id": name_of(nth), "title": redactor.hide(passage.title), "text": redactor.hide(passage.text)})
    });
    each.collect()
}

fn name_of(nth: usize) -> String {
    format!("s{}", nth + 1)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    subject: String,
    body: String,
    language: String,
    used_facts: Vec<String>,
    used_snippets: Vec<String>,
    intent: String,
    needs_human: bool,
    needs_human_reason: String,
}

/// A text that may go on to the grounding gate.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// Empty: nothing was written, and `needs_person` says why.
    pub body: String,
    pub used: Vec<usize>,
    pub needs_person: String,
}

/// What may be used of an answer to (`intent`, `language`) with so many passages.
pub fn read(
    answer: Value,
    (intent, language): (&str, &str),
    passages: usize,
    redactor: &Redactor,
) -> Result<Written, String> {
    let schema = || SCHEMA.to_owned();
    let wire: Wire = serde_json::from_value(answer).map_err(|_| schema())?;
    let known = passages.min(MOST_PASSAGES);
    let place = |id: &String| (0..known).find(|nth| name_of(*nth) == *id);
    let used: Option<Vec<usize>> = wire.used_snippets.iter().map(place).collect();
    let used = used.ok_or_else(schema)?;
    let body = redactor.restore(wire.body.trim()).replace("\r\n", "\n");
    let primary = |code: &str| code.split('-').next().unwrap_or(code).to_lowercase();
    let is_right = wire.intent == intent
        && primary(&wire.language) == primary(language)
        && wire.subject.chars().count() <= MOST_SUBJECT
        && !wire.subject.contains(['\r', '\n'])
        && wire.used_facts.iter().all(|fact| FACTS.contains(&fact.as_str()))
        && body.chars().count() <= MOST_BODY
        && !has_markup(&body)
        && !has_placeholder(&body)
        && !body.contains("{{")
        && (wire.needs_human || !body.is_empty());
    if !is_right {
        return Err(schema());
    }
    let reason = short(&wire.needs_human_reason, 160);
    let needs_person = match (wire.needs_human, reason.is_empty()) {
        (false, _) => String::new(),
        (true, true) => "The engine asks for a person to look.".to_owned(),
        (true, false) => reason,
    };
    Ok(Written { body, used, needs_person })
}

/// A tag, or a control character that no letter has.
fn has_markup(body: &str) -> bool {
    let has_tag = body
        .match_indices('<')
        .any(|(at, _)| body[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')));
    has_tag || body.chars().any(|c| c.is_control() && c != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Value {
        json!({
            "subject": "", "body": "Hello Anna,\n\nThe survey is free. Write to [email-1].", "language": "en",
            "used_facts": ["first_name"], "used_snippets": ["s2"], "intent": "reply_interested",
            "needs_human": false, "needs_human_reason": "",
        })
    }

    fn read_answer(answer: Value) -> Result<Written, String> {
        let mut redactor = Redactor::default();
        redactor.hide("desk@fernhill.example");
        read(answer, ("reply_interested", "en"), 2, &redactor)
    }

    #[test]
    fn a_good_text_has_its_placeholders_back_and_names_the_snippets_it_rests_on() {
        let written = read_answer(answer()).unwrap();
        assert!(written.body.ends_with("Write to desk@fernhill.example."), "{}", written.body);
        assert_eq!((written.used, written.needs_person.as_str()), (vec![1], ""));
    }

    #[test]
    fn a_text_that_breaks_a_rule_is_not_used() {
        let wrong: [(&str, Value); 11] = [
            ("body", "Click <a href=x>here</a>".into()),
            ("body", "Hello {{first_name}}".into()),
            ("body", "Call [phone-7]".into()),
            ("body", "x".repeat(1_501).into()),
            ("body", "".into()),
            ("subject", "a\nBcc: everybody".into()),
            ("language", "fr".into()),
            ("intent", "first_touch".into()),
            ("used_snippets", json!(["s3"])),
            ("used_facts", json!(["password"])),
            ("extra", 1.into()),
        ];
        for (field, value) in wrong {
            let mut changed = answer();
            changed[field] = value;
            assert_eq!(read_answer(changed).unwrap_err(), SCHEMA, "{field}");
        }
    }
}
