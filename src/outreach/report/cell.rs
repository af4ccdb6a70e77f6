//! One cell: how many there are of each mark among the leads of a week, a worker, a sequence and a mailbox.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::mark::Mark;
use super::week::Week;
use crate::base::{ConnectionId, SequenceId, WorkerId};
use crate::outreach::model::Enrolment;

/// Whose leads a cell counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub week: Week,
    pub worker: WorkerId,
    pub sequence: SequenceId,
    pub mailbox: ConnectionId,
}

/// Bytes of a place in a key.
pub const PLACE_BYTES: usize = 4 + 3 * 16;

impl Place {
    pub fn of(lead: &Enrolment) -> Option<Self> {
        let counted = lead.counted?;
        let (worker, sequence) = (lead.worker, lead.sequence);
        Some(Self { week: Week(counted.week), worker, sequence, mailbox: counted.mailbox })
    }

    /// In the order of weeks.
    pub fn bytes(&self) -> Vec<u8> {
        let week = self.week.0.to_be_bytes();
        [&week[..], self.worker.as_bytes(), self.sequence.as_bytes(), self.mailbox.as_bytes()].concat()
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        let week = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
        Some(Self {
            week: Week(week),
            worker: WorkerId::from_slice(bytes.get(4..20)?)?,
            sequence: SequenceId::from_slice(bytes.get(20..36)?)?,
            mailbox: ConnectionId::from_slice(bytes.get(36..PLACE_BYTES)?)?,
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell(BTreeMap<Mark, u32>);

impl Cell {
    pub fn take_away(&mut self, marks: &BTreeSet<Mark>) {
        for mark in marks {
            if let Some(count) = self.0.get_mut(mark) {
                *count = count.saturating_sub(1);
            }
        }
        self.0.retain(|_, count| *count > 0);
    }

    pub fn add(&mut self, marks: &BTreeSet<Mark>) {
        marks.iter().for_each(|mark| *self.0.entry(*mark).or_default() += 1);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks that occur, in the order of their keys, with how many there are.
    pub fn marks(&self) -> impl DoubleEndedIterator<Item = (&Mark, u64)> {
        self.0.iter().map(|(mark, count)| (mark, u64::from(*count)))
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut marks = BTreeMap::new();
        while !bytes.is_empty() {
            let (mark, rest) = Mark::read(bytes)?;
            let (count, rest) = rest.split_first_chunk::<4>()?;
            marks.insert(mark, u32::from_be_bytes(*count));
            bytes = rest;
        }
        Some(Self(marks))
    }
}

/// One row of bytes: a page reads hundreds of these.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let each = self.0.iter().flat_map(|(mark, count)| [mark.bytes(), count.to_be_bytes().to_vec()].concat());
        serializer.serialize_bytes(&each.collect::<Vec<u8>>())
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Cell;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("marks with their counts")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Cell, E> {
                Cell::read(bytes).ok_or_else(|| E::custom("a mark is cut short"))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
