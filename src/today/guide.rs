//! The guide to the first mail: what is set up, what comes next. Nothing is stored about it; each step is done when
//! what it asks for is there.

use super::day::{Day, TodayError};
use crate::app::App;
use crate::authz::Actor;
use crate::connections::{self, Use};
use crate::contacts;
use crate::http::layout::GuideBar;
use crate::messaging::{self, Delivery, Message, Purpose};
use crate::outreach::{self, Group};
use crate::store::StoreError;
use crate::workers::{self, Worker};

/// Newest messages looked at for one that left.
const LOOKED_AT: usize = 50;

pub struct Guide {
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Step {
    pub title: &'static str,
    /// What it is for; once done, what there is.
    pub words: String,
    pub is_done: bool,
    minutes: u32,
    pub way: Way,
}

/// How a step is done from the guide itself.
#[derive(Debug)]
pub enum Way {
    /// A page of its own: its address, and the words of the button.
    Page {
        href: String,
        act: &'static str,
    },
    /// The postal address, typed here.
    Business,
    /// The address to write from, typed here, or a provider that the server is known to.
    Mailbox {
        google: bool,
        microsoft: bool,
    },
    /// A file, chosen here.
    Leads,
    /// A step of the sequence as the newest lead would read it, sent to oneself.
    Test {
        worker: String,
        lead: String,
        step: String,
    },
    SwitchOn {
        worker: String,
    },
}

impl Way {
    fn page(href: impl Into<String>, act: &'static str) -> Self {
        Self::Page { href: href.into(), act }
    }

    /// Where to look at or change what is done.
    pub fn href(&self) -> String {
        match self {
            Way::Page { href, .. } => href.clone(),
            Way::Business => "/settings/workspace".to_owned(),
            Way::Mailbox { .. } => "/connections".to_owned(),
            Way::Leads => "/contacts".to_owned(),
            Way::Test { worker, .. } => format!("/outreach/{worker}/preview"),
            Way::SwitchOn { worker } => format!("/outreach/{worker}"),
        }
    }
}

impl Guide {
    pub fn read(day: &Day<'_>) -> Result<Self, TodayError> {
        let worker = first_worker(day)?;
        let newest = messaging::list_recent(&day.app.store, day.workspace.id, None, LOOKED_AT)?.rows;
        let steps = vec![
            account(day),
            business(day),
            mailbox(day)?,
            leads(day)?,
            make_worker(worker.as_ref()),
            write_mails(day, worker.as_ref())?,
            test_mail(day, worker.as_ref(), &newest)?,
            first_mail(day, worker.as_ref(), &newest),
        ];
        Ok(Self { steps })
    }

    pub fn done(&self) -> u64 {
        self.steps.iter().filter(|step| step.is_done).count() as u64
    }

    pub fn all(&self) -> u64 {
        self.steps.len() as u64
    }

    /// The first step that is not done.
    pub fn now(&self) -> Option<&Step> {
        self.steps.iter().find(|step| !step.is_done)
    }

    /// A mail has left, so whatever is not done was undone since.
    pub fn has_sent(&self) -> bool {
        self.steps.last().is_some_and(|step| step.is_done)
    }

    pub fn minutes_left(&self) -> u32 {
        self.steps.iter().filter(|step| !step.is_done).map(|step| step.minutes).sum()
    }

    /// `done`, `now` or `later`, as the guide's parts are drawn.
    pub fn state(&self, step: &Step) -> &'static str {
        match self.now() {
            _ if step.is_done => "done",
            Some(now) if now.title == step.title => "now",
            _ => "later",
        }
    }
}

/// How far the guide is, for the frame of other pages; `None` once it is done.
pub fn guide_bar(app: &App, actor: &Actor) -> Result<Option<GuideBar>, StoreError> {
    let guide = match Day::open(app, actor).and_then(|day| Guide::read(&day)) {
        Ok(guide) => guide,
        Err(TodayError::Store(error)) => return Err(error),
        Err(TodayError::Denied(_) | TodayError::NotFound) => return Ok(None),
    };
    let at = guide.steps.iter().position(|step| !step.is_done);
    Ok(at.filter(|_| !guide.has_sent()).map(|at| GuideBar {
        step: at as u64 + 1,
        all: guide.all(),
        next: guide.steps[at].title.to_owned(),
    }))
}

fn step(title: &'static str, done: Option<String>, todo: &str, minutes: u32, way: Way) -> Step {
    let is_done = done.is_some();
    Step { title, words: done.unwrap_or_else(|| todo.to_owned()), is_done, minutes, way }
}

/// The one that is on, else the first that was made.
fn first_worker(day: &Day<'_>) -> Result<Option<Worker>, TodayError> {
    let mut all = workers::list(&day.app.store, day.workspace.id)?;
    let at = all.iter().position(|worker| worker.activated_at.is_some()).unwrap_or(0);
    Ok((at < all.len()).then(|| all.swap_remove(at)))
}

/// Whoever reads this has one.
fn account(day: &Day<'_>) -> Step {
    let words = format!("{}. A second step at sign-in keeps it yours.", day.actor.display);
    step("Your account", Some(words), "", 0, Way::page("/settings/security", "Change"))
}

fn business(day: &Day<'_>) -> Step {
    let address = day.workspace.postal_address.lines().map(str::trim).filter(|line| !line.is_empty());
    let address = address.collect::<Vec<_>>().join(", ");
    let done = (!address.is_empty()).then(|| format!("{address}. Shown below each mail, as the law asks."));
    let todo = "Your postal address stands below each mail, as the law asks. Without it nothing leaves.";
    step("Your business", done, todo, 1, Way::Business)
}

fn mailbox(day: &Day<'_>) -> Result<Step, TodayError> {
    let all = connections::list(&day.app.store, day.workspace.id)?;
    let working = all.iter().find(|connection| connection.can(Use::Outreach) && connection.state.is_working());
    let done = working.map(|connection| format!("{}, {}.", connection.address, connection.kind_words()));
    let todo = "The mailbox you write from: Google, Microsoft 365, or any mail server. Only answers to your own mails are opened.";
    Ok(step(
        "Your mailbox",
        done,
        todo,
        2,
        Way::Mailbox {
            google: connections::Provider::Google.is_offered(day.app),
            microsoft: connections::Provider::Microsoft.is_offered(day.app),
        },
    ))
}

fn leads(day: &Day<'_>) -> Result<Step, TodayError> {
    let page = contacts::list_newest(&day.app.store, day.workspace.id, None, 2)?;
    let done = match page.rows.as_slice() {
        [] => None,
        [only] => Some(format!("{} is your first.", only.name())),
        [newest, ..] => Some(format!("{} came last.", newest.name())),
    };
    let todo = "A CSV file, or the first three by hand. Adding somebody sends nothing.";
    Ok(step("Your leads", done, todo, 2, Way::Leads))
}

fn make_worker(worker: Option<&Worker>) -> Step {
    let done = worker.map(|worker| format!("{}.", worker.name));
    let todo = "Whom to write to and why, from which mailbox, within which limits. It is made switched off.";
    let way = match worker {
        Some(worker) => Way::page(format!("/outreach/{}/settings", worker.id), "Change"),
        None => Way::page("/outreach/new", "Make a worker"),
    };
    step("Your first worker", done, todo, 2, way)
}

fn write_mails(day: &Day<'_>, worker: Option<&Worker>) -> Result<Step, TodayError> {
    let sequence = match worker.and_then(|worker| worker.sequence) {
        Some(id) => outreach::get_sequence(&day.app.store, day.workspace.id, id)?,
        None => None,
    };
    let is_written = |sequence: &outreach::Sequence| !sequence.steps.is_empty() && sequence.without_text().is_empty();
    let written = sequence.filter(is_written).map(|sequence| (sequence.steps.len(), sequence.name));
    let done = written.map(|(steps, name)| match steps {
        1 => format!("{name}, one mail."),
        more => format!("{name}, {more} mails."),
    });
    let todo = "What is written, and after how many days again. It stops for a person at the first answer.";
    let href = worker.map_or("/outreach/new".to_owned(), |worker| format!("/outreach/{}/sequence", worker.id));
    Ok(step("Its mails", done, todo, 3, Way::page(href, "Write the first mail")))
}

fn test_mail(day: &Day<'_>, worker: Option<&Worker>, newest: &[Message]) -> Result<Step, TodayError> {
    let test = newest.iter().find(|message| message.purpose == Purpose::Test);
    let done = match test {
        Some(Message { state: Delivery::Sent, sent_at: Some(at), to, .. }) => {
            Some(format!("It left for {to} {}.", day.time_words(*at)))
        }
        // Who writes to leads already needs no rehearsal.
        _ if has_left(newest) => Some("You can send one at any time from the preview.".to_owned()),
        _ => None,
    };
    let todo = match test {
        Some(test) if test.state.is_waiting() => format!("It is on its way to {}.", test.to),
        Some(test) => format!("The last one did not leave: {}", test.state.words()),
        None => "The first mail as your newest lead would read it, sent to your own address.".to_owned(),
    };
    Ok(step("A test to yourself", done, &todo, 1, way_to_test(day, worker)?))
}

/// The test itself where a lead and a text are there, else the page that leads to them.
fn way_to_test(day: &Day<'_>, worker: Option<&Worker>) -> Result<Way, TodayError> {
    let Some(worker) = worker else { return Ok(Way::page("/outreach/new", "Make a worker")) };
    let store = &day.app.store;
    let lead = outreach::list_group(store, day.workspace.id, worker.id, Group::All, None, 1)?.rows.into_iter().next();
    let sequence = worker.sequence.map(|id| outreach::get_sequence(store, day.workspace.id, id)).transpose()?.flatten();
    let step = sequence.and_then(|sequence| sequence.steps.into_iter().next());
    Ok(match (lead, step) {
        (Some(lead), Some(step)) => {
            Way::Test { worker: worker.id.to_string(), lead: lead.id.to_string(), step: step.id.to_string() }
        }
        (None, _) => Way::page(format!("/outreach/{}/leads/choose", worker.id), "Give it its leads"),
        (_, None) => Way::page(format!("/outreach/{}/sequence", worker.id), "Write the first mail"),
    })
}

fn first_mail(day: &Day<'_>, worker: Option<&Worker>, newest: &[Message]) -> Step {
    let sent = newest.iter().filter(|message| is_to_lead(message)).find_map(|message| message.sent_at);
    let done = sent.map(|at| format!("The last one left {}.", day.time_words(at)));
    let (todo, way) = match worker {
        None => ("The worker writes to its leads once you switch it on.", Way::page("/outreach/new", "Make a worker")),
        Some(worker) if worker.state.is_working() => (
            "It is switched on. The first mail leaves in its lead’s office hours.",
            Way::page(format!("/outreach/{}/why", worker.id), "Why is nothing being sent?"),
        ),
        Some(worker) => (
            "Switching the worker on approves its texts. The first mail leaves in its lead’s office hours.",
            Way::SwitchOn { worker: worker.id.to_string() },
        ),
    };
    step("The first mail to a lead", done, todo, 1, way)
}

fn is_to_lead(message: &Message) -> bool {
    message.purpose == Purpose::Outreach && matches!(message.state, Delivery::Sent)
}

fn has_left(newest: &[Message]) -> bool {
    newest.iter().any(is_to_lead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::WorkerForm;

    #[test]
    fn the_first_step_that_is_not_done_is_open_and_later_ones_are_closed() {
        let test = crate::testing::app();
        let day = Day::open(&test.app, &test.owner).unwrap();
        let guide = Guide::read(&day).unwrap();
        let states: Vec<&str> = guide.steps.iter().map(|step| guide.state(step)).collect();
        assert_eq!(states, ["done", "done", "now", "later", "later", "later", "later", "later"]);
        assert_eq!((guide.done(), guide.minutes_left()), (2, 11));
        assert!(!guide.has_sent());
        assert!(guide.steps[1].words.starts_with("1 Mill Lane, Kendal LA9 4QD."));
    }

    #[test]
    fn every_step_leads_to_where_it_is_done() {
        let test = crate::testing::app();
        let read = || Guide::read(&Day::open(&test.app, &test.owner).unwrap()).unwrap();
        let hrefs = |guide: &Guide| guide.steps.iter().map(|step| step.way.href()).collect::<Vec<_>>();
        let before = hrefs(&read());
        assert_eq!(before[4..], ["/outreach/new", "/outreach/new", "/outreach/new", "/outreach/new"]);

        let form = WorkerForm { name: "Lake District hotels".into(), ..WorkerForm::fresh("Nora") };
        let id = workers::create(&test.app, &test.owner, &form).unwrap().id;
        let guide = read();
        let expected = ["settings", "sequence", "leads/choose"].map(|page| format!("/outreach/{id}/{page}"));
        assert_eq!(hrefs(&guide)[4..7], expected);
        assert!(guide.steps[4].is_done && !guide.steps[5].is_done, "made, but its mails are not written");
        assert!(matches!(guide.steps[7].way, Way::SwitchOn { .. }));
    }
}
