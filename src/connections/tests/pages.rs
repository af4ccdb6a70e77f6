//! The pages, asked for as a browser would, with the frame that `wiring` fills.

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::LOCATION;
use actix_web::test::{call_service, init_service, TestRequest};
use actix_web::{web, App as WebApp, HttpMessage};
use url::Url;

use super::mailbox::settings;
use super::world::{World, OWNER};
use crate::authz::{Actor, Role};
use crate::connections::{self, routes, Provider, Use};
use crate::http::layout::Layout;
use crate::http::{Cookies, Frame, MacKey};
use crate::sandbox::MAIL_PASSWORD;

struct Answer {
    status: u16,
    location: String,
    text: String,
}

/// One request by `actor`, to all routes of the room.
async fn ask(world: &World, actor: &Actor, request: TestRequest) -> Answer {
    let cookies = Cookies::new(MacKey::new([7; 32]), false);
    let layout = Layout { csrf: "token".into(), ..Layout::default() }.with_places("/connections", |_| true, |_| None);
    let service = init_service(
        WebApp::new()
            .app_data(web::Data::from(world.test.app.clone()))
            .app_data(web::Data::new(cookies))
            .app_data(web::Data::new(MacKey::new([8; 32])))
            .wrap_fn({
                let actor = actor.clone();
                move |request, service| {
                    request.extensions_mut().insert(actor.clone());
                    request.extensions_mut().insert(Frame(layout.clone()));
                    service.call(request)
                }
            })
            .configure(routes)
            .service(web::scope("/v1").configure(connections::api_routes)),
    )
    .await;
    let response: ServiceResponse = call_service(&service, request.to_request()).await;
    let location =
        response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let status = response.status().as_u16();
    let text = String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap();
    Answer { status, location, text }
}

async fn get(world: &World, path: &str) -> Answer {
    ask(world, &world.owner, TestRequest::get().uri(path)).await
}

async fn post(world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
    ask(world, &world.owner, TestRequest::post().uri(path).set_form(fields)).await
}

#[actix_web::test]
async fn a_browser_connects_google_chooses_calendars_and_disconnects() {
    let world = World::start();
    let empty = get(&world, "/connections").await;
    assert!(empty.text.contains("Nothing connected. Start with the mailbox you write from."));
    assert!(get(&world, "/connections/new").await.text.contains("/connections/google?use=both"));

    let explained = get(&world, "/connections/google?use=both").await;
    for words in ["Read your e-mail", "See when you are busy", "Continue to Google", "use=both"] {
        assert!(explained.text.contains(words), "{words}");
    }
    let start = get(&world, "/connections/google/start?use=both").await;
    assert_eq!(start.status, 303);
    let answer = world.consent(&Url::parse(&start.location).unwrap(), &[]);
    let back = format!("/connections/google/callback?state={}&code={}", answer.state, answer.code.unwrap());
    let connected = get(&world, &back).await;
    assert_eq!(connected.status, 303, "{}", connected.text);
    assert!(connected.location.ends_with("/calendars"));

    let calendars = get(&world, &connected.location).await;
    assert!(calendars.text.contains("type=\"radio\""), "{}", calendars.text);
    let nothing = post(&world, &connected.location, &[("write_to", "somebody@else.example")]).await;
    assert_eq!(nothing.status, 422);
    let chosen = post(&world, &connected.location, &[("write_to", OWNER), ("busy", OWNER)]).await;
    assert_eq!(chosen.status, 303, "{}", chosen.text);

    let page = get(&world, &chosen.location).await;
    for words in [
        OWNER,
        "Working",
        "Record of calls",
        "gmail/<wbr>v1/<wbr>users/<wbr>me/<wbr>profile",
        "Disconnect and erase access",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    let checked = post(&world, &format!("{}/check", chosen.location), &[]).await;
    assert!(checked.text.contains("The calendar answers"), "{}", checked.text);

    let asked = get(&world, &format!("{}/disconnect", chosen.location)).await;
    assert!(asked.text.contains("Disconnect robin@larkfield.example?"));
    let ended = post(&world, &format!("{}/disconnect", chosen.location), &[]).await;
    assert_eq!((ended.status, ended.location.as_str()), (303, "/connections"));
    assert!(get(&world, "/connections").await.text.contains("Access erased, history kept"));
}

#[actix_web::test]
async fn a_browser_connects_microsoft_and_is_told_what_stays_when_it_ends() {
    let world = World::at(Provider::Microsoft);
    assert!(get(&world, "/connections/new").await.text.contains("/connections/microsoft?use=outreach"));
    let calendar = get(&world, "/connections/microsoft?use=calendar").await;
    assert!(calendar.text.contains("Have full access to your calendars") && !calendar.text.contains("Read your mail"));
    let explained = get(&world, "/connections/microsoft?use=outreach").await;
    for words in ["Read your mail", "Maintain access", "Continue to Microsoft", "an administrator has to allow"] {
        assert!(explained.text.contains(words), "{words}");
    }
    let start = get(&world, "/connections/microsoft/start?use=outreach").await;
    assert_eq!(start.status, 303);
    let answer = world.consent(&Url::parse(&start.location).unwrap(), &[]);
    let back = format!("/connections/microsoft/callback?state={}&code={}", answer.state, answer.code.unwrap());
    let connected = get(&world, &back).await;
    assert_eq!(connected.status, 303, "{}", connected.text);
    let page = get(&world, &connected.location).await;
    for words in [OWNER, "Working", "Microsoft 365 mail", "Send mail as you", "Mail.Read"] {
        assert!(page.text.contains(words), "{words}");
    }
    let checked = post(&world, &format!("{}/check", connected.location), &[]).await;
    assert!(checked.text.contains("The mailbox of robin@larkfield.example answers."), "{}", checked.text);
    let asked = get(&world, &format!("{}/disconnect", connected.location)).await;
    assert!(asked.text.contains("myapps.microsoft.com"), "{}", asked.text);
    let ended = post(&world, &format!("{}/disconnect", connected.location), &[]).await;
    assert_eq!((ended.status, ended.location.as_str()), (303, "/connections"));
}

#[actix_web::test]
async fn who_needs_an_administrator_is_told_what_to_send_them() {
    let world = World::at(Provider::Microsoft);
    world.control("settings", &serde_json::json!({"admin_consent": true}));
    let start = get(&world, "/connections/microsoft/start?use=outreach").await;
    let answer = world.consent(&Url::parse(&start.location).unwrap(), &[]);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("state", &answer.state)
        .append_pair("error", &answer.error.unwrap())
        .append_pair("error_description", &answer.error_description.unwrap())
        .finish();
    let held_up = get(&world, &format!("/connections/microsoft/callback?{query}")).await;
    assert_eq!(held_up.status, 422);
    for words in ["an administrator has to allow this app", "/organizations/adminconsent?client_id="] {
        assert!(held_up.text.contains(words), "{words} in {}", held_up.text);
    }
    assert!(!held_up.text.contains("AADSTS"), "in plain words");
}

#[actix_web::test]
async fn what_was_not_ticked_is_named_on_the_page() {
    let world = World::start();
    let start = get(&world, "/connections/google/start?use=outreach").await;
    let answer = world.consent(&Url::parse(&start.location).unwrap(), &["gmail.send"]);
    let back = format!("/connections/google/callback?state={}&code={}", answer.state, answer.code.unwrap());
    let refused = get(&world, &back).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Send e-mail on your behalf"), "{}", refused.text);
    assert!(get(&world, &back).await.text.contains("was used already"));
}

#[actix_web::test]
async fn a_mailbox_form_keeps_what_was_typed_but_never_the_password() {
    let world = World::start();
    let guessed = get(&world, "/connections/mailbox?address=ada%40gmail.com").await;
    assert!(guessed.text.contains("smtp.gmail.com"));
    assert_eq!(get(&world, "/connections/mailbox?address=ada").await.status, 422);

    let right = settings(&world, MAIL_PASSWORD);
    let (smtp_port, imap_port) = (right.smtp.port.to_string(), right.imap.port.to_string());
    let form = |password: &'static str| {
        vec![
            ("address", OWNER),
            ("display_name", "Robin L."),
            ("smtp_host", "127.0.0.1"),
            ("smtp_port", smtp_port.as_str()),
            ("smtp_security", "plain"),
            ("smtp_user", OWNER),
            ("imap_host", "127.0.0.1"),
            ("imap_port", imap_port.as_str()),
            ("imap_security", "plain"),
            ("imap_user", OWNER),
            ("password", password),
        ]
    };
    let refused = post(&world, "/connections/mailbox", &form("wr0ng-guess")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Robin L.") && refused.text.contains("Save anyway"));
    assert!(refused.text.contains("Outgoing: sign-in"));
    assert!(!refused.text.contains("wr0ng-guess"));
    let saved = post(&world, "/connections/mailbox", &form(MAIL_PASSWORD)).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = get(&world, &saved.location).await;
    assert!(page.text.contains("Robin L.") && page.text.contains("Change servers or password"));

    // Another server needs the password again; the rest of what was typed is not typed again.
    let id = saved.location.rsplit('/').next().unwrap();
    let mut elsewhere = form("");
    elsewhere.push(("again", id));
    elsewhere[1].1 = "Robin Larkfield";
    elsewhere[2].1 = "mail.larkfield.example";
    let asked = post(&world, "/connections/mailbox", &elsewhere).await;
    assert_eq!(asked.status, 422);
    for kept in ["value=\"Robin Larkfield\"", "value=\"mail.larkfield.example\"", "Type the password again"] {
        assert!(asked.text.contains(kept), "{kept} is missing: {}", asked.text);
    }
}

#[actix_web::test]
async fn settings_that_do_not_fit_are_said_beside_their_field() {
    let world = World::start();
    let connection = world.connect(&[Use::Outreach]);
    let path = format!("/connections/{}/settings", connection.id);
    let form = |cap: &'static str| {
        [("display_name", "R"), ("daily_cap", cap), ("min_gap_seconds", "120"), ("jitter_seconds", "60")]
    };
    for (cap, words) in [("many", "Write a whole number"), ("100000", "the limit of this server")] {
        let refused = post(&world, &path, &form(cap)).await;
        assert_eq!(refused.status, 422, "{cap}");
        assert!(refused.text.contains(words) && refused.text.contains(cap), "{cap}");
    }
    assert_eq!(post(&world, &path, &form("25")).await.status, 303);
    let stored = world.stored(&connection);
    assert_eq!((stored.pace.daily_cap, stored.pace.ramp_up), (25, false));
}

#[actix_web::test]
async fn nobody_sees_or_changes_connections_of_others_or_without_the_role() {
    let world = World::start();
    let connection = world.connect(&[Use::Outreach, Use::Calendar]);
    let other = crate::testing::add_workspace(&world.test.app, "Other", "other");
    let stranger = Actor { workspace: other, ..world.owner.clone() };
    let agent = Actor { role: Role::Agent, ..world.owner.clone() };
    let id = connection.id;
    let gets = ["", "/calendars", "/disconnect"].map(|end| (false, format!("/connections/{id}{end}")));
    let posts =
        ["/settings", "/check", "/calendars", "/disconnect"].map(|end| (true, format!("/connections/{id}{end}")));
    let api = [(false, format!("/v1/connections/{id}"))];
    for (is_post, path) in gets.into_iter().chain(posts).chain(api) {
        let request = || match is_post {
            true => TestRequest::post().uri(&path).set_form([
                ("daily_cap", "5"),
                ("min_gap_seconds", "120"),
                ("jitter_seconds", "0"),
                ("write_to", OWNER),
            ]),
            false => TestRequest::get().uri(&path),
        };
        assert_eq!(ask(&world, &stranger, request()).await.status, 404, "{path}");
        assert_eq!(ask(&world, &agent, request()).await.status, 403, "{path}");
    }
    assert_eq!(world.stored(&connection), connection, "nothing was changed");
}

#[actix_web::test]
async fn programs_read_connections_without_their_secrets() {
    let world = World::start();
    let connection = world.connect(&[Use::Outreach]);
    let listed = get(&world, "/v1/connections?limit=1").await;
    let list: serde_json::Value = serde_json::from_str(&listed.text).unwrap();
    assert_eq!(list["data"][0]["id"], connection.id.to_string());
    assert_eq!(list["data"][0]["state"], "working");
    assert_eq!(list["next_cursor"], serde_json::Value::Null);
    for secret in ["sealed", "credentials", "history_cursor", "token"] {
        assert!(!listed.text.contains(secret), "{secret}");
    }
    let one = get(&world, &format!("/v1/connections/{}", connection.id)).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&one.text).unwrap(), list["data"][0]);
}

#[actix_web::test]
async fn the_page_of_a_connection_says_how_each_calendar_is_kept() {
    let world = World::start();
    let connection = world.connect(&[Use::Calendar]);
    let page = format!("/connections/{}", connection.id);
    assert!(get(&world, &page).await.text.contains("Not read yet."));
    let calendar = connection.calendars().unwrap().write_to.unwrap();
    let (followed, failed) = ("What changed is asked for every 5 minutes.", "count as unknown and not as free");
    for (is_followed, trouble, said, unsaid) in [
        (true, None, followed, failed),
        (false, None, "It is read anew every 5 minutes.", failed),
        (false, Some("notFound".to_owned()), failed, followed),
    ] {
        let reading = connections::Reading { calendar: calendar.clone(), is_followed, failed: trouble };
        connections::note_readings(&world.test.app, &connection, &[reading]).unwrap();
        let shown = get(&world, &page).await.text;
        assert!(shown.contains(said) && !shown.contains(unsaid) && shown.contains("Last read"), "{said}");
    }
    let listed = get(&world, &format!("/v1/connections/{}", connection.id)).await.text;
    assert!(listed.contains("\"kept_by\":\"poll\"") && listed.contains("\"failed\":\"notFound\""), "{listed}");
}
