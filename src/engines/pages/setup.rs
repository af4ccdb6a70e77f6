//! `/settings/engines` and its forms.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use actix_web::HttpResponse;
use askama::Template;

use super::forms::{BudgetFields, KeyFields, ModelFields, WorkerRow};
use super::{Moment, Times, HERE, TRANSFERS};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::engines::budget;
use crate::engines::error::EngineError;
use crate::engines::letters::reason;
use crate::engines::model::{Micros, Purse, Settings, Task};
use crate::engines::money::rounded;
use crate::engines::setup::{self, KeyForm, Standing};
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::pages::settings_tabs;
use crate::providers::ai::Service;
use crate::workers;

type Pairs = Form<Vec<(String, String)>>;

/// GET /settings/engines, and again with errors and what was typed when a form fails.
#[derive(Template)]
#[template(path = "engines/setup.html")]
struct SetupPage {
    layout: Layout,
    tabs: Vec<Tab>,
    key: KeyFields,
    services: Vec<Choice>,
    errors: FieldErrors,
    /// What is said above the key's form; empty when nothing is wrong.
    refused: String,
    is_changing_key: bool,
    set: Option<SetPart>,
    /// In the demo: the key that every simulated service takes, and where a server of one's own is played.
    demo: Option<(&'static str, String)>,
    leaving: Vec<(&'static str, &'static str)>,
}

/// What is shown once a service is set up.
struct SetPart {
    name: String,
    key_ends: String,
    set: (String, Moment),
    tested: Option<Moment>,
    stopped: Option<(String, String, Moment)>,
    known_models: Vec<String>,
    tasks: Vec<TaskRow>,
    models: ModelFields,
    caps: Vec<CapRow>,
    each_worker: CapRow,
    workers: Vec<WorkerRow>,
    bars: Vec<Bar>,
}

/// A budget's two fields.
#[derive(Clone)]
struct CapRow {
    name: &'static str,
    label: &'static str,
    day: String,
    month: String,
}

struct TaskRow {
    field: String,
    label: &'static str,
    model: String,
    hint: &'static str,
}

struct Bar {
    label: String,
    words: String,
    spent: u64,
    cap: u64,
    tone: &'static str,
}

/// What a page is made from, beside the forms.
struct Found {
    standing: Option<Standing>,
    workers: Vec<workers::Worker>,
    bars: Vec<Bar>,
    times: Times,
    demo: Option<(&'static str, String)>,
}

/// What was typed and is not kept.
#[derive(Default)]
struct Typed {
    key: Option<KeyFields>,
    models: Option<ModelFields>,
    budgets: Option<Vec<(String, String)>>,
    errors: FieldErrors,
    refused: String,
}

fn find(app: &App, actor: &Actor) -> Result<Found, EngineError> {
    let standing = setup::get(app, actor)?;
    let workers = workers::list(&app.store, actor.workspace)?;
    let bars = match &standing {
        Some(standing) => bars(app, actor, &standing.settings, &workers)?,
        None => Vec::new(),
    };
    let demo = app.demo().map(|demo| (demo.ai_key, format!("{}/compatible/v1", demo.sandbox_url)));
    Ok(Found { standing, workers, bars, times: Times::of(app, actor.workspace)?, demo })
}

fn bars(app: &App, actor: &Actor, settings: &Settings, workers: &[workers::Worker]) -> Result<Vec<Bar>, EngineError> {
    let own = workers.iter().map(|worker| (Purse::Worker(worker.id), worker.name.clone(), settings.caps_of(worker.id)));
    let all = [(Purse::Workspace, "The workspace".to_owned(), settings.caps)].into_iter().chain(own);
    let mut bars = Vec::new();
    for (purse, name, caps) in all {
        let spent = app.store.read(|txn| budget::spent(txn, actor.workspace, purse, app.now()))?;
        // A worker that spent nothing this month needs no bar.
        if purse != Purse::Workspace && spent.month == 0 {
            continue;
        }
        bars.push(bar(format!("{name}, today"), spent.day, caps.day, &settings.currency));
        bars.push(bar(format!("{name}, this month"), spent.month, caps.month, &settings.currency));
    }
    Ok(bars)
}

fn bar(label: String, spent: Micros, cap: Micros, currency: &str) -> Bar {
    let tone = match (spent, cap) {
        (_, 0) => "",
        (spent, cap) if spent >= cap => "bad",
        (spent, cap) if u128::from(spent) * 5 >= u128::from(cap) * 4 => "warn",
        _ => "",
    };
    Bar { label, words: format!("{} of {}", rounded(spent, currency), rounded(cap, currency)), spent, cap, tone }
}

fn page(actor: &Actor, frame: &Frame, found: Found, typed: Typed) -> SetupPage {
    let settings = found.standing.as_ref().map(|standing| &standing.settings);
    let choice = |service: Service| {
        let label = if service == Service::Compatible {
            "A server of your own (OpenAI-compatible)".to_owned()
        } else {
            service.name().to_owned()
        };
        Choice { value: service.as_str().to_owned(), label }
    };
    SetupPage {
        layout: frame.layout("AI engines"),
        tabs: settings_tabs(actor, HERE),
        is_changing_key: typed.key.is_some(),
        key: typed.key.unwrap_or_else(|| KeyFields::of(settings)),
        services: Service::ALL.into_iter().map(choice).collect(),
        errors: typed.errors,
        refused: typed.refused,
        leaving: Task::ALL.into_iter().map(|task| (task.words(), task.leaves())).collect(),
        demo: found.demo,
        set: found
            .standing
            .map(|standing| set_part(standing, &found.workers, found.bars, &found.times, typed.models, typed.budgets)),
    }
}

fn set_part(
    standing: Standing,
    workers: &[workers::Worker],
    bars: Vec<Bar>,
    times: &Times,
    models: Option<ModelFields>,
    budgets: Option<Vec<(String, String)>>,
) -> SetPart {
    let settings = &standing.settings;
    let models = models.unwrap_or_else(|| ModelFields::of(settings));
    let task = |task: Task| TaskRow {
        field: format!("model_{}", task.as_str()),
        label: task.words(),
        model: models.model(task),
        hint: task.leaves(),
    };
    let stopped = standing.state.stopped.as_ref();
    let budgets = match budgets {
        Some(pairs) => BudgetFields::of_pairs(&pairs, workers),
        None => BudgetFields::of(settings, workers),
    };
    let row = |name, label, (day, month): (String, String)| CapRow { name, label, day, month };
    let each_worker = row("each_worker", "Each worker", budgets.each_worker);
    SetPart {
        name: settings.name(),
        key_ends: settings.key_ends.clone(),
        set: (settings.set_by.clone(), times.moment(settings.set_at)),
        tested: settings.tested_at.map(|at| times.moment(at)),
        stopped: stopped.map(|stop| (reason(&stop.code).to_owned(), stop.words.clone(), times.moment(stop.at))),
        known_models: settings.known_models.clone(),
        tasks: Task::ALL.into_iter().map(task).collect(),
        caps: vec![row("workspace", "The workspace", budgets.workspace), each_worker.clone()],
        each_worker,
        workers: budgets.workers,
        models,
        bars,
    }
}

pub async fn show(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let by = actor.clone();
    let found = run(move || find(&app, &by)).await??;
    html(StatusCode::OK, &page(&actor, &frame, found, Typed::default()))
}

/// The page once more, with what was typed; `Err` for what is no mistake of the person.
async fn again(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    error: EngineError,
    mut typed: Typed,
) -> Result<HttpResponse, PageError> {
    match (setup::test_words(&error), error) {
        (Some(words), _) => typed.refused = words,
        (None, EngineError::Invalid(mistakes)) => typed.errors = mistakes.into(),
        (None, error) => return Err(error.into()),
    }
    let by = actor.clone();
    let found = run(move || find(&app, &by)).await??;
    html(StatusCode::UNPROCESSABLE_ENTITY, &page(&actor, &frame, found, typed))
}

fn back(cookies: &Cookies, words: &str) -> HttpResponse {
    with_toast(see_other(HERE), cookies, &Toast::new(words))
}

/// POST /settings/engines/key: 303 back once the service takes the key; 422 with the form, never with the key.
pub async fn set_key(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    frame: Frame,
    form: Form<KeyForm>,
) -> Result<HttpResponse, PageError> {
    let typed = Typed { key: Some(KeyFields::of_form(&form)), ..Typed::default() };
    let (at, by) = (app.clone(), actor.clone());
    match run(move || setup::set_key(&at, &by, &form)).await? {
        Ok(settings) => {
            let words = format!("{} takes the key. Choose what it is used for.", settings.name());
            Ok(back(&cookies, &words))
        }
        Err(error) => again(app, actor, frame, error, typed).await,
    }
}

/// POST /settings/engines/test
pub async fn test(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    frame: Frame,
) -> Result<HttpResponse, PageError> {
    let (at, by) = (app.clone(), actor.clone());
    match run(move || setup::test_key(&at, &by)).await? {
        Ok(settings) => {
            let words = match settings.known_models.len() {
                0 => "It answers.".to_owned(),
                1 => "It answers, and has one model.".to_owned(),
                many => format!("It answers, and has {many} models."),
            };
            Ok(back(&cookies, &words))
        }
        Err(error) => again(app, actor, frame, error, Typed::default()).await,
    }
}

/// POST /settings/engines/models: 303 back; 422 with what was typed, and a row for each price that is missing.
pub async fn set_models(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    frame: Frame,
    form: Pairs,
) -> Result<HttpResponse, PageError> {
    let fields = ModelFields::of_pairs(&form);
    let (at, by, wanted) = (app.clone(), actor.clone(), fields.form());
    match run(move || setup::set_models(&at, &by, &wanted)).await? {
        Ok(_) => Ok(back(&cookies, "Models and prices are saved.")),
        Err(error) => {
            let typed = Typed { models: Some(fields), ..Typed::default() };
            again(app, actor, frame, error, typed).await
        }
    }
}

/// POST /settings/engines/budgets
pub async fn set_budgets(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    frame: Frame,
    form: Pairs,
) -> Result<HttpResponse, PageError> {
    let pairs = form.into_inner();
    let (at, by, typed) = (app.clone(), actor.clone(), pairs.clone());
    let saved = run(move || {
        // Permission first, before any name of a worker is read.
        by.require(Permission::ManageEngines)?;
        let workers = workers::list(&at.store, by.workspace)?;
        setup::set_budgets(&at, &by, &BudgetFields::of_pairs(&typed, &workers).form())
    });
    match saved.await? {
        Ok(_) => Ok(back(&cookies, "The budgets are saved.")),
        Err(error) => {
            let typed = Typed { budgets: Some(pairs), ..Typed::default() };
            again(app, actor, frame, error, typed).await
        }
    }
}

/// GET /settings/engines/remove: asks first.
pub async fn ask_remove(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let standing = run(move || setup::get(&app, &actor)).await??.ok_or(PageError::NotFound)?;
    let name = standing.settings.name();
    let page = ConfirmPage {
        layout: frame.layout("AI engines"),
        question: format!("Stop using {name}?"),
        consequence:
            "The key is erased here at once; end it in the service’s console too. Models, prices and budgets go \
            with it. The built-in engine does everything from then on, and the record of transfers stays."
                .to_owned(),
        button: "Erase the key".to_owned(),
        action: format!("{HERE}/remove"),
        fields: Vec::new(),
        back: HERE.to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// POST /settings/engines/remove
pub async fn remove(app: Data<App>, cookies: Data<Cookies>, actor: Actor) -> Result<HttpResponse, PageError> {
    run(move || setup::remove(&app, &actor)).await??;
    Ok(back(&cookies, "The key is erased. The built-in engine does everything."))
}

impl SetupPage {
    fn transfers(&self) -> &'static str {
        TRANSFERS
    }
}
