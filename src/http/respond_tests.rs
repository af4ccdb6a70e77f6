use super::*;
use actix_web::body::to_bytes;

async fn text(response: HttpResponse) -> String {
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

#[test]
fn a_redirect_never_leads_off_this_site() {
    let cases = [
        ("/contacts?tag=hotel", "/contacts?tag=hotel"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ];
    for (asked, expected) in cases {
        let response = see_other(asked);
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers().get(LOCATION).unwrap(), expected, "{asked:?}");
    }
}

#[actix_web::test]
async fn each_error_has_its_status_and_says_what_and_what_next() {
    let cases = [
        (PageError::NotFound, 404, "Not here"),
        (PageError::Denied("Only owners may close the workspace.".into()), 403, "Only owners may close the workspace."),
        (PageError::bad_request("Row 14 has 6 columns.", "Give it 5."), 400, "Give it 5."),
        (PageError::TooLarge { limit_bytes: 5 << 20 }, 413, "larger than 5 MB"),
        (PageError::TooMany { retry_after: Duration::from_millis(200) }, 429, "Try again in a second."),
        (PageError::conflict("11:00 was taken.", "11:30 is free."), 409, "11:30 is free."),
        (
            PageError::Unavailable { what: "The disk is full.".into(), cure: "Free some space.".into() },
            503,
            "The disk is full.",
        ),
        (PageError::Internal { id: "ab12".into() }, 500, "<code>ab12</code>"),
    ];
    for (error, status, words) in cases {
        let name = error.to_string();
        let response = error.error_response();
        assert_eq!(response.status().as_u16(), status, "{name}");
        let page = text(response).await;
        assert!(page.contains(words), "{name}: {page}");
        assert!(page.contains("<a class=\"btn btn-primary\" href=\"/\""), "{name} has one way on");
    }
}

#[actix_web::test]
async fn what_a_person_typed_is_shown_as_text() {
    let page = text(PageError::bad_request("<script>alert(1)</script>", "").error_response()).await;
    assert!(!page.contains("<script>"), "{page}");
}

#[test]
fn somebody_not_signed_in_comes_back_after_signing_in() {
    let cases = [
        ("/outreach?tag=a&b=c", "/signin?next=%2Foutreach%3Ftag%3Da%26b%3Dc"),
        ("/", "/signin"),
        ("https://evil.example", "/signin"),
    ];
    for (next, expected) in cases {
        let response = PageError::SignIn { next: next.into() }.error_response();
        assert_eq!(response.headers().get(LOCATION).unwrap(), expected);
    }
}

#[test]
fn a_wait_is_told_to_programs_in_whole_seconds() {
    let response = PageError::TooMany { retry_after: Duration::from_millis(1500) }.error_response();
    assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "2");
}

#[actix_web::test]
async fn a_panicking_service_is_an_answer_with_an_id() {
    let result = run(|| -> u32 { panic!("in a service") }).await;
    assert!(matches!(result, Err(PageError::Internal { id }) if id.len() == 16));
    assert_eq!(run(|| 7).await.unwrap(), 7);
}
