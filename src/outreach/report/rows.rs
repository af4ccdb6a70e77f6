//! Rows of cells and marks: kept with each lead, counted and listed by the same marks.

use super::cell::{Cell, Place, PLACE_BYTES};
use super::mark::marks_of;
use super::slice::{Slice, What};
use super::week::Week;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, Cursor, EnrolmentId, Page, WorkerId, WorkspaceId};
use crate::messaging;
use crate::outreach::figures::{Group, Of};
use crate::outreach::model::{Counted, Enrolment};
use crate::outreach::{store as leads_store, OutreachError};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};
use crate::workspaces;

const CELLS: Table<Cell> = Table::sealed(
    0x0b20,
    "outreach_report_cells",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "How many leads of a week, a worker and a mailbox got which mails and what came of it.",
);
const MARKED: Table<()> =
    Table::index(0x0b21, "outreach_report_leads", "The leads behind each number of the analytics.");

/// Cells in one read.
const AT_ONCE: usize = 200;

pub fn tables() -> Vec<Declared> {
    [Declared::plain(&CELLS), Declared::plain(&MARKED)].into_iter().chain(super::fill::tables()).collect()
}

fn cell_key(workspace: WorkspaceId, place: &Place) -> Key {
    Key::of(&CELLS, workspace).bytes(&place.bytes())
}

/// The lead with the place at which it is counted, which it keeps from its first mail on.
pub fn place(txn: &mut Txn<'_>, lead: &Enrolment, stands: Option<&Enrolment>) -> Result<Enrolment, StoreError> {
    let mut placed = lead.clone();
    placed.counted = stands.and_then(|stands| stands.counted).or(placed.counted);
    if let (None, Some(first)) = (placed.counted, lead.sent.first()) {
        let message = messaging::find_message(txn, lead.workspace, first.message)?;
        let mailbox = message.map_or(ConnectionId(uuid::Uuid::nil()), |message| message.connection);
        let workspace = workspaces::find(txn, lead.workspace)?;
        let zone = workspace.map_or(jiff::tz::TimeZone::UTC, |workspace| workspace.zone());
        placed.counted = Some(Counted { week: Week::of(first.at.in_zone(&zone).date()).0, mailbox });
    }
    Ok(placed)
}

/// One lead was written: `before` is the row that stood, `after` the one that stands now.
pub fn turn(txn: &mut Txn<'_>, before: Option<&Enrolment>, after: Option<&Enrolment>) -> Result<(), StoreError> {
    let Some(any) = after.or(before) else { return Ok(()) };
    let (workspace, id) = (any.workspace, any.id);
    let of = |lead: Option<&Enrolment>| lead.map(|lead| (Place::of(lead), marks_of(lead)));
    let (was, is) = (of(before), of(after));
    if was == is {
        return Ok(());
    }
    for (side, is_after) in [(was, false), (is, true)] {
        let Some((Some(place), marks)) = side else { continue };
        if marks.is_empty() {
            continue;
        }
        let key = cell_key(workspace, &place);
        let mut cell = txn.get(&CELLS, &key)?.unwrap_or_default();
        if is_after {
            cell.add(&marks);
        } else {
            cell.take_away(&marks);
        }
        if cell.is_empty() {
            txn.remove(&CELLS, &key)?;
        } else {
            txn.put(&CELLS, &key, &cell)?;
        }
        for mark in marks {
            let marked = Key::of(&MARKED, workspace).bytes(&place.bytes()).bytes(&mark.bytes()).id(id.0);
            if is_after {
                txn.mark(&MARKED, &marked)?;
            } else {
                txn.remove(&MARKED, &marked)?;
            }
        }
    }
    Ok(())
}

/// Walks the cells of a slice, those of the newest week first, until `visit` says that it has enough. `from` is a place
/// (as bytes) to begin at.
pub fn each_cell(
    store: &Store,
    workspace: WorkspaceId,
    slice: &Slice,
    from: Option<&[u8]>,
    mut visit: impl FnMut(Place, Cell) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let prefix = Key::of(&CELLS, workspace);
    let after_last = slice.to.map(|to| (to.0 + 1).to_be_bytes().to_vec());
    // A cursor stands behind the rows that come next: the place itself must still be among them.
    let begin = from.map(|place| [place, &[0]].concat()).or(after_last);
    let mut cursor = begin.map(Cursor);
    loop {
        let page = store.page(&CELLS, &prefix, cursor.as_ref(), Dir::Backward, AT_ONCE)?;
        for (key, cell) in page.rows {
            let Some(place) = Place::read(key.rest()) else { continue };
            if slice.from.is_some_and(|from| place.week < from) {
                return Ok(());
            }
            if slice.holds(&place) && !visit(place, cell)? {
                return Ok(());
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// The leads behind a number, those of the newest week first.
pub fn list(
    store: &Store,
    workspace: WorkspaceId,
    (slice, what): (&Slice, What),
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, StoreError> {
    let (mut found, mut more) = (Vec::new(), false);
    let last = after.map(|cursor| cursor.0.as_slice());
    let from = last.and_then(|last| last.get(..PLACE_BYTES));
    each_cell(store, workspace, slice, from, |place, cell| {
        let place = place.bytes();
        let wanted = cell.marks().filter(|(mark, _)| slice.counts(mark) && what.holds(mark));
        let mut prefixes: Vec<Vec<u8>> = wanted.map(|(mark, _)| [place.clone(), mark.bytes()].concat()).collect();
        prefixes.sort_unstable();
        for prefix in prefixes.into_iter().rev() {
            let behind = match last.map(|last| last.split_at(prefix.len().min(last.len()))) {
                Some((begin, _)) if prefix.as_slice() > begin => continue,
                Some((begin, rest)) if prefix.as_slice() == begin => Some(Cursor(rest.to_vec())),
                _ => None,
            };
            let room = limit - found.len();
            let key = Key::of(&MARKED, workspace).bytes(&prefix);
            let keys = store.key_page(&MARKED, &key, behind.as_ref(), Dir::Backward, room.max(1))?;
            if room == 0 {
                more |= !keys.rows.is_empty();
            } else {
                more = keys.next.is_some();
                found.extend(keys.rows);
            }
            if more {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    let next = found.last().filter(|_| more).map(|key| Cursor(key.rest().to_vec()));
    let ids = found.iter().filter_map(Key::last_id).map(EnrolmentId);
    let rows =
        store.read(|txn| ids.clone().filter_map(|id| leads_store::find(txn, workspace, id).transpose()).collect())?;
    Ok(Page { rows, next })
}

/// Leads of a worker that are counted with one step, those of the newest week first: exactly as many as the step's
/// figure says.
pub fn list_of_step(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    (group, of): (Group, Of),
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, StoreError> {
    let slice = Slice { worker: Some(worker), step: Some(of.step), variant: of.variant, ..Slice::default() };
    let what = match group {
        Group::Replied => What::Replied,
        Group::Interested => What::Interested,
        Group::Bounced => What::Bounced,
        Group::OptedOut => What::OptedOut,
        _ => What::Contacted,
    };
    list(store, workspace, (&slice, what), after, limit)
}

/// One page of the leads behind a number.
pub fn leads(
    app: &App,
    actor: &Actor,
    number: (&Slice, What),
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Enrolment>, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    Ok(list(&app.store, actor.workspace, number, after, limit)?)
}

/// How many they are.
pub fn count(app: &App, actor: &Actor, (slice, what): (&Slice, What)) -> Result<u64, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let mut count = 0;
    each_cell(&app.store, actor.workspace, slice, None, |_, cell| {
        let wanted = cell.marks().filter(|(mark, _)| slice.counts(mark) && what.holds(mark));
        count += wanted.map(|(_, count)| count).sum::<u64>();
        Ok(true)
    })?;
    Ok(count)
}
