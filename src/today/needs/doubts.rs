//! Mails that may or may not have left: on the first page, and all of them on a page of their own.

use askama::Template;

use super::{Act, Need, Needs, LOOKED_AT, SHOWN};
use crate::authz::Permission;
use crate::http::layout::Layout;
use crate::messaging::{self, Delivery, Message};
use crate::today::day::{Day, TodayError};
use crate::today::people::People;

/// All mails in doubt, each with its decision.
#[derive(Template)]
#[template(path = "today/in_doubt.html")]
pub struct InDoubt {
    layout: Layout,
    pub(super) rows: Vec<Need>,
}

impl InDoubt {
    pub fn read(day: &Day<'_>, layout: Layout) -> Result<Self, TodayError> {
        day.actor.require(Permission::ApproveDrafts)?;
        let mut people = People::of(day.app, day.workspace.id);
        let doubtful = messaging::list_in_doubt(&day.app.store, day.workspace.id, None, LOOKED_AT)?.rows;
        let rows = doubtful.iter().map(|message| doubt(day, &mut people, message)).collect::<Result<_, _>>()?;
        Ok(Self { layout, rows })
    }
}

impl Needs {
    pub(super) fn add_doubts(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ApproveDrafts) {
            return Ok(());
        }
        let doubtful = messaging::list_in_doubt(&day.app.store, day.workspace.id, None, LOOKED_AT)?.rows;
        let mut people = People::of(day.app, day.workspace.id);
        for message in doubtful.iter().take(SHOWN) {
            self.rows.push(doubt(day, &mut people, message)?);
        }
        self.add_rest(doubtful.len(), "such mails", "/needs-a-look");
        Ok(())
    }
}

fn doubt(day: &Day<'_>, people: &mut People<'_>, message: &Message) -> Result<Need, TodayError> {
    let known = people.get(message.contact)?;
    let name = if known.name.is_empty() { message.to.display().to_owned() } else { known.name };
    let reason = match &message.state {
        Delivery::NeedsHuman { reason } => reason.trim().trim_end_matches('.').to_owned(),
        _ => String::new(),
    };
    let at = day.time_words(message.sent_at.unwrap_or(message.queued_at));
    let act = |verb: &str, words: &str, kind| Act {
        action: format!("/needs-a-look/{}/{verb}", message.id),
        words: words.to_owned(),
        kind,
        step: String::new(),
    };
    if message.noted.failing_since.is_some() {
        return Ok(Need {
            icon: "alert",
            tone: "warn",
            fact: format!("The mail to {name} could not be sent for days"),
            context: format!("“{}”, {at}. {reason}.", message.subject),
            acts: vec![act("again", "Try again", "")],
            ..Need::default()
        });
    }
    Ok(Need {
        icon: "alert",
        tone: "warn",
        fact: format!("The mail to {name} may or may not have arrived"),
        context: format!("“{}”, {at}. {reason}. It is not sent twice unless you say so.", message.subject),
        acts: vec![act("arrived", "It arrived", "quiet"), act("again", "Send again", "")],
        ..Need::default()
    })
}
