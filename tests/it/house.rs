//! Who may import whom. The drawing in docs/ARCHITECTURE.md stays true because this walks every file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each room with all that it may import besides itself. From the bottom up.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("config", &["base"]),
    ("authz", &["base"]),
    ("providers", &["base"]),
    ("store", &["base"]),
    ("jobs", &["base", "store"]),
    ("audit", &["base", "authz", "store"]),
    ("events", &["base", "authz", "store", "jobs", "app", "http"]),
    ("sandbox", &["base", "providers"]),
    ("http", &["base", "authz", "config", "store"]),
    ("app", &["base", "config", "http", "jobs", "providers", "store"]),
    ("mailer", &[FOUNDATION, "workspaces"]),
    ("identity", &[FOUNDATION, "mailer", "workspaces"]),
    ("workspaces", &[FOUNDATION, "mailer", "identity"]),
    ("connections", &[FOUNDATION, "mailer", "identity", "workspaces", "workers"]),
    ("meetings", &[FOUNDATION, "workspaces", "connections"]),
    ("deliverability", &[FOUNDATION, "mailer", "workspaces", "connections"]),
    ("contacts", &[FOUNDATION, "identity", "workspaces", "connections", "messaging", "addresses"]),
    ("addresses", &[FOUNDATION, "workspaces", "contacts"]),
    ("workers", &[FOUNDATION, "identity", "workspaces", "connections", "contacts", "meetings"]),
    ("messaging", &[FOUNDATION, "identity", "workspaces", "connections", "contacts", "workers", "language"]),
    ("language", &["base"]),
    ("drafts", &[GROUND]),
    ("follow_ups", &[GROUND]),
    ("availability", &[GROUND]),
    ("channels", &[GROUND]),
    ("outreach", &[GROUND, "drafts", "follow_ups"]),
    ("engines", &[GROUND]),
    ("agents", &[GROUND, "drafts", "follow_ups", "engines"]),
    ("payments", &[GROUND]),
    ("bookings", &[GROUND, "drafts", "availability", "payments"]),
    ("leads", &[GROUND]),
    ("operator", &[GROUND]),
    ("today", &[GROUND, "drafts", "engines", "availability", "payments", "outreach", "agents", "bookings", "operator"]),
    ("activity", &[GROUND, "drafts", "follow_ups", "engines", "outreach", "agents", "bookings", "today"]),
    ("dry_run", &[GROUND, "drafts", "outreach", "agents", "bookings", "today"]),
    ("wiring", &[EVERYTHING]),
    ("cli", &[EVERYTHING]),
    ("testing", &[EVERYTHING]),
];

const FOUNDATION: &str = "the foundation";
const GROUND: &str = "the ground floor";
const EVERYTHING: &str = "everything";

const FOUNDATION_ROOMS: &[&str] =
    &["base", "config", "authz", "providers", "store", "jobs", "audit", "events", "http", "app"];
const GROUND_ROOMS: &[&str] = &[
    "mailer",
    "identity",
    "workspaces",
    "connections",
    "meetings",
    "deliverability",
    "contacts",
    "addresses",
    "workers",
    "messaging",
    "language",
];

/// The sandbox plays the outside: only who sets up a demo or a test may know it.
const MAY_KNOW_THE_SANDBOX: &[&str] = &["sandbox", "wiring", "cli", "testing"];

fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut table = BTreeMap::new();
    for (room, entries) in MAY_IMPORT {
        let mut list: Vec<&str> = vec![room];
        for entry in *entries {
            match *entry {
                FOUNDATION => list.extend(FOUNDATION_ROOMS),
                GROUND => list.extend(FOUNDATION_ROOMS.iter().chain(GROUND_ROOMS)),
                other => list.push(other),
            }
        }
        table.insert(*room, list);
    }
    table
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let room = |path: &Path| {
        let first = path.strip_prefix(&src).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    files.into_iter().map(|path| (room(&path), path.clone(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// Rooms named after `crate::`, also in lists: `use crate::{a, b::c};`. What stands in tests may know more.
fn imports(text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let code: String =
        product.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            found.extend(first_words_of_list(list));
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

fn first_words_of_list(list: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut depth = 0;
    let mut word = String::new();
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => words.push(std::mem::take(&mut word)),
            c if depth == 0 => word.push(c),
            _ => {}
        }
    }
    words.push(word);
    let first = |word: String| word.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    words.into_iter().map(first).filter(|word| !word.is_empty()).collect()
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.file_stem().is_some_and(|stem| {
            let stem = stem.to_string_lossy();
            stem == "tests"
                || stem.ends_with("_tests")
                || stem == "testing"
                || stem == "conformance"
                || stem == "gallery"
        })
}

#[test]
fn rooms_import_only_what_the_drawing_allows() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for (room, path, text) in sources() {
        if matches!(room.as_str(), "lib" | "main") || is_test_file(&path) {
            continue;
        }
        let Some(list) = allowed.get(room.as_str()) else {
            wrong.push(format!("{}: the room {room} is not in the drawing", path.display()));
            continue;
        };
        for import in imports(&text) {
            // `testing` exists only for tests: anything else that names it does not compile.
            let is_room = import != "testing" && allowed.contains_key(import.as_str());
            let sandbox_ok = import != "sandbox" || MAY_KNOW_THE_SANDBOX.contains(&room.as_str());
            let ok = list.contains(&import.as_str()) || list.contains(&EVERYTHING);
            if is_room && !(ok && sandbox_ok) {
                wrong.push(format!("{}: {room} may not import {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let text =
        "use crate::a::B;\nuse crate::{c, d::{e, f}, g};\nfn x() { crate::h::y() }\n// crate::no\nlet my_crate::z;";
    assert_eq!(imports(text), ["a", "c", "d", "g", "h"]);
}

#[test]
fn only_one_place_reads_the_clock_of_the_system() {
    for (_, path, text) in sources() {
        let reads = ["SystemTime::now", "Timestamp::now", "Zoned::now"].iter().any(|call| text.contains(call));
        let is_clock = path.ends_with("base/clock.rs");
        assert!(is_clock || !reads, "{}", path.display());
    }
}

/// An override for this package by its name makes Cargo forget `strip`, and the program is a quarter larger.
#[test]
fn the_released_program_is_stripped() {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let release = &manifest["profile"]["release"];
    assert_eq!(release["strip"].as_bool(), Some(true));
    assert!(release["package"].get(env!("CARGO_PKG_NAME")).is_none(), "{release:?}");
}
