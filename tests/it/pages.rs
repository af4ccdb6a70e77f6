//! Pages as a person meets them: what leads where, what a switch does, what is kept of wrong input.

use launchyard::authz::Role;
use launchyard::base::WorkerId;
use launchyard::drafts::{self, Figures};
use launchyard::workers::{self, Worker, WorkerState};

use super::browser::{Browser, Page};
use super::support::TestServer;

/// Makes a worker by its form; the answer leads to its sequence.
fn make_worker(browser: &mut Browser, name: &str) -> WorkerId {
    make_worker_with(browser, name, &[])
}

fn make_worker_with(browser: &mut Browser, name: &str, more: &[(&str, &str)]) -> WorkerId {
    let form = [
        ("name", name),
        ("goal", "Invite owners of small hotels to a call."),
        ("meeting_title", "Call"),
        ("meeting_minutes", "30"),
        ("notice", "2"),
        ("buffer_before", "0"),
        ("buffer_after", "10"),
        ("per_day", "30"),
        ("per_domain_day", "3"),
        ("per_contact", "4"),
        ("day", "1"),
        ("from", "09:00"),
        ("to", "17:00"),
        ("sender_name", "Nora Whitfield"),
        ("tone", "plain"),
    ];
    let made = browser.post("/outreach/new", &[&form[..], more].concat());
    assert_eq!(made.status, 303, "{}", made.body);
    let to = made.location.unwrap();
    to.split('/').nth(2).unwrap().parse().unwrap()
}

/// The addresses of the links inside the element that `marker` begins.
fn links_after<'a>(page: &'a Page, marker: &str, end: &str) -> Vec<&'a str> {
    let rest = &page.body[page.body.find(marker).unwrap()..];
    let rest = &rest[..rest.find(end).unwrap()];
    rest.split("href=\"").skip(1).map(|link| &link[..link.find('"').unwrap()]).collect()
}

#[test]
fn a_label_leaves_by_itself_only_once_its_record_allows_it_and_a_locked_one_never() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let worker = make_worker(&mut owner, "Lake District hotels");
    let here = format!("/outreach/{worker}/autonomy");
    let overview = owner.get(&format!("/outreach/{worker}"));
    assert!(overview.body.contains(&format!("href=\"{here}\"")), "the worker's page leads to its autonomy");

    let early = owner.post(&here, &[("label", "question"), ("to", "on")]);
    assert_eq!(early.status, 422);
    assert!(early.body.contains("20 more approvals are needed."), "{}", early.body);

    let record =
        |figures: &mut Figures| *figures = Figures { approved: 24, edited: 2, rejected: 1, ..Figures::default() };
    let store = &server.app().store;
    store.write(|txn| drafts::count_decision(txn, server.workspace, worker, ("question", ""), record)).unwrap();
    let page = owner.get(&here);
    assert!(page.body.contains("22 of 25 approved as written, 2 edited, 1 rejected."), "{}", page.body);
    assert_eq!(owner.post(&here, &[("label", "question"), ("to", "on")]).status, 303);
    assert!(owner.get(&here).body.contains("By itself"));
    let overview = owner.get(&format!("/outreach/{worker}"));
    assert!(overview.body.contains("Answer “Question” by itself"), "{}", overview.body);
    assert!(owner.get("/settings/audit").body.contains("question: leaves by itself"));

    for (label, why) in [("unsubscribe", "Who opts out is never written to again."), ("other", "not understood")] {
        let refused = owner.post(&here, &[("label", label), ("to", "on")]);
        assert_eq!(refused.status, 422, "{label}");
        assert!(refused.body.contains(why), "{label}");
    }
    assert_eq!(owner.post(&here, &[("label", "anything"), ("to", "on")]).status, 404);
}

#[test]
fn asking_to_delete_what_is_in_use_explains_what_to_do_first() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let ids = ["Lake hotels", "Town inns"].map(|name| make_worker(&mut owner, name));
    let step = [("name", "Windows"), ("id-1", ""), ("wait-1", "0"), ("subject-1", "Windows"), ("text-1", "Hello.")];
    let saved = owner.submit(&format!("/outreach/{}/sequence", ids[0]), &step);
    assert!(saved.contains(&ids[0].to_string()), "{saved}");
    let store = &server.app().store;
    let of = |id| workers::get(store, server.workspace, id).unwrap().unwrap();
    let sequence = of(ids[0]).sequence.unwrap();
    let keep = |worker: Worker| store.write(|txn| workers::put(txn, server.workspace, &worker)).unwrap();
    keep(Worker { sequence: Some(sequence), ..of(ids[1]) });

    let address = format!("/outreach/sequences/{sequence}/delete");
    let asked = owner.get(&address);
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("2 workers send its mails"), "{}", asked.body);
    for worker in &ids {
        assert!(asked.body.contains(&format!("href=\"/outreach/{worker}/settings#sequence\"")), "{}", asked.body);
    }
    assert!(!asked.body.contains(&format!("action=\"{address}\"")), "no button that would be refused");
    let refused = owner.post(&address, &[]);
    assert_eq!(refused.status, 409);
    let both = ["Lake hotels and Town inns", "Town inns and Lake hotels"];
    assert!(both.iter().any(|names| refused.body.contains(&format!("in use by {names}"))), "{}", refused.body);

    keep(Worker { state: WorkerState::Working, ..of(ids[0]) });
    let address = format!("/outreach/{}/delete", ids[0]);
    let asked = owner.get(&address);
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains(&format!("action=\"/outreach/{}/pause\"", ids[0])), "{}", asked.body);
    assert_eq!(owner.post(&address, &[]).status, 409);
    owner.submit(&format!("/outreach/{}/pause", ids[0]), &[]);
    assert!(owner.get(&address).body.contains(&format!("action=\"{address}\"")), "paused, it can be deleted");
}

#[test]
fn an_error_says_who_may_keeps_the_frame_and_leads_back_to_where_the_person_was() {
    let server = TestServer::start();
    server.add_user("vera@fernhill.example", "fernhill", Role::Viewer);
    let mut viewer = server.sign_in("vera@fernhill.example");
    let way = |page: &Page| page.attribute_after("class=\"btn btn-primary\"", "href").unwrap().to_owned();
    let from = |path: &str| [("referer", format!("{}{path}", server.url))];
    let ask = |browser: &mut Browser, path: &str, before: &str| {
        let headers = from(before);
        browser.send_raw("GET", path, &[(headers[0].0, headers[0].1.as_str())], "")
    };

    let refused = ask(&mut viewer, "/connections", "/contacts?q=lake");
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("Only owners and admins may see connections."), "{}", refused.body);
    assert!(refused.body.contains("You are a viewer here. Nora Whitfield can do it"), "{}", refused.body);
    assert!(refused.body.contains("<nav class=\"side\""), "the frame stays");
    assert!(!refused.body.contains("Nothing was changed."), "looking changes nothing anyway");
    assert_eq!(way(&refused), "/contacts?q=lake");
    let tried = viewer.post("/contacts", &[("email", "anna@fellside.example")]);
    assert_eq!(tried.status, 403);
    assert!(tried.body.contains("Nothing was changed."), "{}", tried.body);

    let mut owner = server.owner_browser();
    let missing = ask(&mut owner, "/contacts/0199a2b7d0007000800000000000000f", "/nowhere/else?x=1");
    assert_eq!((missing.status, way(&missing).as_str()), (404, "/nowhere/else?x=1"));
    let missing = owner.get("/contacts/0199a2b7d0007000800000000000000f");
    assert_eq!((missing.status, way(&missing).as_str()), (404, "/contacts"));
    assert!(missing.body.contains("<nav class=\"side\"") && missing.body.contains("Go to Contacts"));

    owner.get("/contacts");
    let (url, token) = (server.url.clone(), "old".to_owned());
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", url.as_str()),
        ("referer", &*format!("{url}/settings")),
    ];
    let stale = owner.send_raw("POST", "/settings", &headers, &format!("_csrf={token}"));
    assert_eq!((stale.status, way(&stale).as_str()), (403, "/settings"), "the form's page is one click away");
}

#[test]
fn every_page_of_the_settings_is_in_their_list_and_shows_it_too() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let first = owner.get("/settings");
    let listed: Vec<String> =
        links_after(&first, "<nav aria-label=\"Settings\"", "</nav>").into_iter().map(str::to_owned).collect();
    assert!(listed.contains(&"/settings/hours".to_owned()), "{listed:?}");
    for place in &listed {
        let page = owner.get(place);
        assert_eq!(page.status, 200, "{place}");
        assert_eq!(links_after(&page, "<nav aria-label=\"Settings\"", "</nav>"), listed, "{place}");
        assert!(page.body.contains(&format!("href=\"{place}\" aria-current=\"page\"")), "{place} marks itself");
    }
}

#[test]
fn chosen_colours_follow_the_person_to_another_browser_and_onto_error_pages() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let profile = [("name", "Nora Whitfield"), ("email", "nora@fernhill.example"), ("keys_on", "on")];
    let choose = |owner: &mut Browser, theme| owner.post("/settings", &[&profile[..], &[("theme", theme)]].concat());
    assert_eq!(choose(&mut owner, "dark").status, 303);
    let mut elsewhere = server.owner_browser();
    for path in ["/", "/contacts", "/settings", "/workspaces", "/nothing-here", "/contacts/nothing"] {
        let page = elsewhere.get(path);
        assert!(page.body.contains("data-theme=\"dark\""), "{path}: {}", &page.body[..200]);
    }
    assert_eq!(choose(&mut elsewhere, "system").status, 303);
    assert!(!owner.get("/").body.contains("data-theme"), "the device decides again, in every browser");
}

#[test]
fn the_funnel_is_asked_about_a_period() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let worker = make_worker(&mut owner, "Lake District hotels");
    for (query, words) in [("?days=7", "7 days"), ("?days=30", "30 days"), ("?days=90", "90 days"), ("", "All")] {
        let page = owner.get(&format!("/outreach/{worker}{query}"));
        assert!(page.body.contains(&format!("aria-current=\"true\">{words}</a>")), "{query}: {}", page.body);
    }
}

#[test]
fn the_first_steps_are_done_where_they_stand_and_keep_what_was_typed() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    assert_eq!(owner.post("/workspaces/new", &[("name", "Larkfield"), ("time_zone", "Europe/London")]).status, 303);
    assert!(owner.get("/contacts").body.contains("href=\"/guide\""), "the frame leads to the first steps");
    let refused = owner.post("/guide/business", &[("postal_address", "  ")]);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Write street, place and country"), "{}", refused.body);
    let long = "x".repeat(500);
    assert!(owner.post("/guide/business", &[("postal_address", &long)]).body.contains(&long), "typed text is kept");

    assert!(owner.get("/guide").body.contains("name=\"postal_address\""));
    assert_eq!(owner.post("/guide/business", &[("postal_address", "2 Quay Street\nWhitby YO21 3DZ")]).status, 303);
    let page = owner.get("/guide");
    assert!(page.body.contains("2 Quay Street, Whitby YO21 3DZ."), "{}", page.body);
    assert!(page.body.contains("action=\"/connections/mailbox\""), "the mailbox comes next");
    assert!(page.body.contains("href=\"/connections/google?use=both\""));
}

#[test]
fn a_certificate_authority_may_be_a_file_and_what_is_none_is_named() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let page = owner.get("/connections/mailbox?address=ada%40larkfield.example");
    assert!(page.body.contains("enctype=\"multipart/form-data\""));
    let fields = [
        ("address", "ada@larkfield.example"),
        ("display_name", "Ada Lark"),
        ("smtp_host", "127.0.0.1"),
        ("smtp_port", "1"),
        ("smtp_security", "tls"),
        ("smtp_user", "ada"),
        ("imap_host", "127.0.0.1"),
        ("imap_port", "1"),
        ("imap_security", "tls"),
        ("imap_user", "ada"),
        ("password", "moor-lantern"),
    ];
    let refused = owner.upload("/connections/mailbox", &fields, ("ca_file", "logo.png", b"\x89PNG\xff\xfe"));
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("This file holds no certificate."), "{}", refused.body);
    assert!(refused.body.contains("value=\"Ada Lark\""), "typed text is kept");

    let pem = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let tried = owner.upload("/connections/mailbox", &fields, ("ca_file", "ca.pem", pem));
    assert_eq!(tried.status, 422, "nothing answers at this port");
    assert!(!tried.body.contains("This file holds no certificate."), "{}", tried.body);
    assert!(tried.body.contains("MIIB"), "the file's text comes back, since a file cannot");
}

#[test]
fn contacts_are_chosen_from_a_list_and_become_leads() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    for (email, company) in [("anna@fellside.example", "Fellside"), ("tom@lakeside.example", "Lakeside Lodge")] {
        assert_eq!(owner.post("/contacts", &[("email", email), ("company", company)]).status, 303, "{email}");
    }
    let worker = make_worker(&mut owner, "Lake District hotels");
    let steps = [("id-1", ""), ("wait-1", "0"), ("subject-1", "Windows"), ("text-1", "Hello."), ("act", "save")];
    let named = [&[("name", "Windows")][..], &steps[..]].concat();
    assert_eq!(owner.post(&format!("/outreach/{worker}/sequence"), &named).status, 303);

    let leads = owner.get(&format!("/outreach/{worker}/leads"));
    let choose = format!("/outreach/{worker}/leads/choose");
    assert!(leads.body.contains(&format!("href=\"{choose}\"")));
    let found = owner.get(&format!("{choose}?q=lakes"));
    assert!(found.body.contains("tom@lakeside.example") && !found.body.contains("anna@fellside.example"));
    let tom = found.attribute_after("name=\"contact\"", "value").unwrap().to_owned();
    assert_eq!(owner.post(&format!("/outreach/{worker}/leads"), &[("contact", &tom)]).status, 303);
    assert!(owner.get(&choose).body.contains("In a sequence"), "who is a lead already cannot be ticked again");
}

#[test]
fn a_step_without_text_is_named_wherever_it_stands_in_the_way_and_cannot_be_approved() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let worker = make_worker(&mut owner, "Lake District hotels");
    let steps = [("name", "Windows"), ("wait-1", "0"), ("subject-1", "Windows"), ("text-1", "Hello."), ("text-2", " ")];
    owner.submit(&format!("/outreach/{worker}/sequence"), &steps);
    let editor = owner.get(&format!("/outreach/{worker}/sequence"));
    assert!(editor.body.contains("<a href=\"#text-2\">Step 2</a> has no text yet."), "{}", editor.body);
    let list = owner.get("/outreach/sequences");
    let link = list.attribute_after("<a class=\"btn btn-s\" href=\"/outreach/sequences/", "href").unwrap().to_owned();
    assert!(link.ends_with("#text-2") && list.body.contains("Step 2 has no text"), "{link}");
    let overview = owner.get(&format!("/outreach/{worker}"));
    assert!(overview.body.contains(&format!("href=\"/outreach/{worker}/sequence#text-2\"")), "{}", overview.body);
    let sequence = link.split('#').next().unwrap();
    let refused = owner.post(&format!("{sequence}/approve"), &[]);
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Step 2 has no text. Write it, or remove the step."), "{}", refused.body);
}

#[test]
fn contacts_that_had_the_tag_before_become_leads_once_the_mails_are_written_unless_the_box_is_unticked() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    for email in ["anna@fellside.example", "tom@lakeside.example"] {
        owner.submit("/contacts", &[("email", email), ("tags", "hotels")]);
    }
    assert!(owner.get("/outreach/new").body.contains("Tags now: hotels (2)."));
    let steps = [("name", "Windows"), ("wait-1", "0"), ("subject-1", "Windows"), ("text-1", "Hello.")];
    for (name, box_ticked, shown) in [("Without", false, false), ("With", true, true)] {
        let more: &[(&str, &str)] = &[("audience_tag", "hotels"), ("add_tagged", "on")];
        let worker = make_worker_with(&mut owner, name, &more[..1 + usize::from(box_ticked)]);
        let next = owner.get(&format!("/outreach/{worker}/sequence"));
        assert_eq!(next.body.contains("The 2 contacts tagged “hotels” become leads once"), shown, "{}", next.body);
        owner.submit(&format!("/outreach/{worker}/sequence"), &steps);
        server.settle();
        let leads = owner.get(&format!("/outreach/{worker}/leads"));
        assert_eq!(leads.body.contains("anna@fellside.example"), shown, "{name}: {}", leads.body);
    }
}

#[test]
fn the_guide_to_the_first_mail_stays_in_sight_on_every_page_until_it_is_done() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    assert_eq!(owner.post("/workspaces/new", &[("name", "Larkfield"), ("time_zone", "Europe/London")]).status, 303);
    let here = |page: &Page, step: u8, next: &str| {
        page.body.contains(&format!("<b>Step {step} of 8</b> <span>Next: {next}</span>"))
    };
    assert!(here(&owner.get("/contacts"), 2, "Your business"));
    assert!(!owner.get("/guide").body.contains("guide-bar"), "the guide itself says it already");
    owner.submit("/guide/business", &[("postal_address", "2 Quay Street\nWhitby YO21 3DZ")]);
    for path in ["/contacts", "/connections/new", "/outreach/new", "/settings/team"] {
        let page = owner.get(path);
        assert!(here(&page, 3, "Your mailbox"), "{path}: {}", page.body);
        assert_eq!(page.attribute_after("guide-bar", "href"), Some("/guide"), "{path}");
    }
}

#[test]
fn removing_a_lead_asks_first_and_stopping_one_is_offered_instead() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let to = owner.submit("/contacts", &[("email", "anna@fellside.example"), ("first_name", "Anna")]);
    let contact = to.rsplit('/').next().unwrap();
    let worker = make_worker(&mut owner, "Lake District hotels");
    let steps = [("name", "Windows"), ("wait-1", "0"), ("subject-1", "Windows"), ("text-1", "Hello.")];
    owner.submit(&format!("/outreach/{worker}/sequence"), &steps);
    owner.submit(&format!("/outreach/{worker}/leads"), &[("contact", contact)]);
    let leads = owner.get(&format!("/outreach/{worker}/leads"));
    let ask = links_after(&leads, "<tbody", "</tbody>").into_iter().find(|href| href.ends_with("/remove")).unwrap();
    let asked = owner.get(ask);
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("Remove Anna from the leads?") && asked.body.contains("choose Stop"), "{}", asked.body);
    assert!(owner.get(&format!("/outreach/{worker}/leads")).body.contains("anna@fellside.example"), "only asked");
    owner.submit(ask, &[]);
    assert!(!owner.get(&format!("/outreach/{worker}/leads")).body.contains("anna@fellside.example"));
    assert_eq!(owner.get(ask).status, 404);
}

#[test]
fn a_day_without_anything_says_what_to_do_and_speaks_of_no_yesterday_that_was_not() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let today = owner.get("/").body;
    assert!(today.contains("This workspace is new.") && !today.contains("since yesterday"), "{today}");
    assert!(today.contains("the first week") && !today.contains("last week"), "{today}");
    assert!(today.contains("Joined the team") && !today.contains("Somebody joined"), "{today}");
    server.clock.advance(std::time::Duration::from_secs(9 * 86_400));
    let mut owner = server.owner_browser();
    let today = owner.get("/").body;
    assert!(today.contains("Nothing new since yesterday.") && today.contains("last week"), "{today}");
    let approvals = owner.get("/approvals").body;
    assert!(approvals.contains("stand here until you approve, edit or reject them"), "{approvals}");
    assert!(approvals.contains("href=\"/snippets\""));
}
