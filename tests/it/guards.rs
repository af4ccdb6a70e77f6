//! What stands before every route: headers, cookies, form tokens, sizes, and how often one may ask.

use std::time::Duration;

use super::browser::{agent, api_with, Browser, Page};
use super::routes::{self, Need, Route};
use super::support::{TestServer, PASSWORD};
use super::world::World;

const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/// What is wrong with an answer to a browser, whatever it says.
fn unguarded(page: &Page) -> Vec<String> {
    let is_page = page.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let mut wrong = Vec::new();
    let mut must = |name: &str, passes: &dyn Fn(&str) -> bool| {
        if !page.header(name).is_some_and(passes) {
            wrong.push(format!("{name}: {:?}", page.header(name)));
        }
    };
    must("content-security-policy", &|policy| {
        policy == CSP || !is_page && policy.starts_with("default-src 'none'") && policy.ends_with("sandbox")
    });
    must("x-content-type-options", &|value| value == "nosniff");
    must("referrer-policy", &|value| value == "no-referrer" || value == "strict-origin-when-cross-origin");
    must("cross-origin-opener-policy", &|value| value == "same-origin");
    must("cross-origin-resource-policy", &|value| value == "same-origin");
    must("permissions-policy", &|value| value.contains("camera=()"));
    must("cache-control", &|value| value == "no-store");
    for inline in
        [" style=\"", "<style", "javascript:", "<script>", " onclick=", " onload=", " onsubmit=", " onchange="]
    {
        if is_page && page.body.contains(inline) {
            wrong.push(format!("inline: {inline}"));
        }
    }
    for (_, value) in page.headers.iter().filter(|(name, _)| name == "set-cookie") {
        wrong.extend(loose(value, false));
    }
    wrong
}

/// What is wrong with a cookie.
fn loose(cookie: &str, is_https: bool) -> Option<String> {
    let mut parts = cookie.split("; ");
    let name = parts.next().unwrap().split('=').next().unwrap();
    let attributes: Vec<&str> = parts.collect();
    let has = |wanted: &str| attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(wanted));
    let is_named = if is_https { name.starts_with("__Host-") } else { name.ends_with("-insecure") };
    let has_domain = attributes.iter().any(|attribute| attribute.to_ascii_lowercase().starts_with("domain"));
    let ok = is_named && has("HttpOnly") && has("SameSite=Lax") && has("Path=/") && has("Secure") == is_https;
    (!ok || has_domain).then(|| format!("cookie {cookie}"))
}

fn pages() -> impl Iterator<Item = Route> {
    // The stream never ends; its headers are looked at where it is tested.
    routes::all().into_iter().filter(|route| !route.is_api() && route.path != "/live")
}

#[test]
fn every_answer_is_guarded_and_no_page_breaks() {
    let world = World::open();
    let mut owner = world.browser_of(world.member(launchyard::authz::Role::Owner));
    let mut operator = Browser::new(world.url());
    operator.sign_in(&world.demo.way_in.email, &world.demo.way_in.password);
    let mut stranger = Browser::new(world.url());
    let mut wrong = Vec::new();
    // The one script that other sites load, and keep.
    for route in pages().filter(|route| route.method == "GET" && route.path != "/b/embed.js") {
        let path = world.filled(route.path);
        for (who, browser) in [("owner", &mut owner), ("operator", &mut operator), ("nobody", &mut stranger)] {
            let page = browser.get(&path);
            if page.status >= 500 {
                wrong.push(format!("{who} GET {path}: {}", page.status));
            }
            wrong.extend(unguarded(&page).into_iter().map(|what| format!("{who} GET {path}: {what}")));
            if who == "operator"
                && matches!(route.need, Need::May(_))
                && ![200, 303, 404, 409, 422].contains(&page.status)
            {
                wrong.push(format!("{who} GET {path}: {}", page.status));
            }
        }
    }
    // Refusals are answers too.
    let odd = [
        ("GET", "/nothing/here", 404),
        ("DELETE", "/contacts", 400),
        ("TRACE", "/contacts", 405),
        ("OPTIONS", "/contacts", 405),
        ("PROPFIND", "/contacts", 405),
        ("GET", "/contacts/not-an-id", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/contacts?from=many", 400),
        ("GET", "/v1/nothing", 404),
    ];
    for (method, path, expected) in odd {
        let page = api_with(world.url(), "", method, path, &[], None);
        wrong.extend(unguarded(&page).into_iter().map(|what| format!("{method} {path}: {what}")));
        let is_sent_away = page.status == 303;
        if page.status != expected && !is_sent_away && !(path.starts_with("/v1") && page.status == 401) {
            wrong.push(format!("{method} {path}: {} and not {expected}", page.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn over_https_cookies_belong_to_this_host_alone_and_browsers_remember_to_come_back_so() {
    let server = TestServer::start_with(&[("LAUNCHYARD_SERVER__PUBLIC_URL", "https://reach.example")], false);
    let mut browser = server.browser();
    let page = browser.get("/signin");
    assert_eq!(page.header("strict-transport-security"), Some("max-age=31536000"));
    let signed_in = browser.post("/signin", &[("login", "nora@fernhill.example"), ("password", PASSWORD)]);
    assert_eq!(signed_in.status, 303, "{}", signed_in.body);
    browser.get("/settings");
    let themed = browser.post("/settings", &[("name", "Nora"), ("email", "nora@fernhill.example"), ("theme", "dark")]);
    let out = browser.post("/signout", &[]);
    let mut cookies = 0;
    for page in [&page, &signed_in, &themed, &out] {
        for (_, cookie) in page.headers.iter().filter(|(name, _)| name == "set-cookie") {
            cookies += 1;
            assert_eq!(loose(cookie, true), None);
        }
    }
    assert!(cookies >= 3, "visit, session and their ends: {cookies}");
    // What was set in clear is never read.
    let mut old = server.browser();
    let session =
        signed_in.headers.iter().find(|(name, value)| name == "set-cookie" && value.contains("session")).unwrap();
    let value = session.1.split(';').next().unwrap().split_once('=').unwrap().1;
    let clear = format!("session-insecure={value}");
    assert_eq!(old.send_raw("GET", "/", &[("cookie", &clear)], "").status, 303);
    // A key that crossed the network in clear is refused, not redirected.
    let key = server.owner.api_key.as_deref().unwrap();
    let in_clear = api_with(&server.url, key, "GET", "/v1/contacts", &[("x-forwarded-proto", "http")], None);
    assert_eq!(in_clear.status, 403, "{}", in_clear.body);
}

#[test]
fn no_form_is_taken_without_its_token_or_from_another_site() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let mut other = server.owner_browser();
    other.get("/settings");
    let foreign_token = other.token().to_owned();
    owner.get("/settings");
    let token = owner.token().to_owned();
    let url = server.url.clone();
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    let mut wrong = Vec::new();
    for route in pages().filter(Route::changes).filter(|route| !proves_itself(route.path)) {
        let path = world_free(route.path);
        let with = |token: &str| format!("_csrf={token}&name=x");
        let bent = token.replace('.', "x");
        let attempts: [(&str, Vec<(&str, &str)>, String); 8] = [
            ("no token", vec![FORM, ("sec-fetch-site", "same-origin")], "name=x".into()),
            ("empty token", vec![FORM, ("sec-fetch-site", "same-origin")], with("")),
            ("bent token", vec![FORM, ("sec-fetch-site", "same-origin")], with(&bent)),
            ("another session's token", vec![FORM, ("sec-fetch-site", "same-origin")], with(&foreign_token)),
            ("from another site", vec![FORM, ("sec-fetch-site", "cross-site")], with(&token)),
            ("from a sibling", vec![FORM, ("sec-fetch-site", "same-site")], with(&token)),
            ("from another origin", vec![FORM, ("origin", "https://evil.example")], with(&token)),
            ("in another shape", vec![("content-type", "text/plain"), ("origin", url.as_str())], with(&token)),
        ];
        for (how, headers, body) in attempts {
            let page = owner.send_raw("POST", &path, &headers, &body);
            if !matches!(page.status, 400 | 403) || page.header("set-cookie").is_some_and(|set| set.contains("session"))
            {
                wrong.push(format!("POST {path} {how}: {}", page.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The same form, sent from its page, is taken; else all of the above proves nothing.
    let taken = owner.send_raw(
        "POST",
        "/settings/security/sessions/end",
        &[FORM, ("sec-fetch-site", "same-origin")],
        &format!("_csrf={token}"),
    );
    assert_eq!(taken.status, 303, "{}", taken.body);
    // One-click unsubscribe needs no token and no cookie, but a link of ours.
    let mut nobody = server.browser();
    let bent_link = nobody.send_raw("POST", "/u/bent", &[FORM], "List-Unsubscribe=One-Click");
    assert_eq!(bent_link.status, 404);
}

fn world_free(route: &str) -> String {
    let mut path = String::new();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str("0199a2b7d0007000800000000000000f");
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    path + rest
}

#[test]
fn a_body_larger_than_its_limit_is_refused_in_words() {
    let limits = [
        ("LAUNCHYARD_LIMITS__FORM_BODY_KIB", "16"),
        ("LAUNCHYARD_LIMITS__JSON_BODY_KIB", "32"),
        ("LAUNCHYARD_LIMITS__IMPORT_MIB", "1"),
    ];
    let server = TestServer::start_with(&limits, false);
    let mut owner = server.owner_browser();
    owner.get("/contacts/new");
    let text = |kib: usize| "x".repeat(kib * 1024);
    let form =
        |owner: &mut Browser, kib: usize| owner.post("/contacts", &[("email", "a@b.example"), ("notes", &text(kib))]);
    assert_eq!(form(&mut owner, 20).status, 413);
    assert_ne!(form(&mut owner, 8).status, 413);
    owner.get("/contacts/import");
    let file = |owner: &mut Browser, kib: usize| {
        let content = format!("Email\n{}\n", "name@lead.example\n".repeat(kib * 1024 / 18));
        owner.upload("/contacts/import", &[], ("file", "leads.csv", content.as_bytes())).status
    };
    assert_eq!(file(&mut owner, 1200), 413);
    assert_eq!(file(&mut owner, 100), 303);
    let json = |kib: usize| {
        let body = serde_json::json!({ "addresses": ["a@b.example"], "company": text(kib) });
        server.api("POST", "/v1/contacts", Some(body))
    };
    let (status, problem) = json(33);
    assert_eq!((status, problem["code"].as_str()), (413, Some("too_large")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("32768"), "{problem}");
    assert_ne!(json(20).0, 413, "larger than a form may be, and allowed");
}

/// One try to sign in, by somebody whom a proxy calls `from`.
fn try_to_sign_in(server: &TestServer, login: &str, password: &str, from: &str) -> Page {
    let mut browser = server.browser();
    browser.get("/signin");
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("_csrf", browser.token()), ("login", login), ("password", password)])
        .finish();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-for", from),
    ];
    browser.send_raw("POST", "/signin", &headers, &body)
}

#[test]
fn an_account_that_is_tried_too_often_waits_and_is_open_again_later() {
    let server = TestServer::start();
    server.add_user("ada@fernhill.example", "fernhill", launchyard::authz::Role::Agent);
    let nora = |password: &str, from: &str| try_to_sign_in(&server, "nora@fernhill.example", password, from);
    for number in 0..5 {
        assert_eq!(nora("wrong", &format!("198.51.100.{number}")).status, 422, "try {number}, each from elsewhere");
    }
    let refused = nora(PASSWORD, "198.51.100.77");
    assert_eq!(refused.status, 429, "even the right password waits");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0, "programs are told how long");
    let elsewhere = try_to_sign_in(&server, "ada@fernhill.example", PASSWORD, "198.51.100.1");
    assert_eq!(elsewhere.status, 303, "others are not held up");
    let unknown =
        |number: usize| try_to_sign_in(&server, "nobody@fernhill.example", "wrong", &format!("198.51.100.{number}"));
    let answers: Vec<u16> = (100..106).map(|number| unknown(number).status).collect();
    assert_eq!(answers, [422, 422, 422, 422, 422, 429], "an account that is not there looks like one that is");
    server.clock.advance(Duration::from_secs(15 * 60 + 1));
    assert_eq!(nora(PASSWORD, "198.51.100.77").status, 303);
}

#[test]
fn one_network_cannot_go_through_all_accounts_and_cannot_pretend_to_be_many() {
    for (proxies, is_believed) in [("[\"127.0.0.0/8\"]", true), ("[]", false)] {
        let settings = [
            ("LAUNCHYARD_LIMITS__SIGN_IN_TRIES_PER_ADDRESS", "6"),
            ("LAUNCHYARD_SERVER__TRUSTED_PROXIES", if is_believed { "127.0.0.0/8" } else { "203.0.113.1" }),
        ];
        let server = TestServer::start_with(&settings, false);
        let try_as = |number: usize, from: &str| {
            try_to_sign_in(&server, &format!("person{number}@fernhill.example"), "wrong", from).status
        };
        for number in 0..6 {
            assert_eq!(try_as(number, "198.51.100.7"), 422, "{proxies} {number}");
        }
        assert_eq!(try_as(6, "198.51.100.7"), 429, "{proxies}");
        // The left part of the chain is the client's own invention.
        assert_eq!(try_as(7, "192.0.2.1, 198.51.100.7"), 429, "{proxies}");
        let expected = if is_believed { 422 } else { 429 };
        assert_eq!(try_as(8, "198.51.100.8"), expected, "another address behind {proxies}");
    }
}

#[test]
fn figures_are_for_the_operator_and_for_who_shows_the_token() {
    let server = TestServer::start_with(&[("LAUNCHYARD_SERVER__METRICS_TOKEN", "gull-anchor-41")], false);
    let shown = |token: &str| api_with(&server.url, token, "GET", "/metrics", &[], None).status;
    assert_eq!(shown(""), 404, "a process of this machine is nobody");
    assert_eq!(shown("gull-anchor-42"), 404);
    assert_eq!(shown("gull-anchor-41"), 200);
    let mut operator = server.owner_browser();
    assert_eq!(operator.get("/metrics").status, 200);

    let closed = TestServer::start();
    assert_eq!(api_with(&closed.url, "", "GET", "/metrics", &[], None).status, 404, "no token, nobody");
}

#[test]
fn a_wish_not_to_be_written_to_is_taken_however_many_come_from_one_address() {
    let server = TestServer::start_with(&[("LAUNCHYARD_LIMITS__PAGES_PER_MINUTE", "30")], false);
    let mut nobody = server.browser();
    let answers: Vec<u16> = (0..40).map(|_| nobody.get("/signin").status).collect();
    assert!(answers.contains(&429), "{answers:?}");
    for _ in 0..60 {
        assert_ne!(nobody.get("/u/whatever").status, 429);
    }
}

#[test]
fn where_providers_tell_only_the_routes_themselves_are_counted_apart() {
    let server = TestServer::start_with(&[("LAUNCHYARD_LIMITS__PAGES_PER_MINUTE", "30")], false);
    let limits = std::sync::Arc::clone(&server.app().limits);
    let here = launchyard::http::ClientIp([127, 0, 0, 1].into());
    let ask = |method: &str, path: &str| {
        let url = format!("{}{path}", server.url);
        match method {
            "GET" => agent().get(&url).call(),
            "PUT" => agent().put(&url).send("{}"),
            _ => agent().post(&url).send("{}"),
        }
        .unwrap()
        .status()
        .as_u16()
    };
    // What no provider says is counted as anybody's.
    let others = [
        ("POST", "/hooks/google/more"),
        ("POST", "/hooks/microsoft/more"),
        ("GET", "/hooks/google"),
        ("PUT", "/hooks/microsoft"),
        ("POST", "/u/token/more"),
    ];
    for (method, path) in others {
        assert!([404, 405].contains(&ask(method, path)), "{method} {path}");
    }
    while limits.stranger(here).is_ok() {}
    for (method, path) in others {
        assert_eq!(ask(method, path), 429, "{method} {path}");
    }
    // Refused as a stranger's by the hook itself, which has counted it by its network first.
    let left = limits.notice(here).unwrap().remaining;
    assert_eq!(ask("POST", "/hooks/google"), 429);
    assert_eq!(limits.notice(here).unwrap().remaining, left - 2, "the hook's own count, and this look at it");

    server.clock.advance(Duration::from_secs(60));
    assert_eq!(ask("POST", "/hooks/google"), 404);
    while limits.notice(here).is_ok() {}
    for path in ["/hooks/google", "/hooks/microsoft"] {
        assert_eq!(ask("POST", path), 429, "{path}");
    }
    assert_eq!(ask("POST", "/hooks/google/more"), 404, "others are not held up by it");
}

/// The token in the address is the proof; what posts there has no form of ours.
fn proves_itself(path: &str) -> bool {
    // Visitors book without a cookie, and what services tell is signed.
    ["/u/", "/in/", "/b/", "/booking/", "/waiting/", "/webhooks/", "/hooks/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}
