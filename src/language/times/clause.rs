//! Stage 4: clauses and what each says about its atoms (rule T13). A message is cut at sentence ends,
//! at words that turn the thought ("but", "rather", "could we") and at commas that do not join a list;
//! then each clause offers, rejects, or merely mentions what it names.

use super::ast::{Atom, AtomKind, DateExpr};
use super::lex::Items;
use super::lexicon::Sense;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Offered,
    Rejected,
    /// Past, deadline, opening hours, absence, habit: no proposal, and no rejection either.
    Mentioned,
}

/// The mood of every atom, in order.
pub fn moods(items: &Items, atoms: &[Atom]) -> Vec<Mood> {
    let page = Page::new(items, atoms);
    let cuts = page.cuts();
    let mut moods = vec![Mood::Offered; atoms.len()];
    let mut carried = None;
    for clause in cuts.windows(2) {
        carried = page.judge(clause[0], clause[1], carried, &mut moods);
    }
    page.answer_questions(&cuts, &mut moods);
    page.reject_exceptions(&mut moods);
    for (atom, mood) in atoms.iter().zip(&mut moods) {
        if atom.kind == AtomKind::Idle {
            *mood = Mood::Mentioned;
        }
    }
    moods
}

/// Sentence number of every item; a blank line or a full stop begins a new one.
pub fn sentences(items: &Items, atoms: &[Atom]) -> Vec<usize> {
    let page = Page::new(items, atoms);
    let mut number = 0;
    (0..items.len())
        .map(|at| {
            let ends = page.ends_sentence(at);
            number += usize::from(ends);
            number - usize::from(ends)
        })
        .collect()
}

struct Page<'a> {
    items: &'a Items,
    atoms: &'a [Atom],
    /// The atom that covers each item.
    cover: Vec<Option<usize>>,
}

/// Items of a question that names a day and little else: ", Tuesday then".
const MOST_OF_BARE_QUESTION: usize = 4;

/// Words that close a refusal of two.
const NOR: &[&str] = &["nor", "noch", "ni", "nem"];

const SMALL: &[Sense] =
    &[Sense::On, Sense::The, Sense::At, Sense::Around, Sense::Of, Sense::In, Sense::From, Sense::Between, Sense::Both];

impl<'a> Page<'a> {
    fn new(items: &'a Items, atoms: &'a [Atom]) -> Self {
        let mut cover = vec![None; items.len()];
        for (index, atom) in atoms.iter().enumerate() {
            cover[atom.from..atom.to].fill(Some(index));
        }
        Page { items, atoms, cover }
    }

    fn covered(&self, at: usize) -> bool {
        self.cover.get(at).is_some_and(Option::is_some)
    }

    fn ends_sentence(&self, at: usize) -> bool {
        if self.covered(at) {
            return false;
        }
        let blank_line = self.items.is_sign(at, &["\n"]) && self.items.is_sign(at + 1, &["\n"]);
        let inner_dot = self.items.is_sign(at, &["."]) && self.items.glued(at + 1);
        blank_line || (self.items.is_sign(at, &[".", "!", "?", ";"]) && !inner_dot)
    }

    /// Item positions at which clauses begin, with the end of the message at last.
    fn cuts(&self) -> Vec<usize> {
        let mut cuts = vec![0];
        for at in 0..self.items.len() {
            let begins = cuts.last().copied().unwrap_or(0);
            if at > begins && !self.covered(at) && self.is_cut(begins, at) {
                cuts.push(at);
            }
        }
        cuts.push(self.items.len());
        cuts
    }

    fn is_cut(&self, begins: usize, at: usize) -> bool {
        let items = self.items;
        if self.ends_sentence(at) || items.is_sign(at, &["\n", "(", ")", "|", "•", "*"]) {
            return true;
        }
        if items.is_sign(at, &[","]) {
            let day_after = items.has(at + 1, Sense::DayAfter) || items.has(at + 2, Sense::DayAfter);
            return !self.joins_list(at) || day_after || self.turns_after_list(begins, at);
        }
        if items.is_sign(at, &["-"]) {
            return !items.glued(at) && !self.joins_list(at);
        }
        if items.has(at, Sense::InsteadOf) || self.is_exception(at) {
            return false;
        }
        if items.any(at, &[Sense::But, Sense::Rather, Sense::Propose, Sense::If]) {
            return true;
        }
        if items.any(at, &[Sense::Or, Sense::And]) {
            return self.has_predicate_after_atom(begins, at);
        }
        // "Tuesday not Monday": the negation opens a new thought.
        items.has(at, Sense::Not) && self.atom_follows(at + 1) && self.covered(at.wrapping_sub(1))
    }

    /// A comma between two dates or times.
    fn joins_list(&self, at: usize) -> bool {
        at > 0 && self.covered(at - 1) && self.atom_follows(at + 1)
    }

    fn atom_follows(&self, at: usize) -> bool {
        let mut next = at;
        while next < at + 3
            && !self.covered(next)
            && (self.items.any(next, SMALL) || self.items.any(next, &[Sense::Or, Sense::And]))
        {
            next += 1;
        }
        self.covered(next)
    }

    /// "Monday is bad, Tuesday is fine": the list comma still begins a new clause.
    fn turns_after_list(&self, begins: usize, at: usize) -> bool {
        let items = self.items;
        let negative = (begins..at).any(|i| {
            !self.covered(i)
                && items.any(i, &[Sense::Not, Sense::Refuse, Sense::Away, Sense::PastCue, Sense::OpeningHours])
        });
        let rest = || {
            (at + 1..items.len())
                .take_while(|i| !self.ends_sentence(*i) && !items.has(*i, Sense::But) && !items.is_sign(*i, &["\n"]))
        };
        let accepts = rest().any(|i| !self.covered(i) && items.any(i, &[Sense::Accept, Sense::Rather]));
        // "Monday I am off, Tuesday then?"
        let asks = rest().last().is_some_and(|last| items.is_sign(last + 1, &["?"]));
        // "Neither Thursday nor Friday, Monday morning": the refusal has both its ends.
        let refused_both = NOR.iter().any(|nor| items.is_text(begins, nor));
        negative && (accepts || asks || refused_both)
    }

    fn has_predicate_after_atom(&self, begins: usize, at: usize) -> bool {
        let first_atom = (begins..at).find(|i| self.covered(*i));
        first_atom.is_some_and(|first| {
            (first..at).any(|i| !self.covered(i) && self.items.any(i, &[Sense::Accept, Sense::Refuse, Sense::Not]))
        })
    }

    fn cue(&self, from: usize, to: usize, senses: &[Sense]) -> Option<usize> {
        (from..to).find(|at| !self.covered(*at) && self.items.any(*at, senses))
    }

    /// Sets the moods of the clause's atoms; answers the mood an open heading hands to what follows.
    fn judge(&self, from: usize, to: usize, carried: Option<Mood>, moods: &mut [Mood]) -> Option<Mood> {
        let inside: Vec<usize> =
            (0..self.atoms.len()).filter(|i| self.atoms[*i].from >= from && self.atoms[*i].from < to).collect();
        let mentioned = self.is_mention(from, to);
        if inside.is_empty() {
            let heading = self.items.is_sign(to.wrapping_sub(1), &[":"]) || !self.ends_sentence(to);
            let keeps = carried.filter(|_| heading && self.cue(from, to, &[Sense::Propose, Sense::But]).is_none());
            return if mentioned && heading { Some(Mood::Mentioned) } else { keeps };
        }
        let positive = self.cue(from, to, &[Sense::Propose, Sense::Accept, Sense::Meet, Sense::Rather]).is_some();
        let turns = self.cue(from, to, &[Sense::But]).is_some();
        // "Monday I am off, Tuesday then?"
        let asks =
            self.items.is_sign(to, &["?"]) && (self.names_an_hour(from, to) || to - from <= MOST_OF_BARE_QUESTION);
        if mentioned || (carried.is_some() && !positive && !turns && !asks) {
            inside.iter().for_each(|i| moods[*i] = Mood::Mentioned);
            return Some(Mood::Mentioned).filter(|_| !self.ends_sentence(to));
        }
        // "By Friday" is a deadline unless somebody meets by then.
        for index in inside.iter().filter(|i| matches!(self.atoms[**i].kind, AtomKind::Date(DateExpr::Until(_)))) {
            if !positive {
                moods[*index] = Mood::Mentioned;
            }
        }
        self.judge_polarity(from, to, &inside, moods);
        self.give_way(from, to, &inside, moods);
        if !positive && self.tells_something_else(from, to, &inside) {
            inside.iter().for_each(|i| moods[*i] = Mood::Mentioned);
        }
        None
    }

    fn is_mention(&self, from: usize, to: usize) -> bool {
        let proposes = self.cue(from, to, &[Sense::Propose]).is_some();
        let meets = self.cue(from, to, &[Sense::Meet]).is_some();
        let accepts = self.cue(from, to, &[Sense::Accept]).is_some();
        let has = |sense| self.cue(from, to, &[sense]).is_some();
        let neutral = has(Sense::Neutral);
        (has(Sense::PastCue) && !proposes && !neutral)
            || (has(Sense::Deadline) && !proposes && !(meets && self.names_an_hour(from, to)))
            || (has(Sense::OpeningHours))
            || has(Sense::Away)
            || (has(Sense::Habit) && !proposes && !accepts)
    }

    /// "Monday? Impossible." The writer answers his own question.
    fn answer_questions(&self, cuts: &[usize], moods: &mut [Mood]) {
        for clause in cuts.windows(3) {
            let (asked, sign, end) = (clause[0], clause[1], clause[2]);
            let refuses = self.cue(sign, end.min(sign + 3), &[Sense::Refuse, Sense::Not]).is_some();
            let alone = (sign..end).all(|at| !self.covered(at)) && end - sign <= 4 && self.ends_sentence(end);
            if self.items.is_sign(sign, &["?"]) && refuses && alone {
                for index in (asked..sign).filter_map(|at| self.cover[at]) {
                    moods[index] = Mood::Rejected;
                }
            }
        }
    }

    fn names_an_hour(&self, from: usize, to: usize) -> bool {
        (from..to).filter_map(|at| self.cover[at]).any(|index| matches!(self.atoms[index].kind, AtomKind::Time(_)))
    }

    /// A clause without any word of meeting or agreeing, full of words no proposal needs, is about
    /// something else: "the auditors inspect our cellar on Tuesday".
    fn tells_something_else(&self, from: usize, to: usize, inside: &[usize]) -> bool {
        let is_unknown = |at: &usize| {
            !self.covered(*at) && self.items.get(*at).is_some_and(|item| item.is_word() && item.senses.is_empty())
        };
        let unknown = (from..to).filter(is_unknown).count();
        let names_an_hour = self.names_an_hour(from, to);
        unknown >= if names_an_hour { 3 } else { 1 } && !inside.is_empty()
    }

    /// "Move our Thursday call to Friday": the day before "to" gives way.
    fn give_way(&self, from: usize, to: usize, inside: &[usize], moods: &mut [Mood]) {
        if self.cue(from, to, &[Sense::Move]).is_none() {
            return;
        }
        let turn = (from..to).rev().find(|at| {
            !self.covered(*at) && self.items.any(*at, &[Sense::Until, Sense::On]) && self.atom_follows(at + 1)
        });
        let is_date = |i: &usize| matches!(self.atoms[*i].kind, AtomKind::Date(_));
        let Some(turn) = turn else { return };
        let (before, after): (Vec<usize>, Vec<usize>) = inside.iter().partition(|i| self.atoms[**i].from < turn);
        if before.iter().any(is_date) && after.iter().any(is_date) {
            before.into_iter().for_each(|i| moods[i] = Mood::Rejected);
        }
    }

    fn judge_polarity(&self, from: usize, to: usize, inside: &[usize], moods: &mut [Mood]) {
        for at in (from..to).filter(|at| !self.covered(*at)) {
            if self.items.has(at, Sense::InsteadOf) || self.compares(at) {
                self.reject_run_after(at, to, moods);
            }
        }
        if let Some(at) = self.cue(from, to, &[Sense::InsteadOfPost]) {
            inside.iter().filter(|i| self.atoms[**i].to <= at).for_each(|i| moods[*i] = Mood::Rejected);
        }
        let Some(no) = self.cue(from, to, &[Sense::Not, Sense::Refuse]) else { return };
        if self.cue(from, to, &[Sense::If]).is_some() {
            inside.iter().for_each(|i| moods[*i] = Mood::Mentioned);
            return;
        }
        let (before, after): (Vec<usize>, Vec<usize>) = inside.iter().partition(|i| self.atoms[**i].from < no);
        let is_date = |i: &usize| matches!(self.atoms[*i].kind, AtomKind::Date(_));
        let rejected = if before.iter().any(is_date) && after.iter().any(is_date) {
            // "Monday doesn't work Tuesday does" against "Tuesday not Monday".
            if self.atom_follows(no + 1) {
                after
            } else {
                before
            }
        } else {
            inside.to_vec()
        };
        rejected.into_iter().for_each(|i| moods[i] = Mood::Rejected);
    }

    /// "lieber Donnerstag als Freitag", "mejor el martes que el lunes", "better Tuesday than Monday".
    fn compares(&self, at: usize) -> bool {
        const THAN: &[&str] = &["als", "que", "than"];
        at > 0 && self.items.is_sign(at, THAN) && self.covered(at - 1) && self.atom_follows(at + 1)
    }

    /// "any day but Friday", "next week except Tuesday and Wednesday".
    fn reject_exceptions(&self, moods: &mut [Mood]) {
        for at in 0..self.items.len() {
            if !self.covered(at) && self.is_exception(at) {
                self.reject_run_after(at, self.items.len(), moods);
            }
        }
    }

    /// "But" is an exception only right after a span of days; "except" always.
    fn is_exception(&self, at: usize) -> bool {
        if !self.items.has(at, Sense::Except) || !self.atom_follows(at + 1) {
            return false;
        }
        let spans = |index: usize| {
            matches!(
                self.atoms[index].kind,
                AtomKind::Date(DateExpr::Week { .. } | DateExpr::AnyDay | DateExpr::Span(..) | DateExpr::Onwards(_))
            )
        };
        let after_span = (at.saturating_sub(3)..at).any(|i| self.cover[i].is_some_and(spans));
        after_span || !self.items.any(at, &[Sense::But, Sense::Refuse, Sense::Noun])
    }

    /// Rejects the unbroken list of atoms that begins right after `at`.
    fn reject_run_after(&self, at: usize, to: usize, moods: &mut [Mood]) {
        let mut next = at + 1;
        let mut after_comma = false;
        while next < to {
            match self.cover[next] {
                Some(_) if after_comma => break,
                Some(index) => {
                    moods[index] = Mood::Rejected;
                    next = self.atoms[index].to;
                    continue;
                }
                None if self.items.is_sign(next, &[","]) => after_comma = true,
                None if self.items.any(next, SMALL) || self.items.any(next, &[Sense::Or, Sense::And]) => {}
                None => break,
            }
            next += 1;
        }
    }
}
