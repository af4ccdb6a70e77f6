//! What was spent today and this month, and what calls that are under way may still cost. Pure.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::model::{Caps, Micros};
use crate::base::{TransferId, UnixMillis};

/// A call that did not come back within this time was cut off with the program: what it may have cost counts as spent.
const LOST_AFTER: Duration = Duration::from_secs(300);

/// One row for each purse; it turns over by itself with the day and the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub on: Date,
    pub day: Micros,
    pub month: Micros,
    #[serde(default)]
    pub under_way: Vec<UnderWay>,
    /// The warning of this day, and of this month, has gone out.
    #[serde(default)]
    pub warned_day: bool,
    #[serde(default)]
    pub warned_month: bool,
    /// It was reached, and said.
    #[serde(default)]
    pub full_day: bool,
    #[serde(default)]
    pub full_month: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderWay {
    pub call: TransferId,
    pub at: UnixMillis,
    pub most: Micros,
}

/// A period of which something is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Month,
}

impl Period {
    pub fn words(self) -> &'static str {
        match self {
            Period::Day => "today",
            Period::Month => "this month",
        }
    }
}

/// News of a budget, once for each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Four fifths are spent.
    Nearly(Period),
    Full(Period),
}

impl Spent {
    pub fn new(on: Date) -> Self {
        Self {
            on,
            day: 0,
            month: 0,
            under_way: Vec::new(),
            warned_day: false,
            warned_month: false,
            full_day: false,
            full_month: false,
        }
    }

    /// The same purse on that day. A clock that was set back changes nothing.
    pub fn turned(mut self, today: Date, now: UnixMillis) -> Self {
        let (lost, under_way): (Vec<_>, Vec<_>) =
            self.under_way.iter().copied().partition(|call| now.since(call.at) > LOST_AFTER);
        self.under_way = under_way;
        let lost: Micros = lost.iter().map(|call| call.most).sum();
        self.add(lost);
        if today <= self.on {
            return self;
        }
        if (today.year(), today.month()) != (self.on.year(), self.on.month()) {
            (self.month, self.warned_month, self.full_month) = (0, false, false);
        }
        (self.day, self.warned_day, self.full_day, self.on) = (0, false, false, today);
        self
    }

    fn add(&mut self, cost: Micros) {
        self.day = self.day.saturating_add(cost);
        self.month = self.month.saturating_add(cost);
    }

    /// What calls under way may cost, all together.
    pub fn at_risk(&self) -> Micros {
        self.under_way.iter().map(|call| call.most).fold(0, Micros::saturating_add)
    }

    /// Whether `most` more fits, with all that is under way, and the period in which it does not.
    pub fn room_for(&self, most: Micros, caps: Caps) -> Result<(), Period> {
        let risk = self.at_risk().saturating_add(most);
        if self.day.saturating_add(risk) > caps.day {
            return Err(Period::Day);
        }
        if self.month.saturating_add(risk) > caps.month {
            return Err(Period::Month);
        }
        Ok(())
    }

    pub fn begin(&mut self, call: UnderWay) {
        self.under_way.push(call);
    }

    /// The call is over and cost that much. A call that was taken for lost has been counted.
    pub fn end(&mut self, call: TransferId, cost: Micros) {
        let before = self.under_way.len();
        self.under_way.retain(|known| known.call != call);
        if self.under_way.len() < before {
            self.add(cost);
        }
    }

    /// What has to be said now and was not said in this period.
    pub fn news(&mut self, caps: Caps) -> Vec<News> {
        let nearly = |spent: Micros, cap: Micros| cap > 0 && u128::from(spent) * 5 >= u128::from(cap) * 4;
        let mut news = Vec::new();
        if nearly(self.day, caps.day) && !std::mem::replace(&mut self.warned_day, true) {
            news.push(News::Nearly(Period::Day));
        }
        if nearly(self.month, caps.month) && !std::mem::replace(&mut self.warned_month, true) {
            news.push(News::Nearly(Period::Month));
        }
        news
    }

    /// A call did not fit: said once in the period.
    pub fn note_full(&mut self, period: Period) -> Option<News> {
        let said = match period {
            Period::Day => &mut self.full_day,
            Period::Month => &mut self.full_month,
        };
        (!std::mem::replace(said, true)).then_some(News::Full(period))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const CAPS: Caps = Caps { day: 100, month: 250 };
    const NOW: UnixMillis = UnixMillis(1_795_514_400_000);

    fn call(most: Micros) -> UnderWay {
        UnderWay { call: TransferId::new(NOW), at: NOW, most }
    }

    #[test]
    fn calls_under_way_count_until_they_are_over() {
        let mut spent = Spent::new(date(2026, 11, 24));
        let first = call(60);
        assert_eq!(spent.room_for(60, CAPS), Ok(()));
        spent.begin(first);
        assert_eq!(spent.room_for(60, CAPS), Err(Period::Day), "two calls at once never spend more than the budget");
        spent.end(first.call, 10);
        assert_eq!((spent.day, spent.month, spent.room_for(60, CAPS)), (10, 10, Ok(())));
        spent.end(first.call, 10);
        assert_eq!(spent.day, 10, "an end that is heard twice costs once");
    }

    #[test]
    fn a_day_and_a_month_begin_with_nothing_spent() {
        let mut spent = Spent::new(date(2026, 11, 29));
        (spent.day, spent.month, spent.warned_day) = (90, 200, true);
        let next = spent.turned(date(2026, 11, 30), NOW);
        assert_eq!((next.day, next.month, next.warned_day), (0, 200, false));
        let next = next.turned(date(2026, 12, 1), NOW);
        assert_eq!((next.day, next.month), (0, 0));
        assert_eq!(next.clone().turned(date(2026, 11, 1), NOW), next, "a clock that runs back gives nothing back");
    }

    #[test]
    fn what_was_cut_off_counts_as_spent_in_full() {
        let mut spent = Spent::new(date(2026, 11, 24));
        spent.begin(call(40));
        let later = spent.turned(date(2026, 11, 24), NOW.plus(Duration::from_secs(301)));
        assert_eq!((later.day, later.at_risk()), (40, 0));
    }

    #[test]
    fn four_fifths_and_the_whole_are_each_said_once_in_a_period() {
        let mut spent = Spent::new(date(2026, 11, 24));
        spent.day = 79;
        assert_eq!(spent.news(CAPS), vec![]);
        spent.day = 80;
        assert_eq!(spent.news(CAPS), vec![News::Nearly(Period::Day)]);
        assert_eq!(spent.news(CAPS), vec![]);
        assert_eq!(spent.note_full(Period::Day), Some(News::Full(Period::Day)));
        assert_eq!(spent.note_full(Period::Day), None);
        assert_eq!(spent.note_full(Period::Month), Some(News::Full(Period::Month)));
    }
}
