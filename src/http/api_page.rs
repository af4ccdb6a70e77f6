//! Lists of `/v1`: pages, and cursors that lead on in the one list that they were given for.

use std::future::{ready, Ready};

use actix_web::dev::Payload;
use actix_web::web::{Data, Query};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use super::api::{ApiError, FieldError};
use super::mac::MacKey;
use super::respond::PageError;
use crate::authz::Actor;
use crate::base::{Cursor, Page, WorkspaceId};

/// The largest page of a list.
const MOST_ROWS: usize = 100;
const USUAL_ROWS: usize = 50;
/// What the tags of cursors are for, among all that the key signs.
const PURPOSE: &str = "cursor of a list";

/// One page of a list. `next_cursor` goes into `?cursor=` for the following page; absent on the last.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiPage<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

/// What a program asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// `next_cursor` of the page before; absent: the first page. It leads on in the list that it was given for: the
    /// same address with the same filters.
    cursor: Option<String>,
    /// Rows of a page, 1 to 100; 50 when absent.
    // Read as text: what is no number gets an answer that names the parameter.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// Where a list goes on and how many rows it gives. What else the address says is read beside it.
#[derive(Clone, Debug)]
pub struct PageQuery {
    asked: Asked,
    key: MacKey,
    /// The list: workspace, path and filters.
    list: Vec<u8>,
}

impl IntoParams for PageQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Asked::into_params(place)
    }
}

impl FromRequest for PageQuery {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

impl PageQuery {
    fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        let workspace = request.extensions().get::<Actor>().map(|actor| actor.workspace);
        let workspace = workspace.ok_or_else(ApiError::unauthorized)?;
        let lost = || PageError::internal("lists have no key", &std::io::Error::other("not registered"));
        let key = request.app_data::<Data<MacKey>>().ok_or_else(lost)?;
        let query = request.query_string();
        let asked = Query::<Asked>::from_query(query);
        let twice = |_| ApiError::bad_request("The address names cursor or limit twice, or cannot be read.");
        let asked = asked.map_err(twice)?.into_inner();
        Ok(Self { asked, key: key.get_ref().clone(), list: name_of(workspace, request.path(), query) })
    }

    /// The cursor and the number of rows, or 422 with the parameters that are wrong.
    pub fn parts(&self) -> Result<(Option<Cursor>, usize), ApiError> {
        let mut errors = Vec::new();
        let limit = match self.asked.limit.as_deref().map(str::parse) {
            None => USUAL_ROWS,
            Some(Ok(limit @ 1..=MOST_ROWS)) => limit,
            Some(_) => {
                errors.push(FieldError::in_query("limit", "limit is a whole number from 1 to 100."));
                USUAL_ROWS
            }
        };
        let given = self.asked.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        let cursor = given.and_then(|text| self.open(text));
        if given.is_some() && cursor.is_none() {
            let words =
                "cursor is not one that this list gave. Leave it out for the first page, then send next_cursor \
                         as it came, with the same filters.";
            errors.push(FieldError::in_query("cursor", words));
        }
        if errors.is_empty() {
            Ok((cursor, limit))
        } else {
            Err(ApiError::invalid(errors))
        }
    }

    /// The answer to this request.
    pub fn answer<T>(&self, page: Page<T>) -> ApiPage<T> {
        ApiPage { data: page.rows, next_cursor: page.next.map(|cursor| self.seal(&cursor)) }
    }

    /// A page of a list that is short enough to be held whole, in the order of `key` or backwards. `key` names a row;
    /// it stays when others go, and the list goes on behind one that is gone itself.
    pub fn part_of<T>(&self, all: Vec<T>, key: impl Fn(&T) -> Vec<u8>) -> Result<Page<T>, ApiError> {
        let (after, limit) = self.parts()?;
        let falls = all.first().map(&key) > all.last().map(&key);
        let is_behind = |row: &T, last: &Vec<u8>| if falls { key(row) < *last } else { key(row) > *last };
        let begin = match &after {
            None => 0,
            Some(Cursor(last)) => all.iter().position(|row| is_behind(row, last)).unwrap_or(all.len()),
        };
        let is_last = all.len() <= begin + limit;
        let rows: Vec<T> = all.into_iter().skip(begin).take(limit).collect();
        let next = rows.last().filter(|_| !is_last).map(|last| Cursor(key(last)));
        Ok(Page { rows, next })
    }

    fn seal(&self, cursor: &Cursor) -> String {
        let text = cursor.to_string();
        let tag = self.key.tag(PURPOSE, &self.message(&text));
        format!("{text}.{tag}")
    }

    fn open(&self, sealed: &str) -> Option<Cursor> {
        let (text, tag) = sealed.split_once('.')?;
        let is_ours = self.key.is_tag_of(PURPOSE, &self.message(text), tag);
        is_ours.then(|| Cursor::parse(text).ok()).flatten()
    }

    fn message(&self, text: &str) -> Vec<u8> {
        [&self.list, text.as_bytes()].join(&0)
    }
}

/// The list that a request is about. Filters stand in the order of their names, so that a client may write them as it
/// likes; `cursor` and `limit` say only which part of the list is wanted.
fn name_of(workspace: WorkspaceId, path: &str, query: &str) -> Vec<u8> {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor" && name != "limit");
    let mut filters: Vec<_> = pairs.collect();
    filters.sort();
    let filters = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filters).finish();
    format!("{workspace} {} {filters}", path.trim_end_matches('/')).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOME: WorkspaceId = WorkspaceId(uuid::Uuid::from_u128(1));
    const NEXT_DOOR: WorkspaceId = WorkspaceId(uuid::Uuid::from_u128(2));

    fn query_of(workspace: WorkspaceId, address: &str) -> PageQuery {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let asked = Query::<Asked>::from_query(query).unwrap().into_inner();
        PageQuery { asked, key: MacKey::new([7; 32]), list: name_of(workspace, path, query) }
    }

    fn query(address: &str) -> PageQuery {
        query_of(HOME, address)
    }

    #[test]
    fn the_last_page_of_a_list_has_no_cursor() {
        let list = query("/v1/contacts");
        let first = list.answer(Page { rows: vec![1], next: Some(Cursor(vec![1, 2])) });
        assert!(first.next_cursor.unwrap().starts_with("AQI."));
        let last = list.answer(Page { rows: vec![2], next: None });
        assert_eq!(serde_json::to_value(&last).unwrap(), json!({"data": [2], "next_cursor": null}));
    }

    #[test]
    fn a_page_has_1_to_100_rows_and_what_is_wrong_is_named() {
        assert_eq!(query("/v1/contacts").parts().unwrap(), (None, 50));
        assert_eq!(query("/v1/contacts?cursor=&limit=100").parts().unwrap(), (None, 100));
        let cases = [
            ("limit=0", vec!["?limit"]),
            ("limit=101", vec!["?limit"]),
            ("limit=many", vec!["?limit"]),
            ("cursor=%C3%A4", vec!["?cursor"]),
            ("cursor=AQI", vec!["?cursor"]),
            ("cursor=AQI.AQI", vec!["?cursor"]),
            ("cursor=%C3%A4&limit=-1", vec!["?limit", "?cursor"]),
        ];
        for (asked, expected) in cases {
            let problem = query(&format!("/v1/contacts?{asked}")).parts().unwrap_err().problem();
            let places: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
            assert_eq!((problem.status, places), (422, expected), "{asked}");
        }
    }

    #[test]
    fn a_cursor_leads_on_only_in_the_list_that_gave_it() {
        let given = query("/v1/messages?contact=a&x=1&limit=7").seal(&Cursor(vec![9; 16]));
        let cases = [
            ("the same list", HOME, "/v1/messages?contact=a&x=1", true),
            ("filters in another order, another size", HOME, "/v1/messages?x=1&limit=2&contact=a", true),
            ("another filter", HOME, "/v1/messages?contact=b&x=1", false),
            ("no filter", HOME, "/v1/messages", false),
            ("another list", HOME, "/v1/replies?contact=a&x=1", false),
            ("another workspace", NEXT_DOOR, "/v1/messages?contact=a&x=1", false),
        ];
        for (name, workspace, address, expected) in cases {
            let mut asked = query_of(workspace, address);
            asked.asked.cursor = Some(given.clone());
            assert_eq!(asked.parts().is_ok_and(|(cursor, _)| cursor == Some(Cursor(vec![9; 16]))), expected, "{name}");
        }
    }

    #[test]
    fn a_list_held_whole_is_read_page_by_page_without_gap_or_repeat() {
        for limit in ["1", "2", "3", "7", "50"] {
            for falls in [false, true] {
                let (mut query, mut seen) = (query(&format!("/v1/tags?limit={limit}")), Vec::new());
                let mut all: Vec<u8> = (0..7).collect();
                if falls {
                    all.reverse();
                }
                loop {
                    let page = query.part_of(all.clone(), |row| vec![*row]).unwrap();
                    seen.extend(page.rows.iter().copied());
                    let answer = query.answer(page);
                    let Some(next) = answer.next_cursor else { break };
                    query.asked.cursor = Some(next);
                }
                assert_eq!(seen, all, "{limit} at a time");
            }
        }
    }

    #[test]
    fn a_list_goes_on_behind_a_row_that_is_gone() {
        let mut query = query("/v1/tags?limit=2");
        let first = query.part_of(vec![1_u8, 3, 5, 7], |row| vec![*row]).unwrap();
        query.asked.cursor = query.answer(first).next_cursor;
        assert_eq!(query.part_of(vec![1_u8, 5, 7], |row| vec![*row]).unwrap().rows, [5, 7]);
    }
}
