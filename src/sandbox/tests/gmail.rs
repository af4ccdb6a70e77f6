use serde_json::json;

use super::client::{Client, OWNER};

const GMAIL: &str = "/google/gmail/v1/users/me";
const MAIL: &str = "From: Robin <robin@larkfield.example>\nTo: Ada <ada@mill.example>\nMessage-ID: <k1@larkfield.example>\nSubject: Your boiler\n\nIs it warm enough?\n";
const ANSWER: &str = "From: Ada <ada@mill.example>\nTo: robin@larkfield.example\nMessage-ID: <a1@mill.example>\nIn-Reply-To: <k1@larkfield.example>\nReferences: <k1@larkfield.example>\nSubject: Re: Your boiler\n\nNo.\n";

#[test]
fn scopes_bind() {
    let client = Client::start();
    let cases: [(&str, &str, &str, u16); 12] = [
        ("gmail.send", "send", "", 200),
        ("gmail.readonly", "send", "", 403),
        ("gmail.modify", "send", "", 200),
        ("gmail.send", "get", "/profile", 403),
        ("gmail.send", "get", "/messages", 403),
        ("gmail.readonly", "get", "/messages?q=in:sent", 200),
        ("gmail.metadata", "get", "/messages", 200),
        ("gmail.metadata", "get", "/messages?q=in:sent", 403),
        ("gmail.metadata", "get", "/messages/{id}?format=metadata", 200),
        ("gmail.metadata", "get", "/messages/{id}?format=full", 403),
        ("gmail.metadata", "get", "/messages/{id}?format=raw", 403),
        ("calendar", "get", "/history?startHistoryId=1", 403),
    ];
    let sender = client.token(&["gmail.send"]);
    let id = client.send_mail(&sender, MAIL).json["id"].as_str().unwrap().to_owned();
    client.post_form("/google/revoke", &[("token", &sender)]);
    for (scope, verb, path, status) in cases {
        let token = client.token(&[scope]);
        let reply = match verb {
            "send" => client.send_mail(&token, MAIL),
            _ => client.get(&format!("{GMAIL}{}", path.replace("{id}", &id)), &token),
        };
        assert_eq!(reply.status, status, "{scope} {verb} {path}: {}", reply.text);
        if status == 403 {
            assert!(["insufficientPermissions", "forbidden"].contains(&reply.reason()), "{}", reply.text);
        }
        client.post_form("/google/revoke", &[("token", &token)]);
    }
    assert_eq!(client.get(&format!("{GMAIL}/profile"), "guess").reason(), "authError");
}

#[test]
fn a_mail_is_sent_found_and_read_in_every_format() {
    let client = Client::start();
    let token = client.token(&["gmail.send", "gmail.readonly"]);
    let sent = client.send_mail(&token, MAIL).json;
    assert_eq!((&sent["id"], &sent["labelIds"]), (&sent["threadId"], &json!(["SENT"])));
    assert_eq!(client.mails_of("ada@mill.example").len(), 1, "it arrived");

    let found = client.get(&format!("{GMAIL}/messages?q=rfc822msgid%3Ak1%40larkfield.example"), &token).json;
    assert_eq!(found["messages"], json!([{"id": sent["id"], "threadId": sent["threadId"]}]));
    let get =
        |query: &str| client.get(&format!("{GMAIL}/messages/{}?{query}", sent["id"].as_str().unwrap()), &token).json;
    assert_eq!(get("format=full")["payload"]["body"]["data"], "SXMgaXQgd2FybSBlbm91Z2g_DQo=");
    assert_eq!(get("format=minimal").get("payload"), None);
    let metadata = get("format=metadata&metadataHeaders=Message-ID&metadataHeaders=To");
    let names: Vec<_> = metadata["payload"]["headers"].as_array().unwrap().iter().map(|h| h["name"].clone()).collect();
    assert_eq!(names, ["To", "Message-ID"]);
    assert!(get("format=raw")["raw"].is_string());
    assert_eq!(get("format=full")["internalDate"], client.clock.now().0.to_string());
}

#[test]
fn a_reply_joins_the_thread_and_shows_in_history() {
    let client = Client::start();
    let token = client.token(&["gmail.send", "gmail.readonly"]);
    let thread = client.send_mail(&token, MAIL).json["threadId"].as_str().unwrap().to_owned();
    let cursor = client.get(&format!("{GMAIL}/profile"), &token).json["historyId"].as_str().unwrap().to_owned();
    client.control("mail", &json!({"to": OWNER, "raw": ANSWER}));

    let history = |from: &str| {
        client.get(&format!("{GMAIL}/history?startHistoryId={from}&historyTypes=messageAdded&labelId=INBOX"), &token)
    };
    let news = history(&cursor).json;
    assert_eq!(news["history"][0]["messagesAdded"][0]["message"]["threadId"], thread.as_str());
    let next = news["historyId"].as_str().unwrap().to_owned();
    assert_eq!(history(&next).json, json!({"historyId": next}), "nothing new, no history key");

    let follow_up = "To: ada@mill.example\nSubject: Re: Your boiler\nReferences: <k1@larkfield.example> <a1@mill.example>\nIn-Reply-To: <a1@mill.example>\n\nOh.\n";
    assert_eq!(client.send_mail_in(&token, follow_up, Some(&thread)).json["threadId"], thread.as_str());
    let stray = follow_up.replace("Re: Your boiler", "Something else");
    assert_ne!(client.send_mail_in(&token, &stray, Some(&thread)).json["threadId"], thread.as_str());
    assert_eq!(client.send_mail_in(&token, follow_up, Some("19aaaaaaaaaaaaaa")).status, 404);
    let whole = client.get(&format!("{GMAIL}/threads/{thread}?format=minimal"), &token).json;
    assert_eq!(whole["messages"].as_array().unwrap().len(), 3);

    client.control("expire", &json!({"what": "history", "email": OWNER}));
    assert_eq!(history(&next).status, 404);
}

#[test]
fn history_and_lists_come_in_pages() {
    let client = Client::start();
    let token = client.token(&["gmail.readonly"]);
    let cursor = client.get(&format!("{GMAIL}/profile"), &token).json["historyId"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        client.control("mail", &json!({"to": OWNER, "raw": ANSWER}));
    }
    for (path, list) in
        [(format!("history?startHistoryId={cursor}"), "history"), ("messages?q=from:ada".into(), "messages")]
    {
        let mut seen = 0;
        let mut page = String::new();
        loop {
            let reply = client.get(&format!("{GMAIL}/{path}&maxResults=2{page}"), &token).json;
            seen += reply[list].as_array().unwrap().len();
            match reply["nextPageToken"].as_str() {
                Some(next) => page = format!("&pageToken={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 5, "{list}");
    }
}

#[test]
fn too_much_is_refused_in_googles_words() {
    let client = Client::start();
    let token = client.token(&["gmail.send"]);
    client.control("settings", &json!({"units_per_minute": 250}));
    let statuses: Vec<u16> = (0..3).map(|_| client.send_mail(&token, MAIL).status).collect();
    assert_eq!(statuses, [200, 200, 403]);
    assert_eq!(client.send_mail(&token, MAIL).reason(), "rateLimitExceeded");
    client.clock.advance(std::time::Duration::from_secs(60));
    client.control("settings", &json!({"daily_sends": 3}));
    assert_eq!(client.send_mail(&token, MAIL).status, 200);
    let refused = client.send_mail(&token, MAIL);
    assert_eq!(refused.status, 429);
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("Retry after 2026-11-24T09:00:00Z"), "{message}");
    assert_eq!(client.mails_of("ada@mill.example").len(), 3, "what was refused was not sent");
}

#[test]
fn what_cannot_be_sent_is_refused_whole() {
    let client = Client::start();
    let token = client.token(&["gmail.send"]);
    let send = format!("{GMAIL}/messages/send");
    let cases = [
        ("no raw", json!({}), 400),
        ("not base64", json!({"raw": "%%%"}), 400),
        ("no recipient", json!({"raw": "U3ViamVjdDogeA0KDQp4"}), 400),
    ];
    for (name, body, status) in cases {
        let reply = client.post(&send, &token, &body);
        assert_eq!((reply.status, reply.reason()), (status, "invalidArgument"), "{name}");
    }
    assert!(client.mails_of(OWNER).is_empty());
}

#[test]
fn gmail_signs_with_its_own_from_and_may_replace_the_message_id() {
    let client = Client::start();
    let token = client.token(&["gmail.send"]);
    let forged =
        MAIL.replace("robin@larkfield.example", "boss@bank.example").replace("To: Ada", "Bcc: eve@x.example\nTo: Ada");
    client.send_mail(&token, &forged);
    let kept = client.mails_of("ada@mill.example").remove(0);
    assert_eq!((&kept["from"], &kept["message_id"]), (&json!(OWNER), &json!("k1@larkfield.example")));
    assert!(!kept["raw"].as_str().unwrap().contains("Bcc"));
    assert_eq!(client.mails_of("eve@x.example").len(), 1);

    client.control("settings", &json!({"replace_message_ids": true}));
    client.send_mail(&token, MAIL);
    let replaced = client.mails_of("ada@mill.example").remove(1);
    assert!(replaced["message_id"].as_str().unwrap().ends_with("@mail.gmail.com"));
}

#[test]
fn a_mail_to_oneself_is_one_mail_in_two_places() {
    let client = Client::start();
    let token = client.token(&["gmail.send"]);
    let sent = client.send_mail(&token, &MAIL.replace("To: Ada <ada@mill.example>", &format!("To: {OWNER}"))).json;
    assert_eq!(sent["labelIds"], json!(["INBOX", "SENT", "UNREAD"]));
    assert_eq!(client.mails_of(OWNER).len(), 1);
}

#[test]
fn a_mail_has_at_most_a_hundred_recipients_and_thirty_five_mebibytes() {
    let client = Client::start();
    let token = client.token(&["gmail.send"]);
    let to = |count: usize| (0..count).map(|n| format!("p{n}@mill.example")).collect::<Vec<_>>().join(", ");
    let mail = |to: &str, body: &str| format!("From: {OWNER}\nTo: {to}\nSubject: Heat\n\n{body}\n");
    assert_eq!(client.send_mail(&token, &mail(&to(100), "x")).status, 200);
    let many = client.send_mail(&token, &mail(&to(101), "x"));
    assert_eq!((many.status, many.reason()), (400, "invalidArgument"), "{}", many.text);
    let large = client.send_mail(&token, &mail("ada@mill.example", &"x".repeat(36_700_160)));
    assert_eq!((large.status, large.reason()), (413, "uploadTooLarge"), "{}", large.text);
    assert_eq!(client.mails_of("ada@mill.example").len(), 0, "nothing of it arrived");
}
