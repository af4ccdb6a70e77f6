//! The reasons for what a worker did, as sentences.

use super::whose::Row;
use crate::app::App;
use crate::authz::Actor;
use crate::base::counted;
use crate::drafts::{Draft, DraftState, SourceKind};
use crate::engines;
use crate::events::Happened;
use crate::follow_ups::FollowUp;
use crate::messaging::{Message, Purpose, Reply};
use crate::outreach;
use crate::store::StoreError;

/// Of an answer, what fits beside the verdict.
const QUOTED_CHARS: usize = 140;
/// Grounds of a verdict that are told; the answer's own page has them all.
const GROUNDS: usize = 2;

/// The beginning of what they wrote, or the subject of what was sent.
pub fn said(row: &Row) -> String {
    match row {
        Row::Message(message) => message.subject.clone(),
        Row::Reply(reply) => beginning(&reply.excerpt),
        _ => String::new(),
    }
}

fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTED_CHARS {
        return line;
    }
    line.chars().take(QUOTED_CHARS).collect::<String>().trim_end().to_owned() + "…"
}

pub fn why(app: &App, actor: &Actor, what: &Happened, row: &Row) -> Result<Vec<String>, StoreError> {
    Ok(match row {
        Row::Message(message) => of_message(app, actor, message)?,
        Row::Reply(reply) => of_reply(reply),
        Row::Draft(draft) => of_draft(what, draft),
        Row::Booking(booking) => booking.reply.map(|_| "Read from their answer.".to_owned()).into_iter().collect(),
        Row::Enrolment(enrolment) => {
            vec![counted(enrolment.sent.len() as u64, "mail", "mails") + " had left until then."]
        }
        Row::FollowUp(follow_up) => of_follow_up(what, follow_up),
        Row::Worker(_) | Row::None => Vec::new(),
    })
}

fn of_message(app: &App, actor: &Actor, message: &Message) -> Result<Vec<String>, StoreError> {
    Ok(match message.purpose {
        Purpose::Outreach if message.step.is_none() => vec!["A follow-up after an answer of ours.".to_owned()],
        Purpose::Outreach => step_words(app, actor, message)?.into_iter().collect(),
        Purpose::Answer if message.draft.is_some() => vec!["An approved answer.".to_owned()],
        Purpose::Answer => vec!["An answer that a person wrote.".to_owned()],
        Purpose::Transactional => vec!["It tells them about their meeting.".to_owned()],
        Purpose::Test => vec!["A test to an own address.".to_owned()],
    })
}

/// "Step 2 of “Hotels”, whose text Nora approved."
fn step_words(app: &App, actor: &Actor, message: &Message) -> Result<Option<String>, StoreError> {
    let (Some(enrolment), Some(step)) = (message.enrolment, message.step) else { return Ok(None) };
    let Some(enrolment) = outreach::get(&app.store, actor.workspace, enrolment)? else { return Ok(None) };
    let Some(sequence) = outreach::get_sequence(&app.store, actor.workspace, enrolment.sequence)? else {
        return Ok(None);
    };
    let by = sequence.approved.as_ref().map(|approval| format!(", whose text {} approved", approval.by));
    let place = sequence.find_step(step).map(|(at, _)| format!("Step {} of “{}”", at + 1, sequence.name));
    Ok(place.map(|place| format!("{place}{}.", by.unwrap_or_default())))
}

/// "Number 1 after our answer."
fn of_follow_up(what: &Happened, follow_up: &FollowUp) -> Vec<String> {
    let mut why = vec![format!("Number {} after our answer.", follow_up.number)];
    if matches!(what, Happened::AnswerFollowUpPlanned { .. }) && !follow_up.state.is_open() {
        why.push(format!("{} by now.", follow_up.state.words()));
    }
    why
}

fn of_reply(reply: &Reply) -> Vec<String> {
    let Some(reading) = &reply.reading else { return Vec::new() };
    let mut why: Vec<String> =
        engine_words("Read", &reading.engine, reading.fallback_reason.as_deref()).into_iter().collect();
    why.extend(reading.reasons.iter().take(GROUNDS).cloned());
    match &reading.corrected_from {
        Some(_) => why.push("A person corrected it.".to_owned()),
        None if reading.confirmed => why.push("A person has confirmed it.".to_owned()),
        None => why.push(format!("Sure to {:.0} %.", reading.confidence * 100.0)),
    }
    why
}

/// Who did it, where that is not simply the built-in engine.
fn engine_words(done: &str, engine: &str, fallback: Option<&str>) -> Option<String> {
    match (engine, fallback) {
        ("", None) => None,
        ("", Some(why)) => Some(format!("{done} by the built-in engine: {}.", engines::fallback_words(why))),
        (engine, _) => Some(format!("{done} by {engine}.")),
    }
}

fn of_draft(what: &Happened, draft: &Draft) -> Vec<String> {
    let mut why = vec![format!("{}.", draft.intent.words())];
    if matches!(what, Happened::DraftWritten { .. }) {
        why.extend(engine_words("Written", &draft.engine, draft.fallback_reason.as_deref()));
        let cited = draft.sources.iter().filter(|source| source.kind == SourceKind::Snippet);
        why.extend(cited.map(|source| format!("It quotes {}.", source.title)));
        if !draft.ungrounded.is_empty() {
            why.push(format!("Stands in no source: {}.", draft.ungrounded.join(", ")));
        }
        return why;
    }
    // What was decided since has a line of its own.
    if matches!(what, Happened::DraftReturned { .. }) {
        return why;
    }
    if let Some(decided) = &draft.decided {
        why.push(match decided.automatic {
            true => format!(
                "It left by itself: “{}” is switched to automatic.",
                crate::http::ui::reply_badge(&draft.label).words
            ),
            false => format!("{} decided.", decided.name),
        });
    }
    if draft.state == DraftState::Expired {
        why.push("Nobody decided within three days, so it can no longer leave; their answer waits for you.".to_owned());
    }
    if draft.is_edited() {
        why.push("The text was changed before.".to_owned());
    }
    if let DraftState::Rejected { reason } | DraftState::Withdrawn { reason } | DraftState::NotSent { reason } =
        &draft.state
    {
        why.extend(Some(reason.clone()).filter(|reason| !reason.is_empty()));
    }
    why
}
