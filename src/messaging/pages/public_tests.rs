use actix_web::body::to_bytes;
use actix_web::test;
use actix_web::web::{self, Data};

use super::*;
use crate::base::{ConnectionId, ContactId, EmailAddress, WorkspaceId};
use crate::messaging::testing::queue_mail;
use crate::testing::{app, TestApp, NOW};

fn token(test: &TestApp) -> (String, EmailAddress) {
    let message = queue_mail(&test.app, test.workspace, "anna@fellside.example");
    let links = crate::messaging::mail_links(&test.app, &message).unwrap();
    (links.unsubscribe.rsplit('/').next().unwrap().to_owned(), message.to)
}

async fn request(test: &TestApp, post: Option<(&str, &str)>, token: &str) -> (u16, String) {
    let data: Data<App> = Data::from(test.app.clone());
    let service = test::init_service(actix_web::App::new().app_data(data).configure(super::super::routes)).await;
    let path = format!("/u/{token}");
    let request = match post {
        None => test::TestRequest::get().uri(&path),
        Some((kind, body)) => {
            test::TestRequest::post().uri(&path).insert_header(("content-type", kind)).set_payload(body.to_owned())
        }
    };
    let response = test::call_service(&service, request.to_request()).await;
    let status = response.status().as_u16();
    assert!(!response.headers().contains_key("location") && !response.headers().contains_key("set-cookie"));
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn is_off(test: &TestApp, address: &EmailAddress) -> bool {
    let found = test.app.store.read(|txn| is_suppressed(txn, test.workspace, address, Purpose::Outreach));
    found.unwrap().is_some()
}

const FORM: &str = "application/x-www-form-urlencoded";

#[actix_web::test]
async fn looking_at_the_page_takes_nobody_off() {
    let test = app();
    let (token, anna) = token(&test);
    for _ in 0..3 {
        let (status, page) = request(&test, None, &token).await;
        assert_eq!(status, 200);
        assert!(
            page.contains("Stop mail from Fernhill Heat Pumps?") && page.contains("a•••@fellside.example"),
            "{page}"
        );
        assert!(!page.contains("anna@"), "the address is not shown to whoever has the link");
    }
    assert!(!is_off(&test, &anna));
}

#[actix_web::test]
async fn one_click_takes_off_at_once_without_a_redirect_and_again_is_harmless() {
    let boundary = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let bodies = [(FORM, "List-Unsubscribe=One-Click"), ("multipart/form-data; boundary=b", boundary)];
    for body in bodies {
        let test = app();
        let (token, anna) = token(&test);
        for _ in 0..3 {
            let (status, text) = request(&test, Some(body), &token).await;
            assert_eq!((status, text.as_str()), (200, "Done. No more mail from us.\n"));
        }
        assert!(is_off(&test, &anna));
        let (_, page) = request(&test, None, &token).await;
        assert!(page.contains("Done. No more mail from us."), "{page}");
    }
}

#[actix_web::test]
async fn a_post_that_says_nothing_takes_nobody_off() {
    for body in ["", "List-Unsubscribe=Maybe", "hello", "{}"] {
        let test = app();
        let (token, anna) = token(&test);
        let (status, page) = request(&test, Some((FORM, body)), &token).await;
        assert_eq!(status, 400, "{body}");
        assert!(page.contains("Stop mail from Fernhill Heat Pumps?"), "the button is there: {page}");
        assert!(!is_off(&test, &anna), "{body}");
    }
}

#[actix_web::test]
async fn the_button_answers_with_a_page() {
    let test = app();
    let (token, anna) = token(&test);
    let (status, page) = request(&test, Some((FORM, "from=page")), &token).await;
    assert_eq!(status, 200);
    assert!(page.contains("was taken off at 10:00 on 24 November"), "{page}");
    assert!(is_off(&test, &anna));
}

#[actix_web::test]
async fn a_link_from_a_mail_to_somebody_erased_still_answers_kindly() {
    let test = app();
    let gone = crate::messaging::NewMessage::new(
        NOW,
        test.workspace,
        ContactId::new(NOW),
        Purpose::Outreach,
        &crate::messaging::testing::mailbox(test.workspace, ConnectionId::new(NOW)),
        &EmailAddress::parse("gone@fellside.example").unwrap(),
    );
    let links = crate::messaging::mail_links(&test.app, gone.message()).unwrap();
    let token = links.unsubscribe.rsplit('/').next().unwrap().to_owned();
    let (status, page) = request(&test, Some((FORM, "from=page")), &token).await;
    assert_eq!(status, 200);
    assert!(page.contains("Nothing about you is held here any more"), "{page}");
}

#[actix_web::test]
async fn a_link_that_was_cut_or_invented_says_what_to_do() {
    let test = app();
    let (token, anna) = token(&test);
    let foreign = {
        let other = app();
        let (foreign, _) = self::token(&other);
        foreign
    };
    for bad in [&token[..token.len() - 4], "x", &foreign] {
        let (status, page) = request(&test, Some((FORM, "List-Unsubscribe=One-Click")), bad).await;
        assert_eq!(status, 404, "{bad}");
        assert!(page.contains("This link is not complete"), "{page}");
    }
    assert!(!is_off(&test, &anna));
    let _: WorkspaceId = test.workspace;
}

#[actix_web::test]
async fn one_token_cannot_be_posted_without_end() {
    let test = app();
    let (token, _) = token(&test);
    let data: Data<App> = Data::from(test.app.clone());
    let limits = Data::new(TokenLimits::default());
    let mut answers = Vec::new();
    for _ in 0..=TRIES {
        let path = Path::from(token.clone());
        answers.push(
            act(data.clone(), limits.clone(), path, Bytes::from_static(b"List-Unsubscribe=One-Click")).await.is_ok(),
        );
    }
    assert!(answers[..TRIES as usize].iter().all(|ok| *ok) && !answers[TRIES as usize]);
    let _ = web::get();
}

#[actix_web::test]
async fn opting_out_holds_also_for_somebody_of_whom_nothing_is_left() {
    let test = app();
    let gone = crate::messaging::NewMessage::new(
        NOW,
        test.workspace,
        ContactId::new(NOW),
        Purpose::Outreach,
        &crate::messaging::testing::mailbox(test.workspace, ConnectionId::new(NOW)),
        &EmailAddress::parse("gone@fellside.example").unwrap(),
    );
    let links = crate::messaging::mail_links(&test.app, gone.message()).unwrap();
    let token = links.unsubscribe.rsplit('/').next().unwrap().to_owned();
    assert!(!is_off(&test, &gone.message().to));
    for _ in 0..2 {
        assert_eq!(request(&test, Some((FORM, "List-Unsubscribe=One-Click")), &token).await.0, 200);
        assert!(is_off(&test, &gone.message().to), "also when the address comes back in a file");
    }
}
