//! How many mails may leave, as arithmetic alone: the gate asks it with what was counted, the forecast with what would
//! be. Every limit is of the last 24 hours.

use super::usage::Window;
use crate::base::{ConnectionId, UnixMillis};
use crate::connections::Pace;
use crate::workers::{Limits, Worker};

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// By everything that leaves the mailbox.
    Mailbox,
    /// By first mails: the rest of the mailbox's day is kept for follow-ups.
    FirstMails,
    Worker,
    /// The recipient's domain.
    Domain,
}

/// What was sent in the last 24 hours.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    pub mailbox: &'a Window,
    pub first_mails: &'a Window,
    /// Of a mail that no worker sends there is none.
    pub worker: Option<&'a Window>,
    pub domain: &'a Window,
}

/// How much may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    pub mailbox: u32,
    pub first_mails: u32,
    pub worker: u32,
    pub domain: u32,
}

impl Caps {
    /// `mailbox` is the cap of the mailbox as of now, `hard` that of the operator; `reserve` the part of the mailbox's day
    /// that is kept for follow-ups, in percent.
    pub fn of(mailbox: u32, reserve: u32, limits: &Limits, hard: u32) -> Self {
        Self {
            mailbox,
            first_mails: first_mails(mailbox, reserve),
            worker: limits.per_day.min(hard),
            domain: limits.mails_per_domain(),
        }
    }
}

/// What a mailbox may send in 24 hours as of now: its own cap or the operator's, less while it begins small.
pub fn mailbox_cap(pace: &Pace, hard: u32, sent: &Window, now: UnixMillis) -> u32 {
    let cap = pace.daily_cap.min(hard);
    if pace.ramp_up {
        sent.ramped(cap, now)
    } else {
        cap
    }
}

/// The part of a mailbox's day that is kept for follow-ups, in percent: the most that any worker at work with it asks for,
/// so that the first mails of one do not take what another one keeps.
pub fn reserve_of(workers: &[Worker], mailbox: ConnectionId) -> u32 {
    let sends = |worker: &&Worker| worker.state.is_working() && worker.mailboxes().contains(&mailbox);
    workers.iter().filter(sends).map(|worker| worker.limits.follow_up_percent).max().unwrap_or(0)
}

/// What is not kept for follow-ups; at least one, so that a small day begins at all.
fn first_mails(mailbox: u32, follow_up_percent: u32) -> u32 {
    let share = 100 - follow_up_percent.min(Limits::MOST_FOLLOW_UP_PERCENT);
    let mails = u64::from(mailbox) * u64::from(share) / 100;
    u32::try_from(mails).unwrap_or(u32::MAX).max(1).min(mailbox)
}

/// The first limit that a mail meets, and from when on there is room again. `is_first`: its lead was not written to.
pub fn first_reached(
    sent: &Sent<'_>,
    caps: &Caps,
    is_first: bool,
    now: UnixMillis,
) -> Option<(Reached, u32, UnixMillis)> {
    let none = Window::default();
    let all = [
        (Reached::Mailbox, sent.mailbox, caps.mailbox),
        (
            Reached::FirstMails,
            if is_first { sent.first_mails } else { &none },
            if is_first { caps.first_mails } else { 1 },
        ),
        (Reached::Worker, sent.worker.unwrap_or(&none), if sent.worker.is_some() { caps.worker } else { 1 }),
        (Reached::Domain, sent.domain, caps.domain),
    ];
    let reached = all.into_iter().find(|(_, sent, cap)| sent.last_day(now) >= *cap);
    reached.map(|(reached, sent, cap)| (reached, cap, sent.below(cap, now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn sent(mails: i32) -> Window {
        let mut window = Window::default();
        window.add(UnixMillis(DAY * 100), mails);
        window
    }

    #[test]
    fn a_part_of_the_day_is_kept_for_follow_ups() {
        let now = UnixMillis(DAY * 100 + 1000);
        let limits = Limits { per_day: 100, per_domain_day: 100, follow_up_percent: 30, ..Limits::default() };
        let caps = Caps::of(30, limits.follow_up_percent, &limits, 200);
        assert_eq!(caps, Caps { mailbox: 30, first_mails: 21, worker: 100, domain: 100 });
        let none = Window::default();
        let cases = [
            (20, 20, true, None),
            (21, 21, true, Some(Reached::FirstMails)),
            (21, 21, false, None),
            (30, 21, false, Some(Reached::Mailbox)),
            (29, 5, true, None),
        ];
        for (all, first, is_first, expected) in cases {
            let (mailbox, first_mails) = (sent(all), sent(first));
            let counted = Sent { mailbox: &mailbox, first_mails: &first_mails, worker: Some(&none), domain: &none };
            let reached = first_reached(&counted, &caps, is_first, now);
            assert_eq!(reached.map(|(reached, ..)| reached), expected, "{all} sent, {first} of them first mails");
        }
        for (mailbox, percent, first) in [(10, 0, 10), (1, 90, 1), (0, 30, 0), (10, 100, 1), (u32::MAX, 30, 3006477106)]
        {
            assert_eq!(first_mails(mailbox, percent), first, "{percent} % of {mailbox}");
        }
    }

    #[test]
    fn a_limit_says_when_there_is_room_again() {
        let (one, none) = (sent(3), Window::default());
        let limits = Limits { per_domain_day: 3, ..Limits::default() };
        let caps = Caps::of(30, 0, &limits, 200);
        let counted = Sent { mailbox: &none, first_mails: &none, worker: None, domain: &one };
        let now = UnixMillis(DAY * 100 + 3_600_000);
        let (reached, cap, at) = first_reached(&counted, &caps, true, now).unwrap();
        assert_eq!((reached, cap), (Reached::Domain, 3));
        assert!(at > UnixMillis(DAY * 101) && at <= UnixMillis(DAY * 101 + 60_000), "a day after it was sent: {at:?}");
        assert_eq!(first_reached(&counted, &caps, true, at), None);
    }
}
