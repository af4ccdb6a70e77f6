//! Every table, walked: named once, numbered once, answerable for the people in it, and unreadable on disk.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use launchyard::authz::Role;
use launchyard::store::{Holds, Tree};
use launchyard::wiring::personal_data;
use serde_json::Value;

use super::browser;
use super::support::PASSWORD;
use super::world::World;

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

/// Files below a folder with their content.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

/// Texts that stand in the demo's rows and nowhere in the program, so that finding one means it was not sealed.
fn secrets_of(world: &World) -> Vec<String> {
    let key = &world.member(Role::Owner).key;
    let list = |path: &str| browser::api(world.url(), key, "GET", path, None).1["data"].as_array().cloned().unwrap();
    let mut texts: Vec<String> = vec![PASSWORD.into(), key.split('.').nth(1).unwrap().into(), "Met at the fair".into()];
    let mut take = |row: &Value, field: &str| {
        let text = row[field].as_str().unwrap_or_default();
        // A line is enough, and long enough not to come about by chance.
        texts.extend(text.lines().filter(|line| line.len() > 9).map(str::to_owned).next());
    };
    for contact in list("/v1/contacts?limit=100") {
        take(&contact, "company");
        take(&contact["addresses"], "0");
        texts_of_address(&contact, &mut take);
    }
    for message in list("/v1/messages?limit=100") {
        take(&message, "to");
        take(&message, "subject");
        take(&message, "text");
        take(&message, "message_id");
    }
    for reply in list("/v1/replies?limit=100") {
        take(&reply, "from");
        take(&reply, "excerpt");
    }
    texts.sort_unstable();
    texts.dedup();
    assert!(texts.len() > 60, "{}", texts.len());
    texts
}

fn texts_of_address(contact: &Value, take: &mut impl FnMut(&Value, &str)) {
    for address in contact["addresses"].as_array().into_iter().flatten() {
        take(&serde_json::json!({ "address": address }), "address");
    }
}

#[test]
fn every_row_belongs_to_a_declared_table_and_nothing_can_be_read_on_disk() {
    let world = World::open();
    world.settle();
    let secrets = secrets_of(&world);
    let copy = tempfile::tempdir().unwrap();
    let data = world.demo.data_dir().to_owned();
    let finder = Finder::of(&secrets);
    let mut leaks = Vec::new();
    let on_disk = files(&data);
    assert!(on_disk.len() > 2, "{on_disk:?}");
    for (path, content) in &on_disk {
        leaks.extend(finder.find_in(content).iter().map(|text| format!("{path:?}: {text}")));
        let to = copy.path().join(path.strip_prefix(&data).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, content).unwrap();
    }
    assert!(!data.join("master.key").exists() && !data.join("demo").exists(), "the key lies elsewhere");

    // sled may write pages as it likes, so the rows themselves are looked at too.
    let declared = personal_data::tables();
    let db = sled::open(copy.path().join("store")).unwrap();
    let (mut strangers, mut rows) = (BTreeSet::new(), 0);
    for name in db.tree_names() {
        let name = String::from_utf8_lossy(&name).into_owned();
        let Some(tree) = Tree::parse(&name) else {
            assert!(name.starts_with("__sled"), "{name} is no tree of ours");
            continue;
        };
        for row in db.open_tree(&name).unwrap().iter() {
            let (key, value) = row.unwrap();
            rows += 1;
            let read = [finder.find_in(&key), finder.find_in(&value)].concat();
            leaks.extend(read.iter().map(|text| format!("a row in {name}: {text}")));
            let number = key.get(16..18).map(|id| u16::from_be_bytes([id[0], id[1]]));
            let table = declared.iter().find(|table| Some(table.info.id) == number && table.info.tree == tree);
            match table {
                // Parts of large values carry the key of their row.
                _ if tree == Tree::Chunks => {}
                None => {
                    strangers.insert(format!("{name} {number:?}"));
                }
                Some(table) if table.info.keys_only && value.len() > 1 => {
                    strangers.insert(format!("{} holds values", table.info.name));
                }
                Some(_) => {}
            }
        }
    }
    assert!(rows > 500, "{rows} rows");
    assert!(strangers.is_empty(), "{strangers:#?}");
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// Finds many texts in much content in one go: by their first eight bytes, then whole.
struct Finder<'a>(HashMap<[u8; 8], Vec<&'a str>>);

impl<'a> Finder<'a> {
    fn of(texts: &'a [String]) -> Self {
        let mut by_start: HashMap<[u8; 8], Vec<&str>> = HashMap::new();
        for text in texts {
            by_start.entry(text.as_bytes()[..8].try_into().unwrap()).or_default().push(text);
        }
        Self(by_start)
    }

    fn find_in(&self, content: &[u8]) -> Vec<&'a str> {
        let mut found = Vec::new();
        for (at, start) in content.windows(8).enumerate() {
            // Sealed bytes are random and free space is zero: almost nothing gets past this.
            if start[0] == 0 {
                continue;
            }
            let texts = self.0.get(start).into_iter().flatten();
            found.extend(texts.filter(|text| content[at..].starts_with(text.as_bytes())));
        }
        found
    }
}

/// Where a trace of an erased person may stay, and why.
const MAY_STAY: &[(&str, &str)] = &[
    ("suppressions", "an opt-out is remembered, with the address it is for"),
    ("suppressions_by_target", "its index"),
    ("audit_entries", "who did what, by ids"),
    ("contact_import_files", "the file as it was uploaded, for thirty days"),
    ("contact_import_refused", "rows that were no contact, for thirty days"),
];

/// What an export leaves out: files of many people, and ids of what an import added, which are told as contacts.
const LEFT_OUT: &[&str] = &["contact_import_files", "contact_import_refused", "contact_import_undo"];

#[test]
fn a_person_who_is_erased_is_first_given_everything_and_then_gone_from_every_table() {
    let world = World::open();
    let key = &world.member(Role::Owner).key;
    let api = |method: &str, path: &str, body: Option<Value>| browser::api(world.url(), key, method, path, body);
    // Somebody with as much as possible: whose time was proposed, with a note and an answer kept for a repeat.
    let booking = api("GET", &format!("/v1/bookings/{}", world.id("booking")), None).1;
    let id = booking["contact_id"].as_str().unwrap().to_owned();
    let contact = api("GET", &format!("/v1/contacts/{id}"), None).1;
    let mut owner = world.browser_of(world.member(Role::Owner));
    owner.get(&format!("/contacts/{id}"));
    owner.post(&format!("/contacts/{id}/notes"), &[("note", "Likes to be called in the morning.")]);
    let reply = &api("GET", &format!("/v1/replies?contact={id}"), None).1["data"][0];
    let kept = browser::api_with(
        world.url(),
        key,
        "POST",
        &format!("/v1/replies/{}/close", reply["id"].as_str().unwrap()),
        &[("idempotency-key", "once")],
        None,
    );
    assert_eq!(kept.status, 200, "{}", kept.body);
    world.settle();

    let traces = traces_of(&contact, reply);
    let before = rows_with(&world, &traces);
    let held: Value = serde_json::from_str(&owner.get(&format!("/contacts/{id}/export")).body).unwrap();
    let exported: BTreeSet<&str> = held["held"].as_object().unwrap().keys().map(String::as_str).collect();
    for table in personal_data::tables().iter().filter(|table| table.info.holds == Holds::Contact) {
        let name = table.info.name;
        let is_there = before.iter().any(|row| row.starts_with(&format!("{name} ")));
        assert!(!is_there || exported.contains(name) || LEFT_OUT.contains(&name), "{name} is not exported");
    }
    for wanted in
        ["contacts", "contact_notes", "messages", "replies", "enrolments", "bookings", "events", "api_answers"]
    {
        assert!(exported.contains(wanted), "{wanted} is not exported: {exported:?}");
    }

    owner.get(&format!("/contacts/{id}/erase"));
    assert_eq!(owner.post(&format!("/contacts/{id}/erase"), &[]).status, 303);
    world.settle();
    let left: Vec<String> = rows_with(&world, &traces)
        .into_iter()
        // That somebody was erased is a fact of the log, under an id that names nobody any more.
        .filter(|row| !row.contains("\"contact_erased\""))
        .filter(|row| !MAY_STAY.iter().any(|(table, _)| row.starts_with(&format!("{table} "))))
        .collect();
    assert!(before.len() > left.len() + 10, "there was much before: {}", before.len());
    let (marks, left): (Vec<_>, Vec<_>) = left.into_iter().partition(|row| row.starts_with("events_by_contact "));
    assert!(marks.len() <= 1, "besides the one event: {marks:#?}");
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(api("GET", &format!("/v1/contacts/{id}"), None).0, 404);
    for list in ["/v1/contacts", "/v1/messages", "/v1/replies", "/v1/drafts", "/v1/bookings"] {
        let rows = api("GET", &format!("{list}?limit=100"), None).1.to_string();
        assert!(!rows.contains(&id), "{list} still names the person");
    }
}

/// What tells of the person: the id as it stands in keys and values, addresses, the name, what they wrote.
fn traces_of(contact: &Value, reply: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut traces = vec![text(&contact["id"]), text(&contact["last_name"]), text(&contact["company"])];
    traces.extend(contact["addresses"].as_array().unwrap().iter().map(text));
    traces.extend(reply["excerpt"].as_str().unwrap().lines().map(str::to_owned));
    traces.push("Likes to be called".into());
    traces.retain(|trace| trace.len() > 5);
    assert!(traces.len() >= 4, "{traces:?}");
    traces
}

/// Opened rows of all tables in which one of the texts stands, each with its table's name first.
fn rows_with(world: &World, traces: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for table in personal_data::tables() {
        for row in world.demo.app().store.dump(&table.info, None).unwrap() {
            let row = row.to_string();
            if traces.iter().any(|trace| row.contains(trace.as_str())) {
                found.push(format!("{} {row}", table.info.name));
            }
        }
    }
    found
}
