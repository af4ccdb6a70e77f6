//! Tries to prove who one is are limited, per account and per network, in the store: a restart forgives nothing.
//!
//! A try is counted before it is judged, so that a hundred at once are not all judged against the same count,
//! and forgiven when it succeeds. Tries during a wait are refused without being counted: a stranger can delay
//! an account's owner, but never lock the owner out for good (and a reset by mail ends the delay).

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::store::TRIES;
use crate::base::{UnixMillis, UserId, INSTANCE};
use crate::config::Limits;
use crate::http::ClientIp;
use crate::store::{Key, StoreError, Txn};

const MINUTE: Duration = Duration::from_secs(60);
/// Failures older than this count no more.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Six digits have a million values and three are right at a time.
const SECOND_STEP_TRIES: u32 = 5;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counter {
    Account(UserId),
    /// A name or address that nobody has: counted alike, so that it is refused alike.
    UnknownLogin(String),
    SecondStep(UserId),
    /// Sign-ins from one network (an IPv6 /64 is one).
    Network(IpAddr),
    /// Mails asked for by one network.
    Reset(IpAddr),
}

impl Counter {
    pub fn network(address: IpAddr) -> Self {
        Self::Network(ClientIp(address).network())
    }

    pub fn reset(address: IpAddr) -> Self {
        Self::Reset(ClientIp(address).network())
    }

    fn key(&self, txn: &Txn<'_>) -> Result<Key, StoreError> {
        let (kind, text) = match self {
            Self::Account(user) => (1, user.to_string()),
            Self::UnknownLogin(login) => (2, login.clone()),
            Self::SecondStep(user) => (3, user.to_string()),
            Self::Network(address) => (4, address.to_string()),
            Self::Reset(address) => (5, address.to_string()),
        };
        Ok(Key::of(&TRIES, INSTANCE).u8(kind).bytes(&txn.blind(INSTANCE, "sign-in tries", &text)?))
    }

    /// How long to wait after this many failures.
    fn wait_after(&self, failures: u32, limits: &Limits) -> Duration {
        match self {
            Self::Account(_) | Self::UnknownLogin(_) => account_wait(failures, limits.sign_in_tries_per_account),
            Self::SecondStep(_) if failures >= SECOND_STEP_TRIES => 5 * MINUTE,
            Self::Network(_) if failures >= limits.sign_in_tries_per_address => WINDOW,
            Self::Reset(_) if failures >= limits.sign_in_tries_per_address => WINDOW,
            _ => Duration::ZERO,
        }
    }
}

/// From the limit on 5 s, doubling with each failure; from twice the limit on a quarter of an hour.
fn account_wait(failures: u32, limit: u32) -> Duration {
    match failures.checked_sub(limit) {
        None => Duration::ZERO,
        Some(beyond) if beyond >= limit => WINDOW,
        Some(beyond) => Duration::from_secs(5 << beyond.min(7)).min(WINDOW),
    }
}

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tries {
    pub failures: u32,
    pub last_at: UnixMillis,
    pub blocked_until: UnixMillis,
}

impl Tries {
    /// Nothing of it counts any more.
    pub fn is_over(&self, now: UnixMillis) -> bool {
        self.blocked_until <= now && self.last_at.plus(WINDOW) <= now
    }
}

/// Refused without being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries")]
pub struct TooManyTries {
    pub retry_after: Duration,
}

/// What counting a try has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Should this try fail, the account is locked for a while: its owner is told.
    pub locks: bool,
}

/// Counts one try on each counter, or refuses when one of them has to wait; then nothing is counted.
pub fn begin(
    txn: &mut Txn<'_>,
    limits: &Limits,
    counters: &[Counter],
    now: UnixMillis,
) -> Result<Result<Counted, TooManyTries>, StoreError> {
    let mut rows = Vec::with_capacity(counters.len());
    for counter in counters {
        let place = counter.key(txn)?;
        let tries = txn.get(&TRIES, &place)?.filter(|tries| !tries.is_over(now)).unwrap_or_default();
        if tries.blocked_until > now {
            return Ok(Err(TooManyTries { retry_after: tries.blocked_until.since(now) }));
        }
        rows.push((place, counter, tries));
    }
    let mut locks = false;
    for (place, counter, tries) in rows {
        let failures = tries.failures.saturating_add(1);
        let wait = counter.wait_after(failures, limits);
        locks |= matches!(counter, Counter::Account(_)) && wait >= WINDOW;
        txn.put(&TRIES, &place, &Tries { failures, last_at: now, blocked_until: now.plus(wait) })?;
    }
    Ok(Ok(Counted { locks }))
}

/// The try succeeded: an account begins anew; a network gets back this one try, since it may have many people.
pub fn forgive(txn: &mut Txn<'_>, counters: &[Counter]) -> Result<(), StoreError> {
    for counter in counters {
        let place = counter.key(txn)?;
        let Some(tries) = txn.get(&TRIES, &place)? else { continue };
        match counter {
            Counter::Network(_) | Counter::Reset(_) if tries.failures > 1 => {
                let failures = tries.failures - 1;
                txn.put(&TRIES, &place, &Tries { failures, blocked_until: UnixMillis::default(), ..tries })?;
            }
            _ => txn.remove(&TRIES, &place)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, NOW};

    #[test]
    fn the_delay_grows_with_each_failure_and_ends_at_a_quarter_of_an_hour() {
        let waits: Vec<u64> = (1..=11).map(|failures| account_wait(failures, 5).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 5, 10, 20, 40, 80, 900, 900]);
        assert_eq!(account_wait(2, 1), WINDOW);
    }

    #[test]
    fn a_stranger_delays_an_account_but_never_locks_it_for_good() {
        let test = testing::app();
        let limits = test.app.config.limits.clone();
        let counters = [Counter::Account(test.owner.user.unwrap())];
        let try_at = |now| test.app.store.write(|txn| begin(txn, &limits, &counters, now)).unwrap();
        let mut now = NOW;
        let mut tries = 0;
        loop {
            match try_at(now) {
                Ok(Counted { locks: true }) => break,
                Ok(_) => tries += 1,
                Err(wait) => now = now.plus(wait.retry_after),
            }
        }
        assert_eq!(tries, 9);
        for _ in 0..100 {
            let refused = try_at(now).unwrap_err();
            assert!(refused.retry_after <= WINDOW, "tries while it is locked do not make it longer");
        }
        assert_eq!(try_at(now.plus(WINDOW)), Ok(Counted { locks: false }), "after that it begins anew");
    }

    #[test]
    fn a_network_with_many_people_is_not_charged_for_those_who_sign_in() {
        let test = testing::app();
        let limits = test.app.config.limits.clone();
        let office = Counter::network("2001:db8::1:2:3:4".parse().unwrap());
        let same = Counter::network("2001:db8::ffff".parse().unwrap());
        assert_eq!(office, same, "a /64 is one network");
        for _ in 0..200 {
            let counted = test.app.store.write(|txn| begin(txn, &limits, std::slice::from_ref(&office), NOW)).unwrap();
            assert!(counted.is_ok());
            test.app.store.write(|txn| forgive(txn, std::slice::from_ref(&same))).unwrap();
        }
        for failed in 0..limits.sign_in_tries_per_address {
            let counted = test.app.store.write(|txn| begin(txn, &limits, std::slice::from_ref(&office), NOW)).unwrap();
            assert!(counted.is_ok(), "{failed}");
        }
        let refused = test.app.store.write(|txn| begin(txn, &limits, std::slice::from_ref(&office), NOW)).unwrap();
        assert_eq!(refused, Err(TooManyTries { retry_after: WINDOW }));
    }
}
