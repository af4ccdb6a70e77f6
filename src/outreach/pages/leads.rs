//! A worker's leads: lists by what became of them, adding, stopping, taking up again, removing.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::period::{self, Period};
use super::super::words::for_nobody;
use super::super::{
    enrol, enrol_tag, figures, get, get_sequence, last_run, leave, list_of_step, move_lead, next_step_of, open_task_of,
    remove, report, resume, review, stop, Enrolment, Group, Move, Of, OutreachError, State, StepFigures, Tally,
};
use super::{cursor, head, when, zone, Head};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, day_words, ContactId, Cursor, EnrolmentId, StepId, VariantId, WorkerId};
use crate::contacts;
use crate::follow_ups;
use crate::http::charts::grouped;
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{Pager, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "outreach/leads.html")]
pub struct LeadsPage {
    pub layout: Layout,
    pub head: Head,
    pub filters: Vec<Tab>,
    /// The step that the lists are narrowed to, in words; empty for all.
    pub of_step: String,
    /// "7 days" where only those are shown that were added within them; empty for all.
    pub within: &'static str,
    pub rows: Vec<LeadRow>,
    pub pager: Pager,
    /// What came of the newest run over the tag; empty when there was none.
    pub run: String,
    pub import_href: String,
    pub here: String,
}

pub struct LeadRow {
    pub id: EnrolmentId,
    pub name: String,
    pub detail: String,
    pub href: String,
    pub preview: String,
    pub why: String,
    pub company: String,
    pub tone: &'static str,
    pub state: &'static str,
    pub words: String,
    pub sent: String,
    pub label: String,
    pub is_active: bool,
    pub may_resume: bool,
    pub is_task: bool,
    /// The step that it is at, or that comes next; empty where none does.
    pub step: String,
    /// It waits for a day, or for a person now that the day has come.
    pub may_leave: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    pub(super) group: Option<String>,
    #[serde(default)]
    pub(super) step: Option<StepId>,
    /// Only one wording of the step.
    #[serde(default)]
    pub(super) variant: Option<VariantId>,
    /// Only leads that were added within so many days; not for a step.
    #[serde(default)]
    pub(super) days: String,
    #[serde(default)]
    pub(super) cursor: Option<String>,
}

/// GET /outreach/{worker}/leads?group=&step=&days=&cursor=
pub async fn list(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, PageError> {
    let cursor = cursor(query.cursor.as_deref())?;
    let page = run(move || page(&app, &actor, &frame, *worker, &query, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    query: &Query,
    cursor: Option<&Cursor>,
) -> Result<LeadsPage, OutreachError> {
    let head = head(app, actor, id, "leads")?;
    let list = List::of(query);
    let page = match list.of {
        Some(of) => {
            report::begin(app, actor.workspace)?;
            list_of_step(&app.store, actor.workspace, id, (list.group, of), cursor, PAGE)?
        }
        None => {
            let since = list.within.since(app.now());
            period::list(&app.store, actor.workspace, id, (list.group, since), cursor, PAGE)?
        }
    };
    let rows = page.rows.iter().map(|lead| row(app, actor, id, lead)).collect::<Result<Vec<_>, _>>()?;
    let tag = &head.worker.audience_tag;
    let import_href = match tag.as_str() {
        "" => "/contacts/import".to_owned(),
        tag => {
            format!("/contacts/import?tag={}", url::form_urlencoded::byte_serialize(tag.as_bytes()).collect::<String>())
        }
    };
    Ok(LeadsPage {
        layout: frame.live_layout(format!("Leads of {}", head.worker.name)),
        filters: filters(app, actor, id, list)?,
        of_step: list.of.map(|of| step_words(app, actor, &head, of)).transpose()?.unwrap_or_default(),
        within: if list.within == Period::All { "" } else { list.within.words() },
        pager: Pager {
            shown: format!("{} shown", grouped(rows.len() as u64)),
            newer: cursor.map(|_| list.href(id)),
            older: page.next.map(|next| format!("{}&cursor={next}", list.href(id))),
        },
        here: list.href(id),
        rows,
        run: run_words(app, actor, id)?,
        import_href,
        head,
    })
}

/// Which leads are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct List {
    group: Group,
    of: Option<Of>,
    within: Period,
}

/// The address of the leads in `group` that were added within `period`.
pub(super) fn list_of(worker: WorkerId, group: Group, period: Period) -> String {
    List { group, of: None, within: period }.href(worker)
}

impl List {
    fn of(query: &Query) -> Self {
        let group = query.group.as_deref().and_then(Group::parse);
        match query.step {
            // A step counts few things; whoever asks for another list of it sees everyone who got it.
            Some(step) => {
                let counted = group.filter(|group| StepFigures::LISTS.contains(group));
                let of = Of { step, variant: query.variant };
                Self { group: counted.unwrap_or(Group::Written), of: Some(of), within: Period::All }
            }
            None => Self { group: group.unwrap_or(Group::All), of: None, within: Period::parse(&query.days) },
        }
    }

    fn href(self, worker: WorkerId) -> String {
        let group = self.group.as_str();
        match self.of {
            Some(Of { step, variant: Some(variant) }) => {
                format!("/outreach/{worker}/leads?group={group}&step={step}&variant={variant}")
            }
            Some(Of { step, variant: None }) => format!("/outreach/{worker}/leads?group={group}&step={step}"),
            None if self.within != Period::All => {
                format!("/outreach/{worker}/leads?group={group}&days={}", self.within.as_str())
            }
            None => format!("/outreach/{worker}/leads?group={group}"),
        }
    }
}

/// The lists that hold somebody, with as many as each shows.
fn filters(app: &App, actor: &Actor, worker: WorkerId, current: List) -> Result<Vec<Tab>, OutreachError> {
    let figures = figures(&app.store, actor.workspace, worker)?;
    let (groups, first) = match current.of {
        Some(_) => (&StepFigures::LISTS[..], Group::Written),
        None => (&Group::ALL[..], Group::All),
    };
    let since = current.within.since(app.now());
    let count = |group: Group| match current.of {
        Some(Of { variant: Some(variant), .. }) => Ok(figures.variant(variant).of(group).unwrap_or_default()),
        Some(Of { step, .. }) => Ok(figures.step(step).of(group).unwrap_or_default()),
        None => period::count(&app.store, actor.workspace, worker, group, since),
    };
    let mut tabs = Vec::new();
    for group in groups.iter().copied() {
        let (count, is_current) = (count(group)?, group == current.group);
        if group == first || is_current || count > 0 {
            tabs.push(Tab {
                href: List { group, ..current }.href(worker),
                label: group.words().to_owned(),
                count: grouped(count),
                current: is_current,
            });
        }
    }
    Ok(tabs)
}

/// "step 2, “Re: Heating”", or that it is no longer there.
fn step_words(app: &App, actor: &Actor, head: &Head, of: Of) -> Result<String, OutreachError> {
    let sequence = match head.worker.sequence {
        Some(id) => get_sequence(&app.store, actor.workspace, id)?,
        None => None,
    };
    Ok(match sequence.as_ref().and_then(|sequence| sequence.find_step(of.step)) {
        Some((place, step)) if of.variant.is_some() => {
            let wording = step.wordings().into_iter().find(|wording| Some(wording.id) == of.variant);
            let letter =
                wording.map_or_else(|| "that was removed since".to_owned(), |wording| wording.letter.to_string());
            format!("step {}, wording {letter}", place + 1)
        }
        Some((place, step)) if step.subject.is_empty() => format!("step {}", place + 1),
        Some((place, step)) => format!("step {}, “{}”", place + 1, for_nobody(&step.subject)),
        None => "a step that was removed since".to_owned(),
    })
}

fn row(app: &App, actor: &Actor, worker: WorkerId, lead: &Enrolment) -> Result<LeadRow, OutreachError> {
    let contact = contacts::get(&app.store, actor.workspace, lead.contact)?;
    let zone = zone(app, actor)?;
    let (tone, words) = match &lead.state {
        State::Waiting { waits_for: Some(hold), .. } => ("warn", hold.words.clone()),
        State::Waiting { due, .. } => ("ok", format!("Next mail from {}", when(*due, &zone))),
        State::Queued { .. } => ("ok", "At the gate out".to_owned()),
        State::Task { .. } => {
            let task = app.store.read(|txn| open_task_of(txn, lead))?;
            ("warn", task.map(|(name, text)| format!("{name}: {text}")).unwrap_or_default())
        }
        State::PausedUntil { at, reason, .. } => ("off", format!("{reason} Goes on {}.", when(*at, &zone))),
        State::Finished { reason, .. } => ("off", reason.clone()),
        State::Stopped { reason, follow_up_on: Some(date), is_due: true, .. } => {
            ("warn", format!("{reason} They asked to be written to again on {}.", day_words(date)))
        }
        State::Stopped { reason, follow_up_on: Some(date), .. } => {
            ("off", format!("{reason} Ask again on {}.", day_words(date)))
        }
        State::Stopped { reason, .. } => ("off", reason.clone()),
    };
    let words = format!("{words}{}", follow_up_words(app, lead, &zone)?);
    Ok(LeadRow {
        id: lead.id,
        href: format!("/contacts/{}", lead.contact),
        preview: format!("/outreach/{worker}/preview?lead={}", lead.id),
        why: format!("/outreach/{worker}/why?lead={}", lead.id),
        detail: contact.as_ref().and_then(|c| c.address()).map(|a| a.display().to_owned()).unwrap_or_default(),
        company: contact.as_ref().map(|contact| contact.company.clone()).unwrap_or_default(),
        name: contact.map_or_else(|| "Erased".to_owned(), |contact| contact.name()),
        tone,
        state: lead.state.words(),
        words,
        sent: match lead.sent.len() {
            0 => String::new(),
            count => counted(count as u64, "mail", "mails"),
        },
        label: lead.came.label.clone().unwrap_or_default(),
        is_active: lead.state.is_active(),
        is_task: matches!(lead.state, State::Task { .. }),
        step: next_step(app, lead)?,
        may_leave: lead.state.is_put_off(),
        may_resume: !matches!(lead.state, State::Waiting { .. } | State::Queued { .. } | State::Task { .. })
            && !lead.came.opted_out,
    })
}

/// " A follow-up is planned for Tue 24 Nov, 10:30."; empty where none is.
fn follow_up_words(app: &App, lead: &Enrolment, zone: &jiff::tz::TimeZone) -> Result<String, OutreachError> {
    let open = app.store.read(|txn| follow_ups::open_of_contact(txn, lead.workspace, lead.contact))?;
    let open = open.filter(|open| open.worker == lead.worker);
    Ok(open.map(|open| format!(" A follow-up is planned for {}.", when(open.due, zone))).unwrap_or_default())
}

fn next_step(app: &App, lead: &Enrolment) -> Result<String, OutreachError> {
    if !lead.state.is_active() {
        return Ok(String::new());
    }
    let step = app.store.read(|txn| next_step_of(txn, lead))?;
    Ok(step.map(|step| step.to_string()).unwrap_or_default())
}

fn run_words(app: &App, actor: &Actor, worker: WorkerId) -> Result<String, OutreachError> {
    let Some(run) = last_run(&app.store, actor.workspace, worker)? else { return Ok(String::new()) };
    let counted = tally_words(&run.tally);
    Ok(if run.waits_for_sequence {
        format!("The contacts tagged “{}” become leads once the mails are written.", run.tag)
    } else if run.is_running {
        format!("Adding contacts tagged “{}”: {counted} so far. You can leave this page.", run.tag)
    } else {
        format!("Contacts tagged “{}”: {counted}.", run.tag)
    })
}

fn tally_words(tally: &Tally) -> String {
    let added = format!("{} added", grouped(tally.added));
    match tally.skipped_words() {
        skipped if skipped.is_empty() => added,
        skipped => format!("{added}, left out: {skipped}"),
    }
}

/// A list's ids stand under `contact`, once each.
type Pairs = Vec<(String, String)>;

fn chosen(pairs: &Pairs) -> Vec<ContactId> {
    let named = pairs.iter().filter(|(name, _)| name == "contact" || name == "contacts");
    named.flat_map(|(_, value)| value.split(',')).filter_map(|id| id.trim().parse().ok()).collect()
}

/// POST /outreach/{worker}/leads with `contact=…` for each: chosen contacts become leads.
pub async fn add(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    add_chosen(app, actor, cookies, *worker, chosen(&form)).await
}

/// POST /outreach/leads with `worker` and `contact=…`: the same from a contact's page or a list.
pub async fn add_to_worker(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, PageError> {
    let worker = form.iter().find(|(name, _)| name == "worker").and_then(|(_, id)| id.parse().ok());
    let worker = worker.ok_or_else(|| PageError::bad_request("No worker was chosen.", "Choose one and send again."))?;
    add_chosen(app, actor, cookies, worker, chosen(&form)).await
}

async fn add_chosen(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: WorkerId,
    contacts: Vec<ContactId>,
) -> Result<HttpResponse, PageError> {
    if contacts.is_empty() {
        return Err(PageError::bad_request("No contact was chosen.", "Tick at least one and send again."));
    }
    let tally = run(move || enrol(&app, &actor, worker, &contacts)).await??;
    let toast = Toast::new(format!("{}.", tally_words(&tally)));
    Ok(with_toast(see_other(&format!("/outreach/{worker}/leads")), &cookies, &toast))
}

/// POST /outreach/{worker}/leads/tag: all contacts of its tag, in the background.
pub async fn add_tag(
    app: web::Data<App>,
    actor: Actor,
    worker: web::Path<WorkerId>,
) -> Result<HttpResponse, PageError> {
    let worker = *worker;
    run(move || enrol_tag(&app, &actor, worker)).await??;
    Ok(see_other(&format!("/outreach/{worker}/leads")))
}

/// Where an act was chosen, so that the person comes back there.
#[derive(Debug, Default, Deserialize)]
pub struct Back {
    #[serde(default)]
    back: String,
}

impl Back {
    fn href(&self, worker: WorkerId, lead: EnrolmentId) -> String {
        match self.back.as_str() {
            "today" => "/".to_owned(),
            "review" => format!("/outreach/{worker}/review"),
            "preview" => format!("/outreach/{worker}/preview?lead={lead}"),
            _ => format!("/outreach/{worker}/leads"),
        }
    }
}

/// What an act needs besides the lead.
#[derive(Debug, Default, Deserialize)]
pub struct ActForm {
    #[serde(default)]
    step: Option<StepId>,
    /// The words that were read.
    #[serde(default)]
    words: Option<u64>,
}

/// POST /outreach/{worker}/leads/{lead}/{stop|resume|leave|skip|done|move|read}
pub async fn act(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    path: web::Path<(WorkerId, EnrolmentId, String)>,
    back: web::Query<Back>,
    form: web::Form<ActForm>,
) -> Result<HttpResponse, PageError> {
    let (worker, lead, act) = path.into_inner();
    let done = run(move || match (act.as_str(), form.step) {
        ("stop", _) => stop(&app, &actor, lead).map(|_| ("Nothing more is sent to this lead.", "resume")),
        ("resume", _) => resume(&app, &actor, lead).map(|_| ("The lead goes on with the next step.", "stop")),
        ("leave", _) => leave(&app, &actor, lead).map(|_| ("Noted. Nobody is reminded of it any more.", "resume")),
        ("skip", Some(_)) => {
            move_lead(&app, &actor, lead, Move::Skip(form.step)).map(|_| ("That step is left out.", ""))
        }
        ("done", Some(_)) => {
            move_lead(&app, &actor, lead, Move::Done(form.step)).map(|_| ("Done. The sequence goes on.", ""))
        }
        ("move", Some(step)) => move_lead(&app, &actor, lead, Move::To(step)).map(|_| ("That step comes next.", "")),
        ("read", _) => {
            let words = form.words.ok_or(OutreachError::NotFound)?;
            review::approve(&app, &actor, lead, words).map(|_| ("It leaves in its turn.", ""))
        }
        _ => Err(OutreachError::NotFound),
    });
    let (words, undo) = done.await??;
    let toast = match undo {
        "" => Toast::new(words),
        undo => Toast::new(words).with_undo(format!("/outreach/{worker}/leads/{lead}/{undo}")),
    };
    Ok(with_toast(see_other(&back.href(worker, lead)), &cookies, &toast))
}

/// GET /outreach/{worker}/leads/{lead}/remove: asks first; a lead that was removed does not come back as it was.
pub async fn ask_remove(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<(WorkerId, EnrolmentId)>,
) -> Result<HttpResponse, PageError> {
    let (worker, lead) = path.into_inner();
    let name = run(move || {
        actor.require(Permission::EditOutreach)?;
        let found = get(&app.store, actor.workspace, lead)?.filter(|found| found.worker == worker);
        let contact = contacts::get(&app.store, actor.workspace, found.ok_or(OutreachError::NotFound)?.contact)?;
        Ok::<_, OutreachError>(contact.map_or_else(|| "somebody who was erased".to_owned(), |contact| contact.name()))
    });
    let name = name.await??;
    let page = ConfirmPage {
        layout: frame.layout("Remove a lead"),
        question: format!("Remove {name} from the leads?"),
        consequence:
            "Nothing more is sent to them by this worker, and they no longer count in its figures. The contact \
                      and what was sent stay. To only end the mails, choose Stop: that can be taken back."
                .to_owned(),
        button: "Remove the lead".to_owned(),
        action: format!("/outreach/{worker}/leads/{lead}/remove"),
        fields: Vec::new(),
        back: format!("/outreach/{worker}/leads"),
    };
    html(StatusCode::OK, &page)
}

/// POST /outreach/{worker}/leads/{lead}/remove
pub async fn remove_lead(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    path: web::Path<(WorkerId, EnrolmentId)>,
) -> Result<HttpResponse, PageError> {
    let (worker, lead) = path.into_inner();
    run(move || remove(&app, &actor, lead)).await??;
    let toast = Toast::new("The lead was taken off the list.");
    Ok(with_toast(see_other(&format!("/outreach/{worker}/leads")), &cookies, &toast))
}
