//! What the simulated models think: a few rules over the data they are sent, in no way as good as a real one, but about
//! the question. The same data gets the same answer.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{json, Value};

use super::check::Asked;

/// What a model said, and how it ended.
pub(super) struct Said {
    pub text: String,
    pub is_full: bool,
    pub is_refused: bool,
    /// Tokens, thoughts among them.
    pub output: u64,
    pub thoughts: u64,
}

/// About four characters each, as with the real ones.
pub(super) fn tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

pub(super) fn answer(asked: &Asked) -> Value {
    let data: Value = serde_json::from_str(&asked.data).unwrap_or(Value::Null);
    match data["task"].as_str() {
        Some("classify_reply") => classify(&data),
        Some("extract_times") => times(&data),
        Some("draft" | "answer_from_snippets") => draft(&data),
        _ => asked.shape.as_ref().map_or_else(|| json!({}), smallest),
    }
}

/// The least that fits a schema.
fn smallest(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str().unwrap_or_default().to_lowercase().as_str() {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Value::Object(properties.map(|(name, schema)| (name.clone(), smallest(schema))).collect())
        }
        "array" => json!([]),
        "number" | "integer" => json!(0),
        "boolean" => json!(false),
        _ => json!(""),
    }
}

/// Turns of phrase, the label they speak for, and how loudly.
const SIGNS: &[(&str, &[&str], u32)] = &[
    (
        "unsubscribe",
        &["unsubscribe", "remove me", "stop writing", "stop emailing", "do not contact", "no more mails"],
        9,
    ),
    ("out_of_office", &["out of office", "on leave until", "away until", "back on"], 6),
    ("referral", &["wrong person", "speak to", "talk to", "get in touch with", "ask my colleague"], 5),
    (
        "not_interested",
        &["not interested", "no thanks", "no thank you", "we are happy with", "please pass", "not for us"],
        5,
    ),
    ("later", &["next year", "next quarter", "in spring", "get back to me", "after the summer", "not now"], 4),
    ("meeting_proposed", &["call me", "meet", "at 9", "at 10", "at 11", "at 2", "at 3", "at 4", "how about"], 4),
    ("interested", &["interested", "sounds good", "tell me more", "send me", "keen", "yes please"], 4),
    ("question", &["?", "how much", "do you", "can you", "what does", "is it"], 2),
];

fn classify(data: &Value) -> Value {
    let reply = data["reply"].as_str().unwrap_or_default();
    let low = reply.to_lowercase();
    let heard = SIGNS.iter().map(|(label, signs, weight)| {
        let found: Vec<&str> = signs.iter().copied().filter(|sign| low.contains(sign)).collect();
        (*label, found.len() as u32 * weight, found.first().copied())
    });
    let (label, score, sign) = heard.fold(("other", 0, None), |best, next| if next.1 > best.1 { next } else { best });
    let confidence = match score {
        0 => 0.35,
        1..=2 => 0.72,
        3..=4 => 0.86,
        _ => 0.95,
    };
    // The words as they stand there, which lower case may have moved.
    let evidence = sign.and_then(|sign| low.find(sign).and_then(|at| reply.get(at..at + sign.len())));
    let emails =
        reply.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '[' && c != ']'));
    let emails = emails.filter(|word| word.contains('@') || word.starts_with("[email"));
    let people = emails.map(|email| json!({"name": "", "email": email, "phone": "", "role": ""}));
    let named: Vec<Value> = if label == "referral" { people.take(3).collect() } else { Vec::new() };
    let flags: Vec<&str> = [("price", "price"), ("how much", "price"), ("lawyer", "legal"), ("complain", "complaint")]
        .into_iter()
        .filter(|(sign, _)| low.contains(sign))
        .map(|(_, flag)| flag)
        .take(1)
        .collect();
    json!({
        "label": label, "confidence": confidence, "language": data["language_guess"].as_str().unwrap_or("en"),
        "other_kind": if label == "other" { "unrelated" } else { "" },
        "reason": sign.map_or_else(|| "Nothing speaks for another label.".to_owned(), |sign| format!("It says “{sign}”.")),
        "evidence": evidence.into_iter().collect::<Vec<_>>(), "flags": flags,
        "return_date": "", "follow_up_on": "", "referred": named,
    })
}

const DAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// "Thursday at 10", "tomorrow at 3": a day and an hour, nothing finer.
fn times(data: &Value) -> Value {
    let reply = data["reply"].as_str().unwrap_or_default();
    let zone = data["sender_time_zone"].as_str().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let sent = data["sent_at"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let found = sent.and_then(|sent| day_and_hour(reply, sent.to_zoned(zone.clone()).date(), &zone));
    let proposals: Vec<Value> = found
        .into_iter()
        .map(|(start, words)| {
            json!({"start": start.to_string(), "end": "", "kind": "exact", "source_text": words,
                "zone": zone.iana_name().unwrap_or("UTC"), "ambiguous": false})
        })
        .collect();
    json!({"proposals": proposals, "duration_minutes": 0, "booking_links": []})
}

fn day_and_hour(reply: &str, sent: Date, zone: &TimeZone) -> Option<(Timestamp, String)> {
    let low = reply.to_ascii_lowercase();
    let named = DAYS.iter().find_map(|(word, day)| Some((low.find(word)?, next(sent, *day)?)));
    let (begin, day) = named.or_else(|| Some((low.find("tomorrow")?, sent.checked_add(1.day()).ok()?)))?;
    let at = low[begin..].find(" at ")? + begin + 4;
    let digits = low[at..].bytes().take_while(u8::is_ascii_digit).count();
    let hour: i8 = low[at..at + digits].parse().ok()?;
    let hour = if (1..=6).contains(&hour) { hour + 12 } else { hour };
    let start = day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?.timestamp();
    Some((start, reply[begin..at + digits].to_owned()))
}

fn next(sent: Date, day: Weekday) -> Option<Date> {
    sent.nth_weekday(1, day).ok()
}

fn draft(data: &Value) -> Value {
    let fact = |name: &str| data["facts"][name].as_str().unwrap_or_default();
    let reply = data["reply"].as_str().unwrap_or_default().to_lowercase();
    let snippet = best_snippet(&reply, &data["snippets"]);
    let intent = data["intent"].as_str().unwrap_or("answer_faq");
    let hello = match fact("first_name") {
        "" => "Hello,".to_owned(),
        first => format!("Hello {first},"),
    };
    let middle = match (intent, snippet) {
        ("reply_interested", Some((_, text))) => {
            format!("Good to hear from you. {text}\n\nShall we have a short call?")
        }
        ("reply_interested", None) => "Good to hear from you. Shall we have a short call?".to_owned(),
        ("thank_referral", _) => "Thank you for pointing me to the right person.".to_owned(),
        ("polite_close", _) => format!("Thank you for telling me. I will write again on {}.", fact("date")),
        (_, Some((_, text))) => format!("Thank you for asking. {text}"),
        (_, None) => "Thank you for asking. A colleague will answer.".to_owned(),
    };
    let is_part = data["task"] == "answer_from_snippets";
    let is_uncovered = matches!(intent, "answer_faq" | "reply_question") && snippet.is_none();
    let letter = format!("{hello}\n\n{middle}\n\nKind regards\n{}", fact("signature"));
    let body = if is_part { snippet.map_or_else(String::new, |(_, text)| text.to_owned()) } else { letter };
    json!({
        "subject": "", "body": body.trim_end(), "language": data["language"].as_str().unwrap_or("en"),
        "used_facts": if fact("first_name").is_empty() { json!([]) } else { json!(["first_name"]) },
        "used_snippets": snippet.map(|(id, _)| id).into_iter().collect::<Vec<_>>(),
        "intent": intent, "needs_human": is_uncovered,
        "needs_human_reason": if is_uncovered { "No snippet covers the question." } else { "" },
    })
}

/// The snippet with the most words of the question, two at least.
fn best_snippet<'a>(reply: &str, snippets: &'a Value) -> Option<(&'a str, &'a str)> {
    let words: Vec<&str> = reply.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3).collect();
    let scored = snippets.as_array()?.iter().filter_map(|snippet| {
        let (id, title, text) = (snippet["id"].as_str()?, snippet["title"].as_str()?, snippet["text"].as_str()?);
        let all = format!("{title} {text}").to_lowercase();
        Some((words.iter().filter(|word| all.contains(**word)).count(), id, text))
    });
    let best = scored.max_by_key(|(score, ..)| *score)?;
    (best.0 >= 2).then_some((best.1, best.2))
}
