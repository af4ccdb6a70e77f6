//! "Needs you": what stands still until a person decides, the most urgent kind first.

mod account;
mod doubts;
mod meetings;
mod money;
mod replies;
mod workers;

pub use doubts::InDoubt;

use askama::Template;

use super::day::{Day, TodayError};

/// Mails in doubt, and replies looked at.
const LOOKED_AT: usize = 200;

/// Rows of one kind; the rest is counted in the last of them.
const SHOWN: usize = 4;

#[derive(Template)]
#[template(path = "today/_needs.html")]
pub struct Needs {
    csrf: String,
    rows: Vec<Need>,
    pub drafts: u32,
}

/// One row: what it is, and at most two ways on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Need {
    icon: &'static str,
    tone: &'static str,
    fact: String,
    context: String,
    /// The whole row is the link.
    href: String,
    /// Words of the button that such a row shows.
    go: &'static str,
    /// A quiet link beside the act.
    read: String,
    acts: Vec<Act>,
}

#[derive(Debug, PartialEq, Eq)]
struct Act {
    action: String,
    words: String,
    kind: &'static str,
    /// The step that is meant, where the act is about one.
    step: String,
}

impl Needs {
    pub fn read(day: &Day<'_>, csrf: &str) -> Result<Self, TodayError> {
        let mut needs = Self { csrf: csrf.to_owned(), rows: Vec::new(), drafts: 0 };
        needs.add_suspension(day);
        needs.add_connections(day)?;
        needs.add_domains(day)?;
        needs.add_engine(day)?;
        let waiting = replies::waiting_replies(day)?;
        needs.add_perhaps_opt_outs(day, &waiting)?;
        needs.add_drafts(day)?;
        needs.add_replies(day, &waiting)?;
        needs.add_proposals(day)?;
        needs.add_troubled(day)?;
        needs.add_money(day)?;
        needs.add_meetings(day)?;
        needs.add_doubts(day)?;
        needs.add_to_read(day)?;
        needs.add_tasks(day)?;
        needs.add_follow_ups(day)?;
        needs.add_workers(day)?;
        needs.add_guide(day)?;
        Ok(needs)
    }

    fn add_more(&mut self, fact: &str, href: &str) {
        let (fact, href) = (fact.to_owned(), href.to_owned());
        self.rows.push(Need { icon: "more", fact, href, go: "Look", ..Need::default() });
    }

    fn add_rest(&mut self, all: usize, what: &str, href: &str) {
        if all > SHOWN {
            self.rows.push(Need {
                icon: "more",
                fact: format!("{} more {what}", all - SHOWN),
                href: href.to_owned(),
                go: "Look",
                ..Need::default()
            });
        }
    }
}

#[cfg(test)]
mod tests;
