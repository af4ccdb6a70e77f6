use super::*;
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, NOW};

const SESSION: &str = r#"{"id":"cs_test_a1","object":"checkout.session","status":"open","payment_status":"unpaid",
    "url":"https://checkout.stripe.com/c/pay/cs_test_a1","payment_intent":null,"expires_at":1795514400,"livemode":false,
    "amount_total":4900,"currency":"eur","client_reference_id":"p1","a_field_of_tomorrow":{"x":1}}"#;

fn ask<T>(
    reply: impl Fn() -> Reply + Send + 'static,
    work: impl Fn(&Stripe<'_>) -> Result<T, ProviderError>,
) -> (Result<T, ProviderError>, crate::providers::testing::Seen) {
    let server = FakeHttp::start(move |_| reply());
    let (out, base, key) = (outbound(), Url::parse(&server.base).unwrap(), Secret::new("sk_test_1"));
    let outcome = work(&Stripe { outbound: &out, base: &base, key: &key, log: &NoLog });
    (outcome, server.last())
}

fn new_session() -> NewSession {
    NewSession {
        currency: "EUR".into(),
        amount: 4_900,
        name: "First lesson".into(),
        email: Some("ada@x.example".into()),
        success_url: "https://desk.example/pay/t/back".into(),
        cancel_url: "https://desk.example/pay/t".into(),
        expires_at: NOW.plus(Duration::from_secs(3600)),
        reference: "p1".into(),
        locale: "de".into(),
    }
}

#[test]
fn a_session_is_asked_for_as_a_form_with_version_and_key() {
    let (session, seen) = ask(|| Reply::json(200, SESSION), |stripe| stripe.create_session(&new_session(), "p1-1"));
    let session = session.unwrap();
    assert_eq!((session.status, session.payment_status, session.amount), (Status::Open, PaymentStatus::Unpaid, 4_900));
    assert_eq!(session.mode, Mode::Test);
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/checkout/sessions"));
    assert_eq!(seen.header("stripe-version"), Some(VERSION));
    assert_eq!(seen.header("idempotency-key"), Some("p1-1"));
    assert_eq!(seen.header("authorization"), Some("Bearer sk_test_1"));
    let form = seen.form();
    let value = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    for (name, expected) in [
        ("mode", "payment"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "4900"),
        ("payment_intent_data[metadata][payment]", "p1"),
        ("expires_at", "1795514400"),
        ("customer_email", "ada@x.example"),
    ] {
        assert_eq!(value(name), Some(expected), "{name}");
    }
    assert_eq!(value("ui_mode"), None);
}

#[test]
fn an_error_of_stripes_says_what_to_do_next() {
    let cases = [
        (401, r#"{"error":{"type":"invalid_request_error"}}"#, "reconnect"),
        (403, r#"{"error":{"message":"The key lacks rak_checkout_session_write"}}"#, "scope"),
        (429, r#"{"error":{"code":"rate_limit"}}"#, "retry"),
        (400, r#"{"error":{"code":"lock_timeout"}}"#, "retry"),
        (409, r#"{"error":{"type":"idempotency_error","code":"idempotency_key_in_use"}}"#, "retry"),
        (400, r#"{"error":{"code":"charge_already_refunded"}}"#, "conflict"),
        (400, r#"{"error":{"message":"Amount too small"}}"#, "rejected"),
        (402, r#"{"error":{"type":"card_error"}}"#, "rejected"),
        (404, r#"{"error":{"code":"resource_missing"}}"#, "not found"),
        (500, r#"{"error":{"type":"api_error"}}"#, "unknown"),
        (200, "<html>", "retry"),
        (200, r#"{"id":"cs_1","status":"folded"}"#, "retry"),
    ];
    for (status, body, expected) in cases {
        let (outcome, _) = ask(move || Reply::json(status, body), |stripe| stripe.session("cs_1"));
        let heard = match outcome.unwrap_err() {
            ProviderError::Reconnect { .. } => "reconnect",
            ProviderError::MissingScope { .. } => "scope",
            ProviderError::Retry { .. } => "retry",
            ProviderError::Conflict => "conflict",
            ProviderError::Rejected { .. } => "rejected",
            ProviderError::NotFound => "not found",
            ProviderError::Unknown { .. } => "unknown",
            other => panic!("{other:?}"),
        };
        assert_eq!(heard, expected, "{status} {body}");
    }
    // Nothing but an id gets into a path.
    let (outcome, _) = ask(
        || Reply::json(200, SESSION),
        |stripe| {
            assert_eq!(stripe.session("../customers"), Err(ProviderError::NotFound));
            stripe.session("cs_1")
        },
    );
    assert!(outcome.is_ok());
}

#[test]
fn a_refund_says_how_far_it_is() {
    for (status, expected) in [
        ("succeeded", RefundStatus::Succeeded),
        ("pending", RefundStatus::Pending),
        ("requires_action", RefundStatus::Pending),
        ("failed", RefundStatus::Failed),
        ("canceled", RefundStatus::Failed),
    ] {
        let body = format!(r#"{{"id":"re_1","status":"{status}","amount":100,"payment_intent":"pi_1"}}"#);
        let new = NewRefund { payment_intent: "pi_1".into(), amount: Some(100), reference: "p1".into() };
        let (refund, seen) = ask(move || Reply::json(200, &body), move |stripe| stripe.refund(&new, "p1-r1"));
        assert_eq!(refund.unwrap().status, expected, "{status}");
        assert!(seen.body.contains("amount=100") && seen.body.contains("payment_intent=pi_1"), "{}", seen.body);
    }
}

#[test]
fn test_and_live_keys_are_told_apart_and_public_ones_refused() {
    for (key, expected) in [
        ("sk_test_abc", Some(Mode::Test)),
        ("rk_live_abc", Some(Mode::Live)),
        ("pk_live_abc", None),
        ("sk_test_", None),
        ("whsec_abc", None),
        ("", None),
    ] {
        assert_eq!(Mode::of_key(key), expected, "{key}");
    }
}

/// The header and body that Stripe's own client library is tested with: signature of `1533204620.<body>` by "secret".
#[test]
fn a_signature_holds_for_its_body_and_five_minutes() {
    let (secret, body) = (
        "whsec_test_secret",
        concat!(
            "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\",\n",
            "  \"data\": { \"object\": { \"id\": \"rdr_123\", \"object\": \"terminal.reader\" } }\n}",
        ),
    );
    let good = "v1=3bfab77baf5f7b6991a46c9b53b6547d7afc56148b10468fcad9f35c1992ffbd";
    let at = |second: i64| UnixMillis::from_seconds(1_700_000_000 + second);
    let cases = [
        (format!("t=1700000000,{good}"), 0, Ok(())),
        (format!("t=1700000000,{good}"), 299, Ok(())),
        (format!("t=1700000000,{good}"), 301, Err(BadSignature::Time)),
        (format!("t=1700000000,{good}"), -301, Err(BadSignature::Time)),
        (format!("t=1700000000,v1=bad_signature,{good}"), 0, Ok(())),
        (format!("t=1700000001,{good}"), 1, Err(BadSignature::Mismatch)),
        ("t=1700000000,v1=bad_signature".to_owned(), 0, Err(BadSignature::Mismatch)),
        (format!("t=1700000000,{}", good.replace("v1", "v0")), 0, Err(BadSignature::Header)),
        ("not a signature".to_owned(), 0, Err(BadSignature::Header)),
        (String::new(), 0, Err(BadSignature::Header)),
    ];
    for (header, second, expected) in cases {
        assert_eq!(verify(secret, &header, body.as_bytes(), at(second)), expected, "{header} {second}");
    }
    let spaced = body.replace('\n', "");
    let header = format!("t=1700000000,{good}");
    assert_eq!(verify(secret, &header, spaced.as_bytes(), at(0)), Err(BadSignature::Mismatch));
}
