//! Looking at records without knowing their types: `dump` and `verify`.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{json, Map, Value};

use super::codec::decode;
use super::engine::{Dir, KeyRange, StoreError};
use super::key::{Key, HEAD};
use super::table::TableInfo;
use super::Store;

/// Rows that one look may hold in memory.
const PAGE: usize = 200;
/// Rows that one `dump` prints.
const MOST: usize = 10_000;

/// What `verify` found in one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub rows: u64,
    /// Rows that do not open or decode. A row whose key was erased on purpose counts as one of these only if it
    /// should have been removed with it.
    pub unreadable: u64,
}

impl Store {
    /// Records of a table as JSON, over all workspaces; one by its key, or the first ten thousand.
    pub fn dump(&self, table: &TableInfo, key: Option<&[u8]>) -> Result<Vec<Value>, StoreError> {
        let mut rows = Vec::new();
        self.each_raw(table, |found| {
            if key.is_some_and(|wanted| wanted != found.as_bytes()) {
                return Ok(true);
            }
            rows.push(self.show(table, &found)?);
            Ok(rows.len() < MOST && key.is_none())
        })?;
        Ok(rows)
    }

    /// Opens every record of a table.
    pub fn verify(&self, table: &TableInfo) -> Result<Checked, StoreError> {
        let mut checked = Checked::default();
        self.each_raw(table, |found| {
            checked.rows += 1;
            checked.unreadable += u64::from(self.open_shown(table, &found).is_err());
            Ok(true)
        })?;
        Ok(checked)
    }

    /// Walks the keys of a table over all workspaces until `visit` says false.
    fn each_raw(
        &self,
        table: &TableInfo,
        mut visit: impl FnMut(Key) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut start = Vec::new();
        loop {
            let range = KeyRange { start: start.clone(), end: vec![0xFF; 64] };
            let rows = self.engine().page(table.tree, &range, Dir::Forward, PAGE)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            start.clone_from(last);
            start.push(0);
            for (key, _) in rows {
                let of_table = key.get(16..HEAD) == Some(&table.id.to_be_bytes());
                if of_table && !visit(Key(key))? {
                    return Ok(());
                }
            }
        }
    }

    fn show(&self, table: &TableInfo, key: &Key) -> Result<Value, StoreError> {
        let workspace = key.workspace().map(|workspace| workspace.sid());
        let value = self.open_shown(table, key);
        let key = data_encoding::HEXLOWER.encode(key.as_bytes());
        Ok(match value {
            Ok(value) => json!({ "key": key, "workspace": workspace, "value": value }),
            Err(error) => json!({ "key": key, "workspace": workspace, "error": error.to_string() }),
        })
    }

    fn open_shown(&self, table: &TableInfo, key: &Key) -> Result<Value, StoreError> {
        if table.keys_only {
            return Ok(Value::Null);
        }
        let plain = self.read(|txn| txn.open_raw(table.tree, key.as_bytes()))?;
        match plain {
            Some(plain) => decode::<Shown>(table.tree, &plain).map(|Shown(value)| value),
            None => Ok(Value::Null),
        }
    }
}

/// Any record as JSON. Ids are bytes in a record and hex digits here.
struct Shown(Value);

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShownVisitor)
    }
}

struct ShownVisitor;

impl<'de> Visitor<'de> for ShownVisitor {
    type Value = Shown;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Shown, E> {
        Ok(Shown(value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Shown, E> {
        Ok(Shown(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Shown, E> {
        Ok(Shown(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Shown, E> {
        Ok(Shown(value.into()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Shown, E> {
        Ok(Shown(value.into()))
    }
    fn visit_bytes<E>(self, value: &[u8]) -> Result<Shown, E> {
        Ok(Shown(data_encoding::HEXLOWER.encode(value).into()))
    }
    fn visit_unit<E>(self) -> Result<Shown, E> {
        Ok(Shown(Value::Null))
    }
    fn visit_none<E>(self) -> Result<Shown, E> {
        Ok(Shown(Value::Null))
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shown, D::Error> {
        Shown::deserialize(deserializer)
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shown, D::Error> {
        Shown::deserialize(deserializer)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Shown, A::Error> {
        let mut list = Vec::new();
        while let Some(Shown(value)) = rows.next_element()? {
            list.push(value);
        }
        Ok(Shown(Value::Array(list)))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut rows: A) -> Result<Shown, A::Error> {
        let mut map = Map::new();
        while let Some((Shown(key), Shown(value))) = rows.next_entry()? {
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            map.insert(key, value);
        }
        Ok(Shown(Value::Object(map)))
    }
}

#[cfg(test)]
mod tests {
    use crate::base::INSTANCE;
    use crate::store::{Key, StoreError};
    use crate::testing;

    #[test]
    fn any_record_is_shown_as_json_and_a_broken_one_is_counted() {
        let test = testing::app();
        let store = &test.app.store;
        let table = crate::workspaces::TABLES[0].info;
        let rows = store.dump(&table, None).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["value"]["name"], "Fernhill Heat Pumps");
        assert_eq!(rows[0]["value"]["id"], test.workspace.to_string());
        let key = data_encoding::HEXLOWER.decode(rows[0]["key"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(store.dump(&table, Some(&key)).unwrap(), rows);
        assert_eq!(store.verify(&table).unwrap().unreadable, 0);

        let bent = Key::of_id(table.id, INSTANCE).u8(1);
        store
            .write(|txn| txn.put_raw(table.tree, bent.as_bytes(), &[1; 60]))
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        assert_eq!(store.verify(&table).unwrap().unreadable, 1);
        assert!(store.dump(&table, Some(bent.as_bytes())).unwrap()[0]["error"].is_string());
    }
}
