//! An offer that waits until its times have passed, or until somebody else has taken one, offers others.

use std::time::Duration;

use actix_web::test::{call_service, init_service, read_body, TestRequest};
use actix_web::web::Data;
use actix_web::HttpMessage;

use super::desk::{add_contact, at, Desk};
use super::on_event::Office;
use crate::app::{App, Occasion, Renewed};
use crate::base::UnixMillis;
use crate::bookings::renew::renew_as_read;
use crate::bookings::service::decline;
use crate::bookings::{create, renew, Anyway, NewBooking};
use crate::drafts::{self, Draft};
use crate::http::layout::Layout;
use crate::http::{Cookies, Frame, MacKey};
use crate::language::ground::take_links;
use crate::messaging::{ProposedTime, Reading};
use crate::workers::Meeting;

/// The one draft with three times, the first of them on Wednesday.
pub(super) fn offer(desk: &Desk) -> Draft {
    desk.reply("How about tomorrow at 10?");
    let draft = desk.drafts().remove(0);
    assert_eq!(draft.offered.len(), 3, "{}", draft.text);
    draft
}

fn standing(desk: &Desk) -> Draft {
    desk.drafts().remove(0)
}

pub(super) fn look(desk: &Desk, draft: &Draft) -> Renewed {
    renew(desk.app(), draft.workspace, draft.id, Occasion::Leaves).unwrap()
}

/// To just behind the first of the offered times.
pub(super) fn pass_the_first(desk: &Desk, draft: &Draft) -> UnixMillis {
    let first = draft.offered[0].0;
    desk.advance(first.since(desk.app().now()) + Duration::from_secs(60));
    assert!(desk.app().now() > first && desk.app().now() < draft.expires_at);
    desk.app().now()
}

fn edit(desk: &Desk, draft: &Draft, text: String) -> Draft {
    let edited = Draft { edited_text: Some(text), edited_at: Some(desk.app().now()), ..draft.clone() };
    desk.app().store.write(|txn| drafts::put(txn, &edited)).unwrap();
    edited
}

#[test]
fn an_offer_of_which_a_time_has_passed_offers_as_many_others() {
    let desk = Desk::new();
    let draft = offer(&desk);
    assert_eq!(look(&desk, &draft), Renewed::Stands, "all are to come and free");
    let now = pass_the_first(&desk, &draft);
    assert_eq!(look(&desk, &draft), Renewed::Anew);
    let anew = standing(&desk);
    assert_eq!(anew.offered.len(), 3);
    assert!(anew.offered.iter().all(|(start, _)| *start > now), "{}", anew.text);
    assert!(anew.offered_words().iter().all(|words| anew.text.contains(words)), "{}", anew.text);
    assert_eq!((anew.id, anew.ungrounded.len(), anew.is_edited()), (draft.id, 0, false));
    assert_ne!(anew.text, draft.text);
    assert_eq!(look(&desk, &draft), Renewed::Stands, "once");
}

#[test]
fn a_time_that_somebody_else_has_taken_is_not_offered_any_more() {
    let desk = Desk::new();
    let draft = offer(&desk);
    let tom = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let taken = draft.offered[1].0;
    let by_hand = NewBooking { contact: tom, worker: desk.worker, start: taken };
    create(desk.app(), &desk.world.owner, &by_hand, &Anyway::default()).unwrap();
    assert_eq!(look(&desk, &draft), Renewed::Anew);
    let anew = standing(&desk);
    assert_eq!(anew.offered.len(), 3);
    assert!(anew.offered.iter().all(|(start, _)| *start != taken), "{}", anew.text);
}

#[test]
fn on_an_event_type_each_new_time_has_a_link_of_its_own() {
    let office = Office::new();
    let draft = offer(&office.desk);
    let links = |draft: &Draft| take_links(&draft.text).0;
    assert_eq!(links(&draft).len(), 3, "{}", draft.text);
    pass_the_first(&office.desk, &draft);
    assert_eq!(look(&office.desk, &draft), Renewed::Anew);
    let anew = standing(&office.desk);
    assert_eq!((links(&anew).len(), anew.ungrounded.len()), (3, 0), "{}", anew.text);
    assert!(!links(&anew).contains(&links(&draft)[0]), "{}", anew.text);
    assert_eq!(look(&office.desk, &anew), Renewed::Stands);
}

#[test]
fn words_of_a_person_are_written_anew_only_when_a_person_says_so() {
    let desk = Desk::new();
    let draft = offer(&desk);
    let edited = edit(&desk, &draft, draft.text.replace("Hello", "Dear"));
    assert_eq!(look(&desk, &edited), Renewed::Stands);
    pass_the_first(&desk, &draft);
    let first = draft.offered_words()[0].to_owned();
    match look(&desk, &edited) {
        Renewed::Stuck(why) => assert!(why.contains(&first) && why.contains("edited"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(standing(&desk), edited, "nothing of it was touched");
    assert_eq!(renew(desk.app(), draft.workspace, draft.id, Occasion::Wanted).unwrap(), Renewed::Anew);
    assert!(!standing(&desk).is_edited() && standing(&desk).text != draft.text);
}

#[test]
fn a_time_that_a_person_has_left_out_may_pass() {
    let desk = Desk::with_meeting(Meeting { notice: 0, ..Meeting::default() });
    let draft = offer(&desk);
    let first = format!("- {}\n", draft.offered_words()[0]);
    let shorter = edit(&desk, &draft, draft.text.replace(&first, ""));
    assert_ne!(shorter.final_text(), draft.text);
    pass_the_first(&desk, &draft);
    assert_eq!(look(&desk, &shorter), Renewed::Stands);
    // In words of their own a time cannot be found again: it counts until they look once more.
    let own = edit(&desk, &Draft { edited_at: None, ..draft.clone() }, "Hello Gwen,\n\nas we said?".into());
    let before = Draft { edited_at: Some(draft.created_at), ..own.clone() };
    desk.app().store.write(|txn| drafts::put(txn, &before)).unwrap();
    assert!(matches!(look(&desk, &before), Renewed::Stuck(_)));
    desk.app().store.write(|txn| drafts::put(txn, &own)).unwrap();
    assert_eq!(look(&desk, &own), Renewed::Stands);
}

#[test]
fn where_nothing_else_can_be_offered_it_says_so() {
    let desk = Desk::new();
    let draft = offer(&desk);
    desk.change_worker(|worker| worker.calendar = None);
    assert_eq!(look(&desk, &draft), Renewed::Stands, "what cannot be read tells nothing against a time");
    pass_the_first(&desk, &draft);
    assert!(matches!(look(&desk, &draft), Renewed::Stuck(_)));
    assert_eq!(standing(&desk).text, draft.text);
    assert!(at("2026-11-25T00:00:00Z") < desk.app().now());
}

/// A worker that may book without notice, so that what stands beside a time that has just passed can still be had.
fn without_notice() -> Desk {
    Desk::with_meeting(Meeting { notice: 0, ..Meeting::default() })
}

fn office_without_notice() -> Office {
    Office::with(|event| event.notice = 0)
}

const WEDNESDAY: &str = "2026-11-25T11:30:00Z";

#[test]
fn the_time_that_a_person_has_declined_is_not_offered_in_its_turn() {
    let (own, office) = (without_notice(), office_without_notice());
    for (name, desk) in [("own hours", &own), ("event type", &office.desk)] {
        desk.reply("Could you do Wednesday at 11:30?");
        let asked = desk.bookings().remove(0);
        assert_eq!(asked.start, at(WEDNESDAY), "{name}");
        decline(desk.app(), &desk.world.owner, asked.id).unwrap();
        let draft = standing(desk);
        assert!(draft.offered[0].0 < asked.start, "{name}: {}", draft.text);
        assert!(pass_the_first(desk, &draft) < asked.start, "{name}");
        assert_eq!(look(desk, &draft), Renewed::Anew, "{name}");
        let anew = standing(desk);
        assert_eq!(anew.offered.len(), 3, "{name}");
        assert!(anew.offered.iter().all(|(start, _)| *start != asked.start), "{name}: {}", anew.text);
    }
}

/// The guest leaves the hour to us, on Wednesday from noon to evening; somebody else takes the first of what is offered.
fn afternoon(desk: &Desk) -> Draft {
    desk.may_book_by_itself();
    let window = ProposedTime {
        start: at("2026-11-25T12:00:00Z"),
        end: Some(at("2026-11-25T17:00:00Z")),
        source_text: "Wednesday afternoon".into(),
        ambiguous: false,
    };
    let text = "Wednesday afternoon would suit.";
    desk.reply_read(desk.contact, text, &[], |reading| Reading { times: vec![window], ..reading });
    desk.settle();
    let draft = standing(desk);
    assert!(draft.offered.len() > 1 && in_the_afternoon(&draft), "{}", draft.text);
    let tom = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let by_hand = NewBooking { contact: tom, worker: desk.worker, start: draft.offered[0].0 };
    create(desk.app(), &desk.world.owner, &by_hand, &Anyway::default()).unwrap();
    desk.settle();
    draft
}

/// All of them on Wednesday, after lunch.
fn in_the_afternoon(draft: &Draft) -> bool {
    let (from, to) = (at("2026-11-25T13:00:00Z"), at("2026-11-25T17:00:00Z"));
    draft.offered.iter().all(|(start, end)| (from..to).contains(start) && *end <= to)
}

#[test]
fn what_was_offered_inside_a_window_is_offered_inside_it_again() {
    let (own, office) = (without_notice(), office_without_notice());
    for (name, desk) in [("own hours", &own), ("event type", &office.desk)] {
        let draft = afternoon(desk);
        assert_eq!(look(desk, &draft), Renewed::Anew, "{name}");
        let anew = standing(desk);
        assert!(in_the_afternoon(&anew), "{name}: {}", anew.text);
        assert!(!anew.offered.contains(&draft.offered[0]), "{name}: {}", anew.text);
        assert!(draft.offered[1..].iter().all(|stands| anew.offered.contains(stands)), "{name}: {}", anew.text);
    }
}

#[test]
fn where_all_of_the_window_is_taken_times_near_it_are_offered_and_say_so() {
    let desk = without_notice();
    let draft = afternoon(&desk);
    desk.add_event("Away", "2026-11-25T12:00:00Z", "2026-11-25T17:00:00Z");
    assert_eq!(look(&desk, &draft), Renewed::Anew);
    let anew = standing(&desk);
    let away = at("2026-11-25T12:00:00Z")..at("2026-11-25T17:00:00Z");
    assert_eq!(anew.offered.len(), draft.offered.len(), "{}", anew.text);
    assert!(anew.offered.iter().all(|(start, end)| !away.contains(start) && *end != away.end), "{}", anew.text);
    assert!(anew.text.contains("not free any more"), "{}", anew.text);
}

/// The page of a draft, as its owner opens it.
async fn open(desk: &Desk, path: &str) -> String {
    let data: Data<App> = Data::from(desk.world.test.app.clone());
    let cookies = Data::new(Cookies::new(MacKey::new([7; 32]), false));
    let app = actix_web::App::new().app_data(data).app_data(cookies).configure(crate::agents::routes);
    let service = init_service(app).await;
    let request = TestRequest::get().uri(path).to_request();
    request.extensions_mut().insert(desk.world.owner.clone());
    request.extensions_mut().insert(Frame(Layout { lang: "en".into(), ..Layout::default() }));
    let response = call_service(&service, request).await;
    assert!(response.status().is_success(), "{path}: {}", response.status());
    String::from_utf8_lossy(&read_body(response).await).into_owned()
}

#[actix_web::test]
async fn a_page_is_written_by_what_is_known_here_and_asks_nobody() {
    let (own, office) = (without_notice(), office_without_notice());
    for (name, desk) in [("own hours", &own), ("event type", &office.desk)] {
        let draft = offer(desk);
        let now = pass_the_first(desk, &draft);
        desk.sync();
        desk.world.forget_requests();
        for path in ["/approvals".to_owned(), format!("/approvals/{}", draft.id)] {
            let page = open(desk, &path).await;
            let anew = standing(desk);
            assert!(anew.text != draft.text && anew.offered.iter().all(|(start, _)| *start > now), "{name}");
            assert!(page.contains(anew.offered_words()[0]), "{name}: {page}");
        }
        assert_eq!(desk.world.requests(), Vec::<String>::new(), "{name}");
        assert_eq!(look(desk, &draft), Renewed::Stands, "{name}");
        assert!(!desk.world.requests().is_empty(), "{name}: before it leaves, the calendar is asked");
    }
}

#[test]
fn what_was_changed_while_its_times_were_looked_at_is_left_relocated() {
    let desk = Desk::new();
    let draft = offer(&desk);
    pass_the_first(&desk, &draft);
    let edited = edit(&desk, &draft, draft.text.replace("Hello", "Dear"));
    for occasion in [Occasion::Shown, Occasion::Leaves, Occasion::Wanted] {
        assert_eq!(renew_as_read(desk.app(), &draft, occasion).unwrap(), Renewed::Overtaken, "{occasion:?}");
    }
    assert_eq!(standing(&desk), edited);
}
