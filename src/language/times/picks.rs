//! Picks among the times we offered: "the second one works", "slot two", "both are fine".

use super::ast::{Atom, AtomKind};
use super::clause::Mood;
use super::lex::Items;
use super::lexicon::Sense;
use super::resolve::Found;
use super::{Kind, OfferedTime, Proposal, TimeContext};

pub fn picks(text: &str, items: &Items, atoms: &[Atom], moods: &[Mood], context: &TimeContext) -> Vec<Found> {
    let mut found = Vec::new();
    for (atom, mood) in atoms.iter().zip(moods) {
        let AtomKind::Pick(pick) = atom.kind else { continue };
        let index = if pick < 0 { context.offered.len().checked_sub(1) } else { usize::try_from(pick).ok() };
        let offered = index.and_then(|index| context.offered.get(index));
        if let (Some(offered), Mood::Offered) = (offered, mood) {
            found.push(accepted(text, items, offered, atom.from, atom.to, context));
        }
    }
    let names_a_time = atoms.iter().any(|atom| !matches!(atom.kind, AtomKind::Duration(_) | AtomKind::Zone(_)));
    if !names_a_time {
        found.extend(all(text, items, context));
    }
    found
}

/// "Both work", "either is fine": everything we offered, when no time is named beside it.
fn all(text: &str, items: &Items, context: &TimeContext) -> Vec<Found> {
    let accepts = |at: usize| items.has(at, Sense::Both) && (at + 1..at + 5).any(|next| items.has(next, Sense::Accept));
    let refused = (0..items.len()).any(|at| items.any(at, &[Sense::Not, Sense::Refuse]));
    match (0..items.len()).find(|at| accepts(*at)).filter(|_| !refused) {
        Some(at) => context.offered.iter().map(|offered| accepted(text, items, offered, at, at + 1, context)).collect(),
        None => Vec::new(),
    }
}

fn accepted(text: &str, items: &Items, offered: &OfferedTime, from: usize, to: usize, context: &TimeContext) -> Found {
    Found {
        proposal: Proposal {
            start: offered.start,
            end: None,
            kind: Kind::Exact,
            source_text: super::resolve::source(text, items, from, to),
            zone: context.sender_zone_name.to_owned(),
            ambiguous: false,
        },
        bare_day: None,
        is_part: false,
    }
}
