//! What the page says about records, and when keys change.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Zone;
use crate::base::UnixMillis;
use crate::deliverability::findings::{look, Found};
use crate::deliverability::hosts::{self, GOOGLE};
use crate::deliverability::model::{DkimKey, Finding, Signing, Standing, What};
use crate::deliverability::rotation::{selector, settle, News};
use crate::deliverability::situation::{OwnKey, Sender, Situation};
use crate::testing::{self, NOW};

fn at_google() -> Situation {
    Situation {
        domain: "a.example".into(),
        senders: vec![Sender::Host(&GOOGLE)],
        public_url: "https://desk.example".into(),
        // Addresses for documentation are no public ones.
        trusts_private: true,
        ..Situation::default()
    }
}

fn own_server() -> Situation {
    Situation { senders: vec![Sender::Server { host: "mail.a.example".into(), is_own: true }], ..at_google() }
}

const GOOD: &[&str] = &[
    "a.example MX 1 smtp.google.com",
    "smtp.google.com A 192.0.2.25",
    "a.example TXT v=spf1 include:_spf.google.com ~all",
    "_spf.google.com TXT v=spf1 ip4:192.0.2.0/24 ~all",
    "google._domainkey.a.example TXT v=DKIM1; p=ABCD",
    "_dmarc.a.example TXT v=DMARC1; p=reject; rua=mailto:d@a.example",
];

const OWN: &[&str] = &[
    "a.example MX 10 mail.a.example",
    "mail.a.example A 198.51.100.4",
    "4.100.51.198.in-addr.arpa PTR mail.a.example",
    "a.example TXT v=spf1 mx -all",
    "_dmarc.a.example TXT v=DMARC1; p=none",
];

fn of(found: &Found, what: What) -> &Finding {
    found.findings.iter().find(|finding| finding.what == what).unwrap()
}

fn without(lines: &[&'static str], part: &str, instead: &[&'static str]) -> Vec<&'static str> {
    let kept = lines.iter().filter(|line| !line.contains(part)).copied();
    kept.chain(instead.iter().copied()).collect()
}

#[test]
fn a_domain_that_is_set_up_as_its_provider_says_is_all_right() {
    let found = look(&at_google(), &Zone::of(GOOD));
    for finding in &found.findings {
        let expected = if finding.what == What::Reverse { Standing::NotYours } else { Standing::Found };
        assert_eq!(finding.standing, expected, "{finding:?}");
        assert!(finding.records.is_empty(), "{finding:?}");
    }
}

#[test]
fn each_thing_that_is_not_right_is_told_with_the_record_that_mends_it() {
    use Standing::{Found, Missing, NotAsked, Wrong};
    let (google, own) = (at_google(), own_server());
    let cases: Vec<(&Situation, Vec<&str>, What, Standing, &str, &str)> = vec![
        (&google, without(GOOD, " MX ", &[]), What::Mx, Missing, "names no server", "1 smtp.google.com."),
        (&google, without(GOOD, " MX ", &["a.example MX 0 ."]), What::Mx, Wrong, "takes no mail", "1 smtp.google.com."),
        (&google, without(GOOD, " A ", &[]), What::Mx, Wrong, "there is no such server", ""),
        (
            &google,
            without(GOOD, "a.example TXT v=spf1", &[]),
            What::Spf,
            Missing,
            "has no SPF record",
            "v=spf1 include:_spf.google.com ~all",
        ),
        (
            &google,
            without(GOOD, "a.example TXT v=spf1", &["a.example TXT v=spf1 mx -all"]),
            What::Spf,
            Wrong,
            "does not name Google",
            "v=spf1 mx include:_spf.google.com -all",
        ),
        (
            &google,
            [GOOD, &["a.example TXT v=spf1 -all"]].concat(),
            What::Spf,
            Wrong,
            "2 SPF records",
            "v=spf1 include:_spf.google.com -all",
        ),
        (
            &google,
            without(GOOD, "_spf.google.com TXT", &["_spf.google.com TXT !"]),
            What::Spf,
            NotAsked,
            "Nothing is known",
            "",
        ),
        (&google, without(GOOD, "google._domainkey", &[]), What::Dkim, Missing, "Admin console", ""),
        (
            &google,
            without(GOOD, "_dmarc", &[]),
            What::Dmarc,
            Missing,
            "no record at _dmarc.a.example",
            "v=DMARC1; p=none; rua=mailto:postmaster@a.example",
        ),
        (
            &google,
            without(GOOD, "_dmarc", &["_dmarc.a.example TXT v=DMARC1; p=x"]),
            What::Dmarc,
            Wrong,
            "“x”",
            "v=DMARC1; p=none; rua=mailto:postmaster@a.example",
        ),
        (&own, OWN.to_vec(), What::Spf, Found, "it names mail.a.example", ""),
        (
            &own,
            without(OWN, "v=spf1", &["a.example TXT v=spf1 ip4:192.0.2.1 -all"]),
            What::Spf,
            Wrong,
            "does not name mail.a.example",
            "v=spf1 ip4:192.0.2.1 a:mail.a.example -all",
        ),
        (&own, OWN.to_vec(), What::Reverse, Found, "which leads back to it", ""),
        (&own, without(OWN, "PTR", &[]), What::Reverse, Missing, "has no name", "mail.a.example."),
        (
            &own,
            without(OWN, "PTR", &["4.100.51.198.in-addr.arpa PTR vps4.hoster.example"]),
            What::Reverse,
            Wrong,
            "does not lead back",
            "mail.a.example.",
        ),
        (
            &own,
            without(OWN, "PTR", &["4.100.51.198.in-addr.arpa PTR !"]),
            What::Reverse,
            NotAsked,
            "Nothing is known",
            "",
        ),
        (&own, OWN.to_vec(), What::Dkim, Missing, "Switch signing on", ""),
        (&own, OWN.to_vec(), What::Unsubscribe, Wrong, "no signature of this domain covers them", ""),
    ];
    for (situation, lines, what, standing, words, record) in cases {
        let found = look(situation, &Zone::of(&lines));
        let finding = of(&found, what);
        assert_eq!(finding.standing, standing, "{finding:?}");
        assert!(finding.words.contains(words), "{words}: {finding:?}");
        let values: Vec<&str> = finding.records.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, if record.is_empty() { vec![] } else { vec![record] }, "{finding:?}");
    }
}

#[test]
fn a_server_in_a_private_network_is_not_judged_by_its_inner_address() {
    let lines = without(OWN, "mail.a.example A", &["mail.a.example A 10.0.0.4", "4.0.0.10.in-addr.arpa PTR x.example"]);
    let inside = Situation { trusts_private: false, ..own_server() };
    let found = look(&inside, &Zone::of(&lines));
    assert_eq!(of(&found, What::Spf).standing, Standing::Found);
    let reverse = of(&found, What::Reverse);
    assert!(reverse.standing == Standing::NotAsked && reverse.words.contains("private network"), "{reverse:?}");
    let bare = look(&inside, &Zone::of(&without(&lines, "v=spf1", &[])));
    assert_eq!(of(&bare, What::Spf).records[0].value, "v=spf1 mx ~all");
}

#[test]
fn one_of_spf_and_dkim_proves_the_sender_and_neither_is_told() {
    let no_spf = without(GOOD, "a.example TXT v=spf1", &[]);
    let neither = without(&no_spf, "google._domainkey", &[]);
    let open = without(&no_spf, "google._domainkey", &["google._domainkey.a.example TXT !"]);
    for (lines, expected) in [
        (GOOD.to_vec(), Standing::Found),
        (no_spf, Standing::Found),
        (neither, Standing::Wrong),
        (open, Standing::NotAsked),
    ] {
        assert_eq!(of(&look(&at_google(), &Zone::of(&lines)), What::Alignment).standing, expected, "{lines:?}");
    }
}

#[test]
fn one_click_needs_a_public_address_by_https() {
    let plain = Situation { public_url: "http://127.0.0.1:8080".into(), ..at_google() };
    let found = look(&plain, &Zone::of(GOOD));
    let finding = of(&found, What::Unsubscribe);
    assert!(finding.standing == Standing::Wrong && finding.words.contains("server.public_url"), "{finding:?}");
}

#[test]
fn our_own_key_is_compared_with_what_is_published() {
    let key = OwnKey { selector: "ly1".into(), public: "OURS".into() };
    let signing = Situation { signs: true, next: Some(key), ..own_server() };
    for (line, standing, words) in [
        ("ly1._domainkey.a.example TXT v=DKIM1; k=rsa; p=OURS", Standing::Found, "is ours"),
        ("ly1._domainkey.a.example TXT v=DKIM1; p=THEIRS", Standing::Wrong, "another one than ours"),
        ("ly1._domainkey.a.example TXT v=DKIM1; p=", Standing::Wrong, "withdrawn"),
        ("other.example TXT x", Standing::Missing, "not there yet"),
        ("ly1._domainkey.a.example TXT !", Standing::NotAsked, "Nothing is known"),
    ] {
        let found = look(&signing, &Zone::of(&without(OWN, "nothing", &[line])));
        let finding = of(&found, What::Dkim);
        assert_eq!(finding.standing, standing, "{line}: {finding:?}");
        assert!(finding.words.contains(words), "{line}: {finding:?}");
        assert_eq!(found.keys.get("ly1"), Some(&standing));
        let advised: Vec<&str> = finding.records.iter().map(|one| one.value.as_str()).collect();
        let expected = if standing == Standing::Found { vec![] } else { vec!["v=DKIM1; k=rsa; p=OURS"] };
        assert_eq!(advised, expected, "{line}");
    }
}

#[test]
fn providers_are_known_by_their_servers() {
    for (server, expected) in [
        ("smtp.office365.com", Some("Microsoft 365")),
        ("email-smtp.eu-west-1.amazonaws.com", Some("Amazon SES")),
        ("notamazonaws.com", None),
        ("smtp.fernhill.example", None),
    ] {
        assert_eq!(hosts::of_server(server).map(|host| host.name), expected, "{server}");
    }
}

fn key(selector: &str) -> DkimKey {
    let test = testing::app();
    let private = test.app.store.seal_secret(test.workspace, b"key").unwrap();
    DkimKey { selector: selector.into(), public: "P".into(), private, made_at: NOW, seen_at: None, is_published: false }
}

#[test]
fn a_new_key_signs_once_it_is_seen_and_the_old_one_ends_a_week_later() {
    let seen =
        |all: &[(&str, Standing)]| all.iter().map(|(name, how)| ((*name).to_owned(), *how)).collect::<BTreeMap<_, _>>();
    let day = Duration::from_secs(86_400);
    let mut signing = Signing { on: true, next: Some(key("one")), ..Signing::default() };
    let in_use = |signing: &Signing| signing.in_use().map(|key| key.selector.clone());

    assert_eq!(settle(&mut signing, &seen(&[("one", Standing::Missing)]), NOW).news, []);
    assert_eq!(in_use(&signing), None);
    let began = |selector: &str| vec![News::Began { selector: selector.into() }];
    assert_eq!(settle(&mut signing, &seen(&[("one", Standing::Found)]), NOW).news, began("one"));
    assert_eq!(in_use(&signing).as_deref(), Some("one"));

    signing.next = Some(key("two"));
    settle(&mut signing, &seen(&[("one", Standing::NotAsked), ("two", Standing::NotAsked)]), NOW);
    assert_eq!(in_use(&signing).as_deref(), Some("one"), "no answer changes nothing");
    let rotated = NOW.plus(day);
    let news = settle(&mut signing, &seen(&[("one", Standing::Found), ("two", Standing::Found)]), rotated).news;
    assert_eq!((news, in_use(&signing).as_deref()), (began("two"), Some("two")));
    assert_eq!(signing.retired[0].until, rotated.plus(day * 7));

    let early = settle(&mut signing, &seen(&[]), rotated.plus(day * 6));
    assert!(early.news.is_empty() && early.erase.is_empty() && signing.retired.len() == 1);
    let ended = settle(&mut signing, &seen(&[]), rotated.plus(day * 7));
    assert_eq!(ended.news, [News::Ended { selector: "one".into() }]);
    assert_eq!((ended.erase.len(), signing.retired.len()), (1, 0));

    settle(&mut signing, &seen(&[("two", Standing::Missing)]), rotated);
    assert_eq!(in_use(&signing), None, "nobody could verify it");
    assert_eq!(settle(&mut signing, &seen(&[("two", Standing::Found)]), rotated).news, began("two"));
}

#[test]
fn a_selector_holds_the_day_and_is_never_used_twice() {
    let today = UnixMillis(NOW.0).in_zone(&jiff::tz::TimeZone::UTC).date();
    let mut signing = Signing::default();
    assert_eq!(selector(&signing, today), "ly20261124");
    signing.current = Some(key("ly20261124"));
    assert_eq!(selector(&signing, today), "ly20261124b");
    signing.next = Some(key("ly20261124b"));
    assert_eq!(selector(&signing, today), "ly20261124c");
}
