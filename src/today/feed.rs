//! "Just now": the newest entries of the workspace's log, each with the name of the person it is about.

use std::time::Duration;

use askama::Template;

use super::day::{Day, TodayError};
use super::people::People;
use crate::authz::Permission;
use crate::base::UnixMillis;
use crate::events::{self, Happened};
use crate::identity;

const SHOWN: usize = 8;
/// The same about the same person within this time is told once.
const SAME_WITHIN: Duration = Duration::from_secs(3600);
/// Entries looked at: some are steps in between that the feed leaves out.
const LOOKED_AT: usize = 60;

#[derive(Template)]
#[template(path = "today/_feed.html")]
pub struct Feed {
    lines: Vec<Line>,
}

struct Line {
    icon: &'static str,
    tone: &'static str,
    words: String,
    name: String,
    href: String,
    at_iso: String,
    at: String,
    /// How often it happened in a row.
    times: u32,
    oldest: UnixMillis,
}

impl Line {
    fn words(&self) -> String {
        match self.times {
            1 => self.words.clone(),
            times => format!("{}, {times} times", self.words),
        }
    }
}

/// Whom an entry is about: name, and their page. A member of the team has none.
fn about(day: &Day<'_>, people: &mut People<'_>, what: &Happened) -> Result<(String, String), TodayError> {
    if let Happened::MemberJoined { user } | Happened::MemberLeft { user } = what {
        let found = identity::get(&day.app.store, *user)?;
        let href = if day.actor.may(Permission::ManageTeam) { "/settings/team" } else { "" };
        return Ok((found.map_or_else(|| "Somebody who was erased".to_owned(), |user| user.name), href.to_owned()));
    }
    Ok(match what.contact() {
        Some(id) => (people.get(id)?.name, format!("/contacts/{id}")),
        None => Default::default(),
    })
}

impl Feed {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        // It tells of replies and of outreach at once.
        if !day.actor.may(Permission::ViewReplies) || !day.actor.may(Permission::ViewOutreach) {
            return Ok(None);
        }
        let newest = events::list_newest(&day.app.store, day.workspace.id, None, None, LOOKED_AT)?;
        let mut people = People::of(day.app, day.workspace.id);
        let mut lines: Vec<Line> = Vec::new();
        for event in newest.rows.iter().filter(|event| is_news(&event.what)) {
            let (icon, tone, words) = events::words(event);
            let (name, href) = about(day, &mut people, &event.what)?;
            // The same, told again at once, is one line.
            let same = lines.last_mut().filter(|line| (&line.words, &line.name) == (&words, &name));
            if let Some(same) = same.filter(|line| line.oldest.since(event.at) < SAME_WITHIN) {
                same.times += 1;
                same.oldest = event.at;
                continue;
            }
            if lines.len() == SHOWN {
                break;
            }
            let (at_iso, at) = (event.at.to_rfc3339(), day.time_words(event.at));
            lines.push(Line { icon, tone, words, name, href, at_iso, at, times: 1, oldest: event.at });
        }
        Ok(Some(Self { lines }))
    }
}

/// Steps in between, which another line tells anyway: an answer shows once it was read, an opt-out says that no more
/// mail leaves.
fn is_news(what: &Happened) -> bool {
    use Happened as H;
    !matches!(
        what,
        H::MessageQueued { .. }
            | H::MessageReceived { .. }
            | H::Suppressed { .. }
            | H::Enrolled { .. }
            | H::EnrolmentEnded { .. }
            | H::ContactChanged { .. }
            | H::ContactCreated { .. }
            | H::AddressesChecked { refused: 0, .. }
            | H::Unknown
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ContactId, EmailAddress, ReplyId};
    use crate::store::StoreError;

    #[test]
    fn the_feed_names_who_joined_and_tells_the_same_only_once() {
        let test = crate::testing::app();
        let (app, now) = (&test.app, test.app.now());
        let new = identity::NewAccount {
            name: "Ann Lee".into(),
            email: EmailAddress::parse("ann@fernhill.example").unwrap(),
            password: None,
        };
        let account = identity::prepare(&new, &[], now).unwrap();
        let contact = ContactId::new(now);
        let read = || Happened::ReplyClassified { reply: ReplyId::new(now), contact, label: "interested".into() };
        let events = [Happened::MemberJoined { user: account.user.id }, read(), read(), Happened::WorkspaceCreated];
        app.store
            .write(|txn| {
                identity::insert(txn, &account)?;
                events.iter().try_for_each(|what| events::append(txn, test.workspace, now, what.clone()).map(drop))
            })
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        let day = Day::open(app, &test.owner).unwrap();
        let lines = Feed::read(&day).unwrap().unwrap().lines;
        let said: Vec<(String, &str)> = lines.iter().map(|line| (line.words(), line.name.as_str())).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert_eq!(said[1].0, "Read as: Interested, 2 times");
        assert_eq!(said[2], ("Joined the team".to_owned(), "Ann Lee"));
        assert_eq!(lines[2].href, "/settings/team");
    }
}
