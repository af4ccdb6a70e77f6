//! The test that matters most: the program is killed again and again while it writes to people from two mailboxes
//! through a real mail server, over a sequence with branches, and in the end everybody has every mail once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::mail;
use crate::browser::Browser;
use crate::person;
use crate::program::{eventually, pause, Home, Served};
use crate::support::PASSWORD;

const LEADS: usize = 1_000;
/// The first mail and the answer in its thread, which is due at once.
const STEPS: usize = 2;
/// Kills while mail is leaving, at about equal distances; between them others during the start.
const KILLS: usize = 16;
const OWNER: &str = "nora@fernhill.example";
const SENDERS: [&str; 2] = ["seller@example.test", "ada@example.test"];

/// Lead and subject of each mail in the mailbox, and how often it is there.
type Arrived = BTreeMap<(String, String), usize>;

struct Run {
    home: Home,
    key: String,
    browser: Browser,
    worker: String,
    maildir: PathBuf,
    /// Mails that lay there before.
    before: usize,
    /// Stands in every subject: the mailbox may hold mails of other tests.
    mark: String,
}

#[test]
fn killed_again_and_again_nobody_gets_a_step_twice_and_nobody_is_left_out() {
    let Some(mail) = mail() else { return };
    let (mut run, mut server) = prepare(&mail);
    run.switch_on(&server);
    let mut kills = 0;
    for turn in 0..KILLS {
        let enough = (turn + 1) * LEADS * STEPS / (KILLS + 2);
        eventually("mails to arrive", || (run.count_arrived() >= enough).then_some(()));
        // Not always at the same place between two mails.
        pause(Duration::from_millis((turn as u64 * 7) % 31));
        server.kill();
        kills += 1;
        if turn % 4 == 3 {
            let starting = run.home.spawn();
            pause(Duration::from_millis(60 * turn as u64));
            starting.kill();
            kills += 1;
        }
        server = run.home.serve();
        run.browser.move_to(&server.url);
    }
    let in_doubt = run.come_to_rest(&server);
    // One mail leaves at a time from a mailbox, so one kill leaves one of each in doubt at most.
    assert!(in_doubt.len() <= kills * SENDERS.len(), "{} in doubt after {kills} kills", in_doubt.len());
    let arrived = run.arrived();
    assert!(arrived.values().all(|count| *count == 1), "twice: {:?}", twice(&arrived));
    // Whoever lacks a mail is on the list of those that need a look, or waits behind a mail that is.
    let missing = run.missing(&arrived);
    for lead in &missing {
        assert!(in_doubt.iter().any(|message| message["to"] == *lead), "{lead} is left out and nobody is told");
    }
    run.decide(&server, &in_doubt, &arrived);
    let rest = run.come_to_rest(&server);
    assert!(rest.is_empty(), "{rest:?}");
    let arrived = run.arrived();
    assert!(arrived.values().all(|count| *count == 1), "twice: {:?}", twice(&arrived));
    assert_eq!(run.missing(&arrived), Vec::<String>::new());
    assert_eq!(arrived.len(), LEADS * STEPS);
    let senders = run.senders();
    assert!(senders.values().all(|senders| senders.len() == 1), "a lead hears from one mailbox only");
    assert_eq!(senders.into_values().flatten().collect::<BTreeSet<_>>().len(), SENDERS.len(), "both have written");
    server.stop();
    let verified = run.home.run(&["verify"]).json();
    assert_eq!(verified["unreadable"], 0, "{verified}");
    let jobs = &verified["jobs"];
    let sum = ["done", "dead", "open"].iter().map(|name| jobs[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(jobs["enqueued"].as_u64(), Some(sum), "{jobs}");
}

fn prepare(mail: &Value) -> (Run, Served) {
    let home = Home::with(
        "allow_loopback_providers = true\nlimits.pages_per_minute = 100000\nlimits.api_requests_per_minute = 100000\n\
         [outreach]\nhard_daily_cap = 100000\nmin_gap_seconds = 0\n",
    );
    let owner = home.add_user(OWNER, "fernhill");
    let mark = format!("run {}", std::process::id());
    let rows: String = (0..LEADS).map(|lead| format!("{},Lead{lead},crash\n", address(lead))).collect();
    let file = home.write("leads.csv", &format!("email,first_name,tags\n{rows}"));
    let imported = home.run(&["import", "contacts", "--workspace", "fernhill", &file]).json();
    assert_eq!(imported["added"].as_u64(), Some(LEADS as u64), "{imported}");
    let server = home.serve();
    let mut browser = Browser::new(&server.url);
    browser.sign_in(OWNER, PASSWORD);
    let key = owner["api_key"].as_str().unwrap().to_owned();
    let worker = make_worker(&mut browser, &server, &key, mail, &mark);
    let mut run = Run {
        home,
        key,
        browser,
        worker,
        maildir: Path::new(mail["maildirs"]["leads@example.test"].as_str().unwrap()).to_owned(),
        before: 0,
        mark,
    };
    run.before = run.count_arrived();
    (run, server)
}

fn address(lead: usize) -> String {
    format!("crash-{lead}@leads.test")
}

fn make_worker(browser: &mut Browser, server: &Served, key: &str, mail: &Value, mark: &str) -> String {
    person::fill_in_business(browser);
    let mailboxes = SENDERS.map(|sender| {
        let mailbox = person::connect_mailbox(browser, mail, sender);
        person::lift_pace(browser, &mailbox);
        mailbox
    });
    let texts = ["Hello {{first_name}},\nmay I ask something?", "Hello {{first_name}},\nonce more."];
    let subject = format!("{mark} for {{{{first_name}}}}");
    let worker = person::make_worker(browser, "crash", [&mailboxes[0], ""], &subject, &texts);
    let more = mailboxes[1].trim_start_matches("/connections/");
    let change = json!({ "more_mailboxes": [more] });
    let (status, changed) = server.api(key, "PATCH", &format!("/v1/workers/{worker}"), Some(change));
    assert_eq!(status, 200, "{changed}");
    let path = format!("/v1/sequences/{}", changed["sequence"].as_str().unwrap());
    let mut sequence = server.api(key, "GET", &path, None).1;
    let other = sequence["steps"][1].clone();
    let steps = sequence["steps"].as_array_mut().unwrap();
    let seven = json!({ "when": "field_contains", "field": "first_name", "value": "7", "go_to": 5 });
    steps.insert(1, json!({ "kind": "branch", "branch": seven }));
    steps.push(json!({ "kind": "branch", "branch": { "when": "always" } }));
    steps.push(json!({ "text": other["text"].as_str().unwrap().replace("once more", "once more, seven") }));
    let (status, changed) = server.api(key, "PUT", &path, Some(sequence));
    assert_eq!(status, 200, "{changed}");
    worker
}

impl Run {
    fn switch_on(&mut self, server: &Served) {
        self.browser.submit(&format!("/outreach/{}/leads/tag", self.worker), &[]);
        eventually("the leads to be enrolled", || (self.figures(server)["leads"] == LEADS).then_some(()));
        self.browser.submit(&format!("/outreach/{}/activate", self.worker), &[]);
        assert_eq!(self.figures(server)["state"], "working");
    }

    fn figures(&self, server: &Served) -> Value {
        server.api(&self.key, "GET", &format!("/v1/workers/{}", self.worker), None).1
    }

    /// Until every message has an outcome and every lead is through or waits for one that needs a look. Gives those.
    fn come_to_rest(&self, server: &Served) -> Vec<Value> {
        let mut seen = (0, Instant::now());
        loop {
            let messages = self.messages(server);
            let of = |state: &str| messages.iter().filter(|message| message["state"] == state).collect::<Vec<_>>();
            let doubtful = of("needs_human");
            let behind = doubtful.iter().filter(|message| !message["subject"].as_str().unwrap().starts_with("Re: "));
            if messages.len() + behind.count() == LEADS * STEPS && of("sent").len() + doubtful.len() == messages.len() {
                return doubtful.into_iter().cloned().collect();
            }
            if messages.len() != seen.0 {
                seen = (messages.len(), Instant::now());
            }
            assert!(
                seen.1.elapsed() < Duration::from_secs(60),
                "stands still: {} messages, {} sent, in doubt {doubtful:?}, else {:?}, {}",
                messages.len(),
                of("sent").len(),
                messages.iter().find(|message| !["sent", "needs_human"].contains(&message["state"].as_str().unwrap())),
                server.said()
            );
            pause(Duration::from_secs(2));
        }
    }

    fn messages(&self, server: &Served) -> Vec<Value> {
        let (mut messages, mut path) = (Vec::new(), "/v1/messages?limit=100".to_owned());
        loop {
            let (status, page) = server.api(&self.key, "GET", &path, None);
            assert_eq!(status, 200, "{page}");
            // A mail that a change took back before it left is written anew: the new one counts.
            let is_new = |message: &&Value| message["reason"] != "Written anew, after a change.";
            messages.extend(page["data"].as_array().unwrap().iter().filter(is_new).cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/messages?limit=100&cursor={cursor}"),
                None => return messages,
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let folders = ["new", "cur"].map(|name| self.maildir.join(name));
        let entries = folders.into_iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path()))
    }

    /// Nobody else writes to the leads meanwhile.
    fn count_arrived(&self) -> usize {
        self.files().count() - self.before
    }

    /// What the mail server delivered. Its own queue may be a moment behind, so it is looked at until it holds still.
    fn arrived(&self) -> Arrived {
        let mut count = 0;
        while count != self.count_arrived() {
            count = self.count_arrived();
            pause(Duration::from_secs(3));
        }
        let mut arrived = Arrived::new();
        for file in self.files() {
            let text = std::fs::read_to_string(file).unwrap();
            let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim();
            let to = header("To:").rsplit('<').next().unwrap().trim_end_matches('>').to_owned();
            if header("Subject:").contains(&self.mark) {
                *arrived.entry((to, header("Subject:").to_owned())).or_default() += 1;
            }
        }
        arrived
    }

    /// Who has written to each lead.
    fn senders(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut senders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in self.files() {
            let text = std::fs::read_to_string(file).unwrap();
            let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim();
            if header("Subject:").contains(&self.mark) {
                senders.entry(header("To:").to_owned()).or_default().insert(header("From:").to_owned());
            }
        }
        senders
    }

    /// Leads that lack a mail.
    fn missing(&self, arrived: &Arrived) -> Vec<String> {
        let has = |lead: usize, start: &str| {
            let subject = format!("{start}{} for Lead{lead}", self.mark);
            arrived.contains_key(&(address(lead), subject))
        };
        let lacks = |lead: &usize| !(has(*lead, "") && has(*lead, "Re: "));
        (0..LEADS).filter(lacks).map(address).collect()
    }

    /// Decides about each mail in doubt on the page that lists it, as a person does who looked into the mailbox.
    fn decide(&mut self, server: &Served, in_doubt: &[Value], arrived: &Arrived) {
        self.browser.move_to(&server.url);
        for _ in in_doubt {
            let today = self.browser.get("/").body;
            let listed =
                |message: &&Value| today.contains(&format!("/needs-a-look/{}/", message["id"].as_str().unwrap()));
            let message = in_doubt.iter().find(listed).expect("each of them comes up on Today");
            let mail = (message["to"].as_str().unwrap().to_owned(), message["subject"].as_str().unwrap().to_owned());
            let verdict = if arrived.contains_key(&mail) { "arrived" } else { "again" };
            self.browser.submit(&format!("/needs-a-look/{}/{verdict}", message["id"].as_str().unwrap()), &[]);
        }
    }
}

fn twice(arrived: &Arrived) -> Vec<&(String, String)> {
    arrived.iter().filter(|(_, count)| **count > 1).map(|(mail, _)| mail).collect()
}
