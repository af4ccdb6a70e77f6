//! The analytics of a slice: all figures of a page, in one walk over its cells.

use std::collections::BTreeMap;

use super::mark::{Mark, Unit, LABELS, LATEST_WEEK, UNKNOWN_WAIT, UNKNOWN_WEEK, WAITS};
use super::rows::each_cell;
use super::slice::{Slice, What};
use super::week::Week;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, SequenceId, StepId, VariantId, WorkerId};
use crate::outreach::variants::wilson;
use crate::outreach::OutreachError;

/// Columns of a cohort: weeks 0, 1, 2, 3, and 4 or later; the last one for what nothing tells the week of.
pub const COHORT_WEEKS: usize = UNKNOWN_WEEK as usize + 1;
/// Below this many cases no share is told.
pub const FEWEST: u64 = 20;

/// What became of leads, or of mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub contacted: u64,
    pub replied: u64,
    pub interested: u64,
    pub booked: u64,
    pub opted_out: u64,
    pub bounced: u64,
    pub away: u64,
}

impl Tally {
    fn add(&mut self, mark: &Mark, count: u64) {
        let each = [
            (What::Contacted, &mut self.contacted),
            (What::Replied, &mut self.replied),
            (What::Interested, &mut self.interested),
            (What::Booked, &mut self.booked),
            (What::OptedOut, &mut self.opted_out),
            (What::Bounced, &mut self.bounced),
            (What::Away, &mut self.away),
        ];
        for (what, figure) in each {
            if what.holds(mark) {
                *figure += count;
            }
        }
    }

    pub fn delivered(&self) -> u64 {
        self.contacted.saturating_sub(self.bounced)
    }

    pub fn of(&self, what: What) -> u64 {
        match what {
            What::Delivered => self.delivered(),
            What::Replied => self.replied,
            What::Interested => self.interested,
            What::Booked => self.booked,
            What::OptedOut => self.opted_out,
            What::Bounced => self.bounced,
            What::Away => self.away,
            _ => self.contacted,
        }
    }

    /// Answers per delivered mail; of those that bounced nobody could answer.
    pub fn replies(&self) -> Rate {
        Rate { hits: self.replied, cases: self.delivered() }
    }
}

/// A share with the range in which the true one lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub hits: u64,
    pub cases: u64,
}

impl Rate {
    /// 0 to 1 each, with 95 % confidence; none where there are too few cases to say anything.
    pub fn told(&self) -> Option<(f64, (f64, f64))> {
        (self.cases >= FEWEST).then(|| (self.hits as f64 / self.cases as f64, wilson(self.hits, self.cases)))
    }

    /// "8.0 % (4.1 to 15.0 %)".
    pub fn words(&self) -> String {
        match self.told() {
            Some((rate, (low, high))) => {
                format!("{:.1} % ({:.1} to {:.1} %)", rate * 100.0, low * 100.0, high * 100.0)
            }
            None if self.cases == 0 => String::new(),
            None => "too few to say".to_owned(),
        }
    }
}

/// Those first written to in one week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    pub tally: Tally,
    /// By how many weeks after the first mail.
    pub replied: [u64; COHORT_WEEKS],
    pub booked: [u64; COHORT_WEEKS],
}

/// A step of a sequence: its mails in all wordings, or those in one of several.
pub type StepKey = (SequenceId, StepId, Option<VariantId>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Leads, or mails where the slice names a step.
    pub all: Tally,
    pub labels: [u64; LABELS.len()],
    /// By bucket; the last two are of no end and of no known time.
    pub waits: [u64; WAITS.len() + 2],
    pub workers: BTreeMap<WorkerId, Tally>,
    pub sequences: BTreeMap<SequenceId, Tally>,
    pub mailboxes: BTreeMap<ConnectionId, Tally>,
    /// Always mails.
    pub steps: BTreeMap<StepKey, Tally>,
    pub cohorts: BTreeMap<Week, Cohort>,
}

impl Report {
    /// The bucket in which this share of all known times lies; none while nothing is known.
    pub fn wait_at(&self, share: f64) -> Option<u8> {
        let known = &self.waits[..usize::from(UNKNOWN_WAIT)];
        let all: u64 = known.iter().sum();
        let rank = ((all as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        let place = known.iter().position(|count| {
            below += count;
            all > 0 && below >= rank
        });
        place.and_then(|place| u8::try_from(place).ok())
    }

    /// Answers whose time is known.
    pub fn timed(&self) -> u64 {
        self.waits[..usize::from(UNKNOWN_WAIT)].iter().sum()
    }

    fn add_mark(&mut self, mark: &Mark, count: u64) {
        self.all.add(mark, count);
        if let Some(label) = mark.label {
            count_at(&mut self.labels, label, count);
            count_at(&mut self.waits, mark.wait, count);
        }
    }
}

impl Cohort {
    fn add(&mut self, mark: &Mark, count: u64) {
        self.tally.add(mark, count);
        if mark.label.is_some() {
            count_at(&mut self.replied, mark.answered_week, count);
        }
        if let Some(week) = mark.booked_week {
            count_at(&mut self.booked, week, count);
        }
    }

    /// Weeks of which nothing can be known yet, since they have not begun for the first of the cohort.
    pub fn weeks_begun(week: Week, today: Week) -> u32 {
        (today.0.saturating_sub(week.0) / 7).min(u32::from(LATEST_WEEK)) + 1
    }
}

fn count_at(figures: &mut [u64], place: u8, count: u64) {
    if let Some(figure) = figures.get_mut(usize::from(place)) {
        *figure += count;
    }
}

/// All figures of a slice.
pub fn report(app: &App, actor: &Actor, slice: &Slice) -> Result<Report, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let mut report = Report::default();
    each_cell(&app.store, actor.workspace, slice, None, |place, cell| {
        for (mark, count) in cell.marks() {
            if let Unit::Mail { step, variant } = mark.unit {
                let rows = [Some(None), variant.map(Some)].into_iter().flatten();
                for row in rows.filter(|_| slice.holds_mail(mark)) {
                    report.steps.entry((place.sequence, step, row)).or_default().add(mark, count);
                }
            }
            if slice.counts(mark) {
                report.add_mark(mark, count);
                report.workers.entry(place.worker).or_default().add(mark, count);
                report.sequences.entry(place.sequence).or_default().add(mark, count);
                report.mailboxes.entry(place.mailbox).or_default().add(mark, count);
                report.cohorts.entry(place.week).or_default().add(mark, count);
            }
        }
        Ok(true)
    })?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_few_is_not_told_and_one_of_many_comes_with_its_range() {
        let words = |hits, cases| Rate { hits, cases }.words();
        assert_eq!(words(0, 0), "");
        assert_eq!(words(3, 19), "too few to say");
        assert_eq!(words(8, 100), "8.0 % (4.1 to 15.0 %)");
        assert_eq!(words(0, 20), "0.0 % (0.0 to 16.1 %)");
    }

    #[test]
    fn the_quartiles_lie_in_the_buckets_that_hold_them() {
        let mut report = Report::default();
        assert_eq!(report.wait_at(0.5), None);
        report.waits[0] = 1;
        report.waits[5] = 2;
        report.waits[11] = 1;
        report.waits[12] = 40;
        assert_eq!([0.25, 0.5, 0.75, 1.0].map(|share| report.wait_at(share)), [Some(0), Some(5), Some(5), Some(11)]);
        assert_eq!(report.timed(), 4, "what nothing tells the time of is left out");
    }
}
