//! Analytics of the demo's business from outside: every number on the page is a link, and the list that it opens has
//! exactly that many rows, before and after somebody is erased.

use launchyard::authz::Role;

use super::browser::{api, Browser};
use super::world::World;

/// Links of a page that begin so, with the text of each.
fn links(html: &str, begins: &str) -> Vec<(String, String)> {
    let marker = format!("href=\"{begins}");
    let link = |part: &str| {
        let (rest, after) = part.split_once('"').unwrap();
        let text = after.split_once('>').unwrap().1.split('<').next().unwrap();
        (format!("{begins}{rest}").replace("&#38;", "&").replace("&amp;", "&"), text.to_owned())
    };
    html.split(&marker).skip(1).map(link).collect()
}

/// Rows of a list over all its pages, followed as a reader without scripts does.
fn listed(browser: &mut Browser, list: &str) -> Vec<String> {
    let (mut people, mut next) = (Vec::new(), Some(list.to_owned()));
    while let Some(page) = next {
        let shown = browser.get(&page);
        assert_eq!(shown.status, 200, "{page}");
        let rows = shown.body.split("<tr class=\"lead\">").skip(1);
        people.extend(rows.map(|row| links(row, "/contacts/").remove(0).0));
        let older = links(&shown.body, "/outreach/analytics/leads?").into_iter().find(|(_, text)| text == "Older");
        next = older.map(|(href, _)| href);
    }
    people
}

fn walk(browser: &mut Browser) -> usize {
    let page = browser.get("/outreach/analytics");
    assert_eq!(page.status, 200);
    let numbers = links(&page.body, "/outreach/analytics/leads?");
    for (list, number) in &numbers {
        assert_eq!(listed(browser, list).len().to_string(), number.replace(',', ""), "{list}");
    }
    numbers.len()
}

#[test]
fn every_number_of_the_analytics_opens_a_list_of_as_many_people() {
    let world = World::open();
    let owner = world.member(Role::Owner);
    let mut browser = world.browser_of(owner);
    assert!(walk(&mut browser) > 40);
    let written = listed(&mut browser, "/outreach/analytics/leads?what=contacted");
    let replied = listed(&mut browser, "/outreach/analytics/leads?what=replied");
    assert!(!replied.is_empty() && replied.iter().all(|person| written.contains(person)));

    let (status, told) = api(world.url(), &owner.key, "GET", "/v1/analytics", None);
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["all"]["contacted"], written.len(), "{told}");
    assert_eq!((&told["unit"], &told["is_complete"]), (&"leads".into(), &true.into()));
    let mut cursor = String::new();
    let mut found = 0;
    loop {
        let path = format!("/v1/analytics/leads?what=replied&limit=2{cursor}");
        let (status, page) = api(world.url(), &owner.key, "GET", &path, None);
        assert_eq!(status, 200, "{page}");
        found += page["data"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, replied.len());
    let (status, wrong) = api(world.url(), &owner.key, "GET", "/v1/analytics?worker=x&from=soon", None);
    assert_eq!((status, wrong["errors"].as_array().map(Vec::len)), (422, Some(2)), "{wrong}");

    let figures = browser.get("/outreach/analytics.csv").body;
    assert!(figures.contains(&format!("All leads,,,,{},", written.len())), "{figures}");
    let file = browser.get("/outreach/analytics/leads.csv?what=replied").body;
    assert_eq!(file.lines().count(), replied.len() + 1, "{file}");
    let mut viewer = world.browser_of(world.member(Role::Viewer));
    assert_eq!(viewer.get("/outreach/analytics/leads?what=replied").status, 200);
    assert_eq!(viewer.get("/outreach/analytics/leads.csv?what=replied").status, 403);

    let gone = &replied[0];
    browser.get(&format!("{gone}/erase"));
    browser.submit(&format!("{gone}/erase"), &[]);
    world.settle();
    assert!(!listed(&mut browser, "/outreach/analytics/leads?what=contacted").contains(gone));
    walk(&mut browser);

    let (_, next_door) = api(world.url(), &world.stranger.key, "GET", "/v1/analytics", None);
    assert_eq!(next_door["all"]["contacted"], 0, "{next_door}");
    let empty = world.browser_of(&world.stranger).get("/outreach/analytics");
    assert!(
        empty.body.contains("Nobody was written to yet") && empty.body.contains("See the workers"),
        "{}",
        empty.body
    );
}
