//! "This week": mails, replies, interest and meetings, each beside last week's.

use askama::Template;

use super::day::{Day, TodayError};
use crate::authz::Permission;
use crate::base::UnixMillis;
use crate::events::{self, Event, Happened};
use crate::http::charts::grouped;
use crate::messaging::{self, usage_by_day, Counted, Reply};

/// Below this many mails a share would claim more than is known.
const FEWEST_FOR_PERCENT: u64 = 20;
/// A page of rows, and how many pages are read at most: two weeks of a busy small business.
const PAGE: usize = 200;
const MOST_PAGES: usize = 25;
/// Days from the Monday of last week to the Sunday of this one.
const TWO_WEEKS: usize = 14;

#[derive(Template)]
#[template(path = "today/_figures.html")]
pub struct Figures {
    week: Week,
    /// Absent in the first week of a workspace.
    last: Option<Week>,
}

/// Counts of one week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Week {
    pub sent: u64,
    /// Answers of people; absence notes and other machines do not count.
    pub replies: u64,
    pub interested: u64,
    pub booked: u64,
}

impl Figures {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        if !day.actor.may(Permission::ViewReplies) {
            return Ok(None);
        }
        let (this, last) = (day.start_of(day.monday(0)), day.start_of(day.monday(1)));
        let (mut now, mut before) = (Week::default(), Week::default());
        count_sent(day, &mut now, &mut before)?;
        each_reply_since(day, last, |reply| {
            let week = if reply.received_at >= this { &mut now } else { &mut before };
            week.count_reply(reply);
        })?;
        each_event_since(day, last, |event| {
            if matches!(event.what, Happened::BookingConfirmed { .. }) {
                let week = if event.at >= this { &mut now } else { &mut before };
                week.booked += 1;
            }
        })?;
        let was_there = day.workspace.created_at < this;
        Ok(Some(Self { week: now, last: was_there.then_some(before) }))
    }

    /// Label, figure and what it is compared with.
    fn stats(&self) -> [(&'static str, String, String); 4] {
        let week = &self.week;
        let Some(last) = &self.last else {
            let first = |label, count| (label, grouped(count), "the first week".to_owned());
            return [
                first("Mails sent", week.sent),
                first("Replies", week.replies),
                first("Interested", week.interested),
                first("Meetings booked", week.booked),
            ];
        };
        let beside = |count: u64| format!("{} last week", grouped(count));
        let replies = match (share(week.replies, week.sent), share(last.replies, last.sent)) {
            (Some(now), Some(then)) => format!("{now}, was {then}"),
            (Some(now), None) => format!("{now}, {}", beside(last.replies)),
            (None, _) => beside(last.replies),
        };
        [
            ("Mails sent", grouped(week.sent), beside(last.sent)),
            ("Replies", grouped(week.replies), replies),
            ("Interested", grouped(week.interested), beside(last.interested)),
            ("Meetings booked", grouped(week.booked), beside(last.booked)),
        ]
    }
}

fn count_sent(day: &Day<'_>, now: &mut Week, before: &mut Week) -> Result<(), TodayError> {
    let (this, last) = (day.monday(0), day.monday(1));
    let (store, workspace) = (&day.app.store, day.workspace.id);
    for (date, count) in usage_by_day(store, workspace, Counted::Workspace, &day.zone, day.now, TWO_WEEKS)? {
        if date >= this {
            now.sent += u64::from(count);
        } else if date >= last {
            before.sent += u64::from(count);
        }
    }
    Ok(())
}

impl Week {
    fn count_reply(&mut self, reply: &Reply) {
        let label = reply.reading.as_ref().map_or("", |reading| reading.label.as_str());
        if reply.automatic || matches!(label, "out_of_office" | "bounced") {
            return;
        }
        self.replies += 1;
        self.interested += u64::from(matches!(label, "interested" | "meeting_proposed"));
    }
}

/// "7.7 %" of the mails sent.
fn share(part: u64, of: u64) -> Option<String> {
    (of >= FEWEST_FOR_PERCENT).then(|| format!("{:.1}\u{a0}%", part as f64 * 100.0 / of as f64))
}

/// Replies that came since `since`, newest first.
pub fn each_reply_since(day: &Day<'_>, since: UnixMillis, mut visit: impl FnMut(&Reply)) -> Result<(), TodayError> {
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let page = messaging::list_replies(&day.app.store, day.workspace.id, cursor.as_ref(), PAGE)?;
        let is_done = page.rows.last().is_none_or(|reply| reply.received_at < since);
        page.rows.iter().filter(|reply| reply.received_at >= since).for_each(&mut visit);
        cursor = page.next;
        if is_done || cursor.is_none() {
            break;
        }
    }
    Ok(())
}

/// Entries of the log since `since`, newest first.
pub fn each_event_since(day: &Day<'_>, since: UnixMillis, mut visit: impl FnMut(&Event)) -> Result<(), TodayError> {
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let page = events::list_newest(&day.app.store, day.workspace.id, None, cursor.as_ref(), PAGE)?;
        let is_done = page.rows.last().is_none_or(|event| event.at < since);
        page.rows.iter().filter(|event| event.at >= since).for_each(&mut visit);
        cursor = page.next;
        if is_done || cursor.is_none() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_stands_beside_last_week_s_and_small_numbers_have_no_percent() {
        let week = |sent, replies| Week { sent, replies, interested: 8, booked: 6 };
        let cases = [
            (week(248, 19), week(221, 14), "7.7\u{a0}%, was 6.3\u{a0}%"),
            (week(248, 19), week(3, 1), "7.7\u{a0}%, 1 last week"),
            (week(12, 4), week(221, 14), "14 last week"),
        ];
        for (this, last, words) in cases {
            assert_eq!(Figures { week: this, last: Some(last) }.stats()[1].2, words);
        }
        let first = Figures { week: week(3, 1), last: None };
        assert_eq!(first.stats()[1].2, "the first week", "there was no week before to compare with");
    }
}
