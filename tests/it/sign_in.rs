//! Signing in with an account elsewhere: the whole way there and back, and every way that must lead nowhere. And what is
//! asked again of somebody who is signed in.

use std::time::Duration;

use url::Url;

use super::browser::{agent, Browser, Page};
use super::support::{TestServer, PASSWORD};

/// Google, and an issuer that describes itself by discovery.
const ISSUERS: [&str; 2] = ["google", "oidc"];
const OWNER: &str = "nora@fernhill.example";

fn leave(browser: &mut Browser, issuer: &str) -> Url {
    let page = browser.get(&format!("/signin/{issuer}?next=/contacts"));
    assert_eq!(page.status, 303, "{}", page.body);
    Url::parse(&page.location.unwrap()).unwrap()
}

fn value(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn with(url: &Url, name: &str, value: &str) -> Url {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut changed = url.clone();
    changed.query_pairs_mut().clear().extend_pairs(pairs.into_iter().filter(|(known, _)| known != name));
    changed.query_pairs_mut().append_pair(name, value);
    changed
}

/// The person allows everything on the issuer's page; gives where the browser is sent back to.
fn allow(page: &Url) -> Url {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(page.query_pairs()).append_pair("account", OWNER).append_pair("decision", "allow");
    let mut action = page.clone();
    action.set_query(None);
    let request = agent().post(action.as_str()).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.send(form.finish()).unwrap();
    Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap()
}

fn come_back(browser: &mut Browser, url: &Url) -> Page {
    browser.get(&url[url::Position::BeforePath..])
}

fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/contacts").status == 200
}

#[test]
fn an_account_elsewhere_is_linked_once_by_password_and_then_signs_in() {
    let server = TestServer::start();
    for issuer in ISSUERS {
        let mut browser = server.browser();
        let page = leave(&mut browser, issuer);
        for name in ["state", "nonce", "code_challenge"] {
            assert!(value(&page, name).len() >= 22, "{issuer}: {name} can be guessed in {page}");
        }
        assert_eq!(value(&page, "code_challenge_method"), "S256", "{issuer}");
        assert_eq!(value(&page, "redirect_uri"), format!("{}/signin/{issuer}/return", server.url));
        let asks = come_back(&mut browser, &allow(&page));
        assert_eq!(asks.status, 200, "{issuer}: {}", asks.body);
        assert!(!is_signed_in(&mut browser), "{issuer}: an address alone lets nobody in");
        let secret = asks.attribute_after("name=\"secret\"", "value").unwrap().to_owned();
        let link = format!("/signin/{issuer}/link");
        let wrong = browser.post(&link, &[("secret", &secret), ("email", OWNER), ("password", "not-hers-at-all")]);
        assert_ne!(wrong.status, 303, "{issuer}");
        let form = [("secret", secret.as_str()), ("email", OWNER), ("password", PASSWORD)];
        assert_eq!(browser.submit(&link, &form), "/contacts", "{issuer}");
        assert!(is_signed_in(&mut browser), "{issuer}");

        let mut another = server.browser();
        let page = leave(&mut another, issuer);
        let back = allow(&page);
        let welcome = come_back(&mut another, &back);
        assert_eq!((welcome.status, welcome.location.as_deref()), (303, Some("/contacts")), "{issuer}");
        assert!(is_signed_in(&mut another), "{issuer}");
        let mut thief = server.browser();
        assert_eq!(come_back(&mut thief, &back).status, 400, "{issuer}: an answer holds once");
    }
}

#[test]
fn an_answer_that_does_not_fit_its_question_signs_nobody_in() {
    let server = TestServer::start();
    link_all(&server);
    for issuer in ISSUERS {
        let mut browser = server.browser();
        let ways: [(&str, &dyn Fn(&Url) -> Url); 6] = [
            ("another state", &|page| with(&allow(page), "state", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("no state", &|page| with(&allow(page), "state", "")),
            ("another code", &|page| with(&allow(page), "code", "4/0abcdefghijklmnopqrstuvwxyz")),
            ("a code asked for with another nonce", &|page| allow(&with(page, "nonce", "AAAAAAAAAAAAAAAAAAAAAAAAA"))),
            ("a code bound to another verifier", &|page| {
                allow(&with(page, "code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
            }),
            ("a refusal", &|page| {
                let mut back = with(&allow(page), "error", "access_denied");
                back = with(&back, "code", "");
                back
            }),
        ];
        for (name, answer) in ways {
            let page = leave(&mut browser, issuer);
            let refused = come_back(&mut browser, &answer(&page));
            assert!(matches!(refused.status, 400 | 403), "{issuer}, {name}: {} {}", refused.status, refused.body);
            assert!(!is_signed_in(&mut browser), "{issuer}, {name}");
        }
        let (mut one, mut other) = (server.browser(), server.browser());
        let page = leave(&mut one, issuer);
        leave(&mut other, issuer);
        assert_eq!(come_back(&mut other, &allow(&page)).status, 400, "{issuer}: begun in another browser");
        assert!(!is_signed_in(&mut other), "{issuer}");
    }
}

/// Both issuers' accounts belong to the owner from here on.
fn link_all(server: &TestServer) {
    let mut browser = server.owner_browser();
    for issuer in ISSUERS {
        let page = browser.get(&format!("/signin/{issuer}?errand=link&next=/settings/security"));
        let back = allow(&Url::parse(&page.location.unwrap()).unwrap());
        let linked = come_back(&mut browser, &back);
        assert_eq!((linked.status, linked.location.as_deref()), (303, Some("/settings/security")), "{}", linked.body);
    }
}

#[test]
fn what_was_typed_is_kept_when_it_is_asked_again_who_is_there() {
    let server = TestServer::start();
    let mut browser = server.owner_browser();
    server.advance(Duration::from_secs(20 * 60));
    browser.get("/settings");
    let typed = [("name", "Nora W."), ("email", "nora.w@fernhill.example"), ("username", "norawh"), ("theme", "dark")];
    let with = |password: &'static str| [&typed[..], &[("password", password)]].concat();
    let asked = browser.post("/settings", &typed);
    assert_eq!(asked.status, 422, "{}", asked.body);
    for kept in ["value=\"Nora W.\"", "value=\"nora.w@fernhill.example\"", "value=\"norawh\"", "name=\"password\""] {
        assert!(asked.body.contains(kept), "{kept} is missing: {}", asked.body);
    }
    let wrong = browser.post("/settings", &with("not-the-password"));
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("That is not your password") && wrong.body.contains("value=\"nora.w@fernhill.example\"")
    );
    assert!(!wrong.body.contains("not-the-password"), "a password never comes back");
    assert_eq!(browser.post("/settings", &with(PASSWORD)).status, 303);
    assert!(browser.get("/settings").body.contains("value=\"nora.w@fernhill.example\""));

    server.advance(Duration::from_secs(20 * 60));
    browser.get("/settings/keys");
    let sent = browser.post("/settings/keys", &[("name", "Website & form"), ("role", "viewer")]);
    let proof = sent.location.unwrap();
    assert!(proof.starts_with("/reauth?next="), "{proof}");
    let page = browser.get(&proof);
    let next = page.attribute_after("name=\"next\"", "value").unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let back = browser.post("/reauth", &[("next", &next), ("password", PASSWORD)]);
    let form = browser.get(&back.location.unwrap());
    assert!(form.body.contains("Website &#38; form") || form.body.contains("Website &amp; form"), "{}", form.body);
    assert!(form.body.contains("value=\"viewer\" selected"), "{}", form.body);
}
