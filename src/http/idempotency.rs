//! `Idempotency-Key`: a program may repeat a POST after a cut line, and it is carried out once.
//!
//! The same key with the same request gets the first answer again, marked `Idempotent-Replayed`;
//! with another request 422; while the first is still at work 409. What was refused is not kept:
//! nothing was done, so the corrected request may use the key again. All API keys of a workspace share
//! what they sent to one endpoint, so that a program with a fresh key repeats nothing; one that may do
//! less than the first is not told its answer.

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::LOCATION;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::future::{ready, Ready};
use std::sync::Arc;
use uuid::Uuid;

use super::api::ApiError;
use super::api_json::ApiJson;
use super::respond::{run, PageError};
use crate::authz::{Actor, Role};
use crate::base::{UnixMillis, WorkspaceId};

/// As long as keys of the usual clients get (Stripe: 255).
const MAX_KEY_LENGTH: usize = 255;

/// SHA-256 over method, path with query, and body: two requests with the same one are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    pub fn of(request: &HttpRequest, body: &[u8]) -> Self {
        Self(digest([request.method().as_str().as_bytes(), request.uri().to_string().as_bytes(), body]))
    }
}

/// The parts are told apart by their lengths.
fn digest(parts: [&[u8]; 3]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Names one key at one endpoint of a workspace, with the caller's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScopedKey {
    /// SHA-256 over method, path and what the caller wrote, so that the store keeps 32 bytes and nothing of that.
    pub digest: [u8; 32],
    pub role: Role,
}

impl ScopedKey {
    /// The id of what this key makes in a workspace: a UUIDv7 of when it came first.
    fn id_since(&self, workspace: WorkspaceId, since: UnixMillis) -> Uuid {
        let mut rest = [0; 10];
        let named = digest([b"id", workspace.as_bytes(), &self.digest]);
        rest.iter_mut().zip(named).for_each(|(to, from)| *to = from);
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(since.0).unwrap_or(0), &rest).into_uuid()
    }
}

/// The header `Idempotency-Key`; `None` when the caller takes the risk of repeating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<ScopedKey>);

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get("idempotency-key") else { return ready(Ok(Self(None))) };
        // The header draft writes a quoted string, the usual clients a bare one; both are the key.
        let key = value.to_str().unwrap_or("").trim().trim_matches('"');
        if key.is_empty() || key.len() > MAX_KEY_LENGTH {
            let detail = format!("Idempotency-Key has 1 to {MAX_KEY_LENGTH} ASCII characters, for example a UUID.");
            return ready(Err(ApiError::bad_request(detail)));
        }
        let role = request.extensions().get::<Actor>().map_or(Role::Viewer, Actor::least_role);
        let digest = digest([request.method().as_str().as_bytes(), request.path().as_bytes(), key.as_bytes()]);
        ready(Ok(Self(Some(ScopedKey { digest, role }))))
    }
}

/// An answer as it is kept and given again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiAnswer {
    pub status: u16,
    /// Path of what was made, for `Location`.
    pub location: Option<String>,
    /// JSON.
    #[serde(with = "serde_bytes_as_vec")]
    pub body: Vec<u8>,
    #[serde(skip)]
    pub is_replay: bool,
}

/// MessagePack would write a `Vec<u8>` as a list of numbers; a body is text, so it is kept as text.
mod serde_bytes_as_vec {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(body))
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

impl ApiAnswer {
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, ApiError> {
        let body =
            serde_json::to_vec(value).map_err(|error| ApiError::internal("could not write the answer", &error))?;
        Ok(Self { status: status.as_u16(), location: None, body, is_replay: false })
    }

    /// 201 with the path of what was made.
    pub fn created(location: impl Into<String>, value: &impl Serialize) -> Result<Self, ApiError> {
        Ok(Self { location: Some(location.into()), ..Self::json(StatusCode::CREATED, value)? })
    }
}

impl Responder for ApiAnswer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        answer.content_type("application/json");
        if let Some(location) = self.location {
            answer.insert_header((LOCATION, location));
        }
        if self.is_replay {
            answer.insert_header(("idempotent-replayed", "true"));
        }
        answer.body(self.body)
    }
}

/// What the store knows of a key at the moment a request comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Not answered yet: it is now marked as in flight. Where an earlier try never ended, `since` is when that began.
    Fresh { since: UnixMillis },
    /// Done before, with the same fingerprint: this was the answer.
    Replay(ApiAnswer),
    /// Seen with another fingerprint.
    Mismatch,
    /// Done before, by one who may do more than the caller.
    Above,
    /// The first request is still at work.
    InFlight,
}

/// Why the store could not say.
pub type StoreFault = Box<dyn std::error::Error + Send + Sync>;

/// Keeps keys for 24 hours or longer. Blocking, like all storage. An in-flight mark must run out by
/// itself (a minute or so, and with the program that made it), or a crash would block its key for ever.
pub trait IdempotencyStore: Send + Sync {
    fn begin(&self, workspace: WorkspaceId, key: ScopedKey, fingerprint: Fingerprint) -> Result<Begin, StoreFault>;
    fn finish(&self, workspace: WorkspaceId, key: ScopedKey, answer: &ApiAnswer) -> Result<(), StoreFault>;
    /// Nothing was done: forgets the mark.
    fn abandon(&self, workspace: WorkspaceId, key: ScopedKey) -> Result<(), StoreFault>;
}

/// Carries out `work` once for each key. To be called where blocking is allowed (`respond::run`).
pub fn idempotent(
    store: &dyn IdempotencyStore,
    workspace: WorkspaceId,
    key: &IdempotencyKey,
    fingerprint: Fingerprint,
    work: impl FnOnce() -> Result<ApiAnswer, ApiError>,
) -> Result<ApiAnswer, ApiError> {
    idempotent_as(store, workspace, key, fingerprint, |_| work())
}

/// The same for what makes one thing: `work` is given the id to make it under. A try that was cut off by a crash after
/// its work and the next one have the same id, so the second finds what the first made. `None` without a key.
pub fn idempotent_as(
    store: &dyn IdempotencyStore,
    workspace: WorkspaceId,
    key: &IdempotencyKey,
    fingerprint: Fingerprint,
    work: impl FnOnce(Option<Uuid>) -> Result<ApiAnswer, ApiError>,
) -> Result<ApiAnswer, ApiError> {
    let IdempotencyKey(Some(key)) = *key else { return work(None) };
    let failed = |fault: StoreFault| ApiError::internal("could not look up the idempotency key", fault.as_ref());
    let since = match store.begin(workspace, key, fingerprint).map_err(failed)? {
        Begin::Fresh { since } => since,
        Begin::Replay(answer) => return Ok(ApiAnswer { is_replay: true, ..answer }),
        Begin::Mismatch => {
            let detail = "This Idempotency-Key was used for another request. Use a new key for each new request.";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", detail));
        }
        Begin::Above => {
            let detail = "This Idempotency-Key was used by an API key that may do more than this one. Use a new key.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "denied", detail));
        }
        Begin::InFlight => {
            return Err(ApiError::conflict(
                "The first request with this Idempotency-Key is still at work. Ask again shortly.",
            ))
        }
    };
    let result = work(Some(key.id_since(workspace, since)));
    let kept = match &result {
        Ok(answer) => store.finish(workspace, key, answer),
        Err(_) => store.abandon(workspace, key),
    };
    if let Err(fault) = kept {
        // The work itself is done or refused, and the caller must hear which; the mark runs out.
        tracing::error!(error = %fault, "could not keep the answer of an idempotent request");
    }
    result
}

/// What carrying a request out once needs. As it is extracted the address says it all; a body that says more is added
/// by [`Once::of`].
pub struct Once {
    store: Data<Arc<dyn IdempotencyStore>>,
    workspace: WorkspaceId,
    key: IdempotencyKey,
    fingerprint: Fingerprint,
}

impl Once {
    /// For a request with a body: two are the same when their bodies are too.
    pub fn of<T>(self, body: &ApiJson<T>) -> Self {
        Self { fingerprint: body.fingerprint, ..self }
    }

    /// See [`idempotent`].
    pub fn carry_out(&self, work: impl FnOnce() -> Result<ApiAnswer, ApiError>) -> Result<ApiAnswer, ApiError> {
        idempotent(&***self.store, self.workspace, &self.key, self.fingerprint, work)
    }

    /// See [`idempotent_as`].
    pub fn carry_out_as(
        &self,
        work: impl FnOnce(Option<Uuid>) -> Result<ApiAnswer, ApiError>,
    ) -> Result<ApiAnswer, ApiError> {
        idempotent_as(&***self.store, self.workspace, &self.key, self.fingerprint, work)
    }

    /// The same for work that blocks, where the handler waits.
    pub async fn run(
        self,
        work: impl FnOnce() -> Result<ApiAnswer, ApiError> + Send + 'static,
    ) -> Result<ApiAnswer, ApiError> {
        run(move || self.carry_out(work)).await?
    }

    fn read(request: &HttpRequest, key: IdempotencyKey) -> Result<Self, ApiError> {
        let workspace = request.extensions().get::<Actor>().map(|actor| actor.workspace);
        let workspace = workspace.ok_or_else(ApiError::unauthorized)?;
        let lost = || PageError::internal("the server keeps no answers", &std::io::Error::other("not registered"));
        let store = request.app_data::<Data<Arc<dyn IdempotencyStore>>>().cloned().ok_or_else(lost)?;
        Ok(Self { store, workspace, key, fingerprint: Fingerprint::of(request, b"") })
    }
}

impl FromRequest for Once {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = IdempotencyKey::from_request(request, payload).into_inner();
        ready(key.and_then(|key| Self::read(request, key)))
    }
}

#[cfg(test)]
#[path = "idempotency_tests.rs"]
mod tests;
