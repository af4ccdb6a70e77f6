//! The data map: every table of the program with its purpose, generated from the declarations themselves, so that it
//! cannot say less than what is stored.

use crate::base::counted;
use crate::store::{Declared, Holds, Retention};

/// All tables. `wiring`, which knows every room, hands them in.
#[derive(Clone)]
pub struct DataMap(pub Vec<Declared>);

/// One row of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapRow {
    pub name: &'static str,
    pub purpose: &'static str,
    pub whose: &'static str,
    pub kept: String,
    pub sealed: &'static str,
    /// What happens with it when the person asks for erasure.
    pub rights: &'static str,
}

impl DataMap {
    /// What is about people first, then the rest; each by name.
    pub fn rows(&self) -> Vec<MapRow> {
        let mut tables: Vec<&Declared> = self.0.iter().collect();
        tables.sort_by_key(|table| (table.info.holds == Holds::Nothing, table.info.name));
        tables.into_iter().map(row).collect()
    }

    pub fn about_people(&self) -> usize {
        self.0.iter().filter(|table| table.info.holds != Holds::Nothing).count()
    }
}

fn row(table: &Declared) -> MapRow {
    let info = &table.info;
    MapRow {
        name: info.name,
        purpose: info.purpose,
        whose: match info.holds {
            Holds::Nothing => "Nobody",
            Holds::User => "People who sign in",
            Holds::Contact => "Contacts",
        },
        kept: match info.retention {
            Retention::Account => "As long as the workspace exists".to_owned(),
            Retention::UntilErased => "Until erased".to_owned(),
            Retention::Days(1) => "1 day".to_owned(),
            Retention::Days(days) => counted(u64::from(days), "day", "days"),
            Retention::Served => "Until it has served".to_owned(),
        },
        sealed: if info.keys_only { "Keyed hashes and ids only" } else { "Sealed" },
        rights: match (table.export.is_some(), table.erase.is_some(), table.kept_because) {
            (_, _, Some(reason)) => reason,
            (true, true, None) => "Exported and erased with the person",
            (true, false, None) => "Exported",
            (false, true, None) => "Erased with the person",
            (false, false, None) => "",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_lists_every_table_with_what_is_about_people_first() {
        let map = DataMap([crate::jobs::TABLES, crate::audit::TABLES, &crate::contacts::tables()].concat());
        let rows = map.rows();
        assert_eq!(rows.len(), map.0.len());
        let people = map.about_people();
        assert!(people > 0 && rows[..people].iter().all(|row| row.whose != "Nobody" && !row.rights.is_empty()));
        assert!(rows[people..].iter().all(|row| row.whose == "Nobody"));
        assert!(rows.iter().all(|row| row.purpose.ends_with('.')), "a purpose is a sentence");
    }
}
