//! What a WebDAV server answers (RFC 4918): a small tree of elements with their namespaces. Entities other than the
//! five of XML are refused, so that no answer grows while it is read.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

pub(crate) const DAV: &str = "DAV:";
/// Of tags that are older than the standard.
pub(crate) const SERVER: &str = "http://calendarserver.org/ns/";
pub(crate) const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

const MOST_DEPTH: usize = 40;
const MOST_HREF: usize = 2_048;
const MOST_ELEMENTS: usize = 1_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// One of those above; other ones are not told apart.
    pub space: &'static str,
    pub name: String,
    pub text: String,
    /// The `name` attribute, which is the only one that answers are read for.
    pub named: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn is(&self, space: &str, name: &str) -> bool {
        self.space == space && self.name == name
    }

    pub fn child(&self, space: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|one| one.is(space, name))
    }

    pub fn all<'a>(&'a self, space: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |one| one.is(space, name))
    }

    /// Whether such an element stands anywhere below.
    pub fn holds(&self, space: &str, name: &str) -> bool {
        self.children.iter().any(|one| one.is(space, name) || one.holds(space, name))
    }
}

/// The root element. The error is for the log and the owner.
pub(crate) fn parse(body: &[u8]) -> Result<Element, String> {
    let text = String::from_utf8_lossy(body);
    let mut reader = NsReader::from_str(&text);
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0;
    loop {
        let (space, event) = reader.read_resolved_event().map_err(|error| error.to_string())?;
        let space = match space {
            ResolveResult::Bound(space) => known(space.as_ref()),
            _ => "",
        };
        match event {
            Event::Start(_) | Event::Empty(_) if count == MOST_ELEMENTS || open.len() == MOST_DEPTH => {
                return Err("the answer holds more than can be read".to_owned());
            }
            Event::Start(start) => {
                count += 1;
                let (name, named) = (start.local_name().as_ref().to_owned(), named(&start));
                open.push(Element { space, name, named, ..Element::default() });
            }
            Event::Empty(start) => {
                count += 1;
                let (name, named) = (start.local_name().as_ref().to_owned(), named(&start));
                let element = Element { space, name, named, ..Element::default() };
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { return Err("an end without a beginning".to_owned()) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Ok(done),
                }
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                match (character, resolve_predefined_entity(&reference.xml10_content())) {
                    (Some(character), _) => append(&mut open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(known)) => append(&mut open, known),
                    (None, None) => return Err("the answer holds an entity of its own".to_owned()),
                }
            }
            Event::DocType(_) => return Err("the answer holds a document type".to_owned()),
            Event::Eof => return Err("the answer ends too early".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// Without a copy in each element: an answer may name a long one once, and hold many elements.
fn known(space: &str) -> &'static str {
    [DAV, SERVER, CALDAV].into_iter().find(|known| *known == space).unwrap_or("other")
}

fn named(start: &BytesStart<'_>) -> String {
    let attribute = start.try_get_attribute("name").ok().flatten();
    attribute.map(|one| one.value.into_owned()).unwrap_or_default()
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// One resource of a multistatus: where it is, and the properties that were found (status 200).
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub href: String,
    /// Of the resource as a whole, where one is given; else 0.
    pub status: u16,
    props: Vec<Element>,
}

impl Found {
    pub fn is_gone(&self) -> bool {
        matches!(self.status, 404 | 410)
    }

    pub fn prop(&self, space: &str, name: &str) -> Option<&Element> {
        self.props.iter().find(|one| one.is(space, name))
    }

    pub fn text(&self, space: &str, name: &str) -> Option<&str> {
        self.prop(space, name).map(|one| one.text.trim()).filter(|text| !text.is_empty())
    }
}

/// The responses of a multistatus (RFC 4918 section 13).
pub(crate) fn multistatus(body: &[u8]) -> Result<Vec<Found>, String> {
    let root = parse(body)?;
    if !root.is(DAV, "multistatus") {
        return Err("the answer is no multistatus".to_owned());
    }
    let is_ok = |element: &Element| element.child(DAV, "status").is_none_or(|status| status.text.contains(" 200"));
    let mut found = Vec::new();
    for response in root.all(DAV, "response") {
        let Some(href) = response.child(DAV, "href").map(|href| href.text.trim().to_owned()) else { continue };
        // No resource of ours has such a name, and it would stand beside each of its times.
        if href.len() > MOST_HREF {
            continue;
        }
        let good = response.all(DAV, "propstat").filter(|propstat| is_ok(propstat));
        let props = good.filter_map(|propstat| propstat.child(DAV, "prop")).flat_map(|prop| prop.children.clone());
        found.push(Found { href, status: status_of(response), props: props.collect() });
    }
    Ok(found)
}

/// "HTTP/1.1 404 Not Found".
fn status_of(response: &Element) -> u16 {
    let line = response.child(DAV, "status").map(|status| status.text.trim());
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multistatus_is_read_whatever_its_prefixes_are() {
        let body = br#"<?xml version="1.0"?><!-- x --><d:multistatus xmlns:d="DAV:" xmlns="urn:ietf:params:xml:ns:caldav">
            <d:response><d:href>/cal/a.ics</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag>
            <calendar-data>SUMMARY:a &lt;b&gt; &#38; <![CDATA[c & d]]></calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
            <d:propstat><d:prop><d:displayname/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>
            <d:response><d:href>/cal/b.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response></d:multistatus>"#;
        let found = multistatus(body).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].text(DAV, "getetag"), Some("\"1\""));
        assert_eq!(found[0].text(CALDAV, "calendar-data"), Some("SUMMARY:a <b> & c & d"));
        assert!(found[0].prop(DAV, "displayname").is_none() && found[1].prop(DAV, "getetag").is_none());
    }

    #[test]
    fn what_is_hostile_or_no_answer_is_refused() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x xmlns="DAV:">&b;</x>"#;
        let deep = "<a>".repeat(5_000);
        for body in [bomb, &deep, "<html><body>Sign in", "", "<a></b>", r#"<x xmlns="DAV:">&own;</x>"#] {
            assert!(multistatus(body.as_bytes()).is_err(), "{}", body.get(..40.min(body.len())).unwrap_or(body));
        }
    }
}
