//! What a person does with a reply: look, correct how it was read, answer by hand, close, keep a suggested contact.

use super::decide::NO_FIELDS;
use super::errors::AgentError;
use super::{lessons, opt_out, read};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor, EmailAddress, Mistakes, Page, ReplyId, UnixMillis, WorkspaceId};
use crate::connections;
use crate::contacts::{self, Contact, Source};
use crate::drafts;
use crate::events::{self, Happened};
use crate::http::ui::reply_badge;
use crate::language::classify::{Label, Lesson};
use crate::messaging::{self, Message, NewMessage, Purpose, Reading, Reply, SuggestedContact};
use crate::store::{StoreError, Txn};

/// Rows read for one page when a filter leaves most of them out.
const SCAN: usize = 500;
const STEP: usize = 50;
/// Replies that wait are listed up to so many.
const MOST_WAITING: usize = 200;

/// Replies, newest first; with `label` only those read so. A page may hold a few more than `limit`.
pub fn list(
    app: &App,
    actor: &Actor,
    label: Option<&str>,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Reply>, AgentError> {
    actor.require(Permission::ViewReplies)?;
    let Some(label) = label else {
        return Ok(messaging::list_replies(&app.store, actor.workspace, before, limit)?);
    };
    let mut found = Page { rows: Vec::new(), next: before.cloned() };
    for _ in 0..SCAN / STEP {
        let page = messaging::list_replies(&app.store, actor.workspace, found.next.as_ref(), STEP)?;
        found.rows.extend(page.rows.into_iter().filter(|reply| label_of(reply) == Some(label)));
        found.next = page.next;
        if found.next.is_none() || found.rows.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// Replies that a person is to look at, newest first.
pub fn list_waiting(app: &App, actor: &Actor) -> Result<Vec<Reply>, AgentError> {
    actor.require(Permission::ViewReplies)?;
    Ok(messaging::list_waiting_replies(&app.store, actor.workspace, MOST_WAITING)?)
}

fn label_of(reply: &Reply) -> Option<&str> {
    reply.reading.as_ref().map(|reading| reading.label.as_str())
}

pub fn get(app: &App, actor: &Actor, id: ReplyId) -> Result<Reply, AgentError> {
    actor.require(Permission::ViewReplies)?;
    messaging::get_reply(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)
}

/// Notes what a reply means: something else, or just what the program had thought. It is read once more as that. The
/// program's own reading stays on record; a draft for the old one is withdrawn, and whoever listens acts on the new.
pub fn correct(app: &App, actor: &Actor, id: ReplyId, label: &str) -> Result<Reply, AgentError> {
    say(app, actor, id, label, false)
}

/// The same, and answers that are nearly the same are read so from now on, until the correction is taken back.
pub fn teach(app: &App, actor: &Actor, id: ReplyId, label: &str) -> Result<Reply, AgentError> {
    say(app, actor, id, label, true)
}

fn say(app: &App, actor: &Actor, id: ReplyId, label: &str, remember: bool) -> Result<Reply, AgentError> {
    actor.require(Permission::HandleReplies)?;
    let label = Label::parse(label).ok_or_else(|| AgentError::invalid("label", "Choose one of the labels."))?;
    let now = app.now();
    let standing = messaging::get_reply(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
    let reread = read::read_as(app, &standing, label)?;
    let lesson = Lesson::of(&standing.excerpt, label).filter(|_| remember && !standing.automatic);
    app.store.write(|txn| {
        let mut reply = find(txn, actor, id)?;
        let said = reply.reading.as_ref().is_some_and(Reading::is_by_person);
        let before = label_of(&reply).unwrap_or_default().to_owned();
        if said && before == label.as_str() {
            let is_corrected = reply.reading.as_ref().is_some_and(|reading| reading.corrected_from.is_some());
            match &lesson {
                Some(lesson) if is_corrected => lessons::keep(txn, &reply, lesson, now)?,
                None if !remember => lessons::forget(txn, &reply)?,
                _ => {}
            }
            return Ok(reply);
        }
        let own = reply.reading.as_ref().and_then(|reading| reading.corrected_from.clone()).unwrap_or(before.clone());
        let corrected_from = Some(own).filter(|own| own != label.as_str());
        let confirmed = corrected_from.is_none();
        reply.reading = Some(Reading { read_at: now, corrected_from, confirmed, ..reread.clone() });
        messaging::update_reply(txn, &reply)?;
        drafts::withdraw_of_reply(txn, reply.workspace, id, "The answer was read differently since.", now)?;
        match &lesson {
            Some(lesson) if !confirmed => lessons::keep(txn, &reply, lesson, now)?,
            _ => lessons::forget(txn, &reply)?,
        }
        if label == Label::Unsubscribe {
            opt_out::apply(txn, &reply, now, "reply")?;
        }
        let detail = format!("{} → {}", reply_badge(&before).words, reply_badge(label.as_str()).words);
        audit::record(txn, actor.workspace, now, &Who::of(actor), "reply.corrected", &format!("reply {id}"), &detail)?;
        let what = Happened::ReplyCorrected { reply: id, contact: reply.contact, label: label.as_str().to_owned() };
        events::append(txn, actor.workspace, now, what)?;
        Ok(reply)
    })
}

/// Takes a person's correction back: the reply is read anew as if nobody had said anything. An opt-out that a person has
/// noted is not taken back this way: it is lifted, with a reason.
pub fn uncorrect(app: &App, actor: &Actor, id: ReplyId) -> Result<Reply, AgentError> {
    actor.require(Permission::HandleReplies)?;
    let now = app.now();
    let standing = get(app, actor, id)?;
    let own = read::read_alone(app, &standing)?;
    app.store.write(|txn| {
        let mut reply = find(txn, actor, id)?;
        let Some(reading) = reply.reading.clone().filter(|reading| reading.corrected_from.is_some()) else {
            return Ok(reply);
        };
        if reading.label == Label::Unsubscribe.as_str() {
            return Err(AgentError::Decided("An opt-out is lifted under Opt-outs, with a reason.".into()));
        }
        let (fresh, effect) =
            read::judged(txn, &reply, Reading { read_at: now, tagged: reading.tagged.clone(), ..own.clone() })?;
        let label = fresh.label.clone();
        reply.reading = Some(fresh);
        messaging::update_reply(txn, &reply)?;
        drafts::withdraw_of_reply(txn, reply.workspace, id, "The correction was taken back.", now)?;
        lessons::forget(txn, &reply)?;
        if effect == read::Effect::OptedOut {
            opt_out::apply(txn, &reply, now, "reply")?;
        }
        let detail = format!("{} → {}", reply_badge(&reading.label).words, reply_badge(&label).words);
        let on = format!("reply {id}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), "reply.correction_taken_back", &on, &detail)?;
        let what = Happened::ReplyCorrected { reply: id, contact: reply.contact, label };
        events::append(txn, actor.workspace, now, what)?;
        Ok(reply)
    })
}

/// A person says that what may have been an opt-out is none: it is read as the next likely thing.
pub fn is_no_opt_out(app: &App, actor: &Actor, id: ReplyId) -> Result<Reply, AgentError> {
    actor.require(Permission::HandleReplies)?;
    let reply = get(app, actor, id)?;
    if !reply.reading.as_ref().is_some_and(|reading| reading.undecided) {
        return Err(AgentError::Decided("Somebody has said already what this answer is.".into()));
    }
    let label = read::otherwise(app, &reply)?;
    correct(app, actor, id, label.as_str())
}

/// Closes a reply, or opens it again.
pub fn set_handled(app: &App, actor: &Actor, id: ReplyId, handled: bool) -> Result<Reply, AgentError> {
    actor.require(Permission::HandleReplies)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut reply = find(txn, actor, id)?;
        if reply.handled_at.is_some() == handled {
            return Ok(reply);
        }
        reply.handled_at = handled.then_some(now);
        messaging::update_reply(txn, &reply)?;
        let act = if handled { "reply.closed" } else { "reply.reopened" };
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("reply {id}"), "")?;
        Ok(reply)
    })
}

/// Sends a person's own words in the reply's thread. The same words again (a form sent twice) send nothing.
pub fn answer(app: &App, actor: &Actor, id: ReplyId, text: &str) -> Result<Message, AgentError> {
    actor.require(Permission::HandleReplies)?;
    let text = text.trim().replace("\r\n", "\n");
    let mut wrong = Mistakes::default();
    wrong.expect(!text.is_empty(), "text", "Write the answer.");
    wrong.expect(text.chars().count() <= 10_000, "text", "At most 10,000 characters.");
    wrong.expect(!text.contains("{{"), "text", NO_FIELDS);
    wrong.into_result()?;
    let now = app.now();
    let reply = messaging::get_reply(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
    let connection = connections::get(&app.store, actor.workspace, reply.connection)?;
    let connection = connection.ok_or_else(|| AgentError::Held("The mailbox is no longer connected.".into()))?;
    let new = NewMessage::new(now, actor.workspace, reply.contact, Purpose::Answer, &connection, &reply.from)
        .to_name(&reply.from_name)
        .words(&subject(&reply), &text)
        .answering(&reply.message_id, &reply.references, reply.provider_thread.as_deref());
    app.store.write(|txn| {
        let mut reply = find(txn, actor, id)?;
        if let Some(earlier) = answered_with(txn, &reply, &text)? {
            return Ok(earlier);
        }
        // A person answers whether or not the worker is on, so the message carries none.
        let message = messaging::enqueue(app, txn, &new, now)?;
        reply.handled_at = Some(now);
        messaging::update_reply(txn, &reply)?;
        drafts::withdraw_of_reply(txn, reply.workspace, id, "It was answered by hand.", now)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "reply.answered", &format!("reply {id}"), "")?;
        Ok(message)
    })
}

/// The message that answers the reply in just these words.
fn answered_with(txn: &mut Txn<'_>, reply: &Reply, text: &str) -> Result<Option<Message>, StoreError> {
    let latest = messaging::find_of_contact(txn, reply.workspace, reply.contact, 5)?;
    let same = |message: &Message| message.in_reply_to.as_deref() == Some(&reply.message_id) && message.text == text;
    Ok(latest.into_iter().find(same))
}

fn subject(reply: &Reply) -> String {
    let subject = reply.subject.trim();
    if subject.to_lowercase().starts_with("re:") {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}

/// Adds somebody named in a reply to the contacts. Nothing is sent; whoever writes to them decides that anew.
pub fn keep_suggested(app: &App, actor: &Actor, id: ReplyId, index: usize) -> Result<ContactId, AgentError> {
    actor.require(Permission::EditContacts)?;
    let now = app.now();
    let new_id = ContactId::new(now);
    app.store.write(|txn| {
        let mut reply = find(txn, actor, id)?;
        let mut reading = reply.reading.clone().ok_or(AgentError::NotFound)?;
        let person = reading.suggested.get_mut(index).ok_or(AgentError::NotFound)?;
        let address = EmailAddress::parse(&person.email)
            .map_err(|_| AgentError::invalid("email", "No address was named. Add the contact by hand."))?;
        let known = contacts::find_by_address(txn, actor.workspace, &address)?;
        let contact = match known {
            Some(known) => known.id,
            None => {
                let colleague = contacts::find(txn, actor.workspace, reply.contact)?;
                let contact = referred(actor.workspace, new_id, person, address, colleague, now);
                contacts::put(txn, &contact, None)?;
                events::append(txn, actor.workspace, now, Happened::ContactCreated { contact: new_id })?;
                new_id
            }
        };
        person.contact = Some(contact);
        reply.reading = Some(reading);
        messaging::update_reply(txn, &reply)?;
        audit::record(
            txn,
            actor.workspace,
            now,
            &Who::of(actor),
            "contact.referred",
            &format!("contact {contact}"),
            "",
        )?;
        Ok(contact)
    })
}

fn referred(
    workspace: WorkspaceId,
    id: ContactId,
    person: &SuggestedContact,
    address: EmailAddress,
    colleague: Option<Contact>,
    now: UnixMillis,
) -> Contact {
    let name = person.name.trim();
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    // Same domain, same house: the company is the colleague's.
    let same_house = colleague.filter(|known| known.addresses.iter().any(|own| own.domain() == address.domain()));
    let (company, time_zone) = same_house.map(|known| (known.company, known.time_zone)).unwrap_or_default();
    Contact {
        id,
        workspace,
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        addresses: vec![address],
        company,
        job_title: person.role.clone(),
        phone: person.phone.clone(),
        website: String::new(),
        time_zone,
        locale: None,
        custom: Default::default(),
        tags: Vec::new(),
        source: Source::Referral,
        created_at: now,
        changed_at: now,
        restricted: false,
    }
}

fn find(txn: &mut Txn<'_>, actor: &Actor, id: ReplyId) -> Result<Reply, AgentError> {
    messaging::find_reply(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)
}
