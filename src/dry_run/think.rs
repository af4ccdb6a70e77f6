//! Thinks an answer through: the same reading, the same times, the same draft and the same rules as for a real one.

use super::story::{Step, Story};
use super::DryRunError;
use crate::agents::{self, Answer, Effect, Rehearsed, Written};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, ContactId, EmailAddress, MessageId, Mistakes, ReplyId, UnixMillis, WorkerId};
use crate::bookings;
use crate::contacts::{self, Contact, Source};
use crate::drafts::{Draft, SourceKind};
use crate::http::ui::reply_badge;
use crate::messaging::{self, Reading, Reply};
use crate::outreach::{self, Meaning};
use crate::today::Day;
use crate::workers::{self, Worker};

/// Who is taken to have written a pasted answer when nobody is named.
const STAND_IN: &str = "somebody@example.com";
/// As much as of a real answer.
const MOST_CHARS: usize = messaging::EXCERPT_CHARS;

/// The answer that is thought through.
#[derive(Clone, Debug)]
pub enum About {
    /// Words that somebody might write. `from` may be an address of a contact; then the contact's own fields, tags and
    /// zone count.
    Pasted { text: String, from: String, name: String },
    /// One that came in.
    Past(ReplyId),
}

/// What the worker would do, and why. Writes nothing.
pub fn think(app: &App, actor: &Actor, id: WorkerId, about: &About) -> Result<Story, DryRunError> {
    actor.require(Permission::ViewReplies)?;
    let worker = workers::get(&app.store, actor.workspace, id)?.ok_or(DryRunError::NotFound)?;
    let day = Day::open(app, actor)?;
    let (reply, contact, is_known) = match about {
        About::Pasted { text, from, name } => pasted(app, actor, &worker, text, from, name)?,
        About::Past(reply) => past(app, actor, &worker, *reply)?,
    };
    let read = agents::rehearse_reading(app, actor, reply)?;
    let mut story = Story::about(&read);
    story.add(reading_step(&read));
    story.add(binding_step(&read));
    let is_left = read.effect == Effect::LeftToPerson;
    story.add(effect_step(&read));
    story.add(sequence_step(app, &read, &day)?);
    if !read.reading().times.is_empty() || read.reading().asks_for_times {
        story.add(times_step(&read, &day));
    }
    match bookings::rehearse(app, &read.reply, &contact)? {
        Some(met) => add_meeting(app, &mut story, &read, &worker, met, &day, is_known)?,
        None => {
            let answer = agents::rehearse_answer(app, actor, &read.reply, &worker, is_known)?;
            add_answer(&mut story, answer, is_left);
        }
    }
    Ok(story)
}

/// An answer that nobody wrote: from a contact of that address, or from a stand-in.
fn pasted(
    app: &App,
    actor: &Actor,
    worker: &Worker,
    text: &str,
    from: &str,
    name: &str,
) -> Result<(Reply, Contact, bool), DryRunError> {
    let (text, from, now) = (text.trim(), from.trim(), app.now());
    let mut wrong = Mistakes::default();
    wrong.expect(!text.is_empty(), "text", "Paste an answer, or write one as a lead would.");
    wrong.expect(
        text.chars().count() <= MOST_CHARS,
        "text",
        "At most 2,000 characters: no more of a real answer is read.",
    );
    let address = EmailAddress::parse(if from.is_empty() { STAND_IN } else { from });
    wrong.expect(address.is_ok(), "from", "Write an e-mail address, as ada@example.org.");
    wrong.into_result()?;
    let address = address.map_err(|_| Mistakes::one("from", "Write an e-mail address, as ada@example.org."))?;
    let known = app.store.read(|txn| contacts::find_by_address(txn, actor.workspace, &address))?;
    let contact = known.unwrap_or_else(|| stand_in(actor, &address, name, now));
    let reply = Reply {
        id: ReplyId::new(now),
        workspace: actor.workspace,
        contact: contact.id,
        message: MessageId::new(now),
        connection: worker.mailbox.unwrap_or_else(|| ConnectionId::new(now)),
        worker: Some(worker.id),
        enrolment: None,
        from: address,
        from_name: name.trim().to_owned(),
        received_at: now,
        sent_at: now,
        subject: "Re: your first mail".to_owned(),
        excerpt: text.replace("\r\n", "\n"),
        message_id: String::new(),
        references: Vec::new(),
        provider_thread: None,
        header_facts: Vec::new(),
        automatic: false,
        reading: None,
        handled_at: None,
    };
    Ok((reply, contact, false))
}

fn stand_in(actor: &Actor, address: &EmailAddress, name: &str, now: UnixMillis) -> Contact {
    let (first, last) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
    Contact {
        id: ContactId::new(now),
        workspace: actor.workspace,
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        addresses: vec![address.clone()],
        company: String::new(),
        job_title: String::new(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: Vec::new(),
        source: Source::ByHand,
        created_at: now,
        changed_at: now,
        restricted: false,
    }
}

/// One that came in, as if it came in again now: unread, and nobody has dealt with it.
fn past(app: &App, actor: &Actor, worker: &Worker, id: ReplyId) -> Result<(Reply, Contact, bool), DryRunError> {
    let reply = messaging::get_reply(&app.store, actor.workspace, id)?.ok_or(DryRunError::NotFound)?;
    let contact = contacts::get(&app.store, actor.workspace, reply.contact)?.ok_or(DryRunError::NotFound)?;
    Ok((Reply { reading: None, handled_at: None, worker: Some(worker.id), ..reply }, contact, true))
}

fn reading_step(read: &Rehearsed) -> Step {
    let reading = read.reading();
    let words = format!("“{}”, {} sure.", reply_badge(&reading.label).words, percent(reading.confidence));
    let mut step = Step::new("reading", "Reads it", words).lines(reading.reasons.clone());
    let flags: Vec<&str> =
        reading.flags.iter().map(String::as_str).filter(|flag| *flag != messaging::ESCALATED).collect();
    if !flags.is_empty() {
        step = step.line(format!("It notices: {}.", flags.join(", ").replace('_', " ")));
    }
    step
}

fn binding_step(read: &Rehearsed) -> Step {
    let words = match (read.is_binding, read.reader.as_str()) {
        (true, _) => "What the built-in engine read here is binding: no AI service is asked.".to_owned(),
        (false, "") => "No AI service is chosen for reading, so the built-in engine’s word stands.".to_owned(),
        (false, reader) => format!("{reader} would be asked about it as well. A dry run asks nobody outside."),
    };
    Step::new("binding", "Whose word counts", words)
}

fn effect_step(read: &Rehearsed) -> Step {
    let reading = read.reading();
    let words = match read.effect {
        Effect::LeftToPerson if reading.undecided => {
            "It may be an opt-out and is too unsure to act on: a person says, and until then no sequence writes."
        }
        Effect::LeftToPerson => "Part of it gives orders to the software: a person reads it.",
        Effect::OptedOut => "They are never written to again, from that instant on.",
        Effect::Bounced => "The address is given up: nobody is there.",
        Effect::BouncedForNow => "It was not delivered now; the address is kept.",
        Effect::Recorded => "Nothing has to hold at once.",
    };
    let step = Step::new("at_once", "At once", words.to_owned());
    match reading.escalation.as_str() {
        "" => step,
        why => step.line(format!("A rule of yours hands it to a person because {why}.")),
    }
}

fn sequence_step(app: &App, read: &Rehearsed, day: &Day<'_>) -> Result<Step, DryRunError> {
    let reading = read.reading();
    let meaning = app.store.read(|txn| outreach::meaning_of(txn, &read.reply, &reading, day.now))?;
    let words = match meaning {
        Meaning::Nothing => "The sequence goes on: a machine acknowledged the mail.".to_owned(),
        Meaning::Away { return_date: Some(date) } => {
            format!("It waits until they are back, {}.", crate::base::day_words(&date))
        }
        Meaning::Away { return_date: None } => "It waits a week: they are away, and no date is given.".to_owned(),
        Meaning::Ends { ask_again: Some(date) } => {
            format!("It ends, and they are asked again on {}.", crate::base::day_words(&date))
        }
        Meaning::Ends { ask_again: None } => "It ends: they answered.".to_owned(),
    };
    Ok(Step::new("sequence", "The sequence", words))
}

fn times_step(read: &Rehearsed, day: &Day<'_>) -> Step {
    let reading = read.reading();
    let line = |time: &messaging::ProposedTime| {
        let unclear = if time.ambiguous { ", which contradicts itself" } else { "" };
        format!("{}, from “{}”{unclear}", span(day, time.start, time.end), time.source_text)
    };
    let lines: Vec<String> = reading.times.iter().map(line).collect();
    let words = match lines.len() {
        0 => "They leave it to us to name times.".to_owned(),
        1 => "One time is read from it.".to_owned(),
        many => format!("{many} times are read from it."),
    };
    Step::new("times", "Times in it", words).lines(lines)
}

fn add_meeting(
    app: &App,
    story: &mut Story,
    read: &Rehearsed,
    worker: &Worker,
    met: bookings::Rehearsed,
    day: &Day<'_>,
    is_known: bool,
) -> Result<(), DryRunError> {
    use bookings::Rehearsed as Met;
    let title = "The meeting";
    let step = |words: String| Step::new("meeting", title, words);
    match met {
        Met::Agreed => story.add(step("They say yes to the meeting that stands: nothing is left to do.".to_owned())),
        Met::Left(note) => {
            story.add(step(note));
            story.decide(false, "A person decides about the meeting.");
        }
        Met::Books { start, end } => {
            story.add(step(format!("{} is free.", span(day, start, Some(end)))));
            story.decide(true, "It is booked by itself: one clear time, read surely, and the label is switched on.");
        }
        Met::Asks { start, end, note } => {
            story.add(step(format!("{}. {note}", span(day, start, Some(end)))));
            story.decide(false, "A person accepts or declines the time.");
        }
        Met::Offers { times, draft } => {
            let lines = times.iter().map(|(start, end)| span(day, *start, Some(*end))).collect();
            story.add(step("Free times are offered:".to_owned()).lines(lines));
            let written = agents::rehearse_draft(app, &read.reply, worker, &draft, String::new(), is_known)?;
            add_draft(story, written);
        }
    }
    Ok(())
}

fn add_answer(story: &mut Story, answer: Answer, is_left: bool) {
    match answer {
        Answer::No(why) => {
            story.add(Step::new("answer", "The answer", why.words()));
            story.decide(false, if is_left { "A person decides." } else { "Nothing is written back." });
        }
        Answer::Lacks(intent) => {
            let words = format!("{}: a fact is missing (no approved snippet covers it).", intent.words());
            story.add(Step::new("answer", "The answer", words));
            story.decide(false, "It is handed to a person: nothing is guessed.");
        }
        Answer::Draft(written) => add_draft(story, *written),
    }
}

fn add_draft(story: &mut Story, written: Written) {
    let Written { draft, writer, waits } = written;
    let words = match writer.as_str() {
        "" => format!("{}, written by the built-in engine.", draft.intent.words()),
        writer => format!(
            "{}. {writer} would be asked for the text first; this is the built-in engine’s.",
            draft.intent.words()
        ),
    };
    let step = Step::new("answer", "The answer", words).lines(cited(&draft));
    story.add(if draft.ungrounded.is_empty() {
        step
    } else {
        step.line(format!("In no source: {}.", draft.ungrounded.join(", ")))
    });
    match waits {
        None => story.decide(true, "It leaves by itself: the label is switched on and its record allows it."),
        Some(why) => story.decide(false, &format!("It waits for your approval. {why}")),
    }
    story.draft = Some(draft);
}

/// "Cites Snippet: Prices (019a… v3)."
fn cited(draft: &Draft) -> Vec<String> {
    let cited = draft.sources.iter().filter(|source| source.kind == SourceKind::Snippet);
    cited.map(|source| format!("It quotes {} ({}).", source.title, source.id)).collect()
}

fn percent(confidence: f32) -> String {
    format!("{:.0} %", confidence * 100.0)
}

fn span(day: &Day<'_>, start: UnixMillis, end: Option<UnixMillis>) -> String {
    let clock = |at: UnixMillis| at.in_zone(&day.zone).strftime("%H:%M").to_string();
    match end {
        Some(end) => format!("{} to {}", day.time_words(start), clock(end)),
        None => day.time_words(start),
    }
}

impl Story {
    fn about(read: &Rehearsed) -> Self {
        let Reading { label, confidence, language, .. } = read.reading();
        let odds = read.odds.iter().map(|(label, odds)| (label.as_str(), *odds)).collect();
        Self {
            text: read.reply.excerpt.clone(),
            from: read.reply.from.display().to_owned(),
            label,
            confidence,
            language,
            odds,
            ..Self::default()
        }
    }
}
