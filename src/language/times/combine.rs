//! Stage 5: which time belongs to which day (rule T8). Atoms become nodes (a part of the day melts
//! into the hour beside it, a zone into its time), weeks give their weekdays a frame, and then times
//! are handed to the days of the list they follow or precede.

use super::ast::{Atom, AtomKind, Clock, DateExpr, TimeExpr, ZoneUse};
use super::clause::Mood;
use super::lex::Items;
use super::lexicon::{Part, Sense};

/// A time with what refines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOfDay {
    pub expr: TimeExpr,
    /// "7 in the evening"
    pub part: Option<Part>,
    pub zone: Option<ZoneUse>,
}

/// One proposal as written: a day, a time, or both, and the items it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub date: Option<DateExpr>,
    pub time: Option<TimeOfDay>,
    pub mood: Mood,
    pub from: usize,
    pub to: usize,
}

#[derive(Debug, Clone)]
enum Kind {
    Date(DateExpr),
    Time(TimeOfDay),
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    mood: Mood,
    sentence: usize,
    from: usize,
    to: usize,
}

impl Node {
    fn date(&self) -> Option<&DateExpr> {
        if let Kind::Date(date) = &self.kind {
            Some(date)
        } else {
            None
        }
    }
}

/// How two nodes are joined by the items between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Nothing but small words.
    Tight,
    /// A comma, "or", "and".
    List,
    /// Other words of the same sentence.
    Loose,
    Far,
}

pub fn combine(items: &Items, atoms: &[Atom], moods: &[Mood], sentences: &[usize]) -> Vec<Slot> {
    let mut nodes = nodes(items, atoms, moods, sentences);
    share_zone(atoms, &mut nodes);
    settle_any_day(&mut nodes);
    frame_weekdays(items, &mut nodes);
    Combiner { items, nodes: &nodes, slots: Vec::new(), days: Vec::new(), times: Vec::new(), time_first: false }.run()
}

fn gap(items: &Items, before: &Node, after: &Node) -> Gap {
    if before.sentence != after.sentence {
        return Gap::Far;
    }
    let mut widest = Gap::Tight;
    for at in before.to..after.from {
        let small = items
            .any(at, &[Sense::At, Sense::On, Sense::The, Sense::Around, Sense::Of, Sense::In, Sense::From])
            || items.is_sign(at, &["(", ")", "-", ":", "@", "'", "t", "."])
            || items.any(at, &[Sense::Both]);
        let list = items.any(at, &[Sense::Or, Sense::And]) || items.is_sign(at, &[",", "/", "\n", "&", "+"]);
        if list {
            widest = Gap::List;
        } else if !small {
            return Gap::Loose;
        }
    }
    widest
}

fn nodes(items: &Items, atoms: &[Atom], moods: &[Mood], sentences: &[usize]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for (atom, mood) in atoms.iter().zip(moods) {
        let sentence = sentences.get(atom.from).copied().unwrap_or(0);
        let node = |kind| Node { kind, mood: *mood, sentence, from: atom.from, to: atom.to };
        match &atom.kind {
            AtomKind::Date(date) => nodes.push(node(Kind::Date(date.clone()))),
            AtomKind::Idle => nodes.push(node(Kind::Date(DateExpr::Offset(-1)))),
            AtomKind::Time(expr) => {
                let new = node(Kind::Time(TimeOfDay { expr: *expr, part: None, zone: None }));
                push_time(items, &mut nodes, new);
            }
            AtomKind::Zone(zone) => give_zone(items, &mut nodes, zone, atom),
            AtomKind::Duration(_) | AtomKind::Pick(_) => {}
        }
    }
    nodes
}

/// Adds a time, or melts it with the one right before: "morning, 10ish", "7 in the evening".
fn push_time(items: &Items, nodes: &mut Vec<Node>, new: Node) {
    let comma_only = |a: &Node, b: &Node| {
        (a.to..b.from).all(|at| !items.any(at, &[Sense::Or, Sense::And]) && !items.is_sign(at, &["/", "\n"]))
    };
    let melts = nodes.last().is_some_and(|last| gap(items, last, &new) <= Gap::List && comma_only(last, &new));
    let (Kind::Time(time), Some(last)) = (&new.kind, nodes.last_mut().filter(|_| melts)) else {
        return nodes.push(new);
    };
    let Kind::Time(before) = &mut last.kind else { return nodes.push(new) };
    match (before.expr, time.expr) {
        (TimeExpr::Part(part), TimeExpr::Part(Part::WholeDay)) => before.expr = TimeExpr::Part(part),
        (TimeExpr::Part(_), TimeExpr::Part(_)) => return nodes.push(new),
        (TimeExpr::Part(part), expr) => {
            before.expr = expr;
            before.part = Some(part);
        }
        (TimeExpr::Point(_) | TimeExpr::Range(..) | TimeExpr::After(_) | TimeExpr::Before(_), TimeExpr::Part(part)) => {
            before.part = Some(part);
            last.to = new.to;
            return refine_list(items, nodes, part);
        }
        _ => return nodes.push(new),
    }
    last.to = new.to;
}

/// "7 or 8 in the evening": the part goes to every hour of the list.
fn refine_list(items: &Items, nodes: &mut [Node], part: Part) {
    for index in (1..nodes.len()).rev() {
        if gap(items, &nodes[index - 1], &nodes[index]) > Gap::List {
            return;
        }
        match &mut nodes[index - 1].kind {
            Kind::Time(TimeOfDay { expr: TimeExpr::Point(_), part: refined @ None, .. }) => *refined = Some(part),
            _ => return,
        }
    }
}

impl PartialOrd for Gap {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (*self as u8).partial_cmp(&(*other as u8))
    }
}

/// A zone belongs to the time right before it.
fn give_zone(items: &Items, nodes: &mut [Node], zone: &ZoneUse, atom: &Atom) {
    let Some(last) = nodes.last_mut() else { return };
    let close = (last.to..atom.from).all(|at| {
        items.is_sign(at, &["(", ",", "-", "/", "'"])
            || items.any(at, &[Sense::In, Sense::On, Sense::The, Sense::Of, Sense::At])
    });
    if let (Kind::Time(time), true) = (&mut last.kind, close) {
        if time.zone.is_none() {
            time.zone = Some(zone.clone());
            last.to = atom.to;
        }
    }
}

/// A single named zone holds for every time of the message; times in "your time" give way to times
/// in the writer's own.
fn share_zone(atoms: &[Atom], nodes: &mut Vec<Node>) {
    let mut named: Vec<&ZoneUse> = Vec::new();
    for atom in atoms {
        if let AtomKind::Zone(zone @ (ZoneUse::Named(_) | ZoneUse::Fixed(_))) = &atom.kind {
            if !named.contains(&zone) {
                named.push(zone);
            }
        }
    }
    let zone_of = |node: &Node| if let Kind::Time(time) = &node.kind { time.zone.clone() } else { None };
    let mine = nodes.iter().any(|node| matches!(zone_of(node), Some(ZoneUse::Mine)));
    let own_or_named = mine || !named.is_empty();
    if own_or_named {
        nodes.retain(|node| zone_of(node) != Some(ZoneUse::Yours));
    }
    let yours = nodes.iter().find_map(|node| zone_of(node).filter(|zone| *zone == ZoneUse::Yours));
    let shared = if named.len() == 1 { named.first().map(|zone| (*zone).clone()) } else { yours };
    for node in nodes.iter_mut() {
        if let Kind::Time(time) = &mut node.kind {
            time.zone = time.zone.take().or_else(|| shared.clone());
        }
    }
}

/// "next week, Tuesday or Thursday": the week frames its weekdays and is no proposal of its own.
fn frame_weekdays(items: &Items, nodes: &mut Vec<Node>) {
    let mut framed: Vec<usize> = Vec::new();
    for index in 0..nodes.len() {
        let Some(DateExpr::Week { offset, .. }) = nodes[index].date().cloned() else { continue };
        if nodes[index].mood != Mood::Offered {
            continue;
        }
        let sentence = nodes[index].sentence;
        let inner: Vec<usize> = (0..nodes.len())
            .filter(|i| nodes[*i].sentence == sentence || (*i > index && nodes[*i].sentence == sentence + 1))
            .filter(|i| frames(&nodes[*i], offset))
            .collect();
        for i in inner {
            set_week(&mut nodes[i], offset);
            if nodes[i].mood == Mood::Offered {
                framed.push(index);
            }
        }
    }
    spread_week(items, nodes);
    let mut index = 0;
    nodes.retain(|_| {
        index += 1;
        !framed.contains(&(index - 1))
    });
}

fn frames(node: &Node, offset: i32) -> bool {
    let weekday = |date: &DateExpr| matches!(date, DateExpr::Weekday { week, .. } if week.is_none_or(|w| w == offset));
    match node.date() {
        Some(DateExpr::Span(first, _)) => weekday(first),
        Some(date) => weekday(date),
        None => false,
    }
}

fn set_week(node: &mut Node, offset: i32) {
    let set = |date: &mut DateExpr| {
        if let DateExpr::Weekday { week: week @ None, .. } = date {
            *week = Some(offset);
        }
    };
    match &mut node.kind {
        Kind::Date(DateExpr::Span(first, last)) => {
            set(first);
            set(last);
        }
        Kind::Date(date) => set(date),
        Kind::Time(_) => {}
    }
}

/// "next Tuesday or Thursday", "Tuesday or Thursday next week": the list shares its week.
fn spread_week(items: &Items, nodes: &mut [Node]) {
    let week_of = |node: &Node| match node.date() {
        Some(DateExpr::Weekday { week, .. }) => *week,
        _ => None,
    };
    let order = |forward: bool, len: usize| -> Vec<usize> {
        if forward {
            (1..len).collect()
        } else {
            (1..len).rev().collect()
        }
    };
    for forward in [true, false] {
        for index in order(forward, nodes.len()) {
            let (from, to) = if forward { (index - 1, index) } else { (index, index - 1) };
            if let Some(week) = week_of(&nodes[from]).filter(|week| *week != 0) {
                if gap(items, &nodes[index - 1], &nodes[index]) == Gap::List {
                    set_week(&mut nodes[to], week);
                }
            }
        }
    }
}

/// "any day" means a week only beside one: "any day but Friday next week".
fn settle_any_day(nodes: &mut Vec<Node>) {
    let weeks: Vec<(usize, i32, bool)> = nodes
        .iter()
        .filter_map(|node| match node.date() {
            Some(DateExpr::Week { offset, .. }) => Some((node.sentence, *offset, true)),
            Some(DateExpr::Weekday { week: Some(week), .. }) => Some((node.sentence, *week, false)),
            _ => None,
        })
        .collect();
    for node in nodes.iter_mut().filter(|node| node.date() == Some(&DateExpr::AnyDay)) {
        let beside = weeks.iter().find(|(sentence, ..)| *sentence == node.sentence);
        match beside {
            Some((_, offset, false)) => {
                node.kind = Kind::Date(DateExpr::Week { offset: *offset, part: super::ast::WeekPart::Whole });
            }
            _ => node.mood = Mood::Mentioned,
        }
    }
    nodes.retain(|node| node.date() != Some(&DateExpr::AnyDay));
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
