//! Reading and changing somebody's hours.

use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::availability::{self, Owner, TimesOf};
use crate::base::{Mistakes, UserId};
use crate::http::api::FieldError;
use crate::http::{ApiError, PageError};
use crate::identity::User;
use crate::store::StoreError;
use crate::workspaces::{self, WorkspaceError};

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such thing in this workspace")]
    NotFound,
    #[error("some values do not parse")]
    Invalid(Mistakes),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose hours a page or a program names: `workspace`, the id of a member, or nothing for oneself.
pub fn read_owner(actor: &Actor, named: &str) -> Result<Owner, SetupError> {
    match (named, actor.user) {
        ("workspace", _) | ("", None) => Ok(Owner::Workspace),
        ("", Some(user)) => Ok(Owner::Person(user)),
        (id, _) => id.parse::<UserId>().map(Owner::Person).map_err(|_| SetupError::NotFound),
    }
}

/// The word of an owner in addresses.
pub fn owner_word(owner: Owner) -> String {
    match owner {
        Owner::Workspace => "workspace".to_owned(),
        Owner::Person(user) => user.to_string(),
    }
}

pub fn members(app: &App, actor: &Actor) -> Result<Vec<User>, SetupError> {
    let members = workspaces::list_members(app, actor).map_err(|error| match error {
        WorkspaceError::Denied(denied) => SetupError::Denied(denied),
        WorkspaceError::Store(error) => SetupError::Store(error),
        _ => SetupError::NotFound,
    })?;
    Ok(members.into_iter().map(|(_, user)| user).collect())
}

fn is_here(app: &App, actor: &Actor, owner: Owner) -> Result<(), SetupError> {
    let Owner::Person(user) = owner else { return Ok(()) };
    let is_member = members(app, actor)?.iter().any(|member| member.id == user);
    is_member.then_some(()).ok_or(SetupError::NotFound)
}

/// May the actor change these hours? One's own with bookings, others' with the workspace.
pub fn may_change(actor: &Actor, owner: Owner) -> bool {
    actor.may(needed(actor, owner))
}

fn needed(actor: &Actor, owner: Owner) -> Permission {
    match owner {
        Owner::Person(user) if actor.user == Some(user) => Permission::EditBookings,
        Owner::Person(_) | Owner::Workspace => Permission::ManageWorkspace,
    }
}

pub fn get(app: &App, actor: &Actor, owner: Owner) -> Result<TimesOf, SetupError> {
    actor.require(Permission::ViewCalendar)?;
    is_here(app, actor, owner)?;
    Ok(availability::times_of(&app.store, actor.workspace, owner)?)
}

/// Changes somebody's hours; the first change makes them their own.
pub fn change(
    app: &App,
    actor: &Actor,
    owner: Owner,
    act: impl Fn(&mut TimesOf) -> Result<(), SetupError>,
) -> Result<TimesOf, SetupError> {
    actor.require(Permission::EditBookings)?;
    actor.require(needed(actor, owner))?;
    is_here(app, actor, owner)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut times = availability::find_times(txn, actor.workspace, owner)?;
        act(&mut times)?;
        times.check().map_err(SetupError::Invalid)?;
        availability::put_times(txn, actor.workspace, owner, &times)?;
        let on = format!("hours of {}", owner_word(owner));
        audit::record(txn, actor.workspace, now, &Who::of(actor), "hours.changed", &on, "")?;
        Ok(times)
    })
}

impl From<SetupError> for PageError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Denied(denied) => denied.into(),
            SetupError::NotFound => Self::NotFound,
            SetupError::Invalid(wrong) => Self::bad_request(wrong.words(), "Go back and correct it."),
            SetupError::Store(error) => Self::internal("could not read or write hours or event types", &error),
        }
    }
}

impl From<SetupError> for ApiError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Invalid(wrong) => {
                let error = |(field, words): (&'static str, String)| FieldError::at(&format!("/{field}"), words);
                Self::invalid(wrong.into_iter().map(error).collect())
            }
            other => PageError::from(other).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Role;
    use crate::testing;

    #[test]
    fn everybody_changes_their_own_hours_and_admins_those_of_others() {
        let test = testing::app();
        testing::add_members(&test.app);
        let all = members(&test.app, &test.owner).unwrap();
        let [nora, ann, vic] = &all[..] else { panic!("{}", all.len()) };
        let actor = |user: &User, role| Actor { user: Some(user.id), role, ..test.owner.clone() };
        let cases = [
            ("an agent their own", actor(ann, Role::Agent), Owner::Person(ann.id), true),
            ("an agent somebody else's", actor(ann, Role::Agent), Owner::Person(nora.id), false),
            ("an agent the workspace's", actor(ann, Role::Agent), Owner::Workspace, false),
            ("a viewer their own", actor(vic, Role::Viewer), Owner::Person(vic.id), false),
            ("an admin somebody else's", actor(nora, Role::Admin), Owner::Person(ann.id), true),
        ];
        for (name, actor, owner, expected) in cases {
            let done = change(&test.app, &actor, owner, |times| {
                times.schedules[0].name = "Mornings".into();
                Ok(())
            });
            assert_eq!(done.is_ok(), expected, "{name}");
            let now = get(&test.app, &actor, owner).unwrap();
            assert_eq!(now.schedules[0].name == "Mornings", expected, "{name}");
        }
        let stranger = Owner::Person(UserId::new(testing::NOW));
        assert!(matches!(get(&test.app, &test.owner, stranger), Err(SetupError::NotFound)));
    }
}
