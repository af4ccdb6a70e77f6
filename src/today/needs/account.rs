//! What holds everything up: the operator's stop, a connection that only its owner can mend; and the guide.

use std::time::Duration;

use super::{Need, Needs};
use crate::authz::Permission;
use crate::base::{counted, UnixMillis};
use crate::connections::{self, Connection, State};
use crate::today::day::{Day, TodayError};
use crate::today::guide::Guide;
use crate::workspaces::WorkspaceState;

/// A pause of minutes is nobody's worry.
const LONG: Duration = Duration::from_secs(3600);

fn was_held_for_long(connection: &Connection, now: UnixMillis) -> bool {
    connection.health.last_success.is_none_or(|at| now.since(at) > LONG)
}

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
            let href = format!("/connections/{}", connection.id);
            let need = match &connection.state {
                State::NeedsOwner { reason, .. } => Need {
                    icon: "plug",
                    tone: "bad",
                    fact: format!("{} stands still", connection.address),
                    context: reason.clone(),
                    href,
                    go: "Mend it",
                    ..Need::default()
                },
                State::Waiting { until, reason } if *until > day.now && was_held_for_long(&connection, day.now) => {
                    let goes_on = day.time_words(*until);
                    Need {
                        icon: "clock",
                        tone: "warn",
                        fact: format!("{} is held back", connection.address),
                        context: format!("{reason} Nothing is lost; it is tried again {goes_on}."),
                        href,
                        go: "See why",
                        ..Need::default()
                    }
                }
                _ => continue,
            };
            self.rows.push(need);
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
