//! Workers that stopped by themselves, and leads who wanted to be asked again by now.

use super::{Act, Need, Needs, SHOWN};
use crate::authz::Permission;
use crate::base::{counted, day_words};
use crate::outreach::{self, Enrolment, Group, State};
use crate::today::day::{Day, TodayError};
use crate::today::people::People;
use crate::workers::{self, WorkerState};

impl Needs {
    /// What a sequence has come to that a person does.
    pub(super) fn add_tasks(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::HandleReplies) {
            return Ok(());
        }
        let (store, workspace) = (&day.app.store, day.workspace.id);
        let mut people = People::of(day.app, workspace);
        for worker in workers::list(store, workspace)? {
            let page = outreach::list_group(store, workspace, worker.id, Group::Task, None, SHOWN)?;
            for lead in &page.rows {
                if let Some((name, text)) = store.read(|txn| outreach::open_task_of(txn, lead))? {
                    self.rows.push(task(day, &mut people, lead, &name, text)?);
                }
            }
            let all = outreach::figures(store, workspace, worker.id)?.of(Group::Task);
            let list = format!("/outreach/{}/leads?group={}", worker.id, Group::Task.as_str());
            self.add_rest(usize::try_from(all).unwrap_or(usize::MAX), "tasks", &list);
        }
        Ok(())
    }

    /// Mails that leave only after a person has read them.
    pub(super) fn add_to_read(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ApproveDrafts) {
            return Ok(());
        }
        for worker in workers::list(&day.app.store, day.workspace.id)? {
            let count = outreach::figures(&day.app.store, day.workspace.id, worker.id)?.of(Group::Review);
            if count > 0 {
                self.rows.push(Need {
                    icon: "eye",
                    tone: "flare",
                    fact: format!("{} to be read", counted(count, "mail waits", "mails wait")),
                    context: format!("{} sends each only after your yes.", worker.name),
                    href: format!("/outreach/{}/review", worker.id),
                    go: "Read",
                    ..Need::default()
                });
            }
        }
        Ok(())
    }

    /// Who had put it off until a day that has come now.
    pub(super) fn add_follow_ups(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
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
    pub(super) fn add_workers(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
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
}

fn task(
    day: &Day<'_>,
    people: &mut People<'_>,
    lead: &Enrolment,
    name: &str,
    text: String,
) -> Result<Need, TodayError> {
    let known = people.get(lead.contact)?;
    let act = |verb: &str, words: &str, kind| Act {
        action: format!("/outreach/{}/leads/{}/{verb}?back=today", lead.worker, lead.id),
        words: words.to_owned(),
        kind,
        step: match lead.state {
            State::Task { step, .. } => step.to_string(),
            _ => String::new(),
        },
    };
    let mut acts = vec![act("done", "Done", "")];
    if day.actor.may(Permission::EditOutreach) {
        acts.insert(0, act("skip", "Skip", "quiet"));
    }
    Ok(Need {
        icon: "flag",
        tone: "plum",
        fact: format!("{}: {name}", known.name),
        context: text,
        read: format!("/contacts/{}", lead.contact),
        acts,
        ..Need::default()
    })
}

fn follow_up(people: &mut People<'_>, lead: &Enrolment) -> Result<Need, TodayError> {
    let known = people.get(lead.contact)?;
    let on = match &lead.state {
        State::Stopped { follow_up_on: Some(day), .. } => day_words(day),
        _ => String::new(),
    };
    let act = |verb: &str, words: &str, kind| Act {
        action: format!("/outreach/{}/leads/{}/{verb}", lead.worker, lead.id),
        words: words.to_owned(),
        kind,
        step: String::new(),
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
