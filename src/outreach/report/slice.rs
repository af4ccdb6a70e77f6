//! Which leads a number counts: a part of the workspace's outreach, and what became of them.

use super::cell::Place;
use super::mark::{Mark, Unit, LABELS, UNKNOWN_WAIT, UNKNOWN_WEEK};
use super::week::Week;
use crate::base::{ConnectionId, SequenceId, StepId, VariantId, WorkerId};
use crate::http::ui::reply_badge;

/// A part of the outreach. With a step or a wording mails are counted, else leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    pub worker: Option<WorkerId>,
    pub sequence: Option<SequenceId>,
    pub mailbox: Option<ConnectionId>,
    pub step: Option<StepId>,
    pub variant: Option<VariantId>,
    /// The first and the last week in which its leads were first written to.
    pub from: Option<Week>,
    pub to: Option<Week>,
}

/// What became of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Contacted,
    /// Nothing came back as undeliverable.
    Delivered,
    Replied,
    Interested,
    Booked,
    OptedOut,
    Bounced,
    Away,
    /// A place in `LABELS`.
    Label(u8),
    /// A bucket of the time to the answer.
    Wait(u8),
    /// So many weeks after the first mail.
    RepliedInWeek(u8),
    BookedInWeek(u8),
}

impl Slice {
    pub fn holds(&self, place: &Place) -> bool {
        self.worker.is_none_or(|worker| worker == place.worker)
            && self.sequence.is_none_or(|sequence| sequence == place.sequence)
            && self.mailbox.is_none_or(|mailbox| mailbox == place.mailbox)
            && self.from.is_none_or(|from| from <= place.week)
            && self.to.is_none_or(|to| place.week <= to)
    }

    /// It counts mails and not leads.
    pub fn is_of_mails(&self) -> bool {
        self.step.is_some() || self.variant.is_some()
    }

    /// The mark is one of those that it counts.
    pub fn counts(&self, mark: &Mark) -> bool {
        match mark.unit {
            Unit::Lead => !self.is_of_mails(),
            Unit::Mail { .. } => self.is_of_mails() && self.holds_mail(mark),
        }
    }

    /// The mark is of a mail of the step and the wording, where these are named.
    pub fn holds_mail(&self, mark: &Mark) -> bool {
        let Unit::Mail { step, variant } = mark.unit else { return false };
        self.step.is_none_or(|wanted| wanted == step) && (self.variant.is_none() || self.variant == variant)
    }

    /// As the part of an address behind `?`.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let each = [
            ("worker", self.worker.map(|id| id.to_string())),
            ("sequence", self.sequence.map(|id| id.to_string())),
            ("mailbox", self.mailbox.map(|id| id.to_string())),
            ("step", self.step.map(|id| id.to_string())),
            ("variant", self.variant.map(|id| id.to_string())),
            ("from", self.from.map(|week| week.to_string())),
            ("to", self.to.map(|week| week.to_string())),
        ];
        for (name, value) in each {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        query.finish()
    }

    /// The same with what became of the leads.
    pub fn query_of(&self, what: What) -> String {
        match self.query() {
            rest if rest.is_empty() => format!("what={}", what.name()),
            rest => format!("what={}&{rest}", what.name()),
        }
    }
}

impl What {
    pub fn holds(self, mark: &Mark) -> bool {
        let answered = mark.label.is_some();
        match self {
            What::Contacted => true,
            What::Delivered => !mark.bounced,
            What::Replied => answered,
            What::Interested => mark.is_interested(),
            What::Booked => mark.booked_week.is_some(),
            What::OptedOut => mark.opted_out,
            What::Bounced => mark.bounced,
            What::Away => mark.away,
            What::Label(label) => mark.label == Some(label),
            What::Wait(bucket) => answered && mark.wait == bucket,
            What::RepliedInWeek(week) => answered && mark.answered_week == week,
            What::BookedInWeek(week) => mark.booked_week == Some(week),
        }
    }

    /// The word in addresses.
    pub fn name(self) -> String {
        let plain = match self {
            What::Contacted => "contacted",
            What::Delivered => "delivered",
            What::Replied => "replied",
            What::Interested => "interested",
            What::Booked => "booked",
            What::OptedOut => "opted-out",
            What::Bounced => "bounced",
            What::Away => "away",
            What::Label(label) => return format!("label-{}", label_name(label)),
            What::Wait(bucket) => return format!("wait-{bucket}"),
            What::RepliedInWeek(week) => return format!("replied-week-{week}"),
            What::BookedInWeek(week) => return format!("booked-week-{week}"),
        };
        plain.to_owned()
    }

    pub fn parse(text: &str) -> Option<Self> {
        const PLAIN: [What; 8] = [
            What::Contacted,
            What::Delivered,
            What::Replied,
            What::Interested,
            What::Booked,
            What::OptedOut,
            What::Bounced,
            What::Away,
        ];
        let labels = (0..LABELS.len() as u8).map(What::Label);
        let waits = (0..=UNKNOWN_WAIT).map(What::Wait);
        let weeks = (0..=UNKNOWN_WEEK).flat_map(|week| [What::RepliedInWeek(week), What::BookedInWeek(week)]);
        PLAIN.into_iter().chain(labels).chain(waits).chain(weeks).find(|what| what.name() == text)
    }

    /// As the heading of its list.
    pub fn words(self) -> String {
        let plain = match self {
            What::Contacted => "Written to",
            What::Delivered => "Delivered",
            What::Replied => "Replied",
            What::Interested => "Interested",
            What::Booked => "Booked",
            What::OptedOut => "Opted out",
            What::Bounced => "Bounced",
            What::Away => "Away",
            What::Label(label) => return format!("Answered: {}", reply_badge(label_name(label)).words),
            What::Wait(bucket) => return format!("Time to the answer: {}", super::wait_words(bucket)),
            What::RepliedInWeek(week) => return format!("Replied {}", week_words(week)),
            What::BookedInWeek(week) => return format!("Booked {}", week_words(week)),
        };
        plain.to_owned()
    }
}

fn label_name(label: u8) -> &'static str {
    LABELS.get(usize::from(label)).copied().unwrap_or("other")
}

/// "in the first week", "4 weeks after the first mail or later".
fn week_words(week: u8) -> String {
    match week {
        0 => "in the first week after the first mail".to_owned(),
        1 => "1 week after the first mail".to_owned(),
        super::mark::LATEST_WEEK => format!("{week} weeks after the first mail or later"),
        UNKNOWN_WEEK => "in a week that is not known".to_owned(),
        week => format!("{week} weeks after the first mail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_named_once_in_addresses() {
        let mut names = std::collections::BTreeSet::new();
        let labels = (0..LABELS.len() as u8).map(What::Label);
        for what in labels.chain([What::Wait(3), What::RepliedInWeek(4), What::BookedInWeek(0), What::OptedOut]) {
            assert_eq!(What::parse(&what.name()), Some(what));
            assert!(names.insert(what.name()) && !what.words().is_empty());
        }
        for unknown in ["", "label-", "label-nothing", "wait-99", "replied-week-9", "Replied"] {
            assert_eq!(What::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_slice_is_written_into_addresses_with_what_it_narrows_alone() {
        let week = "2026-11-25".parse().ok();
        let slice = Slice { from: week, to: week, ..Slice::default() };
        assert_eq!(slice.query_of(What::Booked), "what=booked&from=2026-11-23&to=2026-11-23");
        assert_eq!(Slice::default().query_of(What::Label(2)), "what=label-question");
    }
}
