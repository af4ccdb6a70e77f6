//! Sequences: the list, and the editor. Steps are added, moved and removed by named buttons of one form, so it works
//! with scripts off; only "Save steps" writes.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use super::super::checks::{self, Finding};
use super::super::enrol::begin_waiting;
use super::super::sequences::{self, KindForm, SequenceForm, StepForm, VariantForm};
use super::super::variants::MOST_VARIANTS;
use super::super::{get_sequence, list_sequences, OutreachError, Sequence};
use super::sequence_form::{act_of, read, read_version, rearrange, value, Act, Pairs};
use super::{branches, head, list_words, Head, TOO_MANY_EDITIONS};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{SequenceId, WorkerId};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Choice;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Seen, Toast};
use crate::workers::{self, Limits};

/// Shown beside the text, as people type them.
const FIELDS_HINT: &str =
    "{{first_name|there}}, {{company}}, {{#if company}}…{{/if}}, {{sender_name}}, and variants as {Hi|Hello}.";

#[derive(Template)]
#[template(path = "outreach/sequences.html")]
pub struct SequencesPage {
    pub layout: Layout,
    pub rows: Vec<SequenceRow>,
    pub may_edit: bool,
    /// The sequence's name as typed; `name` would be hidden by an argument of the macros.
    pub title: String,
    pub name_error: String,
}

pub struct SequenceRow {
    pub href: String,
    pub name: String,
    pub steps: usize,
    pub used_by: String,
    pub is_approved: bool,
    /// The numbers of the steps that have no text yet.
    pub without_text: Vec<usize>,
}

#[derive(Template)]
#[template(path = "outreach/sequence.html")]
pub struct SequencePage {
    pub layout: Layout,
    /// Absent on the sequence's own page.
    pub head: Option<Head>,
    pub action: String,
    pub approve: String,
    pub delete: String,
    /// The sequence's name as typed; `name` would be hidden by an argument of the macros.
    pub title: String,
    pub name_error: String,
    pub steps: Vec<StepView>,
    /// Mistakes with the id of their field.
    pub mistakes: Vec<(String, String)>,
    pub may_edit: bool,
    pub may_approve: bool,
    /// Something that was saved waits for approval.
    pub waits_for_approval: bool,
    /// The numbers of the saved steps that have no text, so that nothing can be approved.
    pub without_text: Vec<usize>,
    /// The form holds changes that were not saved yet.
    pub is_unsaved: bool,
    pub fields_hint: &'static str,
    /// Of the sequence that the form was made from, 0 for one that is not written yet: a form made from an older one
    /// must not write over what somebody else did since.
    pub version: u32,
    /// Why it could not be saved; empty when nothing stood against it.
    pub refusal: String,
    /// So many leads are in flight, and it has to be said for whom the change counts; 0: nothing is asked.
    pub asks_for: u64,
    /// What was found in the saved sequence: what blocks, and hints.
    pub blocking: Vec<Finding>,
    pub hints: Vec<Finding>,
    pub conditions: Vec<Choice>,
}

pub struct StepView {
    pub number: usize,
    pub id: String,
    /// `mail`, `task` or `branch`.
    pub what: &'static str,
    pub variants: Vec<VariantView>,
    pub may_have_more: bool,
    pub when: String,
    pub of_field: String,
    pub of_value: String,
    pub then: String,
    pub targets: Vec<Choice>,
    pub when_error: String,
    pub field_error: String,
    pub value_error: String,
    pub then_error: String,
    pub wait: String,
    pub working_days: bool,
    pub subject: String,
    pub text: String,
    pub is_approved: bool,
    pub is_empty: bool,
    pub is_first: bool,
    pub is_last: bool,
    pub wait_error: String,
    pub subject_error: String,
    pub text_error: String,
    /// Why it never leaves, where more steps stand before it than go to one contact; else empty.
    pub limit_words: String,
}

/// Another wording of a mail.
pub struct VariantView {
    pub letter: char,
    /// From 2: the step's own is the first.
    pub number: usize,
    pub id: String,
    pub subject: String,
    pub text: String,
}

impl StepView {
    /// The name of one of its fields.
    fn field(&self, name: &str) -> String {
        format!("{name}-{}", self.number)
    }

    /// The name of a field of one of its wordings.
    fn of(&self, name: &str, variant: &VariantView) -> String {
        format!("{name}-{}-{}", self.number, variant.number)
    }

    fn text_label(&self) -> String {
        match (self.what, self.variants.is_empty()) {
            ("task", _) => "What is to be done".to_owned(),
            (_, true) => "Text".to_owned(),
            (_, false) => "Text of wording A".to_owned(),
        }
    }

    fn subject_label(&self) -> &'static str {
        match (self.what, self.variants.is_empty()) {
            ("task", _) => "Task",
            (_, true) => "Subject",
            (_, false) => "Subject of wording A",
        }
    }
}

impl VariantView {
    fn label(&self, of: &str) -> String {
        format!("{of} of wording {}", self.letter)
    }
}

/// GET /outreach/sequences
pub async fn list(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || list_page(&app, &actor, &frame)).await??;
    html(StatusCode::OK, &page)
}

pub fn list_page(app: &App, actor: &Actor, frame: &Frame) -> Result<SequencesPage, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let workers = workers::list(&app.store, actor.workspace)?;
    let row = |sequence: Sequence| {
        let users = workers.iter().filter(|worker| worker.sequence == Some(sequence.id));
        SequenceRow {
            href: format!("/outreach/sequences/{}", sequence.id),
            steps: sequence.steps.len(),
            is_approved: sequence.is_all_approved(),
            without_text: sequence.without_text(),
            used_by: users.map(|worker| worker.name.as_str()).collect::<Vec<_>>().join(", "),
            name: sequence.name,
        }
    };
    Ok(SequencesPage {
        layout: frame.layout("Sequences"),
        rows: list_sequences(&app.store, actor.workspace)?.into_iter().map(row).collect(),
        may_edit: actor.may(Permission::EditOutreach),
        title: String::new(),
        name_error: String::new(),
    })
}

/// POST /outreach/sequences: an empty one with a name, opened in the editor.
pub async fn create(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    let name = value(&form, "name").to_owned();
    let wanted = SequenceForm { name: name.clone(), steps: vec![StepForm::default()] };
    let (services, who) = (app.clone(), actor.clone());
    match run(move || sequences::create(&services, &who, &wanted)).await? {
        Ok(made) => Ok(see_other(&format!("/outreach/sequences/{}", made.id))),
        Err(OutreachError::Mistakes(mistakes)) => {
            let mut page = run(move || list_page(&app, &actor, &frame)).await??;
            page.title = name;
            page.name_error = mistakes.first().map(|mistake| mistake.words.clone()).unwrap_or_default();
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// GET /outreach/sequences/{sequence}
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    sequence: web::Path<SequenceId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        actor.require(Permission::ViewOutreach).map_err(OutreachError::from)?;
        let found = get_sequence(&app.store, actor.workspace, *sequence)?.ok_or(OutreachError::NotFound)?;
        let most = mails_of(&app, &actor, None, Some(&found))?;
        let mut page = editor(&actor, &frame, None, Some(&found), &SequenceForm::of(&found), most);
        page.show_findings(checks::of_sequence(&app, &actor, found.id)?);
        Ok::<_, OutreachError>(page)
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /outreach/sequences/{sequence}
pub async fn save(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    sequence: web::Path<SequenceId>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    let back = format!("/outreach/sequences/{sequence}");
    let saved = run(move || {
        actor.require(Permission::EditOutreach).map_err(OutreachError::from)?;
        let found = get_sequence(&app.store, actor.workspace, *sequence)?.ok_or(OutreachError::NotFound)?;
        submit(&app, &actor, &frame, None, Some(&found), &form)
    });
    answer(saved.await??, &back, &cookies)
}

/// GET /outreach/{worker}/sequence: the worker's own, or an empty form when it has none.
pub async fn of_worker(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || worker_page(&app, &actor, &frame, *worker)).await??;
    html(StatusCode::OK, &page)
}

pub fn worker_page(app: &App, actor: &Actor, frame: &Frame, id: WorkerId) -> Result<SequencePage, OutreachError> {
    let head = head(app, actor, id, "sequence")?;
    let found = own_sequence(app, actor, &head)?;
    let form = found.as_ref().map_or_else(|| first_form(&head), SequenceForm::of);
    let most = mails_of(app, actor, Some(&head), found.as_ref())?;
    let mut page = editor(actor, frame, Some(head), found.as_ref(), &form, most);
    if let Some(found) = &found {
        page.show_findings(checks::of_sequence(app, actor, found.id)?);
    }
    Ok(page)
}

/// POST /outreach/{worker}/sequence
pub async fn save_of_worker(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    let back = format!("/outreach/{worker}/sequence");
    let saved = run(move || {
        actor.require(Permission::EditOutreach).map_err(OutreachError::from)?;
        let head = head(&app, &actor, *worker, "sequence")?;
        let found = own_sequence(&app, &actor, &head)?;
        submit(&app, &actor, &frame, Some(head), found.as_ref(), &form)
    });
    answer(saved.await??, &back, &cookies)
}

/// POST /outreach/sequences/{sequence}/approve
pub async fn approve(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    sequence: web::Path<SequenceId>,
    form: web::Form<Seen>,
) -> Result<HttpResponse, PageError> {
    let id = *sequence;
    run(move || sequences::approve(&app, &actor, id, form.version())).await??;
    let back = see_other(&format!("/outreach/sequences/{id}"));
    Ok(with_toast(back, &cookies, &Toast::new("The changed texts are approved.")))
}

fn own_sequence(app: &App, actor: &Actor, head: &Head) -> Result<Option<Sequence>, OutreachError> {
    match head.worker.sequence {
        Some(id) => Ok(get_sequence(&app.store, actor.workspace, id)?),
        None => Ok(None),
    }
}

fn first_form(head: &Head) -> SequenceForm {
    SequenceForm { name: head.worker.name.clone(), steps: vec![StepForm::default()] }
}

/// What came of a press of a button: a page to show again, or saved.
enum Submitted {
    Shown(StatusCode, Box<SequencePage>),
    Saved { needs_approval: bool, without_text: Vec<usize> },
}

fn answer(submitted: Submitted, back: &str, cookies: &Cookies) -> Result<HttpResponse, PageError> {
    match submitted {
        Submitted::Shown(status, page) => html(status, &*page),
        Submitted::Saved { needs_approval, without_text } => {
            let words = match without_text.first() {
                Some(number) => format!("Saved. Step {number} has no text yet, so it cannot leave."),
                None if needs_approval => "Saved. Changed texts wait for your approval before they leave.".to_owned(),
                None => "Saved.".to_owned(),
            };
            Ok(with_toast(see_other(back), cookies, &Toast::new(words)))
        }
    }
}

fn submit(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    head: Option<Head>,
    found: Option<&Sequence>,
    pairs: &Pairs,
) -> Result<Submitted, OutreachError> {
    let mut form = read(pairs);
    let act = act_of(pairs);
    let most = mails_of(app, actor, head.as_ref(), found)?;
    let Act::Save(scope) = act else {
        rearrange(&mut form.steps, &act);
        let mut page = editor(actor, frame, head, found, &form, most);
        page.is_unsaved = true;
        page.version = read_version(pairs).unwrap_or(page.version);
        return Ok(Submitted::Shown(StatusCode::OK, Box::new(page)));
    };
    let saved = match (found, &head) {
        (Some(found), _) => sequences::update(app, actor, found.id, &form, read_version(pairs), scope),
        (None, Some(head)) => make_for(app, actor, head, &form),
        (None, None) => Err(OutreachError::NotFound),
    };
    match saved {
        Ok(saved) => Ok(Submitted::Saved {
            needs_approval: saved.approved.is_some() && !saved.is_all_approved(),
            without_text: saved.without_text(),
        }),
        Err(OutreachError::Mistakes(_)) => {
            let mut page = editor(actor, frame, head, found, &form, most);
            page.version = read_version(pairs).unwrap_or(page.version);
            Ok(Submitted::Shown(StatusCode::UNPROCESSABLE_ENTITY, Box::new(page)))
        }
        Err(OutreachError::AsksForWhom(leads)) => {
            let mut page = editor(actor, frame, head, found, &form, most);
            page.version = read_version(pairs).unwrap_or(page.version);
            page.is_unsaved = true;
            page.asks_for = leads;
            Ok(Submitted::Shown(StatusCode::UNPROCESSABLE_ENTITY, Box::new(page)))
        }
        Err(error @ (OutreachError::Changed | OutreachError::AtWork(_) | OutreachError::TooManyEditions)) => {
            let mut page = editor(actor, frame, head, found, &form, most);
            page.is_unsaved = true;
            page.refusal = refusal(&error);
            Ok(Submitted::Shown(StatusCode::CONFLICT, Box::new(page)))
        }
        Err(error) => Err(error),
    }
}

/// What the editor says above the typed text. Of one that was changed the page holds the newest version, so that
/// saving again is a decision.
fn refusal(error: &OutreachError) -> String {
    match error {
        OutreachError::AtWork(workers) => format!(
            "Without a step the leads of {} would only wait. Keep a step, or pause the worker first.",
            list_words(workers)
        ),
        OutreachError::TooManyEditions => {
            format!("{TOO_MANY_EDITIONS} Save the change for those on the way too, or write it as a new sequence.")
        }
        _ => "Somebody changed this sequence since you opened it. What you typed is below: look at theirs in another \
              window, then save again to put yours in its place."
            .to_owned(),
    }
}

fn make_for(app: &App, actor: &Actor, head: &Head, form: &SequenceForm) -> Result<Sequence, OutreachError> {
    let made = sequences::create(app, actor, form)?;
    let mut settings = workers::WorkerForm::of(&head.worker);
    settings.sequence = Some(made.id);
    let worker = workers::update(app, actor, head.worker.id, &settings)?;
    begin_waiting(app, &worker, actor.workspace)?;
    Ok(made)
}

/// How many mails go to one contact: by the worker's own limit, else by the least of the workers that use it.
fn mails_of(app: &App, actor: &Actor, head: Option<&Head>, found: Option<&Sequence>) -> Result<u32, OutreachError> {
    if let Some(head) = head {
        return Ok(head.worker.limits.mails_per_contact());
    }
    let workers = workers::list(&app.store, actor.workspace)?;
    let users = workers.iter().filter(|worker| worker.sequence.is_some() && worker.sequence == found.map(|f| f.id));
    let least = users.map(|worker| worker.limits.mails_per_contact()).min();
    Ok(least.unwrap_or(Limits::MOST_PER_CONTACT))
}

/// What stands at a mail before which so many others go out on every way, when it is one too many; empty for others.
fn limit_words(mails_before: usize, most: u32) -> String {
    if mails_before < most as usize {
        return String::new();
    }
    let cure = if most < Limits::MOST_PER_CONTACT {
        format!("Raise the limit in the worker’s settings (to {} at most), or remove steps.", Limits::MOST_PER_CONTACT)
    } else {
        "Remove steps, or say it in fewer.".to_owned()
    };
    let mails = if most == 1 { "1 mail goes" } else { &format!("{most} mails go") };
    format!(
        "At most {mails} to one contact, so this step never leaves and no worker can be switched on with it. {cure}"
    )
}

fn editor(
    actor: &Actor,
    frame: &Frame,
    head: Option<Head>,
    found: Option<&Sequence>,
    form: &SequenceForm,
    most: u32,
) -> SequencePage {
    let mistakes = form.mistakes();
    let of = |step: Option<usize>, field: &str| {
        let found = mistakes.iter().find(|mistake| mistake.step == step && mistake.field == field);
        found.map(|mistake| mistake.words.clone()).unwrap_or_default()
    };
    let (count, ways) = (form.steps.len(), form.ways());
    let view = |(place, step): (usize, &StepForm)| StepView {
        number: place + 1,
        what: match step.kind {
            KindForm::Mail => "mail",
            KindForm::Task => "task",
            KindForm::Branch { .. } => "branch",
        },
        variants: variants(step),
        may_have_more: step.variants.len() + 1 < MOST_VARIANTS,
        targets: branches::targets(&form.steps, place),
        when_error: of(Some(place), "when"),
        field_error: of(Some(place), "field"),
        value_error: of(Some(place), "value"),
        then_error: of(Some(place), "then"),
        when: branch(step).0,
        of_field: branch(step).1,
        of_value: branch(step).2,
        then: match &step.kind {
            KindForm::Branch { to: Some(to), .. } => (to + 1).to_string(),
            _ => "end".to_owned(),
        },
        id: step.id.map(|id| id.to_string()).unwrap_or_default(),
        wait: step.wait_days.to_string(),
        working_days: step.working_days,
        is_approved: found.is_some_and(|found| is_approved(found, step)),
        is_empty: step.text.trim().is_empty() || step.variants.iter().any(|one| one.text.trim().is_empty()),
        is_first: place == 0,
        is_last: place + 1 == count,
        wait_error: of(Some(place), "wait"),
        subject_error: of(Some(place), "subject"),
        text_error: of(Some(place), "text"),
        limit_words: match step.kind {
            KindForm::Mail => limit_words(ways.fewest_mails_before(place), most),
            _ => String::new(),
        },
        subject: step.subject.clone(),
        text: step.text.clone(),
    };
    let base = match (&head, found) {
        (Some(head), _) => format!("/outreach/{}", head.worker.id),
        (None, Some(found)) => format!("/outreach/sequences/{}", found.id),
        (None, None) => "/outreach/sequences".to_owned(),
    };
    // A worker that was switched on before sends nothing of a sequence it was given since, until that is approved.
    let in_use = head.as_ref().is_some_and(|head| head.worker.activated_at.is_some());
    SequencePage {
        layout: frame.layout(form.name.clone()),
        action: if head.is_some() { format!("{base}/sequence") } else { base.clone() },
        approve: format!("{base}/approve"),
        delete: if head.is_none() { format!("{base}/delete") } else { String::new() },
        title: form.name.clone(),
        name_error: [of(None, "name"), of(None, "steps")].concat(),
        steps: form.steps.iter().enumerate().map(view).collect(),
        mistakes: mistakes.iter().map(|mistake| (field_id(mistake), mistake.words.clone())).collect(),
        may_edit: actor.may(Permission::EditOutreach),
        may_approve: actor.may(Permission::ActivateWorkers),
        waits_for_approval: found.is_some_and(|found| !found.is_all_approved() && (found.approved.is_some() || in_use)),
        without_text: found.map(Sequence::without_text).unwrap_or_default(),
        is_unsaved: false,
        fields_hint: FIELDS_HINT,
        version: found.map_or(0, |found| found.version),
        refusal: String::new(),
        asks_for: 0,
        blocking: Vec::new(),
        hints: Vec::new(),
        conditions: branches::conditions(),
        head,
    }
}

impl SequencePage {
    /// What only lacks a text is said above already.
    fn show_findings(&mut self, found: Vec<Finding>) {
        let has_text = |found: &Finding| found.step.is_none_or(|step| !self.without_text.contains(&step));
        let (blocking, hints) = found.into_iter().filter(has_text).partition(|found| found.is_blocking);
        (self.blocking, self.hints) = (blocking, hints);
    }
}

fn variants(step: &StepForm) -> Vec<VariantView> {
    let each = ('B'..='Z').zip(2..).zip(&step.variants);
    let view = |((letter, number), one): ((char, usize), &VariantForm)| VariantView {
        letter,
        number,
        id: one.id.map(|id| id.to_string()).unwrap_or_default(),
        subject: one.subject.clone(),
        text: one.text.clone(),
    };
    each.map(view).collect()
}

/// Condition, field and value, as the form shows them.
fn branch(step: &StepForm) -> (String, String, String) {
    match &step.kind {
        KindForm::Branch { when, .. } => branches::shown(when),
        _ => Default::default(),
    }
}

fn field_id(mistake: &sequences::Mistake) -> String {
    match mistake.step {
        Some(place) => format!("{}-{}", mistake.field, place + 1),
        None => "name".to_owned(),
    }
}

fn is_approved(found: &Sequence, form: &StepForm) -> bool {
    let step = form.id.and_then(|id| found.find_step(id));
    step.is_some_and(|(_, step)| {
        let plain = |text: &str| text.replace("\r\n", "\n");
        let same = |own: &super::super::Variant, form: &VariantForm| {
            Some(own.id) == form.id && own.subject == form.subject && own.text == plain(&form.text)
        };
        let are_same = step.variants.len() == form.variants.len()
            && step.variants.iter().zip(&form.variants).all(|(own, form)| same(own, form));
        found.is_approved(step) && step.text == plain(&form.text) && step.subject == form.subject && are_same
    })
}
