//! What an address asks for.

use std::str::FromStr;

use serde::Deserialize;
use utoipa::IntoParams;

use super::slice::{Slice, What};

/// Which leads are meant. An empty value is as if it were absent.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only leads of this worker.
    worker: Option<String>,
    /// Only leads in this sequence.
    sequence: Option<String>,
    /// Only leads that this mailbox wrote to first.
    mailbox: Option<String>,
    /// Only mails of this step; mails are counted then and not leads.
    step: Option<String>,
    /// Only mails in this wording.
    variant: Option<String>,
    /// YYYY-MM-DD: only leads first written to in the week of this day (Monday to Sunday) or later.
    from: Option<String>,
    /// YYYY-MM-DD: only leads first written to in the week of this day or before.
    to: Option<String>,
    /// What became of them: `contacted` (the default), `delivered`, `replied`, `interested`, `booked`, `opted-out`,
    /// `bounced`, `away`, `label-…` with a label, `wait-…` with the number of a bucket, `replied-week-…` or
    /// `booked-week-…` with the number of weeks after the first mail.
    what: Option<String>,
}

impl Asked {
    /// The slice and what became of it, or the names of what cannot be read, each with words.
    pub fn read(&self) -> Result<(Slice, What), Vec<(&'static str, String)>> {
        let mut wrong = Vec::new();
        let slice = Slice {
            worker: part("worker", &self.worker, "the id of a worker", &mut wrong),
            sequence: part("sequence", &self.sequence, "the id of a sequence", &mut wrong),
            mailbox: part("mailbox", &self.mailbox, "the id of a connection", &mut wrong),
            step: part("step", &self.step, "the id of a step", &mut wrong),
            variant: part("variant", &self.variant, "the id of a wording", &mut wrong),
            from: part("from", &self.from, "a day like 2026-11-24", &mut wrong),
            to: part("to", &self.to, "a day like 2026-11-24", &mut wrong),
        };
        let asked = self.what.as_deref().filter(|what| !what.is_empty());
        let what = asked.map_or(Some(What::Contacted), What::parse);
        if what.is_none() {
            wrong.push(("what", "what is none of the lists of the analytics.".to_owned()));
        }
        match what {
            Some(what) if wrong.is_empty() => Ok((slice, what)),
            _ => Err(wrong),
        }
    }
}

fn part<T: FromStr>(
    name: &'static str,
    text: &Option<String>,
    is: &str,
    wrong: &mut Vec<(&'static str, String)>,
) -> Option<T> {
    let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
    let read = text.parse().ok();
    if read.is_none() {
        wrong.push((name, format!("{name} is {is}.")));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_each_part_that_is_wrong_named() {
        let asked = |query: &str| serde_urlencoded_of(query).read();
        assert_eq!(asked("").unwrap(), (Slice::default(), What::Contacted));
        assert_eq!(asked("worker=&from=&what=").unwrap(), (Slice::default(), What::Contacted), "an empty form");
        let (slice, what) = asked("from=2026-11-25&what=opted-out").unwrap();
        assert_eq!((slice.query().as_str(), what), ("from=2026-11-23", What::OptedOut));
        let wrong = asked("worker=x&to=2026-99-01&what=fun").unwrap_err();
        let names: Vec<&str> = wrong.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["worker", "to", "what"]);
    }

    fn serde_urlencoded_of(query: &str) -> Asked {
        actix_web::web::Query::<Asked>::from_query(query).unwrap().into_inner()
    }
}
