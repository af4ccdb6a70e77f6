//! Writing short answers from fixed phrases and given facts. Nothing is invented: a text is one of these phrases with
//! names, dates and approved passages put in, and the same facts give the same text.

mod phrases;

use jiff::civil::Date;
use phrases::{Phrases, ALL};

/// What the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Interested,
    Question,
    Referral,
    Later,
    /// After an answer of ours that nothing came back to.
    FollowUp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Plain,
    Warm,
    Formal,
}

/// What may be said. Empty text means unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    pub first_name: &'a str,
    pub full_name: &'a str,
    /// Name below the text, or a whole signature.
    pub signature: &'a str,
    /// Length of the meeting on offer.
    pub minutes: u32,
    /// The approved passage that answers the question, as it stands.
    pub answer: &'a str,
    /// Whom the person pointed to.
    pub person: &'a str,
    /// When we write again.
    pub date: Option<Date>,
    pub manner: Manner,
    /// Without the offer of a call.
    pub brief: bool,
}

/// A text and what it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub text: String,
    /// BCP 47 of the text.
    pub language: &'static str,
    /// The phrases used, before anything was put in.
    pub template: String,
    /// The date as written, when one was.
    pub date_words: String,
}

/// The language that an answer to `language` is written in: its own where we have phrases for it, else English.
pub fn writes_in(language: &str) -> &'static str {
    phrases(language).language
}

fn phrases(language: &str) -> &'static Phrases {
    let primary = language.split('-').next().unwrap_or(language);
    let exact = ALL.iter().find(|phrases| phrases.language.eq_ignore_ascii_case(language));
    exact.or_else(|| ALL.iter().find(|phrases| phrases.language == primary)).unwrap_or(&ALL[0])
}

/// Writes an answer; `None` when a fact that it needs is missing (no passage, nobody named, no date).
pub fn write(purpose: Purpose, language: &str, facts: &Facts<'_>) -> Option<Written> {
    let phrases = phrases(language);
    let date_words = facts.date.map(|date| phrases.date(date)).unwrap_or_default();
    let minutes = facts.minutes.to_string();
    let body = body(phrases, purpose, facts, &date_words)?;
    let greeting = phrases.greeting(facts);
    let template: Vec<&str> = [greeting].into_iter().chain(body.iter().copied()).chain([phrases.regards]).collect();
    let fields = [
        ("{first}", facts.first_name),
        ("{full}", facts.full_name),
        ("{minutes}", &minutes),
        ("{person}", facts.person),
        ("{date}", &date_words),
    ];
    let mut paragraphs: Vec<String> = vec![filled(greeting, &fields)];
    paragraphs
        .extend(body.iter().map(|part| if *part == ANSWER { facts.answer.to_owned() } else { filled(part, &fields) }));
    paragraphs.push(format!("{}\n{}", phrases.regards, facts.signature.trim()).trim_end().to_owned());
    Some(Written {
        text: paragraphs.join("\n\n"),
        language: phrases.language,
        template: template.join("\n"),
        date_words,
    })
}

/// Stands for the approved passage, which is put in as it is.
const ANSWER: &str = "{answer}";

fn body<'p>(phrases: &'p Phrases, purpose: Purpose, facts: &Facts<'_>, date: &str) -> Option<Vec<&'p str>> {
    let thanks = match facts.manner {
        Manner::Warm => phrases.thanks_warm,
        Manner::Plain | Manner::Formal => phrases.thanks,
    };
    let call: &[&str] = if facts.brief { &[phrases.ask] } else { &[phrases.call] };
    let has_answer = !facts.answer.trim().is_empty();
    let parts = match purpose {
        Purpose::Interested if has_answer => [&[thanks, ANSWER], call].concat(),
        Purpose::Interested => [&[thanks], call].concat(),
        Purpose::Question if has_answer => vec![thanks, ANSWER, phrases.ask],
        Purpose::Referral if !facts.person.trim().is_empty() => vec![phrases.referral],
        Purpose::Later if !date.is_empty() => vec![phrases.later],
        Purpose::FollowUp => vec![phrases.follow_up],
        _ => return None,
    };
    Some(parts)
}

/// Puts the facts in, in one pass, so that a name with braces in it stays a name.
fn filled(phrase: &str, fields: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(phrase.len() + 32);
    let mut rest = phrase;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        match fields.iter().find(|(name, _)| tail.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value.trim());
                rest = &tail[name.len()..];
            }
            None => {
                out.push('{');
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::ground::{ungrounded, Grounds};

    fn facts() -> Facts<'static> {
        Facts {
            first_name: "Anna",
            full_name: "Anna Lund",
            signature: "Nora Whitfield",
            minutes: 20,
            answer: "The survey is free.",
            person: "Ruth Okell",
            date: Some(jiff::civil::date(2027, 3, 1)),
            ..Facts::default()
        }
    }

    #[test]
    fn every_text_in_every_language_stands_on_its_facts() {
        let purposes = [Purpose::Interested, Purpose::Question, Purpose::Referral, Purpose::Later, Purpose::FollowUp];
        let given = ["Anna Lund", "Nora Whitfield", "20", "The survey is free.", "Ruth Okell"];
        for phrases in ALL {
            for (purpose, manner) in
                purposes.iter().flat_map(|p| [Manner::Plain, Manner::Warm, Manner::Formal].map(|m| (*p, m)))
            {
                let written = write(purpose, phrases.language, &Facts { manner, ..facts() }).unwrap();
                assert!(!written.text.contains(['{', '}']), "{}", written.text);
                let mut sources = given.to_vec();
                sources.extend([written.template.as_str(), written.date_words.as_str()]);
                let grounds = Grounds { sources: &sources, link_hosts: &[], language: phrases.language };
                assert_eq!(ungrounded(&written.text, &grounds), Vec::<String>::new(), "{}", written.text);
            }
        }
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let cases = [
            (Purpose::Question, Facts { answer: "", ..facts() }),
            (Purpose::Referral, Facts { person: " ", ..facts() }),
            (Purpose::Later, Facts { date: None, ..facts() }),
        ];
        for (purpose, facts) in cases {
            assert_eq!(write(purpose, "en", &facts), None, "{purpose:?}");
        }
    }

    #[test]
    fn nobody_is_greeted_by_an_empty_name() {
        for phrases in ALL {
            for manner in [Manner::Plain, Manner::Warm, Manner::Formal] {
                let nameless = Facts { first_name: "", full_name: "", manner, ..facts() };
                let written = write(Purpose::Interested, phrases.language, &nameless).unwrap();
                let first = written.text.lines().next().unwrap();
                assert!(!first.contains(" ,") && !first.contains("  "), "{first}");
            }
        }
    }

    #[test]
    fn an_answer_speaks_the_language_of_the_question_or_english() {
        let cases = [("de", "de"), ("pt-BR", "pt"), ("hi-Latn", "hi-Latn"), ("it", "en"), ("und", "en")];
        for (asked, answered) in cases {
            assert_eq!(writes_in(asked), answered);
        }
    }

    #[test]
    fn braces_in_a_name_put_nothing_in() {
        let odd = Facts { first_name: "{date}", ..facts() };
        let written = write(Purpose::Later, "en", &odd).unwrap();
        assert!(written.text.starts_with("Hello {date},"), "{}", written.text);
    }
}
