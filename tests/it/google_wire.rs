//! What we send to Google, held against Google's own description of its services: a stand-in of our own making takes
//! what we make of it, the real one would not.
//!
//! From the discovery documents `gmail:v1` (revision 20261005) and `calendar:v3` (revision 20261030), the operations
//! that the product uses, and from RFC 6749 with RFC 7636 the token requests.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use url::Url;

/// What may stand in a parameter or in a part of a body.
enum Shape {
    Text,
    Number(std::ops::RangeInclusive<u64>),
    OneOf(&'static [&'static str]),
    /// RFC 3339 with an offset.
    Instant,
    /// 5 to 1024 characters of base32hex in lower case (RFC 2938 section 3.1.2).
    EventId,
    /// A whole mail in base64url.
    Mail,
    /// Members with any name.
    MapOf(&'static Shape),
    ListOf(&'static Shape),
    Object(&'static [Field]),
}

use Shape::{EventId, Instant, ListOf, Mail, MapOf, Number, Object, OneOf, Text};

struct Field {
    name: &'static str,
    is_required: bool,
    shape: Shape,
}

const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, is_required: true, shape }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, is_required: false, shape }
}

struct Operation {
    name: &'static str,
    method: &'static str,
    /// Below the base; `*` stands for one segment.
    path: &'static str,
    query: &'static [Field],
    body: Body,
}

enum Body {
    None,
    Json(Shape),
    /// `application/x-www-form-urlencoded`, without a bearer token: the client says who it is in the form.
    Form(&'static [Field]),
}

const SEND_UPDATES: Field = may("sendUpdates", OneOf(&["all", "externalOnly", "none"]));
const TIME: Shape = Object(&[must("dateTime", Instant), must("timeZone", Text)]);
const GUEST: Shape = Object(&[must("email", Text), may("displayName", Text)]);
const MEETING: Shape = Object(&[must(
    "createRequest",
    Object(&[
        must("requestId", Text),
        must("conferenceSolutionKey", Object(&[must("type", OneOf(&["hangoutsMeet", "eventHangout", "addOn"]))])),
    ]),
)]);

/// The fields of an event that we write; an insert needs times and its id besides.
const EVENT: Shape = Object(&[
    must("id", EventId),
    must("summary", Text),
    may("description", Text),
    may("location", Text),
    must("start", TIME),
    must("end", TIME),
    may("attendees", ListOf(&GUEST)),
    must("extendedProperties", Object(&[must("private", MapOf(&Text))])),
    may("conferenceData", MEETING),
]);
const EVENT_CHANGE: Shape = Object(&[
    may("summary", Text),
    may("description", Text),
    may("location", Text),
    may("start", TIME),
    may("end", TIME),
    may("attendees", ListOf(&GUEST)),
]);

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "token",
        method: "POST",
        path: "/token",
        query: &[],
        body: Body::Form(&[
            must("grant_type", OneOf(&["authorization_code", "refresh_token"])),
            must("client_id", Text),
            must("client_secret", Text),
            may("code", Text),
            may("code_verifier", Text),
            may("redirect_uri", Text),
            may("refresh_token", Text),
        ]),
    },
    Operation { name: "revoke", method: "POST", path: "/revoke", query: &[], body: Body::Form(&[must("token", Text)]) },
    Operation { name: "userinfo", method: "GET", path: "/v1/userinfo", query: &[], body: Body::None },
    Operation {
        name: "gmail.users.getProfile",
        method: "GET",
        path: "/gmail/v1/users/me/profile",
        query: &[],
        body: Body::None,
    },
    Operation {
        name: "gmail.users.messages.send",
        method: "POST",
        path: "/gmail/v1/users/me/messages/send",
        query: &[],
        body: Body::Json(Object(&[must("raw", Mail), may("threadId", Text)])),
    },
    Operation {
        name: "gmail.users.messages.list",
        method: "GET",
        path: "/gmail/v1/users/me/messages",
        query: &[
            may("q", Text),
            may("maxResults", Number(1..=500)),
            may("pageToken", Text),
            may("labelIds", Text),
            may("includeSpamTrash", OneOf(&["true", "false"])),
        ],
        body: Body::None,
    },
    Operation {
        name: "gmail.users.messages.get",
        method: "GET",
        path: "/gmail/v1/users/me/messages/*",
        query: &[may("format", OneOf(&["minimal", "full", "raw", "metadata"])), may("metadataHeaders", Text)],
        body: Body::None,
    },
    Operation {
        name: "gmail.users.history.list",
        method: "GET",
        path: "/gmail/v1/users/me/history",
        query: &[
            must("startHistoryId", Number(1..=u64::MAX)),
            may("historyTypes", OneOf(&["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"])),
            may("maxResults", Number(1..=500)),
            may("pageToken", Text),
            may("labelId", Text),
        ],
        body: Body::None,
    },
    Operation {
        name: "calendar.calendarList.list",
        method: "GET",
        path: "/calendar/v3/users/me/calendarList",
        query: &[
            may("maxResults", Number(1..=250)),
            may("minAccessRole", OneOf(&["freeBusyReader", "owner", "reader", "writer"])),
            may("pageToken", Text),
        ],
        body: Body::None,
    },
    Operation {
        name: "calendar.freebusy.query",
        method: "POST",
        path: "/calendar/v3/freeBusy",
        query: &[],
        body: Body::Json(Object(&[
            must("timeMin", Instant),
            must("timeMax", Instant),
            may("timeZone", Text),
            must("items", ListOf(&Object(&[must("id", Text)]))),
        ])),
    },
    Operation {
        name: "calendar.events.insert",
        method: "POST",
        path: "/calendar/v3/calendars/*/events",
        query: &[SEND_UPDATES, may("conferenceDataVersion", Number(0..=1))],
        body: Body::Json(EVENT),
    },
    Operation {
        name: "calendar.events.list",
        method: "GET",
        path: "/calendar/v3/calendars/*/events",
        query: &[
            may("privateExtendedProperty", Text),
            may("singleEvents", OneOf(&["true", "false"])),
            may("timeMin", Instant),
            may("timeMax", Instant),
            may("fields", Text),
            may("maxResults", Number(1..=2500)),
            may("pageToken", Text),
            may("syncToken", Text),
        ],
        body: Body::None,
    },
    Operation {
        name: "calendar.events.get",
        method: "GET",
        path: "/calendar/v3/calendars/*/events/*",
        query: &[],
        body: Body::None,
    },
    Operation {
        name: "calendar.events.patch",
        method: "PATCH",
        path: "/calendar/v3/calendars/*/events/*",
        query: &[SEND_UPDATES, may("conferenceDataVersion", Number(0..=1))],
        body: Body::Json(EVENT_CHANGE),
    },
    Operation {
        name: "calendar.events.delete",
        method: "DELETE",
        path: "/calendar/v3/calendars/*/events/*",
        query: &[SEND_UPDATES],
        body: Body::None,
    },
];

/// Every mistake in these requests, as `GET /control/requests` of the sandbox tells them, and the operations they are.
pub fn check(lines: &str) -> (Vec<String>, BTreeSet<&'static str>) {
    let (mut mistakes, mut used) = (Vec::new(), BTreeSet::new());
    for line in lines.lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        let url = Url::parse(request["url"].as_str().unwrap()).unwrap();
        let Some(path) = url.path().strip_prefix("/google") else { continue };
        // What a browser does on Google's pages, and what anybody may read.
        if path.starts_with("/o/oauth2/") || path.starts_with("/.well-known/") || path == "/oauth2/v3/certs" {
            continue;
        }
        let method = request["method"].as_str().unwrap();
        let fits = |operation: &&Operation| operation.method == method && is_path(operation.path, path);
        match OPERATIONS.iter().find(fits) {
            None => mistakes.push(format!("Google has no {method} {path}")),
            Some(operation) => {
                used.insert(operation.name);
                let found = mistakes_of(operation, &request, &url);
                mistakes.extend(found.into_iter().map(|mistake| format!("{}: {mistake}", operation.name)));
            }
        }
    }
    (mistakes, used)
}

fn is_path(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(wanted), Some(segment)) if wanted == segment => {}
            _ => return false,
        }
    }
}

fn mistakes_of(operation: &Operation, request: &Value, url: &Url) -> Vec<String> {
    let mut found = Vec::new();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    check_fields(operation.query, &pairs, "query", &mut found);
    let header = |name: &str| request["headers"][name].as_str().unwrap_or_default();
    let body = &request["body"];
    match &operation.body {
        Body::Form(fields) => {
            let pairs = body.as_object().map(|form| form.iter().map(|(name, value)| (name.clone(), text_of(value))));
            check_fields(fields, &pairs.map(Iterator::collect::<Vec<_>>).unwrap_or_default(), "form", &mut found);
            if header("content-type") != "application/x-www-form-urlencoded" {
                found.push(format!("sent as {}", header("content-type")));
            }
            check_grant(body, &mut found);
            return found;
        }
        Body::None if !body.is_null() => found.push("a body where none belongs".into()),
        Body::None => {}
        Body::Json(shape) => {
            if !header("content-type").starts_with("application/json") {
                found.push(format!("sent as {}", header("content-type")));
            }
            check_value(shape, body, "body", &mut found);
        }
    }
    if !header("authorization").starts_with("Bearer ") {
        found.push("no bearer token".into());
    }
    found
}

/// Each grant has fields of its own (RFC 6749 sections 4.1.3 and 6, RFC 7636 section 4.5).
fn check_grant(form: &Value, found: &mut Vec<String>) {
    let needed: &[&str] = match form["grant_type"].as_str() {
        Some("authorization_code") => &["code", "code_verifier", "redirect_uri"],
        Some("refresh_token") => &["refresh_token"],
        _ => &[],
    };
    found.extend(needed.iter().filter(|name| form[**name].is_null()).map(|name| format!("form: {name} is missing")));
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn check_fields(fields: &[Field], pairs: &[(String, String)], place: &str, found: &mut Vec<String>) {
    for (name, value) in pairs {
        match fields.iter().find(|field| field.name == name) {
            Some(field) => check_value(&field.shape, &Value::from(value.as_str()), &format!("{place} {name}"), found),
            None => found.push(format!("{place}: {name} is unknown")),
        }
    }
    let given = |field: &&Field| pairs.iter().any(|(name, _)| name == field.name);
    let missing = fields.iter().filter(|field| field.is_required && !given(field));
    found.extend(missing.map(|field| format!("{place}: {} is missing", field.name)));
}

fn check_value(shape: &Shape, value: &Value, place: &str, found: &mut Vec<String>) {
    let text = value.as_str();
    let is_fine = match shape {
        Text => text.is_some(),
        Number(range) => text.and_then(|text| text.parse().ok()).is_some_and(|number: u64| range.contains(&number)),
        OneOf(words) => text.is_some_and(|text| words.contains(&text)),
        Instant => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        EventId => text.is_some_and(|text| {
            (5..=1024).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'))
        }),
        Mail => {
            found.extend(text.map_or(vec!["no text".into()], mistakes_of_mail).iter().map(|m| format!("{place}: {m}")));
            true
        }
        MapOf(shape) => value.as_object().is_some_and(|map| {
            map.iter().for_each(|(name, value)| check_value(shape, value, &format!("{place}.{name}"), found));
            true
        }),
        ListOf(shape) => value.as_array().is_some_and(|list| {
            list.iter().for_each(|value| check_value(shape, value, &format!("{place}[]"), found));
            true
        }),
        Object(fields) => value.as_object().is_some_and(|object| {
            for (name, value) in object {
                match fields.iter().find(|field| field.name == name) {
                    Some(field) => check_value(&field.shape, value, &format!("{place}.{name}"), found),
                    None => found.push(format!("{place}.{name} is unknown")),
                }
            }
            let missing = fields.iter().filter(|field| field.is_required && !object.contains_key(field.name));
            found.extend(missing.map(|field| format!("{place}.{} is missing", field.name)));
            true
        }),
    };
    if !is_fine {
        found.push(format!("{place} is {value}"));
    }
}

/// Headers that a mail must have (RFC 5322 section 3.6), once each, and lines that any server takes (section 2.1.1).
fn mistakes_of_mail(raw: &str) -> Vec<String> {
    let Ok(bytes) = BASE64URL_NOPAD.decode(raw.trim_end_matches('=').as_bytes()) else {
        return vec!["not base64url".into()];
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut found = Vec::new();
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"] {
        let count = head.split("\r\n").filter(|line| line.starts_with(&format!("{name}:"))).count();
        if count != 1 {
            found.push(format!("{name} stands there {count} times"));
        }
    }
    if text.split("\r\n").any(|line| line.len() > 998 || line.contains(['\r', '\n'])) {
        found.push("a line is too long, or ends without CRLF".into());
    }
    found
}

#[test]
fn the_check_finds_what_google_would_refuse() {
    let request = |method: &str, path: &str, body: &str| {
        format!(
            r#"{{"method":"{method}","url":"http://127.0.0.1:1/google{path}","headers":{{"authorization":"Bearer t","content-type":"application/json"}},"body":{body}}}"#
        )
    };
    let calendar = "/calendar/v3/calendars/primary/events";
    let cases = [
        (request("GET", "/gmail/v1/users/me/profile", "null"), ""),
        (request("GET", "/gmail/v1/users/me/profile", "null").replace("Bearer t", ""), "no bearer token"),
        (request("GET", "/gmail/v1/users/me/profile?alt=x", "null"), "query: alt is unknown"),
        (request("GET", "/gmail/v1/users/me/profiles", "null"), "Google has no GET"),
        (request("GET", "/gmail/v1/users/me/history", "null"), "query: startHistoryId is missing"),
        (request("GET", "/gmail/v1/users/me/messages/1?format=all", "null"), "query format is \"all\""),
        (request("POST", "/gmail/v1/users/me/messages/send", r#"{"raw":"%%"}"#), "not base64url"),
        (request("POST", "/gmail/v1/users/me/messages/send", r#"{"raw":"SGk"}"#), "From stands there 0 times"),
        (request("POST", calendar, r#"{"id":"ABC"}"#), "body.id is \"ABC\""),
        (request("POST", calendar, r#"{"colour":1}"#), "body.colour is unknown"),
        (
            request("PATCH", &format!("{calendar}/a"), r#"{"start":{"dateTime":"soon","timeZone":"UTC"}}"#),
            "is \"soon\"",
        ),
        (request("DELETE", &format!("{calendar}/a?sendUpdates=some"), "null"), "sendUpdates is \"some\""),
        (request("POST", "/token", r#"{"grant_type":"refresh_token"}"#), "refresh_token is missing"),
    ];
    for (line, expected) in cases {
        let (mistakes, _) = check(&line);
        assert_eq!(mistakes.is_empty(), expected.is_empty(), "{line}: {mistakes:?}");
        assert!(mistakes.concat().contains(expected), "{line}: {mistakes:?}");
    }
}
