use std::time::Duration;

use serde_json::{json, Value};

use super::client::{code_in, Client, OWNER};

const ME: &str = "/microsoft/v1.0/me";
const ALL: [&str; 3] = ["User.Read", "Mail.Send", "Mail.Read"];

fn token(client: &Client, scopes: &[&str]) -> String {
    client.connect_microsoft(scopes)["access_token"].as_str().unwrap().to_owned()
}

fn mail(to: &str) -> Value {
    json!({"message": {
        "subject": "Your boiler",
        "body": {"contentType": "html", "content": "<p>Is it warm?</p>"},
        "toRecipients": [{"emailAddress": {"address": to}}],
        "internetMessageId": "<k1@larkfield.example>",
        "internetMessageHeaders": [{"name": "X-Own", "value": "7"}],
        "singleValueExtendedProperties": [
            {"id": "String {aaaa} Name Own", "value": "7"},
            {"id": "String 0x1045", "value": "<https://x.example/u>"},
        ],
    }})
}

fn send(client: &Client, token: &str, body: &Value) -> (u16, String) {
    let reply = client.post(&format!("{ME}/sendMail"), token, body);
    (reply.status, reply.json["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn scopes_bind_and_what_was_granted_is_said_without_its_other_tokens() {
    let client = Client::start();
    let answer = client.connect_microsoft(&ALL);
    assert_eq!(answer["scope"], "Mail.Read Mail.Send User.Read");
    assert!(answer["refresh_token"].is_string() && answer["id_token"].is_string());
    let cases = [
        (["User.Read"], "", 200),
        (["Mail.Read"], "", 403),
        (["Mail.Read"], "/mailFolders/inbox", 200),
        (["Mail.Send"], "/mailFolders/inbox", 403),
        (["Mail.Send"], "/mailFolders/inbox/messages/delta", 403),
    ];
    for (scopes, path, status) in cases {
        let reply = client.get(&format!("{ME}{path}"), &token(&client, &scopes));
        assert_eq!(reply.status, status, "{scopes:?} {path}: {}", reply.text);
    }
    assert_eq!(send(&client, &token(&client, &["Mail.Read"]), &mail("ada@mill.example")).0, 403);
    assert_eq!(client.get(ME, "guess").json["error"]["code"], "InvalidAuthenticationToken");
}

#[test]
fn a_code_works_once_with_its_verifier_and_each_refresh_gives_a_new_token() {
    let client = Client::start();
    let asked = Client::asking("openid offline_access Mail.Read");
    let code = |client: &Client| code_in(&client.consent("microsoft", &asked, &["Mail.Read"])).to_owned();
    let (first, second) = (code(&client), code(&client));
    let wrong = client.redeem("microsoft", &first, &[("code_verifier", &"x".repeat(43))]);
    assert_eq!((wrong.status, wrong.json["error"].as_str()), (400, Some("invalid_grant")));
    assert!(wrong.json["error_description"].as_str().unwrap().starts_with("AADSTS"));
    let tokens = client.redeem("microsoft", &second, &[]).json;
    assert_eq!(client.redeem("microsoft", &second, &[]).status, 400, "again");

    let old = tokens["refresh_token"].as_str().unwrap();
    let newer = client.refresh_at("microsoft", old).json["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(newer, old);
    client.control("settings", &json!({"rotate_refresh": true}));
    assert_eq!(client.refresh_at("microsoft", &newer).status, 200);
    assert_eq!(client.refresh_at("microsoft", &newer).status, 400, "it was replaced");
    client.control("revoke", &json!({"email": OWNER}));
    assert_eq!(client.refresh_at("microsoft", old).json["error"], "invalid_grant");
}

#[test]
fn a_mail_leaves_with_its_fields_and_is_found_by_its_mark() {
    let client = Client::start();
    let token = token(&client, &ALL);
    assert_eq!(send(&client, &token, &mail("ada@mill.example")).0, 202);
    let received = &client.mails_of("ada@mill.example")[0];
    let raw = received["raw"].as_str().unwrap();
    for part in
        ["Message-ID: <k1@larkfield.example>", "X-Own: 7", "List-Unsubscribe: <https://x.example/u>", "Is it warm?"]
    {
        assert!(raw.contains(part), "{part} in {raw}");
    }
    let find = |value: &str| {
        let filter = format!(
            "singleValueExtendedProperties/Any(ep: ep/id eq 'String {{aaaa}} Name Own' and ep/value eq '{value}')"
        );
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("$filter", &filter).finish();
        client.get(&format!("{ME}/messages?{query}"), &token).json["value"].as_array().unwrap().len()
    };
    assert_eq!((find("7"), find("8")), (1, 0));

    let mut bad = mail("ada@mill.example");
    bad["message"]["internetMessageHeaders"][0]["name"] = json!("List-Unsubscribe");
    assert_eq!(send(&client, &token, &bad), (400, "InvalidInternetMessageHeader".into()));
    let mut nobody = mail("ada@mill.example");
    nobody["message"]["toRecipients"] = json!([]);
    assert_eq!(send(&client, &token, &nobody), (400, "ErrorInvalidRecipients".into()));
}

#[test]
fn a_mailbox_sends_thirty_mails_a_minute_and_so_many_a_day() {
    let client = Client::start();
    let token = token(&client, &ALL);
    for _ in 0..30 {
        assert_eq!(send(&client, &token, &mail("ada@mill.example")).0, 202);
    }
    assert_eq!(send(&client, &token, &mail("ada@mill.example")), (429, "ApplicationThrottled".into()));
    client.clock.advance(Duration::from_secs(60));
    client.control("settings", &json!({"daily_recipients": 30}));
    assert_eq!(send(&client, &token, &mail("ada@mill.example")), (429, "ErrorExceededMessageLimit".into()));
}

#[test]
fn changes_are_told_page_by_page_and_a_link_that_is_too_old_is_gone() {
    let client = Client::start();
    let token = token(&client, &ALL);
    let arrives = |number: u32| {
        let raw = format!("From: a@x.example\nTo: {OWNER}\nMessage-ID: <m{number}@x.example>\nSubject: {number}\n\nx");
        client.control("mail", &json!({"to": OWNER, "raw": raw}));
    };
    arrives(0);
    client.clock.advance(Duration::from_secs(60));
    let follow = |link: &str| client.get(link, &token);
    let path =
        |answer: &Value, name: &str| answer[name].as_str().map(|link| link[client.sandbox.url.len()..].to_owned());
    let now = client.clock.now().to_rfc3339();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("$select", "internetMessageId,internetMessageHeaders")
        .append_pair("$filter", &format!("receivedDateTime ge {now}"))
        .finish();
    (1..=12).for_each(arrives);
    let first = follow(&format!("{ME}/mailFolders/inbox/messages/delta?{query}")).json;
    assert_eq!(first["value"].as_array().unwrap().len(), 10, "not what came before");
    assert_eq!(first["value"][0]["internetMessageId"], "<m1@x.example>");
    assert!(first["value"][0]["internetMessageHeaders"].is_array() && first["value"][0].get("body").is_none());
    let second = follow(&path(&first, "@odata.nextLink").unwrap()).json;
    assert_eq!(second["value"].as_array().unwrap().len(), 2);
    let link = path(&second, "@odata.deltaLink").unwrap();
    assert_eq!(follow(&link).json["value"], json!([]));
    arrives(13);
    let third = follow(&link).json;
    assert_eq!(third["value"].as_array().unwrap().len(), 1);
    client.control("expire", &json!({"what": "history", "email": OWNER}));
    let gone = follow(&path(&third, "@odata.deltaLink").unwrap());
    assert_eq!((gone.status, gone.json["error"]["code"].as_str()), (410, Some("SyncStateNotFound")));
}

#[test]
fn whom_people_let_in_is_known_to_the_next_process_and_whom_they_sent_away_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sandbox.json");
    let (google, microsoft) = {
        let client = Client::remembering(&file);
        let refresh = |answer: Value| answer["refresh_token"].as_str().unwrap().to_owned();
        (refresh(client.connect(&["gmail.send"])), refresh(client.connect_microsoft(&["Mail.Send"])))
    };
    let client = Client::remembering(&file);
    assert_eq!(client.refresh(&google).status, 200);
    assert_eq!(client.refresh_at("microsoft", &microsoft).status, 200);
    assert!(client.sandbox.is_owner_connected());
    client.control("revoke", &json!({"email": OWNER}));
    drop(client);
    let client = Client::remembering(&file);
    assert_eq!(client.refresh(&google).status, 400);
    assert_eq!(client.refresh_at("microsoft", &microsoft).status, 400);
}
