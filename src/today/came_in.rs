//! "Came in": the newest replies.

use askama::Template;

use super::day::{Day, TodayError};
use super::people::People;
use crate::authz::Permission;
use crate::messaging::{self, Reply};

const SHOWN: usize = 6;
/// Of an excerpt, what fits on a line of a wide screen.
const LINE_CHARS: usize = 160;

#[derive(Template)]
#[template(path = "today/_came_in.html")]
pub struct CameIn {
    replies: Vec<Line>,
}

struct Line {
    id: String,
    href: String,
    name: String,
    company: String,
    said: String,
    /// Empty until the reply was read.
    label: String,
    at_iso: String,
    at: String,
}

impl CameIn {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        if !day.actor.may(Permission::ViewReplies) {
            return Ok(None);
        }
        let newest = messaging::list_replies(&day.app.store, day.workspace.id, None, SHOWN)?;
        let mut people = People::of(day.app, day.workspace.id);
        let mut replies = Vec::new();
        for reply in newest.rows {
            replies.push(line(day, &mut people, reply)?);
        }
        Ok(Some(Self { replies }))
    }
}

fn line(day: &Day<'_>, people: &mut People<'_>, reply: Reply) -> Result<Line, TodayError> {
    let known = people.get(reply.contact)?;
    let name = [known.name, reply.from_name.clone(), reply.from.display().to_owned()];
    Ok(Line {
        id: reply.id.to_string(),
        href: format!("/replies/{}", reply.id),
        name: name.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        company: known.company,
        said: said(&reply),
        label: reply.reading.as_ref().map(|reading| reading.label.clone()).unwrap_or_default(),
        at_iso: reply.received_at.to_rfc3339(),
        at: day.time_words(reply.received_at),
    })
}

/// What a machine said is told; what a person said is quoted.
fn said(reply: &Reply) -> String {
    let one_line = reply.excerpt.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = one_line.chars().take(LINE_CHARS).collect();
    match (cut.is_empty(), reply.automatic) {
        (true, _) => reply.subject.clone(),
        (false, true) => cut,
        (false, false) if cut.len() < one_line.len() => format!("“{}…”", cut.trim_end()),
        (false, false) => format!("“{cut}”"),
    }
}
