//! Closing a workspace, seen from outside: what stops at once, what can be taken back, and what is left at the end.

use std::time::Duration;

use launchyard::authz::Role;
use launchyard::base::{WorkspaceId, INSTANCE};
use launchyard::wiring::personal_data;
use serde_json::{json, Value};

use super::browser;
use super::world::World;

const DAY: Duration = Duration::from_secs(86_400);

fn pass(world: &World, time: Duration) {
    (world.demo.app().demo().unwrap().advance)(time);
}

/// Rows that name the workspace, in their key or in what they hold, by table.
fn rows_about(world: &World, workspace: WorkspaceId) -> Vec<(&'static str, Value)> {
    let id = workspace.sid().trim_start_matches("AC").to_owned();
    let mut found = Vec::new();
    for table in personal_data::tables() {
        let rows = world.demo.app().store.dump(&table.info, None).unwrap();
        let names_it =
            |row: &Value| row.to_string().replace('-', "").contains(&id) || row["workspace"] == workspace.sid();
        found.extend(rows.into_iter().filter(names_it).map(|row| (table.info.name, row)));
    }
    found
}

fn tables_of(rows: &[(&'static str, Value)]) -> Vec<&'static str> {
    let mut names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    names.dedup();
    names
}

/// What may name a workspace that is gone: that it was closed, by whom, the work that did it, and which workspace a
/// browser looked at last.
const STAYS: &[&str] = &["closed_workspaces", "audit_entries", "jobs", "sessions"];

#[test]
fn a_closed_workspace_stops_at_once_can_be_taken_back_and_after_its_days_leaves_no_row() {
    let world = World::open();
    let app = world.demo.app();
    let owner = world.member(Role::Owner);
    let name = launchyard::workspaces::get(&app.store, world.home).unwrap().unwrap().name;
    let before = tables_of(&rows_about(&world, world.home));
    assert!(before.len() > 40, "the business fills the tables: {before:?}");
    let next_door = world.state_of(world.next_door);
    let messages = launchyard::messaging::list_recent(&app.store, world.home, None, 50).unwrap().rows;
    let unsubscribe =
        messages.iter().find_map(|message| launchyard::messaging::mail_links(app, message)).unwrap().unsubscribe;
    let unsubscribe = unsubscribe.strip_prefix(world.url()).unwrap().to_owned();

    let mut browser = world.browser_of(owner);
    let asked = browser.get("/settings/workspace/close");
    assert_eq!(asked.status, 200, "{}", asked.body);
    let wrong = browser.post("/settings/workspace/close", &[("name", "Fernhil")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("value=\"Fernhil\"") && wrong.body.contains("Type the name"), "{}", wrong.body);
    assert!(launchyard::workspaces::get(&app.store, world.home).unwrap().unwrap().closing.is_none());
    let closed = browser.post("/settings/workspace/close", &[("name", &name)]);
    assert_eq!((closed.status, closed.location.as_deref()), (303, Some("/settings/workspace")), "{}", closed.body);

    // The access is gone before the page has answered; nothing can be changed; everything can be read.
    for row in world.rows("connections") {
        let kind = &row["value"]["kind"];
        assert!(kind["google"]["credentials"].is_null() && kind["smtp_imap"]["password"].is_null(), "{row}");
        assert!(row["value"]["state"]["disconnected"].is_object(), "{row}");
    }
    let refused = browser.post("/contacts", &[("first_name", "Iris"), ("email", "iris@quill.example")]);
    assert_eq!(refused.status, 409, "{}", refused.body);
    let (status, problem) =
        browser::api(world.url(), &owner.key, "POST", "/v1/contacts", Some(json!({ "addresses": ["i@q.example"] })));
    assert_eq!(status, 409, "{problem}");
    assert_eq!(browser::api(world.url(), &owner.key, "GET", "/v1/contacts", None).0, 200);
    let page = browser.get("/contacts");
    assert!(page.body.contains("is being closed"), "said on every page");
    assert_eq!(browser.get("/connections/google/start?use=outreach").status, 409, "nothing new is connected");

    // An admin may not take it back, an owner may.
    let mut admin = world.browser_of(world.member(Role::Admin));
    admin.get("/");
    assert_eq!(admin.post("/settings/workspace/keep", &[]).status, 403);
    pass(&world, 6 * DAY);
    let mut browser = world.browser_of(owner);
    browser.get("/settings/workspace");
    assert_eq!(browser.post("/settings/workspace/keep", &[]).status, 303);
    assert_eq!(browser.post("/contacts", &[("first_name", "Iris"), ("email", "iris@quill.example")]).status, 303);
    pass(&world, 2 * DAY);
    assert!(rows_about(&world, world.home).len() > 100, "what was taken back stays, also after its day");

    let mut browser = world.browser_of(owner);
    browser.get("/settings/workspace/close");
    assert_eq!(browser.post("/settings/workspace/close", &[("name", &name.to_uppercase())]).status, 303);
    pass(&world, 7 * DAY + Duration::from_secs(120));
    world.settle();
    let left: Vec<_> = rows_about(&world, world.home).into_iter().filter(|(table, _)| !STAYS.contains(table)).collect();
    assert!(left.is_empty(), "{left:#?}");
    let own = |(table, row): &(&str, Value)| *table == "audit_entries" && row["workspace"] != INSTANCE.sid();
    assert!(!rows_about(&world, world.home).iter().any(own), "its own trail went with it");
    assert!(app.store.blind(world.home, "any", "thing").is_err(), "its keys are gone");

    // Its people can sign in and read what happened; a key of it opens nothing.
    let mut browser = world.browser_of(owner);
    let sent_on = browser.get("/");
    assert_eq!(sent_on.status, 303);
    let told = browser.get("/workspaces");
    assert!(told.status == 200 && told.body.contains("Closed by you on"), "{}", told.body);
    assert_eq!(browser::api(world.url(), &owner.key, "GET", "/v1/contacts", None).0, 401);
    let trail = app.store.dump(&table("audit_entries"), None).unwrap();
    let acts: Vec<&str> = trail
        .iter()
        .filter(|row| row["workspace"] == INSTANCE.sid())
        .filter_map(|row| row["value"]["act"].as_str())
        .filter(|act| act.starts_with("workspace."))
        .collect();
    let expected =
        ["workspace.closing", "workspace.closing_taken_back", "workspace.closing", "workspace.closed"].as_slice();
    assert_eq!(acts, expected);

    // A link in an old mail still answers.
    let mut reader = browser::Browser::new(world.url());
    assert_eq!(reader.get(&unsubscribe).status, 200);
    let stopped = reader.post_as_stranger(&unsubscribe, &[("List-Unsubscribe", "One-Click")]);
    assert_eq!(stopped.status, 200, "{}", stopped.body);

    // Next door nothing is missing.
    let after = world.state_of(world.next_door);
    let missing: Vec<&String> = next_door.iter().filter(|row| !after.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

fn table(name: &str) -> launchyard::store::TableInfo {
    personal_data::tables().iter().find(|table| table.info.name == name).unwrap().info
}
