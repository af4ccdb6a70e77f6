use super::*;
use crate::http::site::ClientIp;
use actix_web::body::to_bytes;
use actix_web::middleware::from_fn;
use actix_web::test::{init_service, try_call_service, TestRequest};
use actix_web::{web, App, HttpResponse};
use url::Url;

fn site(public_url: &str) -> Site {
    let mut site = Site::new(Url::parse(public_url).unwrap());
    site.token_prefixes = vec!["/u".into()];
    site.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    site.max_body_bytes = 100;
    site.max_json_bytes = 500;
    site.max_upload_bytes = 1000;
    site
}

/// What the guard answers to `request`, as status, headers and text.
async fn ask(site: Site, request: TestRequest) -> (u16, HeaderMap, String) {
    let page = |kind: &'static str| move || async move { HttpResponse::Ok().content_type(kind).body("<p>here</p>") };
    let app = App::new()
        .app_data(Data::new(site))
        .service(web::resource("/page").route(web::get().to(page("text/html; charset=utf-8"))))
        .route("/u/{token}", web::get().to(page("text/html; charset=utf-8")))
        .route("/v1/list", web::get().to(page("application/json")))
        .route(
            "/embed",
            web::get().to(|| async {
                HttpResponse::Ok()
                    .insert_header((header::CONTENT_SECURITY_POLICY, "frame-ancestors https://shop.example"))
                    .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
                    .body("")
            }),
        )
        .route("/ip", web::get().to(|ip: ClientIp| async move { ip.to_string() }))
        .route("/fails", web::get().to(|| async { Err::<String, _>(actix_web::error::ErrorBadGateway("no")) }))
        .route("/panics", web::get().to(panics))
        .route("/v1/panics", web::get().to(panics))
        .route("/echo", web::post().to(|body: web::Bytes| async move { body.len().to_string() }))
        .wrap(from_fn(guard));
    let answered = try_call_service(&init_service(app).await, request.to_request()).await;
    // The server turns an error that no handler answered into its response, as is done here.
    let answered = answered.map(|response| response.into_parts().1.map_into_boxed_body());
    let response = answered.unwrap_or_else(|error| error.error_response());
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap())
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(("host", "reach.example"))
}

async fn panics() -> HttpResponse {
    panic!("in a handler")
}

const EVERYWHERE: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("strict-transport-security", "max-age=31536000"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

#[actix_web::test]
async fn every_answer_carries_the_security_headers_whoever_made_it() {
    let trace = TestRequest::default().method(Method::TRACE).uri("/page").insert_header(("host", "reach.example"));
    let cases = [
        ("a page", get("/page"), 200),
        ("an API answer", get("/v1/list"), 200),
        ("nothing at this address", get("/none"), 404),
        ("a failing handler", get("/fails"), 502),
        ("a panicking handler", get("/panics"), 500),
        ("a panicking API handler", get("/v1/panics"), 500),
        ("a wrong method", TestRequest::put().uri("/page").insert_header(("host", "reach.example")), 405),
        ("a foreign host", get("/page").insert_header(("host", "evil.example")), 400),
        ("no host", TestRequest::get().uri("/page"), 400),
        ("TRACE", trace, 405),
        (
            "a body too large",
            TestRequest::post()
                .uri("/echo")
                .insert_header(("host", "reach.example"))
                .insert_header(("content-length", "101")),
            413,
        ),
    ];
    for (name, request, expected) in cases {
        let (status, headers, _) = ask(site("https://reach.example"), request).await;
        assert_eq!(status, expected, "{name}");
        for (header, value) in EVERYWHERE {
            assert_eq!(headers.get(header).map(|v| v.to_str().unwrap()), Some(value), "{name}: {header}");
        }
        assert!(headers.contains_key("content-security-policy"), "{name}");
        assert_eq!(headers.get("x-request-id").unwrap().len(), 16, "{name}");
    }
}

#[actix_web::test]
async fn pages_run_our_files_only_and_data_runs_nothing() {
    let csp = |headers: &HeaderMap| headers.get("content-security-policy").unwrap().to_str().unwrap().to_owned();
    let (_, page, _) = ask(site("https://reach.example"), get("/page")).await;
    assert_eq!(csp(&page), PAGE_CSP);
    assert!(!PAGE_CSP.contains("unsafe"));
    let (_, data, _) = ask(site("https://reach.example"), get("/v1/list")).await;
    assert_eq!(csp(&data), DATA_CSP);
}

#[actix_web::test]
async fn a_handler_may_say_otherwise_for_its_own_page() {
    let (_, headers, _) = ask(site("https://reach.example"), get("/embed")).await;
    assert_eq!(headers.get("content-security-policy").unwrap(), "frame-ancestors https://shop.example");
    assert_eq!(headers.get("cache-control").unwrap(), "public, max-age=60");
}

#[actix_web::test]
async fn an_address_that_holds_a_secret_is_told_to_nobody() {
    let (_, secret, _) = ask(site("https://reach.example"), get("/u/abc")).await;
    assert_eq!(secret.get("referrer-policy").unwrap(), "no-referrer");
    let (_, plain, _) = ask(site("https://reach.example"), get("/page")).await;
    assert_eq!(plain.get("referrer-policy").unwrap(), "strict-origin-when-cross-origin");
}

#[actix_web::test]
async fn plain_http_promises_no_tls() {
    let (_, headers, _) =
        ask(site("http://127.0.0.1:8080"), get("/page").insert_header(("host", "127.0.0.1:8080"))).await;
    assert!(!headers.contains_key("strict-transport-security"));
}

#[actix_web::test]
async fn the_client_is_the_one_our_proxy_saw() {
    let from =
        |peer: &str| get("/ip").peer_addr(peer.parse().unwrap()).insert_header(("x-forwarded-for", "198.51.100.7"));
    assert_eq!(ask(site("https://reach.example"), from("10.0.0.2:1")).await.2, "198.51.100.7");
    assert_eq!(ask(site("https://reach.example"), from("203.0.113.9:1")).await.2, "203.0.113.9");
}

#[actix_web::test]
async fn the_api_refuses_a_key_that_came_in_clear() {
    let request =
        |peer: &str| get("/v1/list").peer_addr(peer.parse().unwrap()).insert_header(("x-forwarded-proto", "http"));
    let (status, headers, _) = ask(site("https://reach.example"), request("10.0.0.2:1")).await;
    assert_eq!(status, 403);
    assert_eq!(headers.get("content-type").unwrap(), "application/problem+json");
    assert_eq!(ask(site("https://reach.example"), request("203.0.113.9:1")).await.0, 200, "only our proxy is believed");
}

#[actix_web::test]
async fn a_body_is_limited_by_what_it_is() {
    let post = |kind: &'static str, length: usize| {
        TestRequest::post()
            .uri("/echo")
            .insert_header(("host", "reach.example"))
            .insert_header(("content-type", kind))
            .insert_header(("content-length", length.to_string()))
            .set_payload(vec![b'x'; length])
    };
    let cases = [
        ("application/x-www-form-urlencoded", 100, 200),
        ("application/x-www-form-urlencoded", 101, 413),
        ("application/json", 500, 200),
        ("application/json; charset=utf-8", 501, 413),
        ("text/csv; charset=utf-8", 1000, 200),
        ("multipart/form-data; boundary=x", 1001, 413),
    ];
    for (kind, length, expected) in cases {
        assert_eq!(ask(site("https://reach.example"), post(kind, length)).await.0, expected, "{kind} {length}");
    }
}
