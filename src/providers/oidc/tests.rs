//! Which sign-ins are believed.

use super::*;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen, NOW};
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::json;
use std::collections::HashMap;

/// Made for these tests; signs nothing else.
const KEY: &[u8] = include_bytes!("../testdata/oidc-test-key.der");

fn key() -> KeyPair {
    KeyPair::from_der(KEY).unwrap()
}

fn key_set() -> Value {
    let public: ring::rsa::PublicKeyComponents<Vec<u8>> = key().public().into();
    let (n, e) = (BASE64URL_NOPAD.encode(&public.n), BASE64URL_NOPAD.encode(&public.e));
    json!({ "keys": [{ "kty": "EC", "kid": "k0" }, { "kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": n, "e": e }] })
}

fn sign(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key().public().modulus_len()];
    key().sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn issuer_at(base: &str) -> Issuer {
    let url = |path: &str| Url::parse(&format!("{base}{path}")).unwrap();
    let discovery = Discovery {
        issuer: "https://id.example".into(),
        authorization_endpoint: url("/auth"),
        token_endpoint: url("/token"),
        jwks_uri: url("/keys"),
        userinfo_endpoint: Some(url("/userinfo")),
        token_endpoint_auth_methods_supported: vec!["client_secret_post".into()],
    };
    Issuer::new(discovery, "us", Secret::new("s"))
}

fn claims() -> Value {
    let now = NOW.as_seconds();
    json!({ "iss": "https://id.example", "sub": "42", "aud": "us", "exp": now + 600, "iat": now, "nonce": "n1",
        "email": "ada@example.org", "email_verified": true })
}

#[test]
fn only_a_token_that_proves_everything_is_believed() {
    let header = json!({ "alg": "RS256", "kid": "k1" });
    let with = |name: &str, value: Value| {
        let mut changed = claims();
        changed[name] = value;
        changed
    };
    let now = NOW.as_seconds();
    let cases = [
        ("good", header.clone(), claims(), None),
        ("no kid, one RSA key", json!({ "alg": "RS256" }), claims(), None),
        ("audience list", header.clone(), with("aud", json!(["us"])), None),
        ("unsigned", json!({ "alg": "none" }), claims(), Some(BadIdToken::Algorithm)),
        ("symmetric", json!({ "alg": "HS256", "kid": "k1" }), claims(), Some(BadIdToken::Algorithm)),
        ("unknown key", json!({ "alg": "RS256", "kid": "k9" }), claims(), Some(BadIdToken::UnknownKey)),
        ("key of another kind", json!({ "alg": "RS256", "kid": "k0" }), claims(), Some(BadIdToken::UnknownKey)),
        ("issuer", header.clone(), with("iss", json!("https://evil.example")), Some(BadIdToken::Issuer)),
        ("audience", header.clone(), with("aud", json!("them")), Some(BadIdToken::Audience)),
        ("shared, not for us", header.clone(), with("aud", json!(["us", "them"])), Some(BadIdToken::Audience)),
        ("expired", header.clone(), with("exp", json!(now - 61)), Some(BadIdToken::Time)),
        ("from the future", header.clone(), with("iat", json!(now + 61)), Some(BadIdToken::Time)),
        ("another sign-in", header.clone(), with("nonce", json!("n2")), Some(BadIdToken::Nonce)),
        ("no nonce", header, with("nonce", Value::Null), Some(BadIdToken::Nonce)),
    ];
    let keys: KeySet = serde_json::from_value(key_set()).unwrap();
    let issuer = issuer_at("http://127.0.0.1:9");
    for (name, header, claims, expected) in cases {
        let result = issuer.verify(&keys, &sign(&header, &claims), "n1", NOW);
        assert_eq!(result.map(|claims| claims.sub).err(), expected, "{name}");
    }
}

#[test]
fn a_token_changed_after_signing_is_refused() {
    let keys: KeySet = serde_json::from_value(key_set()).unwrap();
    let issuer = issuer_at("http://127.0.0.1:9");
    let token = sign(&json!({ "alg": "RS256", "kid": "k1" }), &claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let mut other = claims();
    other["sub"] = "1".into();
    let forged = format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(other.to_string().as_bytes()));
    assert_eq!(issuer.verify(&keys, &forged, "n1", NOW).map(|c| c.sub).err(), Some(BadIdToken::Signature));
    for garbage in ["", "a.b", "a.b.c", "....", "é.é.é"] {
        assert_eq!(
            issuer.verify(&keys, garbage, "n1", NOW).map(|c| c.sub).err(),
            Some(BadIdToken::Malformed),
            "{garbage}"
        );
    }
}

#[test]
fn a_whole_sign_in_gives_the_identity_and_asks_for_a_missing_address() {
    let mut bare = claims();
    bare.as_object_mut().unwrap().remove("email");
    let server = FakeHttp::start(move |seen: &Seen| match seen.path.as_str() {
        "/token" => {
            let id_token = sign(&json!({ "alg": "RS256", "kid": "k1" }), &bare);
            Reply::json(200, &json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token }).to_string())
        }
        "/keys" => Reply::json(200, &key_set().to_string()),
        _ => Reply::json(200, r#"{"sub":"42","email":"ada@example.org","email_verified":"true","name":"Ada"}"#),
    });
    let issuer = issuer_at(&server.base);
    let page = issuer.authorize("https://crm.example/back", None).unwrap();
    let query: HashMap<_, _> = page.url.query_pairs().into_owned().collect();
    assert_eq!(query["scope"], "openid email profile");
    assert_eq!(query["nonce"], page.nonce.expose());
    let (nonce, verifier) = (Secret::new("n1"), Secret::new("v".repeat(43)));
    let callback =
        Callback { code: "c", redirect_uri: "https://crm.example/back", pkce_verifier: &verifier, nonce: &nonce };
    let found = issuer.finish(&outbound(), callback).unwrap();
    let expected = Identity {
        issuer: "https://id.example".into(),
        subject: "42".into(),
        email: Some("ada@example.org".into()),
        email_verified: true,
        name: Some("Ada".into()),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_description_of_another_issuer_is_refused() {
    let document = |issuer: &str| {
        json!({ "issuer": issuer, "authorization_endpoint": "https://x.example/a", "token_endpoint": "https://x.example/t",
            "jwks_uri": "https://x.example/k" })
        .to_string()
    };
    let wrong = document("https://evil.example");
    let server = FakeHttp::start(move |_: &Seen| Reply::json(200, &wrong));
    let result = discover(&outbound(), &Url::parse(&server.base).unwrap());
    assert!(matches!(result, Err(ProviderError::Rejected { .. })), "{result:?}");
    assert_eq!(server.last().path, "/.well-known/openid-configuration");
}
