//! SPF, DMARC and DKIM records, read.

use super::Zone;
use crate::deliverability::dkim::{self, Published};
use crate::deliverability::dmarc::{self, Dmarc};
use crate::deliverability::spf::{self, repaired, Policy, Spf};
use crate::providers::dns::DnsError;

fn policy(lines: &[&str]) -> Policy {
    match spf::read("a.example", &Zone::of(lines)).unwrap() {
        Spf::One(policy) => policy,
        other => panic!("{lines:?}: {other:?}"),
    }
}

#[test]
fn an_spf_record_allows_what_it_names_at_any_depth() {
    let found = policy(&[
        "a.example TXT v=spf1 +mx a:web.a.example/24 include:_spf.b.example ?include:maybe.example ip6:2001:db8::/32 -ip4:10.9.9.9 ~all",
        "a.example TXT some other text",
        "a.example MX 10 mail.a.example",
        "mail.a.example A 192.0.2.1",
        "web.a.example A 198.51.100.7",
        "_spf.b.example TXT v=spf1 ip4:203.0.113.0/24 include:c.example -all",
        "c.example TXT v=spf1 ip4:203.0.112.9 ?all",
        "maybe.example TXT v=spf1 ip4:10.1.1.1 -all",
    ]);
    let cases = [
        ("192.0.2.1", true),
        ("192.0.2.2", false),
        ("198.51.100.200", true),
        ("203.0.113.77", true),
        ("203.0.112.9", true),
        ("2001:db8::5", true),
        ("10.1.1.1", false),
        ("10.9.9.9", false),
    ];
    for (ip, expected) in cases {
        assert_eq!(found.allows(ip.parse().unwrap()), expected, "{ip}");
    }
    assert!(found.includes("_spf.b.example") && found.includes("c.example") && !found.includes("maybe.example"));
    assert_eq!((found.lookups, found.ending, found.mistakes), (5, Some('~'), vec![]));
}

#[test]
fn an_spf_record_that_receivers_would_not_take_says_why() {
    let eleven: Vec<String> = (1..=11).map(|n| format!("include:i{n}.example")).collect();
    let many = format!("a.example TXT v=spf1 {} -all", eleven.join(" "));
    let mut lines = vec![many];
    lines.extend((1..=11).map(|n| format!("i{n}.example TXT v=spf1 ip4:192.0.2.{n} -all")));
    let many: Vec<&str> = lines.iter().map(String::as_str).collect();
    let cases: [(&[&str], &str); 8] = [
        (&many, "11 look-ups, and 10 are allowed"),
        (&["a.example TXT v=spf1 a:x.example a:y.example a:z.example -all"], "3 of its look-ups find nothing"),
        (&["a.example TXT v=spf1 +all"], "lets everybody send"),
        (&["a.example TXT v=spf1 ip4:192.0.2.1 ?all"], "it forbids nothing"),
        (&["a.example TXT v=spf1 ip4:192.0.2.1"], "it forbids nothing"),
        (&["a.example TXT v=spf1 ip4:192.0.2.999 -all"], "“192.0.2.999” is no address"),
        (&["a.example TXT v=spf1 inlcude:b.example -all"], "“inlcude:b.example” cannot be read"),
        (&["a.example TXT v=spf1 include:b.example -all"], "leads to b.example, which has no SPF record"),
    ];
    for (lines, expected) in cases {
        let mistakes = policy(lines).mistakes;
        assert!(mistakes.iter().any(|one| one.contains(expected)), "{lines:?}: {mistakes:?}");
    }
}

#[test]
fn a_redirect_is_the_record_and_two_records_are_none() {
    let found = policy(&["a.example TXT v=spf1 redirect=b.example", "b.example TXT v=spf1 ip4:192.0.2.1 -all"]);
    assert_eq!((found.ending, found.mistakes.len()), (Some('-'), 0));
    let two = Zone::of(&["a.example TXT v=spf1 -all", "a.example TXT V=SPF1 ~all"]);
    assert!(matches!(spf::read("a.example", &two), Ok(Spf::Several(texts)) if texts.len() == 2));
    assert_eq!(spf::read("a.example", &Zone::of(&["a.example TXT v=spf10 -all"])), Ok(Spf::None));
    let open = Zone::of(&["a.example TXT v=spf1 include:b.example -all", "b.example TXT !"]);
    assert_eq!(spf::read("a.example", &open), Err(DnsError::TimedOut), "half a record is no record");
}

#[test]
fn a_record_that_leads_to_itself_ends() {
    let found = policy(&["a.example TXT v=spf1 include:a.example -all"]);
    assert!(found.mistakes.iter().any(|one| one.contains("look-ups")), "{:?}", found.mistakes);
}

#[test]
fn the_record_to_copy_keeps_what_was_there() {
    let cases: [(&[&str], &[&str], &str); 5] = [
        (&[], &["include:_spf.google.com"], "v=spf1 include:_spf.google.com ~all"),
        (&["v=spf1 mx -all"], &["a:mail.a.example"], "v=spf1 mx a:mail.a.example -all"),
        (&["v=spf1 mx +all"], &[], "v=spf1 mx ~all"),
        (&["v=spf1 mx ~all", "v=spf1 a mx -all"], &[], "v=spf1 mx a -all"),
        (&["v=spf1 redirect=b.example"], &["mx"], "v=spf1 mx redirect=b.example"),
    ];
    for (texts, mechanisms, expected) in cases {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        assert_eq!(repaired(&owned(texts), &owned(mechanisms)), expected);
    }
}

#[test]
fn a_dmarc_record_is_the_domain_s_own_or_that_of_the_one_above() {
    let read = |lines: &[&str]| dmarc::read("mail.a.example", &Zone::of(lines)).unwrap();
    let Dmarc::One { at, record } = read(&[
        "_dmarc.mail.a.example TXT something else",
        "_dmarc.a.example TXT v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@a.example,mailto:e@b.example; adkim=s",
    ]) else {
        panic!("none found")
    };
    assert_eq!((at.as_str(), record.policy.as_str()), ("_dmarc.a.example", "quarantine"));
    assert_eq!(record.reports_to, ["mailto:d@a.example", "mailto:e@b.example"]);
    assert!(record.strict_dkim && !record.strict_spf && record.mistake.is_none());
    assert_eq!(read(&["_dmarc.example TXT v=DMARC1; p=none"]), Dmarc::None, "nobody asks a whole top level");
    assert!(matches!(
        read(&["_dmarc.a.example TXT v=DMARC1; p=none", "_dmarc.a.example TXT v=DMARC1; p=reject"]),
        Dmarc::Several(_)
    ));
    for (text, expected) in [
        ("v=DMARC1", "no policy"),
        ("v=DMARC1; p=monitor", "“monitor”"),
        ("v=DMARC1; p=none; rua=d@a.example", "mailto:"),
    ] {
        let line = format!("_dmarc.mail.a.example TXT {text}");
        let Dmarc::One { record, .. } = read(&[&line]) else { panic!("{text}") };
        assert!(record.mistake.as_deref().is_some_and(|words| words.contains(expected)), "{text}: {record:?}");
    }
}

#[test]
fn a_key_record_is_a_key_or_says_why_not() {
    let cases = [
        ("v=DKIM1; k=rsa; p=AB CD", Published::Key("ABCD".into())),
        ("p=ABCD;", Published::Key("ABCD".into())),
        ("v=DKIM1; p=", Published::Revoked),
        ("v=DKIM2; p=ABCD", Published::Unreadable("its version is “DKIM2”".into())),
        ("hello", Published::Unreadable("“hello” is no key".into())),
    ];
    for (text, expected) in cases {
        let zone = Zone::of(&[&format!("s._domainkey.a.example TXT {text}")]);
        assert_eq!(dkim::find("s", "a.example", &zone), Ok(expected), "{text}");
    }
    assert_eq!(dkim::find("s", "a.example", &Zone::of(&[])), Ok(Published::Nothing));
}
