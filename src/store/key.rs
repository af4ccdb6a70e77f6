//! Keys: `workspace(16) | table(2) | …`, so that listing, exporting and deleting a tenant is one prefix.
//! Parts sort as their values do: integers big-endian, times with the sign bit flipped, text escaped.

use uuid::Uuid;

use super::engine::KeyRange;
use super::table::Table;
use crate::base::{UnixMillis, WorkspaceId};

/// Workspace and table.
pub const HEAD: usize = 18;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(crate) Vec<u8>);

impl Key {
    pub fn of<V>(table: &Table<V>, workspace: WorkspaceId) -> Self {
        Self::of_id(table.info.id, workspace)
    }

    pub(crate) fn of_id(table: u16, workspace: WorkspaceId) -> Self {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend_from_slice(workspace.as_bytes());
        bytes.extend_from_slice(&table.to_be_bytes());
        Self(bytes)
    }

    pub fn bytes(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(part);
        self
    }

    pub fn id(self, id: Uuid) -> Self {
        self.bytes(id.as_bytes())
    }

    pub fn u8(self, part: u8) -> Self {
        self.bytes(&[part])
    }

    pub fn u16(self, part: u16) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    pub fn u32(self, part: u32) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    pub fn u64(self, part: u64) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    /// Oldest first.
    pub fn time(self, at: UnixMillis) -> Self {
        self.bytes(&sortable(at).to_be_bytes())
    }

    /// Newest first.
    pub fn time_desc(self, at: UnixMillis) -> Self {
        self.bytes(&(!sortable(at)).to_be_bytes())
    }

    /// Text that sorts by its bytes and ends unmistakably: 00 -> 00 FF, closed with 00 00. Never personal data.
    pub fn text(mut self, part: &str) -> Self {
        for byte in part.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
        self.0.extend_from_slice(&[0, 0]);
        self
    }

    /// A key that was read from an index row.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn workspace(&self) -> Option<WorkspaceId> {
        self.0.get(..16).and_then(WorkspaceId::from_slice)
    }

    /// What follows workspace and table.
    pub fn rest(&self) -> &[u8] {
        self.0.get(HEAD..).unwrap_or_default()
    }

    /// The last 16 bytes as an id: most index keys end with the id of the row they point to.
    pub fn last_id(&self) -> Option<Uuid> {
        self.0.len().checked_sub(16).filter(|at| *at >= HEAD).and_then(|at| Uuid::from_slice(&self.0[at..]).ok())
    }

    pub fn as_prefix(&self) -> KeyRange {
        KeyRange::prefix(&self.0)
    }
}

fn sortable(at: UnixMillis) -> u64 {
    (at.0 as u64) ^ (1 << 63)
}

/// Reads back a time written by `Key::time`.
pub fn read_time(bytes: &[u8]) -> Option<UnixMillis> {
    let raw: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    Some(UnixMillis((u64::from_be_bytes(raw) ^ (1 << 63)) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::INSTANCE;

    #[test]
    fn times_and_texts_sort_as_their_values_do() {
        let times = [UnixMillis(i64::MIN), UnixMillis(-1), UnixMillis(0), UnixMillis(1), UnixMillis(i64::MAX)];
        for pair in times.windows(2) {
            let key = |at| Key::of_id(1, INSTANCE).time(at);
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
            let newest_first = |at| Key::of_id(1, INSTANCE).time_desc(at);
            assert!(newest_first(pair[0]) > newest_first(pair[1]), "{pair:?}");
            assert_eq!(read_time(key(pair[0]).rest()), Some(pair[0]));
        }
        let texts = ["", "\0", "\0a", "a", "a\0b", "ab"];
        for pair in texts.windows(2) {
            let key = |text| Key::of_id(1, INSTANCE).text(text).u8(9);
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        }
    }
}
