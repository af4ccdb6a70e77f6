//! Quota: units spent per person and service within the last while of the sandbox's clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::base::UnixMillis;

/// What a service allows each person.
#[derive(Clone, Copy)]
pub(super) struct Allowance {
    pub service: &'static str,
    pub units: u32,
    pub within: Duration,
}

#[derive(Default)]
pub(super) struct Quota(BTreeMap<(&'static str, String), VecDeque<(UnixMillis, u32)>>);

impl Quota {
    /// Spends `units`; when they are not left nothing is spent, and the error says how long the first of what was
    /// spent still counts.
    pub fn spend(&mut self, allowance: Allowance, email: &str, units: u32, now: UnixMillis) -> Result<(), Duration> {
        let spent = self.0.entry((allowance.service, email.to_owned())).or_default();
        while spent.front().is_some_and(|(at, _)| now.since(*at) >= allowance.within) {
            spent.pop_front();
        }
        let used: u32 = spent.iter().map(|(_, units)| units).sum();
        if used + units > allowance.units {
            let first = spent.front().map_or(now, |(at, _)| *at);
            return Err(first.plus(allowance.within).since(now));
        }
        spent.push_back((now, units));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_comes_back_as_the_minute_slides_on() {
        let mut quota = Quota::default();
        let gmail = Allowance { service: "gmail", units: 100, within: Duration::from_secs(60) };
        let spend = |quota: &mut Quota, units, second| {
            quota.spend(gmail, "a@x.example", units, UnixMillis::from_seconds(second))
        };
        assert_eq!(spend(&mut quota, 60, 0), Ok(()));
        assert_eq!(spend(&mut quota, 40, 30), Ok(()));
        assert_eq!(spend(&mut quota, 1, 59), Err(Duration::from_secs(1)));
        assert_eq!(spend(&mut quota, 60, 60), Ok(()));
        assert_eq!(spend(&mut quota, 1, 61), Err(Duration::from_secs(29)));
    }
}
