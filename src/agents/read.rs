//! Reads what came in, once: the label and why, the times it proposes, and what must follow at once.
//!
//! The text of a reply is data. It is judged by fixed code and model, and nothing it says can change what a worker
//! may do; text that gives orders to the machine is flagged, and a person looks. Where the workspace has chosen an AI
//! service for it, the built-in engine reads first, and a job asks the service about what is left to ask.

use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::service::{self, Asked, NotNow};
use super::{hand_over, lessons, opt_out};
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{ContactId, MessageId, ReplyId, UnixMillis, WorkspaceId};
use crate::contacts;
use crate::engines::{self, Line};
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::http::ui::reading_words;
use crate::jobs;
use crate::language::classify::{Classification, Classifier, Label, OtherKind, ReplyHeaders, ReplyInput};
use crate::language::engine::{Embedded, Engine, EMBEDDED};
use crate::language::times::{OfferedTime, Proposal, TimeContext, TimesFound};
use crate::messaging::{self, Bounce, ProposedTime, Reading, Reply, SuggestedContact};
use crate::store::{StoreError, Txn};
use crate::workspaces::{self, Routing};

/// The built-in model, for the record (G13), is part of the program, so its version is the program's.
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

/// Reads one reply, or has the workspace's service asked about it. One that was read already, or is gone, stays as it is.
pub fn read_reply(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<(), StoreError> {
    let Some(reply) = unread(app, workspace, id)? else { return Ok(()) };
    let own = understand(app, &reply, None)?;
    if is_for_service(app, &reply, &own.0)? {
        let job = service::read_job(workspace, id, app.now());
        return app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop);
    }
    keep(app, workspace, id, &into_reading(own))
}

fn unread(app: &App, workspace: WorkspaceId, id: ReplyId) -> Result<Option<Reply>, StoreError> {
    Ok(messaging::get_reply(&app.store, workspace, id)?.filter(|reply| reply.reading.is_none()))
}

/// Whether anything is left to ask: an opt-out, a bounce, an absence and a machine's words are ours to judge.
pub(super) fn is_for_service(app: &App, reply: &Reply, own: &Classification) -> Result<bool, StoreError> {
    if engines::is_binding(own, reply.automatic) || reply.excerpt.trim().is_empty() {
        return Ok(false);
    }
    let chosen = |task| engines::is_chosen(app, reply.workspace, task);
    let has_times = own.label == Label::MeetingProposed;
    Ok(chosen(engines::Task::Classify)? || (has_times && chosen(engines::Task::Times)?))
}

/// The job of the service's lane: what it says, checked, or what the built-in engine had said and why.
pub(super) fn read_by_service(app: &App, workspace: WorkspaceId, id: ReplyId, tried: u32) -> Result<(), NotNow> {
    let Some(reply) = unread(app, workspace, id)? else { return Ok(()) };
    let own = understand(app, &reply, None)?;
    let Some(line) = service::line_of(app, &reply, tried)? else {
        return Ok(keep(app, workspace, id, &into_reading(own))?);
    };
    let own_label = own.0.label;
    let asked = match tried {
        service::MOST_TRIES.. => Asked::Fallback(service::GAVE_UP.to_owned()),
        _ => ask(app, &reply, &line, own.0.clone())?,
    };
    let reading = match asked {
        Asked::Has((judged, found, fallback_reason)) => {
            let engine = if line.does(engines::Task::Classify) {
                line.name(engines::Task::Classify)
            } else {
                format!("{EMBEDDED}, times by {}", line.name(engines::Task::Times))
            };
            // Only what we read as an opt-out ourselves takes somebody off the list: by a service alone, a person says.
            let undecided = judged.label == Label::Unsubscribe && own_label != Label::Unsubscribe;
            Reading { engine, fallback_reason, undecided, ..into_reading((judged, found)) }
        }
        Asked::Fallback(why) => Reading { fallback_reason: Some(why), ..into_reading(own) },
    };
    Ok(keep(app, workspace, id, &reading)?)
}

/// A label, times, and why the times are our own where a service was chosen for them.
type Told = (Classification, TimesFound, Option<String>);

fn ask(app: &App, reply: &Reply, line: &Line<'_>, own: Classification) -> Result<Asked<Told>, NotNow> {
    let heard = Heard::of(app, reply)?;
    let judged = if line.does(engines::Task::Classify) {
        match service::asked(line.classify_reply(&heard.input(reply)))? {
            Asked::Has(judged) => judged,
            Asked::Fallback(why) => return Ok(Asked::Fallback(why)),
        }
    } else {
        own
    };
    let context = heard.context(reply);
    let ours = || Embedded.extract_times(&reply.excerpt, &context).unwrap_or_else(|_| no_times());
    if judged.label != Label::MeetingProposed || !line.does(engines::Task::Times) {
        return Ok(Asked::Has((judged, ours(), None)));
    }
    // The label was paid for: a service that is slow now does not have it asked and paid for again.
    Ok(match line.extract_times(&reply.excerpt, &context) {
        Ok(found) => Asked::Has((judged, found, None)),
        Err(no_use) => Asked::Has((judged, ours(), Some(no_use.reason()))),
    })
}

fn no_times() -> TimesFound {
    TimesFound { proposals: Vec::new(), duration_minutes: None, booking_links: Vec::new() }
}

/// Writes what a reply means, once, with everything that must hold in the same instant.
fn keep(app: &App, workspace: WorkspaceId, id: ReplyId, understood: &Reading) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(mut reply) = messaging::find_reply(txn, workspace, id)? else { return Ok(()) };
        if reply.reading.is_some() {
            return Ok(());
        }
        let (reading, effect) = judged(txn, &reply, Reading { read_at: now, ..understood.clone() })?;
        reply.reading = Some(reading.clone());
        messaging::update_reply(txn, &reply)?;
        act(txn, &reply, effect, now)?;
        let who = Who::System("Reads replies".to_owned());
        audit::record(
            txn,
            workspace,
            now,
            &who,
            "reply.read",
            &format!("reply {id}"),
            &record(&reply, &reading, effect.words()),
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
        tagged: standing.tagged.clone(),
        language: standing.language.clone(),
        corrected_from: standing.corrected_from.clone(),
        ..fresh
    })
}

/// The built-in engine's own reading, as if no person had said anything.
pub(super) fn read_alone(app: &App, reply: &Reply) -> Result<Reading, StoreError> {
    Ok(into_reading(understand(app, reply, None)?))
}

/// What the reply is if not an opt-out: what the program holds for next likely.
pub(super) fn otherwise(app: &App, reply: &Reply) -> Result<Label, StoreError> {
    let (judged, _) = understand(app, reply, None)?;
    let next = [judged.label].into_iter().chain(judged.second).find(|label| *label != Label::Unsubscribe);
    Ok(next.unwrap_or(Label::Other))
}

/// What the workspace's settings and the owner's rules make of a reading: whether it is too unsure to act on, whether
/// it is handed to a person, and what follows at once.
pub(super) fn judged(txn: &mut Txn<'_>, reply: &Reply, reading: Reading) -> Result<(Reading, Effect), StoreError> {
    let routing = workspaces::find_routing(txn, reply.workspace)?;
    let is_opt_out = reading.label == Label::Unsubscribe.as_str();
    let is_unsure = is_opt_out && !workspaces::reaches(reading.confidence, routing.opt_out);
    let undecided = reading.undecided || is_unsure;
    let reading = hand_over::escalate(txn, reply, Reading { undecided, ..reading })?;
    let effect = effect_of(&reading, routing);
    Ok((reading, effect))
}

/// What must hold in the same instant as the reading. Everything else (stopping a sequence, a booking, a draft) is
/// done by whoever hears that the reply was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    LeftToPerson,
    OptedOut,
    /// Nobody is there.
    Bounced,
    BouncedForNow,
    Recorded,
}

impl Effect {
    /// For the record.
    pub fn words(self) -> &'static str {
        match self {
            Effect::LeftToPerson => "left to a person",
            Effect::OptedOut => "opted out",
            Effect::Bounced => "bounced: not written to again",
            Effect::BouncedForNow => "bounced for now",
            Effect::Recorded => "recorded",
        }
    }
}

fn effect_of(reading: &Reading, routing: Routing) -> Effect {
    if reading.undecided {
        return Effect::LeftToPerson;
    }
    if reading.label == Label::Unsubscribe.as_str() {
        return Effect::OptedOut;
    }
    if let Some(hard) = bounce_of(reading).filter(|_| workspaces::reaches(reading.confidence, routing.opt_out)) {
        return if hard { Effect::Bounced } else { Effect::BouncedForNow };
    }
    if reading.flags.iter().any(|flag| flag == "injection") {
        return Effect::LeftToPerson;
    }
    Effect::Recorded
}

fn act(txn: &mut Txn<'_>, reply: &Reply, effect: Effect, now: UnixMillis) -> Result<(), StoreError> {
    let bounce = match effect {
        Effect::OptedOut => return opt_out::apply(txn, reply, now, "reply"),
        Effect::Bounced => Bounce::Nobody,
        Effect::BouncedForNow => Bounce::Elsewhere,
        Effect::LeftToPerson | Effect::Recorded => return Ok(()),
    };
    messaging::note_bounce(txn, reply.workspace, reply.message, bounce, BOUNCED, now).map(drop)
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

/// What a reply is read with, besides its words.
struct Heard {
    zones: Zones,
    offered: Vec<OfferedTime>,
    headers: ReplyHeaders,
}

impl Heard {
    fn of(app: &App, reply: &Reply) -> Result<Self, StoreError> {
        let pairs = reply.header_facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let by_channel = reply.automatic.then_some(("auto-submitted", "auto-replied"));
        Ok(Self {
            zones: Zones::of(app, reply.workspace, reply.contact)?,
            offered: offered_before(app, reply.workspace, reply)?,
            headers: ReplyHeaders::from_pairs(pairs.chain(by_channel)),
        })
    }

    fn input<'h>(&'h self, reply: &'h Reply) -> ReplyInput<'h> {
        ReplyInput {
            text: &reply.excerpt,
            headers: &self.headers,
            sent_at: Some(reply.sent_at.to_timestamp()),
            zone: Some(&self.zones.contact),
        }
    }

    fn context(&self, reply: &Reply) -> TimeContext<'_> {
        TimeContext {
            sent_at: reply.sent_at.to_timestamp(),
            sender_zone: &self.zones.contact,
            sender_zone_name: &self.zones.contact_name,
            workspace_zone: &self.zones.workspace,
            offered: &self.offered,
        }
    }
}

/// Classifies a reply (or takes a person's word for it) and reads its times, by the built-in engine and what was
/// corrected in this workspace. The same reply in the same conversation, with the same corrections, gives the same answer.
pub(super) fn understand(
    app: &App,
    reply: &Reply,
    said: Option<Label>,
) -> Result<(Classification, TimesFound), StoreError> {
    let heard = Heard::of(app, reply)?;
    let input = heard.input(reply);
    let judged = match said {
        Some(label) => Classifier::embedded().classify_as(&input, label),
        None => Classifier::embedded().classify_taught(&input, &lessons::of_others(&app.store, reply)?),
    };
    let found = Embedded.extract_times(&reply.excerpt, &heard.context(reply)).unwrap_or_else(|_| no_times());
    Ok((judged, found))
}

/// `read_at` is left to the caller.
pub(super) fn into_reading((judged, found): (Classification, TimesFound)) -> Reading {
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
    let engine = match (reading.engine.as_str(), &reading.fallback_reason) {
        ("", None) => format!("{EMBEDDED} {MODEL}"),
        ("", Some(why)) => format!("{EMBEDDED} {MODEL}, because of {why}"),
        (engine, None) => engine.to_owned(),
        (engine, Some(why)) => format!("{engine}; times by {EMBEDDED} {MODEL}, because of {why}"),
    };
    format!("{read}: {outcome}. {} (Engine {engine}, fingerprint of the text {input}.)", reasons.join(" "))
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
