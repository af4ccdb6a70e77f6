//! Segments: sorted lists of (term, numbers), cut into sealed blocks.
//!
//! Key of a block: `workspace | table | segment u32 | first term u64 | part u16`, where `part` counts the blocks in
//! which that first term's own list was begun before. A block holds entries
//! `term u64 | count varint | first number varint | differences varint…`.

use std::collections::VecDeque;

use super::{Packed, Term, BLOCKS};
use crate::base::WorkspaceId;
use crate::store::{Dir, Key, Store, StoreError, Tree, Txn};

/// Plain bytes of a block: sealed it must stay below what the store cuts into parts (6 KiB).
const BLOCK_BYTES: usize = 5_500;
/// Below this much space a list begins in the next block.
const SMALLEST_PIECE: usize = 32;
/// Blocks written or removed in one transaction.
pub(super) const BLOCKS_AT_ONCE: usize = 48;

pub(super) type Entry = (Term, Vec<u32>);

fn prefix(workspace: WorkspaceId, segment: u32) -> Key {
    Key::of(&BLOCKS, workspace).u32(segment)
}

fn place(workspace: WorkspaceId, segment: u32, term: Term, part: u16) -> Key {
    prefix(workspace, segment).u64(term).u16(part)
}

/// First term and part as they stand in a block's key.
fn head(key: &Key) -> Option<(Term, u16)> {
    let rest = key.rest().get(4..14)?;
    let (term, part) = rest.split_at(8);
    Some((Term::from_be_bytes(term.try_into().ok()?), u16::from_be_bytes(part.try_into().ok()?)))
}

/// A block ready to be written.
pub(super) struct Block {
    first: Term,
    part: u16,
    bytes: Vec<u8>,
}

impl Block {
    pub fn write(&self, txn: &mut Txn<'_>, workspace: WorkspaceId, segment: u32) -> Result<(), StoreError> {
        txn.put(&BLOCKS, &place(workspace, segment, self.first, self.part), &Packed(self.bytes.clone()))
    }
}

/// Cuts entries, given in ascending order of their terms, into blocks.
#[derive(Default)]
pub(super) struct Cutter {
    current: Option<Block>,
    full: Vec<Block>,
    pub postings: u64,
}

impl Cutter {
    pub fn push(&mut self, term: Term, numbers: &[u32]) {
        self.postings += numbers.len() as u64;
        let (mut rest, mut part) = (numbers, 0);
        while !rest.is_empty() {
            let used = self.current.as_ref().map_or(0, |block| block.bytes.len());
            if used + SMALLEST_PIECE > BLOCK_BYTES {
                self.full.extend(self.current.take());
            }
            let block = self.current.get_or_insert_with(|| Block { first: term, part, bytes: Vec::new() });
            let taken = write_piece(&mut block.bytes, term, rest);
            rest = &rest[taken..];
            part += 1;
        }
    }

    /// Blocks that are full by now.
    pub fn take_full(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.full)
    }

    pub fn finish(mut self) -> Vec<Block> {
        self.full.extend(self.current.take());
        self.full
    }
}

/// Writes as much of the list as fits; returns how many numbers that was, at least one.
fn write_piece(bytes: &mut Vec<u8>, term: Term, numbers: &[u32]) -> usize {
    let mut body = Vec::new();
    let (mut last, mut taken) = (0, 0);
    // Term, count and one more number need at most 18 bytes.
    let space = BLOCK_BYTES.saturating_sub(bytes.len() + 18);
    for number in numbers {
        if taken > 0 && body.len() > space {
            break;
        }
        write_varint(&mut body, number - last);
        last = *number;
        taken += 1;
    }
    bytes.extend_from_slice(&term.to_be_bytes());
    write_varint(bytes, u32::try_from(taken).unwrap_or(u32::MAX));
    bytes.extend_from_slice(&body);
    taken
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn damaged() -> StoreError {
    StoreError::Corrupt { tree: Tree::Search.name(), detail: "a search block cannot be read".into() }
}

/// Calls `visit` with each entry of a block; only lists for which `wanted` says so are read.
fn each_entry(
    mut bytes: &[u8],
    wanted: impl Fn(Term) -> bool,
    mut visit: impl FnMut(Term, Vec<u32>),
) -> Result<(), StoreError> {
    while let Some((term, rest)) = bytes.split_first_chunk::<8>() {
        let term = Term::from_be_bytes(*term);
        bytes = rest;
        let count = read_varint(&mut bytes).ok_or_else(damaged)?;
        let is_wanted = wanted(term);
        let mut numbers = Vec::with_capacity(if is_wanted { count.min(8192) as usize } else { 0 });
        let mut last = 0_u32;
        for _ in 0..count {
            last = last.wrapping_add(read_varint(&mut bytes).ok_or_else(damaged)?);
            if is_wanted {
                numbers.push(last);
            }
        }
        if is_wanted {
            visit(term, numbers);
        }
    }
    Ok(())
}

/// Blocks of a segment in which a term's list may stand, last first.
fn blocks_of(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    segment: u32,
    term: Term,
) -> Result<Vec<(Key, Packed)>, StoreError> {
    let mut range = prefix(workspace, segment).as_prefix();
    range.end = place(workspace, segment, term, u16::MAX).as_bytes().to_vec();
    let mut blocks = Vec::new();
    loop {
        let step = if blocks.is_empty() { 1 } else { 8 };
        let rows = txn.list_range(&BLOCKS, &range, Dir::Backward, step)?;
        if rows.is_empty() {
            return Ok(blocks);
        }
        for (key, block) in rows {
            let (first, part) = head(&key).ok_or_else(damaged)?;
            range.end = key.as_bytes().to_vec();
            blocks.push((key, block));
            // Only a block whose first list goes on from before (part above zero) has one before it.
            if first < term || part == 0 {
                return Ok(blocks);
            }
        }
    }
}

/// Adds a term's numbers in one segment to `numbers`.
pub(super) fn read_term(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    segment: u32,
    term: Term,
    numbers: &mut Vec<u32>,
) -> Result<(), StoreError> {
    for (_, block) in blocks_of(txn, workspace, segment, term)? {
        each_entry(&block.0, |own| own == term, |_, own| numbers.extend(own))?;
    }
    Ok(())
}

/// Takes one number out of a term's list.
pub(super) fn remove_number(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    segment: u32,
    term: Term,
    number: u32,
) -> Result<(), StoreError> {
    for (key, block) in blocks_of(txn, workspace, segment, term)? {
        let (mut bytes, mut changed) = (Vec::with_capacity(block.0.len()), false);
        each_entry(
            &block.0,
            |_| true,
            |own, mut numbers| {
                if own == term {
                    let before = numbers.len();
                    numbers.retain(|other| *other != number);
                    changed |= numbers.len() < before;
                }
                rewrite(&mut bytes, own, &numbers);
            },
        )?;
        if changed {
            txn.put(&BLOCKS, &key, &Packed(bytes))?;
        }
    }
    Ok(())
}

/// Writes a whole list, also an empty one: a block keeps its first term.
fn rewrite(bytes: &mut Vec<u8>, term: Term, numbers: &[u32]) {
    bytes.extend_from_slice(&term.to_be_bytes());
    write_varint(bytes, u32::try_from(numbers.len()).unwrap_or(u32::MAX));
    let mut last = 0;
    for number in numbers {
        write_varint(bytes, number - last);
        last = *number;
    }
}

/// Removes blocks of a segment, at most `BLOCKS_AT_ONCE`; false when none was left.
pub(super) fn remove_some(txn: &mut Txn<'_>, workspace: WorkspaceId, segment: u32) -> Result<bool, StoreError> {
    let keys = txn.keys(&BLOCKS, &prefix(workspace, segment), Dir::Forward, BLOCKS_AT_ONCE)?;
    for key in &keys {
        txn.remove(&BLOCKS, key)?;
    }
    Ok(!keys.is_empty())
}

/// Reads a segment's entries in the order of their terms, a few blocks at a time.
pub(super) struct Reader {
    workspace: WorkspaceId,
    segment: u32,
    after: Option<Key>,
    ready: VecDeque<Entry>,
    ended: bool,
}

impl Reader {
    pub fn new(workspace: WorkspaceId, segment: u32) -> Self {
        Self { workspace, segment, after: None, ready: VecDeque::new(), ended: false }
    }

    /// The next entry's term.
    pub fn peek(&mut self, store: &Store) -> Result<Option<Term>, StoreError> {
        // The last list read may go on in the next block, so one more must be there, or the end.
        while self.ready.len() < 2 && !self.ended {
            self.read_on(store)?;
        }
        Ok(self.ready.front().map(|(term, _)| *term))
    }

    pub fn next(&mut self, store: &Store) -> Result<Option<Entry>, StoreError> {
        self.peek(store)?;
        Ok(self.ready.pop_front())
    }

    fn read_on(&mut self, store: &Store) -> Result<(), StoreError> {
        let mut range = prefix(self.workspace, self.segment).as_prefix();
        if let Some(after) = &self.after {
            range.start = after.as_bytes().to_vec();
            range.start.push(0);
        }
        let blocks = store.read(|txn| txn.list_range(&BLOCKS, &range, Dir::Forward, 4))?;
        self.ended = blocks.is_empty();
        for (key, block) in blocks {
            each_entry(
                &block.0,
                |_| true,
                |term, numbers| match self.ready.back_mut() {
                    Some((last, list)) if *last == term => list.extend(numbers),
                    _ => self.ready.push_back((term, numbers)),
                },
            )?;
            self.after = Some(key);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_back_what_was_put_into_it() {
        let long: Vec<u32> = (0..40_000).map(|n| n * 7).collect();
        let entries = [(1, vec![5]), (2, long.clone()), (3, vec![0, 1, u32::MAX]), (9, vec![128, 129, 20_000])];
        let mut cutter = Cutter::default();
        for (term, numbers) in &entries {
            cutter.push(*term, numbers);
        }
        assert_eq!(cutter.postings, 40_007);
        let blocks = cutter.finish();
        assert!(blocks.iter().all(|block| block.bytes.len() <= BLOCK_BYTES));
        let mut read: Vec<Entry> = Vec::new();
        for block in &blocks {
            each_entry(
                &block.bytes,
                |_| true,
                |term, numbers| match read.last_mut() {
                    Some((last, list)) if *last == term => list.extend(numbers),
                    _ => read.push((term, numbers)),
                },
            )
            .unwrap();
        }
        assert_eq!(read, entries);
        let heads: Vec<(Term, u16)> = blocks.iter().map(|block| (block.first, block.part)).collect();
        assert!(heads.windows(2).all(|pair| pair[0] < pair[1]), "blocks have keys in order: {heads:?}");
    }

    #[test]
    fn a_damaged_block_is_an_error_and_no_panic() {
        for bytes in [vec![1, 2, 3, 4, 5, 6, 7, 8], vec![0, 0, 0, 0, 0, 0, 0, 1, 3, 1], vec![255; 64]] {
            assert!(each_entry(&bytes, |_| true, |_, _| {}).is_err(), "{bytes:?}");
        }
    }
}
