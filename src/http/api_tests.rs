use super::*;
use actix_web::body::to_bytes;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::test::TestRequest;
use serde_json::{json, Value};

async fn body(error: &ApiError) -> Value {
    serde_json::from_slice(&to_bytes(error.error_response().into_body()).await.unwrap()).unwrap()
}

#[actix_web::test]
async fn a_refusal_is_a_problem_document_that_names_the_wrong_values() {
    let error = ApiError::invalid(vec![
        FieldError::at("/email", "Write an address, for example ada@example.com."),
        FieldError::at("/tags/3", "A tag has at most 40 characters."),
    ]);
    assert_eq!(error.error_response().headers().get(CONTENT_TYPE).unwrap(), PROBLEM_JSON);
    assert_eq!(
        body(&error).await,
        json!({
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "2 values are wrong. Nothing was changed.",
            "code": "invalid",
            "errors": [
                {"pointer": "#/email", "detail": "Write an address, for example ada@example.com."},
                {"pointer": "#/tags/3", "detail": "A tag has at most 40 characters."},
            ],
        })
    );
}

#[actix_web::test]
async fn each_page_error_has_its_counterpart_for_programs() {
    let cases = [
        (PageError::SignIn { next: "/".into() }, 401, "no_valid_key"),
        (PageError::NotFound, 404, "not_found"),
        (PageError::Denied("no".into()), 403, "denied"),
        (PageError::Method { allow: "GET".into() }, 405, "method_not_allowed"),
        (PageError::bad_request("a", "b"), 400, "bad_request"),
        (PageError::TooLarge { limit_bytes: 1 }, 413, "too_large"),
        (PageError::TooMany { retry_after: Duration::from_secs(7) }, 429, "too_many_requests"),
        (PageError::conflict("a", "b"), 409, "conflict"),
        (PageError::Unavailable { what: "a".into(), cure: "b".into() }, 503, "unavailable"),
        (PageError::Internal { id: "f00".into() }, 500, "internal"),
    ];
    for (page, status, code) in cases {
        let error = ApiError::from(page);
        let problem = body(&error).await;
        assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(status), Some(code)));
    }
}

#[actix_web::test]
async fn an_error_of_ours_tells_its_name_in_the_log_and_not_its_cause() {
    let cause = std::io::Error::other("/var/secret/path is gone");
    let error = ApiError::internal("could not read", &cause);
    let problem = body(&error).await;
    let id = error.error_response().headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
    assert_eq!(problem["instance"], format!("urn:launchyard:request:{id}"));
    assert!(!problem.to_string().contains("secret"));
}

#[test]
fn headers_say_how_to_sign_in_and_how_long_to_wait() {
    let response = ApiError::unauthorized().error_response();
    assert_eq!(response.headers().get(WWW_AUTHENTICATE).unwrap(), "Bearer");
    let response = ApiError::too_many(Duration::from_secs(7)).error_response();
    assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "7");
}

#[test]
fn a_key_is_read_from_the_authorization_header_alone() {
    let cases = [
        (Some("Bearer SK1.abc"), Some("SK1.abc")),
        (Some("bearer  SK1.abc "), Some("SK1.abc")),
        (Some("Basic SK1.abc"), None),
        (Some("Bearer "), None),
        (Some("Bearer a b"), None),
        (None, None),
    ];
    for (header, expected) in cases {
        let mut request = TestRequest::with_uri("/v1/contacts?key=SK9");
        if let Some(value) = header {
            request = request.insert_header((AUTHORIZATION, value));
        }
        assert_eq!(bearer_key(&request.to_http_request()).ok(), expected, "{header:?}");
    }
}
