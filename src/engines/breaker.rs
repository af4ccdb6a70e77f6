//! Leaves a service alone that fails again and again (G10). Pure.

use std::time::Duration;

use super::model::State;
use crate::base::UnixMillis;

/// So many failures …
const MOST: usize = 5;
/// … within this time …
const WITHIN: Duration = Duration::from_secs(120);
/// … and nobody asks for so long.
const REST: Duration = Duration::from_secs(60);

pub fn is_open(state: &State, now: UnixMillis) -> bool {
    state.open_until.is_some_and(|until| until > now)
}

/// A failure of the service, not of the question.
pub fn note_failure(state: &mut State, now: UnixMillis) {
    state.failures.retain(|at| now.since(*at) < WITHIN);
    state.failures.push(now);
    if state.failures.len() >= MOST {
        state.failures.clear();
        state.open_until = Some(now.plus(REST));
    }
}

pub fn note_success(state: &mut State) {
    state.failures.clear();
    state.open_until = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> UnixMillis {
        UnixMillis::from_seconds(1_000_000 + second)
    }

    #[test]
    fn five_failures_in_two_minutes_give_a_minute_of_rest() {
        let mut state = State::default();
        (0..4).for_each(|n| note_failure(&mut state, at(n * 20)));
        assert!(!is_open(&state, at(80)));
        note_failure(&mut state, at(100));
        assert!(is_open(&state, at(159)) && !is_open(&state, at(160)));
    }

    #[test]
    fn failures_that_lie_apart_and_those_before_a_success_do_not_add_up() {
        let mut apart = State::default();
        (0..20).for_each(|n| note_failure(&mut apart, at(n * 31)));
        assert!(!is_open(&apart, at(600)));
        let mut mended = State::default();
        (0..4).for_each(|n| note_failure(&mut mended, at(n)));
        note_success(&mut mended);
        note_failure(&mut mended, at(5));
        assert!(!is_open(&mended, at(6)));
    }
}
