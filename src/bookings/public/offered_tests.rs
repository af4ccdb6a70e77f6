use super::*;
use crate::bookings::tests::desk::at;
use crate::bookings::tests::on_event::Office;
use crate::bookings::types::LANGUAGES;
use crate::bookings::{cancel, store};
use crate::messaging::Reading;

const NOON: &str = "2026-11-26T11:30:00Z";

/// An answer in `language` that asks for times.
fn asked_in(office: &Office, language: &str) -> Reply {
    let desk = &office.desk;
    let id = desk.reply_read(desk.contact, "When suits you?", &[], |reading| Reading {
        language: language.into(),
        asks_for_times: true,
        ..reading
    });
    desk.settle();
    let found = desk.app().store.read(|txn| messaging::find_reply(txn, desk.world.test.workspace, id));
    found.unwrap().unwrap()
}

fn token_for(office: &Office, reply: &Reply, start: &str) -> String {
    let span = Span::lasting(at(start), Duration::from_secs(1800));
    let links = links(office.desk.app(), reply, &office.event(), &[span]);
    links[0].rsplit('/').next().unwrap().to_owned()
}

/// The page, or where it leads; with its status.
fn page_at(office: &Office, token: &str) -> Result<(u16, String), PageError> {
    let app = office.desk.app();
    Ok(match shown_at(app, token)? {
        Shown::Elsewhere(to) => (303, to),
        Shown::Page(status, page) => (status.as_u16(), page.render().unwrap()),
    })
}

#[test]
fn the_page_shows_the_time_and_a_button_in_the_language_of_the_answer() {
    let office = Office::with(|event| event.guests = 1);
    let cases = [
        ("en", "Thursday 26 November", "Nothing is booked yet."),
        ("de", "Donnerstag, 26. November", "Noch ist nichts gebucht."),
        ("es", "jueves 26 de noviembre", "Todavía no hay nada reservado."),
        ("fr", "jeudi 26 novembre", "Rien n’est encore réservé."),
        ("pt", "quinta-feira, 26 de novembro", "Nada está reservado ainda."),
        ("hi", "गुरुवार, 26 नवंबर", "अभी कुछ बुक नहीं हुआ है।"),
    ];
    assert_eq!(cases.map(|(tag, ..)| tag), LANGUAGES);
    for (tag, day, confirm) in cases {
        let reply = asked_in(&office, tag);
        let (status, page) = page_at(&office, &token_for(&office, &reply, NOON)).unwrap();
        assert_eq!(status, 200, "{tag}");
        for words in
            [day, confirm, "gwen@oldmill.example", &format!("lang=\"{tag}\""), "value=\"Gwen Hartley\"", "noindex"]
        {
            assert!(page.contains(words), "{tag} lacks {words}: {page}");
        }
        for left_open in ["{email}", "{time}", "{n}", "name=\"_csrf\""] {
            assert!(!page.contains(left_open), "{tag}: {page}");
        }
    }
    assert!(office.desk.bookings().is_empty(), "looking books nothing");
}

#[test]
fn a_time_that_has_gone_shows_others_near_it_whose_links_are_good() {
    let office = Office::new();
    let reply = asked_in(&office, "de");
    let token = token_for(&office, &reply, NOON);
    let tom = crate::bookings::tests::desk::add_contact(&office.desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let new = crate::bookings::NewBooking { contact: tom, worker: office.desk.worker, start: at(NOON) };
    let owner = &office.desk.world.owner;
    crate::bookings::create(office.desk.app(), owner, &new, &crate::bookings::Anyway::default()).unwrap();
    let (status, page) = page_at(&office, &token).unwrap();
    assert_eq!(status, 200);
    assert!(page.contains("Diese Zeiten in der Nähe sind frei:") && !page.contains("<form"), "{page}");
    let near: Vec<&str> = page.split("/booking/at/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(near.len(), decide::OFFERS);
    for other in near {
        let (status, page) = page_at(&office, other).unwrap();
        assert!(status == 200 && page.contains("<form"), "{page}");
    }
}

#[test]
fn an_offer_runs_out_after_a_month_or_with_its_time_or_when_nobody_means_it_any_more() {
    let gone = |office: &Office, token: &str| {
        let (status, page) = page_at(office, token).unwrap();
        assert!(!page.contains("<form"), "{page}");
        (status, page.contains("This offer has run out."))
    };
    let office = Office::new();
    let reply = asked_in(&office, "en");
    let (soon, late) = (token_for(&office, &reply, NOON), token_for(&office, &reply, "2027-01-14T11:30:00Z"));
    assert_eq!(page_at(&office, &soon).unwrap().0, 200);
    office.desk.advance(Duration::from_secs(3 * 86_400));
    assert_eq!(gone(&office, &soon), (410, true), "its time has passed");
    assert_eq!(page_at(&office, &late).unwrap().0, 200);
    office.desk.advance(Duration::from_secs(28 * 86_400));
    assert_eq!(gone(&office, &late), (410, true), "a month has passed");

    let office = Office::new();
    let reply = asked_in(&office, "en");
    let token = token_for(&office, &reply, NOON);
    office.change(|event| event.is_open = false);
    assert_eq!(gone(&office, &token), (410, true), "the event type is switched off");
    office.change(|event| event.is_open = true);
    assert_eq!(page_at(&office, &token).unwrap().0, 200, "and on again");
    office.desk.correct(reply.id, "not_interested");
    assert_eq!(gone(&office, &token), (410, true), "a person says that it asks for no meeting");
}

#[test]
fn who_has_a_meeting_is_led_to_it() {
    let office = Office::new();
    let reply = asked_in(&office, "en");
    let token = token_for(&office, &reply, NOON);
    let booking = office.click(reply.id, "2026-11-25T11:00:00Z").unwrap();
    let (status, to) = page_at(&office, &token).unwrap();
    assert_eq!((status, to), (303, crate::bookings::public::manage_path(office.desk.app(), &booking)));
    cancel(office.desk.app(), &office.desk.world.owner, booking.id, "").unwrap();
    assert_eq!(page_at(&office, &token).unwrap().0, 303, "to the page that says it was called off");
    let stored = store::get(&office.desk.app().store, booking.workspace, booking.id).unwrap().unwrap();
    assert_eq!((stored.worker, stored.reply), (Some(office.desk.worker), Some(reply.id)), "credited to the worker");
}

#[test]
fn a_link_that_was_changed_or_is_about_somebody_who_is_gone_leads_nowhere() {
    let office = Office::new();
    let (app, workspace) = (office.desk.app(), office.desk.world.test.workspace);
    let reply = asked_in(&office, "en");
    let token = token_for(&office, &reply, NOON);
    let (body, tag) = token.split_once('.').unwrap();
    let hold = crate::bookings::public::token::Held {
        event: office.event,
        id: crate::base::BookingId::new(app.now()),
        start: at(NOON),
        minutes: 30,
        until: at(NOON),
    };
    let forged = ["x.y".to_owned(), body.to_owned(), format!("{body}.{}", tag.to_uppercase()), hold.token(app)];
    let flipped = format!("{}A.{tag}", &body[..body.len() - 1]);
    for token in forged.iter().chain([&flipped]).filter(|other| **other != token) {
        assert!(matches!(page_at(&office, token), Err(PageError::NotFound)), "{token}");
    }
    let gwen = contacts::get(&app.store, workspace, office.desk.contact).unwrap().unwrap();
    let restricted = Contact { restricted: true, ..gwen.clone() };
    app.store.write(|txn| contacts::put(txn, &restricted, Some(&gwen))).unwrap();
    assert!(matches!(page_at(&office, &token), Err(PageError::NotFound)));
    assert!(matches!(office.click(reply.id, NOON), Err(NotBooked::Closed)));
}

#[test]
fn a_token_says_the_same_when_it_is_read_again() {
    let office = Office::new();
    let reply = asked_in(&office, "en");
    let token = token_for(&office, &reply, NOON);
    let offer = Offer::read(office.desk.app(), &token).unwrap();
    assert_eq!((offer.reply, offer.event, offer.start, offer.minutes), (reply.id, office.event, at(NOON), 30));
    assert_eq!(offer.until, at(NOON), "never longer than its time");
    assert_eq!(offer.token(office.desk.app()), token);
    assert!(token.len() < 160, "short enough for a mail: {}", token.len());
}
