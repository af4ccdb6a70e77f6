//! Reading a reply. The embedded engine has read it first; what it says of opt-outs, bounces and absences stands, and the
//! service is not even asked.

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{json, Value};

use super::{list_of, object, one_of, short, text, SCHEMA};
use crate::language::classify::{Classification, Classifier, Flag, Label, OtherKind, Referred, ReplyInput};

pub const ROOM: u32 = 500;
const MOST_REASON: usize = 160;
const MOST_EVIDENCE: usize = 3;
const MOST_PEOPLE: usize = 3;

/// A service is never surer than this; its figures are not measured as ours are.
const SUREST: f32 = 0.97;
/// The two do not agree: below what lets anything leave or be booked without a person.
const UNSURE: f32 = 0.89;
/// One reads a wish and the other a refusal: a guess, and a person looks.
const GUESS: f32 = 0.59;

pub const RULES: &str = "Read `reply`, the newest message of a person who answers an e-mail of the business, and say what \
    it is. `label` is exactly one of: \
    unsubscribe (asks in any words not to be written to again, to be deleted, or threatens a complaint over the mailing); \
    out_of_office (an automatic notice of absence; a person who writes that they are away is `later`); \
    meeting_proposed (offers, accepts, moves or asks for a meeting at day precision or finer, or gives a booking link); \
    referral (points to another person or says wrong person); \
    not_interested (refuses, without asking to be left alone and without a later date; clear sarcasm counts); \
    later (not now, but contact later is allowed or expected); \
    interested (wants to go on, also when a question comes with it); \
    question (asks before taking a stance); \
    other (anything else). \
    Where several fit, the first in that order wins, except that a wish to go on beside a question is interested. A word \
    alone decides nothing: a sentence about opt-outs or meetings is not one. \
    `confidence` is 0 to 1. `language` is a BCP 47 code. `other_kind` is empty unless the label is other. `reason` is one \
    sentence of at most 160 characters in English. `evidence` holds at most three parts of the reply, word for word. \
    `return_date` and `follow_up_on` are YYYY-MM-DD or empty. `referred` are people that the reply points to, at most \
    three, with empty text for what is not said.";

pub fn shape() -> Value {
    let words = |all: &[&'static str]| all.to_vec();
    let labels: Vec<&str> = Label::ALL.iter().map(|label| label.as_str()).collect();
    let kinds: Vec<&str> = words(&[""]).into_iter().chain(OtherKind::ALL.iter().map(|kind| kind.as_str())).collect();
    let flags: Vec<&str> = Flag::ALL.iter().map(|flag| flag.as_str()).collect();
    let person = object(json!({"name": text(), "email": text(), "phone": text(), "role": text()}));
    object(json!({
        "label": one_of(&labels),
        "confidence": {"type": "number"},
        "language": text(),
        "other_kind": one_of(&kinds),
        "reason": text(),
        "evidence": list_of(text()),
        "flags": list_of(one_of(&flags)),
        "return_date": text(),
        "follow_up_on": text(),
        "referred": list_of(person),
    }))
}

/// `reply` is ready to be sent.
pub fn data(reply: &str, language: &str, sent_on: Option<Date>) -> Value {
    json!({
        "task": "classify_reply",
        "reply": reply,
        "language_guess": language,
        "sent_on": sent_on.map(|day| day.to_string()).unwrap_or_default(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    label: String,
    confidence: f32,
    language: String,
    other_kind: String,
    reason: String,
    evidence: Vec<String>,
    flags: Vec<String>,
    return_date: String,
    follow_up_on: String,
    referred: Vec<WirePerson>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePerson {
    name: String,
    email: String,
    phone: String,
    role: String,
}

/// What may be used of an answer, beside what the embedded engine said (`own`). `restore` puts placeholders back.
pub fn read(
    answer: Value,
    input: &ReplyInput<'_>,
    own: &Classification,
    restore: &dyn Fn(&str) -> String,
) -> Result<Classification, String> {
    let schema = || SCHEMA.to_owned();
    let wire: Wire = serde_json::from_value(answer).map_err(|_| schema())?;
    let label = Label::parse(&wire.label).ok_or_else(schema)?;
    if !(0.0..=1.0).contains(&wire.confidence) {
        return Err(schema());
    }
    if !wire.other_kind.is_empty() && OtherKind::parse(&wire.other_kind).is_none() {
        return Err(schema());
    }
    let flags: Option<Vec<Flag>> = wire.flags.iter().map(|flag| Flag::parse(flag)).collect();
    let flags = own.flags.iter().copied().chain(flags.ok_or_else(schema)?);
    let follow_up = day(&wire.follow_up_on, input).map_err(|()| schema())?;
    let returns = day(&wire.return_date, input).map_err(|()| schema())?;
    let in_text = |part: &str| !part.trim().is_empty() && input.text.contains(part);
    let evidence = wire.evidence.iter().map(|part| restore(part)).filter(|part| in_text(part)).take(MOST_EVIDENCE);
    let reason = short(&restore(&wire.reason), MOST_REASON);
    // Days and names are the program's own reading for this label; the service adds what it missed.
    let as_label = Classifier::embedded().classify_as(input, label);
    let people = wire.referred.iter().map(|person| person_of(person, restore)).filter(|person| in_text(&person.email));
    Ok(Classification {
        label,
        confidence: confidence(label, wire.confidence, own),
        second: if own.label == label { own.second } else { Some(own.label) },
        odds: own.odds.clone(),
        language: language(&wire.language, own),
        other_kind: other_kind(label, &wire.other_kind, own),
        reasons: [reason].into_iter().filter(|reason| !reason.is_empty()).chain(reasons_kept(label, own)).collect(),
        evidence: evidence.collect(),
        flags: once_each(flags),
        return_date: as_label.return_date.or(returns.filter(|_| label == Label::OutOfOffice)),
        follow_up_on: as_label.follow_up_on.or(follow_up.filter(|_| label == Label::Later)),
        asks_for_times: own.asks_for_times,
        referred: people_of(as_label.referred, people, label),
    })
}

/// A day that does not lie before the sending. What is no day is no answer; a day that lies before is left out.
fn day(text: &str, input: &ReplyInput<'_>) -> Result<Option<Date>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let day: Date = text.parse().map_err(|_| ())?;
    let zone = input.zone.cloned().unwrap_or(jiff::tz::TimeZone::UTC);
    let sent = input.sent_at.map(|at| at.to_zoned(zone).date());
    Ok(Some(day).filter(|day| sent.is_none_or(|sent| *day >= sent)))
}

fn confidence(label: Label, said: f32, own: &Classification) -> f32 {
    let said = said.min(SUREST);
    if label == own.label {
        return said.max(own.confidence);
    }
    let is_no = |label: Label| matches!(label, Label::NotInterested | Label::Unsubscribe);
    let is_yes = |label: Label| matches!(label, Label::Interested | Label::MeetingProposed);
    let is_opposite = (is_no(label) && is_yes(own.label)) || (is_yes(label) && is_no(own.label));
    said.min(if is_opposite { GUESS } else { UNSURE })
}

/// Two or three letters, and parts behind hyphens.
fn language(said: &str, own: &Classification) -> String {
    let mut parts = said.split('-');
    let is_first = |part: &str| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_code = parts.next().is_some_and(is_first)
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if own.language == "und" && is_code && said.len() <= 35 {
        said.to_owned()
    } else {
        own.language.clone()
    }
}

/// That an address is dead is decided by reports and by our own reading, never by a service.
fn other_kind(label: Label, said: &str, own: &Classification) -> Option<OtherKind> {
    let is_bounce = |kind: &OtherKind| matches!(kind, OtherKind::BounceHard | OtherKind::BounceSoft);
    if label != Label::Other {
        return None;
    }
    own.other_kind.or_else(|| OtherKind::parse(said).filter(|kind| !is_bounce(kind)))
}

fn reasons_kept(label: Label, own: &Classification) -> Vec<String> {
    if label == own.label {
        own.reasons.iter().take(2).cloned().collect()
    } else {
        vec![format!("The program itself read it as {}.", own.label.as_str().replace('_', " "))]
    }
}

fn once_each(flags: impl Iterator<Item = Flag>) -> Vec<Flag> {
    flags.fold(Vec::new(), |mut all, flag| {
        if !all.contains(&flag) {
            all.push(flag);
        }
        all
    })
}

fn person_of(person: &WirePerson, restore: &dyn Fn(&str) -> String) -> Referred {
    let field = |text: &str| short(&restore(text), 120);
    Referred {
        name: field(&person.name),
        email: field(&person.email),
        phone: field(&person.phone),
        role: field(&person.role),
    }
}

/// Ours first; of theirs, those with an address that stands in the text and that we did not see.
fn people_of(own: Vec<Referred>, theirs: impl Iterator<Item = Referred>, label: Label) -> Vec<Referred> {
    let is_new = |person: &Referred| !own.iter().any(|known| known.email.eq_ignore_ascii_case(&person.email));
    let more: Vec<Referred> = theirs.filter(|person| label == Label::Referral && is_new(person)).collect();
    own.into_iter().chain(more).take(MOST_PEOPLE).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::language::classify::ReplyHeaders;

    fn judged(text: &str, change: impl Fn(&mut Value)) -> Result<Classification, String> {
        let headers = ReplyHeaders::default();
        let sent: jiff::Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let input = ReplyInput { text, headers: &headers, sent_at: Some(sent), zone: Some(&TimeZone::UTC) };
        let own = Classifier::embedded().classify(&input);
        let mut answer = json!({
            "label": "interested", "confidence": 0.99, "language": "en", "other_kind": "", "reason": "Because.",
            "evidence": [], "flags": [], "return_date": "", "follow_up_on": "", "referred": [],
        });
        change(&mut answer);
        read(answer, &input, &own, &|text: &str| text.replace("[email-1]", "ruth@fellside.example"))
    }

    const YES: &str = "Sounds good, please send me the details.";

    #[test]
    fn an_answer_that_is_not_of_the_shape_is_not_used() {
        let wrong: [fn(&mut Value); 8] = [
            |answer| answer["label"] = "enthusiastic".into(),
            |answer| answer["confidence"] = 1.5.into(),
            |answer| answer["confidence"] = "high".into(),
            |answer| answer["flags"] = json!(["dangerous"]),
            |answer| answer["other_kind"] = "nonsense".into(),
            |answer| answer["follow_up_on"] = "soon".into(),
            |answer| answer["surprise"] = true.into(),
            |answer| {
                answer.as_object_mut().unwrap().remove("reason");
            },
        ];
        for change in wrong {
            assert_eq!(judged(YES, change).unwrap_err(), SCHEMA);
        }
    }

    #[test]
    fn evidence_and_people_are_kept_only_where_they_stand_in_the_text() {
        let text = "Wrong desk. Ask Ruth, ruth@fellside.example, she decides.";
        let read = judged(text, |answer| {
            answer["label"] = "referral".into();
            answer["evidence"] = json!(["Wrong desk", "not in there"]);
            let person = |email: &str| json!({"name": "Ruth", "email": email, "phone": "", "role": ""});
            answer["referred"] = json!([person("[email-1]"), person("ceo@elsewhere.example")]);
        });
        let read = read.unwrap();
        assert_eq!(read.evidence, ["Wrong desk"]);
        let emails: Vec<&str> = read.referred.iter().map(|person| person.email.as_str()).collect();
        assert_eq!(emails, ["ruth@fellside.example"]);
    }

    #[test]
    fn where_the_two_disagree_nothing_happens_without_a_person() {
        let agreed = judged(YES, |_| {}).unwrap();
        assert!(agreed.confidence >= 0.9, "{agreed:?}");
        let other = judged(YES, |answer| answer["label"] = "question".into()).unwrap();
        assert!(other.confidence < 0.9 && other.confidence >= 0.6, "{other:?}");
        let opposite = judged(YES, |answer| answer["label"] = "not_interested".into()).unwrap();
        assert!(opposite.confidence < 0.6, "{opposite:?}");
        assert!(opposite.reasons[1].contains("read it as interested"), "{:?}", opposite.reasons);
    }

    #[test]
    fn a_service_declares_no_address_dead_and_no_day_before_the_mail_was_sent() {
        let bounce = judged(YES, |answer| {
            answer["label"] = "other".into();
            answer["other_kind"] = "bounce_hard".into();
        });
        assert_eq!(bounce.unwrap().other_kind, None);
        let past = judged("Not now, perhaps another time.", |answer| {
            answer["label"] = "later".into();
            answer["follow_up_on"] = "2020-01-01".into();
        });
        assert!(past.unwrap().follow_up_on.is_none_or(|day| day.year() >= 2026));
    }
}
