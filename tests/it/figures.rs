//! Bookings in numbers, from outside: every number on the page, for whomever and whatever it is asked, is the length of
//! the list that it opens, and `/v1` says the same.

use std::time::Duration;

use launchyard::authz::Role;
use serde_json::{json, Value};

use super::browser::Browser;
use super::office::{visit, Office};
use super::support::TestServer;

const DAY: Duration = Duration::from_secs(86_400);

/// Links of a page that begin so, with the text of each.
fn links(html: &str, begins: &str) -> Vec<(String, String)> {
    let marker = format!("href=\"{begins}");
    let link = |part: &str| {
        let (rest, after) = part.split_once('"').unwrap();
        let text = after.split_once('>').unwrap().1.split('<').next().unwrap();
        (format!("{begins}{rest}").replace("&#38;", "&"), text.to_owned())
    };
    html.split(&marker).skip(1).map(link).collect()
}

/// Bookings of a list, followed over all its pages.
fn listed(browser: &mut Browser, list: &str) -> usize {
    let (mut count, mut next) = (0, Some(list.to_owned()));
    while let Some(path) = next {
        let page = browser.get(&path);
        assert_eq!(page.status, 200, "{path}");
        count += page.body.matches("<span class=\"num nowrap\">").count();
        next = links(&page.body, "/calendar?view=agenda")
            .into_iter()
            .find(|(_, text)| text == "Show more")
            .map(|(to, _)| to);
    }
    count
}

/// Follows every number of a page; gives how many there were.
fn walk(browser: &mut Browser, path: &str) -> usize {
    let page = browser.get(path);
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    let numbers: Vec<_> = links(&page.body, "/calendar?view=agenda&#38;from=")
        .into_iter()
        .filter(|(_, text)| text.replace(',', "").parse::<usize>().is_ok())
        .collect();
    for (list, number) in &numbers {
        assert_eq!(listed(browser, list).to_string(), number.replace(',', ""), "{path}: {list}");
    }
    numbers.len()
}

/// Three event types of two people, with bookings that were moved, cancelled and missed.
struct Team {
    server: TestServer,
    colleague: String,
    types: Vec<String>,
}

impl Team {
    fn new() -> Self {
        let server = TestServer::start();
        server.add_user("iris@fernhill.example", "fernhill", Role::Agent);
        let office = server.office();
        office.always_there();
        let members = office.get("/v1/availability")["data"].as_array().unwrap().clone();
        let owners: Vec<&str> =
            members.iter().filter_map(|one| one["owner"].as_str()).filter(|one| one.len() == 32).collect();
        let (nora, iris) = (owners[0].to_owned(), owners[1].to_owned());
        let both = json!([{ "user_id": nora }, { "user_id": iris }]);
        let mut types = vec![office.open("First call", json!({})).0];
        for (name, hosts) in [("With both", both), ("With Iris", json!([{ "user_id": iris }]))] {
            types.push(office.open(name, json!({ "hosts": hosts, "assignment": "collective" })).0);
        }
        let team = Self { colleague: iris, types, server };
        team.book_and_change();
        team
    }

    fn book(&self, event: &str, start: &str, nth: usize) -> String {
        let path = format!("/v1/event-types/{event}/bookings");
        let guest = format!("guest-{nth}@elsewhere.example");
        let made = self.server.office().must("POST", &path, Some(visit(start, &guest)), 201);
        made["id"].as_str().unwrap().to_owned()
    }

    fn book_and_change(&self) {
        let office = self.server.office();
        let mut ids = Vec::new();
        for (kind, event) in self.types.iter().enumerate() {
            for hour in 10..14 {
                ids.push(self.book(event, &format!("2026-11-{}T{hour}:00:00Z", 25 + kind), ids.len()));
            }
        }
        for id in &ids[..2] {
            office.must("POST", &format!("/v1/bookings/{id}/cancel"), Some(json!({})), 200);
        }
        office.must("POST", &format!("/v1/bookings/{}/cancel", ids[5]), Some(json!({})), 200);
        let later = json!({ "start": "2026-12-03T10:30:00Z" });
        office.must("POST", &format!("/v1/bookings/{}/move", ids[8]), Some(later), 200);
        self.server.advance(10 * DAY);
        let mut owner = self.server.owner_browser();
        for (id, outcome) in [(&ids[2], "no-show"), (&ids[4], "completed"), (&ids[9], "no-show")] {
            owner.get(&format!("/calendar/{id}"));
            owner.submit(&format!("/calendar/{id}/{outcome}"), &[]);
        }
    }
}

fn sums(value: &Value) -> [u64; 5] {
    ["booked", "moved", "cancelled", "no_show", "completed"].map(|name| value[name].as_u64().unwrap())
}

/// What `/v1/bookings` lists of the same weeks.
fn lists(office: &Office<'_>, told: &Value, only: &str) -> [u64; 5] {
    let (from, to) = (told["from"].as_str().unwrap(), told["to"].as_str().unwrap());
    ["ever_booked", "moved", "cancelled", "no_show", "completed"].map(|fate| {
        let path = format!("/v1/bookings?limit=100&from={from}T00:00:00Z&to={to}T23:59:59Z&counted_as={fate}{only}");
        office.get(&path)["data"].as_array().unwrap().len() as u64
    })
}

#[test]
fn every_number_is_the_length_of_its_list_by_person_event_type_and_source() {
    let team = Team::new();
    let office = team.server.office();
    let mut owner = team.server.owner_browser();
    let weeks = "/calendar/figures?weeks=4";
    assert!(walk(&mut owner, "/calendar/figures") > 15);
    let page = owner.get("/calendar/figures").body;
    for words in ["By event type", "With both", "By person", "Nora Whitfield", "Median lead time"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for only in
        [format!("&host={}", team.colleague), format!("&event_type={}", team.types[1]), "&source=api".to_owned()]
    {
        assert!(walk(&mut owner, &format!("{weeks}{only}")) >= 3, "{only}");
    }

    let until = "to=2026-12-06";
    let told = office.get(&format!("/v1/bookings/analytics?{until}"));
    assert_eq!(sums(&told["total"]), [12, 1, 3, 2, 1], "{told}");
    assert_eq!(sums(&told["total"]), lists(&office, &told, ""));
    for (table, id, name) in [
        ("by_host", "host_id", "host_id"),
        ("by_event_type", "event_type_id", "event_type_id"),
        ("by_source", "source", "source"),
    ] {
        let lines = told[table].as_array().unwrap();
        assert!(!lines.is_empty(), "{table}");
        for line in lines {
            let only = format!("&{name}={}", line[id].as_str().unwrap());
            assert_eq!(sums(line), lists(&office, &told, &only), "{table}{only}");
            let alone = office.get(&format!("/v1/bookings/analytics?{until}{only}"));
            assert_eq!(sums(&alone["total"]), sums(line), "{table}{only}");
        }
    }
    let hosts = told["by_host"].as_array().unwrap();
    let booked: Vec<u64> = hosts.iter().map(|line| line["booked"].as_u64().unwrap()).collect();
    assert_eq!(booked, [8, 8], "a meeting with both counts for each");
    assert!(told["by_event_type"][0]["lead_hours_median"].is_u64(), "{told}");

    let file = owner.get(&format!("/calendar/figures.csv?weeks=4&event_type={}", team.types[1]));
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(file.body.contains("Event type,With both,4,0,1,0,1,"), "{}", file.body);
    assert!(!file.body.contains("With Iris"), "{}", file.body);
    let (status, wrong) = office.ask("GET", "/v1/bookings/analytics?host_id=x&event_type_id=y&source=fax", None);
    assert_eq!((status, wrong["errors"].as_array().map(Vec::len)), (422, Some(3)), "{wrong}");
}
