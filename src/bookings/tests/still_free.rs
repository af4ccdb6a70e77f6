//! What the gate out is told about the times of a mail that is about to leave.

use super::desk::{add_contact, at, Desk};
use super::on_event::Office;
use super::renewing::{look, offer, pass_the_first};
use crate::app::{Offer, Renewed};
use crate::bookings::{create, is_offer_taken, Anyway, NewBooking};
use crate::drafts::{self, Draft};

fn is_taken(desk: &Desk, draft: &Draft) -> bool {
    let (workspace, contact, worker) = (draft.workspace, draft.contact, draft.worker);
    let offer = Offer { workspace, contact, worker, times: &draft.offered };
    desk.app().store.write(|txn| is_offer_taken(desk.app(), txn, &offer)).unwrap()
}

/// Both ways in which a worker books: in its own diary, and on an event type.
fn each_way(test: impl Fn(&str, &Desk)) {
    test("own hours", &Desk::new());
    test("event type", &Office::new().desk);
}

#[test]
fn a_time_that_another_lead_has_got_is_taken_and_is_written_anew() {
    each_way(|name, desk| {
        let draft = offer(desk);
        assert!(!is_taken(desk, &draft), "{name}");
        let tom = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
        let by_hand = NewBooking { contact: tom, worker: desk.worker, start: draft.offered[1].0 };
        create(desk.app(), &desk.world.owner, &by_hand, &Anyway::default()).unwrap();
        assert!(is_taken(desk, &draft), "{name}: also before it stands in the calendar");
        desk.settle();
        assert!(is_taken(desk, &draft), "{name}");
        assert_eq!(look(desk, &draft), Renewed::Anew, "{name}");
        assert!(!is_taken(desk, &desk.drafts()[0]), "{name}: what stands in it now is free");
    });
}

#[test]
fn what_stands_in_the_calendar_counts_once_it_was_read() {
    each_way(|name, desk| {
        let draft = offer(desk);
        let (start, end) = draft.offered[2];
        desk.add_event("Dentist", &start.to_rfc3339(), &end.to_rfc3339());
        assert!(!is_taken(desk, &draft), "{name}: nobody has told us");
        desk.sync();
        desk.world.forget_requests();
        assert!(is_taken(desk, &draft), "{name}");
        assert_eq!(desk.world.requests(), Vec::<String>::new(), "{name}: asked inside a transaction");
        assert_eq!(look(desk, &draft), Renewed::Anew, "{name}");
    });
}

#[test]
fn their_own_meeting_rules_of_the_owner_and_what_is_not_known_take_nothing_away() {
    each_way(|name, desk| {
        let draft = offer(desk);
        let own = NewBooking { contact: desk.contact, worker: desk.worker, start: draft.offered[0].0 };
        create(desk.app(), &desk.world.owner, &own, &Anyway::default()).unwrap();
        desk.settle();
        assert!(!is_taken(desk, &draft), "{name}: it would move");
        let late = pass_the_first(desk, &draft);
        let ahead = Draft { offered: draft.offered[1..].to_vec(), ..draft.clone() };
        assert!(late > draft.offered[0].0 && !is_taken(desk, &ahead), "{name}");
        desk.change_worker(|worker| worker.calendar = None);
        assert!(!is_taken(desk, &ahead), "{name}: an unread calendar tells nothing against a time");
    });
    let office = Office::new();
    let draft = offer(&office.desk);
    office.change(|event| event.notice = 60 * 24 * 30);
    assert!(!is_taken(&office.desk, &draft), "a notice that somebody has lengthened since is no booking");
    office.change(|event| event.is_open = false);
    assert!(is_taken(&office.desk, &draft), "nothing behind its links can be had");
}

#[test]
fn an_hour_that_is_only_kept_while_a_form_is_open_is_not_taken_from_a_worker() {
    use crate::availability::{hold_until, Span};
    use crate::base::{BookingId, UnixMillis};
    let desk = Desk::new();
    let draft = offer(&desk);
    let (app, now) = (desk.app(), desk.app().now());
    let (start, end) = draft.offered[0];
    let (calendar, until) = (desk.connection.id.0, UnixMillis(now.0 + 600_000));
    let kept = app.store.write(|txn| {
        hold_until(txn, draft.workspace, calendar, Span::new(start, end), BookingId::new(now), until, now)
    });
    kept.unwrap();
    assert!(!is_taken(&desk, &draft));
    assert!(at("2026-11-25T00:00:00Z") < start);
}

#[test]
fn where_nothing_can_be_written_anew_a_taken_time_is_told_before_it_leaves() {
    each_way(|name, desk| {
        let draft = offer(desk);
        // Its answer is not to be had any more, or was read in another way since.
        let alone = Draft { reply: None, ..draft.clone() };
        desk.app().store.write(|txn| drafts::put(txn, &alone)).unwrap();
        assert_eq!(look(desk, &alone), Renewed::Stands, "{name}: all are free");
        let tom = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
        let by_hand = NewBooking { contact: tom, worker: desk.worker, start: draft.offered[1].0 };
        create(desk.app(), &desk.world.owner, &by_hand, &Anyway::default()).unwrap();
        assert!(is_taken(desk, &alone), "{name}: the gate would stop it");
        assert!(matches!(look(desk, &alone), Renewed::Stuck(_)), "{name}");
    });
}
