//! From probabilities to one verdict: headers, binding cues and the asymmetry of opt-outs.

use super::cues::Hit;
use super::features::extract;
use super::headers::ReplyHeaders;
use super::label::{Class, Label, OtherKind};
use super::lexicon::Lexicon;
use super::model::{Scores, TrainedModel};
use super::reading::{Read, Reading};

/// What a reply was found to be. `confidence` is the calibrated probability of the label, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub label: Label,
    pub kind: Option<OtherKind>,
    pub confidence: f32,
    /// The next likely label and its probability.
    pub second: Option<(Label, f32)>,
    /// The calibrated probability of every label, in the order of `Label::ALL`.
    pub odds: Odds,
}

pub(super) type Odds = [f32; Label::ALL.len()];

impl Verdict {
    fn certain(kind: OtherKind, confidence: f32) -> Self {
        let odds = std::array::from_fn(|at| if Label::ALL[at] == Label::Other { confidence } else { 0.0 });
        Self { label: Label::Other, kind: Some(kind), confidence, second: None, odds }
    }
}

/// A demand to stop is obeyed from this probability on, even when another label is likelier: writing once more to
/// someone who asked not to is worse than losing a lead. So low a confidence is shown to a person before it counts.
const OPT_OUT_FROM: f32 = 0.13;

/// The same where a question is likelier, for product questions use the words of opt-outs.
const OPT_OUT_BEFORE_QUESTION: f32 = 0.20;

/// The same where a wish to go on is likelier than the demand to stop: then one of the two is badly misread.
const OPT_OUT_BEFORE_YES: f32 = 0.42;

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
    weigh_bare_questions(reading, &mut odds);
    weigh_sentences(reading, model, lexicon, &mut odds);
    weigh_wish_for_times(reading, lexicon, &mut odds);
    weigh_headers(reading, headers, lexicon, &mut odds);
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

/// Binding cues raise the odds of what they speak for; a question about the product may use the
/// same words and changes nothing.
fn weigh_binding_cues(reading: &Reading<'_>, odds: &mut Scores) {
    let mut raised = [false; Class::COUNT];
    for (sentence, hit) in reading.hits().filter(|(_, hit)| hit.binding) {
        if let Some(column) = Class::parse(hit.topic).and_then(Class::column) {
            raised[column] |= !sentence.asks || is_own_demand(sentence, hit);
        }
    }
    for (value, _) in odds.iter_mut().zip(raised).filter(|(_, raised)| *raised) {
        *value *= BINDING_ODDS;
    }
}

/// Of several sentences, one may settle the matter on its own: a demand to stop outweighs whatever
/// stands around it. A sentence surer than `SETTLED_FROM` raises the odds, up to `SETTLING_ODDS`.
fn weigh_sentences(reading: &Reading<'_>, model: &TrainedModel, lexicon: &Lexicon, odds: &mut Scores) {
    const SETTLED_FROM: f32 = 0.6;
    const SETTLING_ODDS: f32 = 5.0;
    if reading.human().nth(1).is_none() {
        return;
    }
    for (column, value) in odds.iter_mut().enumerate().filter(|(at, _)| Class::ALL[*at].label == Label::Unsubscribe) {
        let alone = |sentence: &Read<'_>| model.probabilities(&extract(&reading.only(sentence), lexicon))[column];
        let surest = reading.human().filter(|s| s.tokens.len() >= 3).map(alone).fold(0.0, f32::max);
        if surest > SETTLED_FROM {
            *value *= 1.0 + (SETTLING_ODDS - 1.0) * (surest - SETTLED_FROM) / (1.0 - SETTLED_FROM);
        }
    }
}

/// A reply that only asks, and asks nobody to do anything, is a question even where it speaks of
/// addresses, mails and stopping.
fn weigh_bare_questions(reading: &Reading<'_>, odds: &mut Scores) {
    const REQUESTS: &[&str] = &[
        "could",
        "would",
        "can",
        "will",
        "please",
        "may",
        "how",
        "konnten",
        "konnen",
        "wurden",
        "bitte",
        "wie",
        "podrian",
        "podria",
        "pueden",
        "puede",
        "como",
        "pourriez",
        "pouvez",
        "comment",
        "podem",
        "poderiam",
        "poderia",
        "kya",
        "kaise",
        "kripya",
        "क्या",
        "कृपया",
    ];
    let requests =
        |sentence: &Read<'_>| sentence.tokens.iter().take(2).any(|token| REQUESTS.contains(&token.folded.as_str()));
    let demanded =
        reading.hits().any(|(sentence, hit)| hit.binding && (!sentence.asks || is_own_demand(sentence, hit)));
    if reading.human().all(|sentence| sentence.asks && !requests(sentence)) && !demanded {
        for (value, class) in odds.iter_mut().zip(Class::ALL) {
            *value *= if class.label == Label::Unsubscribe { 0.3 } else { 1.0 };
        }
    }
}

/// Who asks us to name times does not put us off, whatever else lies far ahead ("we build next summer, so this is the
/// right time; send me a few times"), unless the times are to lie far ahead themselves.
fn weigh_wish_for_times(reading: &Reading<'_>, lexicon: &Lexicon, odds: &mut Scores) {
    let far = lexicon.bit("VAGUE").unwrap_or(0) | lexicon.bit("NOTNOW").unwrap_or(0);
    let near = |read: &Read<'_>| read.concepts.iter().all(|set| set & far == 0);
    if reading.hits().any(|(read, hit)| hit.topic == super::ASKS_TIMES && near(read)) {
        for (value, class) in odds.iter_mut().zip(Class::ALL) {
            *value *= if class.label == Label::Later { 0.03 } else { 1.0 };
        }
    }
}

/// A demand put as a question speaks of the writer ("could you take me off?"); a question about
/// the product speaks of others ("can it remove duplicates?").
fn is_own_demand(sentence: &Read<'_>, hit: &Hit<'_>) -> bool {
    const OWN: &[&str] = &[
        "me",
        "us",
        "my",
        "our",
        "i",
        "we",
        "mich",
        "mir",
        "uns",
        "meine",
        "ich",
        "mi",
        "nos",
        "m",
        "moi",
        "nous",
        "mon",
        "mujhe",
        "mera",
        "hume",
        "humein",
        "मुझे",
        "मेरा",
        "हमें",
    ];
    hit.topic == Label::Unsubscribe.as_str()
        && sentence.tokens[hit.first..=hit.last].iter().any(|token| OWN.contains(&token.folded.as_str()))
}

/// An automatic message cannot want, refuse or meet; it is an absence, a receipt, or names a
/// successor: those share what the text alone would give to people's labels. A hint of automation
/// only doubles their odds.
fn weigh_headers(reading: &Reading<'_>, headers: &ReplyHeaders, lexicon: &Lexicon, odds: &mut Scores) {
    let automatic = headers.is_automatic();
    let absence =
        ["AWAY", "CLOSED", "RETURN"].iter().filter_map(|name| lexicon.bit(name)).fold(0, |set, bit| set | bit);
    let speaks_of_absence = reading.human().flat_map(|read| &read.concepts).any(|set| set & absence != 0);
    let by_machine = |class: &Class| {
        class.label == Label::OutOfOffice
            || matches!(class.kind, Some(OtherKind::AutoAck | OtherKind::BounceHard | OtherKind::BounceSoft))
    };
    let told_by_text: f32 = odds.iter().zip(Class::ALL).filter(|(_, class)| by_machine(class)).map(|(p, _)| p).sum();
    let spare = (1.0 - told_by_text).max(0.0);
    for (value, class) in odds.iter_mut().zip(Class::ALL) {
        let by_machine = by_machine(&class);
        let possible = match class.label {
            Label::Referral => true,
            Label::Unsubscribe => {
                !headers.null_sender && reading.hits().any(|(_, hit)| hit.binding && hit.topic == "unsubscribe")
            }
            _ => by_machine,
        };
        if automatic && !possible {
            *value *= 0.01;
        }
        if automatic && by_machine {
            *value += spare * if class.label == Label::OutOfOffice && speaks_of_absence { 0.30 } else { 0.05 };
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
    let worth = |(label, p): &(Label, f32)| p - MIX_UP_COST * opposite(&probabilities, *label);
    ranked.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    let from = opt_out_from(&probabilities, ranked[0].0);
    let opt_out = ranked.iter().position(|(label, p)| *label == Label::Unsubscribe && *p >= from);
    if let Some(at) = opt_out {
        let first = ranked.remove(at);
        ranked.insert(0, first);
    }
    let (label, confidence) = ranked[0];
    let kind = (label == Label::Other).then(|| likeliest_kind(&probabilities)).flatten();
    let odds = std::array::from_fn(|at| of_label(&probabilities, Label::ALL[at]));
    Verdict { label, kind, confidence: confidence.clamp(0.0, 1.0), second: ranked.get(1).copied(), odds }
}

/// From which probability on the reply counts as a demand to stop.
fn opt_out_from(probabilities: &Scores, likeliest: Label) -> f32 {
    let yes = opposite(probabilities, Label::Unsubscribe);
    if yes > of_label(probabilities, Label::Unsubscribe) {
        OPT_OUT_BEFORE_YES
    } else if likeliest == Label::Question {
        OPT_OUT_BEFORE_QUESTION
    } else {
        OPT_OUT_FROM
    }
}

/// What taking a no for a yes, or a yes for a no, costs beyond being wrong. Where the two are about
/// equally likely a third label wins, with a low confidence that leaves the reply to a person.
const MIX_UP_COST: f32 = 2.2;

/// The probability of the labels that a label must not be mistaken for.
fn opposite(probabilities: &Scores, label: Label) -> f32 {
    let of = |labels: [Label; 2]| labels.iter().map(|label| of_label(probabilities, *label)).sum();
    match label {
        Label::Interested | Label::MeetingProposed => of([Label::NotInterested, Label::Unsubscribe]),
        Label::NotInterested | Label::Unsubscribe => of([Label::Interested, Label::MeetingProposed]),
        _ => 0.0,
    }
}

fn of_label(probabilities: &Scores, label: Label) -> f32 {
    Class::ALL.iter().zip(probabilities).filter(|(class, _)| class.label == label).map(|(_, p)| p).sum()
}

fn likeliest_kind(probabilities: &Scores) -> Option<OtherKind> {
    let kinds = Class::ALL.iter().zip(probabilities).filter(|(class, _)| class.label == Label::Other);
    kinds.max_by(|a, b| a.1.total_cmp(b.1)).and_then(|(class, _)| class.kind)
}
