//! Somebody who was never here books on a public page, moves it, and cancels: over HTTP, without scripts or cookies.

use serde_json::{json, Value};

use super::browser::{Browser, Page};
use super::support::TestServer;

/// An event type of the owner, and the address of its page.
fn open(server: &TestServer, change: Value) -> String {
    let (_, hours) = server.api("GET", "/v1/availability", None);
    let owner = hours["data"][1]["owner"].as_str().unwrap().to_owned();
    let day = json!([["09:00", "17:00"]]);
    let hours = json!({ "schedules": [{
        "name": "Office", "time_zone": "Europe/London", "is_default": true,
        "weekly_hours": { "mon": day, "tue": day, "wed": day, "thu": day, "fri": day },
    }] });
    assert_eq!(server.api("PUT", &format!("/v1/availability/{owner}"), Some(hours)).0, 200);
    let mut event = json!({
        "name": "First call", "durations": [30, 60], "step": 30, "minimum_notice": 60, "cut_off": 120,
        "horizon": { "type": "rolling_days", "days": 365 }, "hosts": [{ "user_id": owner }],
        "location": { "kind": "place", "text": "Mill Lane 1" },
    });
    for (field, value) in change.as_object().unwrap() {
        event[field] = value.clone();
    }
    let (status, made) = server.api("POST", "/v1/event-types", Some(event));
    assert_eq!(status, 201, "{made}");
    format!("/b/fernhill/{}", made["slug"].as_str().unwrap())
}

/// The value of a hidden field, or of the button with these words.
fn value_of<'a>(page: &'a Page, marker: &str) -> &'a str {
    let behind = page.body.split_once(marker).unwrap_or_else(|| panic!("no {marker} in {}", page.body)).1;
    behind.split_once("value=\"").unwrap().1.split_once('"').unwrap().0
}

fn starts(page: &Page) -> Vec<String> {
    let buttons = page.body.split("name=\"start\" value=\"").skip(1);
    buttons.map(|button| button.split('"').next().unwrap().to_owned()).collect()
}

fn hold(visitor: &mut Browser, path: &str, zone: &str, start: &str) -> Page {
    let kept = visitor.post_as_stranger(&format!("{path}/hold"), &[("start", start), ("tz", zone), ("length", "30")]);
    assert_eq!(kept.status, 303, "{}", kept.body);
    visitor.get(kept.location.as_deref().unwrap())
}

fn send(visitor: &mut Browser, path: &str, form: &Page, more: &[(&str, &str)]) -> Page {
    let (held, zone) = (value_of(form, "name=\"hold\"").to_owned(), value_of(form, "name=\"tz\"").to_owned());
    let mut fields = vec![("hold", held.as_str()), ("tz", zone.as_str()), ("name", "Tom Aldridge")];
    fields.push(("email", "tom@lakeside.example"));
    fields.extend(more);
    visitor.post_as_stranger(path, &fields)
}

#[test]
fn a_stranger_books_moves_and_cancels() {
    let server = TestServer::start();
    let path = open(
        &server,
        json!({ "guests": 2, "questions": [{ "label": "How is it heated?", "kind": "text", "required": true }] }),
    );
    let mut visitor = server.browser();
    let list = visitor.get("/b/fernhill");
    assert!(list.body.contains(&path) && list.body.contains("First call"), "{}", list.body);
    open(&server, json!({ "name": "Yoga", "repeats": repeats_of(1), "seats": 8, "needs_approval": true }));
    let list = visitor.get("/b/fernhill?lang=de");
    for fact in [
        "30 / 60 Minuten",
        "Jede Woche, bis zu 6 Termine",
        "Eine Gruppe bis 8 Personen",
        "Wir bestätigen den Termin erst noch",
    ] {
        assert!(list.body.contains(fact), "{fact}: {}", list.body);
    }
    let page = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/Berlin"));
    assert_eq!(starts(&page)[0], "2026-11-25T09:00:00Z", "ten in Berlin, nine in London");
    assert!(page.body.contains(">10:00</button>"), "{}", page.body);

    let form = hold(&mut visitor, &path, "Europe/Berlin", &starts(&page)[0]);
    assert!(form.body.contains("How is it heated?") && form.body.contains("10:00"), "{}", form.body);
    let elsewhere = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/Berlin"));
    assert!(!elsewhere.body.contains(">10:00</button>"), "it is kept");
    let missing = send(&mut visitor, &path, &form, &[]);
    assert_eq!(missing.status, 422);
    assert!(missing.body.contains("This answer is needed.") && missing.body.contains("tom@lakeside.example"));
    // All that is wrong is said at once, and what.
    let (name, answer) = ("x".repeat(101), "y".repeat(4001));
    let fields =
        [("hold", value_of(&form, "name=\"hold\"")), ("tz", "Europe/Berlin"), ("name", &name), ("email", "tom")];
    let fields = [&fields[..], &[("q-0", answer.as_str()), ("lang", "de")]].concat();
    let wrong = visitor.post_as_stranger(&path, &fields);
    assert_eq!(wrong.status, 422);
    for words in [
        "Bitte prüfen Sie 3 Angaben.",
        "höchstens 100 Zeichen, es sind 101.",
        "die ganze E-Mail-Adresse",
        "höchstens 4000 Zeichen, es sind 4001.",
    ] {
        assert!(wrong.body.contains(words), "{words}: {}", wrong.body);
    }
    let booked = send(&mut visitor, &path, &form, &[("q-0", "Oil"), ("others", "lea@elsewhere.example")]);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let here = booked.location.unwrap();
    let again = send(&mut visitor, &path, &form, &[("q-0", "Oil"), ("others", "lea@elsewhere.example")]);
    assert_eq!(again.location.as_deref(), Some(here.as_str()), "sent twice it is one booking");
    let own = visitor.get(&here);
    assert!(
        own.body.contains("Booked") && own.body.contains("10:00") && own.body.contains("Mill Lane 1"),
        "{}",
        own.body
    );
    assert!(own.body.contains("<dt>With</dt>") && own.body.contains("<dd>lea@elsewhere.example</dd>"), "{}", own.body);
    let file = visitor.get(&format!("{here}/calendar.ics"));
    assert!(file.body.contains("DTSTART:20261125T090000Z"), "{}", file.body);
    let (_, bookings) = server.api("GET", "/v1/bookings", None);
    assert_eq!(bookings["data"].as_array().unwrap().len(), 1);

    let token = here.rsplit('/').next().unwrap();
    let times = visitor.get(&format!("{path}?move={token}&day=2026-11-26&tz=Europe/Berlin"));
    let wish = starts(&times)[2].clone();
    let ask = visitor.get(&format!("{here}/move?start={wish}&tz=Europe/Berlin"));
    let question = "Move from Wednesday 25 November, 10:00 to Thursday 26 November, 11:00?";
    assert!(ask.body.contains(question) && ask.body.contains("name=\"reason\""), "{}", ask.body);
    assert!(visitor.get(&here).body.contains("25 November"), "a question moves nothing");
    let german = visitor.get(&format!("{here}/move?start={wish}&tz=Europe/Berlin&lang=de"));
    let question = "Von Mittwoch, 25. November, 10:00 Uhr auf Donnerstag, 26. November, 11:00 Uhr verschieben?";
    assert!(german.body.contains(question), "{}", german.body);
    for same in ["2026-11-25T09:00:00Z", "soon"] {
        let to = visitor.get(&format!("{here}/move?start={same}")).location;
        assert_eq!(to.as_deref(), Some(here.as_str()), "{same} is no new time");
    }
    let own_day = visitor.get(&format!("{path}?move={token}&day=2026-11-25&tz=Europe/Berlin"));
    assert!(!own_day.body.contains(">10:00</button>") && own_day.body.contains(">10:30</button>"), "{}", own_day.body);
    let long = "z".repeat(501);
    for (act, field) in [("move", ("start", wish.as_str())), ("cancel", ("scope", "one"))] {
        let refused = visitor.post_as_stranger(&format!("{here}/{act}"), &[field, ("reason", &long)]);
        let says = refused.body.contains("at most 500 characters, and it has 501") && refused.body.contains(&long);
        assert!(refused.status == 422 && says, "{act}: {}", refused.body);
    }
    let fields = [("start", wish.as_str()), ("reason", "The train is late")];
    let moved = visitor.post_as_stranger(&format!("{here}/move"), &fields);
    // On the clock and in the language in which it was chosen.
    let there = format!("{here}?tz=Europe%2FBerlin&lang=en&moved={}", wish.replace(':', "%3A"));
    assert_eq!(moved.location, Some(there), "{}", moved.body);
    let own = visitor.get(moved.location.as_deref().unwrap());
    assert!(own.body.contains("Moved to Thursday 26 November, 11:00."), "{}", own.body);
    let own = visitor.get(&format!("{here}?moved=2026-11-25T09:00:00Z"));
    assert!(own.body.contains("26 November") && !own.body.contains("Moved to"), "{}", own.body);
    let freed = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/Berlin"));
    assert!(freed.body.contains(">10:00</button>"));

    let ended = visitor.post_as_stranger(&format!("{here}/cancel"), &[("reason", "")]);
    assert_eq!(ended.status, 303);
    assert!(visitor.get(&here).body.contains("Cancelled"));
    assert_eq!(server.api("GET", "/v1/bookings", None).1["data"][0]["state"], "cancelled");
}

#[test]
fn a_stranger_books_several_dates_sees_what_cannot_be_had_and_cancels_the_rest() {
    let server = TestServer::start();
    let repeats = json!({ "every": "week", "dates": 6, "guest_chooses": true });
    let path = open(&server, json!({ "repeats": repeats }));
    let mut visitor = server.browser();
    // Somebody has the third Wednesday.
    let (_, types) = server.api("GET", "/v1/event-types", None);
    let event = types["data"].as_array().unwrap().iter().find(|event| event["repeats"] == repeats_of(1)).unwrap();
    let event = event["id"].as_str().unwrap().to_owned();
    let other = json!({ "start": "2026-12-09T10:00:00Z", "name": "Ann", "email": "ann@elsewhere.example" });
    let (status, single) = server.api("POST", &format!("/v1/event-types/{event}/bookings"), Some(other));
    assert_eq!((status, &single["series_id"]), (201, &Value::Null), "{single}");
    let asked = format!("/v1/event-types/{event}/series?start=2026-11-25T10:00:00Z&dates=4");
    let (_, judged) = server.api("GET", &asked, None);
    assert_eq!(judged["dates"][2], json!({ "start": "2026-12-09T10:00:00Z", "free": false, "why": "taken" }));

    let form = hold(&mut visitor, &path, "Europe/Berlin", "2026-11-25T10:00:00Z");
    assert!(form.body.contains("Every week, up to 6 dates") && form.body.contains("book the other 5"));
    let fewer =
        visitor.get(&format!("{path}/details?tz=Europe/Berlin&count=4&hold={}", value_of(&form, "name=\"hold\"")));
    assert!(fewer.body.contains("Wednesday 16 December, 11:00"), "{}", fewer.body);
    assert!(fewer.body.contains("Book 3 dates") && fewer.body.contains("<s>Wednesday 9 December, 11:00</s>"));
    let dates = value_of(&fewer, "name=\"dates\"").to_owned();
    let unsaid = send(&mut visitor, &path, &fewer, &[("count", "4"), ("dates", &dates)]);
    assert_eq!(unsaid.status, 422);
    assert!(unsaid.body.contains("Tick the box") && unsaid.body.contains("tom@lakeside.example"), "{}", unsaid.body);
    let forged = send(&mut visitor, &path, &fewer, &[("count", "4"), ("dates", "1 2"), ("leave_out", "on")]);
    assert_eq!(forged.status, 422);
    let fields = [("count", "4"), ("dates", dates.as_str()), ("leave_out", "on")];
    let booked = send(&mut visitor, &path, &fewer, &fields);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let here = booked.location.unwrap();
    assert_eq!(send(&mut visitor, &path, &fewer, &fields).location.as_deref(), Some(here.as_str()), "sent twice");

    let own = visitor.get(&here);
    assert!(own.body.contains("Date 1 of 3") && own.body.contains("Wednesday 16 December, 11:00"), "{}", own.body);
    let all = visitor.get(&format!("{here}/calendar.ics?all=yes"));
    assert_eq!(all.body.matches("BEGIN:VEVENT").count(), 3, "{}", all.body);
    let (_, bookings) = server.api("GET", "/v1/bookings?from=2026-11-25T00:00:00Z", None);
    let first = bookings["data"][0].clone();
    assert_eq!((&first["series_position"], &first["series_length"]), (&json!(1), &json!(3)), "{first}");
    let of_series = format!("/v1/bookings?series_id={}", first["series_id"].as_str().unwrap());
    assert_eq!(server.api("GET", &of_series, None).1["data"].as_array().unwrap().len(), 3);

    let second = own.body.split("href=\"/booking/").find(|rest| rest.contains("2 December")).unwrap();
    let second = format!("/booking/{}", second.split('"').next().unwrap());
    let ask = visitor.get(&format!("{second}/cancel"));
    assert!(ask.body.contains("This one and all later ones: 2 dates"), "{}", ask.body);
    let ended = visitor.post_as_stranger(&format!("{second}/cancel"), &[("scope", "rest")]);
    assert_eq!(ended.status, 303);
    let states = server.api("GET", &of_series, None).1;
    let mut states: Vec<&str> =
        states["data"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["cancelled", "cancelled", "confirmed"]);
}

fn repeats_of(interval: u32) -> Value {
    json!({ "every": "week", "interval": interval, "dates": 6, "guest_chooses": true })
}

#[test]
fn a_program_books_a_series_and_cancels_it_from_one_date_on() {
    let server = TestServer::start();
    open(&server, json!({ "repeats": repeats_of(2) }));
    let (_, types) = server.api("GET", "/v1/event-types", None);
    let event = types["data"].as_array().unwrap().iter().find(|event| event["repeats"] == repeats_of(2)).unwrap();
    let path = format!("/v1/event-types/{}/bookings", event["id"].as_str().unwrap());
    let visit = |start: &str, dates: u32, leave_out: bool| {
        json!({
            "start": start, "name": "Ann", "email": "ann@elsewhere.example", "dates": dates, "leave_out": leave_out,
        })
    };
    let (status, first) = server.api("POST", &path, Some(visit("2026-11-25T10:00:00Z", 3, false)));
    assert_eq!((status, &first["series_length"]), (201, &json!(3)), "{first}");
    // Two weeks earlier would be too soon; the second and third date of this one are taken.
    let (status, refused) = server.api("POST", &path, Some(visit("2026-12-09T10:00:00Z", 3, true)));
    assert_eq!((status, &refused["code"]), (409, &json!("not_free")), "the first must be free: {refused}");
    let (status, refused) = server.api("POST", &path, Some(visit("2026-12-01T10:00:00Z", 7, false)));
    assert_eq!((status, &refused["errors"][0]["pointer"]), (422, &json!("#/dates")), "{refused}");
    let end = json!({ "reason": "ill", "scope": "this_and_later" });
    let (status, ended) =
        server.api("POST", &format!("/v1/bookings/{}/cancel", first["id"].as_str().unwrap()), Some(end));
    assert_eq!((status, &ended["state"]), (200, &json!("cancelled")), "{ended}");
    let (_, left) = server.api("GET", "/v1/bookings?state=confirmed", None);
    assert_eq!(left["data"].as_array().unwrap().len(), 0, "{left}");
    let wrong = json!({ "every": "week", "dates": 30 });
    let (_, mut event) = server.api("GET", &format!("/v1/event-types/{}", event["id"].as_str().unwrap()), None);
    event["repeats"] = wrong;
    let (status, refused) =
        server.api("PUT", &format!("/v1/event-types/{}", event["id"].as_str().unwrap()), Some(event));
    assert_eq!(status, 422, "{refused}");
}

#[test]
fn times_are_right_in_three_zones_on_both_sides_of_a_clock_change() {
    let server = TestServer::start();
    let path = open(&server, json!({ "minimum_notice": 0 }));
    let mut visitor = server.browser();
    // The owner opens at nine in London; Britain changes on 28 March 2027, the United States on the 14th.
    let cases = [
        ("2027-03-12", "Europe/London", "09:00", "2027-03-12T09:00:00Z"),
        ("2027-03-15", "America/New_York", "05:00", "2027-03-15T09:00:00Z"),
        ("2027-03-29", "Europe/London", "09:00", "2027-03-29T08:00:00Z"),
        ("2027-03-29", "America/New_York", "04:00", "2027-03-29T08:00:00Z"),
        ("2027-03-29", "Asia/Kolkata", "13:30", "2027-03-29T08:00:00Z"),
    ];
    for (day, zone, clock, instant) in cases {
        let page = visitor.get(&format!("{path}?day={day}&tz={zone}"));
        assert_eq!(starts(&page)[0], instant, "{day} in {zone}");
        assert!(page.body.contains(&format!(">{clock}</button>")), "{day} in {zone}");
    }
}

#[test]
fn the_page_speaks_the_visitors_language_and_nothing_comes_from_elsewhere() {
    let server = TestServer::start();
    let path = open(&server, json!({}));
    let mut visitor = server.browser();
    let cases = [
        ("de", "November 2026", "Zeiten in der Zeitzone"),
        ("fr", "novembre 2026", "Horaires affichés"),
        ("hi", "नवंबर 2026", "समय क्षेत्र"),
        ("xx", "November 2026", "Times shown for"),
    ];
    for (tag, month, words) in cases {
        let page = visitor.get(&format!("{path}?lang={tag}"));
        assert!(page.body.contains(month) && page.body.contains(words), "{tag}: {}", page.body);
        let foreign = page.body.match_indices("src=\"").any(|(at, _)| page.body[at + 5..].starts_with("http"));
        assert!(!foreign, "{tag}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
        assert!(page.header("set-cookie").is_none(), "no cookie is needed");
    }
}

#[test]
fn what_is_closed_or_made_up_is_not_there() {
    let server = TestServer::start();
    let path = open(&server, json!({ "open": false }));
    let mut visitor = server.browser();
    for path in [
        path.as_str(),
        "/b/fernhill/nothing",
        "/b/nobody",
        "/booking/nonsense.nonsense",
        "/booking/AAAA.AAAA/calendar.ics",
    ] {
        assert_eq!(visitor.get(path).status, 404, "{path}");
    }
    let sent = visitor.post_as_stranger(&format!("{path}/hold"), &[("start", "2026-11-25T09:00:00Z")]);
    assert_eq!(sent.status, 404);
    // What is said of it is said in the language that was chosen, else in the browser's.
    let cases = [
        ("/b/fernhill/nothing?lang=hi", "fr", "hi", "यहाँ कुछ नहीं है"),
        ("/b/nobody", "sv, pt-BR;q=0.9", "pt", "Não há nada aqui"),
        ("/booking/nonsense.nonsense", "de-AT", "de", "Hier ist nichts"),
        ("/pay/nonsense.nonsense", "es", "es", "Aquí no hay nada"),
        ("/waiting/nonsense.nonsense", "fr", "fr", "Rien ici"),
        ("/b/fernhill/nothing", "sv", "en", "Not here"),
        ("/nowhere/at/all", "de", "en", "Not here"),
    ];
    for (path, browser, tag, words) in cases {
        let page = visitor.send_raw("GET", path, &[("accept-language", browser)], "");
        let is_in_it = page.body.contains(&format!("<html lang=\"{tag}\"")) && page.body.contains(words);
        assert!(page.status == 404 && is_in_it, "{path} {browser}: {}", page.body);
    }
}

#[test]
fn what_is_not_there_leads_to_what_the_same_business_offers() {
    let server = TestServer::start();
    let path = open(&server, json!({}));
    let mut visitor = server.browser();
    let here = book_wednesday(&mut visitor, &path);
    let own = format!("{here}/nothing");
    let closed = format!("{path}/no/such/page");
    let cases = [
        ("/b/fernhill/nothing", "en", "/b/fernhill", "See what can be booked"),
        ("/b/fernhill/nothing?lang=de", "fr", "/b/fernhill?lang=de", "Ansehen, was gebucht werden kann"),
        (closed.as_str(), "es", "/b/fernhill", "Ver lo que se puede reservar"),
        (own.as_str(), "fr", "/b/fernhill", "Voir ce qui peut être réservé"),
        (own.as_str(), "pt", "/b/fernhill", "Ver o que pode ser reservado"),
        ("/b/fernhill/nothing", "hi", "/b/fernhill", "देखें कि क्या बुक किया जा सकता है"),
        ("/b/nobody", "de", "/", "Zur Startseite"),
        ("/booking/nonsense.nonsense", "de", "/", "Zur Startseite"),
    ];
    for (path, browser, home, words) in cases {
        let page = visitor.send_raw("GET", path, &[("accept-language", browser)], "");
        let way = format!("href=\"{home}\"><span>{words}</span>");
        assert!(page.status == 404 && page.body.contains(&way), "{path} {browser}: {}", page.body);
        assert!(home == "/" || visitor.get(home).status == 200, "{home}");
    }
}

#[test]
fn only_the_page_of_times_may_stand_in_a_frame_of_another_site() {
    let server = TestServer::start();
    let path = open(&server, json!({}));
    let mut visitor = server.browser();
    let script = visitor.get("/b/embed.js");
    assert_eq!(script.header("cross-origin-resource-policy"), Some("cross-origin"));
    let framed = visitor.get(&format!("{path}/embed"));
    assert!(framed.header("content-security-policy").unwrap().contains("frame-ancestors *"));
    assert!(
        framed.body.contains("target=\"_top\"") && framed.body.contains(&format!("{path}/embed?")),
        "{}",
        framed.body
    );
    let form = hold(&mut visitor, &path, "Europe/London", &starts(&framed)[0]);
    for page in [visitor.get(&path), form] {
        assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    }
}

/// A server whose letters wait, since nobody takes them.
fn with_letters() -> TestServer {
    let mail = [
        ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
        ("LAUNCHYARD_MAIL__PORT", "1"),
        ("LAUNCHYARD_MAIL__SECURITY", "plain"),
        ("LAUNCHYARD_MAIL__FROM", "server@launchyard.example"),
    ];
    TestServer::start_with(&mail, false)
}

/// The path of the page that a letter leads somebody to who waits.
fn waiting_link(server: &TestServer, to: &str) -> String {
    let letters = launchyard::mailer::waiting(&server.app().store).unwrap();
    let letter = letters.iter().rev().find(|letter| letter.to.display() == to).unwrap();
    let from = letter.text.find("/waiting/").unwrap_or_else(|| panic!("{}", letter.text));
    letter.text[from..].split_whitespace().next().unwrap().to_owned()
}

/// Books the only time of Wednesday 25 November; gives the page of the booking.
fn book_wednesday(visitor: &mut Browser, path: &str) -> String {
    let page = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/London"));
    let form = hold(visitor, path, "Europe/London", &starts(&page)[0]);
    send(visitor, path, &form, &[]).location.unwrap()
}

#[test]
fn who_found_a_full_day_waits_is_written_to_and_takes_what_is_freed() {
    let server = with_letters();
    let path = open(&server, json!({ "durations": [480], "waitlist": { "offer_minutes": 60 } }));
    let mut visitor = server.browser();
    let own = book_wednesday(&mut visitor, &path);
    let full = visitor.get(&format!("{path}?month=2026-11&tz=Europe/London&lang=de"));
    assert!(full.body.contains(&format!("{path}/waitlist?")) && full.body.contains("Warteliste"), "{}", full.body);
    let form = visitor.get(&format!("{path}/waitlist?month=2026-11&tz=Europe/London"));
    assert!(form.body.contains("value=\"2026-11-25\"") && !form.body.contains("value=\"2026-11-26\""), "{}", form.body);
    let wish = [("wish", "2026-11-25"), ("month", "2026-11"), ("tz", "Europe/London"), ("lang", "en")];
    let line = format!("{path}/waitlist");
    let join = |visitor: &mut Browser, name: &str, email: &str| {
        visitor.post_as_stranger(&line, &[&wish[..], &[("name", name), ("email", email)]].concat())
    };
    let nameless = join(&mut visitor, " ", "mara@lakeside.example");
    assert!(nameless.status == 422 && nameless.body.contains("mara@lakeside.example"), "{}", nameless.body);
    let joined = join(&mut visitor, "Mara Holm", "mara@lakeside.example");
    assert_eq!(joined.status, 303, "{}", joined.body);
    assert!(visitor.get(joined.location.as_deref().unwrap()).body.contains("You are on the list"));
    server.settle();

    let here = waiting_link(&server, "mara@lakeside.example");
    let waiting = visitor.get(&here).body;
    assert!(waiting.contains("Wednesday 25 November") && waiting.contains("/confirm\""), "{waiting}");
    assert_eq!(visitor.post_as_stranger(&format!("{here}/confirm"), &[]).location.as_deref(), Some(here.as_str()));
    assert!(!visitor.get(&here).body.contains("/confirm\""), "once is enough");
    let free = [("wish", "2026-11-26"), ("month", "2026-11"), ("tz", "Europe/London")];
    let free =
        visitor.post_as_stranger(&line, &[&free[..], &[("name", "Z"), ("email", "z@lakeside.example")]].concat());
    assert!(
        free.location.is_some_and(|to| to.starts_with(&format!("{path}?"))),
        "what is free is booked, not waited for"
    );

    assert_eq!(visitor.post_as_stranger(&format!("{own}/cancel"), &[("reason", "")]).status, 303);
    server.settle();
    let offer = visitor.get(&here);
    assert!(offer.body.contains("Take this time"), "{}", offer.body);
    let take = offer.attribute_after("btn-primary", "href").unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let (_, bookings) = server.api("GET", "/v1/bookings", None);
    let stand = |bookings: &Value| {
        let all = bookings["data"].as_array().unwrap();
        all.iter().filter(|one| one["state"] != "cancelled").count()
    };
    let form = visitor.get(&take);
    assert!(form.body.contains("mara@lakeside.example"), "{}", form.body);
    assert_eq!(stand(&bookings), 0);
    assert_eq!(stand(&server.api("GET", "/v1/bookings", None).1), 0, "looking books nothing");
    let taken = send(&mut visitor, &path, &form, &[]);
    assert!(taken.location.is_some_and(|to| to.starts_with("/booking/")));
    server.settle();
    assert!(visitor.get(&here).body.contains("You are not on this list any more."));
}

#[test]
fn a_place_on_the_list_is_left_by_its_link_and_by_nothing_else() {
    let server = with_letters();
    let path = open(&server, json!({ "durations": [480], "waitlist": { "offer_minutes": 60 } }));
    let mut visitor = server.browser();
    book_wednesday(&mut visitor, &path);
    let wish = [("wish", "2026-11-25"), ("month", "2026-11"), ("tz", "Europe/London"), ("name", "Mara")];
    let email = ("email", "mara@lakeside.example");
    visitor.post_as_stranger(&format!("{path}/waitlist"), &[&wish[..], &[email]].concat());
    server.settle();
    let here = waiting_link(&server, "mara@lakeside.example");
    for made_up in [format!("{}x", here), here.replace('.', ""), here.replacen("/waiting/", "/booking/", 1)] {
        assert_eq!(visitor.get(&made_up).status, 404, "{made_up}");
    }
    assert_eq!(visitor.get(&format!("{here}/leave")).status, 405, "a look leaves nothing");
    assert_eq!(visitor.post_as_stranger(&format!("{here}/leave"), &[]).location.as_deref(), Some(here.as_str()));
    assert!(visitor.get(&here).body.contains("You are not on this list any more."));
    assert_eq!(visitor.post_as_stranger(&format!("{here}/leave"), &[]).status, 303, "twice is once");
}

#[test]
fn a_waitlist_that_is_off_is_switched_on_where_it_stands() {
    let server = TestServer::start();
    open(&server, json!({}));
    let (_, types) = server.api("GET", "/v1/event-types", None);
    let here = format!("/event-types/{}/waitlist", types["data"][0]["id"].as_str().unwrap());
    let mut owner = server.owner_browser();
    let off = owner.get(&here);
    assert!(off.body.contains("Switch the waitlist on") && !off.body.contains("Add somebody"), "{}", off.body);
    owner.submit(&format!("{here}/open"), &[]);
    let on = owner.get(&here);
    assert!(!on.body.contains("Switch the waitlist on") && on.body.contains("Add somebody"), "{}", on.body);
}

#[test]
fn hostile_visitors_get_no_further_than_the_form() {
    let server = with_letters();
    let change = json!({
        "durations": [480], "waitlist": { "offer_minutes": 60 }, "guests": 2,
        "questions": [{ "label": "What for?", "kind": "long" }],
    });
    let path = open(&server, change);
    let mut visitor = server.browser();
    let page = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/London"));
    let form = hold(&mut visitor, &path, "Europe/London", &starts(&page)[0]);
    let script = "<script>alert(1)</script>";
    let many = "a@x.example, b@x.example, c@x.example";
    let long = "x".repeat(101);
    for (field, said) in [("name", long.as_str()), ("name", "A\u{7}B"), ("email", "no address"), ("others", many)] {
        let refused = send(&mut visitor, &path, &form, &[(field, said)]);
        assert_eq!(refused.status, 422, "{field}: {said}");
    }
    let refused = send(&mut visitor, &path, &form, &[("name", script), ("email", script)]);
    assert!(refused.status == 422 && !refused.body.contains("<script>alert"), "{}", refused.body);
    let endless = "y".repeat(6_000);
    let refused = send(&mut visitor, &path, &form, &[("name", script), ("q-0", &endless)]);
    assert!(refused.status == 422 && refused.body.contains("at most 4000 characters"), "{}", refused.body);
    let booked = send(&mut visitor, &path, &form, &[("name", script), ("q-0", &endless[..4_000])]);
    let own = visitor.get(booked.location.as_deref().unwrap());
    assert!(!own.body.contains("<script>alert") && own.body.contains(&"y".repeat(4_000)), "whole, and harmless");
    for zone in ["../../etc/passwd", "%3Cb%3E", "Mars/Olympus"] {
        let page = visitor.get(&format!("{path}?tz={zone}&month=9999-99&day=x&length=99999999999&move=a.b"));
        assert_eq!(page.status, 200, "{zone}");
        assert!(!page.body.contains("<b>"), "{zone}");
    }
    for month in ["9999-12", "-001-01", "2026-13"] {
        assert!(visitor.get(&format!("{path}?month={month}")).status < 400, "{month}");
        assert!(visitor.get(&format!("{path}/waitlist?month={month}")).status < 400, "{month}");
    }
}

#[test]
fn one_network_tries_only_so_often() {
    let server = TestServer::start();
    let path = open(&server, json!({}));
    let mut visitor = server.browser();
    let answers: Vec<u16> =
        (0..200).map(|_| visitor.post_as_stranger(&format!("{path}/hold"), &[("start", "nonsense")]).status).collect();
    assert_eq!(answers[0], 409);
    assert!(answers.contains(&429), "{answers:?}");
    assert_eq!(visitor.get(&path).status, 200, "looking is free");
}

#[test]
fn answers_lead_a_visitor_to_their_event_type_and_stand_in_the_booking() {
    let server = TestServer::start();
    let path = open(&server, json!({ "questions": [{ "label": "Anything else?", "kind": "text" }] }));
    let (_, types) = server.api("GET", "/v1/event-types", None);
    let first_call = types["data"][0]["id"].as_str().unwrap();
    let form = json!({
        "name": "Which call?",
        "questions": [
            { "label": "Heated with?", "kind": "choice", "choices": ["Oil", "Gas", "Wood"], "required": true },
            { "label": "How old?", "kind": "number" },
        ],
        "rules": [
            { "when": [{ "question": 1, "test": "is", "value": "Oil" }], "then": { "to": "event_type", "id": first_call } },
            { "when": [{ "question": 1, "test": "is", "value": "Wood" }], "then": { "to": "link", "url": "https://wood.example/" } },
        ],
        "otherwise": { "to": "message", "text": "We know <b>oil</b> best." },
    });
    let (status, made) = server.api("POST", "/v1/routing-forms", Some(form));
    assert_eq!(status, 201, "{made}");
    let led = server.api("POST", &format!("/v1/routing-forms/{}/lead", made["id"].as_str().unwrap()), {
        Some(json!({ "answers": ["Wood"] }))
    });
    assert_eq!(led.1["url"], "https://wood.example/", "{}", led.1);

    let mut visitor = server.browser();
    let page = visitor.get("/b/fernhill/route/which-call?lang=fr");
    assert!(page.body.contains("Heated with?") && page.body.contains("Continuer"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && page.header("set-cookie").is_none());
    let here = "/b/fernhill/route/which-call";
    let answer =
        |visitor: &mut Browser, heated: &str| visitor.post_as_stranger(here, &[("q-0", heated), ("q-1", "12")]);
    assert_eq!(answer(&mut visitor, "").status, 422);
    assert_eq!(answer(&mut visitor, "Coal").status, 422, "none of the choices");
    let elsewhere = answer(&mut visitor, "Wood");
    assert_eq!(elsewhere.header("refresh"), Some("0; url=https://wood.example/"));
    assert!(elsewhere.body.contains("href=\"https://wood.example/\""), "{}", elsewhere.body);
    let words = answer(&mut visitor, "Gas");
    assert!(words.status == 200 && words.body.contains("oil") && !words.body.contains("<b>oil"), "{}", words.body);

    let to = answer(&mut visitor, "Oil").location.unwrap();
    assert!(to.starts_with(&format!("{path}?route=")), "{to}");
    let times = visitor.get(&format!("{to}&day=2026-11-25&tz=Europe/London"));
    let route = value_of(&times, "name=\"route\"").to_owned();
    let start = starts(&times).remove(0);
    let kept = [("start", start.as_str()), ("tz", "Europe/London"), ("length", "30"), ("route", &route)];
    let kept = visitor.post_as_stranger(&format!("{path}/hold"), &kept);
    let form = visitor.get(kept.location.as_deref().unwrap());
    assert_eq!(value_of(&form, "name=\"route\""), route);
    // The address may have been somebody else's.
    for said in ["What you answered", "Heated with?", "Oil", "How old?", "12"] {
        assert!(form.body.contains(said), "{said}: {}", form.body);
    }
    let marker = "href=\"/b/fernhill/route/which-call?";
    let query = form.body.split_once(marker).unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&");
    let again = visitor.get(&format!("{here}?{}", query.replace("&amp;", "&")));
    assert!(again.body.contains("<option value=\"Oil\" selected"), "{}", again.body);
    assert!(again.body.contains("value=\"12\""), "{}", again.body);
    let booked = send(&mut visitor, &path, &form, &[("route", &route), ("q-0", "No")]);
    let own = visitor.get(booked.location.as_deref().unwrap());
    for said in ["Heated with?", "Oil", "How old?", "12", "Anything else?"] {
        assert!(own.body.contains(said), "{said}: {}", own.body);
    }

    server.api("PUT", &format!("/v1/event-types/{first_call}"), {
        let mut closed = types["data"][0].clone();
        closed["open"] = json!(false);
        Some(closed)
    });
    let words = answer(&mut visitor, "Oil");
    assert!(words.body.contains("best."), "what is closed leads to the way out at the end: {}", words.body);
    assert_eq!(visitor.get("/b/nobody/route/which-call").status, 404);
}
