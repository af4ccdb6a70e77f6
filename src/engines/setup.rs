//! What the workspace's owners and admins do: give and take away a key, choose models, set prices and budgets, look
//! again.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::call::account;
use super::error::{words_of, EngineError};
use super::model::{Caps, Price, Settings, State, Task, WORKER_CAPS, WORKSPACE_CAPS};
use super::{money, store};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, WorkerId, WorkspaceId};
use crate::providers::ai::{self, AiError, Service};
use crate::providers::outbound::NoLog;
use crate::store::{SealedSecret, StoreError, Txn};

const MOST_KEY: usize = 500;
const MOST_MODELS: usize = 500;
const MOST_MODEL_CHARS: usize = 120;
const MOST_PRICES: usize = 50;

/// Service, address and key as typed. An empty key keeps the one that is there, when the service stays.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct KeyForm {
    #[serde(default)]
    pub service: String,
    #[serde(default)]
    pub base: String,
    #[serde(default)]
    pub key: String,
}

/// How the workspace's engine stands.
#[derive(Clone, Debug)]
pub struct Standing {
    pub settings: Settings,
    pub state: State,
}

pub fn get(app: &App, actor: &Actor) -> Result<Option<Standing>, EngineError> {
    actor.require(Permission::ManageEngines)?;
    Ok(standing(app, actor.workspace)?)
}

/// The same for pages that show a part of it.
pub fn standing(app: &App, workspace: WorkspaceId) -> Result<Option<Standing>, StoreError> {
    app.store.read(|txn| {
        let Some(settings) = store::find_settings(txn, workspace)? else { return Ok(None) };
        Ok(Some(Standing { settings, state: store::find_state(txn, workspace)? }))
    })
}

/// Tries the key and keeps it when the service takes it. Models and prices of the same service stay.
pub fn set_key(app: &App, actor: &Actor, form: &KeyForm) -> Result<Settings, EngineError> {
    actor.require(Permission::ManageEngines)?;
    let before = store::get_settings(&app.store, actor.workspace)?;
    let (service, base) = checked(app, form, before.as_ref())?;
    let same = before.as_ref().filter(|known| known.service == service && known.base == base);
    let typed = form.key.trim();
    let sealed = match typed {
        "" => same.and_then(|known| known.key.clone()),
        typed => Some(app.store.seal_secret(actor.workspace, typed.as_bytes())?),
    };
    let is_new = !typed.is_empty();
    let ends = match (is_new, same) {
        (true, _) => last_four(typed),
        (false, Some(known)) => known.key_ends.clone(),
        (false, None) => String::new(),
    };
    let fresh = Settings { key: sealed.clone(), key_ends: ends, ..fresh(app, actor, service, base, same) };
    let kept = test(app, &fresh).map_err(EngineError::Test).and_then(|models| {
        let now = app.now();
        let settings = Settings { known_models: models, tested_at: Some(now), ..fresh };
        app.store.write(|txn| {
            store::put_settings(txn, actor.workspace, &settings)?;
            forget_troubles(txn, actor.workspace, same.is_none())?;
            let what = format!("{}, key ending in {}", settings.name(), shown_ends(&settings.key_ends));
            record(txn, app, actor, "engines.key_set", &what)?;
            Ok::<_, EngineError>(settings.clone())
        })
    });
    match (&kept, is_new) {
        // The old key is erased once nothing names it any more.
        (Ok(settings), _) => {
            shred(app, before.and_then(|known| known.key).filter(|old| Some(old) != settings.key.as_ref()))?
        }
        (Err(_), true) => shred(app, sealed)?,
        (Err(_), false) => {}
    }
    kept
}

fn shred(app: &App, key: Option<SealedSecret>) -> Result<(), StoreError> {
    key.map_or(Ok(()), |key| app.store.shred_secret(&key))
}

fn shown_ends(ends: &str) -> &str {
    if ends.is_empty() {
        "nothing"
    } else {
        ends
    }
}

/// Of a short key nothing is shown.
fn last_four(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    if chars.len() < 12 {
        return String::new();
    }
    chars[chars.len() - 4..].iter().collect()
}

fn checked(app: &App, form: &KeyForm, before: Option<&Settings>) -> Result<(Service, String), EngineError> {
    let mut wrong = Mistakes::default();
    let service = wrong.keep("service", Service::parse(&form.service).ok_or("Choose one of the services."));
    let base = form.base.trim().trim_end_matches('/').to_owned();
    let key = form.key.trim();
    let base = if service == Some(Service::Compatible) { base } else { String::new() };
    if service == Some(Service::Compatible) {
        let allowed = app.outbound.user_given(&base).map_err(|refused| {
            format!("{refused} A private host has to be listed by the operator, in outbound.allow_private_hosts.")
        });
        wrong.keep("base", allowed);
    } else if key.is_empty() {
        let has_one = before.is_some_and(|known| Some(known.service) == service && known.key.is_some());
        wrong.expect(has_one, "key", "Paste the key from the service’s console.");
    }
    let is_header = key.len() <= MOST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
    wrong.expect(is_header, "key", "A key is one line of letters, digits and signs, without blanks.");
    wrong.into_result()?;
    service.map(|service| (service, base)).ok_or(EngineError::NotSet)
}

fn fresh(app: &App, actor: &Actor, service: Service, base: String, same: Option<&Settings>) -> Settings {
    let settings = Settings {
        service,
        base,
        key: None,
        key_ends: String::new(),
        models: BTreeMap::new(),
        prices: BTreeMap::new(),
        currency: "USD".to_owned(),
        caps: WORKSPACE_CAPS,
        worker_caps: WORKER_CAPS,
        own_caps: BTreeMap::new(),
        known_models: Vec::new(),
        tested_at: None,
        set_by: String::new(),
        set_at: app.now(),
    };
    Settings { set_by: actor.display.clone(), set_at: app.now(), ..same.cloned().unwrap_or(settings) }
}

/// The models of the key. A server of one's own may have no list: then any answer that is no refusal will do.
fn test(app: &App, settings: &Settings) -> Result<Vec<String>, AiError> {
    let account = account(app, settings).map_err(|error| AiError::Unreachable { words: error.to_string() })?;
    let mut models = match ai::list_models(&app.outbound, &account, &NoLog) {
        Err(AiError::NoModel { .. }) if settings.service == Service::Compatible => Vec::new(),
        listed => listed?,
    };
    models.truncate(MOST_MODELS);
    models.retain(|model| is_model(model));
    Ok(models)
}

fn is_model(name: &str) -> bool {
    !name.is_empty() && name.len() <= MOST_MODEL_CHARS && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// It is looked at anew: what stopped it is forgotten; with another service also what its models do not take.
fn forget_troubles(txn: &mut Txn<'_>, workspace: WorkspaceId, is_other: bool) -> Result<(), StoreError> {
    let known = store::find_state(txn, workspace)?;
    let quirks = if is_other { BTreeMap::new() } else { known.quirks };
    store::put_state(txn, workspace, &State { quirks, ..State::default() })
}

/// Tests the key that is there; a test that passes also ends a stop.
pub fn test_key(app: &App, actor: &Actor) -> Result<Settings, EngineError> {
    actor.require(Permission::ManageEngines)?;
    let settings = store::get_settings(&app.store, actor.workspace)?.ok_or(EngineError::NotSet)?;
    let models = test(app, &settings).map_err(EngineError::Test)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut settings = store::find_settings(txn, actor.workspace)?.ok_or(EngineError::NotSet)?;
        settings.known_models = models.clone();
        settings.tested_at = Some(now);
        store::put_settings(txn, actor.workspace, &settings)?;
        forget_troubles(txn, actor.workspace, false)?;
        record(txn, app, actor, "engines.key_tested", &settings.name())?;
        Ok(settings)
    })
}

/// The key is erased at once, the settings with it. What was transferred stays on record.
pub fn remove(app: &App, actor: &Actor) -> Result<(), EngineError> {
    actor.require(Permission::ManageEngines)?;
    let gone = app.store.write(|txn| {
        let settings = store::find_settings(txn, actor.workspace)?.ok_or(EngineError::NotSet)?;
        store::remove_settings(txn, actor.workspace)?;
        record(txn, app, actor, "engines.removed", &settings.name())?;
        Ok::<_, EngineError>(settings)
    })?;
    Ok(shred(app, gone.key)?)
}

/// The workspace is being closed: its key is erased at once. Where there is none, that is harmless.
pub fn end_access(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    let key = app.store.write_reserved(|txn| {
        let settings = store::find_settings(txn, workspace)?;
        if settings.is_some() {
            store::remove_settings(txn, workspace)?;
        }
        Ok::<_, StoreError>(settings.and_then(|settings| settings.key))
    })?;
    shred(app, key)
}

/// Models and prices as typed: a model for each task (empty: the built-in engine), and rows of the price table.
#[derive(Clone, Debug, Default)]
pub struct ModelsForm {
    pub models: BTreeMap<Task, String>,
    /// Model, price of a million tokens in and out.
    pub prices: Vec<(String, String, String)>,
    pub currency: String,
}

/// Saves models and prices. Every model in use needs a price, or its budget could not be kept.
pub fn set_models(app: &App, actor: &Actor, form: &ModelsForm) -> Result<Settings, EngineError> {
    actor.require(Permission::ManageEngines)?;
    let mut wrong = Mistakes::default();
    let models: BTreeMap<Task, String> = form
        .models
        .iter()
        .map(|(task, model)| (*task, model.trim().to_owned()))
        .filter(|(_, model)| !model.is_empty())
        .collect();
    for (task, model) in &models {
        wrong.expect(is_model(model), task.as_str(), "A model’s name has no blanks and at most 120 signs.");
    }
    let mut prices = BTreeMap::new();
    for (model, input, output) in form.prices.iter().filter(|(model, ..)| !model.trim().is_empty()) {
        if input.trim().is_empty() && output.trim().is_empty() {
            continue;
        }
        match (money::parse(input), money::parse(output)) {
            (Some(input), Some(output)) => {
                prices.insert(model.trim().to_owned(), Price { input, output });
            }
            _ => wrong.add("prices", format!("Write the prices of {} as numbers, for example 0.25.", model.trim())),
        }
    }
    wrong.expect(prices.len() <= MOST_PRICES, "prices", "At most 50 models have a price.");
    for model in models.values().filter(|model| !prices.contains_key(*model)) {
        if !wrong.fields().any(|field| field == "prices") {
            wrong.add("prices", format!("Give the price of {model}, so that budgets can be kept; 0 where it is free."));
        }
    }
    let currency = form.currency.trim().to_uppercase();
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    wrong.expect(is_code, "currency", "Three letters, for example USD or EUR.");
    wrong.into_result()?;
    let named: Vec<String> = models.iter().map(|(task, model)| format!("{}: {model}", task.as_str())).collect();
    let named = if named.is_empty() { "the built-in engine does everything".to_owned() } else { named.join(", ") };
    change(app, actor, "engines.models_set", &named, |settings| {
        settings.models = models.clone();
        settings.prices = prices.clone();
        settings.currency = currency.clone();
    })
}

/// Budgets as typed, each by day and by month.
#[derive(Clone, Debug, Default)]
pub struct BudgetsForm {
    pub workspace: (String, String),
    pub each_worker: (String, String),
    /// Both empty: as each worker's.
    pub workers: Vec<(WorkerId, String, String)>,
}

pub fn set_budgets(app: &App, actor: &Actor, form: &BudgetsForm) -> Result<Settings, EngineError> {
    actor.require(Permission::ManageEngines)?;
    let mut wrong = Mistakes::default();
    let mut read =
        |field: &'static str, typed: &(String, String)| match (money::parse(&typed.0), money::parse(&typed.1)) {
            (Some(day), Some(month)) if day <= month => Some(Caps { day, month }),
            (Some(_), Some(_)) => {
                wrong.add(field, "A day cannot have more than its month.");
                None
            }
            _ => {
                wrong.add(field, "Write two numbers, for example 2 and 20; 0 uses the built-in engine alone.");
                None
            }
        };
    let caps = read("workspace", &form.workspace);
    let worker_caps = read("each_worker", &form.each_worker);
    let mut own_caps = BTreeMap::new();
    for (worker, day, month) in &form.workers {
        if day.trim().is_empty() && month.trim().is_empty() {
            continue;
        }
        if let Some(caps) = read("workers", &(day.clone(), month.clone())) {
            own_caps.insert(*worker, caps);
        }
    }
    wrong.into_result()?;
    let (Some(caps), Some(worker_caps)) = (caps, worker_caps) else { return Err(EngineError::NotSet) };
    let words = format!("{} a day, {} a month", money::figure(caps.day), money::figure(caps.month));
    change(app, actor, "engines.budgets_set", &words, |settings| {
        (settings.caps, settings.worker_caps) = (caps, worker_caps);
        settings.own_caps = own_caps.clone();
    })
}

fn change(
    app: &App,
    actor: &Actor,
    act: &str,
    words: &str,
    mut change: impl FnMut(&mut Settings),
) -> Result<Settings, EngineError> {
    app.store.write(|txn| {
        let mut settings = store::find_settings(txn, actor.workspace)?.ok_or(EngineError::NotSet)?;
        change(&mut settings);
        store::put_settings(txn, actor.workspace, &settings)?;
        record(txn, app, actor, act, words)?;
        Ok(settings)
    })
}

fn record(txn: &mut Txn<'_>, app: &App, actor: &Actor, act: &str, words: &str) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, app.now(), &Who::of(actor), act, "AI engine", words)
}

/// What a failed test says beside the form.
pub fn test_words(error: &EngineError) -> Option<String> {
    match error {
        EngineError::Test(error) => Some(words_of(error)),
        _ => None,
    }
}
