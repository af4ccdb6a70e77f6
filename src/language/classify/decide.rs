//! From probabilities to one verdict: headers, binding cues and the asymmetry of opt-outs.

use super::features::extract;
use super::headers::ReplyHeaders;
use super::label::{Class, Label, OtherKind};
use super::lexicon::Lexicon;
use super::model::{Scores, TrainedModel};
use super::reading::Reading;

/// What a reply was found to be. `confidence` is the calibrated probability of the label, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub label: Label,
    pub kind: Option<OtherKind>,
    pub confidence: f32,
    /// The next likely label and its probability.
    pub second: Option<(Label, f32)>,
}

impl Verdict {
    fn certain(kind: OtherKind, confidence: f32) -> Self {
        Self { label: Label::Other, kind: Some(kind), confidence, second: None }
    }
}

/// A demand to stop is obeyed from this probability on, even when another label is likelier:
/// writing once more to someone who asked not to is worse than losing a lead.
const OPT_OUT_FROM: f32 = 0.36;

/// How much a binding cue multiplies its class's odds.
const BINDING_ODDS: f32 = 6.0;

/// Judges a reply that has been read. Deterministic.
pub(super) fn judge(reading: &Reading<'_>, headers: &ReplyHeaders, model: &TrainedModel, lexicon: &Lexicon) -> Verdict {
    if headers.is_delivery_notice() {
        return Verdict::certain(delivery_kind(reading, headers), 0.99);
    }
    if reading.human().next().is_none() {
        let kind = if reading.injected { OtherKind::Injection } else { OtherKind::Empty };
        return Verdict::certain(kind, 0.97);
    }
    let mut odds = model.probabilities(&extract(reading, lexicon));
    weigh_binding_cues(reading, &mut odds);
    weigh_headers(reading, headers, &mut odds);
    pick(normalised(odds))
}

/// RFC 3463: class 4 is a temporary failure, class 5 a permanent one. Without a status the text
/// decides, and doubt means temporary, which suppresses nobody.
fn delivery_kind(reading: &Reading<'_>, headers: &ReplyHeaders) -> OtherKind {
    match headers.status_class {
        Some(5) => OtherKind::BounceHard,
        Some(_) => OtherKind::BounceSoft,
        None if reading.has("other:bounce_hard") && !reading.has("other:bounce_soft") => OtherKind::BounceHard,
        None => OtherKind::BounceSoft,
    }
}

/// Binding cues in statements raise the odds of what they speak for; a question about the product
/// may use the same words and changes nothing.
fn weigh_binding_cues(reading: &Reading<'_>, odds: &mut Scores) {
    let mut raised = [false; Class::COUNT];
    for (sentence, hit) in reading.hits().filter(|(_, hit)| hit.binding) {
        if sentence.asks && hit.topic != Label::Unsubscribe.as_str() {
            continue;
        }
        if let Some(column) = Class::parse(hit.topic).and_then(Class::column) {
            raised[column] |=
                !sentence.asks || opens_politely(sentence.tokens.first().map_or("", |t| t.folded.as_str()));
        }
    }
    for (value, _) in odds.iter_mut().zip(raised).filter(|(_, raised)| *raised) {
        *value *= BINDING_ODDS;
    }
}

/// A demand may be put as a question ("could you take me off?"), a product question seldom is.
fn opens_politely(first_word: &str) -> bool {
    const OPENINGS: &[&str] = &[
        "could",
        "would",
        "can",
        "will",
        "please",
        "konnten",
        "wurden",
        "bitte",
        "podrian",
        "podria",
        "pueden",
        "puede",
        "pourriez",
        "pouvez",
        "podem",
        "poderiam",
        "poderia",
        "kya",
        "kripya",
        "क्या",
        "कृपया",
    ];
    OPENINGS.contains(&first_word)
}

/// An automatic message cannot want, refuse or meet; it is an absence, a receipt, or names a
/// successor. A hint of automation only doubles the odds of those.
fn weigh_headers(reading: &Reading<'_>, headers: &ReplyHeaders, odds: &mut Scores) {
    let automatic = headers.is_automatic();
    for (value, class) in odds.iter_mut().zip(Class::ALL) {
        let by_machine = class.label == Label::OutOfOffice
            || matches!(class.kind, Some(OtherKind::AutoAck | OtherKind::BounceHard | OtherKind::BounceSoft));
        let possible = match class.label {
            Label::Referral => true,
            Label::Unsubscribe => reading.hits().any(|(_, hit)| hit.binding && hit.topic == "unsubscribe"),
            _ => by_machine,
        };
        if automatic && !possible {
            *value *= 0.01;
        }
        if automatic && by_machine {
            *value += 0.05;
        } else if headers.may_be_automatic() && by_machine {
            *value *= 2.0;
        }
    }
}

fn normalised(mut odds: Scores) -> Scores {
    let sum: f32 = odds.iter().sum();
    odds.iter_mut().for_each(|value| *value /= sum);
    odds
}

/// The likeliest label, `other` being the sum of its kinds, opt-outs first.
fn pick(probabilities: Scores) -> Verdict {
    let mut ranked: Vec<(Label, f32)> =
        Label::ALL.iter().map(|label| (*label, of_label(&probabilities, *label))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let opt_out = ranked.iter().position(|(label, p)| *label == Label::Unsubscribe && *p >= OPT_OUT_FROM);
    if let Some(at) = opt_out {
        let first = ranked.remove(at);
        ranked.insert(0, first);
    }
    let (label, confidence) = ranked[0];
    let kind = (label == Label::Other).then(|| likeliest_kind(&probabilities)).flatten();
    Verdict { label, kind, confidence: confidence.clamp(0.0, 1.0), second: ranked.get(1).copied() }
}

fn of_label(probabilities: &Scores, label: Label) -> f32 {
    Class::ALL.iter().zip(probabilities).filter(|(class, _)| class.label == label).map(|(_, p)| p).sum()
}

fn likeliest_kind(probabilities: &Scores) -> Option<OtherKind> {
    let kinds = Class::ALL.iter().zip(probabilities).filter(|(class, _)| class.label == Label::Other);
    kinds.max_by(|a, b| a.1.total_cmp(b.1)).and_then(|(class, _)| class.kind)
}
