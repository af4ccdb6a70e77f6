//! Why a reply was judged as it was: reasons in words, quotable evidence, and flags.

use super::cues::Hit;
use super::decide::Verdict;
use super::features::extract;
use super::label::{Class, Flag, Label, OtherKind};
use super::lexicon::Lexicon;
use super::model::TrainedModel;
use super::reading::{Read, Reading};

const MOST: usize = 3;
const REASON_LENGTH: usize = 160;
const EVIDENCE_LENGTH: usize = 200;

/// Reasons (sentences of at most 160 characters) and evidence (slices of the incoming text), at
/// most three each, strongest first.
pub(super) fn explain(
    reading: &Reading<'_>,
    verdict: &Verdict,
    model: &TrainedModel,
    lexicon: &Lexicon,
) -> (Vec<String>, Vec<String>) {
    let mut reasons = Vec::new();
    let mut evidence = Vec::new();
    for (sentence, hit) in telling_hits(reading, verdict) {
        push_new(&mut reasons, reason(sentence.words(hit), verdict));
        push_new(&mut evidence, quote(sentence.raw));
    }
    if reasons.is_empty() {
        if let Some(sentence) = telling_sentence(reading, verdict, model, lexicon) {
            reasons.push(reason(&sentence.clean, verdict));
            evidence.push(quote(sentence.raw));
        } else {
            reasons.push(without_words(verdict));
        }
    }
    if reading.injected {
        push_new(&mut reasons, "Part of the text gives orders to the software; it was left out.".to_owned());
    }
    (reasons, evidence)
}

/// The hits that speak for the verdict: binding ones first, then longer ones, none inside another.
fn telling_hits<'r, 'a>(reading: &'r Reading<'a>, verdict: &Verdict) -> Vec<(&'r Read<'a>, &'r Hit<'a>)> {
    let speaks = |topic: &str| Class::parse(topic).is_some_and(|class| class.label == verdict.label);
    let mut hits: Vec<_> = reading.hits().filter(|(_, hit)| speaks(hit.topic)).collect();
    hits.sort_by_key(|(_, hit)| (!hit.binding, std::cmp::Reverse(hit.last - hit.first)));
    let mut kept: Vec<(&Read<'_>, &Hit<'_>)> = Vec::new();
    for (sentence, hit) in hits {
        let overlaps = |(other, one): &(&Read<'_>, &Hit<'_>)| {
            std::ptr::eq(*other, sentence) && hit.first <= one.last && one.first <= hit.last
        };
        if kept.len() < MOST && !kept.iter().any(overlaps) {
            kept.push((sentence, hit));
        }
    }
    kept
}

/// The sentence that alone scores highest for the verdict's label.
fn telling_sentence<'r, 'a>(
    reading: &'r Reading<'a>,
    verdict: &Verdict,
    model: &TrainedModel,
    lexicon: &Lexicon,
) -> Option<&'r Read<'a>> {
    let score = |sentence: &Read<'a>| {
        let scores = model.scores(&extract(&reading.only(sentence), lexicon));
        let of_label = Class::ALL.iter().zip(scores).filter(|(class, _)| class.label == verdict.label);
        of_label.map(|(_, score)| score).fold(f32::NEG_INFINITY, f32::max)
    };
    let scored = reading.human().map(|sentence| (score(sentence), sentence));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, sentence)| sentence)
}

fn reason(words: &str, verdict: &Verdict) -> String {
    let meaning = meaning(verdict);
    let room = REASON_LENGTH - meaning.chars().count() - 8;
    format!("“{}” {meaning}.", shortened(words, room))
}

fn meaning(verdict: &Verdict) -> &'static str {
    match (verdict.label, verdict.kind) {
        (Label::Interested, _) => "says that they want to go on",
        (Label::NotInterested, _) => "turns the offer down",
        (Label::MeetingProposed, _) => "is about a time to meet or speak",
        (Label::Question, _) => "asks for an answer first",
        (Label::Referral, _) => "points to someone else",
        (Label::OutOfOffice, _) => "is an automatic notice of absence",
        (Label::Unsubscribe, _) => "asks not to be written to again",
        (Label::Later, _) => "puts it off to a later time",
        (Label::Other, Some(OtherKind::BounceHard)) => "says that the address cannot be reached",
        (Label::Other, Some(OtherKind::BounceSoft)) => "says that delivery is delayed",
        (Label::Other, Some(OtherKind::AutoAck)) => "is an automatic receipt",
        (Label::Other, Some(OtherKind::Ack)) => "only says that it arrived",
        (Label::Other, Some(OtherKind::Spam)) => "offers something of their own",
        (Label::Other, _) => "has nothing to do with our message",
    }
}

fn without_words(verdict: &Verdict) -> String {
    match verdict.kind {
        Some(OtherKind::BounceHard) => "The mail system reports that the address cannot be reached.",
        Some(OtherKind::BounceSoft) => "The mail system reports that delivery is delayed.",
        Some(OtherKind::Injection) => "All of the text gives orders to the software; no person's words remain.",
        _ => "Nothing of the writer's own is left once quotes and signature are taken off.",
    }
    .to_owned()
}

fn quote(raw: &str) -> String {
    let trimmed = raw.trim();
    trimmed.char_indices().nth(EVIDENCE_LENGTH).map_or(trimmed, |(end, _)| &trimmed[..end]).to_owned()
}

fn shortened(words: &str, room: usize) -> String {
    if words.chars().count() <= room {
        return words.trim_end_matches(['.', '!', ',']).to_owned();
    }
    let cut: String = words.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

fn push_new(list: &mut Vec<String>, item: String) {
    if list.len() < MOST && !item.is_empty() && !list.contains(&item) {
        list.push(item);
    }
}

/// From this probability on a second label makes a reply mixed.
const MIXED_FROM: f32 = 0.25;

/// What a person should notice, in the order of `Flag::ALL`.
pub(super) fn flags(reading: &Reading<'_>, verdict: &Verdict) -> Vec<Flag> {
    let shown = |flag: &Flag| match flag {
        Flag::Injection => reading.injected,
        Flag::Mixed => verdict.second.is_some_and(|(_, p)| p >= MIXED_FROM),
        Flag::Angry => reading.has("flag:angry") || shouts(reading),
        flag => reading.has(&format!("flag:{flag}")),
    };
    Flag::ALL.iter().copied().filter(shown).collect()
}

/// Several words in capitals, or a row of exclamation marks.
fn shouts(reading: &Reading<'_>) -> bool {
    let capitals = |word: &str| word.len() >= 4 && word.chars().all(char::is_uppercase);
    let shouted: usize = reading.human().map(|s| s.clean.split(' ').filter(|word| capitals(word)).count()).sum();
    shouted >= 3 || reading.human().any(|sentence| sentence.clean.ends_with("!!"))
}
