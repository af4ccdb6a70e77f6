//! The pages of identity and workspaces, asked as a browser asks: with cookies, form tokens and the guards around.
//!
//! `LAUNCHYARD_PAGES=<folder> cargo test pages_are_drawn` writes them there, to be looked at.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{header, Method, StatusCode};
use actix_web::middleware::{from_fn, Next};
use actix_web::web::{self, Data};
use actix_web::{test as http_test, App as WebApp, Error, HttpMessage, HttpResponse};
use futures_util::future::LocalBoxFuture;

use crate::app::App;
use crate::authz::{Actor, Role};
use crate::base::EmailAddress;
use crate::http::layout::Layout;
use crate::http::{csrf, security, Cookies, CsrfToken, Frame, Site};
use crate::identity::SignedIn;
use crate::testing::{self, TestApp};
use crate::workspaces::{add_user, authenticate, owner_link, AddUser};

const PASSWORD: &str = "kettle-orbit-7f";

/// What `wiring` does for the whole program: the frame around the page.
async fn frame<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let csrf = request.extract::<CsrfToken>().await?;
    let (actor, signed_in) = {
        let extensions = request.extensions();
        (extensions.get::<Actor>().cloned(), extensions.get::<SignedIn>().cloned())
    };
    if let (Some(actor), Some(signed_in)) = (actor, signed_in) {
        let layout = Layout {
            lang: "en-GB".into(),
            theme: std::env::var("LAUNCHYARD_THEME").unwrap_or_default(),
            csrf: csrf.0,
            workspace_name: "Fernhill Heat Pumps".into(),
            workspace_role: actor.role.to_string(),
            user_name: signed_in.user.name.clone(),
            user_email: signed_in.user.email.display().into(),
            ..Layout::default()
        };
        let layout = layout.with_places(request.path(), |_| true, |_| None);
        request.extensions_mut().insert(Frame(layout));
    }
    next.call(request).await
}

async fn whoami(actor: Actor) -> HttpResponse {
    HttpResponse::Ok().body(format!("{} {}", actor.display, actor.workspace.sid()))
}

/// One request through the whole service: its type has no name outside actix.
type Call = Box<dyn Fn(http_test::TestRequest) -> LocalBoxFuture<'static, ServiceResponse<BoxBody>>>;

/// A browser: keeps its cookies and reads form tokens out of pages.
struct Browser {
    call: Call,
    jar: Vec<Cookie<'static>>,
}

struct Seen {
    status: StatusCode,
    location: String,
    text: String,
}

impl Browser {
    async fn ask(&mut self, method: Method, path: &str, form: Option<&[(&str, &str)]>) -> Seen {
        let mut request = http_test::TestRequest::default().method(method).uri(path);
        for cookie in &self.jar {
            request = request.cookie(cookie.clone());
        }
        if let Some(form) = form {
            request = request.insert_header(("sec-fetch-site", "same-origin")).set_form(form);
        }
        let response = (self.call)(request).await;
        for cookie in response.response().cookies() {
            self.jar.retain(|kept| kept.name() != cookie.name());
            if cookie.max_age().is_none_or(|age| age.is_positive()) {
                self.jar.push(cookie.into_owned());
            }
        }
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map_or("", |value| value.to_str().unwrap()).to_owned();
        let text = String::from_utf8(http_test::read_body(response).await.to_vec()).unwrap();
        Seen { status, location, text }
    }

    async fn get(&mut self, path: &str) -> Seen {
        self.ask(Method::GET, path, None).await
    }

    /// Opens `page`, takes its form token and posts to `path`.
    async fn post(&mut self, page: &str, path: &str, form: &[(&str, &str)]) -> Seen {
        let token = token_of(&self.get(page).await.text);
        let form: Vec<_> = form.iter().copied().chain([("_csrf", token.as_str())]).collect();
        self.ask(Method::POST, path, Some(&form)).await
    }

    async fn sign_in(&mut self, login: &str) -> Seen {
        self.post("/signin", "/signin", &[("login", login), ("password", PASSWORD), ("next", "/settings")]).await
    }
}

fn token_of(page: &str) -> String {
    let at = page.find("name=\"_csrf\" value=\"").expect("a form on the page") + 20;
    page[at..].split('"').next().unwrap().to_owned()
}

/// The server around one test app, and a browser at it.
macro_rules! browser {
    ($test:expr) => {{
        let app: Arc<App> = $test.app.clone();
        let cookies = Cookies::new(app.mac.clone(), false);
        let site = Site::new("http://127.0.0.1:8080".parse().unwrap());
        let service = http_test::init_service(
            WebApp::new()
                .app_data(Data::from(app))
                .app_data(Data::new(cookies))
                .app_data(Data::new(site))
                .wrap(from_fn(frame))
                .wrap(from_fn(authenticate))
                .wrap(from_fn(csrf::guard))
                .wrap(from_fn(security::guard))
                .configure(crate::identity::routes)
                .configure(crate::workspaces::routes)
                .route("/v1/whoami", web::get().to(whoami))
                .route("/whoami", web::get().to(whoami)),
        )
        .await;
        let service = Rc::new(service);
        let call: Call = Box::new(move |request| {
            let service = service.clone();
            Box::pin(async move {
                let request = request.insert_header((header::HOST, "127.0.0.1:8080"));
                http_test::call_service(&*service, request.to_request()).await.map_into_boxed_body()
            })
        });
        Browser { call, jar: Vec::new() }
    }};
}

fn add(test: &TestApp, address: &str, name: &str, workspace: &str, role: Role) -> Option<String> {
    let add = AddUser {
        email: EmailAddress::parse(address).unwrap(),
        name: name.into(),
        workspace: workspace.into(),
        role,
        password: PASSWORD.into(),
        api_key: true,
    };
    add_user(&test.app, &add).unwrap().api_key
}

#[actix_web::test]
async fn whoever_is_not_signed_in_is_led_there_and_back() {
    let test = testing::app();
    add(&test, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner);
    let mut browser = browser!(test);
    let away = browser.get("/settings/team").await;
    assert_eq!((away.status, away.location.as_str()), (StatusCode::SEE_OTHER, "/signin?next=%2Fsettings%2Fteam"));
    let wrong = [("login", "nora@fernhill.example"), ("password", "wrong"), ("next", "/settings/team")];
    let refused = browser.post("/signin", "/signin", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("That did not match."), "{}", refused.text);
    assert!(refused.text.contains("nora@fernhill.example"), "what was typed is kept");
    let right = [("login", "nora@fernhill.example"), ("password", PASSWORD), ("next", "/settings/team")];
    let entered = browser.post("/signin", "/signin", &right).await;
    assert_eq!((entered.status, entered.location.as_str()), (StatusCode::SEE_OTHER, "/settings/team"));
    assert!(browser.get("/settings/team").await.text.contains("Nora Whitfield"));

    let out = browser.post("/settings", "/signout", &[]).await;
    assert_eq!(out.location, "/signin");
    assert_eq!(browser.get("/settings").await.status, StatusCode::SEE_OTHER, "the session has ended");
}

#[actix_web::test]
async fn signing_in_never_leads_off_the_site_and_needs_a_form_of_ours() {
    let test = testing::app();
    add(&test, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner);
    let mut browser = browser!(test);
    let right = [("login", "nora@fernhill.example"), ("password", PASSWORD), ("next", "//evil.example")];
    let no_token = browser.ask(Method::POST, "/signin", Some(&right)).await;
    assert!(no_token.status.is_client_error(), "{}", no_token.status);
    assert_eq!(browser.post("/signin", "/signin", &right).await.location, "/");
}

#[actix_web::test]
async fn a_key_opens_programs_addresses_only_and_a_cookie_pages_only() {
    let test = testing::app();
    let key = add(&test, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner).unwrap();
    let mut browser = browser!(test);
    browser.sign_in("nora@fernhill.example").await;
    assert_eq!(browser.get("/whoami").await.status, StatusCode::OK);
    assert_eq!(browser.get("/v1/whoami").await.status, StatusCode::UNAUTHORIZED, "cookies mean nothing there");
    let bearer = |path: &str| {
        let request = http_test::TestRequest::get().uri(path);
        request.insert_header((header::AUTHORIZATION, format!("Bearer {key}")))
    };
    let program = (browser.call)(bearer("/v1/whoami")).await;
    assert_eq!(program.status(), StatusCode::OK);
    let page = (browser.call)(bearer("/whoami")).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER, "keys mean nothing on pages");
}

#[actix_web::test]
async fn a_person_switches_only_to_workspaces_of_their_own() {
    let test = testing::app();
    test.app.clock.advance(Duration::from_secs(1));
    let other = testing::add_workspace(&test.app, "Lakeside", "lakeside");
    let foreign = testing::add_workspace(&test.app, "Elsewhere", "elsewhere");
    add(&test, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner);
    add(&test, "nora@fernhill.example", "Nora Whitfield", "lakeside", Role::Viewer);
    let mut browser = browser!(test);
    browser.sign_in("nora@fernhill.example").await;
    assert!(browser.get("/whoami").await.text.ends_with(&test.workspace.sid()));
    let switched = browser.post("/workspaces", "/switch", &[("workspace", &other.sid())]).await;
    assert_eq!(switched.location, "/");
    assert!(browser.get("/whoami").await.text.ends_with(&other.sid()));
    let refused = browser.post("/workspaces", "/switch", &[("workspace", &foreign.sid())]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert!(browser.get("/whoami").await.text.ends_with(&other.sid()));
    let made = browser.post("/workspaces/new", "/workspaces/new", &[("name", "Third")]).await;
    assert_eq!(made.location, "/");
    assert!(browser.get("/workspaces").await.text.contains("Third"));
}

#[actix_web::test]
async fn the_first_start_ends_signed_in_and_its_link_with_it() {
    let test = testing::app();
    let link = owner_link(&test.app).unwrap();
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    let mut browser = browser!(test);
    let form = [
        ("name", "Nora Whitfield"),
        ("email", "nora@fernhill"),
        ("password", PASSWORD),
        ("workspace", "Mill Lane"),
        ("time_zone", "Europe/London"),
    ];
    let refused = browser.post(path, path, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Add the ending of the domain") && !refused.text.contains(PASSWORD));
    let form = form.map(|(name, value)| (name, if name == "email" { "nora@fernhill.example" } else { value }));
    assert_eq!(browser.post(path, path, &form).await.location, "/");
    let shown = browser.get("/settings/workspace").await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        shown.text.contains("Take somebody off the list") && shown.text.contains(r#"value="50""#),
        "{}",
        shown.text
    );
    let here = "/settings/workspace";
    let mut form = vec![("name", "Mill Lane"), ("slug", "mill-lane"), ("time_zone", "Europe/London")];
    form.extend([("opt_out", "soon"), ("absence", "70"), ("snooze", "80"), ("send", "90"), ("book", "90")]);
    let refused = browser.post(here, here, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Write a whole number") && refused.text.contains(r#"value="soon""#));
    assert_eq!(browser.get(path).await.status, StatusCode::CONFLICT);
}

#[actix_web::test]
async fn the_second_step_is_set_up_and_then_asked_for() {
    let test = testing::app();
    add(&test, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner);
    let mut browser = browser!(test);
    browser.sign_in("nora@fernhill.example").await;
    test.app.clock.advance(Duration::from_secs(16 * 60));
    let at = "/settings/security/authenticator";
    let asked = browser.get(at).await;
    assert_eq!(asked.location, "/reauth?next=%2Fsettings%2Fsecurity%2Fauthenticator");
    let proved = [("password", PASSWORD), ("next", at)];
    assert_eq!(browser.post("/reauth", "/reauth", &proved).await.location, at);
    let page = browser.get(at).await.text;
    let key = page.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let now = test.app.now();
    let code = crate::identity::code_for_tests(&key, now);
    let form = [("_csrf", token_of(&page)), ("key", key), ("code", code)];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let codes = browser.ask(Method::POST, at, Some(&form)).await;
    assert_eq!(codes.status, StatusCode::OK);
    let first = codes.text.split("<li>").nth(1).unwrap().split('<').next().unwrap().to_owned();

    browser.jar.clear();
    let half = browser.sign_in("nora@fernhill.example").await;
    assert_eq!(half.location, "/signin/code");
    assert_eq!(browser.get("/settings").await.status, StatusCode::SEE_OTHER, "half a sign-in opens nothing");
    let wrong = browser.post("/signin/code", "/signin/code", &[("code", "123")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let entered = browser.post("/signin/code", "/signin/code", &[("code", &first)]).await;
    assert_eq!(entered.location, "/settings");
    assert!(browser.get("/settings/security").await.text.contains("9 of 10 unused"));
}

#[actix_web::test]
async fn pages_are_drawn_for_everybody_who_may_see_them() {
    let test = testing::app();
    add(&test, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner);
    add(&test, "gwen@fernhill.example", "Gwen Hartley", "fernhill", Role::Agent);
    let mut browser = browser!(test);
    let folder = std::env::var_os("LAUNCHYARD_PAGES").map(std::path::PathBuf::from);
    let save = |name: &str, text: &str| {
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{name}.html")), text).unwrap();
        }
    };
    for (name, path) in [("signin", "/signin"), ("forgot", "/forgot")] {
        save(name, &browser.get(path).await.text);
    }
    let setup = browser.post("/signin", "/signin", &[("login", "nora"), ("password", "x")]).await;
    save("signin-refused", &setup.text);
    let link = crate::identity::reset_link(&test.app, &EmailAddress::parse("gwen@fernhill.example").unwrap());
    let reset = link.unwrap().unwrap();
    save("reset", &browser.get(reset.strip_prefix("http://127.0.0.1:8080").unwrap()).await.text);
    browser.sign_in("nora@fernhill.example").await;
    let pages = [
        ("profile", "/settings"),
        ("security", "/settings/security"),
        ("authenticator", "/settings/security/authenticator"),
        ("workspace", "/settings/workspace"),
        ("team", "/settings/team"),
        ("keys", "/settings/keys"),
        ("audit", "/settings/audit"),
        ("workspaces", "/workspaces"),
        ("new-workspace", "/workspaces/new"),
        ("reauth", "/reauth?next=/settings"),
    ];
    for (name, path) in pages {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        save(name, &page.text);
    }
    let form = [("name", "Website form"), ("role", "agent")];
    let key = browser.post("/settings/keys", "/settings/keys", &form).await;
    assert_eq!(key.status, StatusCode::OK);
    save("keys-made", &key.text);
    let form = [("email", "tom@lakeside.example"), ("role", "viewer")];
    let invited = browser.post("/settings/team", "/settings/team/invitations", &form).await;
    assert_eq!(invited.status, StatusCode::OK);
    save("team-invited", &invited.text);
    let link = invited.text.split("http://127.0.0.1:8080").nth(1).unwrap().split('<').next().unwrap().to_owned();
    save("invite-other", &browser.get(&link).await.text);
    browser.jar.clear();
    save("invite", &browser.get(&link).await.text);
    let form = [("name", "Tom Aldridge"), ("password", PASSWORD)];
    assert_eq!(browser.post(&link, &format!("{link}/account"), &form).await.location, "/");
    for (path, expected) in [
        ("/settings", StatusCode::OK),
        ("/settings/team", StatusCode::OK),
        ("/settings/keys", StatusCode::FORBIDDEN),
        ("/settings/workspace", StatusCode::FORBIDDEN),
        ("/settings/audit", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(browser.get(path).await.status, expected, "{path} for a viewer");
    }
}
