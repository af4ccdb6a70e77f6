//! Every table, walked: named once, numbered once, and answerable for the people in it.

use std::collections::BTreeSet;

use launchyard::store::Holds;
use launchyard::wiring::personal_data;

#[test]
fn each_table_has_its_own_name_and_number_and_says_why_it_exists() {
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for table in personal_data::tables() {
        let info = table.info;
        assert!(names.insert(info.name), "{} is declared twice", info.name);
        assert!(numbers.insert(info.id), "{}: number {:#06x} is taken", info.name, info.id);
        assert!(info.purpose.len() > 15 && info.purpose.ends_with('.'), "{}: {}", info.name, info.purpose);
    }
}

#[test]
fn a_table_about_people_can_be_exported_and_erased_or_says_why_not() {
    for table in personal_data::tables() {
        if table.info.holds == Holds::Nothing {
            continue;
        }
        let name = table.info.name;
        assert!(table.export.is_some() || table.kept_because.is_some(), "{name} cannot be exported");
        assert!(table.erase.is_some() || table.kept_because.is_some(), "{name} cannot be erased");
    }
}
