//! Budgets under calls at the same time, and what people may set.

use std::collections::BTreeMap;

use super::budget;
use super::model::{Caps, Purse, Task};
use super::setup::{self, BudgetsForm, KeyForm, ModelsForm};
use super::testing::{app_with_sandbox, set_up};
use super::{store, EngineError};
use crate::authz::{Actor, Role};
use crate::base::TransferId;
use crate::providers::ai::{AiError, Service};
use crate::sandbox::AI_KEY;
use crate::store::StoreError;
use crate::testing::{self, NOW};

#[test]
fn calls_at_the_same_time_together_never_get_more_than_the_budget() {
    let test = testing::app();
    let purses = [(Purse::Workspace, Caps { day: 100, month: 1_000 })];
    let gone: Vec<bool> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let call = TransferId::new(NOW);
                    let reserved =
                        test.app.store.write(|txn| budget::reserve(txn, test.workspace, &purses, call, 30, NOW));
                    reserved.unwrap().is_ok()
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(gone.iter().filter(|went| **went).count(), 3, "three times 30 fit into 100");
    let spent = test.app.store.read(|txn| budget::spent(txn, test.workspace, Purse::Workspace, NOW)).unwrap();
    assert_eq!(spent.at_risk(), 90);
}

#[test]
fn a_call_that_a_worker_cannot_pay_takes_nothing_from_the_workspace() {
    let test = testing::app();
    let worker = crate::base::WorkerId::new(NOW);
    let purses =
        [(Purse::Workspace, Caps { day: 100, month: 100 }), (Purse::Worker(worker), Caps { day: 10, month: 100 })];
    let call = TransferId::new(NOW);
    let full = test.app.store.write(|txn| budget::reserve(txn, test.workspace, &purses, call, 30, NOW)).unwrap();
    assert_eq!(full.unwrap_err().purse, Purse::Worker(worker));
    let spent = test.app.store.read(|txn| budget::spent(txn, test.workspace, Purse::Workspace, NOW)).unwrap();
    assert_eq!(spent.at_risk(), 0);
}

fn key_form(service: &str, base: &str, key: &str) -> KeyForm {
    KeyForm { service: service.into(), base: base.into(), key: key.into() }
}

#[test]
fn a_key_is_kept_only_once_the_service_took_it_and_is_known_by_its_end() {
    let (test, sandbox) = app_with_sandbox();
    let (app, owner) = (&test.app, &test.owner);
    for service in ["anthropic", "openai", "openai_chat", "gemini"] {
        let wrong = setup::set_key(app, owner, &key_form(service, "", "not-the-right-key")).unwrap_err();
        assert!(matches!(wrong, EngineError::Test(AiError::Key { .. })), "{service}: {wrong:?}");
        assert!(store::get_settings(&app.store, test.workspace).unwrap().is_none());
    }
    let settings = setup::set_key(app, owner, &key_form("gemini", "", AI_KEY)).unwrap();
    assert_eq!(settings.key_ends, "7Q2x");
    assert!(settings.known_models.contains(&"sandbox-small".to_owned()), "{:?}", settings.known_models);
    assert!(!settings.known_models.contains(&"sandbox-embedding".to_owned()), "it does not write");
    let own =
        setup::set_key(app, owner, &key_form("compatible", &format!("{}/compatible/v1", sandbox.url), "")).unwrap();
    assert_eq!((own.key.is_none(), own.key_ends.as_str()), (true, ""));
}

#[test]
fn a_server_of_ones_own_lies_on_the_internet_or_where_the_operator_allows_it() {
    let test = testing::app_with(&[]);
    for base in ["http://127.0.0.1:11434/v1", "https://10.0.0.7/v1", "https://169.254.169.254/", "ftp://x.example", ""]
    {
        let refused = setup::set_key(&test.app, &test.owner, &key_form("compatible", base, "")).unwrap_err();
        let is_refused = match &refused {
            EngineError::Invalid(mistakes) => mistakes.fields().any(|field| field == "base"),
            EngineError::Test(AiError::Address { .. }) => true,
            _ => false,
        };
        assert!(is_refused, "{base}: {refused:?}");
    }
}

#[test]
fn an_erased_key_cannot_be_opened_any_more() {
    let (test, sandbox) = app_with_sandbox();
    set_up(&test.app, &test.owner, &sandbox, Service::Anthropic, "sandbox-small");
    let sealed = store::get_settings(&test.app.store, test.workspace).unwrap().unwrap().key.unwrap();
    assert!(test.app.store.open_secret(&sealed).is_ok());
    setup::remove(&test.app, &test.owner).unwrap();
    assert!(test.app.store.open_secret(&sealed).is_err());
    assert!(store::get_settings(&test.app.store, test.workspace).unwrap().is_none());
    set_up(&test.app, &test.owner, &sandbox, Service::Anthropic, "sandbox-small");
    let sealed = store::get_settings(&test.app.store, test.workspace).unwrap().unwrap().key.unwrap();
    setup::end_access(&test.app, test.workspace).unwrap();
    setup::end_access(&test.app, test.workspace).unwrap();
    assert!(test.app.store.open_secret(&sealed).is_err(), "nor that of a workspace that is being closed");
}

#[test]
fn a_model_in_use_has_a_price_and_a_day_no_more_than_its_month() {
    let (test, sandbox) = app_with_sandbox();
    let (app, owner) = (&test.app, &test.owner);
    set_up(app, owner, &sandbox, Service::OpenAi, "sandbox-small");
    let models: BTreeMap<Task, String> = [(Task::Draft, "sandbox-large".to_owned())].into();
    let form = |prices: Vec<(&str, &str, &str)>, currency: &str| ModelsForm {
        models: models.clone(),
        prices: prices.into_iter().map(|(model, i, o)| (model.to_owned(), i.to_owned(), o.to_owned())).collect(),
        currency: currency.to_owned(),
    };
    let wrong = [
        (form(vec![], "USD"), "prices"),
        (form(vec![("sandbox-large", "x", "1")], "USD"), "prices"),
        (form(vec![("sandbox-large", "1", "1")], "dollars"), "currency"),
    ];
    for (form, field) in wrong {
        let EngineError::Invalid(mistakes) = setup::set_models(app, owner, &form).unwrap_err() else { panic!() };
        assert_eq!(mistakes.fields().collect::<Vec<_>>(), [field]);
    }
    let saved = setup::set_models(app, owner, &form(vec![("sandbox-large", "0", "0,5")], "eur")).unwrap();
    assert_eq!((saved.model_of(Task::Draft), saved.model_of(Task::Classify)), (Some("sandbox-large"), None));
    let both = |day: &str, month: &str| (day.to_owned(), month.to_owned());
    let budgets = BudgetsForm { workspace: both("5", "4"), each_worker: both("1", "2"), workers: vec![] };
    let EngineError::Invalid(mistakes) = setup::set_budgets(app, owner, &budgets).unwrap_err() else { panic!() };
    assert_eq!(mistakes.fields().collect::<Vec<_>>(), ["workspace"]);
}

#[test]
fn only_owners_and_admins_see_or_change_engines() {
    let (test, _sandbox) = app_with_sandbox();
    for role in [Role::Agent, Role::Viewer] {
        let actor = Actor { role, ..test.owner.clone() };
        let denied = |error: EngineError| matches!(error, EngineError::Denied(_));
        assert!(denied(setup::get(&test.app, &actor).unwrap_err()));
        assert!(denied(setup::set_key(&test.app, &actor, &key_form("gemini", "", AI_KEY)).unwrap_err()));
        assert!(denied(setup::test_key(&test.app, &actor).unwrap_err()));
        assert!(denied(setup::remove(&test.app, &actor).unwrap_err()));
        assert!(denied(super::transfers::list(&test.app, &actor, None, 10).unwrap_err()));
    }
}

#[test]
fn four_fifths_and_the_end_of_a_budget_reach_the_mailbox_of_each_owner_once() {
    let mail = [("LAUNCHYARD_MAIL__HOST", "127.0.0.1"), ("LAUNCHYARD_MAIL__FROM", "desk@fernhill.example")];
    let test = testing::app_with(&mail);
    let told = || crate::mailer::waiting(&test.app.store).unwrap().len();
    let settings = super::model::Settings {
        service: Service::Gemini,
        base: String::new(),
        key: None,
        key_ends: String::new(),
        models: BTreeMap::new(),
        prices: BTreeMap::new(),
        currency: "USD".into(),
        caps: Caps { day: 100, month: 1_000 },
        worker_caps: super::model::WORKER_CAPS,
        own_caps: BTreeMap::new(),
        known_models: vec![],
        tested_at: None,
        set_by: "Nora".into(),
        set_at: NOW,
    };
    add_owner(&test);
    let spend = |most: u64, cost: u64| {
        let call = TransferId::new(NOW);
        let purses = budget::purses(&settings, None);
        let full = test.app.store.write(|txn| budget::reserve(txn, test.workspace, &purses, call, most, NOW)).unwrap();
        if full.is_ok() {
            let ended = test.app.store.write(|txn| budget::settle(txn, test.workspace, &purses, call, cost, NOW));
            ended.unwrap_or_else(|error: StoreError| panic!("{error}"));
        }
        budget::tell(&test.app, test.workspace, &settings, None, full.err()).unwrap();
    };
    spend(79, 79);
    assert_eq!(told(), 0);
    spend(5, 1);
    assert_eq!(told(), 1, "80 % is spent");
    spend(5, 1);
    assert_eq!(told(), 1, "said once");
    spend(50, 50);
    assert_eq!(told(), 2, "a call did not fit");
    spend(50, 50);
    assert_eq!(told(), 2);
}

/// A member of the workspace who can be written to.
fn add_owner(test: &testing::TestApp) {
    let add = crate::workspaces::AddUser {
        email: crate::base::EmailAddress::parse("nora@fernhill.example").unwrap(),
        name: "Nora Whitfield".into(),
        workspace: "fernhill".into(),
        role: Role::Owner,
        password: "moor-lantern-rowboat-17".into(),
        api_key: false,
    };
    crate::workspaces::add_user(&test.app, &add).unwrap();
}
