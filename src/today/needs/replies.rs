//! What came back and waits for an answer: perhaps an opt-out, a draft to approve, a reply that nobody takes care of.

use super::{Act, Need, Needs, LOOKED_AT, SHOWN};
use crate::authz::Permission;
use crate::bookings;
use crate::drafts::{self, Draft};
use crate::messaging::{self, Reply};
use crate::store::StoreError;
use crate::today::day::{Day, TodayError};
use crate::today::people::People;

/// Of an answer, what fits on two lines of a phone.
const QUOTED_CHARS: usize = 120;

impl Needs {
    /// Each is decided here: until then nobody writes to them.
    pub(super) fn add_perhaps_opt_outs(&mut self, day: &Day<'_>, waiting: &[Reply]) -> Result<(), TodayError> {
        let unsure: Vec<&Reply> = waiting.iter().filter(|reply| is_undecided(reply)).collect();
        let mut people = People::of(day.app, day.workspace.id);
        for reply in unsure.iter().take(SHOWN) {
            self.rows.push(perhaps_opt_out(&mut people, reply)?);
        }
        self.add_rest(unsure.len(), "such answers", "/replies?waiting=yes");
        Ok(())
    }

    pub(super) fn add_drafts(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ApproveDrafts) {
            return Ok(());
        }
        let (store, workspace) = (&day.app.store, day.workspace.id);
        self.drafts = drafts::count_pending(store, workspace)?;
        if self.drafts == 0 {
            return Ok(());
        }
        let first = drafts::list_pending(store, workspace, 1)?;
        let mut people = People::of(day.app, workspace);
        let context = first.first().map(|draft| about(day, &mut people, draft)).transpose()?.unwrap_or_default();
        self.rows.push(Need {
            icon: "approve",
            tone: "flare",
            fact: match self.drafts {
                1 => "1 draft waits for your approval".to_owned(),
                many => format!("{many} drafts wait for your approval"),
            },
            context,
            href: "/approvals".to_owned(),
            go: "Review",
            ..Need::default()
        });
        Ok(())
    }

    /// Answers that neither a draft nor a proposed time takes care of.
    pub(super) fn add_replies(&mut self, day: &Day<'_>, waiting: &[Reply]) -> Result<(), TodayError> {
        // Who wants to meet and named no time has a row of their own.
        let left = bookings::list_left(&day.app.store, day.workspace.id, LOOKED_AT)?;
        let is_left = |reply: &Reply| left.iter().any(|(other, _)| other.id == reply.id);
        let mut open = Vec::new();
        for reply in waiting.iter().filter(|reply| !is_undecided(reply) && !is_left(reply)) {
            if !is_taken_care_of(day, reply)? {
                open.push(reply);
            }
        }
        let Some(newest) = open.first() else { return Ok(()) };
        let name = name_of(&mut People::of(day.app, day.workspace.id), newest)?;
        self.rows.push(Need {
            icon: "inbox",
            tone: "flare",
            fact: match open.len() {
                1 => "1 reply waits for your answer".to_owned(),
                many => format!("{many} replies wait for your answer"),
            },
            context: format!("The newest is from {name}: {}", quoted(newest)),
            href: match open.len() {
                1 => format!("/replies/{}", newest.id),
                _ => "/replies?waiting=yes".to_owned(),
            },
            go: "Read",
            ..Need::default()
        });
        Ok(())
    }
}

/// What a person is to look at; nothing for those who may not.
pub(super) fn waiting_replies(day: &Day<'_>) -> Result<Vec<Reply>, TodayError> {
    if !day.actor.may(Permission::HandleReplies) {
        return Ok(Vec::new());
    }
    Ok(messaging::list_waiting_replies(&day.app.store, day.workspace.id, LOOKED_AT)?)
}

fn is_undecided(reply: &Reply) -> bool {
    reply.reading.as_ref().is_some_and(|reading| reading.undecided)
}

/// A draft or a proposed time answers it, and has a row of its own.
fn is_taken_care_of(day: &Day<'_>, reply: &Reply) -> Result<bool, TodayError> {
    let (workspace, id) = (day.workspace.id, reply.id);
    Ok(day.app.store.read(|txn| {
        let drafts = drafts::list_of_reply(txn, workspace, id)?;
        if drafts.iter().any(Draft::is_pending) {
            return Ok(true);
        }
        let asked = bookings::waiting_of_contact(txn, workspace, reply.contact, day.now)?;
        Ok::<_, StoreError>(asked.iter().any(|booking| booking.reply == Some(id)))
    })?)
}

fn name_of(people: &mut People<'_>, reply: &Reply) -> Result<String, TodayError> {
    let known = people.get(reply.contact)?;
    let names = [known.name, reply.from_name.clone(), reply.from.display().to_owned()];
    Ok(names.into_iter().find(|name| !name.is_empty()).unwrap_or_default())
}

/// The beginning of what was written.
fn quoted(reply: &Reply) -> String {
    let one_line = reply.excerpt.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = one_line.chars().take(QUOTED_CHARS).collect();
    if cut.len() < one_line.len() {
        format!("“{}…”", cut.trim_end())
    } else {
        format!("“{cut}”")
    }
}

fn perhaps_opt_out(people: &mut People<'_>, reply: &Reply) -> Result<Need, TodayError> {
    let name = name_of(people, reply)?;
    let act = |verb: &str, words: &str, kind| Act {
        action: format!("/replies/{}/{verb}", reply.id),
        words: words.to_owned(),
        kind,
        step: String::new(),
    };
    Ok(Need {
        icon: "ban",
        tone: "bad",
        fact: format!("{name} may have asked not to be written to"),
        context: format!("{} Until you say, no sequence writes to them.", quoted(reply)),
        read: format!("/replies/{}", reply.id),
        acts: vec![act("no-opt-out", "Not an opt-out", "quiet"), act("stop-writing", "Stop writing", "")],
        ..Need::default()
    })
}

fn about(day: &Day<'_>, people: &mut People<'_>, draft: &Draft) -> Result<String, TodayError> {
    let known = people.get(draft.contact)?;
    let name = if known.name.is_empty() { draft.to.display().to_owned() } else { known.name };
    Ok(format!("The first is for {name}: {}. It lapses {}.", draft.intent.words(), day.time_words(draft.expires_at)))
}
