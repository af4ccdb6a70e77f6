use super::*;
use ring::signature::{KeyPair, UnparsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

/// PKCS#8; the PKCS#1 key inside begins at byte 26.
const PKCS8: &[u8] = include_bytes!("../sandbox/oauth/test_only_rsa_key.der");

const MAIL: &str = "Subject: Heating, and\r\n  what it costs\r\nFrom: Nora <nora@fernhill.example>\r\nTo: anna@fellside.example\r\n\
    Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@fernhill.example>\r\nX-Own: not signed\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative;\r\n boundary=\"b\"\r\nList-Unsubscribe: <https://desk.example/u/1>\r\n\
    List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n--b\r\n\r\nDear Anna,  \r\n\r\n--b--\r\n\r\n\r\n";

fn signed() -> String {
    let with =
        SignWith { domain: "fernhill.example", selector: "ly1", key: &PKCS8[26..], now: UnixMillis(1_795_514_400_000) };
    String::from_utf8(sign(MAIL.as_bytes(), &with).unwrap()).unwrap()
}

fn tag<'a>(signature: &'a str, name: &str) -> &'a str {
    let tags = signature.split(';').filter_map(|tag| tag.trim().split_once('='));
    tags.filter(|(known, _)| *known == name).map(|(_, value)| value.trim()).next().unwrap()
}

/// A receiver, as RFC 6376 section 6.1.3 describes it.
fn verifies(mail: &str) -> bool {
    let (headers, body) = split(mail.as_bytes());
    let (signature, mut rest) = (headers[0].clone(), headers[1..].to_vec());
    let value = signature.split_once(':').unwrap().1;
    if tag(value, "bh") != BASE64.encode(&Sha256::digest(relaxed_body(body))) {
        return false;
    }
    let mut hashed = String::new();
    for name in tag(value, "h").split(':').map(str::trim) {
        // The last that was not taken yet; what is not there counts as empty.
        if let Some(at) = rest.iter().rposition(|header| is_named(header, name)) {
            hashed += &relaxed_header(&rest.remove(at));
        }
    }
    let without = &signature[..signature.find("\tb=").unwrap() + 3];
    hashed += relaxed_header(without).trim_end_matches("\r\n");
    let b: String = tag(value, "b").split_whitespace().collect();
    let key = RsaKeyPair::from_pkcs8(PKCS8).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref().to_vec());
    public.verify(hashed.as_bytes(), &BASE64.decode(b.as_bytes()).unwrap()).is_ok()
}

#[test]
fn blanks_and_folds_are_evened_out_as_the_standard_s_own_example_says() {
    // RFC 6376 section 3.4.5.
    assert_eq!(relaxed_header("A: X\r\n"), "a:X\r\n");
    assert_eq!(relaxed_header("B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
    assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    let cases: [(&[u8], &[u8]); 5] = [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"no end", b"no end\r\n"),
        (b"a\r\n\r\n \t\r\nb\r\n", b"a\r\n\r\n\r\nb\r\n"),
        (b"  a  b  \r\n", b" a b\r\n"),
    ];
    for (body, expected) in cases {
        assert_eq!(relaxed_body(body), expected, "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_signature_covers_what_unsubscribes_and_lists_who_it_is_from_twice() {
    let signed = signed();
    assert!(signed.ends_with(MAIL), "the mail itself is as it was");
    assert!(signed.lines().all(|line| line.len() <= 100), "{signed}");
    let head = &signed[..signed.len() - MAIL.len()];
    let names: Vec<&str> = tag(head, "h").split(':').map(str::trim).collect();
    for (name, times) in [
        ("From", 2),
        ("Subject", 2),
        ("Date", 2),
        ("To", 2),
        ("List-Unsubscribe", 1),
        ("List-Unsubscribe-Post", 1),
        ("Content-Type", 1),
        ("Message-ID", 1),
        ("MIME-Version", 1),
        ("In-Reply-To", 0),
        ("X-Own", 0),
    ] {
        assert_eq!(names.iter().filter(|known| **known == name).count(), times, "{name}");
    }
    for (name, value) in
        [("a", "rsa-sha256"), ("c", "relaxed/relaxed"), ("d", "fernhill.example"), ("s", "ly1"), ("t", "1795514400")]
    {
        assert_eq!(tag(head, name), value);
    }
}

#[test]
fn a_receiver_sees_what_was_changed_on_the_way() {
    let signed = signed();
    assert!(verifies(&signed));
    let cases = [
        ("a header that is not signed", "X-Own: not signed", "X-Own: changed", true),
        ("folding", "Heating, and\r\n  what", "Heating, and what", true),
        ("the link", "desk.example/u/1", "desk.example/u/2", false),
        ("the one click", "List-Unsubscribe=One-Click", "List-Unsubscribe=Two", false),
        ("the body", "Dear Anna", "Dear Anne", false),
        ("a second subject", "X-Own: not signed", "Subject: Another\r\nX-Own: not signed", false),
        ("a second sender", "X-Own: not signed", "From: e@evil.example\r\nX-Own: not signed", false),
        ("the domain of the signature", "d=fernhill.example", "d=fernhill.exampla", false),
    ];
    for (name, from, to, expected) in cases {
        let changed = signed.replacen(from, to, 1);
        assert_ne!(changed, signed, "{name}");
        assert_eq!(verifies(&changed), expected, "{name}");
    }
}

#[test]
fn what_cannot_be_signed_is_an_error_and_no_panic() {
    let with = |key| SignWith { domain: "a.example", selector: "s", key, now: UnixMillis(0) };
    assert!(matches!(sign(MAIL.as_bytes(), &with(b"no key")), Err(SignError::Key)));
    for mail in ["", "\r\n", "To: a@a.example\r\n\r\nx", "no header at all"] {
        assert!(matches!(sign(mail.as_bytes(), &with(&PKCS8[26..])), Err(SignError::NoSender)), "{mail:?}");
    }
}
