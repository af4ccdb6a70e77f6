//! Marks: all that the analytics know of a lead or of one mail to it, small enough to stand in a key.

use std::collections::BTreeSet;

use crate::base::{StepId, UnixMillis, VariantId};
use crate::outreach::model::{Enrolment, Moment, Sent};

/// What answers of people are read as. The place stands in keys: only ever add at the end.
pub const LABELS: [&str; 9] = [
    "interested",
    "meeting_proposed",
    "question",
    "referral",
    "later",
    "not_interested",
    "unsubscribe",
    "out_of_office",
    "other",
];
/// The longest time to an answer, in minutes, of each bucket but the last, which has no end. Stands in keys.
pub const WAITS: [u32; 11] = [15, 60, 120, 240, 480, 1_440, 2_880, 4_320, 7_200, 10_080, 20_160];
/// The bucket of answers of which nothing tells how long they took.
pub const UNKNOWN_WAIT: u8 = WAITS.len() as u8 + 1;
/// Weeks after the first mail: this one and all later ones stand together.
pub const LATEST_WEEK: u8 = 4;
/// Nothing tells the week.
pub const UNKNOWN_WEEK: u8 = LATEST_WEEK + 1;
const DAY_MINUTES: u32 = 1_440;
const MINUTE_MILLIS: i64 = 60_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    Lead,
    /// One mail to a lead. What came of the lead counts with the mail that it came after.
    Mail {
        step: StepId,
        variant: Option<VariantId>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub unit: Unit,
    /// How the answer was read: its place in `LABELS`.
    pub label: Option<u8>,
    /// The bucket of the time to the answer, and how many weeks after the first mail it came; 0 without an answer.
    pub wait: u8,
    pub answered_week: u8,
    /// How many weeks after the first mail a meeting was booked.
    pub booked_week: Option<u8>,
    pub bounced: bool,
    pub opted_out: bool,
    /// A machine said that they are away.
    pub away: bool,
}

const NONE: u8 = 0xFF;
const LEAD: u8 = 0;
const MAIL: u8 = 1;
const BOUNCED: u8 = 1;
const OPTED_OUT: u8 = 2;
const AWAY: u8 = 4;
/// Bytes behind the unit.
const TAIL: usize = 5;
const LEAD_BYTES: usize = 1 + TAIL;
const MAIL_BYTES: usize = 33 + TAIL;

impl Mark {
    fn nothing(unit: Unit) -> Self {
        Self {
            unit,
            label: None,
            wait: 0,
            answered_week: 0,
            booked_week: None,
            bounced: false,
            opted_out: false,
            away: false,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAIL_BYTES);
        match self.unit {
            Unit::Lead => bytes.push(LEAD),
            Unit::Mail { step, variant } => {
                bytes.push(MAIL);
                bytes.extend_from_slice(step.as_bytes());
                bytes.extend_from_slice(&variant.map_or([0; 16], |variant| *variant.as_bytes()));
            }
        }
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        bytes.extend([
            self.label.unwrap_or(NONE),
            self.wait,
            self.answered_week,
            self.booked_week.unwrap_or(NONE),
            flag(self.bounced, BOUNCED) | flag(self.opted_out, OPTED_OUT) | flag(self.away, AWAY),
        ]);
        bytes
    }

    /// The mark that begins `bytes`, and what follows it.
    pub fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (unit, length) = match *bytes.first()? {
            LEAD => (Unit::Lead, LEAD_BYTES),
            MAIL => {
                let step = StepId::from_slice(bytes.get(1..17)?)?;
                let variant = VariantId::from_slice(bytes.get(17..33)?).filter(|variant| !variant.0.is_nil());
                (Unit::Mail { step, variant }, MAIL_BYTES)
            }
            _ => return None,
        };
        let [label, wait, answered_week, booked_week, flags] = *bytes.get(length - TAIL..length)? else { return None };
        let mark = Self {
            unit,
            label: Some(label).filter(|label| *label != NONE),
            wait,
            answered_week,
            booked_week: Some(booked_week).filter(|week| *week != NONE),
            bounced: flags & BOUNCED != 0,
            opted_out: flags & OPTED_OUT != 0,
            away: flags & AWAY != 0,
        };
        Some((mark, &bytes[length..]))
    }

    pub fn label_name(&self) -> Option<&'static str> {
        self.label.map(|place| LABELS.get(usize::from(place)).copied().unwrap_or("other"))
    }

    pub fn is_interested(&self) -> bool {
        matches!(self.label_name(), Some("interested" | "meeting_proposed"))
    }
}

/// The marks of a lead: none before its first mail, none where its data is only stored.
pub fn marks_of(lead: &Enrolment) -> BTreeSet<Mark> {
    let (Some(first), false) = (lead.sent.first(), lead.withheld || lead.counted.is_none()) else {
        return BTreeSet::new();
    };
    let mut own = Mark { away: lead.came.away, ..Mark::nothing(Unit::Lead) };
    let unit = |sent: &Sent| Unit::Mail { step: sent.step, variant: sent.variant };
    let mut mails: Vec<Mark> = lead.sent.iter().map(|sent| Mark::nothing(unit(sent))).collect();
    // Each thing that came is noted with the lead and with the mail before it.
    let mut note = |came: Option<Moment>, how: &dyn Fn(&mut Mark)| {
        how(&mut own);
        let after = lead.mail_before(came).and_then(|mail| lead.sent.iter().position(|sent| sent == mail));
        if let Some(mail) = after.and_then(|place| mails.get_mut(place)) {
            how(mail);
        }
    };
    let came = &lead.came;
    let week = |moment: Option<Moment>| moment.map_or(UNKNOWN_WEEK, |moment| weeks_between(first.at, moment.at));
    if let Some(label) = &came.label {
        let place = LABELS.iter().position(|known| known == label).unwrap_or(LABELS.len() - 1);
        let wait = came.answer.and_then(|answer| Some(bucket(lead.mail_before(came.answer)?.at, answer.at)));
        note(came.answer, &|mark| {
            mark.label = u8::try_from(place).ok();
            mark.wait = wait.unwrap_or(UNKNOWN_WAIT);
            mark.answered_week = week(came.answer);
        });
    }
    if came.meeting {
        note(came.met, &|mark| mark.booked_week = Some(week(came.met)));
    }
    if came.bounced {
        note(came.bounce, &|mark| mark.bounced = true);
    }
    if came.opted_out {
        note(came.opt_out, &|mark| mark.opted_out = true);
    }
    mails.into_iter().chain([own]).collect()
}

fn minutes(from: UnixMillis, to: UnixMillis) -> u32 {
    u32::try_from(to.0.saturating_sub(from.0).max(0) / MINUTE_MILLIS).unwrap_or(u32::MAX)
}

fn bucket(from: UnixMillis, to: UnixMillis) -> u8 {
    let took = minutes(from, to);
    WAITS.iter().position(|most| took <= *most).unwrap_or(WAITS.len()) as u8
}

fn weeks_between(from: UnixMillis, to: UnixMillis) -> u8 {
    u8::try_from(minutes(from, to) / (7 * DAY_MINUTES)).unwrap_or(LATEST_WEEK).min(LATEST_WEEK)
}

/// "15 minutes", "1 to 2 hours", "more than 14 days" of a bucket.
pub fn wait_words(bucket: u8) -> String {
    let place = usize::from(bucket);
    let from = place.checked_sub(1).and_then(|before| WAITS.get(before)).copied();
    match (from, WAITS.get(place)) {
        (_, None) if bucket >= UNKNOWN_WAIT => "Not known".to_owned(),
        (None, Some(to)) => format!("Up to {}", of_minutes(*to)),
        (Some(from), Some(to)) => {
            let to = of_minutes(*to);
            let same = to
                .split_once(' ')
                .zip(of_minutes(from).split_once(' '))
                .is_some_and(|((_, a), (_, b))| a.trim_end_matches('s') == b.trim_end_matches('s'));
            match of_minutes(from).split_once(' ') {
                Some((number, _)) if same => format!("{number} to {to}"),
                _ => format!("{} to {to}", of_minutes(from)),
            }
        }
        (Some(from), None) => format!("More than {}", of_minutes(from)),
        (None, None) => String::new(),
    }
}

fn of_minutes(minutes: u32) -> String {
    let (number, one, many) = match minutes {
        0..60 => (minutes, "minute", "minutes"),
        60..DAY_MINUTES => (minutes / 60, "hour", "hours"),
        _ => (minutes / DAY_MINUTES, "day", "days"),
    };
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_mark_is_read_back_from_its_bytes_and_what_follows_is_left() {
        let step = StepId(Uuid::from_u128(7));
        let full = |unit| Mark {
            label: Some(3),
            wait: 4,
            answered_week: 1,
            booked_week: Some(2),
            bounced: true,
            opted_out: true,
            away: true,
            ..Mark::nothing(unit)
        };
        let variant = Some(VariantId(Uuid::from_u128(9)));
        let marks = [
            Mark::nothing(Unit::Lead),
            full(Unit::Lead),
            Mark::nothing(Unit::Mail { step, variant: None }),
            full(Unit::Mail { step, variant }),
        ];
        for mark in marks {
            let bytes = [mark.bytes(), vec![1, 2]].concat();
            assert_eq!(Mark::read(&bytes), Some((mark, &[1, 2][..])), "{mark:?}");
            assert_eq!(Mark::read(&bytes[..bytes.len() - 3]), None, "cut short");
        }
        assert_eq!(Mark::read(&[9; 64]), None);
    }

    #[test]
    fn times_to_an_answer_stand_in_buckets_that_have_words() {
        let minute = |number: i64| UnixMillis(number * MINUTE_MILLIS);
        let cases = [
            (0, "Up to 15 minutes"),
            (15, "Up to 15 minutes"),
            (16, "15 minutes to 1 hour"),
            (61, "1 to 2 hours"),
            (500, "8 hours to 1 day"),
            (1_441, "1 to 2 days"),
            (20_161, "More than 14 days"),
            (-5, "Up to 15 minutes"),
        ];
        for (took, words) in cases {
            assert_eq!(wait_words(bucket(minute(0), minute(took))), words, "{took} minutes");
        }
        assert_eq!(wait_words(UNKNOWN_WAIT), "Not known");
        assert_eq!(weeks_between(minute(0), minute(7 * 1_440 - 1)), 0);
        assert_eq!(weeks_between(minute(0), minute(7 * 1_440)), 1);
        assert_eq!(weeks_between(minute(0), minute(900 * 1_440)), LATEST_WEEK);
    }
}
