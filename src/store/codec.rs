//! Records are MessagePack with field names: compact, and the only form that survived every change of a
//! record's shape (a new enum variant read by old code is an error, never wrong data).
//! Rules: `#[serde(default)]` on every field added later; renames by `alias`; no `flatten`, no `untagged`.

use serde::de::DeserializeOwned;
use serde::Serialize;

use super::engine::StoreError;
use super::schema::Tree;
use super::unpack;

pub fn encode<V: Serialize>(tree: Tree, value: &V) -> Result<Vec<u8>, StoreError> {
    rmp_serde::to_vec_named(value).map_err(|error| corrupt(tree, &error))
}

pub fn decode<V: DeserializeOwned>(tree: Tree, bytes: &[u8]) -> Result<V, StoreError> {
    unpack::from_slice(bytes).map_err(|error| corrupt(tree, &error))
}

fn corrupt(tree: Tree, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { tree: tree.name(), detail: error.to_string() }
}
