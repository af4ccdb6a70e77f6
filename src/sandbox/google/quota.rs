//! Quota: units spent per person and service in the last minute of the sandbox's clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::base::UnixMillis;

const WINDOW: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Quota(BTreeMap<(&'static str, String), VecDeque<(UnixMillis, u32)>>);

impl Quota {
    /// Spends `units` out of `most` a minute; false when they are not left, and then nothing is spent.
    pub fn spend(&mut self, service: &'static str, email: &str, units: u32, most: u32, now: UnixMillis) -> bool {
        let spent = self.0.entry((service, email.to_owned())).or_default();
        while spent.front().is_some_and(|(at, _)| now.since(*at) >= WINDOW) {
            spent.pop_front();
        }
        let used: u32 = spent.iter().map(|(_, units)| units).sum();
        if used + units > most {
            return false;
        }
        spent.push_back((now, units));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_comes_back_as_the_minute_slides_on() {
        let mut quota = Quota::default();
        let spend = |quota: &mut Quota, units, second| {
            quota.spend("gmail", "a@x.example", units, 100, UnixMillis::from_seconds(second))
        };
        assert!(spend(&mut quota, 60, 0));
        assert!(spend(&mut quota, 40, 30));
        assert!(!spend(&mut quota, 1, 59));
        assert!(spend(&mut quota, 60, 60));
        assert!(!spend(&mut quota, 1, 61));
    }
}
