//! What a visitor asks for is declined in two steps; whoever asked hears why, in their own language.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::test::{call_service, init_service, read_body, TestRequest};
use actix_web::web::Data;
use actix_web::HttpMessage;

use super::companions::Office;
use super::desk::{at, guest, GWEN};
use crate::app::App;
use crate::availability::Every;
use crate::bookings::model::{Booking, Source};
use crate::bookings::public::{book, book_series, Guest};
use crate::bookings::series;
use crate::bookings::service::{accept, cancel, Anyway, BookError};
use crate::bookings::types::{self, EventType, Repeats};
use crate::bookings::{asked_for, count_asked_for, dismiss, store};
use crate::events::{self, Ended, Happened};
use crate::http::layout::Layout;
use crate::http::{Cookies, Frame, MacKey};

const REASON: &str = "That week our workshop is closed.";

fn asked() -> (Office, Booking) {
    let office = Office::open("mail");
    let event = EventType { needs_approval: true, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    let gwen = Guest { language: "de".into(), ..guest("Gwen Hartley", GWEN) };
    let asked = book(office.desk.app(), &event, &gwen.wants(at("2026-11-26T11:30:00Z"), 30, Source::Page)).unwrap();
    office.desk.settle();
    (office, asked)
}

fn stored(office: &Office, booking: &Booking) -> Booking {
    store::get(&office.desk.app().store, booking.workspace, booking.id).unwrap().unwrap()
}

#[test]
fn whoever_asked_hears_why_and_the_log_says_that_a_request_was_declined() {
    let (office, asked) = asked();
    let (app, workspace) = (office.desk.app(), asked.workspace);
    let [waits] = &asked_for(app, workspace, 10).unwrap()[..] else { panic!("one waits") };
    assert_eq!((waits.who.as_str(), waits.what.as_str()), ("Gwen Hartley", "First call, Thu 26 Nov, 11:30"));
    assert_eq!(count_asked_for(app, workspace).unwrap(), 1);
    office.desk.advance(Duration::from_secs(60));
    dismiss(app, &office.desk.world.owner, asked.id, REASON).unwrap();
    office.desk.settle();
    let after = stored(&office, &asked);
    assert_eq!((after.words(), after.details.declined), ("Declined", true));
    assert_eq!(count_asked_for(app, workspace).unwrap(), 0);
    let letter = office.desk.letters().pop().unwrap();
    assert!(letter.subject.starts_with("Leider nicht möglich"), "{}", letter.subject);
    assert!(letter.text.contains(REASON), "{}", letter.text);
    let newest = events::list_newest(&app.store, workspace, None, None, 20).unwrap().rows;
    let ended = newest.iter().find_map(|event| match event.what {
        Happened::BookingCancelled { ended, .. } => Some(ended),
        _ => None,
    });
    assert_eq!(ended, Some(Ended::Declined));
    assert_eq!(Ended::Declined.words(), "Request declined");
}

async fn ask(office: &Office, request: TestRequest) -> (StatusCode, String) {
    let data: Data<App> = Data::from(office.desk.world.test.app.clone());
    let cookies = Data::new(Cookies::new(MacKey::new([7; 32]), false));
    let app = actix_web::App::new().app_data(data).app_data(cookies).configure(crate::bookings::routes);
    let service = init_service(app).await;
    let request = request.to_request();
    request.extensions_mut().insert(office.desk.world.owner.clone());
    request.extensions_mut().insert(Frame(Layout { lang: "en".into(), ..Layout::default() }));
    let response = call_service(&service, request).await;
    let status = response.status();
    (status, String::from_utf8_lossy(&read_body(response).await).into_owned())
}

#[actix_web::test]
async fn declining_is_asked_about_first() {
    let (office, asked) = asked();
    let path = format!("/calendar/{}", asked.id);
    let act = format!("{path}/dismiss");
    let (_, page) = ask(&office, TestRequest::get().uri(&path)).await;
    assert!(page.contains("Decline…") && page.contains(&format!(r#"href="{act}""#)), "{page}");
    let (status, page) = ask(&office, TestRequest::get().uri(&act)).await;
    assert!(status == StatusCode::OK && page.contains(r#"name="reason""#), "{page}");
    // An old page, or a button that nobody thought about.
    let (status, page) = ask(&office, TestRequest::post().uri(&act).set_form([("x", "y")])).await;
    assert!(status == StatusCode::OK && page.contains(r#"name="sure" value="yes""#), "{page}");
    let long = "a".repeat(501);
    let (status, page) =
        ask(&office, TestRequest::post().uri(&act).set_form([("sure", "yes"), ("reason", &long)])).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("At most 500 characters."), "{page}");
    assert!(stored(&office, &asked).is_request(), "nothing has happened yet");
    let form = [("sure", "yes"), ("reason", REASON)];
    let (status, _) = ask(&office, TestRequest::post().uri(&act).set_form(form)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = ask(&office, TestRequest::get().uri(&path)).await;
    assert!(page.contains("Declined") && page.contains(REASON), "{page}");
}

#[actix_web::test]
async fn a_meeting_is_cancelled_with_a_reason_that_is_never_cut() {
    let (office, asked) = asked();
    let (app, owner) = (office.desk.app(), &office.desk.world.owner);
    accept(app, owner, asked.id, None, &Anyway::default()).unwrap();
    office.desk.settle();
    let long = "a".repeat(501);
    assert!(matches!(cancel(app, owner, asked.id, &long), Err(BookError::ReasonLength)));
    let act = format!("/calendar/{}/cancel", asked.id);
    let (status, page) = ask(&office, TestRequest::get().uri(&act)).await;
    assert!(status == StatusCode::OK && page.contains(r#"maxlength="500""#), "{page}");
    let form = [("sure", "yes"), ("reason", long.as_str())];
    let (status, page) = ask(&office, TestRequest::post().uri(&act).set_form(form)).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("At most 500 characters."), "{page}");
    // Without the page that asks nothing ends.
    ask(&office, TestRequest::post().uri(&act).set_form([("reason", REASON)])).await;
    assert!(stored(&office, &asked).state.is_booked());
    let form = [("sure", "yes"), ("reason", REASON)];
    let (status, _) = ask(&office, TestRequest::post().uri(&act).set_form(form)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    office.desk.settle();
    assert!(office.desk.letters().iter().any(|letter| letter.text.contains(REASON)), "the guest reads why");
}

#[actix_web::test]
async fn declining_a_series_names_its_first_date_whichever_is_open() {
    let office = Office::open("mail");
    let repeats = Repeats { every: Every::Week, interval: 1, dates: 2, guest_chooses: false };
    let event = EventType { needs_approval: true, repeats: Some(repeats), ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    let wanted = guest("Gwen Hartley", GWEN).wants(at("2026-11-26T11:30:00Z"), 30, Source::Page);
    let later = [at("2026-12-03T11:30:00Z")];
    let first = book_series(office.desk.app(), &event, &wanted, &later, &mut Vec::new()).unwrap();
    for date in series::read(office.desk.app(), &first).unwrap() {
        let (_, page) = ask(&office, TestRequest::get().uri(&format!("/calendar/{}/dismiss", date.id))).await;
        assert!(page.contains("2 dates, the first on Thu 26 Nov 2026, 11:30"), "{page}");
    }
}
