//! The indexer: makes a segment of what waits and keeps the number of segments small.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::segment::{self, Block, Cutter, Reader, BLOCKS_AT_ONCE};
use super::{segments, term, Pending, Segment, Segments, Term, PENDING, SEGMENTS};
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::contacts::fold;
use crate::contacts::store::ByNumber;
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::{Dir, Key, Store, StoreError, Txn};

/// The kind of the job that brings the search index up to date.
pub const INDEX: &str = "contacts.index";

/// Contacts and notes taken in one round.
const CONTACTS_AT_ONCE: usize = 2_000;
const NOTES_AT_ONCE: usize = 500;
/// Contacts opened in one transaction.
const READ_AT_ONCE: usize = 100;
/// A segment joins a newer one unless it is this many times as large.
const GROWTH: u64 = 4;
/// Terms whose lists are mended in one transaction.
const TERMS_AT_ONCE: usize = 8;

/// Plans a run of the indexer; while one is planned or at work, again is harmless.
pub(crate) fn plan_index(txn: &mut Txn<'_>, workspace: WorkspaceId, now: UnixMillis) -> Result<(), StoreError> {
    let job = NewJob::new(INDEX, Lane::Housekeeping, workspace, now, &()).once("index").max_attempts(u32::MAX);
    jobs::enqueue(txn, &job).map(|_| ())
}

/// Has the index brought up to date after a contact changed.
pub(crate) struct SearchSubscriber;

impl Subscriber<App> for SearchSubscriber {
    fn name(&self) -> &'static str {
        "contacts.search"
    }

    /// A projection: the index holds whoever was ever added.
    fn start(&self) -> Start {
        Start::First
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        use Happened as H;
        match event.what {
            H::ContactCreated { .. }
            | H::ContactChanged { .. }
            | H::ContactErased { .. }
            | H::ContactsImported { .. } => {
                let now = app.now();
                app.store.write(|txn| plan_index(txn, event.workspace, now))
            }
            _ => Ok(()),
        }
    }
}

pub(crate) struct Indexer;

impl Task<App> for Indexer {
    fn kind(&self) -> &'static str {
        INDEX
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        if let Err(error) = index_all(&app.store, job.workspace) {
            return error.into();
        }
        // A note written meanwhile found this job open and planned no other.
        let closed = app.store.write(|txn| {
            let waits = !txn.keys(&PENDING, &Key::of(&PENDING, job.workspace), Dir::Forward, 1)?.is_empty();
            if !waits {
                jobs::complete(txn, job)?;
            }
            Ok::<_, StoreError>(!waits)
        });
        match closed {
            Ok(true) => Outcome::Committed,
            Ok(false) => Outcome::Again { at: app.now() },
            Err(error) => error.into(),
        }
    }
}

/// Works until nothing waits. At most one caller per workspace at a time: the queue sees to that.
pub fn index_all(store: &Store, workspace: WorkspaceId) -> Result<(), StoreError> {
    clean_up(store, workspace)?;
    while index_some(store, workspace)? {}
    Ok(())
}

/// Removes what a crash left half written, and segments that were replaced.
fn clean_up(store: &Store, workspace: WorkspaceId) -> Result<(), StoreError> {
    let state = store.read(|txn| segments(txn, workspace))?;
    let leftovers: Vec<u32> = state.replaced.iter().copied().chain(state.building).collect();
    if leftovers.is_empty() {
        return Ok(());
    }
    for segment in leftovers {
        while store.write(|txn| segment::remove_some(txn, workspace, segment))? {}
    }
    change(store, workspace, |state| {
        state.replaced.clear();
        state.building = None;
    })
}

fn change(store: &Store, workspace: WorkspaceId, act: impl Fn(&mut Segments)) -> Result<(), StoreError> {
    store.write(|txn| {
        let mut state = segments(txn, workspace)?;
        act(&mut state);
        txn.put(&SEGMENTS, &Key::of(&SEGMENTS, workspace), &state)
    })
}

/// One round; false when nothing waited.
fn index_some(store: &Store, workspace: WorkspaceId) -> Result<bool, StoreError> {
    let notes = take_notes(store, workspace)?;
    if notes.is_empty() {
        return Ok(false);
    }
    let mut work = Pending::default();
    for (_, note) in &notes {
        work.added.extend(&note.added);
        work.gone.extend(note.gone.iter().cloned());
        work.dead.extend(&note.dead);
    }
    let state = store.read(|txn| segments(txn, workspace))?;
    take_out(store, workspace, &state, &work.gone)?;
    let fresh = postings(store, workspace, &work.added)?;
    let dead: HashSet<u32> = work.dead.into_iter().collect();
    let joined = to_join(&state, &fresh, !dead.is_empty());
    let made = write_segment(store, workspace, &state, &joined, fresh, &dead)?;
    let keys: Vec<Key> = notes.into_iter().map(|(key, _)| key).collect();
    store.write(|txn| {
        let mut state = segments(txn, workspace)?;
        state.live.retain(|segment| !joined.contains(&segment.id));
        state.live.extend(made);
        state.building = None;
        state.replaced.extend(&joined);
        for key in &keys {
            txn.remove(&PENDING, key)?;
        }
        txn.put(&SEGMENTS, &Key::of(&SEGMENTS, workspace), &state)
    })?;
    clean_up(store, workspace)?;
    Ok(true)
}

/// The oldest notes, up to as many contacts as one round takes.
fn take_notes(store: &Store, workspace: WorkspaceId) -> Result<Vec<(Key, Pending)>, StoreError> {
    let notes = store.read(|txn| txn.list(&PENDING, &Key::of(&PENDING, workspace), Dir::Forward, NOTES_AT_ONCE))?;
    let mut contacts = 0;
    let few = notes.into_iter().take_while(|(_, note)| {
        let fits = contacts < CONTACTS_AT_ONCE;
        contacts += note.added.len() + note.gone.len();
        fits
    });
    Ok(few.collect())
}

/// Takes contacts out of the lists of words that they no longer have.
fn take_out(
    store: &Store,
    workspace: WorkspaceId,
    state: &Segments,
    gone: &[(u32, Vec<Term>)],
) -> Result<(), StoreError> {
    for (number, terms) in gone {
        for few in terms.chunks(TERMS_AT_ONCE) {
            store.write(|txn| {
                for (term, part) in few.iter().flat_map(|term| state.live.iter().map(move |part| (term, part))) {
                    segment::remove_number(txn, workspace, part.id, *term, *number)?;
                }
                Ok::<(), StoreError>(())
            })?;
        }
    }
    Ok(())
}

/// The lists of a new segment: the terms of these contacts, as they are now.
fn postings(store: &Store, workspace: WorkspaceId, numbers: &[u32]) -> Result<BTreeMap<Term, Vec<u32>>, StoreError> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let mut known: HashMap<String, Term> = HashMap::new();
    let mut lists: BTreeMap<Term, Vec<u32>> = BTreeMap::new();
    for few in numbers.chunks(READ_AT_ONCE) {
        let found = store.read(|txn| {
            let mut by_number = ByNumber::new(workspace);
            let each = few.iter().map(|number| Ok((*number, by_number.find(txn, *number)?)));
            each.collect::<Result<Vec<_>, StoreError>>()
        })?;
        for (number, contact) in found {
            let Some(contact) = contact else { continue };
            for beginning in fold::beginnings_of(&contact) {
                let term = match known.get(&beginning) {
                    Some(term) => *term,
                    None => {
                        let term = store.read(|txn| term(txn, workspace, &beginning))?;
                        known.insert(beginning, term);
                        term
                    }
                };
                lists.entry(term).or_default().push(number);
            }
        }
    }
    Ok(lists)
}

/// The segments that are written anew together with the fresh lists: the newest, as long as each is not much
/// larger than what has come together; or all, where numbers have to leave every list.
fn to_join(state: &Segments, fresh: &BTreeMap<Term, Vec<u32>>, all: bool) -> Vec<u32> {
    let mut size: u64 = fresh.values().map(|list| list.len() as u64).sum();
    if size == 0 && !all {
        return Vec::new();
    }
    let newest = state.live.iter().rev().take_while(|part| {
        let joins = all || part.postings < size.saturating_mul(GROWTH);
        size += part.postings;
        joins
    });
    newest.map(|part| part.id).collect()
}

fn write_segment(
    store: &Store,
    workspace: WorkspaceId,
    state: &Segments,
    joined: &[u32],
    fresh: BTreeMap<Term, Vec<u32>>,
    dead: &HashSet<u32>,
) -> Result<Option<Segment>, StoreError> {
    if fresh.is_empty() && joined.is_empty() {
        return Ok(None);
    }
    let id = state.next;
    change(store, workspace, |state| {
        state.building = Some(id);
        state.next = id + 1;
    })?;
    let mut old: Vec<Reader> = joined.iter().map(|part| Reader::new(workspace, *part)).collect();
    let mut fresh = fresh.into_iter().peekable();
    let mut cutter = Cutter::default();
    let mut ready: Vec<Block> = Vec::new();
    loop {
        let mut next = fresh.peek().map(|(term, _)| *term);
        for reader in &mut old {
            next = [next, reader.peek(store)?].into_iter().flatten().min();
        }
        let Some(term) = next else { break };
        let mut numbers = fresh.next_if(|(own, _)| *own == term).map(|(_, list)| list).unwrap_or_default();
        for reader in &mut old {
            if reader.peek(store)? == Some(term) {
                numbers.extend(reader.next(store)?.map(|(_, list)| list).unwrap_or_default());
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| !dead.contains(number));
        cutter.push(term, &numbers);
        ready.extend(cutter.take_full());
        if ready.len() >= BLOCKS_AT_ONCE {
            write_blocks(store, workspace, id, &ready)?;
            ready.clear();
        }
    }
    let postings = cutter.postings;
    ready.extend(cutter.finish());
    write_blocks(store, workspace, id, &ready)?;
    Ok((postings > 0).then_some(Segment { id, postings }))
}

fn write_blocks(store: &Store, workspace: WorkspaceId, segment: u32, blocks: &[Block]) -> Result<(), StoreError> {
    for few in blocks.chunks(BLOCKS_AT_ONCE) {
        store.write(|txn| few.iter().try_for_each(|block| block.write(txn, workspace, segment)))?;
    }
    Ok(())
}
