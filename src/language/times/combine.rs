//! Stage 5c: which time belongs to which day (rule T8). Times are handed to the days of the list they
//! follow or precede; what is left stands alone.

use super::ast::{Atom, Clock, DateExpr, TimeExpr};
use super::clause::Mood;
use super::lex::Items;
use super::lexicon::Sense;
use super::nodes::{gap, nodes, share_zone, Gap, Kind, Node, TimeOfDay};
use super::weeks::{frame_weekdays, settle_any_day};

/// One proposal as written: a day, a time, or both, and the items it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub date: Option<DateExpr>,
    pub time: Option<TimeOfDay>,
    pub mood: Mood,
    pub from: usize,
    pub to: usize,
}

pub fn combine(items: &Items, atoms: &[Atom], moods: &[Mood], sentences: &[usize]) -> Vec<Slot> {
    let mut nodes = nodes(items, atoms, moods, sentences);
    share_zone(atoms, &mut nodes);
    settle_any_day(&mut nodes);
    frame_weekdays(items, &mut nodes);
    Combiner { items, nodes: &nodes, slots: Vec::new(), days: Vec::new(), times: Vec::new(), time_first: false }.run()
}

struct Combiner<'a> {
    items: &'a Items,
    nodes: &'a [Node],
    slots: Vec<Slot>,
    /// Indexes of the days of the current list, and whether each has a time.
    days: Vec<(usize, bool)>,
    /// Times waiting for a day, or (in time-first lists) those of the list.
    times: Vec<usize>,
    time_first: bool,
}

impl Combiner<'_> {
    fn run(mut self) -> Vec<Slot> {
        for index in 0..self.nodes.len() {
            match self.nodes[index].kind {
                Kind::Date(_) => self.date(index),
                Kind::Time(_) => self.time(index),
            }
        }
        self.flush_days();
        self.flush_times();
        self.slots
    }

    fn gap_before(&self, index: usize) -> Gap {
        match index.checked_sub(1) {
            Some(before) => gap(self.items, &self.nodes[before], &self.nodes[index]),
            None => Gap::Far,
        }
    }

    fn is_date(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| node.date().is_some())
    }

    fn date(&mut self, index: usize) {
        let gap = self.gap_before(index);
        if !self.time_first && !self.times.is_empty() {
            if gap != Gap::Far {
                self.flush_days();
                for time in self.times.clone() {
                    self.push(Some(index), Some(time));
                }
                self.days = vec![(index, true)];
                self.time_first = true;
                return;
            }
            self.flush_times();
        }
        let own_time_follows =
            !self.is_date(index + 1) && index + 1 < self.nodes.len() && self.gap_before(index + 1) == Gap::Tight;
        if self.time_first && gap == Gap::List && !own_time_follows {
            for time in self.times.clone() {
                self.push(Some(index), Some(time));
            }
            self.days.push((index, true));
            return;
        }
        // "Tuesday, not Monday, at 3": the rejected day does not part the offered one from its time.
        let offered_wait = self.days.iter().any(|(day, used)| !used && self.nodes[*day].mood == Mood::Offered);
        let timed = self.nodes.get(index + 1).is_some_and(|next| next.mood == Mood::Rejected && next.date().is_none());
        if self.nodes[index].mood == Mood::Rejected && offered_wait && gap != Gap::Far && !timed {
            self.push(Some(index), None);
            return;
        }
        self.time_first = false;
        self.times.clear();
        if index > 0 && self.is_date(index - 1) && gap <= Gap::List && self.same_mood(index) {
            self.days.push((index, false));
        } else {
            self.flush_days();
            self.days = vec![(index, false)];
        }
    }

    fn same_mood(&self, index: usize) -> bool {
        self.nodes[index - 1].mood == self.nodes[index].mood
    }

    fn time(&mut self, index: usize) {
        let gap = self.gap_before(index);
        let leads = self.is_date(index + 1) && self.leads_next(index);
        let taken = self.days.iter().any(|(_, used)| *used) || self.days.is_empty();
        if leads && (taken || gap == Gap::List) {
            if self.time_first {
                self.times.clear();
            }
            self.time_first = false;
            self.times.push(index);
            return;
        }
        if self.applies_to_all(index) && self.give_to_open_days(index) {
            return;
        }
        if self.narrows(index) {
            return;
        }
        if !self.days.is_empty() && self.may_share(index) {
            for position in 0..self.days.len() {
                let (day, _) = self.days[position];
                self.push(Some(day), Some(index));
                self.days[position].1 = true;
            }
            if self.time_first {
                self.times.push(index);
            }
            return;
        }
        self.times.push(index);
    }

    /// The time stands right before the next date: "4pm on Wednesday".
    fn leads_next(&self, index: usize) -> bool {
        self.gap_before(index + 1) == Gap::Tight
            && (self.nodes[index].to..self.nodes[index + 1].from)
                .all(|at| !self.items.is_sign(at, &["-", ":", ")", "."]))
    }

    /// A rejected day takes no later time; a day whose hour was rejected may take another.
    fn may_share(&self, index: usize) -> bool {
        let offered = self.nodes[index].mood == Mood::Offered;
        !offered
            || self.days.iter().all(|(day, used)| match self.nodes[*day].mood {
                Mood::Offered => true,
                Mood::Rejected => *used,
                Mood::Mentioned => self.gap_before(index) != Gap::Far,
            })
    }

    /// "Tuesday afternoon works, say 3": the hour takes the place of the part of the day.
    fn narrows(&mut self, index: usize) -> bool {
        let node = &self.nodes[index];
        let (Kind::Time(time), Some(before)) = (&node.kind, index.checked_sub(1).map(|i| &self.nodes[i])) else {
            return false;
        };
        let joined = (before.to..node.from).any(|at| self.items.any(at, &[Sense::Or, Sense::And]));
        let is_part = matches!(time.expr, TimeExpr::Part(_) | TimeExpr::InMinutes(_) | TimeExpr::Same);
        let used: Vec<DateExpr> = self
            .days
            .iter()
            .filter(|(_, used)| *used)
            .filter_map(|(day, _)| self.nodes[*day].date().cloned())
            .collect();
        if joined || is_part || used.is_empty() || node.mood != Mood::Offered {
            return false;
        }
        let mut narrowed = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.mood == Mood::Offered) {
            let Some(TimeOfDay { expr: TimeExpr::Part(part), zone, .. }) = slot.time.clone() else { continue };
            if slot.date.as_ref().is_some_and(|date| used.contains(date)) {
                let zone = time.zone.clone().or(zone);
                slot.time = Some(TimeOfDay { expr: time.expr, part: Some(part), zone });
                slot.to = slot.to.max(node.to);
                narrowed = true;
            }
        }
        narrowed
    }

    /// "both at 3", "all of them in the afternoon".
    fn applies_to_all(&self, index: usize) -> bool {
        let from = self.nodes[index].from;
        (from.saturating_sub(4)..from).any(|at| self.items.has(at, Sense::Both))
    }

    fn give_to_open_days(&mut self, index: usize) -> bool {
        self.flush_days();
        let node = &self.nodes[index];
        let mut given = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.time.is_none() && slot.mood == Mood::Offered) {
            if let Kind::Time(time) = &node.kind {
                slot.time = Some(time.clone());
                given = true;
            }
        }
        given
    }

    fn flush_days(&mut self) {
        for (day, used) in std::mem::take(&mut self.days) {
            if !used {
                self.push(Some(day), None);
            }
        }
    }

    fn flush_times(&mut self) {
        let times = std::mem::take(&mut self.times);
        if !self.time_first {
            times.into_iter().for_each(|time| self.push(None, Some(time)));
        }
    }

    fn push(&mut self, date: Option<usize>, time: Option<usize>) {
        let date = date.map(|index| &self.nodes[index]);
        let time = time.map(|index| &self.nodes[index]);
        let moods = [date.map(|n| n.mood), time.map(|n| n.mood)];
        let mood = match (date, time) {
            // The hour was changed, the day stands: "3 on Tuesday is bad, 4 is fine".
            (Some(day), Some(hour)) if day.mood == Mood::Rejected && hour.mood == Mood::Offered => Mood::Offered,
            _ if moods.contains(&Some(Mood::Mentioned)) => Mood::Mentioned,
            _ if moods.contains(&Some(Mood::Rejected)) => Mood::Rejected,
            _ => Mood::Offered,
        };
        let parts = [date, time];
        let from = parts.iter().flatten().map(|n| n.from).min().unwrap_or(0);
        let to = parts.iter().flatten().map(|n| n.to).max().unwrap_or(0);
        self.slots.push(Slot {
            date: date.and_then(|n| n.date().cloned()),
            time: time.and_then(|n| if let Kind::Time(time) = &n.kind { Some(time.clone()) } else { None }),
            mood,
            from,
            to,
        });
    }
}

/// The only clock time the message names, for "same time".
pub fn only_clock(slots: &[Slot]) -> Option<Clock> {
    let mut clocks = slots.iter().filter_map(|slot| match slot.time.as_ref()?.expr {
        TimeExpr::Point(clock) => Some(clock),
        _ => None,
    });
    let first = clocks.next()?;
    clocks.all(|clock| clock == first).then_some(first)
}
