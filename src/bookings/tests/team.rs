//! The team's side of bookings: what became of them, notes, the views, and the figures with the lists behind them.

use std::time::Duration;

use jiff::civil::date;

use super::desk::{add_contact, at, Desk, GWEN};
use crate::availability::{self, Span};
use crate::base::{BookingId, ContactId, UnixMillis};
use crate::bookings::figures::{forget_as_before, recount, Figures, Question};
use crate::bookings::kept::{Became, Kept};
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::service::{may_move_to, note_outcome};
use crate::bookings::store::{self, find_all, list_between, Wanted};
use crate::bookings::views::{Asked, Body, Calendar, Fate, Filter, View};
use crate::bookings::{add_note, cancel, create, move_to, remove_note, Anyway, BookError, NewBooking};
use crate::events::{self, Happened};
use crate::store::Person;
use crate::testing::{self, TestApp};

const DAY: Duration = Duration::from_secs(86_400);

fn book(desk: &Desk, contact: ContactId, start: &str) -> Booking {
    let new = NewBooking { contact, worker: desk.worker, start: at(start) };
    let booking = create(desk.app(), &desk.world.owner, &new, &Anyway::default()).unwrap();
    desk.settle();
    store::get(&desk.app().store, desk.world.test.workspace, booking.id).unwrap().unwrap()
}

fn outcomes(desk: &Desk) -> Vec<&'static str> {
    let (store, workspace) = (&desk.app().store, desk.world.test.workspace);
    let all = events::list_newest(store, workspace, None, None, 100).unwrap().rows;
    let mut said: Vec<&str> = all
        .iter()
        .filter_map(|event| match event.what {
            Happened::BookingNoShow { .. } => Some("no-show"),
            Happened::BookingCompleted { .. } => Some("completed"),
            Happened::BookingOutcomeTakenBack { .. } => Some("taken back"),
            _ => None,
        })
        .collect();
    said.reverse();
    said
}

#[test]
fn what_became_of_a_meeting_can_be_said_once_it_has_begun_and_taken_back() {
    let desk = Desk::new();
    let (app, owner) = (desk.app(), &desk.world.owner);
    let booking = book(&desk, desk.contact, "2026-11-26T11:30:00Z");
    let early = note_outcome(app, owner, booking.id, Some(Became::NoShow));
    assert!(matches!(early, Err(BookError::NotBegun)), "{early:?}");
    desk.advance(3 * DAY);
    for _ in 0..2 {
        let noted = note_outcome(app, owner, booking.id, Some(Became::NoShow)).unwrap();
        assert_eq!(noted.kept.became(), Some(Became::NoShow));
    }
    assert_eq!(note_outcome(app, owner, booking.id, None).unwrap().kept.outcome, None);
    note_outcome(app, owner, booking.id, Some(Became::Completed)).unwrap();
    assert_eq!(outcomes(&desk), ["no-show", "taken back", "completed"], "saying it again says nothing new");
    let cancelled = book(&desk, desk.contact, "2026-12-01T11:30:00Z");
    cancel(app, owner, cancelled.id, "").unwrap();
    desk.advance(5 * DAY);
    let gone = note_outcome(app, owner, cancelled.id, Some(Became::NoShow));
    assert!(matches!(gone, Err(BookError::NotOpen(_))), "{gone:?}");
}

#[test]
fn a_meeting_that_is_moved_after_a_no_show_is_open_again() {
    let desk = Desk::new();
    let (app, owner) = (desk.app(), &desk.world.owner);
    let booking = book(&desk, desk.contact, "2026-11-26T11:30:00Z");
    desk.advance(3 * DAY);
    note_outcome(app, owner, booking.id, Some(Became::NoShow)).unwrap();
    let moved = move_to(app, owner, booking.id, at("2026-12-01T11:30:00Z"), &Anyway::default()).unwrap();
    assert_eq!(moved.kept.outcome, None);
}

#[test]
fn a_note_is_the_team_s_own_and_goes_with_the_booking() {
    let desk = Desk::new();
    let (app, owner, workspace) = (desk.app(), &desk.world.owner, desk.world.test.workspace);
    let booking = book(&desk, desk.contact, "2026-11-26T11:30:00Z");
    for (text, expected) in [("", false), ("   ", false), ("Brings the old bills.", true)] {
        assert_eq!(add_note(app, owner, booking.id, text).is_ok(), expected, "{text:?}");
    }
    let long = add_note(app, owner, booking.id, &"x".repeat(2_001));
    assert!(matches!(long, Err(BookError::NoteLength)), "{long:?}");
    let noted = add_note(app, owner, booking.id, "Prefers the phone.").unwrap();
    assert_eq!(noted.version, booking.version, "neither guest nor calendar hear of it");
    let removed = remove_note(app, owner, booking.id, noted.kept.notes[0].id).unwrap();
    assert_eq!(removed.kept.notes.len(), 1);
    let again = remove_note(app, owner, booking.id, noted.kept.notes[0].id);
    assert!(matches!(again, Err(BookError::NotFound)), "{again:?}");
    for _ in 1..30 {
        add_note(app, owner, booking.id, "More.").unwrap();
    }
    assert!(matches!(add_note(app, owner, booking.id, "One too many."), Err(BookError::ManyNotes)));

    let bookings = crate::bookings::tables().into_iter().find(|table| table.info.name == "bookings").unwrap();
    let gwen = Person::Contact(workspace, desk.contact);
    let exported = (bookings.export.unwrap())(&app.store, gwen).unwrap();
    assert!(exported[0].to_string().contains("Prefers the phone."), "{exported:?}");
    assert_eq!((bookings.erase.unwrap())(&app.store, gwen).unwrap(), 1);
    assert!(store::get(&app.store, workspace, booking.id).unwrap().is_none());
}

#[test]
fn the_figures_are_those_of_the_bookings_behind_them() {
    let desk = Desk::new();
    let (app, owner) = (desk.app(), &desk.world.owner);
    let others = [("Tom", "tom@lakeside.example"), ("Iris", "iris@quill.example"), ("Joan", "joan@fell.example")]
        .map(|(name, address)| add_contact(&desk.world, name, "Aldridge", address));
    let stays = book(&desk, desk.contact, "2026-11-26T09:00:00Z");
    let missed = book(&desk, others[0], "2026-11-26T13:00:00Z");
    let called_off = book(&desk, others[1], "2026-11-27T10:30:00Z");
    let later = book(&desk, others[2], "2026-11-27T14:00:00Z");
    cancel(app, owner, called_off.id, "").unwrap();
    move_to(app, owner, later.id, at("2026-12-02T13:00:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    desk.advance(3 * DAY);
    note_outcome(app, owner, missed.id, Some(Became::NoShow)).unwrap();
    note_outcome(app, owner, stays.id, Some(Became::Completed)).unwrap();

    let question = Question { from: Some(date(2026, 11, 23)), to: Some(date(2026, 12, 6)), ..Question::default() };
    let figures = Figures::read(app, owner, &question).unwrap();
    let of =
        |sums: &crate::bookings::figures::Sums| [sums.booked, sums.moved, sums.cancelled, sums.no_show, sums.completed];
    assert_eq!(of(&figures.all), [4, 1, 1, 1, 1]);
    assert_eq!(figures.weeks.iter().map(|(_, sums)| of(sums)).collect::<Vec<_>>(), [[3, 0, 1, 1, 1], [1, 1, 0, 0, 0]]);
    assert_eq!(
        figures.by_source.iter().map(|(source, sums)| (*source, sums.booked)).collect::<Vec<_>>(),
        [(Source::ByHand, 4)]
    );
    assert_eq!(figures.by_worker[0].1, "Lake District hotels");
    // 47, 51, 72 and (moved) 195 hours ahead: beyond two days by the day.
    assert_eq!(
        crate::bookings::figures::quartile(&figures.all.leads, 2).map(crate::bookings::figures::lead_hours),
        Some(48)
    );

    let range = Span::new(at("2026-11-23T00:00:00Z"), at("2026-12-07T00:00:00Z"));
    let behind = |fate: Fate| {
        let filter =
            Filter { fate: Some(fate), source: Some(Source::ByHand), worker: Some(desk.worker), ..Filter::default() };
        filter.find(app, owner, range).unwrap().0.len() as u64
    };
    let fates = [Fate::EverBooked, Fate::Moved, Fate::Cancelled, Fate::NoShow, Fate::Completed];
    assert_eq!(fates.map(behind), of(&figures.all));
}

#[test]
fn a_proposal_that_was_never_booked_counts_nowhere() {
    let desk = Desk::new();
    let (app, owner) = (desk.app(), &desk.world.owner);
    desk.reply("Could you do Thursday at 11:30?");
    let asked = desk.bookings().remove(0);
    crate::bookings::dismiss(app, owner, asked.id, "").unwrap();
    assert_eq!(Figures::read(app, owner, &Question::default()).unwrap().all.booked, 0);
    let all = |filter: Filter| filter.find(app, owner, Span::new(UnixMillis(0), UnixMillis(i64::MAX))).unwrap().0.len();
    assert_eq!(all(Filter { fate: Some(Fate::Cancelled), ..Filter::default() }), 0, "nothing booked was cancelled");
}

#[test]
fn erasing_a_guest_takes_them_out_of_the_lists_and_out_of_the_numbers_that_open_them() {
    let desk = Desk::new();
    let (app, owner, workspace) = (desk.app(), &desk.world.owner, desk.world.test.workspace);
    let stays = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    book(&desk, desk.contact, "2026-11-26T09:00:00Z");
    book(&desk, stays, "2026-11-26T13:00:00Z");
    let question = Question { to: Some(date(2026, 11, 29)), ..Question::default() };
    let counted = || {
        let figures = Figures::read(app, owner, &question).unwrap();
        let filter = Filter { fate: Some(Fate::EverBooked), ..Filter::default() };
        let range = Span::new(at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
        (
            figures.all.booked,
            figures.all.leads.iter().map(|(_, count)| count).sum::<u64>(),
            filter.find(app, owner, range).unwrap().0.len(),
        )
    };
    assert_eq!(counted(), (2, 2, 2));
    let bookings = crate::bookings::tables().into_iter().find(|table| table.info.name == "bookings").unwrap();
    (bookings.erase.unwrap())(&app.store, Person::Contact(workspace, desk.contact)).unwrap();
    assert_eq!(counted(), (1, 1, 1));
}

#[test]
fn what_was_erased_while_the_numbers_kept_it_is_taken_out_of_them_once() {
    let desk = Desk::new();
    let (app, owner, workspace) = (desk.app(), &desk.world.owner, desk.world.test.workspace);
    let stays = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let gone = book(&desk, desk.contact, "2026-11-26T09:00:00Z");
    book(&desk, stays, "2026-11-26T13:00:00Z");
    // No row of it is left to subtract when it is erased.
    app.store.write(|txn| forget_as_before(txn, workspace, gone.id)).unwrap();
    let bookings = crate::bookings::tables().into_iter().find(|table| table.info.name == "bookings").unwrap();
    (bookings.erase.unwrap())(&app.store, Person::Contact(workspace, desk.contact)).unwrap();
    let question = Question { to: Some(date(2026, 11, 29)), ..Question::default() };
    for _ in 0..2 {
        assert_eq!(Figures::read(app, owner, &question).unwrap().all.booked, 1);
    }
}

/// One booking counts that is there, and one that was erased while the numbers kept it; both in the same week.
fn with_one_erased(desk: &Desk) {
    let (app, workspace) = (desk.app(), desk.world.test.workspace);
    let stays = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let gone = book(desk, desk.contact, "2026-11-26T09:00:00Z");
    book(desk, stays, "2026-11-26T13:00:00Z");
    app.store.write(|txn| forget_as_before(txn, workspace, gone.id)).unwrap();
    let bookings = crate::bookings::tables().into_iter().find(|table| table.info.name == "bookings").unwrap();
    (bookings.erase.unwrap())(&app.store, Person::Contact(workspace, desk.contact)).unwrap();
}

#[test]
fn what_changes_while_the_numbers_are_counted_anew_is_in_them() {
    let desk = Desk::new();
    with_one_erased(&desk);
    let (app, workspace) = (desk.app(), desk.world.test.workspace);
    let later = add_contact(&desk.world, "Una", "Field", "una@lakeside.example");
    let mut rounds = 0;
    let is_done = recount(&app.store, workspace, || {
        rounds += 1;
        if rounds == 1 {
            book(&desk, later, "2026-11-27T14:00:00Z");
        }
    });
    assert_eq!((is_done.unwrap(), rounds), (true, 2), "what had changed was read anew");
    let question = Question { to: Some(date(2026, 11, 29)), ..Question::default() };
    assert_eq!(Figures::read(app, &desk.world.owner, &question).unwrap().all.booked, 2);
}

#[test]
fn numbers_that_never_stand_still_are_left_as_they_are_and_counted_another_time() {
    let desk = Desk::new();
    with_one_erased(&desk);
    let (app, workspace) = (desk.app(), desk.world.test.workspace);
    let mut hour = 0;
    let mut add_one = || {
        // All of one week and one kind.
        many(&desk.world.test, &format!("2026-11-27T{hour:02}:00:00Z"), 1);
        hour += 1;
    };
    add_one();
    assert!(!recount(&app.store, workspace, add_one).unwrap());
    assert!(recount(&app.store, workspace, || {}).unwrap(), "and then they do");
}

#[test]
fn a_move_is_asked_about_with_what_speaks_against_it() {
    let desk = Desk::new();
    let (app, owner) = (desk.app(), &desk.world.owner);
    let booking = book(&desk, desk.contact, "2026-11-26T11:30:00Z");
    assert!(may_move_to(app, owner, booking.id, at("2026-11-26T11:45:00Z")).is_ok(), "its own time is no hindrance");
    assert!(may_move_to(app, owner, booking.id, booking.start).is_ok(), "it stays");
    let evening = may_move_to(app, owner, booking.id, at("2026-11-26T19:00:00Z"));
    assert!(
        matches!(&evening, Err(BookError::Unsure { why, .. }) if Anyway::field(why) == "outside_hours"),
        "{evening:?}"
    );
    let busy = may_move_to(app, owner, booking.id, at("2026-11-26T16:15:00Z"));
    assert!(matches!(busy, Err(BookError::NotFree { .. })), "{busy:?}");
    let unmoved = store::get(&app.store, desk.world.test.workspace, booking.id).unwrap().unwrap();
    assert_eq!((unmoved.start, unmoved.version), (booking.start, booking.version));
    assert_eq!(desk.world.mails_of(GWEN).len(), 1, "asking tells nobody");
}

/// `count` bookings of nobody in particular, a minute apart from `first` on.
pub fn many(test: &TestApp, first: &str, count: i64) {
    let bookings: Vec<Booking> = (0..count)
        .map(|number| {
            let start = UnixMillis(at(first).0 + number * 60_000);
            let span = Span::lasting(start, Duration::from_secs(900));
            Booking {
                id: BookingId::new(testing::NOW),
                workspace: test.workspace,
                contact: ContactId::new(testing::NOW),
                worker: None,
                reply: None,
                connection: None,
                calendar_id: String::new(),
                title: "Call".into(),
                start,
                end: span.end,
                claim: span,
                guest_zone: "Europe/London".into(),
                language: "en".into(),
                place: String::new(),
                video: false,
                video_link: None,
                state: State::Confirmed,
                instead_of: None,
                event_id: Some(format!("event-{number}")),
                source: Source::Api,
                created_at: testing::NOW,
                version: 1,
                written: 1,
                told: 1,
                trouble: None,
                history: vec![],
                kept: Kept::default(),
                details: Default::default(),
                hosted: Default::default(),
                location: None,
                ical_uid: None,
            }
        })
        .collect();
    for some in bookings.chunks(8) {
        let put = test.app.store.write(|txn| some.iter().try_for_each(|booking| store::put(txn, booking, None)));
        put.unwrap();
    }
}

#[test]
fn a_week_of_more_than_five_hundred_bookings_is_shown_whole() {
    let test = testing::app();
    many(&test, "2026-11-25T08:00:00Z", 620);
    let read = |view: View| {
        let asked = Asked { view, date: Some(date(2026, 11, 25)), ..Asked::default() };
        Calendar::read(&test.app, &test.owner, asked).unwrap()
    };
    let Body::Grid(week) = read(View::Week).body else { panic!("a week is a grid") };
    assert_eq!(week.days.iter().map(|day| day.blocks.len()).sum::<usize>(), 620);
    assert!(!week.is_cut);
    let Body::Month(month) = read(View::Month).body else { panic!("a month is one") };
    let wednesday = &month.weeks[4][2];
    assert_eq!((wednesday.number, wednesday.count, wednesday.entries.len(), wednesday.more), (25, 620, 3, 617));
    assert_eq!(wednesday.name, "Wednesday 25 November, 620 bookings");

    let week = Span::new(at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
    assert_eq!(list_between(&test.app.store, test.workspace, week).unwrap().len(), 620);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let wanted = Wanted { within: Some(week), after: after.as_ref(), limit: 97 };
        let even = |_: &mut crate::store::Txn<'_>, booking: &Booking| Ok(booking.start.0 % 120_000 == 0);
        let page = find_all(&test.app.store, test.workspace, &wanted, even).unwrap();
        seen.extend(page.rows.iter().map(|booking| booking.start));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 310);
    assert!(seen.is_sorted(), "without gap or repeat");
}

#[test]
fn the_agenda_leads_on_page_by_page_and_stays_inside_its_days() {
    let test = testing::app();
    many(&test, "2026-11-25T08:00:00Z", 230);
    let mut asked = Asked {
        view: View::Agenda,
        date: Some(date(2026, 11, 25)),
        until: Some(date(2026, 11, 25)),
        filter: Filter { source: Some(Source::Api), ..Filter::default() },
        ..Asked::default()
    };
    let mut counts = Vec::new();
    loop {
        let Body::Agenda(agenda) = Calendar::read(&test.app, &test.owner, asked.clone()).unwrap().body else {
            panic!("an agenda is a list")
        };
        counts.push(agenda.days.iter().map(|day| day.entries.len()).sum::<usize>());
        if agenda.more.is_empty() {
            break;
        }
        let query = agenda.more.split_once('?').unwrap().1;
        asked = actix_web::web::Query::<crate::bookings::views::CalendarQuery>::from_query(query).unwrap().read();
    }
    assert_eq!(counts, [100, 100, 30]);
    let none = Asked { filter: Filter { source: Some(Source::ByHand), ..asked.filter }, after: None, ..asked };
    let Body::Agenda(empty) = Calendar::read(&test.app, &test.owner, none).unwrap().body else { panic!() };
    assert!(empty.days.is_empty());
}

#[test]
fn each_view_is_drawn_with_the_way_to_the_others_and_blocks_that_may_move() {
    let desk = Desk::new();
    book(&desk, desk.contact, "2026-11-26T11:30:00Z");
    let page = |view: View| {
        let asked = Asked { view, date: Some(date(2026, 11, 26)), ..Asked::default() };
        let calendar = Calendar::read(desk.app(), &desk.world.owner, asked).unwrap();
        crate::bookings::pages::draw(calendar)
    };
    for view in View::ALL {
        let drawn = page(view);
        assert!(drawn.contains("11:30") && drawn.contains("Gwen Hartley"), "{view:?}: {drawn}");
        for other in View::ALL {
            let href = format!("/calendar?view={}&#38;date=2026-11-26", other.as_str());
            assert!(drawn.contains(&href), "{view:?} does not lead to {other:?}");
        }
        assert_eq!(drawn.contains("data-movable"), matches!(view, View::Day | View::Week), "{view:?}");
    }
    desk.advance(3 * DAY);
    assert!(!page(View::Day).contains("data-movable"), "what is over moves no more");
}

#[test]
fn the_zone_s_own_days_hold_their_bookings() {
    let test = testing::app();
    let mut schedule = availability::schedule_of(&test.app.store, test.workspace).unwrap();
    schedule.zone = "Pacific/Auckland".into();
    test.app.store.write(|txn| availability::put_schedule(txn, test.workspace, &schedule)).unwrap();
    // Sunday evening in London is Monday morning there.
    many(&test, "2026-11-29T20:00:00Z", 1);
    let question = Question { from: Some(date(2026, 11, 30)), to: Some(date(2026, 11, 30)), ..Question::default() };
    assert_eq!(Figures::read(&test.app, &test.owner, &question).unwrap().all.booked, 1);
    let asked = Asked { view: View::Day, date: Some(date(2026, 11, 30)), ..Asked::default() };
    let Body::Grid(day) = Calendar::read(&test.app, &test.owner, asked).unwrap().body else { panic!() };
    assert!(!day.is_empty);
}
