//! Stage 5a: atoms to nodes. A part of the day melts into the hour beside it ("7 in the evening"), a
//! zone into its time.

use super::ast::{Atom, AtomKind, DateExpr, TimeExpr, ZoneUse};
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

#[derive(Debug, Clone)]
pub enum Kind {
    Date(DateExpr),
    Time(TimeOfDay),
}

#[derive(Debug, Clone)]
pub struct Node {
    pub kind: Kind,
    pub mood: Mood,
    pub sentence: usize,
    pub from: usize,
    pub to: usize,
}

impl Node {
    pub fn date(&self) -> Option<&DateExpr> {
        if let Kind::Date(date) = &self.kind {
            Some(date)
        } else {
            None
        }
    }
}

/// How two nodes are joined by the items between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Nothing but small words.
    Tight,
    /// A comma, "or", "and".
    List,
    /// Other words of the same sentence.
    Loose,
    Far,
}

/// The join of two neighbouring nodes.
pub fn gap(items: &Items, before: &Node, after: &Node) -> Gap {
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

/// Atoms to nodes; lengths and picks play no part in combining.
pub fn nodes(items: &Items, atoms: &[Atom], moods: &[Mood], sentences: &[usize]) -> Vec<Node> {
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

/// A zone belongs to the time right before it.
fn give_zone(items: &Items, nodes: &mut [Node], zone: &ZoneUse, atom: &Atom) {
    let Some(last) = nodes.last_mut() else { return };
    let close = (last.to..atom.from).all(|at| {
        items.is_sign(at, &["(", ",", "-", "/", "'"])
            || items.any(at, &[Sense::In, Sense::On, Sense::The, Sense::Of, Sense::At])
    });
    if let (Kind::Time(time), true) = (&mut last.kind, close) {
        // "3pm my time (CET)": the writer says which zone his is.
        let is_named = matches!(zone, ZoneUse::Named(_) | ZoneUse::Fixed(_));
        if time.zone.is_none() || time.zone == Some(ZoneUse::Mine) && is_named {
            time.zone = Some(zone.clone());
            last.to = atom.to;
        }
    }
}

/// A single named zone holds for every time of the message; times in "your time" give way to times
/// in the writer's own.
pub fn share_zone(atoms: &[Atom], nodes: &mut Vec<Node>) {
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
