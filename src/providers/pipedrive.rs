//! Pipedrive's API with a personal API token in the header `x-api-token`.
//!
//! Persons (v2, by cursor): <https://developers.pipedrive.com/docs/api/v1/Persons>,
//! <https://pipedrive.readme.io/docs/core-api-concepts-pagination>; notes (v1):
//! <https://developers.pipedrive.com/docs/api/v1/Notes>; limits, by a daily budget of tokens and a burst in two seconds,
//! with `x-ratelimit-reset` in seconds: <https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting>.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::HeaderName;
use http::Method;
use serde_json::{json, Value};

use super::crm::{id_text, said, texts, Account, Call, Crm, People, Person, Session, PAGE};
use super::error::{ProviderError, Repeat};
use super::outbound::Answer;
use crate::base::UnixMillis;

/// Fields that a person has.
pub const FIELDS: &[&str] = &["first_name", "last_name", "name", "phone", "job_title", "org_name"];

const PERSONS: [&str; 3] = ["api", "v2", "persons"];

/// More than this to wait, and it is the day's budget that is used up.
const BURST: u64 = 60;

pub struct Pipedrive<'a>(pub Session<'a>);

impl Pipedrive<'_> {
    fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
        repeat: Repeat,
    ) -> Result<Value, ProviderError> {
        let token = (HeaderName::from_static("x-api-token"), self.0.token.expose().to_owned());
        let url = self.0.url(path, query);
        self.0.json(Call { method, url, token, body, repeat, classify })
    }

    fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, ProviderError> {
        self.call(Method::GET, path, query, None, Repeat::Safe)
    }
}

impl Crm for Pipedrive<'_> {
    fn account(&self) -> Result<Account, ProviderError> {
        let me = self.get(&["v1", "users", "me"], &[])?;
        let name = me["data"]["company_name"].as_str().unwrap_or("account").to_owned();
        Ok(Account { id: id_text(&me["data"]["company_id"]), name })
    }

    fn start(&self, since: Option<UnixMillis>) -> String {
        format!("{}|", since.map(UnixMillis::to_rfc3339).unwrap_or_default())
    }

    /// The cursor is the time of the first change wanted and, behind a bar, Pipedrive's own.
    fn changed(&self, cursor: &str) -> Result<People, ProviderError> {
        let (since, place) = cursor.split_once('|').unwrap_or((cursor, ""));
        let limit = PAGE.to_string();
        let mut query = vec![("limit", limit.as_str()), ("sort_by", "update_time"), ("sort_direction", "asc")];
        if !since.is_empty() {
            query.push(("updated_since", since));
        }
        if !place.is_empty() {
            query.push(("cursor", place));
        }
        let answer = self.get(&PERSONS, &query)?;
        let rows = answer["data"].as_array().map(|rows| rows.iter().map(person).collect()).unwrap_or_default();
        let next = answer["additional_data"]["next_cursor"].as_str().filter(|next| !next.is_empty());
        Ok(People { rows, next: next.map(|next| format!("{since}|{next}")) })
    }

    /// The search knows nobody who was added just now; they stand among the newest.
    fn find(&self, email: &str) -> Result<Option<String>, ProviderError> {
        let query = [("term", email), ("fields", "email"), ("exact_match", "true"), ("limit", "1")];
        let found = self.get(&["api", "v2", "persons", "search"], &query)?;
        if let Some(id) = id_of(&found["data"]["items"][0]["item"]) {
            return Ok(Some(id));
        }
        let limit = PAGE.to_string();
        let query = [("limit", limit.as_str()), ("sort_by", "add_time"), ("sort_direction", "desc")];
        let newest = self.get(&PERSONS, &query)?;
        let has_it = |row: &&Value| labelled(&row["emails"]).iter().any(|other| other.eq_ignore_ascii_case(email));
        Ok(newest["data"].as_array().into_iter().flatten().find(has_it).and_then(id_of))
    }

    fn add(&self, person: &Person) -> Result<String, ProviderError> {
        let answer = self.call(Method::POST, &PERSONS, &[], Some(&body(person)), Repeat::Unsafe)?;
        id_of(&answer["data"]).ok_or_else(|| ProviderError::Unknown { reason: "no id came back".into() })
    }

    fn update(&self, person: &Person) -> Result<(), ProviderError> {
        let path = ["api", "v2", "persons", &person.id];
        self.call(Method::PATCH, &path, &[], Some(&body(person)), Repeat::Safe).map(drop)
    }

    fn note(&self, person: &str, text: &str, _at: UnixMillis) -> Result<String, ProviderError> {
        let body = json!({ "content": text, "person_id": person.parse::<u64>().unwrap_or_default() });
        let answer = self.call(Method::POST, &["v1", "notes"], &[], Some(&body), Repeat::Unsafe)?;
        id_of(&answer["data"]).ok_or_else(|| ProviderError::Unknown { reason: "no id came back".into() })
    }

    fn find_note(&self, person: &str, mark: &str) -> Result<Option<String>, ProviderError> {
        let answer =
            self.get(&["v1", "notes"], &[("person_id", person), ("limit", "100"), ("sort", "add_time DESC")])?;
        let has_mark = |note: &&Value| note["content"].as_str().is_some_and(|text| text.contains(mark));
        Ok(answer["data"].as_array().into_iter().flatten().find(has_mark).and_then(id_of))
    }
}

fn id_of(object: &Value) -> Option<String> {
    object["id"].as_u64().map(|id| id.to_string())
}

/// Values with labels, the main one first.
fn labelled(list: &Value) -> Vec<String> {
    let mut all: Vec<(bool, String)> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["primary"] != true, one["value"].as_str()?.trim().to_owned())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    all.sort_by_key(|(is_other, _)| *is_other);
    all.into_iter().map(|(_, value)| value).collect()
}

fn person(row: &Value) -> Person {
    let mut fields = texts(row, &["first_name", "last_name", "name", "job_title", "org_name"]);
    if let Some(phone) = labelled(&row["phones"]).into_iter().next() {
        fields.insert("phone".to_owned(), phone);
    }
    Person { id: id_of(row).unwrap_or_default(), emails: labelled(&row["emails"]), fields }
}

/// A person has a name at Pipedrive: where none is known, the address.
fn body(person: &Person) -> Value {
    let field = |name: &str| person.fields.get(name).map_or("", String::as_str);
    let whole = format!("{} {}", field("first_name"), field("last_name"));
    let email = person.emails.first().cloned().unwrap_or_default();
    let name = if whole.trim().is_empty() { email.clone() } else { whole.trim().to_owned() };
    let mut body = BTreeMap::from([("name", json!(name))]);
    if !email.is_empty() {
        body.insert("emails", json!([{ "value": email, "primary": true, "label": "work" }]));
    }
    if !field("phone").is_empty() {
        body.insert("phones", json!([{ "value": field("phone"), "primary": true, "label": "work" }]));
    }
    json!(body)
}

/// Not carried out in either case: the burst passes in seconds, the day's budget at its end.
fn classify(answer: &Answer, now: UnixMillis) -> Option<ProviderError> {
    if answer.status != 429 {
        return None;
    }
    let reset = answer.header(HeaderName::from_static("x-ratelimit-reset")).and_then(|text| text.trim().parse().ok());
    let seconds: u64 = reset.unwrap_or(2);
    if seconds > BURST {
        let until = now.plus(Duration::from_secs(seconds.min(86_400)));
        return Some(ProviderError::Quota { until: Some(until), reason: said(answer) });
    }
    Some(ProviderError::Retry { after: Some(Duration::from_secs(seconds)), reason: said(answer) })
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::providers::outbound::NoLog;
    use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};
    use crate::providers::Secret;

    fn ask<T>(answer: impl Fn(&Seen) -> Reply + Send + 'static, work: impl Fn(&Pipedrive<'_>) -> T) -> (T, Vec<Seen>) {
        let (server, outbound, token) = (FakeHttp::start(answer), outbound(), Secret::new("t0ken"));
        let base = Url::parse(&server.base).unwrap();
        let session = Session { outbound: &outbound, base: &base, token: &token, log: &NoLog };
        (work(&Pipedrive(session)), server.seen())
    }

    #[test]
    fn persons_are_read_by_cursor_with_the_main_address_first() {
        let body = r#"{"success":true,"data":[{"id":7,"name":"Ada Lund","first_name":"Ada","last_name":"Lund",
            "emails":[{"value":"b@x.example","primary":false},{"value":"a@x.example","primary":true}],
            "phones":[{"value":"+44 1","primary":true}],"update_time":"2026-11-24T09:00:00Z"}],
            "additional_data":{"next_cursor":"abc"}}"#;
        let (people, seen) = ask(move |_| Reply::json(200, body), |crm| crm.changed(&crm.start(Some(UnixMillis(0)))));
        let people = people.unwrap();
        assert_eq!(people.rows[0].emails, ["a@x.example", "b@x.example"]);
        assert_eq!(people.rows[0].fields["phone"], "+44 1");
        assert_eq!(people.next.as_deref(), Some("1970-01-01T00:00:00Z|abc"));
        assert_eq!(seen[0].header("x-api-token"), Some("t0ken"));
        assert!(seen[0].path.contains("updated_since=1970-01-01T00%3A00%3A00Z"), "{}", seen[0].path);
        assert!(!seen[0].path.contains("t0ken"), "the token never stands in an address");
    }

    #[test]
    fn a_limit_passes_in_seconds_or_at_the_end_of_the_day() {
        let limited = |reset: &'static str| {
            let reply = move |_: &Seen| {
                Reply::json(429, r#"{"success":false,"error":"limit"}"#).with_header("x-ratelimit-reset", reset)
            };
            ask(reply, |crm| crm.find("a@x.example")).0.unwrap_err()
        };
        assert!(matches!(limited("2"), ProviderError::Retry { after: Some(a), .. } if a.as_secs() == 2));
        assert!(matches!(limited("7200"), ProviderError::Quota { until: Some(_), .. }));
        let (lost, _) =
            ask(|_| Reply::Drop, |crm| crm.add(&Person { emails: vec!["a@x.example".into()], ..Person::default() }));
        assert!(matches!(lost, Err(ProviderError::Unknown { .. })), "{lost:?}");
    }
}
