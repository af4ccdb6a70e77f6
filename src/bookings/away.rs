//! Days off as people see them: what stands on them all the same, and how a calendar marks them. They keep new times from
//! being offered; what was agreed before stays, and its owner decides.

use jiff::civil::Date;

use super::grid::{after, midnight};
use super::model::Booking;
use super::store;
use super::views::Names;
use crate::app::App;
use crate::authz::Actor;
use crate::availability::{self, Away, Owner, Span, TimesOf};
use crate::base::UserId;
use crate::identity::User;
use crate::store::{StoreError, Txn};
use crate::workspaces::{self, WorkspaceError};

/// Meetings that are named below one stretch of days off.
const NAMED: usize = 20;

/// What stands on somebody's days off.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OnDaysOff {
    /// "Thu 26 Nov, 11:30: Gwen Hartley" and its page; the next first.
    pub named: Vec<(String, String)>,
    pub more: usize,
}

/// Meetings and requests that stand on these days off of `owner`; what is over is not among them.
pub fn on_days_off(
    app: &App,
    actor: &Actor,
    (owner, times): (Owner, &TimesOf),
    away: &Away,
) -> Result<OnDaysOff, StoreError> {
    let zone = times.default().hours.time_zone();
    let off = Span::new(midnight(away.from, &zone).max(app.now()), midnight(after(away.to, 1), &zone));
    if off.start >= off.end {
        return Ok(OnDaysOff::default());
    }
    // What begins on the evening before may reach into the first day.
    let wider = Span::new(midnight(after(away.from, -1), &zone), off.end);
    let mut there = store::list_between(&app.store, actor.workspace, wider)?;
    there.retain(|booking| stands(booking) && booking.span().overlaps(&off));
    let mut of_owner = Vec::new();
    for booking in there {
        if app.store.read(|txn| concerns(txn, owner, &booking))? {
            of_owner.push(booking);
        }
    }
    let mut names = Names::new(app, actor.workspace);
    let mut named = Vec::new();
    for booking in of_owner.iter().take(NAMED) {
        let when = booking.start.in_zone(&zone).strftime("%a %-d %b, %H:%M");
        let asks = if booking.state.is_proposed() { ", asked for" } else { "" };
        named.push((format!("{when}: {}{asks}", names.of(booking.contact)?), format!("/calendar/{}", booking.id)));
    }
    Ok(OnDaysOff { more: of_owner.len() - named.len(), named })
}

fn stands(booking: &Booking) -> bool {
    booking.state.is_booked() || booking.is_pending()
}

/// The hours of the workspace are those of its workers, and of hosts who have set none.
fn concerns(txn: &mut Txn<'_>, owner: Owner, booking: &Booking) -> Result<bool, StoreError> {
    let hosts = &booking.details.hosts;
    let Owner::Workspace = owner else { return Ok(hosts.iter().any(|host| owner == Owner::Person(*host))) };
    for host in hosts {
        if !availability::has_own_times(txn, booking.workspace, Owner::Person(*host))? {
            return Ok(true);
        }
    }
    Ok(hosts.is_empty())
}

/// Everybody's days off, for marking the days of a calendar.
pub struct DaysOff {
    /// Empty for the viewer's own.
    each: Vec<(String, Vec<Away>)>,
}

impl DaysOff {
    /// Of all whose bookings the calendar shows: of one `host` alone, where it shows no others.
    pub fn read(app: &App, actor: &Actor, host: Option<UserId>) -> Result<Self, StoreError> {
        let members = members(app, actor)?;
        app.store.read(|txn| {
            let mut each = Vec::new();
            let mut follows = host.is_none();
            for member in members.iter().filter(|member| host.is_none_or(|host| member.id == host)) {
                let owner = Owner::Person(member.id);
                if !availability::has_own_times(txn, actor.workspace, owner)? {
                    follows = true;
                    continue;
                }
                let name = if actor.user == Some(member.id) { String::new() } else { member.name.clone() };
                each.push((name, availability::find_times(txn, actor.workspace, owner)?.away));
            }
            if follows {
                let times = availability::find_times(txn, actor.workspace, Owner::Workspace)?;
                each.push(("the workspace".to_owned(), times.away));
            }
            Ok(Self { each })
        })
    }

    /// Nobody whose bookings the calendar shows is there on that day.
    pub fn is_everybody(&self, date: Date) -> bool {
        !self.each.is_empty() && self.each.iter().all(|(_, days)| is_among(date, days))
    }

    /// "Out of office", "Out of office: Ann, the workspace"; empty on a day on which nobody is.
    pub fn words(&self, date: Date) -> String {
        let off = self.each.iter().filter(|(_, days)| is_among(date, days));
        let names: Vec<&str> = off.map(|(name, _)| if name.is_empty() { "you" } else { name.as_str() }).collect();
        match names[..] {
            [] => String::new(),
            ["you"] => "Out of office".to_owned(),
            _ => format!("Out of office: {}", names.join(", ")),
        }
    }
}

fn is_among(date: Date, days: &[Away]) -> bool {
    days.iter().any(|away| (away.from..=away.to).contains(&date))
}

fn members(app: &App, actor: &Actor) -> Result<Vec<User>, StoreError> {
    match workspaces::list_members(app, actor) {
        Ok(members) => Ok(members.into_iter().map(|(_, user)| user).collect()),
        Err(WorkspaceError::Store(error)) => Err(error),
        // Who may not see the members sees the days of the workspace alone.
        Err(_) => Ok(Vec::new()),
    }
}
