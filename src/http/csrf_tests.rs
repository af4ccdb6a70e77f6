use super::*;
use crate::http::cookies::pending;
use actix_web::cookie::Cookie;
use actix_web::middleware::from_fn;
use actix_web::test::{call_service, init_service, read_body, TestRequest};
use actix_web::{web, App};
use std::time::Duration;

const HOME: &str = "https://reach.example";

fn cookies() -> Cookies {
    Cookies::new(MacKey::new([3; 32]), true)
}

fn session(value: &str) -> Cookie<'static> {
    cookies().session(value, Duration::from_secs(60))
}

fn token(binding: &str) -> String {
    CsrfToken::bound_to(cookies().key(), binding).0
}

/// Posts to an app that echoes the body behind the guard: status and text.
async fn ask(public_url: &str, request: TestRequest) -> (u16, String) {
    let mut site = Site::new(Url::parse(public_url).unwrap());
    site.csrf_exempt = vec!["/one-click".into()];
    site.max_body_bytes = 10_000;
    let echo = |body: String| async move { body };
    let app = App::new()
        .app_data(Data::new(site))
        .app_data(Data::new(cookies()))
        .route("/change", web::post().to(echo))
        .route("/change", web::get().to(echo))
        .route("/one-click/{token}", web::post().to(echo))
        .route("/v1/contacts", web::post().to(echo))
        .wrap(from_fn(guard));
    let response = call_service(&init_service(app).await, request.to_request()).await;
    let status = response.status().as_u16();
    (status, String::from_utf8(read_body(response).await.to_vec()).unwrap())
}

fn form(token: &str) -> TestRequest {
    TestRequest::post()
        .uri("/change")
        .cookie(session("s1"))
        .insert_header(("host", "reach.example"))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(format!("name=Ada&_csrf={token}"))
}

#[actix_web::test]
async fn a_change_is_accepted_only_from_a_page_of_ours() {
    let good = token("s1");
    let with = |name: &'static str, value: &'static str| form(&token("s1")).insert_header((name, value));
    let without_cookie = TestRequest::post()
        .uri("/change")
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(format!("_csrf={good}"));
    let by_script = |token: String| {
        TestRequest::post().uri("/change").cookie(session("s1")).insert_header((HEADER, token)).set_payload("{}")
    };
    let cases = [
        ("our form", with("sec-fetch-site", "same-origin"), 200),
        ("our form in a browser without Sec-Fetch-Site", with("origin", HOME), 200),
        ("our form, told by the Referer", with("referer", "https://reach.example/contacts"), 200),
        ("a program that holds cookie and token", form(&good), 200),
        ("our script", by_script(good.clone()), 200),
        ("another site", with("sec-fetch-site", "cross-site"), 403),
        ("a sister host", with("sec-fetch-site", "same-site"), 403),
        ("typed into the address bar", with("sec-fetch-site", "none"), 403),
        ("another origin", with("origin", "https://evil.example"), 403),
        ("our name on another port", with("origin", "https://reach.example:444"), 403),
        ("our name in clear", with("origin", "http://reach.example"), 403),
        ("a hidden origin", with("origin", "null"), 403),
        ("another Referer", with("referer", "https://evil.example/reach.example"), 403),
        ("no token", form(""), 403),
        ("a token of another session", form(&token("s2")), 403),
        ("a spoilt token", form(&format!("{good}x")), 403),
        ("a script without token", by_script(String::new()), 403),
        ("no cookie", without_cookie, 400),
    ];
    for (name, request, expected) in cases {
        assert_eq!(ask(HOME, request).await.0, expected, "{name}");
    }
}

#[actix_web::test]
async fn the_handler_still_gets_the_whole_form() {
    let good = token("s1");
    assert_eq!(ask(HOME, form(&good)).await.1, format!("name=Ada&_csrf={good}"));
}

#[actix_web::test]
async fn an_upload_carries_its_token_in_front_and_is_not_read_before_the_handler() {
    let file = "x".repeat(9000);
    let body = |first: &str, token: &str| {
        format!(
            "--B\r\nContent-Disposition: form-data; name=\"{first}\"\r\n\r\n{token}\r\n\
             --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{file}\r\n--B--\r\n"
        )
    };
    let upload = |body: String| {
        TestRequest::post()
            .uri("/change")
            .cookie(session("s1"))
            .insert_header(("content-type", "multipart/form-data; boundary=B"))
            .set_payload(body)
    };
    let good = body(FIELD, &token("s1"));
    assert_eq!(ask(HOME, upload(good.clone())).await, (200, good));
    assert_eq!(ask(HOME, upload(body(FIELD, "wrong"))).await.0, 403);
    assert_eq!(ask(HOME, upload(body("note", &token("s1")))).await.0, 403);
}

#[actix_web::test]
async fn programs_and_mail_servers_need_no_form_token() {
    for path in ["/v1/contacts", "/one-click/abc"] {
        let request = TestRequest::post().uri(path).insert_header(("sec-fetch-site", "cross-site")).set_payload("x");
        assert_eq!(ask(HOME, request).await.0, 200, "{path}");
    }
}

#[actix_web::test]
async fn reading_needs_no_token() {
    let request = TestRequest::get().uri("/change").insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(ask(HOME, request).await.0, 200);
}

#[test]
fn a_page_that_hides_its_address_still_has_a_working_form() {
    let cases = [
        ("https://reach.example", "/reset/abc", true),
        ("https://reach.example", "/settings", false),
        ("http://192.0.2.4:8080", "/settings", true),
    ];
    for (public_url, path, expected) in cases {
        let mut site = Site::new(Url::parse(public_url).unwrap());
        site.token_prefixes = vec!["/reset".into()];
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, "null".parse().unwrap());
        assert_eq!(came_from_us(&site, path, &headers), expected, "{public_url}{path}");
    }
}

#[test]
fn asked_by_address_the_address_is_our_origin() {
    let site = Site::new(Url::parse(HOME).unwrap());
    let cases = [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
        ("http://localhost:8080", "localhost:8080", true),
        ("http://127.0.0.1:9000", "127.0.0.1:8080", false),
        ("http://evil.example", "evil.example", false),
        ("http://reach.example", "reach.example", false),
    ];
    for (source, host, expected) in cases {
        assert_eq!(is_our_origin(&site, source, Some(host)), expected, "{source} asked as {host}");
    }
}

#[actix_web::test]
async fn a_visitor_gets_a_cookie_with_the_first_form_and_can_send_it() {
    let request = TestRequest::default().app_data(Data::new(cookies())).to_http_request();
    let first = CsrfToken::extract(&request).await.unwrap();
    let second = CsrfToken::extract(&request).await.unwrap();
    assert_ne!(first.0, second.0, "every form has a token of its own");
    let set = pending(&request);
    assert_eq!(set.len(), 1, "one cookie for both");
    let visit = Cookie::parse_encoded(set[0].to_str().unwrap().to_owned()).unwrap();
    assert_eq!(visit.name(), "__Host-visit");
    for token in [first, second] {
        let request = TestRequest::post()
            .uri("/change")
            .cookie(Cookie::new("__Host-visit", visit.value().to_owned()))
            .insert_header((HEADER, token.0));
        assert_eq!(ask(HOME, request).await.0, 200);
    }
}
