//! A table is declared once, by its room, with everything privacy needs to know about it. What may be
//! exported, erased, kept and shown on the data map follows from these declarations.

use std::marker::PhantomData;

use serde_json::Value;

use super::engine::StoreError;
use super::schema::Tree;
use super::Store;
use crate::base::{ContactId, UserId, WorkspaceId};

/// Whose data a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing about a person.
    Nothing,
    /// Data of people who sign in.
    User,
    /// Data of leads and customers.
    Contact,
}

/// How long rows stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// As long as the workspace (or the account) exists.
    Account,
    /// Until the person is erased or the owner removes the row.
    UntilErased,
    /// Removed by housekeeping this many days after it was written.
    Days(u32),
    /// Removed by its room as soon as it has served.
    Served,
}

/// A typed table. `V` is the record; tables whose rows are only keys use `()`.
pub struct Table<V> {
    pub info: TableInfo,
    record: PhantomData<fn() -> V>,
}

/// The declaration without its record type.
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// Stands in each key (2 bytes); unique over all tables, never used again for another.
    pub id: u16,
    /// Field name in exports and on the data map.
    pub name: &'static str,
    pub tree: Tree,
    /// Why we hold it, as a sentence for the data map.
    pub purpose: &'static str,
    pub holds: Holds,
    pub retention: Retention,
    /// Rows without a value: keys hold random ids, times and keyed hashes only.
    pub keys_only: bool,
}

impl<V> Table<V> {
    pub const fn sealed(
        id: u16,
        name: &'static str,
        tree: Tree,
        holds: Holds,
        retention: Retention,
        purpose: &'static str,
    ) -> Self {
        let info = TableInfo { id, name, tree, purpose, holds, retention, keys_only: false };
        Self { info, record: PhantomData }
    }
}

impl Table<()> {
    pub const fn index(id: u16, name: &'static str, purpose: &'static str) -> Self {
        Self::index_in(id, name, Tree::Index, purpose)
    }

    pub const fn index_in(id: u16, name: &'static str, tree: Tree, purpose: &'static str) -> Self {
        let retention = Retention::Served;
        let info = TableInfo { id, name, tree, purpose, holds: Holds::Nothing, retention, keys_only: true };
        Self { info, record: PhantomData }
    }
}

/// Whose rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    Contact(WorkspaceId, ContactId),
    User(UserId),
}

/// Everything the table holds about the person, as JSON; empty when nothing.
pub type ExportFn = fn(&Store, Person) -> Result<Vec<Value>, StoreError>;
/// Removes everything the table holds about the person; again is harmless. Returns how many rows went.
pub type EraseFn = fn(&Store, Person) -> Result<usize, StoreError>;

/// A table with the functions that answer a person's rights. `None` only where `holds` is `Nothing`,
/// or where the rows are kept for a reason that is stated.
#[derive(Clone, Copy)]
pub struct Declared {
    pub info: TableInfo,
    pub export: Option<ExportFn>,
    pub erase: Option<EraseFn>,
    /// Why rows survive an erasure, where they do.
    pub kept_because: Option<&'static str>,
}

impl Declared {
    /// A table that holds nothing about a person.
    pub const fn plain<V>(table: &Table<V>) -> Self {
        Self { info: table.info, export: None, erase: None, kept_because: None }
    }

    pub const fn personal<V>(table: &Table<V>, export: ExportFn, erase: EraseFn) -> Self {
        Self { info: table.info, export: Some(export), erase: Some(erase), kept_because: None }
    }

    /// Reduced, at an erasure, to what must be kept for the reason given.
    pub const fn reduced<V>(table: &Table<V>, export: ExportFn, reduce: EraseFn, reason: &'static str) -> Self {
        Self { info: table.info, export: Some(export), erase: Some(reduce), kept_because: Some(reason) }
    }

    /// Shown to the person but kept after an erasure, for the reason given.
    pub const fn kept<V>(table: &Table<V>, export: ExportFn, reason: &'static str) -> Self {
        Self { info: table.info, export: Some(export), erase: None, kept_because: Some(reason) }
    }
}
