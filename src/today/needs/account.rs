//! What holds everything up: the operator's stop, a connection that only its owner can mend; and the guide.

use std::time::Duration;

use super::{Need, Needs};
use crate::authz::Permission;
use crate::base::{counted, UnixMillis};
use crate::connections::{self, Connection, State};
use crate::deliverability;
use crate::engines::{self, Trouble};
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

    /// What was right about a domain and is not any more: receivers may refuse mail from it.
    pub(super) fn add_domains(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ManageConnections) {
            return Ok(());
        }
        for row in deliverability::list_stored(&day.app.store, day.workspace.id)? {
            for broken in &row.broken {
                self.rows.push(Need {
                    icon: "globe",
                    tone: "bad",
                    fact: format!("{} of {} is not right any more", broken.what.short(), row.domain),
                    context: format!("Since {}: {}", day.time_words(broken.since), broken.words),
                    href: format!("/domains/{}", row.domain),
                    go: "Mend it",
                    ..Need::default()
                });
            }
        }
        Ok(())
    }

    /// The AI service that stopped, and a budget that is spent: nothing stands still, but it is not as it was chosen.
    pub(super) fn add_engine(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::ManageEngines) {
            return Ok(());
        }
        let goes_on = "The built-in engine does its work meanwhile.";
        let (tone, fact, context) = match engines::trouble(day.app, day.workspace.id)? {
            None => return Ok(()),
            Some(Trouble::Stopped { since, name, why }) => (
                "bad",
                format!("{name} is not used any more"),
                format!("Since {}: {why} {goes_on}", day.time_words(since)),
            ),
            Some(Trouble::Spent { period }) => {
                ("warn", format!("The AI budget of {period} is spent"), goes_on.to_owned())
            }
            Some(Trouble::NearlySpent { period }) => {
                ("warn", format!("80 % of the AI budget of {period} is spent"), format!("At 100 %: {goes_on}"))
            }
        };
        self.rows.push(Need {
            icon: "star",
            tone,
            fact,
            context,
            href: "/settings/engines".to_owned(),
            go: "Look",
            ..Need::default()
        });
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
