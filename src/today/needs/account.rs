//! What holds everything up: the operator's stop, a connection that only its owner can mend; and the guide.

use super::{Need, Needs};
use crate::authz::Permission;
use crate::base::counted;
use crate::connections::{self, State};
use crate::today::day::{Day, TodayError};
use crate::today::guide::Guide;
use crate::workspaces::WorkspaceState;

impl Needs {
    pub(super) fn add_suspension(&mut self, day: &Day<'_>) {
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

    pub(super) fn add_connections(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ManageConnections) {
            return Ok(());
        }
        for connection in connections::list(&day.app.store, day.workspace.id)? {
            let State::NeedsOwner { reason, .. } = &connection.state else { continue };
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

    pub(super) fn add_guide(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ManageWorkspace) {
            return Ok(());
        }
        let guide = Guide::read(day)?;
        if let Some(next) = guide.now() {
            let (fact, context) = if guide.has_sent() {
                (next.title.to_owned(), "It was there before and is missing now: nothing leaves without it.".to_owned())
            } else {
                (
                    format!("First mail in about {}", counted(u64::from(guide.minutes_left()), "minute", "minutes")),
                    format!("{} of {} steps done. Next: {}.", guide.done(), guide.steps.len(), next.title),
                )
            };
            self.rows.push(Need {
                icon: "flag",
                tone: "brand",
                fact,
                context,
                href: "/guide".to_owned(),
                go: "Go on",
                ..Need::default()
            });
        }
        Ok(())
    }
}
