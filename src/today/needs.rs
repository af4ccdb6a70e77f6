//! "Needs you": what stands still until a person decides, the most urgent kind first.

use std::time::Duration;

use askama::Template;
use serde::Deserialize;

use super::day::{Day, TodayError};
use super::guide::Guide;
use super::people::People;
use crate::authz::Permission;
use crate::availability::Span;
use crate::base::MessageId;
use crate::bookings::{self, Booking, State as BookingState};
use crate::connections::{self, State as ConnectionState};
use crate::drafts::{self, Draft};
use crate::jobs;
use crate::messaging::{self, Delivery, Message, Reply};
use crate::workers::{self, WorkerState};
use crate::workspaces::WorkspaceState;

/// Stopped jobs looked at, over the whole instance.
const LOOKED_AT: usize = 200;
/// Rows of one kind; the rest is counted in the last of them.
const SHOWN: usize = 4;
/// How far ahead proposals are looked for.
const AHEAD: Duration = Duration::from_secs(90 * 86_400);

#[derive(Template)]
#[template(path = "today/_needs.html")]
pub struct Needs {
    csrf: String,
    rows: Vec<Need>,
    pub drafts: u32,
}

/// One row: what it is, and at most two ways on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Need {
    icon: &'static str,
    tone: &'static str,
    fact: String,
    context: String,
    /// The whole row is the link.
    href: String,
    /// Words of the button that such a row shows.
    go: &'static str,
    /// A quiet link beside the act.
    read: String,
    acts: Vec<Act>,
}

#[derive(Debug, PartialEq, Eq)]
struct Act {
    action: String,
    words: String,
    kind: &'static str,
}

impl Needs {
    pub fn read(day: &Day<'_>, csrf: &str) -> Result<Self, TodayError> {
        let mut needs = Self { csrf: csrf.to_owned(), rows: Vec::new(), drafts: 0 };
        needs.add_suspension(day);
        needs.add_connections(day)?;
        needs.add_drafts(day)?;
        needs.add_proposals(day)?;
        needs.add_troubled(day)?;
        needs.add_meetings(day)?;
        needs.add_doubts(day)?;
        needs.add_workers(day)?;
        needs.add_guide(day)?;
        Ok(needs)
    }

    fn add_suspension(&mut self, day: &Day<'_>) {
        if let WorkspaceState::Suspended { at, reason } = &day.workspace.state {
            let since = day.time_words(*at);
            self.rows.push(Need {
                icon: "ban",
                tone: "bad",
                fact: "The operator of this server has stopped your sending".to_owned(),
                context: format!("Since {since}: {reason} Answer the operator to have it looked at by a person."),
                ..Need::default()
            });
        }
    }

    fn add_connections(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ManageConnections) {
            return Ok(());
        }
        for connection in connections::list(&day.app.store, day.workspace.id)? {
            let ConnectionState::NeedsOwner { reason, .. } = &connection.state else { continue };
            self.rows.push(Need {
                icon: "plug",
                tone: "bad",
                fact: format!("{} stands still", connection.address),
                context: reason.clone(),
                href: format!("/connections/{}", connection.id),
                go: "Mend it",
                ..Need::default()
            });
        }
        Ok(())
    }

    fn add_drafts(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
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

    fn add_proposals(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::EditBookings) {
            return Ok(());
        }
        let ahead = Span::new(day.now, day.now.plus(AHEAD));
        let booked = bookings::list_between(&day.app.store, day.workspace.id, ahead)?;
        let proposed: Vec<&Booking> = booked.iter().filter(|booking| booking.state.is_proposed()).collect();
        let mut people = People::of(day.app, day.workspace.id);
        for booking in proposed.iter().take(SHOWN) {
            self.rows.push(proposal(day, &mut people, booking)?);
        }
        self.add_rest(proposed.len(), "proposed times", "/calendar");
        Ok(())
    }

    /// Meetings that the calendar refused.
    fn add_troubled(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::EditBookings) {
            return Ok(());
        }
        let troubled = bookings::list_troubled(&day.app.store, day.workspace.id, SHOWN + 1)?;
        let mut people = People::of(day.app, day.workspace.id);
        for booking in troubled.iter().take(SHOWN) {
            self.rows.push(refused(day, &mut people, booking)?);
        }
        if troubled.len() > SHOWN {
            self.add_more("More meetings that the calendar refused", "/calendar");
        }
        Ok(())
    }

    /// Meetings that stand still: nothing could be offered.
    fn add_meetings(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::HandleReplies) {
            return Ok(());
        }
        let left = bookings::list_left(&day.app.store, day.workspace.id, SHOWN + 1)?;
        let mut people = People::of(day.app, day.workspace.id);
        for (reply, left) in left.iter().take(SHOWN) {
            self.rows.push(left_over(&mut people, reply, &left.reason)?);
        }
        if left.len() > SHOWN {
            self.add_more("More answers about a meeting", "/replies");
        }
        Ok(())
    }

    fn add_doubts(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ApproveDrafts) {
            return Ok(());
        }
        let doubtful = in_doubt(day)?;
        let mut people = People::of(day.app, day.workspace.id);
        for message in doubtful.iter().take(SHOWN) {
            self.rows.push(doubt(day, &mut people, message)?);
        }
        self.add_rest(doubtful.len(), "such mails", "");
        Ok(())
    }

    /// Workers that stopped by themselves: a brake, a lost mailbox.
    fn add_workers(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ActivateWorkers) {
            return Ok(());
        }
        for worker in workers::list(&day.app.store, day.workspace.id)? {
            let WorkerState::Paused(off) = &worker.state else { continue };
            if off.by_itself {
                self.rows.push(Need {
                    icon: "pause",
                    tone: "warn",
                    fact: format!("{} stopped by itself", worker.name),
                    context: off.reason.clone(),
                    href: format!("/outreach/{}", worker.id),
                    go: "Look",
                    ..Need::default()
                });
            }
        }
        Ok(())
    }

    fn add_guide(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ManageWorkspace) {
            return Ok(());
        }
        let guide = Guide::read(day)?;
        if let Some(next) = guide.now() {
            self.rows.push(Need {
                icon: "flag",
                tone: "brand",
                fact: format!("First mail in about {} minutes", guide.minutes_left()),
                context: format!("{} of {} steps done. Next: {}.", guide.done(), guide.steps.len(), next.title),
                href: "/guide".to_owned(),
                go: "Go on",
                ..Need::default()
            });
        }
        Ok(())
    }

    fn add_more(&mut self, fact: &str, href: &str) {
        let (fact, href) = (fact.to_owned(), href.to_owned());
        self.rows.push(Need { icon: "more", fact, href, go: "Look", ..Need::default() });
    }

    fn add_rest(&mut self, all: usize, what: &str, href: &str) {
        if all > SHOWN {
            self.rows.push(Need {
                icon: "more",
                fact: format!("{} more {what}", all - SHOWN),
                href: href.to_owned(),
                go: if href.is_empty() { "" } else { "Look" },
                ..Need::default()
            });
        }
    }
}

fn about(day: &Day<'_>, people: &mut People<'_>, draft: &Draft) -> Result<String, TodayError> {
    let known = people.get(draft.contact)?;
    let name = if known.name.is_empty() { draft.to.display().to_owned() } else { known.name };
    Ok(format!("The first is for {name}: {}. It lapses {}.", draft.intent.words(), day.time_words(draft.expires_at)))
}

fn proposal(day: &Day<'_>, people: &mut People<'_>, booking: &Booking) -> Result<Need, TodayError> {
    let known = people.get(booking.contact)?;
    let start = booking.start.in_zone(&day.zone);
    let note = match &booking.state {
        BookingState::Proposed { note } => note.as_str(),
        _ => "",
    };
    let context = [known.company.as_str(), note].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    Ok(Need {
        icon: "calendar",
        tone: "plum",
        fact: format!("{} proposes {}", known.name, start.strftime("%a %-d %b, %H:%M")),
        context: context.join(". "),
        read: format!("/calendar/{}", booking.id),
        acts: vec![Act {
            action: format!("/calendar/{}/accept", booking.id),
            words: format!("Book {}", start.strftime("%H:%M")),
            kind: "",
        }],
        ..Need::default()
    })
}

fn refused(day: &Day<'_>, people: &mut People<'_>, booking: &Booking) -> Result<Need, TodayError> {
    let known = people.get(booking.contact)?;
    let start = booking.start.in_zone(&day.zone);
    let reason = booking.trouble.as_deref().unwrap_or_default();
    let again = (!booking.is_unwritten()).then(|| Act {
        action: format!("/calendar/{}/again", booking.id),
        words: "Try again".to_owned(),
        kind: "",
    });
    Ok(Need {
        icon: "alert",
        tone: "bad",
        fact: format!("{}, {}: not in your calendar as agreed", known.name, start.strftime("%a %-d %b, %H:%M")),
        context: format!("{} {reason}", booking.trouble_words()),
        read: format!("/calendar/{}", booking.id),
        acts: again.into_iter().collect(),
        ..Need::default()
    })
}

/// A link of theirs is shown as they wrote it; nothing here opens it.
fn left_over(people: &mut People<'_>, reply: &Reply, reason: &str) -> Result<Need, TodayError> {
    let known = people.get(reply.contact)?;
    let name = if known.name.is_empty() { reply.from.display().to_owned() } else { known.name };
    let link = reply.reading.as_ref().and_then(|reading| reading.booking_links.first());
    Ok(Need {
        icon: "calendar",
        tone: "plum",
        fact: format!("{name} wants to meet and names no time"),
        context: link.map_or_else(|| reason.to_owned(), |link| format!("{reason} {link}")),
        href: format!("/replies/{}", reply.id),
        go: "Answer",
        ..Need::default()
    })
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
    };
    Ok(Need {
        icon: "alert",
        tone: "warn",
        fact: format!("The mail to {name} may or may not have arrived"),
        context: format!("“{}”, {at}. {reason}. It is not sent twice unless you say so.", message.subject),
        acts: vec![act("arrived", "It arrived", "quiet"), act("again", "Send again", "")],
        ..Need::default()
    })
}

/// The part of the outbox's payload that names the message.
#[derive(Deserialize)]
struct Carries {
    message: MessageId,
}

/// Messages of this workspace that may have left and wait for a person's word, newest first.
fn in_doubt(day: &Day<'_>) -> Result<Vec<Message>, TodayError> {
    let jobs = jobs::list_needing_a_look(&day.app.store, LOOKED_AT)?;
    let ours = jobs.iter().filter(|job| job.workspace == day.workspace.id && job.kind == messaging::SEND);
    let mut found = Vec::new();
    for job in ours {
        let id = job.payload::<Carries>()?.message;
        let message = messaging::get_message(&day.app.store, day.workspace.id, id)?;
        found.extend(message.filter(|message| matches!(message.state, Delivery::NeedsHuman { .. })));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnixMillis;

    #[test]
    fn a_new_workspace_is_led_to_its_first_mail_and_nothing_else_waits() {
        let test = crate::testing::app();
        let day = Day::open(&test.app, &test.owner).unwrap();
        let needs = Needs::read(&day, "token").unwrap();
        assert_eq!(needs.rows.len(), 1, "{:?}", needs.rows);
        assert_eq!(needs.rows[0].href, "/guide");
        let viewer = crate::authz::Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
        let day = Day::open(&test.app, &viewer).unwrap();
        assert_eq!(Needs::read(&day, "token").unwrap().rows, Vec::new(), "a viewer can decide nothing");
    }

    #[test]
    fn a_suspension_is_explained_before_anything_else() {
        let test = crate::testing::app();
        let mut day = Day::open(&test.app, &test.owner).unwrap();
        let at = UnixMillis(day.now.0 - 3_600_000);
        day.workspace.state = WorkspaceState::Suspended { at, reason: "9 % of the mails bounced.".into() };
        let needs = Needs::read(&day, "token").unwrap();
        assert!(needs.rows[0].context.starts_with("Since 09:00: 9 % of the mails bounced."), "{:?}", needs.rows[0]);
    }
}
