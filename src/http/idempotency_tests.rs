use super::*;
use actix_web::test::TestRequest;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Mutex;

type Rows = HashMap<(WorkspaceId, ScopedKey), (Fingerprint, Option<ApiAnswer>)>;

#[derive(Default)]
struct InMemory(Mutex<Rows>);

impl IdempotencyStore for InMemory {
    fn begin(&self, workspace: WorkspaceId, key: ScopedKey, fingerprint: Fingerprint) -> Result<Begin, StoreFault> {
        let mut rows = self.0.lock().unwrap();
        let row = rows.entry((workspace, key));
        Ok(match row {
            std::collections::hash_map::Entry::Vacant(row) => {
                row.insert((fingerprint, None));
                Begin::Fresh { since: UnixMillis(1_000) }
            }
            std::collections::hash_map::Entry::Occupied(row) => match row.get() {
                (first, _) if *first != fingerprint => Begin::Mismatch,
                (_, Some(answer)) => Begin::Replay(answer.clone()),
                (_, None) => Begin::InFlight,
            },
        })
    }
    fn finish(&self, workspace: WorkspaceId, key: ScopedKey, answer: &ApiAnswer) -> Result<(), StoreFault> {
        self.0.lock().unwrap().get_mut(&(workspace, key)).unwrap().1 = Some(answer.clone());
        Ok(())
    }
    fn abandon(&self, workspace: WorkspaceId, key: ScopedKey) -> Result<(), StoreFault> {
        self.0.lock().unwrap().remove(&(workspace, key));
        Ok(())
    }
}

const OURS: WorkspaceId = crate::base::INSTANCE;

fn key() -> IdempotencyKey {
    IdempotencyKey(Some(ScopedKey { digest: [1; 32], role: Role::Owner }))
}

fn print(byte: u8) -> Fingerprint {
    Fingerprint([byte; 32])
}

#[test]
fn a_repeated_request_is_carried_out_once_and_answered_twice() {
    let (store, runs) = (InMemory::default(), Cell::new(0));
    let send = || {
        idempotent(&store, OURS, &key(), print(1), || {
            runs.set(runs.get() + 1);
            ApiAnswer::created("/v1/contacts/7", &serde_json::json!({"id": 7}))
        })
        .unwrap()
    };
    let (first, again) = (send(), send());
    assert_eq!(runs.get(), 1);
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert!(!first.is_replay && again.is_replay);
    let answer = again.respond_to(&TestRequest::default().to_http_request());
    assert_eq!(answer.headers().get("idempotent-replayed").unwrap(), "true");
    assert_eq!(answer.headers().get(LOCATION).unwrap(), "/v1/contacts/7");
}

#[test]
fn a_key_is_refused_for_another_request_and_while_the_first_is_at_work() {
    let store = InMemory::default();
    let inner = Cell::new(None);
    let done = idempotent(&store, OURS, &key(), print(1), || {
        inner.set(idempotent(&store, OURS, &key(), print(1), || unreachable!("it is in flight")).err());
        ApiAnswer::json(StatusCode::OK, &1)
    });
    assert!(done.is_ok());
    assert_eq!(inner.take().unwrap().status(), StatusCode::CONFLICT);
    let other = idempotent(&store, OURS, &key(), print(2), || unreachable!("it is another request"));
    assert_eq!(other.unwrap_err().status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn a_refused_request_leaves_its_key_free() {
    let store = InMemory::default();
    let refused = idempotent(&store, OURS, &key(), print(1), || Err(ApiError::bad_request("no")));
    assert_eq!(refused.unwrap_err().status(), StatusCode::BAD_REQUEST);
    let corrected = idempotent(&store, OURS, &key(), print(2), || ApiAnswer::json(StatusCode::OK, &1));
    assert!(!corrected.unwrap().is_replay);
}

#[test]
fn without_a_key_every_request_is_carried_out() {
    let runs = Cell::new(0);
    for _ in 0..2 {
        let work = || {
            runs.set(runs.get() + 1);
            ApiAnswer::json(StatusCode::OK, &1)
        };
        idempotent(&InMemory::default(), OURS, &IdempotencyKey(None), print(1), work).unwrap();
    }
    assert_eq!(runs.get(), 2);
}

/// What is read from `Idempotency-Key: value` in a POST to `path`; `None` when it is refused.
async fn read(path: &str, value: Option<&str>) -> Option<IdempotencyKey> {
    let mut request = TestRequest::post().uri(path);
    if let Some(value) = value {
        request = request.insert_header(("Idempotency-Key", value));
    }
    IdempotencyKey::extract(&request.to_http_request()).await.ok()
}

#[actix_web::test]
async fn the_header_is_read_bare_or_quoted_and_has_a_length() {
    let bare = read("/v1/a", Some("abc")).await;
    assert!(bare.as_ref().is_some_and(|key| key.0.is_some()));
    assert_eq!(read("/v1/a", Some("\"abc\"")).await, bare);
    assert_eq!(read("/v1/a", None).await, Some(IdempotencyKey(None)));
    for refused in [String::new(), "\"\"".to_owned(), "x".repeat(256)] {
        assert_eq!(read("/v1/a", Some(&refused)).await, None, "{refused:?}");
    }
}

#[actix_web::test]
async fn the_same_key_at_another_endpoint_is_another_key() {
    assert_ne!(read("/v1/a", Some("abc")).await, read("/v1/b", Some("abc")).await);
    assert_eq!(read("/v1/a?x=1", Some("abc")).await, read("/v1/a", Some("abc")).await);
}

#[test]
fn the_fingerprint_covers_method_address_and_body() {
    let print = |method: actix_web::http::Method, uri: &str, body: &[u8]| {
        Fingerprint::of(&TestRequest::with_uri(uri).method(method).to_http_request(), body)
    };
    use actix_web::http::Method;
    let first = print(Method::POST, "/v1/a", b"{}");
    assert_eq!(first, print(Method::POST, "/v1/a", b"{}"));
    for other in
        [print(Method::PUT, "/v1/a", b"{}"), print(Method::POST, "/v1/b", b"{}"), print(Method::POST, "/v1/a", b"{ }")]
    {
        assert_ne!(first, other);
    }
}
