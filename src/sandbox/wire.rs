//! One HTTP exchange as plain values, so that providers are ordinary functions from a request to an answer.

use serde_json::Value;
use url::{Host, Url};

/// A request as received, before any provider has looked at it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub method: String,
    /// Absolute, as the client wrote it: `http://127.0.0.1:4000/google/gmail/v1/users/me/profile?alt=json`.
    pub url: String,
    /// Without the query, still percent-encoded.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The consent form behind an authorisation URL, with every scope ticked, as `account` would send it.
    pub fn consent(authorise_url: &str, account: &str) -> Option<Self> {
        let url = Url::parse(authorise_url).ok()?;
        let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let scopes = value_of(&asked, "scope").unwrap_or_default().split_whitespace();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&asked)
            .extend_pairs([("account", account), ("decision", "allow")])
            .extend_pairs(scopes.map(|scope| ("grant", scope)))
            .finish();
        Some(Self {
            method: "POST".to_owned(),
            url: authorise_url.to_owned(),
            path: url.path().to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: body.into_bytes(),
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        value_of(&self.query, name)
    }

    /// All values of a repeatable query parameter.
    pub fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A whole-number query parameter held inside `1..=most`; absent or unreadable gives `default`.
    pub fn limit(&self, name: &str, default: usize, most: usize) -> usize {
        self.param(name).and_then(|text| text.parse().ok()).unwrap_or(default).clamp(1, most)
    }

    /// The body as `application/x-www-form-urlencoded` pairs.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ").map(str::trim)
    }

    /// Scheme and authority the client used, for links back to this server.
    pub fn origin(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let end = self.url[after_scheme..].find('/').map_or(self.url.len(), |at| after_scheme + at);
        &self.url[..end]
    }

    /// Whether a web page of another site makes the browser send this: then it names another origin, or it reached this
    /// server under a name that is not this machine's.
    pub fn is_from_elsewhere(&self) -> bool {
        let foreign_page = self.header("origin").is_some_and(|origin| origin != self.origin());
        foreign_page || !Url::parse(&self.url).is_ok_and(|url| is_loopback(&url))
    }

    /// The path's segments, percent-decoded.
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(percent_decode).collect()
    }
}

/// Whether a URL points at this machine, whatever the port.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    host && matches!(url.scheme(), "http" | "https")
}

pub(super) fn value_of<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Decodes one path segment. The form decoder does the work; only there does `+` mean a space.
fn percent_decode(segment: &str) -> String {
    let protected = segment.replace('+', "%2B");
    url::form_urlencoded::parse(protected.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

/// What goes back: status, headers, body.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=UTF-8", body.to_string())
    }

    pub fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn redirect(to: String) -> Self {
        Self::empty(302).with("location", to)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_may_hold_an_address_or_a_slash() {
        let request = Request {
            method: "GET".into(),
            url: "http://127.0.0.1:1/google/calendar/v3/calendars/a%2Bb%40x.example".into(),
            path: "/google/calendars/a%2Bb%40x.example/c+d".into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        assert_eq!(request.segments(), ["google", "calendars", "a+b@x.example", "c+d"]);
        assert_eq!(request.origin(), "http://127.0.0.1:1");
    }
}
