use super::*;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::test::{call_service, init_service, TestRequest};
use actix_web::{web, App};

use crate::http::Uncounted;

impl Counted for &'static str {
    fn bits(&self) -> u128 {
        self.bytes().fold(0, |bits, byte| (bits << 8) | u128::from(byte))
    }
}

fn limiter(clock: &Clock) -> Limiter<&'static str> {
    Limiter::new(clock.clone(), Allowed::new(3, Duration::from_secs(60)))
}

#[test]
fn whoever_asks_too_often_waits_and_is_let_in_again() {
    let clock = Clock::stopped_at(UnixMillis(1_800_000_000_000));
    let limiter = limiter(&clock);
    let left: Vec<u32> = (0..3).map(|_| limiter.check(&"ada").unwrap().remaining).collect();
    assert_eq!(left, [2, 1, 0]);
    assert_eq!(limiter.check(&"ada"), Err(TooMany { retry_after: Duration::from_secs(20) }));
    assert!(limiter.check(&"tom").is_ok(), "others are not held up");
    clock.advance(Duration::from_secs(19));
    assert_eq!(limiter.check(&"ada"), Err(TooMany { retry_after: Duration::from_secs(1) }));
    clock.advance(Duration::from_secs(1));
    assert!(limiter.check(&"ada").is_ok());
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let noon = UnixMillis(1_800_000_000_000);
    let clock = Clock::stopped_at(noon.plus(Duration::from_secs(3 * 3600)));
    let limiter = limiter(&clock);
    while limiter.check(&"ada").is_ok() {}
    clock.set(noon);
    assert_eq!(limiter.check(&"ada"), Err(TooMany { retry_after: Duration::from_secs(20) }));
    clock.advance(Duration::from_secs(20));
    assert!(limiter.check(&"ada").is_ok());
}

#[test]
fn addresses_long_gone_take_no_memory() {
    let clock = Clock::stopped_at(UnixMillis(1_800_000_000_000));
    let limiter = limiter(&clock);
    limiter.check(&"ada").unwrap();
    limiter.sweep();
    assert_eq!(limiter.len(), 1, "still counted");
    clock.advance(Duration::from_secs(3600));
    limiter.sweep();
    assert!(limiter.is_empty());
}

#[test]
fn headers_tell_programs_what_is_left() {
    let mut headers = HeaderMap::new();
    Allowance { limit: 100, remaining: 50, window: Duration::from_secs(60) }.write(&mut headers);
    assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"default\";q=100;w=60");
    assert_eq!(headers.get("ratelimit").unwrap(), "\"default\";r=50;t=30");
}

#[test]
fn strangers_share_an_address_and_signed_in_people_do_not() {
    let now = UnixMillis(1_800_000_000_000);
    let limits = RateLimits::new(&Clock::stopped_at(now), 600, 300);
    let office = ClientIp("198.51.100.7".parse().unwrap());
    while limits.charge(None, office).is_ok() {}
    let person = || Actor { user: Some(UserId::new(now)), ..Actor::system(crate::base::INSTANCE) };
    let key = Actor { api_key: Some(ApiKeyId::new(now)), ..Actor::system(crate::base::INSTANCE) };
    assert!(limits.charge(Some(&person()), office).is_ok());
    assert!(limits.charge(Some(&key), office).is_ok());
    assert!(limits.charge(None, office).is_err());
}

#[test]
fn sign_ins_are_counted_by_network() {
    let limits = RateLimits::new(&Clock::stopped_at(UnixMillis(1_800_000_000_000)), 600, 300);
    let from = |last: u32| ClientIp(format!("2001:db8::{last:x}").parse().unwrap());
    let allowed = (0..60).filter(|last| limits.sign_in(from(*last)).is_ok()).count();
    assert_eq!(allowed, 50);
}

/// Asks an app behind the guard, as `actor`.
async fn ask(limits: &Data<RateLimits>, actor: Option<Actor>, path: &str) -> (u16, HeaderMap) {
    ask_with(limits, actor, Method::GET, path).await
}

async fn ask_with(limits: &Data<RateLimits>, actor: Option<Actor>, method: Method, path: &str) -> (u16, HeaderMap) {
    let mut site = Site::new(url::Url::parse("https://reach.example").unwrap());
    site.uncounted = vec![Uncounted { method: "POST", path: "/u/{}" }];
    let app = App::new().app_data(limits.clone()).app_data(Data::new(site));
    let app = app.default_service(web::to(|| async { "here" })).wrap(from_fn(guard));
    let request = TestRequest::with_uri(path).method(method).to_request();
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor);
    }
    let response = call_service(&init_service(app).await, request).await;
    (response.status().as_u16(), response.headers().clone())
}

#[actix_web::test]
async fn a_program_that_asks_too_often_is_told_how_long_to_wait() {
    let now = UnixMillis(1_800_000_000_000);
    let clock = Clock::stopped_at(now);
    let by_key = Limiter::new(clock.clone(), Allowed::new(3, Duration::from_secs(60)));
    let limits = Data::new(RateLimits { by_key, ..RateLimits::new(&clock, 600, 300) });
    let key = Actor { api_key: Some(ApiKeyId::new(now)), ..Actor::system(crate::base::INSTANCE) };

    let (status, headers) = ask(&limits, Some(key.clone()), "/v1/contacts").await;
    assert_eq!((status, headers.get("ratelimit").unwrap().to_str().unwrap()), (200, "\"default\";r=2;t=20"));
    ask(&limits, Some(key.clone()), "/v1/contacts").await;
    ask(&limits, Some(key.clone()), "/v1/contacts").await;
    let (status, headers) = ask(&limits, Some(key.clone()), "/v1/contacts").await;
    assert_eq!((status, headers.get("retry-after").unwrap().to_str().unwrap()), (429, "20"));
    assert_eq!(headers.get("content-type").unwrap(), "application/problem+json");
    assert_eq!(ask(&limits, None, "/").await.0, 200, "others are not held up");

    clock.advance(Duration::from_secs(20));
    assert_eq!(ask(&limits, Some(key), "/v1/contacts").await.0, 200);
}

#[actix_web::test]
async fn a_wish_not_to_be_written_to_is_never_refused_for_coming_too_often() {
    let clock = Clock::stopped_at(UnixMillis(1_800_000_000_000));
    let limits = Data::new(RateLimits::new(&clock, 600, 1));
    assert_eq!(ask(&limits, None, "/signin").await.0, 200);
    assert_eq!(ask(&limits, None, "/signin").await.0, 429);
    for _ in 0..100 {
        let pressed = ask_with(&limits, None, Method::POST, "/u/token").await.0;
        assert_eq!(pressed, 200, "a mail provider presses for all its people");
    }
    for (method, path) in [(Method::GET, "/u/token"), (Method::POST, "/u/token/more"), (Method::POST, "/u")] {
        assert_eq!(ask_with(&limits, None, method.clone(), path).await.0, 429, "{method} {path}: no wish stands there");
    }
}
