//! Times as people read them: relative below an hour, else on the clock of the workspace.

use jiff::tz::TimeZone;

use crate::base::UnixMillis;

pub(super) struct Times {
    pub zone: TimeZone,
    pub now: UnixMillis,
}

/// For `<time datetime>`, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub iso: String,
    pub words: String,
}

impl Times {
    pub fn moment(&self, at: UnixMillis) -> Moment {
        Moment { iso: at.to_rfc3339(), words: self.words(at) }
    }

    fn words(&self, at: UnixMillis) -> String {
        let (ago, ahead) = (self.now.since(at).as_secs(), at.since(self.now).as_secs());
        match (ago, ahead) {
            (0..=4, 0) => "just now".to_owned(),
            (seconds @ 5..=59, 0) => format!("{seconds} s ago"),
            (seconds @ 60..=3599, 0) => format!("{} min ago", seconds / 60),
            (0, seconds @ 1..=3599) => format!("in {} min", seconds.div_ceil(60)),
            _ => self.on_the_clock(at),
        }
    }

    fn on_the_clock(&self, at: UnixMillis) -> String {
        let (then, now) = (at.in_zone(&self.zone), self.now.in_zone(&self.zone));
        let form = match () {
            () if then.date() == now.date() => "%H:%M",
            () if then.year() == now.year() => "%a %-d %b, %H:%M",
            () => "%a %-d %b %Y, %H:%M",
        };
        then.strftime(form).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    #[test]
    fn a_time_is_relative_below_an_hour_and_on_the_clock_above() {
        let times = Times { zone: TimeZone::get("Europe/Paris").unwrap(), now: NOW };
        let cases = [
            (0, "just now"),
            (-40, "40 s ago"),
            (-150, "2 min ago"),
            (90, "in 2 min"),
            (-7200, "09:00"),
            (-86_400, "Mon 23 Nov, 11:00"),
            (-86_400 * 400, "Mon 20 Oct 2025, 12:00"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(times.words(UnixMillis(NOW.0 + seconds * 1000)), expected, "{seconds}");
        }
    }
}
