//! Data folders that earlier versions wrote and every later one must open, with all that is in them. They lie in
//! `tests/golden`; its README says how one is added. None is ever replaced.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::Compression;
use launchyard::authz::Actor;
use launchyard::contacts;
use serde_json::{json, Value};

use super::browser::Browser;
use super::person;
use super::program::{Home, Served};
use super::support::{TestServer, PASSWORD};

/// What must still be told of each thing. Left out is what time changes: a proposal lapses, an excerpt is dropped.
const TOLD: &[(&str, &[&str])] = &[
    (
        "/v1/contacts",
        &["id", "addresses", "first_name", "last_name", "company", "custom", "tags", "source", "created_at"],
    ),
    ("/v1/sequences", &["id", "name", "steps", "is_approved"]),
    ("/v1/suppressions", &["id", "kind", "target", "reason", "since"]),
    ("/v1/messages", &["id", "contact_id", "purpose", "state", "to", "subject", "message_id", "sent_at"]),
    ("/v1/replies", &["id", "contact_id", "from", "subject", "received_at"]),
    ("/v1/workers", &["id", "name", "goal", "sequence", "mailbox", "calendar", "state"]),
    ("/v1/connections", &["id", "address", "kind", "uses"]),
    ("/v1/bookings", &["id", "contact_id", "title", "start", "end"]),
];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn versions() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// Everything that is told, by path and then by id.
fn tell(url: &str, key: &str) -> BTreeMap<String, BTreeMap<String, Value>> {
    let all = |path: &str| -> Vec<Value> {
        let (status, page) = super::browser::api(url, key, "GET", &format!("{path}?limit=100"), None);
        assert_eq!(status, 200, "{path}: {page}");
        assert!(page["next_cursor"].is_null(), "{path}: a golden folder is small");
        page["data"].as_array().unwrap().clone()
    };
    let kept = |thing: &Value, fields: &[&str]| {
        let kept: BTreeMap<&str, &Value> = fields.iter().map(|field| (*field, &thing[*field])).collect();
        (thing["id"].as_str().unwrap().to_owned(), json!(kept))
    };
    let has_left = |thing: &Value| !["queued", "leaving", "in_doubt"].contains(&thing["state"].as_str().unwrap_or(""));
    TOLD.iter()
        .map(|(path, fields)| {
            let things = all(path).into_iter().filter(has_left);
            ((*path).to_owned(), things.map(|thing| kept(&thing, fields)).collect())
        })
        .collect()
}

#[test]
fn every_folder_that_an_earlier_version_wrote_opens_with_all_that_is_in_it() {
    let versions = versions();
    assert!(!versions.is_empty(), "tests/golden is empty");
    for version in versions {
        let name = version.file_name().unwrap().to_string_lossy().into_owned();
        let facts: Value = serde_json::from_slice(&std::fs::read(version.join("facts.json")).unwrap()).unwrap();
        let home = unpack(&version);
        let before = home.run(&["verify"]).json();
        assert_eq!(before["unreadable"], 0, "{name}: {before}");
        assert_eq!(before["jobs"], facts["jobs"], "{name}");
        let rows = home.run(&["dump", "--table", "contacts"]).out.lines().count();
        assert_eq!(rows, facts["told"]["/v1/contacts"].as_object().unwrap().len(), "{name}");

        let server = home.serve();
        check_what_it_tells(&name, &facts, &server);
        let mut browser = Browser::new(&server.url);
        browser.sign_in(facts["email"].as_str().unwrap(), PASSWORD);
        for page in ["/", "/outreach", "/contacts", "/calendar", "/connections", "/settings/workspace"] {
            assert_eq!(browser.get(page).status, 200, "{name}: {page}");
        }
        server.stop();
        let after = home.run(&["verify"]).json();
        assert_eq!(after["unreadable"], 0, "{name}: {after}");
        let file = home.path("again.backup").display().to_string();
        home.run(&["backup", &file]).json();
        home.run(&["verify", &file]).json();
    }
}

fn check_what_it_tells(name: &str, facts: &Value, server: &Served) {
    let told = tell(&server.url, facts["api_key"].as_str().unwrap());
    for (path, things) in facts["told"].as_object().unwrap() {
        for (id, thing) in things.as_object().unwrap() {
            let now = told[path].get(id).unwrap_or_else(|| panic!("{name}: {path} has lost {thing}"));
            for (field, value) in thing.as_object().unwrap() {
                assert_eq!(&now[field], value, "{name}: {field} of {path}/{id}");
            }
        }
    }
}

/// The folder in a place of its own. Nobody answers where its Google would be.
fn unpack(version: &Path) -> Home {
    let nobody = "http://127.0.0.1:9";
    let home = Home::with(&format!(
        "allow_loopback_providers = true\n[providers.google]\nauth_base = {nobody:?}\ntoken_base = {nobody:?}\n\
         api_base = {nobody:?}\nclient_id = \"golden\"\n"
    ));
    std::fs::create_dir_all(home.path("data/store")).unwrap();
    for (packed, to) in files_in(version) {
        let mut bytes = Vec::new();
        GzDecoder::new(std::fs::File::open(packed).unwrap()).read_to_end(&mut bytes).unwrap();
        std::fs::write(home.path("data").join(to), bytes).unwrap();
    }
    home.put_key(&std::fs::read_to_string(version.join("master.key")).unwrap());
    home
}

/// Each packed file, and its place in the data folder.
fn files_in(version: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    for below in ["", "store"] {
        for entry in std::fs::read_dir(version.join(below)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "gz") {
                found.push((path.clone(), Path::new(below).join(path.file_stem().unwrap())));
            }
        }
    }
    found
}

/// Writes the folder of this version to `tests/golden/<name>`, for the name in `LAUNCHYARD_GOLDEN`.
#[test]
#[ignore = "makes a new golden folder; see tests/golden/README.md"]
fn make_one() {
    let target = golden().join(std::env::var("LAUNCHYARD_GOLDEN").expect("LAUNCHYARD_GOLDEN names the new folder"));
    assert!(!target.exists(), "{} is there already, and none is ever replaced", target.display());
    // Looked at seldom, so that the folder is small.
    let settings = [
        ("LAUNCHYARD_OUTREACH__HARD_DAILY_CAP", "100000"),
        ("LAUNCHYARD_JOBS__MAILBOX_POLL_SECONDS", "3600"),
        ("LAUNCHYARD_JOBS__CALENDAR_SYNC_SECONDS", "86400"),
    ];
    let mut server = TestServer::start_with(&settings, true);
    do_business(&server);
    let key = server.owner.api_key.clone().unwrap();
    let told = tell(&server.url, &key);
    for (path, things) in &told {
        assert!(!things.is_empty(), "nothing to remember of {path}");
    }
    let app = server.app().clone();
    server.close();
    let totals = launchyard::jobs::totals(&app.store).unwrap();
    let jobs = json!({
        "enqueued": totals.enqueued, "done": totals.done, "dead": totals.dead, "open": totals.open(),
    });
    let facts = json!({ "email": server.owner.email, "api_key": key, "jobs": jobs, "told": told });
    pack(&server, &target);
    std::fs::write(target.join("facts.json"), format!("{facts:#}\n")).unwrap();
}

/// A little of everything: leads from a file, a worker, mails that left, people who answered, somebody who must not
/// be written to, a proposed meeting.
fn do_business(server: &TestServer) {
    let mut browser = server.owner_browser();
    let consent = browser.get("/connections/google/start?use=both").location.unwrap();
    let back = server.sandbox.allow_all(&consent).unwrap();
    let choice = browser.get(back.strip_prefix(server.url.as_str()).unwrap()).location.unwrap();
    let connection = choice.trim_end_matches("/calendars").to_owned();
    let leads: String = server
        .sandbox
        .leads_csv()
        .lines()
        .take(7)
        .enumerate()
        .map(|(row, line)| format!("{line},{}\n", if row == 0 { "Tags" } else { "golden" }))
        .collect();
    let actor = Actor::system(server.workspace);
    contacts::import_file(server.app(), &actor, "leads.csv", leads.as_bytes(), &[], false).unwrap();
    let texts = ["Hello {{first_name|there}},\nwould a call help?", "Hello {{first_name|there}},\nonce more."];
    let accounts = [connection.as_str(), connection.as_str()];
    let worker = person::make_worker(&mut browser, "golden", accounts, "Heating at {{company}}", &texts);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    server.settle();
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    server.advance(Duration::from_secs(10 * 3600));
    for target in ["never@larkfield.example", "rival.example"] {
        assert_eq!(server.api("POST", "/v1/suppressions", Some(json!({ "target": target }))).0, 200);
    }
    assert_eq!(server.api("POST", &format!("/v1/workers/{worker}/pause"), None).0, 200);
    server.settle();
}

fn pack(server: &TestServer, target: &Path) {
    std::fs::create_dir_all(target.join("store")).unwrap();
    let data = server.data_dir();
    let mut files = vec![PathBuf::from("keys.slots")];
    let of_store = std::fs::read_dir(data.join("store")).unwrap().map(|entry| entry.unwrap().path());
    files.extend(of_store.filter(|path| path.is_file()).map(|path| path.strip_prefix(&data).unwrap().to_owned()));
    // The ballast holds nothing but room on the disk.
    for file in files.iter().filter(|file| !file.ends_with("ballast")) {
        let packed = target.join(format!("{}.gz", file.display()));
        let mut to = GzEncoder::new(std::fs::File::create(packed).unwrap(), Compression::best());
        to.write_all(&std::fs::read(data.join(file)).unwrap()).unwrap();
        to.finish().unwrap();
    }
    std::fs::copy(server.path("master.key"), target.join("master.key")).unwrap();
}
