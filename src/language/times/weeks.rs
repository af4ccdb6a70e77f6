//! Stage 5b: a week named beside weekdays is their frame, not a proposal of its own (rules T6, T7).

use super::ast::{DateExpr, WeekPart};
use super::clause::Mood;
use super::lex::Items;
use super::nodes::{gap, Gap, Kind, Node};

/// "next week, Tuesday or Thursday": the week frames its weekdays and is no proposal of its own.
pub fn frame_weekdays(items: &Items, nodes: &mut Vec<Node>) {
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

/// "any day" means a week only beside one: "any day but Friday next week". Alone ("every day at 9")
/// it is a habit, and takes its time with it.
pub fn settle_any_day(nodes: &mut Vec<Node>) {
    let weeks: Vec<(usize, i32, bool)> = nodes
        .iter()
        .filter_map(|node| match node.date() {
            Some(DateExpr::Week { offset, .. }) => Some((node.sentence, *offset, true)),
            Some(DateExpr::Weekday { week: Some(week), .. }) => Some((node.sentence, *week, false)),
            _ => None,
        })
        .collect();
    let beside = |node: &Node| weeks.iter().find(|(sentence, ..)| *sentence == node.sentence);
    nodes.retain(|node| node.date() != Some(&DateExpr::AnyDay) || beside(node).is_none_or(|(.., is_week)| !is_week));
    for node in nodes.iter_mut().filter(|node| node.date() == Some(&DateExpr::AnyDay)) {
        match weeks.iter().find(|(sentence, ..)| *sentence == node.sentence) {
            Some((_, offset, _)) => node.kind = Kind::Date(DateExpr::Week { offset: *offset, part: WeekPart::Whole }),
            None => node.mood = Mood::Mentioned,
        }
    }
}
