//! One question to the workspace's service, with all that stands around it: may it be asked, is there money, what came
//! back, what does that mean for the next one. Every request that leaves has a row among the transfers.

use std::cell::Cell;
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::budget::{self, Full};
use super::model::{Price, Settings, State, Stopped, Task, Transfer};
use super::{breaker, letters, money, store};
use crate::app::App;
use crate::base::{ContactId, TransferId, UnixMillis, WorkerId, WorkspaceId};
use crate::language::engine::NoUse;
use crate::providers::ai::{self, Account, AiError, Ask, Quirk, Quirks, Service, Told, Usage};
use crate::providers::outbound::{CallLog, CallRecord, Trust};
use crate::providers::Secret;
use crate::store::{StoreError, Txn};

/// For one call in the background (G10).
const WITHIN: Duration = Duration::from_secs(60);
/// Calls of one workspace at the same time: the rest wait their turn, so that one workspace keeps no other waiting.
const AT_ONCE: usize = 4;
const TURN: Duration = Duration::from_secs(2);
/// Tries of one question; between them the job that asks waits (G10).
pub const TRIES: u32 = 3;
/// A service that wants a longer wait is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Requests of one try: the first, another way of asking after each thing that the model does not take, a repair.
const ROUNDS: usize = 5;

/// For whom it is asked, and whose words are in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    pub worker: Option<WorkerId>,
    pub contact: Option<ContactId>,
}

/// One question, ready to be sent.
pub struct Put<'a> {
    pub task: Task,
    pub system: &'a str,
    pub data: &'a Value,
    pub shape: &'a Value,
    pub room: u32,
}

/// A workspace's service.
pub struct Line<'a> {
    pub app: &'a App,
    pub workspace: WorkspaceId,
    pub settings: Settings,
    pub about: About,
    /// Tries that were made before.
    pub tried: u32,
    last: Cell<Option<(UnixMillis, TransferId)>>,
}

/// A request that is over.
#[derive(Clone, Copy)]
struct Ended<'e> {
    call: TransferId,
    /// The host that was asked.
    to: &'e str,
    model: &'e str,
    quirks: &'e Quirks,
    told: &'e Told,
    took: Duration,
    /// `ok`, or the word for why the answer is not used.
    outcome: &'e str,
    /// The broken answer that was sent back.
    repair: Option<&'e str>,
}

/// How a request may go out.
enum Begun {
    Go(Quirks),
    Wait,
    /// It is not asked now; the word says why.
    No(String),
    Full(Full),
    /// It is stopped, and nobody was told.
    Untold,
}

impl<'a> Line<'a> {
    /// `None`: the workspace uses the embedded engine alone.
    pub fn of(app: &'a App, workspace: WorkspaceId, about: About, tried: u32) -> Result<Option<Self>, StoreError> {
        let settings = store::get_settings(&app.store, workspace)?;
        Ok(settings.map(|settings| Self { app, workspace, settings, about, tried, last: Cell::new(None) }))
    }

    /// Asks, and gives what `read` makes of the answer; its error is a word for the record.
    pub fn ask<T>(&self, put: &Put<'_>, read: impl Fn(Value) -> Result<T, String>) -> Result<T, NoUse> {
        let model = self.settings.model_of(put.task).ok_or_else(|| NoUse::Fallback("no_key".to_owned()))?;
        let account = self.account().map_err(|error| self.stored(&error))?;
        let to = host_of(&account.base);
        let data = put.data.to_string();
        let mut repair: Option<String> = None;
        for round in 0..ROUNDS {
            let call = TransferId::new(self.app.now());
            let quirks = match self.begin(call, put, model, repair.as_deref()).map_err(|error| self.stored(&error))? {
                Begun::Go(quirks) => quirks,
                Begun::Wait => {
                    return Err(NoUse::Later { after: TURN, reason: "others are asking".to_owned(), is_failure: false })
                }
                Begun::No(why) => return Err(NoUse::Fallback(why)),
                Begun::Full(full) => {
                    let told = budget::tell(self.app, self.workspace, &self.settings, self.about.worker, Some(full));
                    told.map_err(|error| self.stored(&error))?;
                    return Err(NoUse::Fallback("budget".to_owned()));
                }
                Begun::Untold => {
                    self.tell_stopped().map_err(|error| self.stored(&error))?;
                    return Err(NoUse::Fallback("stopped".to_owned()));
                }
            };
            let took = Took::default();
            let asking = asking(put, model, &data, &quirks, repair.as_deref());
            let told = ai::ask(&self.app.outbound, &account, &asking, &took);
            let judged = match &told.answer {
                Ok(value) => read(value.clone()),
                Err(error) => Err(error.code()),
            };
            let outcome = judged.as_ref().err().map_or("ok", String::as_str);
            let took = took.0.get();
            let repair_sent = repair.as_deref();
            let ended =
                Ended { call, to: &to, model, quirks: &quirks, told: &told, took, outcome, repair: repair_sent };
            self.end(put, &ended).map_err(|error| self.stored(&error))?;
            let error = match (judged, told.answer) {
                (Ok(value), _) => return Ok(value),
                (Err(why), Ok(_)) => return Err(NoUse::Fallback(why)),
                (Err(_), Err(error)) => error,
            };
            let asks_otherwise = told.learned.is_some();
            match &error {
                AiError::NoJson { text } if repair.is_none() && !text.is_empty() && may_repair(&account, &quirks) => {
                    repair = Some(text.clone());
                }
                _ if asks_otherwise && round + 1 < ROUNDS => {}
                _ => return Err(self.no_use(&error)),
            }
        }
        Err(NoUse::Fallback("rejected".to_owned()))
    }

    /// Service and model for a task, for records and pages: "Anthropic claude-…".
    pub fn name(&self, task: Task) -> String {
        let model = self.settings.model_of(task).unwrap_or_default();
        format!("{} {model}", self.settings.name()).trim_end().to_owned()
    }

    /// Whether a model is chosen for the task.
    pub fn does(&self, task: Task) -> bool {
        self.settings.model_of(task).is_some()
    }

    /// The answer was looked at once more and is not used after all.
    pub fn overrule(&self, why: &str) -> Result<(), StoreError> {
        let Some(last) = self.last.get() else { return Ok(()) };
        self.app.store.write(|txn| store::change_outcome(txn, self.workspace, last, why))
    }

    fn account(&self) -> Result<Account, StoreError> {
        account(self.app, &self.settings)
    }

    /// Whether the key and the service are still the ones of this line.
    fn is_set_up(&self, txn: &mut Txn<'_>) -> Result<bool, StoreError> {
        let is_same = |now: Settings| now.key == self.settings.key && now.base == self.settings.base;
        Ok(store::find_settings(txn, self.workspace)?.is_some_and(is_same))
    }

    fn price(&self, model: &str) -> Price {
        self.settings.prices.get(model).copied().unwrap_or_default()
    }

    fn begin(&self, call: TransferId, put: &Put<'_>, model: &str, repair: Option<&str>) -> Result<Begun, StoreError> {
        let now = self.app.now();
        let purses = budget::purses(&self.settings, self.about.worker);
        self.app.store.write(|txn| {
            // Removed, or another service chosen, while the job waited: nothing of it leaves with the old key.
            if !self.is_set_up(txn)? {
                return Ok(Begun::No("no_key".to_owned()));
            }
            let state = store::find_state(txn, self.workspace)?;
            if let Some(stopped) = &state.stopped {
                return Ok(if stopped.told { Begun::No("stopped".to_owned()) } else { Begun::Untold });
            }
            if breaker::is_open(&state, now) {
                return Ok(Begun::No("circuit_open".to_owned()));
            }
            let quirks = state.quirks.get(model).cloned().unwrap_or_default();
            let workspace = budget::spent(txn, self.workspace, super::model::Purse::Workspace, now)?;
            if workspace.under_way.len() >= AT_ONCE {
                return Ok(Begun::Wait);
            }
            let most = money::cost(self.price(model), at_most(put, &quirks, repair));
            Ok(match budget::reserve(txn, self.workspace, &purses, call, most, now)? {
                Ok(()) => Begun::Go(quirks),
                Err(full) => Begun::Full(full),
            })
        })
    }

    /// Writes down what came of a request, and tells people what they have to know.
    fn end(&self, put: &Put<'_>, ended: &Ended<'_>) -> Result<(), StoreError> {
        let Ended { call, to, model, quirks, told, took, outcome, repair } = *ended;
        let now = self.app.now();
        // Where the service went silent it may have worked all the same: then what was set aside counts.
        let is_silent = told.answer == Err(AiError::NoAnswer);
        let usage = if is_silent { at_most(put, quirks, repair) } else { told.usage };
        let cost = money::cost(self.price(model), usage);
        let transfer = Transfer {
            id: call,
            at: now,
            service: self.settings.service,
            to: to.to_owned(),
            model: model.to_owned(),
            task: put.task,
            request_id: told.request_id.clone(),
            input_tokens: usage.input,
            output_tokens: usage.output,
            cost,
            currency: self.settings.currency.clone(),
            took_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            outcome: outcome.to_owned(),
            prompt_hash: fingerprint(put),
            worker: self.about.worker,
            contact: self.about.contact,
        };
        let purses = budget::purses(&self.settings, self.about.worker);
        self.app.store.write_reserved(|txn| {
            budget::settle(txn, self.workspace, &purses, call, cost, now)?;
            // What the old key met says nothing of a new one, and of removed settings nothing is kept.
            if self.is_set_up(txn)? {
                let mut state = store::find_state(txn, self.workspace)?;
                note(&mut state, model, told, now);
                store::put_state(txn, self.workspace, &state)?;
            }
            store::put_transfer(txn, self.workspace, &transfer)
        })?;
        self.last.set(Some((now, call)));
        if told.answer.as_ref().is_err_and(AiError::needs_a_person) {
            self.tell_stopped()?;
        }
        budget::tell(self.app, self.workspace, &self.settings, self.about.worker, None)
    }

    fn tell_stopped(&self) -> Result<(), StoreError> {
        let state = self.app.store.read(|txn| store::find_state(txn, self.workspace))?;
        let Some(stopped) = state.stopped.filter(|stopped| !stopped.told) else { return Ok(()) };
        let letters = letters::stopped(self.app, self.workspace, &self.settings, &stopped)?;
        self.app.store.write(|txn| {
            let mut state = store::find_state(txn, self.workspace)?;
            let Some(stopped) = state.stopped.as_mut().filter(|stopped| !stopped.told) else { return Ok(()) };
            stopped.told = true;
            store::put_state(txn, self.workspace, &state)?;
            letters::queue(txn, &letters)
        })
    }

    /// Again in a moment, where that may help and tries are left; else the embedded engine.
    fn no_use(&self, error: &AiError) -> NoUse {
        let after = match error {
            AiError::Busy { after: Some(after), .. } => *after,
            _ => Duration::from_secs(1 << self.tried.min(4)),
        };
        let is_last = self.tried + 1 >= TRIES;
        if error.may_pass() && !is_last && after <= LONGEST_WAIT {
            return NoUse::Later { after, reason: error.to_string(), is_failure: true };
        }
        NoUse::Fallback(error.code())
    }

    fn stored(&self, error: &StoreError) -> NoUse {
        if self.tried + 1 >= TRIES {
            tracing::error!(%error, "an AI service could not be asked");
            return NoUse::Fallback("storage".to_owned());
        }
        NoUse::Later { after: TURN, reason: error.to_string(), is_failure: true }
    }
}

/// What a call found out about the service and the model.
fn note(state: &mut State, model: &str, told: &Told, now: UnixMillis) {
    match &told.answer {
        Err(error) if error.is_an_outage() => breaker::note_failure(state, now),
        Err(error) if error.needs_a_person() && state.stopped.is_none() => {
            let words = match error {
                AiError::Key { words } | AiError::Billing { words } | AiError::Address { words } => words.clone(),
                _ => String::new(),
            };
            state.stopped = Some(Stopped { at: now, code: error.code(), words, told: false });
        }
        _ => breaker::note_success(state),
    }
    if let Some(quirk) = told.learned {
        state.quirks.entry(model.to_owned()).or_default().insert(quirk);
    }
}

fn asking<'a>(put: &'a Put<'a>, model: &'a str, data: &'a str, quirks: &'a Quirks, repair: Option<&'a str>) -> Ask<'a> {
    Ask {
        model,
        system: put.system,
        data,
        shape_name: put.task.as_str(),
        shape: put.shape,
        room: put.room,
        quirks,
        repair,
        total: WITHIN,
    }
}

/// The most that a request may use up; a repair sends the question once more with the broken answer.
fn at_most(put: &Put<'_>, quirks: &Quirks, repair: Option<&str>) -> Usage {
    let data = put.data.to_string();
    let bytes = put.system.len() + data.len() + put.shape.to_string().len() + repair.map_or(0, str::len);
    money::most(bytes, asking(put, "", &data, quirks, repair).cap())
}

/// Whether a model that gave no JSON gets one more chance: only where nothing but words told it the shape.
fn may_repair(account: &Account, quirks: &Quirks) -> bool {
    account.service == Service::Compatible || quirks.contains(&Quirk::NoShape) || quirks.contains(&Quirk::OlderShape)
}

/// Whom to ask, with the key in the clear: only as long as the call takes.
pub fn account(app: &App, settings: &Settings) -> Result<Account, StoreError> {
    let key = match &settings.key {
        Some(sealed) => Some(Secret::new(String::from_utf8_lossy(&app.store.open_secret(sealed)?))),
        None => None,
    };
    let ai = &app.config.providers.ai;
    let (base, trust) = match settings.service {
        Service::Anthropic => (ai.anthropic.as_str(), Trust::Configured),
        Service::OpenAi | Service::OpenAiChat => (ai.openai.as_str(), Trust::Configured),
        Service::Gemini => (ai.gemini.as_str(), Trust::Configured),
        Service::Compatible => (settings.base.as_str(), Trust::UserGiven),
    };
    Ok(Account { service: settings.service, base: base.to_owned(), trust, key })
}

fn host_of(base: &str) -> String {
    url::Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// What was sent, recognisable and not readable.
fn fingerprint(put: &Put<'_>) -> String {
    let digest = Sha256::new().chain_update(put.system).chain_update(put.data.to_string()).finalize();
    HEXLOWER.encode(&digest[..16])
}

/// How long the call took; nothing else of it is kept here.
#[derive(Default)]
struct Took(Cell<Duration>);

impl CallLog for Took {
    fn record(&self, call: CallRecord) {
        self.0.set(call.took);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_set_aside_covers_every_language_and_the_repair() {
        let (data, shape) =
            (json!({ "reply": "Ďakujem, ozvite sa o týždeň. 来週お電話ください。" }), json!({ "type": "object" }));
        let put = Put { task: Task::Classify, system: "Rules.", data: &data, shape: &shape, room: 100 };
        let first = at_most(&put, &Quirks::new(), None);
        let sent = "Rules.".len() + data.to_string().len() + shape.to_string().len();
        assert!(first.input >= sent as u64, "a token a byte is the most that a tokenizer makes: {first:?}");
        let broken = "não é JSON".repeat(50);
        let repair = at_most(&put, &Quirks::new(), Some(&broken));
        assert_eq!(repair.input - first.input, broken.len() as u64);
        assert_eq!((first.output, repair.output), (100, 100));
    }
}
