use askama::Template;
use jiff::tz::TimeZone;

use super::calendar::CalendarPage;
use super::detail::{read_detail, DetailPage, Refusal};
use super::figures::{self, FiguresQuery};
use super::moved::MovePage;
use super::when::WhenForm;
use crate::availability::{self, WhyNot};
use crate::base::{BookingId, UnixMillis, WorkerId};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, Details, Source, State};
use crate::bookings::service::{self, BookError};
use crate::bookings::store;
use crate::bookings::views::{Asked, Calendar};
use crate::http::layout::Layout;
use crate::http::ui::FieldErrors;
use crate::messaging::testing::queue_mail;
use crate::testing;

#[test]
fn a_day_and_a_time_are_read_on_the_clock_of_the_working_hours() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let read = |date: &str, time: &str| {
        let mut errors = FieldErrors::default();
        let at = WhenForm { date: date.into(), time: time.into(), ..WhenForm::default() }.read(&zone, &mut errors);
        (at.map(|at| at.to_rfc3339()), errors.len())
    };
    assert_eq!(read("2026-11-24", "10:30"), (Some("2026-11-24T09:30:00Z".into()), 0));
    assert_eq!(read("2027-03-28", "02:30"), (Some("2027-03-28T01:30:00Z".into()), 0), "the clock jumps over it");
    assert_eq!(read("tomorrow", "half ten"), (None, 2));
}

#[test]
fn an_empty_week_says_what_to_do_next() {
    let test = testing::app();
    let calendar = Calendar::read(&test.app, &test.owner, Asked::default()).unwrap();
    let page = CalendarPage { layout: Layout::default(), calendar, can_book: true }.render().unwrap();
    assert!(page.contains("23 to 29 November"), "{page}");
    assert!(page.contains("No calendar is connected"), "{page}");
    assert!(page.contains("No bookings this week."), "{page}");
    assert!(page.contains(r#"href="/calendar?view=week&#38;date=2026-11-16""#), "{page}");
}

#[test]
fn a_time_that_will_not_do_is_answered_on_the_page_with_what_is_free() {
    let test = testing::app();
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let span = |start: &str| availability::Span::lasting(at(start), std::time::Duration::from_secs(1800));
    let booking = proposed(&test, span("2026-11-26T11:30:00Z"));
    let free = vec![span("2026-11-26T12:00:00Z"), span("2026-11-26T13:00:00Z")];
    let zone = TimeZone::get("Europe/London").unwrap();
    let page = |error: &BookError| {
        let refusal = Refusal::of(error, format!("/calendar/{}/accept", booking.id), &zone);
        DetailPage { refusal, ..read_detail(&test.app, &test.owner, booking.id).unwrap() }.render().unwrap()
    };
    let taken = page(&BookError::NotFree { why: WhyNot::Busy, free: free.clone() });
    assert!(taken.contains("Your calendar is busy then."), "{taken}");
    assert!(taken.contains(r#"name="start" value="2026-11-26T12:00:00Z""#), "{taken}");
    assert!(taken.contains("Book Thu 26 Nov, 13:00"), "{taken}");
    assert!(taken.contains("Offer other times") && !taken.contains("all the same"), "{taken}");
    let warned = page(&BookError::Unsure { why: vec![WhyNot::TooSoon, WhyNot::OutsideHours], free });
    assert!(warned.contains(r#"name="anyway" value="too_soon outside_hours""#), "{warned}");
    assert!(warned.contains("Book all the same"), "{warned}");
    assert!(Refusal::of(&BookError::NoContact, String::new(), &zone).is_none());
}

#[test]
fn a_cancelled_meeting_can_be_booked_anew_and_its_page_stays_true_by_itself() {
    let test = testing::app();
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let before = proposed(&test, availability::Span::new(at("2026-11-26T11:30:00Z"), at("2026-11-26T12:00:00Z")));
    let page = || read_detail(&test.app, &test.owner, before.id).unwrap().render().unwrap();
    let part = format!(r#"id="booking" data-src="/calendar/{}""#, before.id);
    assert!(page().contains(&part) && !page().contains("Book another time"), "{}", page());
    let guest = queue_mail(&test.app, test.workspace, "anna+1@fellside.example").contact;
    let worker = WorkerId::new(testing::NOW);
    let state = State::Cancelled { reason: String::new() };
    let ended = Booking { contact: guest, worker: Some(worker), state, ..before.clone() };
    test.app.store.write(|txn| store::put(txn, &ended, Some(&before))).unwrap();
    let anew = format!("/calendar/new?email=anna%2B1%40fellside.example&#38;worker={worker}");
    assert!(page().contains("This time is free again.") && page().contains(&anew), "{}", page());
}

#[test]
fn a_guest_in_another_zone_is_shown_with_their_clock_and_a_cancelled_meeting_without_its_video_link() {
    let test = testing::app();
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let before = proposed(&test, availability::Span::new(at("2026-11-26T11:30:00Z"), at("2026-11-26T12:00:00Z")));
    let video_link = Some("https://meet.example/abc".to_owned());
    let keep = |booking: &Booking| test.app.store.write(|txn| store::put(txn, booking, Some(&before))).unwrap();
    let page = || read_detail(&test.app, &test.owner, before.id).unwrap().render().unwrap();
    let unasked = page();
    assert!(unasked.contains("No calendar is connected: only your bookings here were checked."), "{unasked}");
    assert!(!unasked.contains("/accept") && unasked.contains("Choose a calendar"), "{unasked}");
    let (guest_zone, state) = ("Europe/Berlin".to_owned(), State::Confirmed);
    let booked = Booking { guest_zone, state, video_link, ..before.clone() };
    keep(&booked);
    assert!(page().contains("11:30 to 12:00 · 12:30 in Berlin") && page().contains("meet.example"), "{}", page());
    keep(&Booking { state: State::Cancelled { reason: String::new() }, ..booked });
    assert!(!page().contains("meet.example"), "{}", page());
}

#[test]
fn a_meeting_that_has_begun_asks_whether_the_guest_came_and_shows_the_team_s_notes() {
    let test = testing::app();
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let before = proposed(&test, availability::Span::new(at("2026-11-24T09:00:00Z"), at("2026-11-24T09:30:00Z")));
    let booked = Booking { state: State::Confirmed, ..before.clone() };
    test.app.store.write(|txn| store::put(txn, &booked, Some(&before))).unwrap();
    let page = || read_detail(&test.app, &test.owner, before.id).unwrap().render().unwrap();
    assert!(page().contains("/no-show") && page().contains("/completed"), "{}", page());
    service::add_note(&test.app, &test.owner, before.id, "Waited <ten> minutes.").unwrap();
    service::note_outcome(&test.app, &test.owner, before.id, Some(Became::NoShow)).unwrap();
    let noted = page();
    assert!(noted.contains("No-show, as Nora Whitfield said on Tue 24 Nov, 10:00."), "{noted}");
    assert!(noted.contains("/outcome/undo") && !noted.contains("/completed"), "{noted}");
    assert!(noted.contains("Waited &#60;ten&#62; minutes.") && noted.contains("/remove"), "{noted}");
    let viewer = crate::authz::Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
    let seen = read_detail(&test.app, &viewer, before.id).unwrap().render().unwrap();
    assert!(seen.contains("minutes.") && !seen.contains("/remove") && !seen.contains("/outcome/undo"), "{seen}");
}

#[test]
fn after_a_move_one_comes_back_to_the_calendar_and_nowhere_else() {
    let id = BookingId::new(testing::NOW);
    let own = format!("/calendar/{id}");
    let cases = [
        ("/calendar", "/calendar"),
        ("/calendar?view=day&date=2026-11-24", "/calendar?view=day&date=2026-11-24"),
        ("", own.as_str()),
        ("/settings", &own),
        ("//evil.example", &own),
        ("/calendar.evil.example", &own),
        ("https://evil.example/calendar", &own),
    ];
    for (back, expected) in cases {
        let form = WhenForm { back: back.into(), ..WhenForm::default() };
        assert_eq!(form.back_or(id), expected, "{back}");
    }
}

#[test]
fn the_question_about_a_move_offers_only_what_may_be_done() {
    let page = |against: &str, anyway: &str, is_refused: bool| {
        let form = WhenForm { date: "2026-11-26".into(), time: "19:00".into(), ..WhenForm::default() };
        let free = match against {
            "" => Vec::new(),
            _ => vec![("/calendar/x/move?date=2026-11-26".to_owned(), "Thu 26 Nov, 14:00".to_owned())],
        };
        let asked = MovePage {
            layout: Layout::default(),
            id: BookingId::new(testing::NOW),
            who: "Gwen Hartley".into(),
            now: "Thursday 26 November, 11:30".into(),
            then: "Thursday 26 November, 19:00".into(),
            against: against.into(),
            anyway: anyway.into(),
            is_refused,
            free,
            form,
        };
        asked.render().unwrap()
    };
    let fine = page("", "", false);
    assert!(fine.contains("Move Gwen Hartley to Thursday 26 November, 19:00?") && fine.contains(">Move<"), "{fine}");
    let warned = page("That is outside your working hours.", "outside_hours", false);
    assert!(
        warned.contains("Move all the same") && warned.contains(r#"name="anyway" value="outside_hours""#),
        "{warned}"
    );
    assert!(warned.contains("Thu 26 Nov, 14:00") && warned.contains(r#"id="confirm""#), "{warned}");
    let refused = page("Your calendar is busy then.", "", true);
    assert!(!refused.contains("Moving…") && refused.contains("Leave it there"), "{refused}");
}

#[test]
fn each_number_of_the_figures_opens_the_list_behind_it() {
    let test = testing::app();
    let at = |text: &str| UnixMillis::parse_rfc3339(text).unwrap();
    let draw = |query: FiguresQuery| figures::read(&test.app, &test.owner, &query).unwrap().render().unwrap();
    assert!(draw(FiguresQuery::default()).contains("No meeting in these weeks was booked."));
    let before = proposed(&test, availability::Span::new(at("2026-11-26T11:30:00Z"), at("2026-11-26T12:00:00Z")));
    let booked = Booking { state: State::Confirmed, ..before.clone() };
    test.app.store.write(|txn| store::put(txn, &booked, Some(&before))).unwrap();
    let page = draw(FiguresQuery::default());
    let all = "/calendar?view=agenda&#38;from=2026-08-31&#38;to=2026-11-29&#38;state=ever_booked";
    let week = "/calendar?view=agenda&#38;from=2026-11-23&#38;to=2026-11-29&#38;state=ever_booked";
    let source = "/calendar?view=agenda&#38;from=2026-08-31&#38;to=2026-11-29&#38;source=reply&#38;state=ever_booked";
    for href in [all, week, source] {
        assert!(page.contains(href), "{href}: {page}");
    }
    assert!(page.contains("Half were booked at least 2 days before they began"), "{page}");
}

fn proposed(test: &testing::TestApp, span: availability::Span) -> Booking {
    let booking = Booking {
        id: BookingId::new(testing::NOW),
        workspace: test.workspace,
        contact: crate::base::ContactId::new(testing::NOW),
        worker: None,
        reply: None,
        connection: None,
        calendar_id: String::new(),
        title: "Call: Gwen Hartley".into(),
        start: span.start,
        end: span.end,
        claim: span,
        guest_zone: "Europe/London".into(),
        language: "en".into(),
        place: String::new(),
        video: false,
        video_link: None,
        location: None,
        hosted: Default::default(),
        state: State::Proposed { note: "You are free then.".into() },
        instead_of: None,
        event_id: None,
        ical_uid: None,
        source: Source::Reply,
        created_at: testing::NOW,
        version: 0,
        written: 0,
        told: 0,
        trouble: None,
        history: vec![],
        details: Details::default(),
        kept: Default::default(),
    };
    test.app.store.write(|txn| store::put(txn, &booking, None)).unwrap();
    booking
}
