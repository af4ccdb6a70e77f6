//! Meetings at services of their own, over the wire of the sandbox: made, moved, cancelled, lost and found again.

use std::time::Duration;

use serde_json::{json, Value};

use super::desk::{at, states, Desk, GWEN};
use crate::bookings::{cancel, create, dismiss, list_troubled, move_to, try_again, Anyway, Booking, NewBooking};
use crate::connections::tests::world::OWNER;
use crate::connections::{self, Connection, Provider, State, Use};
use crate::events::{self, Happened};
use crate::meetings::{Location, Service};
use crate::providers::ProviderError;

const NOON: &str = "2026-11-26T11:30:00Z";
const LATER: &str = "2026-11-26T14:00:00Z";

/// A service, whose accounts hold its meetings, and the call that makes one, as faults name it.
const SERVICES: [(Service, Provider, &str); 4] = [
    (Service::Zoom, Provider::Zoom, "POST /zoom/v2/users/me/meetings"),
    (Service::Teams, Provider::Microsoft, "POST /microsoft/v1.0/me/onlineMeetings"),
    (Service::Webex, Provider::Webex, "POST /webex/v1/meetings"),
    (Service::Goto, Provider::Goto, "POST /goto/G2M/rest/meetings"),
];

/// A desk whose worker's meetings are held at a service.
struct Host {
    desk: Desk,
    service: Service,
    account: Connection,
}

impl Host {
    fn at(service: Service, provider: Provider) -> Self {
        let desk = Desk::new();
        let account = desk.world.connect_host(provider);
        desk.settle();
        let location = Location::Hosted { service, account: account.id };
        desk.change_worker(|worker| worker.meeting = worker.meeting.clone().at(location));
        Self { desk, service, account }
    }

    fn zoom() -> Self {
        Self::at(Service::Zoom, Provider::Zoom)
    }

    fn each() -> impl Iterator<Item = (Self, &'static str)> {
        SERVICES.into_iter().map(|(service, provider, making)| (Self::at(service, provider), making))
    }

    fn book(&self) -> Booking {
        let desk = &self.desk;
        let new = NewBooking { contact: desk.contact, worker: desk.worker, start: at(NOON) };
        let made = create(desk.app(), &desk.world.owner, &new, &Anyway::default()).unwrap();
        desk.settle();
        self.stored(&made)
    }

    fn stored(&self, booking: &Booking) -> Booking {
        self.desk.bookings().into_iter().find(|one| one.id == booking.id).unwrap()
    }

    fn fault(&self, fault: &Value) {
        self.desk.world.control("faults", fault);
    }

    /// When each meeting at the service begins.
    fn starts(&self) -> Vec<String> {
        let all = self.desk.world.meetings_at(self.service.word());
        all.iter().map(|one| at(one["start"].as_str().unwrap()).to_rfc3339()).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.desk.letters().into_iter().map(|letter| letter.text).collect()
    }

    /// What the one event in the calendar names as its place.
    fn place_in_calendar(&self) -> String {
        let all: Value = serde_json::from_str(&self.desk.world.get(&format!("/control/calendars/{OWNER}"))).unwrap();
        let events = all["calendars"].as_array().unwrap().iter().flat_map(|one| one["events"].as_array().unwrap());
        let ours: Vec<&Value> =
            events.filter(|event| event["extendedProperties"]["private"]["app"] == "launchyard").collect();
        assert_eq!(ours.len(), 1);
        ours[0]["location"].as_str().unwrap_or_default().to_owned()
    }

    fn move_to(&self, booking: &Booking, start: &str) {
        move_to(self.desk.app(), &self.desk.world.owner, booking.id, at(start), &Anyway::default()).unwrap();
        self.desk.settle();
    }

    fn cancel(&self, booking: &Booking) {
        cancel(self.desk.app(), &self.desk.world.owner, booking.id, "").unwrap();
        self.desk.settle();
    }

    fn wait(&self, seconds: u64) {
        self.desk.advance(Duration::from_secs(seconds));
    }
}

#[test]
fn a_meeting_is_made_moved_and_cancelled_with_its_booking_at_every_service() {
    for (host, _) in Host::each() {
        let name = host.service.name();
        let booking = host.book();
        assert_eq!(
            (states(&host.desk.bookings()), host.starts()),
            (vec!["confirmed"], vec![NOON.to_owned()]),
            "{name}"
        );
        let link = booking.video_link.clone().unwrap();
        assert_eq!(host.place_in_calendar(), link, "{name}: the invitation has it from the beginning");
        let texts = host.texts();
        assert!(texts.len() == 1 && texts[0].contains(&link), "{name}: {texts:?}");
        let has_pin = booking.hosted.passcode.as_ref().is_some_and(|pin| texts[0].contains(pin));
        assert_eq!(has_pin, host.service == Service::Webex, "its link does not carry the passcode");

        host.wait(60);
        host.move_to(&booking, LATER);
        assert_eq!((host.starts(), host.desk.events()), (vec![LATER.to_owned()], vec![LATER.to_owned()]), "{name}");
        let moved = host.stored(&booking);
        assert_eq!(moved.video_link.as_ref(), Some(&link), "{name}: the link stays");
        assert!(host.texts()[1].contains("new time") && host.texts()[1].contains(&link), "{name}");

        host.wait(60);
        host.cancel(&booking);
        assert_eq!((host.starts().len(), host.desk.events()), (0, vec!["cancelled".to_owned()]), "{name}");
        let ended = host.stored(&booking);
        assert!(ended.hosted.trouble.is_none() && ended.hosted.id.is_none(), "{name}: {ended:?}");
        assert_eq!(host.texts().len(), 3, "{name}");
    }
}

#[test]
fn a_service_that_times_out_after_the_work_still_holds_exactly_one_meeting() {
    for (host, making) in Host::each() {
        let name = host.service.name();
        host.fault(&json!({"match": making, "drop": true, "after": true, "times": 1}));
        let booking = host.book();
        assert_eq!(booking.state.as_str(), "confirmed", "{name}: the calendar did not wait");
        for _ in 0..3 {
            host.wait(300);
        }
        assert_eq!(host.starts(), [NOON], "{name}");
        let link = host.stored(&booking).video_link.unwrap();
        assert_eq!(host.place_in_calendar(), link, "{name}");
        host.cancel(&booking);
        assert_eq!(host.starts(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_meeting_whose_making_was_not_answered_goes_with_a_booking_that_is_cancelled_meanwhile() {
    for (host, making) in Host::each() {
        host.fault(&json!({"match": making, "drop": true, "after": true, "times": 1}));
        let booking = host.book();
        assert_eq!(host.starts().len(), 1);
        host.cancel(&booking);
        host.wait(600);
        assert_eq!(host.starts(), Vec::<String>::new(), "{}", host.service.name());
    }
}

#[test]
fn a_dead_service_holds_no_booking_up_and_its_link_follows_once() {
    for (host, making) in Host::each() {
        let name = host.service.name();
        // No longer than a few tries: then it is there again.
        host.fault(&json!({"match": making, "status": 503, "retry_after": 60, "times": 2}));
        let booking = host.book();
        assert_eq!((booking.state.as_str(), host.desk.events()), ("confirmed", vec![NOON.to_owned()]), "{name}");
        let texts = host.texts();
        assert!(texts.len() == 1 && texts[0].contains("follows in a mail of its own"), "{name}: {texts:?}");
        assert!(booking.hosted.trouble.is_some() && booking.video_link.is_none(), "{name}");
        assert!(!booking.needs_help(), "{name}: it is tried again by itself");
        for _ in 0..6 {
            host.wait(300);
        }
        let texts = host.texts();
        let link = host.stored(&booking).video_link.unwrap();
        assert_eq!(texts.len(), 2, "{name}: {texts:?}");
        assert!(texts[1].contains("Here is the link") && texts[1].contains(&link), "{name}: {texts:?}");
        assert_eq!((host.starts(), host.place_in_calendar()), (vec![NOON.to_owned()], link), "{name}");
        assert_eq!(host.stored(&booking).hosted.trouble, None, "{name}");
    }
}

#[test]
fn a_service_that_says_nothing_for_long_is_waited_for_no_longer_than_some_seconds() {
    let host = Host::zoom();
    // As if its account's other work had the turn: the meeting's job stands behind a pause.
    let (app, account) = (host.desk.app(), host.account.id);
    let until = app.now().plus(Duration::from_secs(3600));
    app.store.write(|txn| crate::jobs::keep_pace(txn, crate::jobs::Lane::CalendarSync, account.0, until)).unwrap();
    let booking = host.book();
    assert_eq!((booking.state.as_str(), host.desk.events().len()), ("held", 0), "the link may come any moment");
    host.wait(20);
    assert_eq!((host.stored(&booking).state.as_str(), host.desk.events().len()), ("confirmed", 1));
    assert!(host.texts()[0].contains("follows in a mail of its own"));
    host.wait(3600);
    assert_eq!((host.starts().len(), host.texts().len()), (1, 2));
}

#[test]
fn without_its_owners_leave_the_booking_stands_and_the_link_follows_after_signing_in_again() {
    for (service, provider, _) in SERVICES {
        let host = Host::at(service, provider);
        let name = service.name();
        let desk = &host.desk;
        // At Google the grant stands; only the service's has ended.
        let grants = if service == Service::Teams { "/microsoft/common/oauth2/v2.0/token" } else { "" };
        let tokens = [grants, "/zoom/oauth/token", "/webex/v1/access_token", "/goto/oauth/token"];
        for path in tokens.into_iter().filter(|path| !path.is_empty()) {
            host.fault(&json!({"match": format!("POST {path}"), "status": 400, "times": 99}));
        }
        desk.world.advance(Duration::from_secs(15 * 86_400));
        let new = NewBooking { contact: desk.contact, worker: desk.worker, start: at("2026-12-17T11:30:00Z") };
        let booking = create(desk.app(), &desk.world.owner, &new, &Anyway::default()).unwrap();
        desk.settle();
        let booking = host.stored(&booking);
        assert_eq!(booking.state.as_str(), "confirmed", "{name}");
        let state = desk.world.stored(&host.account).state;
        assert!(matches!(&state, State::NeedsOwner { .. }), "{name}: {state:?}");
        let lost = events::list(&desk.app().store, booking.workspace, None, 200).unwrap();
        let lost = lost.rows.iter().filter(|event| matches!(event.what, Happened::ConnectionLost { .. })).count();
        assert_eq!((lost, host.texts().len(), host.starts().len()), (1, 1, 0), "{name}");
        host.wait(3600);
        assert_eq!(host.texts().len(), 1, "{name}: nothing is tried on and on");

        desk.world.control("reset", &json!({}));
        let again = desk.world.connect_host(provider);
        assert_eq!(again.id, host.account.id, "{name}");
        desk.settle();
        let texts = host.texts();
        assert_eq!((host.starts().len(), texts.len()), (1, 2), "{name}: {texts:?}");
        assert!(texts[1].contains(host.stored(&booking).video_link.as_ref().unwrap()), "{name}");
    }
}

#[test]
fn what_a_service_refuses_waits_for_a_person_and_can_be_tried_again_or_left() {
    let host = Host::zoom();
    let desk = &host.desk;
    host.fault(&json!({"match": "POST /zoom/v2/users/me/meetings", "status": 400, "times": 1}));
    let booking = host.book();
    assert_eq!((booking.state.as_str(), host.starts().len()), ("confirmed", 0), "the booking stands");
    let troubled = || list_troubled(&desk.app().store, booking.workspace, 10).unwrap();
    assert_eq!(troubled()[0].trouble_words(), "There is no link for this meeting, and none is being made.");
    try_again(desk.app(), &desk.world.owner, booking.id, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!((host.starts().len(), troubled().len(), host.texts().len()), (1, 0, 2));

    host.fault(&json!({"match": "PATCH /zoom/v2/meetings/", "status": 400, "times": 1}));
    host.move_to(&booking, LATER);
    assert_eq!(troubled()[0].trouble_words(), "The meeting still stands at its service as it was before.");
    assert_eq!(host.starts(), [NOON]);
    dismiss(desk.app(), &desk.world.owner, booking.id, "").unwrap();
    assert!(troubled().is_empty());
}

#[test]
fn a_meeting_that_was_deleted_at_its_service_gets_a_successor_when_it_is_moved() {
    let host = Host::zoom();
    let booking = host.book();
    let first = booking.video_link.clone().unwrap();
    let id = booking.hosted.id.clone().unwrap();
    connections::meeting_session(host.desk.app(), booking.workspace, host.account.id, |zoom| zoom.cancel(&id)).unwrap();
    host.move_to(&booking, LATER);
    host.wait(60);
    let second = host.stored(&booking).video_link.unwrap();
    assert_ne!(first, second);
    assert_eq!((host.starts(), host.place_in_calendar()), (vec![LATER.to_owned()], second.clone()));
    assert!(host.texts().iter().any(|text| text.contains(&second)), "{:?}", host.texts());
}

#[test]
fn a_booking_that_the_calendar_refuses_leaves_no_meeting_behind() {
    let host = Host::zoom();
    host.fault(&json!({"match": "POST /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    let booking = host.book();
    assert_eq!((booking.state.as_str(), host.starts().len()), ("failed", 0));
    assert!(host.texts().is_empty());
    try_again(host.desk.app(), &host.desk.world.owner, booking.id, &Anyway::default()).unwrap();
    host.desk.settle();
    host.wait(60);
    assert_eq!((host.stored(&booking).state.as_str(), host.starts().len()), ("confirmed", 1));
    assert_eq!(host.texts().len(), 1);
}

#[test]
fn the_limits_of_a_service_are_kept_to_and_waited_for() {
    let host = Host::zoom();
    // A hundred meetings were made by other programs today.
    for number in 0..100 {
        let wanted = crate::providers::meeting::Wanted {
            mark: format!("other {number}"),
            title: "Other".into(),
            start: at("2026-11-27T09:00:00Z"),
            end: at("2026-11-27T09:30:00Z"),
            time_zone: "UTC".into(),
        };
        let made = connections::meeting_session(host.desk.app(), host.account.workspace, host.account.id, |zoom| {
            zoom.create(&wanted)
        });
        if number % 15 == 14 {
            host.desk.world.advance(Duration::from_secs(1));
        }
        made.unwrap();
    }
    let booking = host.book();
    assert_eq!((booking.state.as_str(), host.starts().len()), ("confirmed", 100));
    assert!(booking.hosted.trouble.as_ref().is_some_and(|why| why.contains("daily rate limit")), "{booking:?}");
    for _ in 0..25 {
        host.wait(3600);
    }
    assert_eq!((host.starts().len(), host.texts().len()), (101, 2), "the day after, the link follows");
}

#[test]
fn a_refresh_token_that_works_once_is_stored_before_anything_is_done_with_the_new_one() {
    let host = Host::zoom();
    let desk = &host.desk;
    let ask = || {
        let nobodys = crate::providers::meeting::Wanted {
            mark: "nobody".into(),
            title: String::new(),
            start: at(NOON),
            end: at(NOON),
            time_zone: "UTC".into(),
        };
        connections::meeting_session(desk.app(), host.account.workspace, host.account.id, |zoom| zoom.find(&nobodys))
    };
    for hour in 1..4 {
        // The call for which the token was refreshed never comes through, as if the program had been killed then.
        desk.world.advance(Duration::from_secs(3601));
        host.fault(&json!({"match": "GET /zoom/v2/users/me/meetings", "drop": true, "times": 1}));
        assert!(matches!(ask(), Err(ProviderError::Retry { .. })), "hour {hour}");
        assert_eq!(ask(), Ok(None), "hour {hour}: the newest token is on disk");
    }
    // The answer with the new token is lost: the old one was used up, and only the owner can go on.
    desk.world.advance(Duration::from_secs(3601));
    host.fault(&json!({"match": "POST /zoom/oauth/token", "drop": true, "after": true, "times": 1}));
    assert!(ask().is_err());
    assert!(matches!(ask(), Err(ProviderError::Reconnect { .. })));
    assert!(matches!(desk.world.stored(&host.account).state, State::NeedsOwner { .. }));
    desk.world.connect_host(Provider::Zoom);
    assert_eq!(ask(), Ok(None));
}

#[test]
fn who_removes_this_program_at_zoom_leaves_nothing_of_the_account_behind() {
    let host = Host::zoom();
    let booking = host.book();
    let desk = &host.desk;
    connections::withdrawn_there(desk.app(), booking.workspace, host.account.id).unwrap();
    desk.settle();
    let bare = host.stored(&booking);
    assert_eq!((bare.video_link.as_ref(), bare.hosted.id.as_ref(), bare.state.as_str()), (None, None, "confirmed"));
    assert!(bare.needs_help() && bare.hosted.trouble.is_some());
    let stored = desk.world.stored(&host.account);
    assert!(stored.is_disconnected() && stored.can(Use::Meetings));
    assert_eq!(host.texts().len(), 1, "the guest is not written to for it");
}

#[test]
fn one_that_is_disconnected_here_keeps_its_meetings_and_says_so_when_one_has_to_move() {
    let host = Host::zoom();
    let booking = host.book();
    connections::disconnect(host.desk.app(), &host.desk.world.owner, host.account.id).unwrap();
    host.desk.settle();
    assert!(host.stored(&booking).video_link.is_some());
    host.move_to(&booking, LATER);
    let moved = host.stored(&booking);
    assert_eq!((moved.state.as_str(), host.desk.events()), ("confirmed", vec![LATER.to_owned()]));
    assert!(moved.hosted.trouble.is_some_and(|why| why.contains("no longer connected")));
    let again = host.desk.world.connect_host(Provider::Zoom);
    host.desk.settle();
    assert_eq!((again.id, host.starts()), (host.account.id, vec![LATER.to_owned()]), "connected again it follows");
    assert!(!host.stored(&booking).needs_help());
}

#[test]
fn ways_to_meet_without_an_account_are_said_to_the_guest_and_in_the_calendar() {
    let number = "+44 1539 555 0100".to_owned();
    let cases = [
        (Location::Jitsi, "https://jitsi.example/", "Where: https://jitsi.example/"),
        (
            Location::Link { url: "https://robin.example/room".into() },
            "https://robin.example/room",
            "Where: https://robin",
        ),
        (Location::WeCall, "", "We call you."),
        (Location::TheyCall { number: number.clone() }, number.as_str(), "Please call us at +44 1539 555 0100."),
        (Location::Place { address: "2 Mill Lane".into() }, "2 Mill Lane", "Where: 2 Mill Lane"),
    ];
    for (location, in_calendar, in_mail) in cases {
        let desk = Desk::new();
        desk.change_worker(|worker| worker.meeting = worker.meeting.clone().at(location.clone()));
        desk.may_book_by_itself();
        desk.reply("Could you do Thursday at 11:30?");
        let service = Service::Zoom;
        let host = Host { account: desk.connection.clone(), desk, service };
        assert!(host.place_in_calendar().starts_with(in_calendar), "{location:?}: {}", host.place_in_calendar());
        assert!(host.texts()[0].contains(in_mail), "{location:?}: {:?}", host.texts());
        assert_eq!(host.desk.world.mails_of(GWEN).len(), 1, "the calendar's own invitation");
    }
}
