//! Reads what came in, once: the label and why, the times it proposes, and what must follow at once.
//!
//! The text of a reply is data. It is judged by fixed code and model, and nothing it says can change what a worker
//! may do; text that gives orders to the machine is flagged, and a person looks.

use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::{hand_over, opt_out};
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{ContactId, MessageId, ReplyId, UnixMillis, WorkspaceId};
use crate::contacts;
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::http::ui::reading_words;
use crate::language::classify::{
    without_orders, Classification, Classifier, Label, OtherKind, ReplyHeaders, ReplyInput,
};
use crate::language::times::{read_times, OfferedTime, Proposal, TimeContext, TimesFound};
use crate::messaging::{self, Bounce, ProposedTime, Reading, Reply, SuggestedContact};
use crate::store::{StoreError, Txn};
use crate::workspaces::{self, Routing};

/// The engine that read it, for the record (G13). The model is part of the program, so its version is the program's.
const ENGINE: &str = "embedded";
const MODEL: &str = env!("CARGO_PKG_VERSION");

/// Why an address is on the list, where the report came as a plain answer.
const BOUNCED: &str = "An answer says that the address cannot be reached.";
/// Messages of a thread that may have offered times.
const LOOK_BACK: usize = 10;

pub struct Reader;

impl Subscriber<App> for Reader {
    fn name(&self) -> &'static str {
        "agents.read"
    }

    /// A reaction: nobody wants an old answer acted upon.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        match event.what {
            Happened::MessageReceived { reply, .. } => read_reply(app, event.workspace, reply),
            _ => Ok(()),
        }
    }
}

/// Reads one reply. One that was read already, or is gone, stays as it is.
pub fn read_reply(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<(), StoreError> {
    let Some(reply) = messaging::get_reply(&app.store, workspace, id)? else { return Ok(()) };
    if reply.reading.is_some() {
        return Ok(());
    }
    let now = app.now();
    let understood = into_reading(understand(app, &reply, None)?);
    app.store.write(|txn| {
        let Some(mut reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(()) };
        if reply.reading.is_some() {
            return Ok(());
        }
        let routing = workspaces::find_routing(txn, workspace)?;
        let is_opt_out = understood.label == Label::Unsubscribe.as_str();
        let undecided = is_opt_out && !workspaces::reaches(understood.confidence, routing.opt_out);
        let reading = Reading { read_at: now, undecided, ..understood.clone() };
        let reading = hand_over::escalate(txn, &reply, reading)?;
        reply.reading = Some(reading.clone());
        messaging::update_reply(txn, &reply)?;
        let outcome = act(txn, &reply, &reading, routing, now)?;
        let who = Who::System("Reads replies".to_owned());
        audit::record(
            txn,
            workspace,
            now,
            &who,
            "reply.read",
            &format!("reply {id}"),
            &record(&reply, &reading, outcome),
        )?;
        let what = Happened::ReplyClassified { reply: id, contact: reply.contact, label: reading.label };
        events::append(txn, workspace, now, what).map(|_| ())
    })
}

/// Reads a reply once more as what a person says it is: the times, days and names that go with that label. What the
/// program had noticed by itself (reasons, flags, language) stays, and so do people of it who were kept since.
pub(super) fn read_as(app: &App, reply: &Reply, label: Label) -> Result<Reading, StoreError> {
    let fresh = into_reading(understand(app, reply, Some(label))?);
    let Some(standing) = reply.reading.clone() else { return Ok(fresh) };
    let kept = |person: SuggestedContact| {
        let known = standing.suggested.iter().find(|known| known.email == person.email && !known.email.is_empty());
        SuggestedContact { contact: known.and_then(|known| known.contact), ..person }
    };
    Ok(Reading {
        suggested: fresh.suggested.into_iter().map(kept).collect(),
        reasons: standing.reasons.clone(),
        flags: standing.flags.clone(),
        escalation: standing.escalation.clone(),
        language: standing.language.clone(),
        corrected_from: standing.corrected_from.clone(),
        ..fresh
    })
}

/// What the reply is if not an opt-out: what the program holds for next likely.
pub(super) fn otherwise(app: &App, reply: &Reply) -> Result<Label, StoreError> {
    let (judged, _) = understand(app, reply, None)?;
    let next = [judged.label].into_iter().chain(judged.second).find(|label| *label != Label::Unsubscribe);
    Ok(next.unwrap_or(Label::Other))
}

/// What must hold in the same instant as the reading. Everything else (stopping a sequence, a booking, a draft) is
/// done by whoever hears that the reply was read.
fn act(
    txn: &mut Txn<'_>,
    reply: &Reply,
    reading: &Reading,
    routing: Routing,
    now: UnixMillis,
) -> Result<&'static str, StoreError> {
    if reading.undecided {
        return Ok("left to a person");
    }
    if reading.label == Label::Unsubscribe.as_str() {
        opt_out::apply(txn, reply, now, "reply")?;
        return Ok("opted out");
    }
    if let Some(hard) = bounce_of(reading).filter(|_| workspaces::reaches(reading.confidence, routing.opt_out)) {
        let bounce = if hard { Bounce::Nobody } else { Bounce::Elsewhere };
        messaging::note_bounce(txn, reply.workspace, reply.message, bounce, BOUNCED, now)?;
        return Ok(if hard { "bounced: not written to again" } else { "bounced for now" });
    }
    if reading.flags.iter().any(|flag| flag == "injection") {
        return Ok("left to a person");
    }
    Ok("recorded")
}

/// A report about delivery that came as a plain answer: whether the address is gone (true) or only not reached now.
fn bounce_of(reading: &Reading) -> Option<bool> {
    match reading.other_kind.as_deref().and_then(OtherKind::parse) {
        Some(OtherKind::BounceHard) => Some(true),
        Some(OtherKind::BounceSoft) => Some(false),
        _ => None,
    }
}

/// The zones that words like "Tuesday at 4" and "your time" count in.
pub struct Zones {
    pub contact: TimeZone,
    pub contact_name: String,
    pub workspace: TimeZone,
}

impl Zones {
    pub fn of(app: &App, workspace: WorkspaceId, contact: ContactId) -> Result<Self, StoreError> {
        let home = workspaces::get(&app.store, workspace)?;
        let home_name = home.map_or_else(|| "UTC".to_owned(), |workspace| workspace.time_zone);
        let known = contacts::get(&app.store, workspace, contact)?.and_then(|contact| contact.time_zone);
        let zone = |name: &str| TimeZone::get(name).unwrap_or(TimeZone::UTC);
        let contact_name = known.filter(|name| TimeZone::get(name).is_ok()).unwrap_or_else(|| home_name.clone());
        Ok(Self { contact: zone(&contact_name), workspace: zone(&home_name), contact_name })
    }
}

/// The times we offered last before the reply came: by the message it answers, or else earlier in the conversation.
fn offered_before(app: &App, workspace: WorkspaceId, reply: &Reply) -> Result<Vec<OfferedTime>, StoreError> {
    let mut messages = messaging::list_of_contact(&app.store, workspace, reply.contact, LOOK_BACK)?;
    let answered = |id: MessageId| id == reply.message;
    messages.sort_by_key(|message| !answered(message.id));
    let times = messages.into_iter().map(|message| message.offered).find(|times| !times.is_empty());
    let offered =
        |(start, end): (UnixMillis, UnixMillis)| OfferedTime { start: start.to_timestamp(), end: end.to_timestamp() };
    Ok(times.unwrap_or_default().into_iter().map(offered).collect())
}

/// Classifies a reply (or takes a person's word for it) and reads its times. The same reply in the same conversation
/// gives the same answer.
fn understand(app: &App, reply: &Reply, said: Option<Label>) -> Result<(Classification, TimesFound), StoreError> {
    let zones = Zones::of(app, reply.workspace, reply.contact)?;
    let offered = offered_before(app, reply.workspace, reply)?;
    let pairs = reply.header_facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let by_channel = reply.automatic.then_some(("auto-submitted", "auto-replied"));
    let headers = ReplyHeaders::from_pairs(pairs.chain(by_channel));
    let input = ReplyInput {
        text: &reply.excerpt,
        headers: &headers,
        sent_at: Some(reply.sent_at.to_timestamp()),
        zone: Some(&zones.contact),
    };
    let judged = match said {
        Some(label) => Classifier::embedded().classify_as(&input, label),
        None => Classifier::embedded().classify(&input),
    };
    let context = TimeContext {
        sent_at: reply.sent_at.to_timestamp(),
        sender_zone: &zones.contact,
        sender_zone_name: &zones.contact_name,
        workspace_zone: &zones.workspace,
        offered: &offered,
    };
    Ok((judged, read_times(&without_orders(&reply.excerpt), &context)))
}

/// `read_at` is left to the caller.
fn into_reading((judged, found): (Classification, TimesFound)) -> Reading {
    // Only who proposes a meeting proposes times; the days in a notice of absence are no offer.
    let proposes = judged.label == Label::MeetingProposed;
    let suggested = judged.referred.into_iter().map(|person| SuggestedContact {
        name: person.name,
        email: person.email,
        phone: person.phone,
        role: person.role,
        contact: None,
    });
    Reading {
        label: judged.label.as_str().to_owned(),
        confidence: judged.confidence,
        language: judged.language,
        reasons: judged.reasons,
        flags: judged.flags.iter().map(|flag| flag.as_str().to_owned()).collect(),
        times: if proposes { found.proposals.into_iter().map(proposed).collect() } else { Vec::new() },
        return_date: judged.return_date.map(|date| date.to_string()),
        follow_up_on: judged.follow_up_on.map(|date| date.to_string()),
        other_kind: judged.other_kind.map(|kind| kind.as_str().to_owned()),
        duration_minutes: found.duration_minutes,
        booking_links: found.booking_links,
        asks_for_times: judged.asks_for_times,
        suggested: suggested.collect(),
        ..Reading::default()
    }
}

fn proposed(found: Proposal) -> ProposedTime {
    ProposedTime {
        start: found.start.into(),
        end: found.end.map(UnixMillis::from),
        source_text: found.source_text,
        ambiguous: found.ambiguous,
    }
}

/// The record of the decision (G13): what went in as a hash, what decided, what came out. The person's words stay in
/// the reply, where an erasure reaches them.
fn record(reply: &Reply, reading: &Reading, outcome: &str) -> String {
    let input = HEXLOWER.encode(&Sha256::digest(reply.excerpt.as_bytes())[..16]);
    let mut reasons: Vec<String> = reading.reasons.iter().map(|reason| without_quotes(reason)).collect();
    reasons.dedup();
    let read = reading_words(&reading.label, reading.confidence);
    format!("{read}: {outcome}. {} (Engine {ENGINE} {MODEL}, fingerprint of the text {input}.)", reasons.join(" "))
}

/// A reason without the words it quotes, as a sentence.
fn without_quotes(reason: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for c in reason.chars() {
        match c {
            '“' => inside = true,
            '”' => {
                inside = false;
                kept.push('…');
            }
            c if !inside => kept.push(c),
            _ => {}
        }
    }
    match kept.strip_prefix("… ") {
        Some(rest) => sentence(rest),
        None => kept,
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::without_quotes;

    #[test]
    fn the_record_of_a_decision_keeps_none_of_the_persons_words() {
        assert_eq!(without_quotes("“take me off” asks to be left alone."), "Asks to be left alone.");
        assert_eq!(without_quotes("No words were left."), "No words were left.");
    }
}
