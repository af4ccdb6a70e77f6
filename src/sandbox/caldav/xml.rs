//! The little XML that the server reads and writes.

use std::fmt::Write as _;

use crate::providers::caldav::xml::{parse, Element, CALDAV, DAV, SERVER};
use crate::sandbox::wire::Answer;

/// The properties that are asked for, with the prefixes that answers have: `d:`, `c:` and `s:`.
pub(super) struct Asked(Vec<String>);

impl Asked {
    /// Of a PROPFIND or a REPORT; an empty body asks for nothing in particular.
    pub fn read(body: &[u8]) -> Self {
        let root = parse(body).unwrap_or_default();
        let names = root.child(DAV, "prop").map(|prop| prop.children.iter().map(name).collect());
        Self(names.unwrap_or_default())
    }
}

fn name(element: &Element) -> String {
    let prefix = [(DAV, "d"), (CALDAV, "c"), (SERVER, "s")];
    let prefix = prefix.iter().find(|(space, _)| *space == element.space).map_or("x", |(_, prefix)| prefix);
    format!("{prefix}:{}", element.name)
}

/// One response of a multistatus.
pub(super) struct Answered(String);

impl Answered {
    /// What `value` knows is found; the rest is not.
    pub fn of(href: &str, asked: &Asked, value: impl Fn(&str) -> Option<String>) -> Self {
        let (mut found, mut missing) = (String::new(), String::new());
        for name in &asked.0 {
            let written = match value(name) {
                Some(inner) => write!(found, "<{name}>{inner}</{name}>"),
                None => write!(missing, "<{name}/>"),
            };
            debug_assert!(written.is_ok(), "a string takes all that is written");
        }
        let part = |props: &str, status: &str| match props {
            "" => String::new(),
            props => format!("<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>"),
        };
        let parts = format!("{}{}", part(&found, "200 OK"), part(&missing, "404 Not Found"));
        Self(format!("<d:response><d:href>{}</d:href>{parts}</d:response>", text(href)))
    }

    /// A resource of which only this is said.
    pub fn status(href: &str, status: &str) -> Self {
        let href = text(href);
        Self(format!("<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status}</d:status></d:response>"))
    }
}

pub(super) fn multistatus(all: &[Answered], token: Option<&str>) -> Answer {
    let responses: String = all.iter().map(|one| one.0.as_str()).collect();
    let token = token.map(|token| format!("<d:sync-token>{}</d:sync-token>", text(token))).unwrap_or_default();
    let body = document("multistatus", &format!("{responses}{token}"));
    Answer::new(207, "application/xml; charset=utf-8", body)
}

/// A precondition that does not hold (RFC 4918 section 16): `c:no-uid-conflict`.
pub(super) fn precondition(status: u16, name: &str, inner: &str) -> Answer {
    let body = document("error", &format!("<{name}>{inner}</{name}>"));
    Answer::new(status, "application/xml; charset=utf-8", body)
}

fn document(root: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><d:{root} xmlns:d=\"{DAV}\" xmlns:c=\"{CALDAV}\" xmlns:s=\"{SERVER}\" \
         xmlns:x=\"http://sandbox.example/ns/\">{inner}</d:{root}>"
    )
}

pub(super) fn href(to: &str) -> String {
    format!("<d:href>{}</d:href>", text(to))
}

pub(super) fn text(plain: &str) -> String {
    quick_xml::escape::escape(plain).replace('\r', "&#13;")
}
