use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::signature::{RsaPublicKeyComponents, RSA_PKCS1_2048_8192_SHA256};
use serde_json::{json, Value};

use super::client::{code_in, Client, CALLBACK, OWNER, SCOPE};

#[test]
fn a_code_works_once_and_only_for_what_it_was_made_for() {
    let client = Client::start();
    type Changes = &'static [(&'static str, &'static str)];
    let cases: [(&str, Changes, u16, &str); 6] = [
        ("right", &[], 200, ""),
        (
            "wrong verifier",
            &[("code_verifier", "another-verifier-of-more-than-forty-three-characters")],
            400,
            "invalid_grant",
        ),
        ("other redirect", &[("redirect_uri", "http://127.0.0.1:9/other")], 400, "redirect_uri_mismatch"),
        ("wrong secret", &[("client_secret", "guess")], 401, "invalid_client"),
        ("unknown client", &[("client_id", "nobody")], 401, "invalid_client"),
        ("unknown grant type", &[("grant_type", "password")], 400, "unsupported_grant_type"),
    ];
    for (name, changes, status, error) in cases {
        let back = client.consent("google", &Client::asking("openid email"), &[]);
        assert!(back.contains(&("state".into(), "st 1".into())), "{name}: state comes back");
        let reply = client.redeem("google", code_in(&back), changes);
        assert_eq!((reply.status, reply.json["error"].as_str().unwrap_or_default()), (status, error), "{name}");
        if status == 200 {
            let again = client.redeem("google", code_in(&back), &[]);
            assert_eq!((again.status, &again.json["error"]), (400, &json!("invalid_grant")), "{name}, again");
        }
    }
    let back = client.consent("google", &Client::asking("openid email"), &[]);
    client.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(client.redeem("google", code_in(&back), &[]).status, 400, "a code lives ten minutes");
}

#[test]
fn a_request_that_names_no_trusted_client_never_redirects() {
    let client = Client::start();
    let cases = [
        ("redirect_uri", "https://evil.example/callback", "redirect_uri_mismatch"),
        ("redirect_uri", "http://127.0.0.1:9/connections/google/elsewhere", "redirect_uri_mismatch"),
        ("redirect_uri", "http://127.0.0.1:10/connections/google/callback", "redirect_uri_mismatch"),
        ("redirect_uri", "http://localhost:9/connections/google/callback", "redirect_uri_mismatch"),
        ("redirect_uri", "http://127.0.0.1:9/connections/google/callback/", "redirect_uri_mismatch"),
        ("redirect_uri", "http://127.0.0.1:9/connections/google/callback?x=1", "redirect_uri_mismatch"),
        ("redirect_uri", "", "invalid_request"),
        ("client_id", "nobody", "invalid_client"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("response_type", "token", "invalid_request"),
    ];
    let unknown = format!("openid {SCOPE}gmail.sent");
    let cases = cases.into_iter().chain([("scope", unknown.as_str(), "invalid_scope")]);
    for (field, value, error) in cases {
        let mut asked = Client::asking("openid");
        asked.retain(|(name, _)| name != field);
        asked.push((field.to_owned(), value.to_owned()));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
        let reply = client.get(&format!("/google/o/oauth2/v2/auth?{query}"), "");
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{field}={value}");
        assert!(reply.text.contains(error), "{field}={value}");
    }
}

#[test]
fn a_redirect_uri_is_registered_before_it_is_used_and_stays_so_when_the_world_starts_over() {
    let client = Client::start();
    let other = "http://127.0.0.1:9/signin/google/return";
    let asked: Vec<(String, String)> = Client::asking("openid")
        .into_iter()
        .map(|(name, value)| if name == "redirect_uri" { (name, other.to_owned()) } else { (name, value) })
        .collect();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
    let page = || client.get(&format!("/google/o/oauth2/v2/auth?{query}"), "").status;
    assert_eq!(page(), 400);
    for wrong in ["https://crm.example/back", "http://127.0.0.1:9/back#part", "back", "file:///etc/passwd"] {
        assert_eq!(client.control("redirects", &json!({"uri": wrong})).status, 400, "{wrong}");
    }
    assert_eq!(client.control("redirects", &json!({"uri": other})).status, 200);
    assert_eq!(page(), 200);
    client.control("reset", &json!({"all": true}));
    assert_eq!(page(), 200);
}

#[test]
fn the_consent_page_needs_no_script_and_says_what_each_scope_allows() {
    let client = Client::start();
    let asked = Client::asking(&format!("openid email {SCOPE}gmail.send"));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
    let page = client.get(&format!("/google/o/oauth2/v2/auth?{query}&login_hint=TEAM@larkfield.example"), "");
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Send e-mail in your name"));
    assert!(page.text.contains("value=\"team@larkfield.example\" checked"));
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' http://127.0.0.1:9;"),
        "{policy}"
    );
    assert_eq!(client.get("/google/style.css", "").header("content-type"), "text/css; charset=utf-8");
}

#[test]
fn a_person_may_refuse_all_or_untick_one() {
    let client = Client::start();
    let send = format!("{SCOPE}gmail.send");
    let asked = Client::asking(&format!("openid {send} {SCOPE}gmail.readonly"));
    let back = client.consent("google", &asked, &[&send]);
    let token = client.redeem("google", code_in(&back), &[]).json;
    assert_eq!(token["scope"], format!("{send} openid"));

    let mut refused: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (&**name, &**value)).collect();
    refused.extend([("account", OWNER), ("decision", "deny")]);
    let reply = client.post_form("/google/o/oauth2/v2/auth", &refused);
    assert_eq!(reply.header("location"), format!("{CALLBACK}?state=st+1&error=access_denied"));
}

#[test]
fn a_refresh_token_comes_with_offline_access_and_consent_only() {
    let client = Client::start();
    let cases = [("offline", "consent", true), ("offline", "", false), ("online", "consent", false)];
    client.connect(&["gmail.send"]);
    for (access_type, prompt, expected) in cases {
        let mut asked = Client::asking("openid");
        for (name, value) in &mut asked {
            match name.as_str() {
                "access_type" => *value = access_type.to_owned(),
                "prompt" => *value = prompt.to_owned(),
                _ => {}
            }
        }
        let back = client.consent("google", &asked, &[]);
        let token = client.redeem("google", code_in(&back), &[]).json;
        assert_eq!(token["refresh_token"].is_string(), expected, "{access_type} {prompt}");
    }
}

#[test]
fn tokens_end_by_the_clock_and_revoking_either_ends_both() {
    let profile = "/google/gmail/v1/users/me/profile";
    for revoked in ["access_token", "refresh_token"] {
        let client = Client::start();
        let token = client.connect(&["gmail.readonly"]);
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        assert_eq!(client.get(profile, &text("access_token")).status, 200);
        client.clock.advance(std::time::Duration::from_secs(3_600));
        let expired = client.get(profile, &text("access_token"));
        assert_eq!((expired.status, expired.reason()), (401, "authError"));
        let fresh = client.refresh(&text("refresh_token"));
        assert_eq!(fresh.json.get("refresh_token"), None, "the old one goes on");
        let fresh = fresh.json["access_token"].as_str().unwrap().to_owned();
        assert_eq!(client.get(profile, &fresh).status, 200);

        let shown = if revoked == "access_token" { fresh.clone() } else { text(revoked) };
        assert_eq!(client.post_form("/google/revoke", &[("token", &shown)]).status, 200);
        assert_eq!(client.get(profile, &fresh).status, 401, "{revoked}");
        assert_eq!(client.refresh(&text("refresh_token")).json["error"], "invalid_grant", "{revoked}");
        assert_eq!(client.post_form("/google/revoke", &[("token", &shown)]).status, 400, "{revoked}, again");
    }
}

#[test]
fn a_consent_screen_in_testing_ends_refresh_tokens_after_a_week() {
    let client = Client::start();
    client.control("settings", &json!({"testing_mode": true}));
    let token = client.connect(&["gmail.send"]);
    let refresh = token["refresh_token"].as_str().unwrap();
    client.clock.advance(std::time::Duration::from_secs(6 * 86_400));
    assert_eq!(client.refresh(refresh).status, 200);
    client.clock.advance(std::time::Duration::from_secs(86_400));
    assert_eq!(client.refresh(refresh).json["error"], "invalid_grant");
}

#[test]
fn an_id_token_is_signed_by_the_published_key_and_names_the_person() {
    for provider in ["google", "oidc"] {
        let client = Client::start();
        let discovery = client.get(&format!("/{provider}/.well-known/openid-configuration"), "").json;
        assert_eq!(discovery["issuer"], format!("{}/{provider}", client.sandbox.url));
        let back = client.consent(provider, &Client::asking("openid email profile"), &[]);
        let token = client.redeem(provider, code_in(&back), &[]).json;

        let keys = client.get(&format!("/{provider}/certs"), "").json;
        let part = |name: &str| URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap();
        let key = RsaPublicKeyComponents { n: part("n"), e: part("e") };
        let (signed, signature) = token["id_token"].as_str().unwrap().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).unwrap();
        let claims = signed.split_once('.').unwrap().1;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["iss"], discovery["issuer"], "{provider}");
        assert_eq!(
            (&claims["email"], &claims["nonce"], &claims["aud"]),
            (&json!(OWNER), &json!("n1"), &json!("sandbox-client"))
        );

        let who = client.get(&format!("/{provider}/v1/userinfo"), token["access_token"].as_str().unwrap());
        assert_eq!((&who.json["sub"], &who.json["name"]), (&claims["sub"], &json!("Robin Larkfield")), "{provider}");
        assert_eq!(client.get(&format!("/{provider}/v1/userinfo"), "guess").status, 401, "{provider}");
    }
}

#[test]
fn a_demo_can_have_the_owner_allow_everything() {
    let client = Client::start();
    let asked = Client::asking(&format!("openid {SCOPE}gmail.send"));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&asked).finish();
    let back = client.sandbox.allow_all(&format!("{}/google/o/oauth2/v2/auth?{query}", client.sandbox.url)).unwrap();
    let back: Vec<(String, String)> = url::Url::parse(&back).unwrap().query_pairs().into_owned().collect();
    let token = client.redeem("google", code_in(&back), &[]).json;
    assert_eq!(token["scope"], format!("{SCOPE}gmail.send openid"));
    assert_eq!(client.sandbox.allow_all("http://127.0.0.1:1/google/o/oauth2/v2/auth?client_id=nobody"), None);
}
