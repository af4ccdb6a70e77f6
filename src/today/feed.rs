//! "Just now": the newest entries of the workspace's log, each with the name of the person it is about.

use askama::Template;

use super::day::{Day, TodayError};
use super::people::People;
use crate::authz::Permission;
use crate::events::{self, Happened};

const SHOWN: usize = 8;
/// Entries looked at: some are steps in between that the feed leaves out.
const LOOKED_AT: usize = 60;

#[derive(Template)]
#[template(path = "today/_feed.html")]
pub struct Feed {
    lines: Vec<Line>,
}

struct Line {
    icon: &'static str,
    tone: &'static str,
    words: String,
    name: String,
    href: String,
    at_iso: String,
    at: String,
}

impl Feed {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        // It tells of replies and of outreach at once.
        if !day.actor.may(Permission::ViewReplies) || !day.actor.may(Permission::ViewOutreach) {
            return Ok(None);
        }
        let newest = events::list_newest(&day.app.store, day.workspace.id, None, None, LOOKED_AT)?;
        let mut people = People::of(day.app, day.workspace.id);
        let mut lines = Vec::new();
        for event in newest.rows.iter().filter(|event| is_news(&event.what)).take(SHOWN) {
            let (icon, tone, words) = events::words(event);
            let contact = event.what.contact();
            lines.push(Line {
                icon,
                tone,
                words,
                name: contact.map(|id| people.get(id)).transpose()?.unwrap_or_default().name,
                href: contact.map(|id| format!("/contacts/{id}")).unwrap_or_default(),
                at_iso: event.at.to_rfc3339(),
                at: day.time_words(event.at),
            });
        }
        Ok(Some(Self { lines }))
    }
}

/// Steps in between, which another line tells anyway: an answer shows once it was read, an opt-out says that no more
/// mail leaves.
fn is_news(what: &Happened) -> bool {
    use Happened as H;
    !matches!(
        what,
        H::MessageQueued { .. }
            | H::MessageReceived { .. }
            | H::Suppressed { .. }
            | H::Enrolled { .. }
            | H::EnrolmentEnded { .. }
            | H::ContactChanged { .. }
            | H::ContactCreated { .. }
            | H::Unknown
    )
}
