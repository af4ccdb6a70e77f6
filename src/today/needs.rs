//! "Needs you": what stands still until a person decides, the most urgent kind first.

use std::time::Duration;

use askama::Template;

use super::day::{Day, TodayError};
use super::guide::Guide;
use super::people::People;
use crate::authz::Permission;
use crate::availability::Span;
use crate::base::day_words;
use crate::bookings::{self, Booking, State as BookingState};
use crate::connections::{self, State as ConnectionState};
use crate::drafts::{self, Draft};
use crate::http::layout::Layout;
use crate::messaging::{self, Delivery, Message, Reply};
use crate::outreach::{self, Enrolment, Group, State as Stand};
use crate::store::StoreError;
use crate::workers::{self, WorkerState};
use crate::workspaces::WorkspaceState;

/// Mails in doubt, and replies looked at.
const LOOKED_AT: usize = 200;
/// Rows of one kind; the rest is counted in the last of them.
const SHOWN: usize = 4;
/// Of an answer, what fits on two lines of a phone.
const QUOTED_CHARS: usize = 120;
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

/// All mails in doubt, each with its decision.
#[derive(Template)]
#[template(path = "today/in_doubt.html")]
pub struct InDoubt {
    layout: Layout,
    rows: Vec<Need>,
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
    pub fn read(day: &Day<'_>, csrf: &str) -> Result<Self, TodayError> {
        let mut needs = Self { csrf: csrf.to_owned(), rows: Vec::new(), drafts: 0 };
        needs.add_suspension(day);
        needs.add_connections(day)?;
        let waiting = waiting_replies(day)?;
        needs.add_perhaps_opt_outs(day, &waiting)?;
        needs.add_drafts(day)?;
        needs.add_replies(day, &waiting)?;
        needs.add_proposals(day)?;
        needs.add_troubled(day)?;
        needs.add_meetings(day)?;
        needs.add_doubts(day)?;
        needs.add_follow_ups(day)?;
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

    /// Each is decided here: until then nobody writes to them.
    fn add_perhaps_opt_outs(&mut self, day: &Day<'_>, waiting: &[Reply]) -> Result<(), TodayError> {
        let unsure: Vec<&Reply> = waiting.iter().filter(|reply| is_undecided(reply)).collect();
        let mut people = People::of(day.app, day.workspace.id);
        for reply in unsure.iter().take(SHOWN) {
            self.rows.push(perhaps_opt_out(&mut people, reply)?);
        }
        self.add_rest(unsure.len(), "such answers", "/replies?waiting=yes");
        Ok(())
    }

    /// Answers that neither a draft nor a proposed time takes care of.
    fn add_replies(&mut self, day: &Day<'_>, waiting: &[Reply]) -> Result<(), TodayError> {
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
            self.add_more("More answers about a meeting", "/replies?waiting=yes");
        }
        Ok(())
    }

    fn add_doubts(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
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

    /// Who had put it off until a day that has come now.
    fn add_follow_ups(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::EditOutreach) {
            return Ok(());
        }
        let (store, workspace) = (&day.app.store, day.workspace.id);
        let mut people = People::of(day.app, workspace);
        for worker in workers::list(store, workspace)? {
            let page = outreach::list_group(store, workspace, worker.id, Group::AskAgain, None, SHOWN)?;
            for lead in &page.rows {
                self.rows.push(follow_up(&mut people, lead)?);
            }
            let all = outreach::figures(store, workspace, worker.id)?.of(Group::AskAgain);
            let list = format!("/outreach/{}/leads?group={}", worker.id, Group::AskAgain.as_str());
            self.add_rest(usize::try_from(all).unwrap_or(usize::MAX), "to ask again", &list);
        }
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
                go: "Look",
                ..Need::default()
            });
        }
    }
}

/// What a person is to look at; nothing for those who may not.
fn waiting_replies(day: &Day<'_>) -> Result<Vec<Reply>, TodayError> {
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
        let booked = bookings::list_of_contact(txn, workspace, reply.contact, 10)?;
        Ok::<_, StoreError>(booked.iter().any(|booking| booking.reply == Some(id) && booking.state.is_proposed()))
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

fn follow_up(people: &mut People<'_>, lead: &Enrolment) -> Result<Need, TodayError> {
    let known = people.get(lead.contact)?;
    let on = match &lead.state {
        Stand::Stopped { follow_up_on: Some(day), .. } => day_words(day),
        _ => String::new(),
    };
    let act = |verb: &str, words: &str, kind| Act {
        action: format!("/outreach/{}/leads/{}/{verb}", lead.worker, lead.id),
        words: words.to_owned(),
        kind,
    };
    Ok(Need {
        icon: "clock",
        tone: "brand",
        fact: format!("{} wanted to be asked again on {on}", known.name),
        context: "“Go on” sends the next mail of the sequence; or write to them yourself.".to_owned(),
        read: format!("/contacts/{}", lead.contact),
        acts: vec![act("leave", "Let it rest", "quiet"), act("resume", "Go on", "")],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnixMillis;
    use crate::jobs;
    use crate::messaging::testing::queue_mail;
    use crate::messaging::{Incoming, Reading};

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

    /// A reply of this reading, come in now.
    fn receive(test: &crate::testing::TestApp, who: &str, label: &str, change: impl FnOnce(&mut Reading)) -> Reply {
        let (app, workspace) = (&test.app, test.workspace);
        let mail = queue_mail(app, workspace, &format!("{who}@fellside.example"));
        let incoming = Incoming {
            message: mail.id,
            from: mail.to.clone(),
            from_name: "Anna Lund".into(),
            subject: "Re: Heating".into(),
            text: "How loud is it?".into(),
            message_id: format!("{}@fellside.example", mail.id),
            references: vec![],
            provider_thread: None,
            sent_at: app.now(),
            header_facts: vec![],
            automatic: false,
        };
        let id = messaging::receive(app, workspace, &incoming).unwrap().unwrap();
        let mut reading = Reading { label: label.into(), confidence: 0.95, ..Reading::default() };
        change(&mut reading);
        let read = app.store.write(|txn| {
            let mut reply = messaging::find_reply(txn, workspace, id)?.unwrap();
            reply.reading = Some(reading.clone());
            messaging::update_reply(txn, &reply)?;
            Ok::<_, StoreError>(reply)
        });
        read.unwrap()
    }

    fn needs(test: &crate::testing::TestApp) -> Vec<Need> {
        let day = Day::open(&test.app, &test.owner).unwrap();
        let mut rows = Needs::read(&day, "token").unwrap().rows;
        rows.retain(|row| row.href != "/guide");
        rows
    }

    #[test]
    fn what_nobody_else_takes_care_of_is_handed_to_a_person() {
        type Change = fn(&mut Reading);
        let injected: Change = |reading| reading.flags = vec!["injection".into()];
        let unsure: Change = |reading| reading.confidence = 0.4;
        let cases: [(&str, Change, bool); 7] = [
            ("question", |_| {}, true),
            ("other", injected, true),
            ("later", injected, true),
            ("not_interested", unsure, true),
            ("not_interested", |_| {}, false),
            ("out_of_office", |_| {}, false),
            ("other", |_| {}, false),
        ];
        for (label, change, waits) in cases {
            let test = crate::testing::app();
            let reply = receive(&test, "anna", label, change);
            let rows = needs(&test);
            assert_eq!(!rows.is_empty(), waits, "{label}: {rows:?}");
            if waits {
                assert_eq!(rows[0].fact, "1 reply waits for your answer");
                assert_eq!(rows[0].href, format!("/replies/{}", reply.id));
                assert!(rows[0].context.contains("Anna Lund: “How loud is it?”"), "{rows:?}");
            }
        }
    }

    #[test]
    fn a_reply_with_a_draft_is_counted_once_and_one_that_was_dealt_with_not_at_all() {
        let test = crate::testing::app();
        let (app, workspace) = (&test.app, test.workspace);
        let first = receive(&test, "anna", "question", |_| {});
        let new = drafts::NewDraft::answering(&first, drafts::Intent::Question, app.now()).words("As a fridge.", "en");
        app.store.write(|txn| drafts::propose(app, txn, &new, app.now())).unwrap();
        let facts = |rows: Vec<Need>| rows.into_iter().map(|row| row.fact).collect::<Vec<_>>();
        assert_eq!(facts(needs(&test)), ["1 draft waits for your approval"]);
        let second = receive(&test, "ben", "question", |_| {});
        receive(&test, "carl", "interested", |_| {});
        assert_eq!(facts(needs(&test)), ["1 draft waits for your approval", "2 replies wait for your answer"]);
        let handled = app.store.write(|txn| {
            let mut reply = messaging::find_reply(txn, workspace, second.id)?.unwrap();
            reply.handled_at = Some(app.now());
            messaging::update_reply(txn, &reply)
        });
        handled.unwrap();
        assert_eq!(facts(needs(&test))[1], "1 reply waits for your answer");
    }

    #[test]
    fn what_may_be_an_opt_out_is_decided_here() {
        let test = crate::testing::app();
        let reply = receive(&test, "anna", "unsubscribe", |reading| reading.undecided = true);
        let rows = needs(&test);
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].fact, "Anna Lund may have asked not to be written to");
        let acts: Vec<&str> = rows[0].acts.iter().map(|act| act.action.as_str()).collect();
        let paths = ["no-opt-out", "stop-writing"].map(|verb| format!("/replies/{}/{verb}", reply.id));
        assert_eq!(acts, paths);
    }

    #[test]
    fn every_mail_in_doubt_can_be_decided_also_the_fifth() {
        let test = crate::testing::app();
        for number in 0..6 {
            let mail = queue_mail(&test.app, test.workspace, &format!("lead{number}@fellside.example"));
            let doubtful = test.app.store.write(|txn| jobs::needs_look(txn, mail.job, "The line was cut."));
            assert!(doubtful.unwrap());
            let state = Delivery::NeedsHuman { reason: "The line was cut.".into() };
            messaging::set_state(&test.app, test.workspace, mail.id, state).unwrap();
        }
        let rows = needs(&test);
        let rest = rows.iter().find(|row| row.fact == "2 more such mails").unwrap();
        assert_eq!((rest.href.as_str(), rest.go), ("/needs-a-look", "Look"));
        let day = Day::open(&test.app, &test.owner).unwrap();
        let list = InDoubt::read(&day, Layout::default()).unwrap();
        assert_eq!(list.rows.len(), 6);
        let html = list.render().unwrap();
        assert_eq!(html.matches("/arrived").count(), 6, "{html}");
        let viewer = crate::authz::Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
        let day = Day::open(&test.app, &viewer).unwrap();
        assert!(matches!(InDoubt::read(&day, Layout::default()), Err(TodayError::Denied(_))));
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
