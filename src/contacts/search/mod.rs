//! Search by the beginning of any word, over sealed data.
//!
//! The index is a handful of *segments*. A segment is a sorted list of (term, numbers of contacts), cut into sealed
//! blocks of a few KiB; a term is the keyed hash of a word's beginning. Changes wait in sealed notes (`Pending`),
//! written with the contact; the indexer makes a new segment of them and joins it with those that are not much
//! larger, so that there are only logarithmically many and each term is written that often. A question reads one
//! or two blocks per word and segment, joins the numbers, and compares what it found with the contacts
//! themselves: the index may lag or err on the side of too many, never the answer. Contacts whose note still waits
//! are looked at one by one, so a new contact is found at once.

mod index;
mod segment;

use serde::{Deserialize, Serialize};

pub use index::{index_all, INDEX};
pub(super) use index::{plan_index, Indexer, SearchSubscriber};

use super::fold;
use super::model::Contact;
use super::packed::Packed;
use super::store::ByNumber;
use crate::base::{Cursor, Page, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const BLOCKS: Table<Packed> = Table::sealed(
    0x0807,
    "contact_search_blocks",
    Tree::Search,
    Holds::Nothing,
    Retention::UntilErased,
    "Which contacts have a word that begins so: keyed hashes and numbers, so that search works over sealed data.",
);
const SEGMENTS: Table<Segments> = Table::sealed(
    0x0808,
    "contact_search_segments",
    Tree::Search,
    Holds::Nothing,
    Retention::UntilErased,
    "The parts that the search index consists of.",
);
const PENDING: Table<Pending> = Table::sealed(
    0x0809,
    "contact_search_pending",
    Tree::Search,
    Holds::Nothing,
    Retention::Served,
    "Changes of contacts that the search index does not know yet.",
);

pub(super) const TABLES: &[Declared] =
    &[Declared::plain(&BLOCKS), Declared::plain(&SEGMENTS), Declared::plain(&PENDING)];

/// Contacts with a waiting note that one question looks at.
const MAX_WAITING: usize = 500;
/// Contacts that one question compares with its words before it gives back a page that is not full.
const MAX_COMPARED: usize = 4_000;

/// A word's beginning as it stands in the index.
pub(super) type Term = u64;

/// What the index still has to learn.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Numbers of contacts with new words.
    #[serde(default)]
    pub added: Vec<u32>,
    /// Words that a contact no longer has.
    #[serde(default)]
    pub gone: Vec<(u32, Vec<Term>)>,
    /// Numbers that are nobody's any more, from an act on many.
    #[serde(default)]
    pub dead: Vec<u32>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.gone.is_empty() && self.dead.is_empty()
    }
}

/// The parts of the index, oldest and largest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Segments {
    live: Vec<Segment>,
    next: u32,
    /// Being written; what a crash left of it is removed.
    #[serde(default)]
    building: Option<u32>,
    /// Replaced; their blocks are being removed.
    #[serde(default)]
    replaced: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Segment {
    id: u32,
    /// Numbers in all its lists together.
    postings: u64,
}

pub(super) fn term(txn: &Txn<'_>, workspace: WorkspaceId, beginning: &str) -> Result<Term, StoreError> {
    let hash = txn.blind(workspace, "contact search", beginning)?;
    Ok(u64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]))
}

/// Leaves a note for the indexer.
pub(super) fn plan(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    number: u64,
    pending: &Pending,
) -> Result<(), StoreError> {
    txn.put(&PENDING, &Key::of(&PENDING, workspace).u64(number), pending)
}

fn segments(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Segments, StoreError> {
    Ok(txn.get(&SEGMENTS, &Key::of(&SEGMENTS, workspace))?.unwrap_or_default())
}

/// Contacts of which each word of `question` begins a word of name, address or company (and, if given, with the
/// tag), newest first. A page may hold fewer than `limit` although there is a next one.
pub fn search(
    store: &Store,
    workspace: WorkspaceId,
    question: &str,
    tag: Option<&str>,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    store.read(|txn| find(txn, workspace, question, tag, before, limit))
}

pub(super) fn find(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    question: &str,
    tag: Option<&str>,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    let asked = fold::asked(question);
    if asked.is_empty() {
        return Ok(Page { rows: Vec::new(), next: None });
    }
    let before = before.and_then(|cursor| cursor.0.as_slice().try_into().ok()).map(u32::from_be_bytes);
    let numbers = candidates(txn, workspace, &asked)?;
    let numbers = numbers.iter().rev().copied().filter(|number| before.is_none_or(|before| *number < before));
    let mut by_number = ByNumber::new(workspace);
    let (mut rows, mut last) = (Vec::new(), None);
    for (compared, number) in numbers.enumerate() {
        if rows.len() == limit || compared == MAX_COMPARED {
            let next = last.map(|last: u32| Cursor(last.to_be_bytes().to_vec()));
            return Ok(Page { rows, next });
        }
        last = Some(number);
        let Some(contact) = by_number.find(txn, number)? else { continue };
        let has_tag = tag.is_none_or(|tag| contact.tags.iter().any(|own| own == tag));
        if has_tag && fold::answers(&contact, &asked) {
            rows.push(contact);
        }
    }
    Ok(Page { rows, next: None })
}

/// Numbers of contacts that may answer, ascending.
fn candidates(txn: &mut Txn<'_>, workspace: WorkspaceId, asked: &[String]) -> Result<Vec<u32>, StoreError> {
    let segments = segments(txn, workspace)?;
    let mut found: Option<Vec<u32>> = None;
    for word in asked {
        let term = term(txn, workspace, fold::longest_beginning(word))?;
        let mut numbers = Vec::new();
        for part in &segments.live {
            segment::read_term(txn, workspace, part.id, term, &mut numbers)?;
        }
        numbers.sort_unstable();
        numbers.dedup();
        found = Some(match found {
            None => numbers,
            Some(found) => both(&found, &numbers),
        });
        if found.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
    }
    let mut found = found.unwrap_or_default();
    found.extend(waiting(txn, workspace)?);
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The newest contacts that the index does not know yet.
fn waiting(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<u32>, StoreError> {
    let notes = txn.list(&PENDING, &Key::of(&PENDING, workspace), Dir::Backward, 50)?;
    let added = notes.into_iter().flat_map(|(_, note)| note.added.into_iter().rev());
    Ok(added.take(MAX_WAITING).collect())
}

/// What stands in both of two ascending lists. The shorter one is walked, the longer one searched.
fn both(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (short, mut long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut common = Vec::new();
    for number in short {
        long = &long[long.partition_point(|other| other < number)..];
        if long.first() == Some(number) {
            common.push(*number);
        }
    }
    common
}

#[cfg(test)]
mod tests;
