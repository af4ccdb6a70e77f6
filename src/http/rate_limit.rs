//! Limits on how often: per address, per account, per key. Counted in memory, by the product's clock.

use std::marker::PhantomData;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::respond::{whole_seconds, PageError};
use super::site::{is_under, ClientIp, Site, API_PREFIX};
use super::ApiError;
use crate::authz::Actor;
use crate::base::{ApiKeyId, Clock, ConnectionId, MessageId, UnixMillis, UserId, WorkspaceId};

/// At most `burst` at once, refilled evenly over `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub burst: NonZeroU32,
    pub per: Duration,
}

impl Allowed {
    /// `burst` of zero counts as one, a `per` of zero as one second.
    pub fn new(burst: u32, per: Duration) -> Self {
        let per = if per.is_zero() { Duration::from_secs(1) } else { per };
        Self { burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN), per }
    }

    fn quota(self) -> Quota {
        let one_each = self.per / self.burst.get();
        Quota::with_period(one_each)
            .map_or_else(|| Quota::per_second(self.burst), |quota| quota.allow_burst(self.burst))
    }
}

/// What may be counted by: 128 bits tell one from another of its kind.
pub trait Counted {
    fn bits(&self) -> u128;
}

impl Counted for IpAddr {
    fn bits(&self) -> u128 {
        match self {
            Self::V4(address) => address.to_ipv6_mapped().to_bits(),
            Self::V6(address) => address.to_bits(),
        }
    }
}

macro_rules! counted_by_id {
    ($($id:ty),+) => {
        $(impl Counted for $id {
            fn bits(&self) -> u128 {
                u128::from_be_bytes(*self.as_bytes())
            }
        })+
    };
}

counted_by_id!(ApiKeyId, ConnectionId, MessageId, UserId, WorkspaceId);

/// Counts by one kind of key.
pub struct Limiter<K> {
    allowed: Allowed,
    clock: LimiterClock,
    inner: RateLimiter<u128, DashMapStateStore<u128>, LimiterClock, StateInformationMiddleware>,
    kind: PhantomData<fn(&K)>,
}

/// One more was allowed, and this is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub limit: u32,
    pub remaining: u32,
    pub window: Duration,
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests")]
pub struct TooMany {
    pub retry_after: Duration,
}

impl<K: Counted> Limiter<K> {
    pub fn new(clock: Clock, allowed: Allowed) -> Self {
        let clock = LimiterClock::new(clock);
        let inner = RateLimiter::new(allowed.quota(), DashMapStateStore::default(), clock.clone());
        Self { allowed, clock, inner, kind: PhantomData }
    }

    /// Takes one from what `key` has left.
    pub fn check(&self, key: &K) -> Result<Allowance, TooMany> {
        let Allowed { burst, per } = self.allowed;
        match self.inner.check_key(&key.bits()) {
            Ok(state) => Ok(Allowance { limit: burst.get(), remaining: state.remaining_burst_capacity(), window: per }),
            Err(not_until) => Err(TooMany { retry_after: not_until.wait_time_from(self.clock.now()) }),
        }
    }

    /// Forgets keys whose allowance is full again. Called by a timer, else memory would grow with
    /// every address that ever came by.
    pub fn sweep(&self) {
        self.inner.retain_recent();
        self.inner.shrink_to_fit();
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }
}

/// Notices a minute of one connected account, all its calendars together. More tell nothing more.
const NOTICES: u32 = 600;

/// Notices a minute from one network, whoever's they are: a provider tells of all calendars from a few addresses.
const NOTICES_OF_NETWORK: u32 = 6_000;

/// The limits of one server (documented for operators: ASVS 5.0, 6.1.1).
pub struct RateLimits {
    /// Requests without a session or key, by network (an IPv4 address, an IPv6 /64).
    pub by_address: Limiter<IpAddr>,
    /// Requests of one signed-in person.
    pub by_account: Limiter<UserId>,
    /// Requests of one API key.
    pub by_key: Limiter<ApiKeyId>,
    /// Notices of one connected account's provider that its calendars have changed.
    pub by_connection: Limiter<ConnectionId>,
    /// Whatever comes to where providers tell, by network.
    pub notices_by_address: Limiter<IpAddr>,
    /// Failed sign-ins, resets and codes, by network.
    pub sign_in_by_address: Limiter<IpAddr>,
}

impl RateLimits {
    /// `api` and `pages`: requests a minute of one key, and of one person or network.
    pub fn new(clock: &Clock, api: u32, pages: u32) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            by_address: Limiter::new(clock.clone(), Allowed::new(pages, minute)),
            by_account: Limiter::new(clock.clone(), Allowed::new(pages, minute)),
            by_key: Limiter::new(clock.clone(), Allowed::new(api, minute)),
            by_connection: Limiter::new(clock.clone(), Allowed::new(NOTICES, minute)),
            notices_by_address: Limiter::new(clock.clone(), Allowed::new(NOTICES_OF_NETWORK, minute)),
            sign_in_by_address: Limiter::new(clock.clone(), Allowed::new(50, 60 * minute)),
        }
    }

    /// Charges one request to whoever makes it: the key, the person, or the network of a stranger.
    pub fn charge(&self, actor: Option<&Actor>, client: ClientIp) -> Result<Allowance, TooMany> {
        match actor {
            Some(Actor { api_key: Some(key), .. }) => self.by_key.check(key),
            Some(Actor { user: Some(user), .. }) => self.by_account.check(user),
            _ => self.stranger(client),
        }
    }

    /// One request of somebody who could not prove who they are.
    pub fn stranger(&self, client: ClientIp) -> Result<Allowance, TooMany> {
        self.by_address.check(&client.network())
    }

    /// One call where providers tell of changes, before anything of it is read.
    pub fn notice(&self, client: ClientIp) -> Result<Allowance, TooMany> {
        self.notices_by_address.check(&client.network())
    }

    /// One attempt to prove who one is, from `client`.
    pub fn sign_in(&self, client: ClientIp) -> Result<Allowance, TooMany> {
        self.sign_in_by_address.check(&client.network())
    }

    pub fn sweep(&self) {
        self.by_address.sweep();
        self.by_account.sweep();
        self.by_key.sweep();
        self.by_connection.sweep();
        self.notices_by_address.sweep();
        self.sign_in_by_address.sweep();
    }
}

impl Allowance {
    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
    pub fn write(&self, headers: &mut HeaderMap) {
        let seconds = whole_seconds(self.window);
        let missing = u64::from(self.limit.saturating_sub(self.remaining));
        let reset = (missing * seconds).div_ceil(u64::from(self.limit.max(1)));
        let pairs = [
            ("ratelimit-policy", format!("\"default\";q={};w={seconds}", self.limit)),
            ("ratelimit", format!("\"default\";r={};t={reset}", self.remaining)),
        ];
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Middleware, to be wrapped inside the one that finds out who asks: refuses whoever asks too often,
/// and tells programs what they have left.
pub async fn guard<B: MessageBody + 'static>(
    limits: Data<RateLimits>,
    site: Data<Site>,
    client: ClientIp,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if site.is_uncounted(request.method(), request.path()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let actor = request.extensions().get::<Actor>().cloned();
    match limits.charge(actor.as_ref(), client) {
        Err(too_many) => {
            let answer = PageError::from(too_many).answer_for(request.path());
            Ok(request.into_response(answer).map_into_right_body())
        }
        Ok(allowance) => {
            let is_program = is_under(request.path(), API_PREFIX);
            let mut response = next.call(request).await?.map_into_left_body();
            if is_program {
                allowance.write(response.headers_mut());
            }
            Ok(response)
        }
    }
}

impl From<TooMany> for PageError {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany { retry_after: too_many.retry_after }
    }
}

impl From<TooMany> for ApiError {
    fn from(too_many: TooMany) -> Self {
        Self::too_many(too_many.retry_after)
    }
}

/// The product's clock as governor wants it: it never goes back. A wall clock that is set back by an hour would else
/// refuse for an hour whoever asked a moment ago.
#[derive(Clone, Debug)]
pub struct LimiterClock {
    clock: Clock,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Debug, Default)]
struct Shown {
    last: u64,
    /// By how much the clock was set back so far.
    lag: u64,
}

impl LimiterClock {
    fn new(clock: Clock) -> Self {
        Self { clock, shown: Arc::default() }
    }
}

/// An instant of the product's clock; governor counts in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimiterInstant(u64);

impl GovernorClock for LimiterClock {
    type Instant = LimiterInstant;

    fn now(&self) -> LimiterInstant {
        let since_1970 = self.clock.now().since(UnixMillis(0));
        let wall = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.lag = shown.lag.max(shown.last.saturating_sub(wall));
        shown.last = wall.saturating_add(shown.lag);
        LimiterInstant(shown.last)
    }
}

impl Add<Nanos> for LimiterInstant {
    type Output = Self;
    fn add(self, length: Nanos) -> Self {
        Self(self.0.saturating_add(length.as_u64()))
    }
}

impl Reference for LimiterInstant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }
    fn saturating_sub(&self, length: Nanos) -> Self {
        Self(self.0.checked_sub(length.as_u64()).unwrap_or(self.0))
    }
}

#[cfg(test)]
#[path = "rate_limit_tests.rs"]
mod tests;
