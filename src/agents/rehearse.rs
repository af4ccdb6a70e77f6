//! What the worker would make of an answer, by the very functions that decide when one arrives; nothing is written, sent
//! or asked outside.

use super::read::{self, Effect};
use super::write::{self, NoDraft, Style};
use super::{auto, service, AgentError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::drafts::{self, Draft, Intent, NewDraft};
use crate::engines::{self, Task};
use crate::language::classify::Label;
use crate::messaging::{Reading, Reply};
use crate::store::StoreError;
use crate::workers::Worker;

/// How an answer would be read.
pub struct Rehearsed {
    /// With its reading.
    pub reply: Reply,
    /// The built-in engine's probability of every label, the likeliest first.
    pub odds: Vec<(Label, f32)>,
    /// What the built-in engine says stands, and nobody else is asked.
    pub is_binding: bool,
    /// The AI service and model that would be asked about the label; empty where none is.
    pub reader: String,
    pub effect: Effect,
}

impl Rehearsed {
    pub fn reading(&self) -> Reading {
        self.reply.reading.clone().unwrap_or_default()
    }
}

/// What would be written back.
pub enum Answer {
    No(NoDraft),
    /// An answer of this kind is due, and a fact that it needs is missing.
    Lacks(Intent),
    Draft(Box<Written>),
}

pub struct Written {
    pub draft: Draft,
    /// The AI service and model that would be asked for the text first; empty where none is.
    pub writer: String,
    /// Why it waits for a person; `None`: it would leave by itself.
    pub waits: Option<String>,
}

/// Reads an answer that need not exist. An AI service that is chosen is named, not asked: no page waits for one.
pub fn rehearse_reading(app: &App, actor: &Actor, reply: Reply) -> Result<Rehearsed, AgentError> {
    actor.require(Permission::ViewReplies)?;
    let own = read::understand(app, &reply, None)?;
    let asks = read::is_for_service(app, &reply, &own.0)?;
    let reader = if asks { name_of(app, &reply, Task::Classify)? } else { String::new() };
    let (odds, is_binding) = (own.0.odds.clone(), engines::is_binding(&own.0, reply.automatic));
    let reading = Reading { read_at: app.now(), ..read::into_reading(own) };
    let (reading, effect) = app.store.read(|txn| read::judged(txn, &reply, reading.clone()))?;
    Ok(Rehearsed { reply: Reply { reading: Some(reading), ..reply }, odds, is_binding, reader, effect })
}

/// What would be written back to an answer that was read. `is_known`: the answer is a real one, so that who was never
/// written to before shows.
pub fn rehearse_answer(
    app: &App,
    actor: &Actor,
    reply: &Reply,
    worker: &Worker,
    is_known: bool,
) -> Result<Answer, AgentError> {
    actor.require(Permission::ViewReplies)?;
    let intent = match write::intent_for(app, reply)? {
        Ok(intent) => intent,
        Err(why) => return Ok(Answer::No(why)),
    };
    let Some(text) = write::compose(app, reply, intent, Style::of(app, reply)?)? else {
        return Ok(Answer::Lacks(intent));
    };
    let new = write::draft_of(app, reply, intent, &text);
    let task = write::task_of(intent);
    let writer =
        if engines::is_chosen(app, reply.workspace, task)? { name_of(app, reply, task)? } else { String::new() };
    Ok(Answer::Draft(Box::new(rehearse_draft(app, reply, worker, &new, writer, is_known)?)))
}

/// What would become of a draft that is not proposed.
pub fn rehearse_draft(
    app: &App,
    reply: &Reply,
    worker: &Worker,
    new: &NewDraft,
    writer: String,
    is_known: bool,
) -> Result<Written, StoreError> {
    // Who need not exist has no row that their name could stand in.
    let named = (!is_known).then(|| new.clone().source(write::named_source(&reply.from_name)));
    let draft = drafts::rehearse(app, named.as_ref().unwrap_or(new))?;
    let mut waits = app.store.read(|txn| auto::why_it_waits(txn, &draft, reply, worker))?;
    if waits.is_none() && is_known && !auto::is_in_conversation(app, &draft)? {
        waits = Some("It would be the first mail to them.".to_owned());
    }
    Ok(Written { draft, writer, waits })
}

fn name_of(app: &App, reply: &Reply, task: Task) -> Result<String, StoreError> {
    let line = service::line_of(app, reply, 0)?.filter(|line| line.does(task));
    Ok(line.map(|line| line.name(task)).unwrap_or_default())
}
