//! From a page to what it says about its company. Nothing is made up: each value stands on the page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::html::{parts, Parts};
use super::Page;
use crate::base::EmailAddress;

/// Characters of one value.
const LONGEST: usize = 300;
/// Values of one kind.
const MOST: usize = 10;
/// Objects of structured data that are looked at.
const MOST_OBJECTS: usize = 200;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What the company calls itself.
    Name,
    Title,
    Description,
    Phone,
    PostalAddress,
    /// A page of theirs in a network.
    Social,
    /// An e-mail address for contact.
    Email,
}

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Name, Kind::Title, Kind::Description, Kind::Phone, Kind::PostalAddress, Kind::Social, Kind::Email];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Name => "name",
            Kind::Title => "title",
            Kind::Description => "description",
            Kind::Phone => "phone",
            Kind::PostalAddress => "postal_address",
            Kind::Social => "social",
            Kind::Email => "email",
        }
    }
}

/// One value with its kind, in the order in which it is to be shown.
pub type Found = (Kind, String);

/// Networks whose links lead to a company's own page there.
const NETWORKS: &[&str] = &[
    "bsky.app",
    "facebook.com",
    "github.com",
    "instagram.com",
    "linkedin.com",
    "pinterest.com",
    "threads.net",
    "tiktok.com",
    "twitter.com",
    "x.com",
    "xing.com",
    "youtube.com",
];

/// Everything the page says, each value once.
pub fn read(page: &Page) -> Vec<Found> {
    let parts = parts(&page.html);
    let mut found = Collected::default();
    let meta = |name: &str| parts.metas.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text.as_str());
    let objects = objects(&parts);
    for object in objects.iter().filter(|object| is_company(object)) {
        found.company(object);
    }
    found.add(Kind::Name, meta("og:site_name"));
    found.first_of(Kind::Title, &[&parts.title, meta("og:title")]);
    found.first_of(Kind::Description, &[meta("description"), meta("og:description")]);
    for address in parts.addresses.iter().filter(|text| text.chars().any(|c| c.is_ascii_digit())) {
        found.add(Kind::PostalAddress, address);
    }
    for link in &parts.links {
        found.link(&page.url, link);
    }
    for address in addresses_in(&parts.text, &page.url) {
        found.add(Kind::Email, &address);
    }
    let mut rows = found.rows;
    rows.sort_by_key(|(kind, _)| *kind);
    rows
}

#[derive(Default)]
struct Collected {
    rows: Vec<Found>,
    seen: BTreeSet<(Kind, String)>,
}

impl Collected {
    fn add(&mut self, kind: Kind, raw: &str) {
        let value = one_line(raw);
        let value = match kind {
            Kind::Email => match EmailAddress::parse(&value) {
                Ok(address) => address.display().to_owned(),
                Err(_) => return,
            },
            Kind::Phone if value.chars().filter(char::is_ascii_digit).count() < 5 => return,
            _ if value.is_empty() => return,
            _ => value,
        };
        // One name, one title, one description: the first is the most exact source.
        let most = if matches!(kind, Kind::Name | Kind::Title | Kind::Description) { 1 } else { MOST };
        let is_full = self.rows.iter().filter(|(known, _)| *known == kind).count() >= most;
        if !is_full && self.seen.insert((kind, same(kind, &value))) {
            self.rows.push((kind, value));
        }
    }

    fn first_of(&mut self, kind: Kind, sources: &[&str]) {
        if let Some(text) = sources.iter().find(|text| !text.trim().is_empty()) {
            self.add(kind, text);
        }
    }

    fn link(&mut self, page: &Url, href: &str) {
        let Ok(url) = page.join(href) else { return };
        match url.scheme() {
            "mailto" => url.path().split(',').for_each(|address| self.add(Kind::Email, &decoded(address))),
            "tel" => self.add(Kind::Phone, &decoded(url.path())),
            "http" | "https" => self.social(&url),
            _ => {}
        }
    }

    /// A link to a page in a network; buttons that share this page there are none.
    fn social(&mut self, url: &Url) {
        let host = url.host_str().unwrap_or_default();
        let is_network = NETWORKS
            .iter()
            .any(|known| host == *known || host.strip_suffix(known).is_some_and(|sub| sub.ends_with('.')));
        let path = url.path().trim_end_matches('/');
        let shares = ["/sharer", "/share", "/intent", "/shareArticle", "/cws/share", "/pin/create"];
        if is_network && path.len() > 1 && !shares.iter().any(|share| path.starts_with(share)) {
            self.add(Kind::Social, &format!("https://{host}{path}"));
        }
    }

    /// <https://schema.org/Organization>
    fn company(&mut self, object: &Value) {
        for (field, kind) in [
            ("name", Kind::Name),
            ("description", Kind::Description),
            ("telephone", Kind::Phone),
            ("email", Kind::Email),
        ] {
            for text in texts(&object[field]) {
                self.add(kind, text.trim_start_matches("mailto:"));
            }
        }
        for address in each(&object["address"]) {
            self.add(Kind::PostalAddress, &postal(address));
        }
        for url in texts(&object["sameAs"]).filter_map(|text| Url::parse(text).ok()) {
            self.social(&url);
        }
        for point in each(&object["contactPoint"]) {
            texts(&point["telephone"]).for_each(|text| self.add(Kind::Phone, text));
            texts(&point["email"]).for_each(|text| self.add(Kind::Email, text.trim_start_matches("mailto:")));
        }
    }
}

/// All objects of the structured data, those in lists and graphs too.
fn objects(parts: &Parts) -> Vec<Value> {
    let mut waiting: Vec<Value> = parts.data.iter().filter_map(|text| serde_json::from_str(text.trim()).ok()).collect();
    let mut found = Vec::new();
    while let Some(value) = waiting.pop() {
        if found.len() + waiting.len() > MOST_OBJECTS {
            break;
        }
        match value {
            Value::Array(all) => waiting.extend(all),
            Value::Object(_) => {
                waiting.extend(value.get("@graph").cloned());
                found.push(value);
            }
            _ => {}
        }
    }
    found
}

/// An organisation or one of its many kinds: what has an address or a telephone and is no person.
fn is_company(object: &Value) -> bool {
    let mut kinds = texts(&object["@type"]);
    let is_other =
        |kind: &str| ["Person", "WebSite", "WebPage", "BreadcrumbList", "Article", "Product", "Event"].contains(&kind);
    let is_named = kinds.any(|kind| !is_other(kind));
    let has_fact =
        ["address", "telephone", "email", "sameAs", "contactPoint"].iter().any(|field| !object[*field].is_null());
    is_named && has_fact
}

fn postal(address: &Value) -> String {
    if let Some(text) = address.as_str() {
        return text.to_owned();
    }
    let part = |field: &str| address[field].as_str().or_else(|| address[field]["name"].as_str()).unwrap_or_default();
    let town = format!("{} {}", part("postalCode"), part("addressLocality"));
    let lines = [part("streetAddress"), town.trim(), part("addressRegion"), part("addressCountry")];
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let list: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    list.into_iter()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    each(value).filter_map(Value::as_str)
}

/// Addresses in the text that belong to the site's own domain: another one may be anybody's.
fn addresses_in(text: &str, page: &Url) -> Vec<String> {
    let site = page.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
    let words =
        text.split(|c: char| c.is_whitespace() || "<>()[],;:\"'|".contains(c)).filter(|word| word.contains('@'));
    let own = |word: &str| {
        let address = EmailAddress::parse(word.trim_end_matches('.')).ok()?;
        (address.domain() == site).then(|| address.display().to_owned())
    };
    words.filter_map(own).take(MOST).collect()
}

/// What makes two values the same.
fn same(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Phone => value.chars().filter(char::is_ascii_digit).collect(),
        _ => value.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    // Cut behind a whole word, and marked as cut.
    let cut: String = line.chars().take(LONGEST - 1).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words))
}

fn decoded(text: &str) -> String {
    let plus = text.replace('+', "%2B");
    url::form_urlencoded::parse(plus.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}
