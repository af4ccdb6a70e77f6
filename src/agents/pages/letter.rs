//! One draft as a page shows it: the letter as it will be read, what it rests on, and what is checked.

use crate::agents::decide::{outcome_words, words_of};
use crate::agents::words::{time_words, zone_of};
use crate::agents::AgentError;
use crate::app::{App, Renewed};
use crate::base::UnixMillis;
use crate::connections;
use crate::contacts;
use crate::drafts::{Draft, Intent, Source};
use crate::engines;
use crate::http::ui::reply_badge;
use crate::messaging::{self, Gate, NewMessage, Purpose};
use crate::workers;
use crate::workspaces;

pub struct Letter {
    pub id: String,
    /// "Leaves at once if approved", or what became of it.
    pub badge: String,
    pub badge_tone: &'static str,
    /// "Answer to a question, Lake District hotels".
    pub context: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub paragraphs: Vec<Vec<Piece>>,
    pub foot: String,
    /// The program's own words, where a person has changed them.
    pub generated: Option<Generated>,
    pub is_pending: bool,
    /// It may be approved as it stands.
    pub may_approve: bool,
    /// Stands for what is shown; a yes names it.
    pub words: u64,
    /// Something in it stands in no source.
    pub is_held: bool,
    pub can_rewrite: bool,
    /// It was written anew just now, with other times.
    pub is_anew: bool,
    /// Why its times keep it from leaving; empty when they do not.
    pub stuck: String,
    pub sources: Vec<(String, String)>,
    pub checks: Vec<CheckLine>,
    pub contact: String,
    pub contact_href: String,
    pub contact_detail: String,
    pub reply_href: String,
}

/// What the program had written, for comparing.
pub struct Generated {
    pub subject: String,
    pub paragraphs: Vec<Vec<Piece>>,
}

/// A stretch of text; `mark` is the number of the source that it rests on, 0 for none.
pub struct Piece {
    pub words: String,
    pub mark: usize,
    /// A new line begins here.
    pub breaks: bool,
}

pub struct CheckLine {
    pub words: String,
    pub no: bool,
}

impl Letter {
    /// `renewed`: what became of the times that it offers when they were looked at just now.
    pub fn of(app: &App, draft: &Draft, renewed: Renewed, now: UnixMillis) -> Result<Self, AgentError> {
        let zone = zone_of(app, draft.workspace)?;
        let connection = connections::get(&app.store, draft.workspace, draft.connection)?;
        let contact = contacts::get(&app.store, draft.workspace, draft.contact)?;
        let worker = match draft.worker {
            Some(worker) => workers::get(&app.store, draft.workspace, worker)?,
            None => None,
        };
        let gate = match &connection {
            Some(connection) => {
                let new = NewMessage::new(now, draft.workspace, draft.contact, Purpose::Answer, connection, &draft.to);
                let new = draft.worker.into_iter().fold(new, NewMessage::worker);
                messaging::ask_gate(app, &new, now)?
            }
            None => Gate::No { reason: "The mailbox is no longer connected.".into() },
        };
        let is_pending = draft.is_pending() && !draft.is_over(now);
        let (badge, badge_tone) = match (&gate, is_pending) {
            (_, false) => (outcome_words(app, draft)?, ""),
            (Gate::Go, true) => ("Leaves at once if approved".to_owned(), "flare"),
            (Gate::Later { at, .. }, true) => (format!("Leaves {} if approved", time_words(*at, &zone)), "flare"),
            (Gate::WouldGo, true) => ("Dry run: stays here if approved".to_owned(), "warn"),
            (Gate::No { .. }, true) => ("Would not leave".to_owned(), "bad"),
        };
        let shown: Vec<&Source> = draft.shown_sources().collect();
        let name = contact.as_ref().map_or_else(|| draft.to_name.clone(), contacts::Contact::name);
        let is_held = is_pending && !draft.held().is_empty();
        let is_anew = renewed == Renewed::Anew;
        let stuck = match renewed {
            Renewed::Stuck(why) if is_pending => why,
            _ => String::new(),
        };
        Ok(Self {
            id: draft.id.to_string(),
            badge,
            badge_tone,
            context: context(draft, worker.as_ref().map(|worker| worker.name.as_str())),
            from: connection.map(|own| sender(&own.display_name, own.address.display())).unwrap_or_default(),
            to: sender(&name, draft.to.display()),
            subject: draft.final_subject().to_owned(),
            paragraphs: paragraphs(draft.final_text(), &shown),
            foot: foot(app, draft)?,
            generated: draft
                .is_edited()
                .then(|| Generated { subject: draft.subject.clone(), paragraphs: paragraphs(&draft.text, &[]) }),
            is_pending,
            may_approve: is_pending && !is_held && stuck.is_empty() && !matches!(gate, Gate::No { .. }),
            words: words_of(draft),
            is_held,
            can_rewrite: is_pending && draft.intent != Intent::Meeting,
            is_anew,
            stuck,
            sources: shown.iter().map(|source| (source.title.clone(), source.words.clone())).collect(),
            checks: checks(draft, &gate),
            contact_detail: contact.map(|contact| detail(&contact)).unwrap_or_default(),
            contact_href: format!("/contacts/{}", draft.contact),
            contact: name,
            reply_href: draft.reply.map(|reply| format!("/replies/{reply}")).unwrap_or_default(),
        })
    }
}

fn sender(name: &str, address: &str) -> String {
    if name.trim().is_empty() || name == address {
        address.to_owned()
    } else {
        format!("{name}, {address}")
    }
}

fn context(draft: &Draft, worker: Option<&str>) -> String {
    let edited = if draft.is_edited() { ", edited" } else { "" };
    let engine = if draft.engine.is_empty() { String::new() } else { format!(" · written by {}", draft.engine) };
    match worker {
        Some(worker) => format!("{}{edited} · {worker}{engine}", draft.intent.words()),
        None => format!("{}{edited}{engine}", draft.intent.words()),
    }
}

fn detail(contact: &contacts::Contact) -> String {
    [contact.job_title.as_str(), contact.company.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

fn foot(app: &App, draft: &Draft) -> Result<String, AgentError> {
    let Some(home) = workspaces::get(&app.store, draft.workspace)? else { return Ok(String::new()) };
    let engine = if home.discloses_ai { "“Written with AI assistance.”, " } else { "" };
    let address = home.postal_address.trim().replace('\n', ", ");
    let address = if address.is_empty() { String::new() } else { format!("{address}, ") };
    Ok(format!("Added on sending: {engine}{address}and a link that stops all further mail with one click."))
}

/// The facts behind "Checked before sending", the worst first.
fn checks(draft: &Draft, gate: &Gate) -> Vec<CheckLine> {
    let line = |no: bool, words: String| CheckLine { words, no };
    let mut lines = Vec::new();
    if draft.flags.iter().any(|flag| flag == "injection") {
        lines.push(line(true, "The answer gives orders to the software. They were left out; read it yourself.".into()));
    }
    for (flag, words) in [("complaint", "a complaint"), ("legal", "the law"), ("price", "prices"), ("angry", "anger")] {
        if draft.flags.iter().any(|known| known == flag) {
            lines.push(line(true, format!("The answer is about {words}, so a person decides.")));
        }
    }
    if !draft.needs_person.is_empty() {
        lines.push(line(true, format!("For a person: {}", draft.needs_person)));
    }
    if draft.would_have_left.is_some() {
        lines.push(line(true, "It would have left in a dry run; a person decides anew".into()));
    }
    if let Some(why) = &draft.fallback_reason {
        lines.push(line(true, format!("Written by the built-in engine: {}.", engines::fallback_words(why))));
    }
    lines.push(if draft.ungrounded.is_empty() {
        line(false, "Every figure, name and link stands in a source".into())
    } else {
        line(true, format!("In no source: {}", draft.ungrounded.join(", ")))
    });
    let percent = (draft.confidence * 100.0).round();
    let label = reply_badge(&draft.label).words;
    lines.push(line(draft.confidence < 0.9, format!("Read as “{label}”, {percent} % sure")));
    lines.push(match gate {
        Gate::Go => line(false, "Never opted out; mailbox and limits allow it now".into()),
        Gate::WouldGo => line(true, "The worker is on a dry run: an approval is recorded, and nothing leaves".into()),
        Gate::Later { reason, .. } | Gate::No { reason } => line(true, reason.clone()),
    });
    lines
}

/// The text cut into paragraphs and lines, what rests on a numbered source marked.
fn paragraphs(text: &str, sources: &[&Source]) -> Vec<Vec<Piece>> {
    let text = text.replace("\r\n", "\n");
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let mut pieces = Vec::new();
            for (number, line) in part.lines().enumerate() {
                let at = pieces.len();
                marked(line, sources, &mut pieces);
                if let Some(first) = pieces.get_mut(at) {
                    first.breaks = number > 0;
                }
            }
            pieces
        })
        .collect()
}

fn marked(line: &str, sources: &[&Source], pieces: &mut Vec<Piece>) {
    let piece = |words: &str, mark| Piece { words: words.to_owned(), mark, breaks: false };
    for (number, source) in (1..).zip(sources) {
        let used = source.used.trim();
        if used.is_empty() {
            continue;
        }
        // A longer passage is cut at its lines, as the letter is.
        let is_line_of = used.lines().any(|own| own.trim() == line.trim());
        if is_line_of {
            return pieces.push(piece(line, number));
        }
        if let Some((before, after)) = line.split_once(used) {
            if !before.is_empty() {
                pieces.push(piece(before, 0));
            }
            pieces.push(piece(used, number));
            if !after.is_empty() {
                marked(after, sources, pieces);
            }
            return;
        }
    }
    pieces.push(piece(line, 0));
}
