//! The reply classifier: one label, with reasons, for what a person or machine answered.
//!
//! Always true here: no I/O, no clock, no randomness; the same reply gets the same answer from the
//! same program. Text that speaks to the machine is cut out before anything is judged, so it
//! cannot change the label of what a person wrote. Demands to stop win over everything else, and
//! from a lower probability than other labels need.
//!
//! The way of a reply: `normalise` (own sentences, visible characters) -> `tokens` -> `lexicon`
//! (concepts shared by six languages) and `cues` (telling turns of phrase) = `reading`; then
//! `features` -> `model` (linear, trained by `train` from `../corpus`) -> `decide` (headers,
//! binding cues, precedence) -> `explain`. Beside it `letters` and `tongue` tell its language.

mod corpus;
mod cues;
mod dates;
mod decide;
mod explain;
mod features;
#[cfg(test)]
mod found_tests;
mod headers;
mod heldout;
mod label;
mod letters;
mod lexicon;
mod model;
mod normalise;
mod people;
mod reading;
mod report;
mod taught;
#[cfg(test)]
mod tests;
pub mod times_report;
mod tokens;
mod tongue;
pub mod train;

use std::sync::OnceLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use headers::ReplyHeaders;
pub use label::{Flag, Label, OtherKind};
pub use model::{ModelError, TrainedModel};
pub use people::Referred;
pub use taught::Lesson;

use crate::base::carried;
use dates::Calendar;
use reading::{Knowledge, Read};

/// A reply to judge. `text` is the latest message with quotes stripped (leftovers are tolerated),
/// an excerpt of at most 2,000 characters. Without `sent_at` no dates are resolved; without `zone`
/// days are counted in UTC.
#[derive(Clone, Copy, Debug)]
pub struct ReplyInput<'a> {
    pub text: &'a str,
    pub headers: &'a ReplyHeaders,
    pub sent_at: Option<Timestamp>,
    pub zone: Option<&'a TimeZone>,
}

/// What a reply is, how surely, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    pub label: Label,
    /// Calibrated probability that `label` is right, 0 to 1.
    pub confidence: f32,
    /// The next likely label of the program's own verdict.
    pub second: Option<Label>,
    /// The probability of every label in the program's own verdict, the likeliest first.
    pub odds: Vec<(Label, f32)>,
    /// BCP 47: `en de es fr pt hi hi-Latn`, another code when plain, else `und`.
    pub language: String,
    /// Set when the program itself found `Other`.
    pub other_kind: Option<OtherKind>,
    /// One to three sentences for people, at most 160 characters each.
    pub reasons: Vec<String>,
    /// Up to three slices of the incoming text.
    pub evidence: Vec<String>,
    pub flags: Vec<Flag>,
    /// The day a notice of absence names for the return, not before the day of sending.
    pub return_date: Option<Date>,
    /// The working day on which a deferral may be taken up again, if it says when.
    pub follow_up_on: Option<Date>,
    /// They would meet and want us to name the times.
    pub asks_for_times: bool,
    /// Whom a referral or a notice of absence points to, at most three.
    pub referred: Vec<Referred>,
}

/// The embedded classifier: the hand-made lists and the trained model.
#[derive(Default)]
pub struct Classifier {
    knowledge: Knowledge,
    model: TrainedModel,
}

impl Classification {
    /// So surely something other than a proposal that days and hours in it are not meant for us: opening hours in a
    /// question, the date of a ticket, the end of an absence, the month to ask again in.
    pub fn proposes_no_time(&self) -> bool {
        let from = match self.label {
            Label::MeetingProposed | Label::Interested => return false,
            Label::Question | Label::NotInterested | Label::Unsubscribe | Label::Other => 0.70,
            Label::Referral | Label::Later => 0.90,
            // "4 August, 9 to 11" by itself looks like one.
            Label::OutOfOffice => 0.97,
        };
        self.confidence >= from
    }
}

/// The text with orders to the machine blanked out, byte for byte, so that what is found in it stands at the same
/// place: a person who wrote "book tomorrow at 3 am" for the software to read has proposed nothing.
pub fn without_orders(text: &str) -> std::borrow::Cow<'_, str> {
    let reading = Classifier::embedded().knowledge.read(text);
    let orders = reading.sentences.iter().flat_map(Read::orders).filter(|order| order.contains(char::is_alphanumeric));
    let mut kept = std::borrow::Cow::Borrowed(text);
    for order in orders {
        let at = order.as_ptr() as usize - text.as_ptr() as usize;
        kept.to_mut().replace_range(at..at + order.len(), &blank(order));
    }
    kept
}

fn blank(order: &str) -> String {
    order.chars().map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) }).collect()
}

/// The topic of cues for a wish that we name the times to meet.
const ASKS_TIMES: &str = "asks_times";

fn model() -> Result<TrainedModel, ModelError> {
    TrainedModel::parse(&carried!("model.bin").map_err(|_| ModelError::Checksum)?)
}

impl Classifier {
    /// The classifier this program comes with; read once, in a few milliseconds.
    ///
    /// Should a part of it be unreadable (a test shows that none is), that part counts as empty,
    /// and what is left decides with low confidence, which leaves every reply to a person.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Classifier> = OnceLock::new();
        EMBEDDED.get_or_init(|| Self {
            knowledge: Knowledge::embedded().unwrap_or_default(),
            model: model().unwrap_or_default(),
        })
    }

    fn new(knowledge: Knowledge, model: TrainedModel) -> Self {
        Self { knowledge, model }
    }

    /// Judges one reply. Deterministic; well under a millisecond in a release build.
    pub fn classify(&self, input: &ReplyInput<'_>) -> Classification {
        self.judge(input, None)
    }

    /// Reads a reply of which a person has said what it is: days and names are those that go with `label`. Reasons,
    /// flags and language stay the program's own.
    pub fn classify_as(&self, input: &ReplyInput<'_>, label: Label) -> Classification {
        self.judge(input, Some(label))
    }

    fn judge(&self, input: &ReplyInput<'_>, said: Option<Label>) -> Classification {
        let reading = self.knowledge.read(input.text);
        let lexicon = &self.knowledge.lexicon;
        let verdict = decide::judge(&reading, input.headers, &self.model, lexicon);
        let (reasons, evidence) = explain::explain(&reading, &verdict, &self.model, lexicon);
        let calendar = calendar(input);
        let label = said.unwrap_or(verdict.label);
        let names_people = matches!(label, Label::Referral | Label::OutOfOffice);
        Classification {
            label,
            confidence: if said.is_some() { 1.0 } else { verdict.confidence },
            second: verdict.second.map(|(second, _)| second),
            odds: ranked(verdict.odds),
            language: tongue::language(&reading, &self.model.letters),
            other_kind: verdict.kind.filter(|_| label == Label::Other),
            reasons,
            evidence,
            flags: explain::flags(&reading, &verdict),
            return_date: calendar
                .filter(|_| label == Label::OutOfOffice)
                .and_then(|calendar| dates::return_date(&reading, lexicon, calendar)),
            follow_up_on: calendar
                .filter(|_| label == Label::Later)
                .and_then(|calendar| dates::follow_up(&reading, calendar)),
            asks_for_times: reading.has(ASKS_TIMES),
            referred: if names_people { people::referred(&reading, lexicon) } else { Vec::new() },
        }
    }

    /// As in [`Classification::language`].
    fn language(&self, text: &str) -> String {
        tongue::language(&self.knowledge.read(text), &self.model.letters)
    }

    fn judge_text(&self, text: &str, headers: &ReplyHeaders) -> decide::Verdict {
        decide::judge(&self.knowledge.read(text), headers, &self.model, &self.knowledge.lexicon)
    }
}

fn ranked(odds: decide::Odds) -> Vec<(Label, f32)> {
    let mut ranked: Vec<(Label, f32)> = Label::ALL.iter().copied().zip(odds).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

/// The day of sending on the writer's calendar; zones of the United States write month first.
fn calendar(input: &ReplyInput<'_>) -> Option<Calendar> {
    const MONTH_FIRST: &[&str] = &[
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Phoenix",
        "America/Los_Angeles",
        "America/Anchorage",
        "America/Detroit",
        "America/Boise",
        "Pacific/Honolulu",
    ];
    let zone = input.zone.cloned().unwrap_or(TimeZone::UTC);
    let name = zone.iana_name().unwrap_or("");
    let month_first = MONTH_FIRST.contains(&name) || name.starts_with("America/Indiana/");
    let sent = input.sent_at?.to_zoned(zone.clone()).date();
    Some(Calendar { sent, month_first })
}
