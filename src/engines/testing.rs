//! For the tests of other rooms: a service that is set up, rows of calls, a sandbox to ask.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::model::{Task, Transfer};
use super::setup::{self, BudgetsForm, KeyForm, ModelsForm};
use super::store;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{ContactId, TransferId, WorkspaceId};
use crate::providers::ai::Service;
use crate::sandbox::{OwnerAccount, Sandbox, SandboxOptions, AI_KEY};
use crate::testing::{self, TestApp};

/// One call that was made now.
pub fn put_transfer(app: &App, workspace: WorkspaceId, contact: Option<ContactId>) {
    let now = app.now();
    let transfer = Transfer {
        id: TransferId::new(now),
        at: now,
        service: Service::Anthropic,
        to: "api.anthropic.com".into(),
        model: "sandbox-small".into(),
        task: Task::Classify,
        request_id: "req_1".into(),
        input_tokens: 100,
        output_tokens: 10,
        cost: 450,
        currency: "USD".into(),
        took_millis: 12,
        outcome: "ok".into(),
        prompt_hash: "00".repeat(16),
        worker: None,
        contact,
    };
    app.store.write(|txn| store::put_transfer(txn, workspace, &transfer)).unwrap();
}

/// An app whose AI services are the sandbox's.
pub fn app_with_sandbox() -> (TestApp, Sandbox) {
    let clock = crate::base::Clock::stopped_at(testing::NOW);
    let sandbox = Sandbox::start(SandboxOptions {
        clock,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        people: false,
        owner: OwnerAccount { email: "nora@fernhill.example".into(), name: "Nora".into(), zone: "UTC".into() },
        advance: None,
        smtp_imap: false,
        memory: None,
    })
    .unwrap();
    let base = |name: &str| format!("{}/{name}", sandbox.url);
    let (anthropic, openai, gemini) = (base("anthropic"), base("openai"), base("gemini"));
    let test = testing::app_with(&[
        ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
        ("LAUNCHYARD_PROVIDERS__AI__ANTHROPIC_BASE", &anthropic),
        ("LAUNCHYARD_PROVIDERS__AI__OPENAI_BASE", &openai),
        ("LAUNCHYARD_PROVIDERS__AI__GEMINI_BASE", &gemini),
    ]);
    (test, sandbox)
}

/// Gives the key and one model for everything, as a person does.
pub fn set_up(app: &App, owner: &Actor, sandbox: &Sandbox, service: Service, model: &str) {
    let base = if service == Service::Compatible { format!("{}/compatible", sandbox.url) } else { String::new() };
    let key = KeyForm { service: service.as_str().into(), base, key: AI_KEY.into() };
    setup::set_key(app, owner, &key).unwrap();
    let models: BTreeMap<Task, String> = Task::ALL.into_iter().map(|task| (task, model.to_owned())).collect();
    let prices = vec![(model.to_owned(), "3".to_owned(), "15".to_owned())];
    setup::set_models(app, owner, &ModelsForm { models, prices, currency: "USD".into() }).unwrap();
}

/// In whole units of the currency.
pub fn set_budget(app: &App, owner: &Actor, day: &str) {
    let both = |day: &str| (day.to_owned(), "1000".to_owned());
    let form = BudgetsForm { workspace: both(day), each_worker: both("1000"), workers: Vec::new() };
    setup::set_budgets(app, owner, &form).unwrap();
}

/// All calls of a workspace, newest first.
pub fn transfers(app: &App, workspace: WorkspaceId) -> Vec<Transfer> {
    store::list_transfers(&app.store, workspace, None, 100).unwrap().rows
}

/// The next calls fail so.
pub fn fault(sandbox: &Sandbox, fault: &Value) {
    ureq::post(&format!("{}/control/faults", sandbox.url)).send_json(fault).unwrap();
}

/// Every call that the sandbox's AI services received.
pub fn requests(sandbox: &Sandbox) -> Vec<Value> {
    let text = ureq::get(&format!("{}/control/requests", sandbox.url)).call().unwrap().body_mut().read_to_string();
    text.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Questions among them, not lists of models.
pub fn questions(sandbox: &Sandbox) -> Vec<Value> {
    requests(sandbox).into_iter().filter(|request| request["method"] == "POST").collect()
}
