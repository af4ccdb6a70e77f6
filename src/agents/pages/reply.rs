//! `/replies/{id}`: one answer, how it was read and why, and what a person does with it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use crate::agents::opt_out;
use crate::agents::read::Zones;
use crate::agents::words::{span_words, time_words};
use crate::agents::{replies, tagging, AgentError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{city_of, counted, day_words, ReplyId};
use crate::contacts;
use crate::drafts;
use crate::engines;
use crate::follow_ups;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{language_name, reply_badge, Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::language::classify::Label;
use crate::messaging::{self, Delivery, Reading, Reply};

#[derive(Template)]
#[template(path = "agents/reply.html")]
struct ReplyPage {
    layout: Layout,
    id: String,
    name: String,
    contact_href: String,
    address: String,
    subject: String,
    excerpt: Vec<Vec<String>>,
    iso: String,
    when: String,
    ours: Option<Ours>,
    label: String,
    confidence: String,
    /// Why the built-in engine read it although a service is chosen.
    fallback: String,
    reasons: Vec<String>,
    warnings: Vec<String>,
    corrected_from: String,
    facts: Vec<(&'static str, String)>,
    times: Vec<Times>,
    zone_name: String,
    suggested: Vec<Suggested>,
    labels: Vec<Choice>,
    is_handled: bool,
    can_undo_opt_out: bool,
    /// Perhaps an opt-out; a person says.
    is_undecided: bool,
    draft_href: String,
    follow_up: Option<Planned>,
    may_handle: bool,
    may_keep: bool,
    typed: String,
    errors: FieldErrors,
}

/// What follows when nothing more comes from them.
struct Planned {
    when: String,
    /// Cancels it.
    action: String,
}

/// The mail of ours that it answers.
struct Ours {
    paragraphs: Vec<Vec<String>>,
    when: String,
}

struct Times {
    here: String,
    /// On the writer's clock; empty when it is the same.
    there: String,
    words: String,
    ambiguous: bool,
}

struct Suggested {
    action: String,
    name: String,
    detail: String,
    /// Set once kept.
    contact_href: String,
    has_address: bool,
}

#[derive(Debug, Default, Deserialize)]
pub struct CorrectForm {
    #[serde(default)]
    label: String,
    /// A box that is ticked.
    #[serde(default)]
    remember: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct AnswerForm {
    #[serde(default)]
    text: String,
}

/// GET /replies/{id}
pub async fn show(app: Data<App>, actor: Actor, frame: Frame, id: Path<ReplyId>) -> Result<HttpResponse, PageError> {
    let page = run(move || build(&app, &actor, &frame, *id, String::new(), FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

fn build(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: ReplyId,
    typed: String,
    errors: FieldErrors,
) -> Result<ReplyPage, AgentError> {
    let reply = replies::get(app, actor, id)?;
    let zones = Zones::of(app, actor.workspace, reply.contact)?;
    let contact = contacts::get(&app.store, actor.workspace, reply.contact)?;
    let ours = messaging::get_message(&app.store, actor.workspace, reply.message)?;
    let now = app.now();
    let (undoable, pending, planned) = app.store.read(|txn| {
        let entries = opt_out::undoable(txn, &reply, now)?;
        let drafts = drafts::list_of_reply(txn, actor.workspace, id)?;
        let planned = follow_ups::open_of_contact(txn, actor.workspace, reply.contact)?;
        Ok::<_, AgentError>((!entries.is_empty(), drafts.into_iter().find(drafts::Draft::is_pending), planned))
    })?;
    let planned = planned.filter(|planned| planned.reply == id);
    let reading = reply.reading.clone().unwrap_or_default();
    let was_opt_out = [Some(reading.label.as_str()), reading.corrected_from.as_deref()].contains(&Some("unsubscribe"));
    let draft = pending.filter(|_| actor.may(Permission::ApproveDrafts));
    let name = contact.map_or_else(|| reply.from_name.clone(), |contact| contact.name());
    Ok(ReplyPage {
        layout: frame.layout(format!("Reply of {name}")),
        id: id.to_string(),
        contact_href: format!("/contacts/{}", reply.contact),
        address: reply.from.display().to_owned(),
        subject: reply.subject.clone(),
        excerpt: paragraphs(&reply.excerpt),
        iso: reply.received_at.to_rfc3339(),
        when: time_words(reply.received_at, &zones.workspace),
        ours: ours.map(|ours| Ours {
            paragraphs: paragraphs(&ours.text),
            when: time_words(ours.sent_at.unwrap_or(ours.queued_at), &zones.workspace),
        }),
        confidence: if reading.confirmed {
            "Confirmed by a person.".to_owned()
        } else {
            let by = if reading.engine.is_empty() { String::new() } else { format!(", read by {}", reading.engine) };
            format!("{} % sure{by}", (reading.confidence * 100.0).round())
        },
        warnings: warnings(&reading),
        fallback: fallback(&reading),
        corrected_from: reading
            .corrected_from
            .as_deref()
            .map(|old| reply_badge(old).words.to_owned())
            .unwrap_or_default(),
        facts: facts(&reading),
        times: times(&reading, &zones),
        zone_name: city_of(&zones.contact_name),
        suggested: suggested(&reply, &reading),
        labels: Label::ALL
            .iter()
            .map(|label| Choice { value: label.to_string(), label: reply_badge(label.as_str()).words.into() })
            .collect(),
        label: reading.label,
        reasons: reading.reasons,
        is_handled: reply.handled_at.is_some(),
        is_undecided: reading.undecided,
        can_undo_opt_out: undoable && was_opt_out && actor.may(Permission::LiftSuppression),
        draft_href: draft.map(|draft| format!("/approvals/{}", draft.id)).unwrap_or_default(),
        follow_up: planned.map(|planned| Planned {
            when: time_words(planned.due, &zones.workspace),
            action: format!("/follow-ups/{}/cancel", planned.id),
        }),
        may_handle: actor.may(Permission::HandleReplies),
        may_keep: actor.may(Permission::EditContacts),
        name,
        typed,
        errors,
    })
}

/// Paragraphs, each as its lines.
fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\r\n", "\n");
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.lines().map(str::to_owned).collect()).collect()
}

fn fallback(reading: &Reading) -> String {
    let why = reading.fallback_reason.as_deref().map(engines::fallback_words);
    why.map(|why| format!("Read by the built-in engine: {why}.")).unwrap_or_default()
}

fn warnings(reading: &Reading) -> Vec<String> {
    let words = |flag: &String| {
        Some(match flag.as_str() {
            "injection" => "Part of it gives orders to the software. They were ignored; read it yourself.",
            "complaint" => "It complains.",
            "legal" => "It speaks of the law.",
            "angry" => "The tone is angry.",
            "data_request" => "It asks what is held about the person. Contacts can export and erase that.",
            "mixed" => "It says more than one thing.",
            _ => return None,
        })
    };
    let escalated = Some(&reading.escalation).filter(|why| !why.is_empty());
    let escalated = escalated.map(|why| format!("Handed over to you because {why}: nothing is drafted or booked."));
    escalated.into_iter().chain(reading.flags.iter().filter_map(words).map(str::to_owned)).collect()
}

fn facts(reading: &Reading) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Language", language_name(&reading.language))];
    facts.extend(reading.return_date.as_deref().map(|day| ("Back on", day_words(day))));
    facts.extend(reading.follow_up_on.as_deref().map(|day| ("Write again on", day_words(day))));
    facts
        .extend(reading.duration_minutes.map(|minutes| ("Asks for", counted(u64::from(minutes), "minute", "minutes"))));
    facts.extend(reading.tagged.clone().map(|tag| ("Tagged", tag)));
    facts.extend(reading.booking_links.first().cloned().map(|link| ("Their booking page", link)));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn times(reading: &Reading, zones: &Zones) -> Vec<Times> {
    let mut times = Vec::new();
    for time in &reading.times {
        let here = span_words(time.start, time.end, &zones.workspace);
        let there = span_words(time.start, time.end, &zones.contact);
        let there = if there == here { String::new() } else { there };
        times.push(Times { here, there, words: time.source_text.clone(), ambiguous: time.ambiguous });
    }
    times
}

fn suggested(reply: &Reply, reading: &Reading) -> Vec<Suggested> {
    let row = |(index, person): (usize, &messaging::SuggestedContact)| {
        let parts = [&person.role, &person.email, &person.phone];
        let detail: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let name = if person.name.is_empty() { &person.email } else { &person.name };
        Suggested {
            action: format!("/replies/{}/suggested/{index}", reply.id),
            name: if name.is_empty() { "Somebody else".to_owned() } else { name.clone() },
            detail: detail.join(", "),
            contact_href: person.contact.map(|contact| format!("/contacts/{contact}")).unwrap_or_default(),
            has_address: !person.email.is_empty(),
        }
    };
    reading.suggested.iter().enumerate().map(row).collect()
}

fn back(id: ReplyId, cookies: &Cookies, toast: &Toast) -> HttpResponse {
    with_toast(see_other(&format!("/replies/{id}")), cookies, toast)
}

/// POST /replies/{id}/correct
pub async fn correct(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
    form: Form<CorrectForm>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let say = if form.remember.is_some() { replies::teach } else { replies::correct };
    let reply = run(move || say(&app, &actor, id, &form.label)).await??;
    let label = reply.reading.as_ref().map(|reading| reply_badge(&reading.label).words).unwrap_or_default();
    let toast = Toast::new(format!("Noted as “{label}”."));
    let is_corrected = reply.reading.as_ref().is_some_and(|reading| reading.corrected_from.is_some());
    let may_undo = is_corrected && label != reply_badge(Label::Unsubscribe.as_str()).words;
    let toast = if may_undo { toast.with_undo(format!("/replies/{id}/uncorrect")) } else { toast };
    Ok(back(id, &cookies, &toast))
}

/// POST /replies/{id}/uncorrect: it is read as if nobody had said anything.
pub async fn uncorrect(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let reply = run(move || replies::uncorrect(&app, &actor, id)).await??;
    let label = reply.reading.map(|reading| reply_badge(&reading.label).words).unwrap_or_default();
    Ok(back(id, &cookies, &Toast::new(format!("Taken back. It is read as “{label}”."))))
}

/// POST /replies/{id}/stop-writing: what may have been an opt-out is one.
pub async fn stop_writing(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || replies::correct(&app, &actor, id, Label::Unsubscribe.as_str())).await??;
    Ok(back(id, &cookies, &Toast::new("They are not written to again.")))
}

/// POST /replies/{id}/no-opt-out: it is none.
pub async fn no_opt_out(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let reply = run(move || replies::is_no_opt_out(&app, &actor, id)).await??;
    let label = reply.reading.map(|reading| reply_badge(&reading.label).words).unwrap_or_default();
    Ok(back(id, &cookies, &Toast::new(format!("No opt-out. It is read as “{label}”."))))
}

/// POST /replies/{id}/untag: takes the tag off that the answer gave.
pub async fn untag(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || tagging::untag(&app, &actor, id)).await??;
    Ok(back(id, &cookies, &Toast::new("The tag is off.")))
}

/// POST /replies/{id}/answer: a person's own words. 422 with the form when there are none.
pub async fn answer(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
    form: Form<AnswerForm>,
) -> Result<HttpResponse, PageError> {
    let (id, form) = (id.into_inner(), form.into_inner());
    let sent = run({
        let (app, actor, text) = (app.clone(), actor.clone(), form.text.clone());
        move || replies::answer(&app, &actor, id, &text)
    })
    .await?;
    match sent {
        Ok(message) => {
            let said = match message.state {
                Delivery::NotSent { reason } => format!("It does not leave: {reason}"),
                _ => "The answer is on its way.".to_owned(),
            };
            Ok(back(id, &cookies, &Toast::new(said)))
        }
        Err(AgentError::Invalid(mistakes)) => {
            let errors = FieldErrors::from(mistakes);
            let page = run(move || build(&app, &actor, &frame, id, form.text, errors)).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// POST /replies/{id}/close
pub async fn close(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || replies::set_handled(&app, &actor, id, true)).await??;
    let toast = Toast::new("Closed.").with_undo(format!("/replies/{id}/reopen"));
    Ok(with_toast(see_other("/replies"), &cookies, &toast))
}

/// POST /replies/{id}/reopen
pub async fn reopen(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || replies::set_handled(&app, &actor, id, false)).await??;
    Ok(back(id, &cookies, &Toast::new("Open again.")))
}

/// POST /replies/{id}/write-again: an opt-out that was read wrongly.
pub async fn undo_opt_out(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    id: Path<ReplyId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    run(move || opt_out::undo(&app, &actor, id)).await??;
    Ok(back(id, &cookies, &Toast::new("They may be written to again. It is in the audit trail.")))
}

/// POST /replies/{id}/suggested/{index}: keeps somebody who was named, and writes to nobody.
pub async fn keep_suggested(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<(ReplyId, usize)>,
) -> Result<HttpResponse, PageError> {
    let (id, index) = path.into_inner();
    run(move || replies::keep_suggested(&app, &actor, id, index)).await??;
    Ok(back(id, &cookies, &Toast::new("Added to the contacts. Nothing was sent.")))
}
