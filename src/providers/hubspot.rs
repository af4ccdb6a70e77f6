//! HubSpot's CRM API v3 with the token of a private app.
//!
//! Contacts: <https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide>; search (100 rows a page here,
//! at most 10,000 of one question, and behind what was written by some moments):
//! <https://developers.hubspot.com/docs/api-reference/search/guide>; notes and their association 202 with contacts:
//! <https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide>; what is associated with somebody:
//! <https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>; limits and their headers:
//! <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>.

use std::time::Duration;

use http::header::{HeaderName, AUTHORIZATION};
use http::Method;
use serde_json::{json, Map, Value};
use url::Url;

use super::crm::{id_text, said, texts, Account, Call, Crm, People, Person, Session, PAGE};
use super::error::{ProviderError, Repeat};
use super::outbound::Answer;
use crate::base::UnixMillis;

/// Fields that are asked for.
pub const FIELDS: &[&str] = &[
    "firstname",
    "lastname",
    "company",
    "jobtitle",
    "phone",
    "mobilephone",
    "website",
    "city",
    "country",
    "industry",
    "lifecyclestage",
    "hs_lead_status",
];
/// Rows that one question gives at most; behind them it is asked anew, from the last change on.
const MOST_OF_ONE: usize = 10_000;
/// Of 500 notes each.
const MOST_PAGES_OF_NOTES: usize = 10;
const UPSERT: [&str; 6] = ["crm", "v3", "objects", "contacts", "batch", "upsert"];

pub struct HubSpot<'a>(pub Session<'a>);

impl HubSpot<'_> {
    fn call<'b>(&self, method: Method, path: &[&str], body: Option<&'b Value>, repeat: Repeat) -> Call<'b> {
        self.call_at(method, self.0.url(path, &[]), body, repeat)
    }

    fn call_at<'b>(&self, method: Method, url: Url, body: Option<&'b Value>, repeat: Repeat) -> Call<'b> {
        let token = (AUTHORIZATION, format!("Bearer {}", self.0.token.expose()));
        Call { method, url, token, body, repeat, classify }
    }

    fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, ProviderError> {
        self.0.json(self.call_at(Method::GET, self.0.url(path, query), None, Repeat::Safe))
    }

    /// The ids of the notes on a person, newest first.
    fn notes_of(&self, person: &str) -> Result<Vec<String>, ProviderError> {
        let (mut ids, mut after) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES_OF_NOTES {
            let mut query = vec![("limit", "500")];
            query.extend(after.as_deref().map(|after| ("after", after)));
            let page = self.get(&["crm", "v4", "objects", "contacts", person, "associations", "notes"], &query)?;
            ids.extend(page["results"].as_array().into_iter().flatten().map(|one| id_text(&one["toObjectId"])));
            after = page["paging"]["next"]["after"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        ids.sort_by_key(|id| std::cmp::Reverse(id.parse::<u64>().unwrap_or_default()));
        Ok(ids)
    }
}

impl Crm for HubSpot<'_> {
    fn account(&self) -> Result<Account, ProviderError> {
        let details = self.get(&["account-info", "v3", "details"], &[])?;
        let id = id_text(&details["portalId"]);
        Ok(Account { name: format!("account {id}"), id })
    }

    fn start(&self, since: Option<UnixMillis>) -> String {
        format!("{}|", since.map_or(0, |since| since.0))
    }

    /// The cursor is the change to begin with and, behind a bar, the place in that question.
    fn changed(&self, cursor: &str) -> Result<People, ProviderError> {
        let (since, after) = cursor.split_once('|').unwrap_or((cursor, ""));
        let mut body = json!({
            "limit": PAGE,
            "properties": properties(),
            "sorts": [{ "propertyName": "lastmodifieddate", "direction": "ASCENDING" }],
            "filterGroups": [{ "filters": [
                { "propertyName": "lastmodifieddate", "operator": "GTE", "value": since },
            ]}],
        });
        if !after.is_empty() {
            body["after"] = json!(after);
        }
        let path = ["crm", "v3", "objects", "contacts", "search"];
        let answer: Value = self.0.json(self.call(Method::POST, &path, Some(&body), Repeat::Safe))?;
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let last = results.last().and_then(changed_at);
        let next = match answer["paging"]["next"]["after"].as_str() {
            None => None,
            Some(next) if next.parse::<usize>().is_ok_and(|place| place + PAGE <= MOST_OF_ONE) => {
                Some(format!("{since}|{next}"))
            }
            // More than one question gives: the next one begins with the last change seen.
            Some(_) => last.filter(|last| last.0.to_string() != since).map(|last| format!("{}|", last.0)),
        };
        Ok(People { rows: results.iter().map(person).collect(), next })
    }

    /// Read by the address itself, which knows somebody at once who was just added.
    fn find(&self, email: &str) -> Result<Option<String>, ProviderError> {
        let query = [("idProperty", "email"), ("properties", "email")];
        match self.get(&["crm", "v3", "objects", "contacts", email], &query) {
            Ok(found) => Ok(found["id"].as_str().map(str::to_owned)),
            Err(ProviderError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// By the address, which HubSpot holds unique: done twice it is the same contact.
    fn add(&self, person: &Person) -> Result<String, ProviderError> {
        let email = person.emails.first().cloned().unwrap_or_default();
        let mut properties = values(person);
        properties.insert("email".to_owned(), json!(email));
        let body = json!({ "inputs": [{ "id": email, "idProperty": "email", "properties": properties }] });
        let call = self.call(Method::POST, &UPSERT, Some(&body), Repeat::Safe);
        let answer: Value = self.0.json(call)?;
        let id = answer["results"][0]["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| ProviderError::Rejected { reason: "the contact was not taken".into() })
    }

    fn update(&self, person: &Person) -> Result<(), ProviderError> {
        let body = json!({ "properties": values(person) });
        let path = ["crm", "v3", "objects", "contacts", &person.id];
        self.0.json::<Value>(self.call(Method::PATCH, &path, Some(&body), Repeat::Safe)).map(drop)
    }

    fn note(&self, person: &str, text: &str, at: UnixMillis) -> Result<String, ProviderError> {
        let body = json!({
            "properties": { "hs_timestamp": at.to_rfc3339(), "hs_note_body": text },
            "associations": [{
                "to": { "id": person },
                "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202 }],
            }],
        });
        let answer: Value =
            self.0.json(self.call(Method::POST, &["crm", "v3", "objects", "notes"], Some(&body), Repeat::Unsafe))?;
        Ok(answer["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Among the notes that stand with the person, of which the newest are read.
    fn find_note(&self, person: &str, mark: &str) -> Result<Option<String>, ProviderError> {
        let ids = self.notes_of(person)?;
        if ids.is_empty() {
            return Ok(None);
        }
        let inputs: Vec<Value> = ids.iter().take(PAGE).map(|id| json!({ "id": id })).collect();
        let body = json!({ "properties": ["hs_note_body"], "inputs": inputs });
        let path = ["crm", "v3", "objects", "notes", "batch", "read"];
        let answer: Value = self.0.json(self.call(Method::POST, &path, Some(&body), Repeat::Safe))?;
        let has_mark =
            |note: &&Value| note["properties"]["hs_note_body"].as_str().is_some_and(|text| text.contains(mark));
        let found = answer["results"].as_array().into_iter().flatten().find(has_mark);
        Ok(found.and_then(|note| note["id"].as_str()).map(str::to_owned))
    }
}

fn properties() -> Vec<&'static str> {
    ["email", "lastmodifieddate"].into_iter().chain(FIELDS.iter().copied()).collect()
}

fn values(person: &Person) -> Map<String, Value> {
    person.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

fn person(row: &Value) -> Person {
    let email = row["properties"]["email"].as_str().map(str::to_owned);
    Person {
        id: row["id"].as_str().unwrap_or_default().to_owned(),
        emails: email.into_iter().filter(|email| !email.is_empty()).collect(),
        fields: texts(&row["properties"], FIELDS),
    }
}

fn changed_at(row: &Value) -> Option<UnixMillis> {
    UnixMillis::parse_rfc3339(row["properties"]["lastmodifieddate"].as_str()?)
}

/// 429 names the policy that was met: by the second and the ten seconds it passes soon, by the day it does not.
fn classify(answer: &Answer, now: UnixMillis) -> Option<ProviderError> {
    if answer.status != 429 {
        return None;
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let daily_left = header(answer, "x-hubspot-ratelimit-daily-remaining");
    if body["policyName"] == "DAILY" || daily_left == Some(0) {
        return Some(ProviderError::Quota { until: Some(next_day(now)), reason: said(answer) });
    }
    let interval = header(answer, "x-hubspot-ratelimit-interval-milliseconds").unwrap_or(10_000);
    let after = super::error::retry_after(answer, now).unwrap_or(Duration::from_millis(interval.min(60_000)));
    Some(ProviderError::Retry { after: Some(after), reason: said(answer) })
}

fn header(answer: &Answer, name: &'static str) -> Option<u64> {
    answer.header(HeaderName::from_static(name))?.trim().parse().ok()
}

/// The daily limit turns at midnight in the account's zone, which is not known here: by then it is a day later anywhere.
fn next_day(now: UnixMillis) -> UnixMillis {
    now.plus(Duration::from_secs(6 * 3600))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::providers::outbound::NoLog;
    use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};
    use crate::providers::Secret;

    fn ask<T>(answer: impl Fn(&Seen) -> Reply + Send + 'static, work: impl Fn(&HubSpot<'_>) -> T) -> (T, Vec<Seen>) {
        let (server, outbound, token) = (FakeHttp::start(answer), outbound(), Secret::new("pat-1"));
        let base = Url::parse(&server.base).unwrap();
        let session = Session { outbound: &outbound, base: &base, token: &token, log: &NoLog };
        (work(&HubSpot(session)), server.seen())
    }

    #[test]
    fn people_are_read_page_by_page_from_a_change_on() {
        let body = r#"{"total":101,"results":[{"id":"512","properties":{"email":"a@x.example","firstname":"Ada","city":null,
            "lastmodifieddate":"2026-11-24T09:00:00.000Z"}}],"paging":{"next":{"after":"100"}}}"#;
        let (people, seen) = ask(move |_| Reply::json(200, body), |crm| crm.changed(&crm.start(Some(UnixMillis(7)))));
        let people = people.unwrap();
        assert_eq!(people.next.as_deref(), Some("7|100"));
        assert_eq!((people.rows[0].id.as_str(), people.rows[0].fields.len()), ("512", 1), "{people:?}");
        assert_eq!(seen[0].header("authorization"), Some("Bearer pat-1"));
        assert_eq!(seen[0].json()["filterGroups"][0]["filters"][0]["value"], "7");
        let deep = body.replace("\"100\"", "\"9950\"");
        let (people, _) = ask(move |_| Reply::json(200, &deep), |crm| crm.changed("7|9850"));
        assert_eq!(people.unwrap().next.as_deref(), Some("1795510800000|"), "behind 10,000 rows it asks anew");
    }

    #[test]
    fn refusals_say_what_to_do_next() {
        let fits = |status: u16, body: &'static str, headers: &'static [(&'static str, &'static str)]| {
            let reply = move |_: &Seen| {
                headers.iter().fold(Reply::json(status, body), |reply, (name, value)| reply.with_header(name, value))
            };
            ask(reply, |crm| crm.find("a@x.example")).0.unwrap_err()
        };
        assert!(matches!(fits(401, "{}", &[]), ProviderError::Reconnect { .. }));
        assert!(
            matches!(fits(403, r#"{"message":"scopes"}"#, &[]), ProviderError::MissingScope { reason } if reason == "scopes")
        );
        let second = r#"{"status":"error","errorType":"RATE_LIMIT","policyName":"SECONDLY","message":"slow"}"#;
        let interval = &[("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")];
        assert!(
            matches!(fits(429, second, interval), ProviderError::Retry { after: Some(a), .. } if a.as_secs() == 10)
        );
        let daily = r#"{"status":"error","errorType":"RATE_LIMIT","policyName":"DAILY","message":"day"}"#;
        assert!(matches!(fits(429, daily, &[]), ProviderError::Quota { until: Some(_), .. }));
        assert!(matches!(fits(502, "<html>", &[]), ProviderError::Retry { .. }));
        let (lost, _) = ask(|_| Reply::Drop, |crm| crm.note("1", "x", UnixMillis(0)));
        assert!(matches!(lost, Err(ProviderError::Unknown { .. })), "a note may be there: {lost:?}");
    }
}
