//! What a visitor types into a form: the fields of questions, and what is wrong, all of it at once.

use std::collections::BTreeMap;

use super::commit::{Guest, Wanted};
use super::form_words;
use super::token::Held;
use super::visit::{zone_of, Chosen, Place};
use super::words as page_words;
use crate::base::EmailAddress;
use crate::bookings::model::Source;
use crate::bookings::types::{Answer, EventType, Kind, Location, Question};
use crate::bookings::words::Language;
use crate::http::ui::{Choice, FieldErrors};

/// Characters.
const LONGEST_NAME: usize = 100;
const LONGEST_PHONE: usize = 40;
const LONGEST_SAID: usize = 4_000;

/// A question, as a form shows it.
pub(super) struct Asked {
    /// The field's name.
    pub field: String,
    pub label: String,
    pub kind: &'static str,
    pub required: bool,
    pub choices: Vec<Choice>,
    pub value: String,
    pub error: String,
}

/// Questions as a form shows them.
pub(super) fn asked_of(questions: &[Question], typed: &BTreeMap<String, String>, errors: &FieldErrors) -> Vec<Asked> {
    let asked = questions.iter().enumerate().map(|(at, question)| {
        let field = format!("q-{at}");
        Asked {
            label: question.label.clone(),
            kind: question.kind.as_str(),
            required: question.required,
            choices: std::iter::once(Choice::default())
                .chain(question.choices.iter().map(|one| Choice { value: one.clone(), label: one.clone() }))
                .collect(),
            value: typed.get(&field).cloned().unwrap_or_default(),
            error: errors.of(QUESTION_FIELDS.get(at).copied().unwrap_or_default()).to_owned(),
            field,
        }
    });
    asked.collect()
}

/// The fields of questions, for errors that name them.
const QUESTION_FIELDS: [&str; 20] = [
    "q-0", "q-1", "q-2", "q-3", "q-4", "q-5", "q-6", "q-7", "q-8", "q-9", "q-10", "q-11", "q-12", "q-13", "q-14",
    "q-15", "q-16", "q-17", "q-18", "q-19",
];

/// What the form of a booking asks for; else all that is wrong with it.
pub(super) fn read_form(
    place: &Place,
    chosen: &Chosen,
    held: Held,
    language: Language,
    typed: &BTreeMap<String, String>,
    carried: Vec<Answer>,
) -> Result<Wanted, FieldErrors> {
    let event = &place.event;
    let mut errors = FieldErrors::default();
    let person = read_person(typed, language, &mut errors);
    let (phone, others) = read_company(event, typed, language, &mut errors);
    let said = read_answers(event, typed, language, &mut errors);
    let (Some((name, email)), true) = (person, errors.is_empty()) else { return Err(errors) };
    let (zone, _) = zone_of(&chosen.tz, &place.workspace.time_zone);
    let language = language.tag().to_owned();
    Ok(Wanted {
        start: held.start,
        minutes: held.minutes,
        guest: Guest { name, email, phone, zone, language, others },
        answers: carried.into_iter().chain(said).collect(),
        hold: Some(held.id),
        came_from: chosen.source.chars().take(100).collect(),
        source: Source::Page,
    })
}

/// Name, phone number and the addresses of those who come along.
pub(super) fn read_guest(
    event: &EventType,
    typed: &BTreeMap<String, String>,
    language: Language,
    errors: &mut FieldErrors,
) -> (String, String, Vec<EmailAddress>) {
    let name = read_name(typed, language, errors);
    let (phone, others) = read_company(event, typed, language, errors);
    (name.unwrap_or_default(), phone, others)
}

fn read_company(
    event: &EventType,
    typed: &BTreeMap<String, String>,
    language: Language,
    errors: &mut FieldErrors,
) -> (String, Vec<EmailAddress>) {
    let phone = written(typed, "phone");
    if let Some(words) = too_long(&phone, LONGEST_PHONE, language) {
        errors.add("phone", words);
    } else if event.location == Location::WeCall && !is_phone(&phone) {
        errors.add("phone", page_words::of(language).wrong_phone);
    }
    (phone, read_others(event, typed, language, errors))
}

fn read_others(
    event: &EventType,
    typed: &BTreeMap<String, String>,
    language: Language,
    errors: &mut FieldErrors,
) -> Vec<EmailAddress> {
    let (words, text) = (form_words::of(language), written(typed, "others"));
    let parts = text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
    let mut others = Vec::new();
    for part in parts {
        match EmailAddress::parse(part) {
            Ok(other) => others.push(other),
            Err(_) => {
                errors.add("others", words.wrong_other(&part.chars().take(LONGEST_NAME).collect::<String>()));
                return Vec::new();
            }
        }
    }
    let most = event.companions();
    if others.len() > most as usize {
        errors.add("others", words.too_many(most, others.len()));
    }
    others
}

/// What was answered to the questions of the event type.
pub(super) fn read_answers(
    event: &EventType,
    typed: &BTreeMap<String, String>,
    language: Language,
    errors: &mut FieldErrors,
) -> Vec<Answer> {
    let said = read_said(&event.questions, typed, LONGEST_SAID, language, errors);
    let said = event.questions.iter().zip(said).filter(|(_, answer)| !answer.is_empty());
    said.map(|(question, answer)| Answer { question: question.label.clone(), answer }).collect()
}

/// The answer to each question, empty where there is none; what is wrong is noted.
pub(super) fn read_said(
    questions: &[Question],
    typed: &BTreeMap<String, String>,
    longest: usize,
    language: Language,
    errors: &mut FieldErrors,
) -> Vec<String> {
    let mut answers = Vec::new();
    for (question, field) in questions.iter().zip(QUESTION_FIELDS) {
        let answer = written(typed, field);
        if let Some(wrong) = wrong_with(question, &answer, longest, language) {
            errors.add(field, wrong);
        }
        let is_consent = question.kind == Kind::Consent && !answer.is_empty();
        answers.push(if is_consent { "Yes".to_owned() } else { answer });
    }
    answers
}

fn wrong_with(question: &Question, answer: &str, longest: usize, language: Language) -> Option<String> {
    let words = page_words::of(language);
    if answer.is_empty() {
        return question.required.then(|| words.wrong_answer.to_owned());
    }
    let wrong = match question.kind {
        Kind::Choice if !question.choices.iter().any(|choice| choice == answer) => words.wrong_answer,
        Kind::Phone if !is_phone(answer) => words.wrong_phone,
        Kind::Number if answer.replace(',', ".").parse::<f64>().is_err() => form_words::of(language).wrong_number,
        _ => return too_long(answer, longest, language),
    };
    Some(wrong.to_owned())
}

/// Who fills in a form; what is wrong is noted.
pub(super) fn read_person(
    typed: &BTreeMap<String, String>,
    language: Language,
    errors: &mut FieldErrors,
) -> Option<(String, EmailAddress)> {
    let name = read_name(typed, language, errors);
    let email = EmailAddress::parse(&written(typed, "email")).ok();
    if email.is_none() {
        errors.add("email", page_words::of(language).wrong_email);
    }
    name.zip(email)
}

fn read_name(typed: &BTreeMap<String, String>, language: Language, errors: &mut FieldErrors) -> Option<String> {
    let name = typed.get("name").map_or("", String::as_str);
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let wrong = match too_long(&name, LONGEST_NAME, language) {
        None if name.is_empty() || name.chars().any(char::is_control) => {
            Some(page_words::of(language).wrong_name.to_owned())
        }
        wrong => wrong,
    };
    match wrong {
        Some(wrong) => {
            errors.add("name", wrong);
            None
        }
        None => Some(name),
    }
}

/// As it was typed: browsers end the lines of a text with two characters, and count one.
fn written(typed: &BTreeMap<String, String>, field: &str) -> String {
    typed.get(field).map_or_else(String::new, |text| one_line_end(text))
}

pub(super) fn one_line_end(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}

/// What is said of a text with more than `most` characters.
pub(super) fn too_long(text: &str, most: usize, language: Language) -> Option<String> {
    let count = text.chars().count();
    (count > most).then(|| form_words::of(language).too_long(most, count))
}

/// Enough digits, and nothing that no number has.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (6..=15).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c))
}
