//! What is paid for before it stands, against the sandbox's Stripe: one date, and several at once.

use std::time::Duration;

use actix_web::test::{call_service, init_service, read_body, TestRequest};
use actix_web::web::Data;
use serde_json::json;

use super::companions::Office;
use super::desk::{at, guest, GWEN};
use crate::app::App;
use crate::audit::Who;
use crate::availability::Every;
use crate::base::PaymentId;
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::paid::{let_go, Listener};
use crate::bookings::public::{book, book_series, manage_path, reschedule, Guest, Mover, NotBooked};
use crate::bookings::series::{end_rest, read};
use crate::bookings::service::{cancel, dismiss, end, End};
use crate::bookings::types::{self, EventType, Price, Repeats};
use crate::bookings::{count_asked_for, store};
use crate::events::{self, Happened, Subscriber};
use crate::http::{Cookies, MacKey};
use crate::payments::{self, Payment, Standing};
use crate::sandbox::STRIPE_KEY;

const DATES: [&str; 3] = ["2026-11-26T11:30:00Z", "2026-12-03T11:30:00Z", "2026-12-10T11:30:00Z"];
/// Twenty euros; who cancels later than a day before gets half of it back.
const PRICE: u64 = 2_000;

struct Till {
    office: Office,
}

impl Till {
    fn open(change: impl FnOnce(&mut EventType)) -> Self {
        let office = Office::open("mail");
        let app = office.desk.app();
        payments::connect(app, &office.desk.world.owner, STRIPE_KEY).unwrap();
        let mut event = EventType { guests: 0, ..office.event.clone() };
        event.price = Some(Price { amount: PRICE, currency: "EUR".into(), free_until: 24 * 60, late_percent: 50 });
        change(&mut event);
        let event = types::save(app, &office.desk.world.owner, event).unwrap();
        office.desk.settle();
        Self { office: Office { event, ..office } }
    }

    fn of_series(change: impl FnOnce(&mut EventType)) -> Self {
        Self::open(|event| {
            event.repeats = Some(Repeats { every: Every::Week, interval: 1, dates: 3, guest_chooses: false });
            change(event);
        })
    }

    fn app(&self) -> &App {
        self.office.desk.app()
    }

    fn try_series(&self) -> Result<Booking, NotBooked> {
        let [first, later @ ..] = DATES.map(at);
        let booked =
            book_series(self.app(), &self.office.event, &gwen().wants(first, 30, Source::Page), &later, &mut vec![]);
        self.office.desk.settle();
        booked
    }

    /// Booked, and not paid yet.
    fn series(&self) -> Vec<Booking> {
        let first = self.try_series().unwrap();
        read(self.app(), &first).unwrap()
    }

    /// Booked and paid.
    fn paid_series(&self) -> Vec<Booking> {
        let all = self.series();
        self.pay(&all[0]);
        self.now(&all)
    }

    fn now(&self, all: &[Booking]) -> Vec<Booking> {
        all.iter().map(|one| store::get(&self.app().store, one.workspace, one.id).unwrap().unwrap()).collect()
    }

    fn payment(&self, booking: &Booking) -> Payment {
        payments::get(&self.app().store, booking.workspace, booking.details.payment.unwrap()).unwrap().unwrap()
    }

    /// The guest pays on Stripe's page, and Stripe is asked what became of it.
    fn pay(&self, booking: &Booking) {
        let payments::State::Open { url } = self.payment(booking).state else { panic!("{:?}", self.payment(booking)) };
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        agent.post(&url).send_form([("how", "card")]).unwrap();
        self.advance(301);
    }

    fn advance(&self, seconds: u64) {
        self.office.desk.advance(Duration::from_secs(seconds));
    }

    /// What went back of a payment, all of it by Stripe's own word.
    fn returned(&self, booking: &Booking) -> u64 {
        let payment = self.payment(booking);
        let is_done = |one: &payments::Refund| one.status == Standing::Succeeded && one.id.is_some();
        assert!(payment.refunds.iter().all(is_done), "{:?}", payment.refunds);
        payment.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// The same for one of its dates.
    fn returned_for(&self, booking: &Booking) -> u64 {
        let refunds = self.payment(booking).refunds;
        let dates = refunds.iter().flat_map(|refund| &refund.of).filter(|date| date.booking == booking.id);
        dates.map(|date| date.amount).sum()
    }

    fn cancel(&self, booking: &Booking) {
        end(self.app(), booking.workspace, booking.id, &visitor()).unwrap();
        self.office.desk.settle();
    }

    fn subjects(&self) -> Vec<String> {
        self.office.desk.letters().into_iter().map(|letter| letter.subject).collect()
    }

    /// A page of the guest's.
    async fn page(&self, path: &str) -> String {
        let data: Data<App> = Data::from(self.office.desk.world.test.app.clone());
        let cookies = Data::new(Cookies::new(MacKey::new([7; 32]), false));
        let app = actix_web::App::new().app_data(data).app_data(cookies).configure(crate::bookings::routes);
        let service = init_service(app).await;
        let response = call_service(&service, TestRequest::get().uri(path).to_request()).await;
        String::from_utf8_lossy(&read_body(response).await).into_owned()
    }
}

fn gwen() -> Guest {
    guest("Gwen Hartley", GWEN)
}

fn visitor() -> End<'static> {
    End { who: Who::Visitor, by: "Gwen", reason: "ill" }
}

fn states(all: &[Booking]) -> Vec<&'static str> {
    all.iter().map(|one| one.state.as_str()).collect()
}

#[test]
fn all_dates_are_paid_for_at_once_and_stand_with_one_confirmation() {
    let till = Till::of_series(|_| {});
    let all = till.series();
    assert_eq!(states(&all), ["unpaid"; 3]);
    let ids: Vec<Option<PaymentId>> = all.iter().map(|one| one.details.payment).collect();
    assert!(ids.iter().all(|id| id.is_some() && *id == ids[0]), "one payment for all: {ids:?}");
    let payment = till.payment(&all[2]);
    assert_eq!((payment.amount, payment.name.as_str(), payment.booking), (3 * PRICE, "3 × First call", all[0].id));
    assert_eq!((till.subjects(), till.office.desk.events()), (vec![], vec![]), "nothing stands yet");
    assert!(matches!(till.try_series(), Err(NotBooked::Taken)), "the times are kept while it is paid");

    till.pay(&all[1]);
    let all = till.now(&all);
    assert_eq!(states(&all), ["confirmed"; 3]);
    let mut events = till.office.desk.events();
    events.sort();
    assert_eq!(events, DATES);
    let letters = till.office.desk.letters();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert!(letter.text.contains("first of 3 dates") && letter.text.contains("€60.00"), "{}", letter.text);
}

#[test]
fn what_nobody_pays_for_in_time_ends_as_a_whole_with_one_message() {
    let till = Till::of_series(|_| {});
    let all = till.series();
    till.advance(21 * 60);
    till.advance(301);
    let all = till.now(&all);
    assert_eq!(states(&all), ["cancelled"; 3]);
    let subjects = till.subjects();
    assert!(subjects.len() == 1 && subjects[0].contains("Cancelled"), "{subjects:?}");
    assert_eq!(till.payment(&all[0]).state, payments::State::Expired);
    assert!(till.try_series().is_ok(), "the times are free again");
}

#[test]
fn who_gives_up_one_date_before_paying_gives_up_all_of_them() {
    let till = Till::of_series(|_| {});
    let all = till.series();
    till.cancel(&all[1]);
    assert_eq!(states(&till.now(&all)), ["cancelled"; 3]);
    assert_eq!(till.payment(&all[0]).state, payments::State::Withdrawn);
    assert_eq!(till.subjects().len(), 1);
}

#[test]
fn each_date_takes_its_own_share_back_by_when_it_was_given_up() {
    let till = Till::of_series(|_| {});
    let all = till.paid_series();
    till.cancel(&all[0]);
    assert_eq!((till.returned(&all[0]), till.returned_for(&all[0])), (PRICE, PRICE));
    assert_eq!(states(&till.now(&all)), ["cancelled", "confirmed", "confirmed"]);
    // Six hours before the second.
    let until = at(DATES[1]).since(till.app().now()).as_secs() - 6 * 3600;
    till.advance(until);
    end_rest(till.app(), all[1].workspace, &till.now(&all)[1], &visitor()).unwrap();
    till.office.desk.settle();
    assert_eq!((till.returned_for(&all[1]), till.returned_for(&all[2])), (PRICE / 2, PRICE));
    assert_eq!(till.returned(&all[0]), PRICE + PRICE / 2 + PRICE);
    assert_eq!(till.payment(&all[0]).refundable(), PRICE / 2);
}

#[test]
fn whoever_is_cancelled_on_gets_all_of_it_back_however_late() {
    let till = Till::of_series(|_| {});
    let all = till.paid_series();
    till.advance(at(DATES[0]).since(till.app().now()).as_secs() - 3600);
    cancel(till.app(), &till.office.desk.world.owner, all[0].id, "ill").unwrap();
    till.office.desk.settle();
    assert_eq!((till.returned(&all[0]), till.returned_for(&all[0])), (PRICE, PRICE));
}

#[test]
fn paid_dates_are_asked_for_together_and_all_of_it_goes_back_where_they_are_declined_or_lapse() {
    for declines in [true, false] {
        let till = Till::of_series(|event| event.needs_approval = true);
        let all = till.series();
        assert_eq!(count_asked_for(till.app(), all[0].workspace).unwrap(), 0, "nobody decides before it is paid");
        till.pay(&all[0]);
        let all = till.now(&all);
        assert_eq!(states(&all), ["proposed"; 3]);
        assert_eq!(count_asked_for(till.app(), all[0].workspace).unwrap(), 1);
        assert_eq!(till.subjects().len(), 1, "{:?}", till.subjects());
        match declines {
            true => {
                dismiss(till.app(), &till.office.desk.world.owner, all[0].id, "No room.").map(drop).unwrap();
            }
            false => till.advance(at(DATES[0]).since(till.app().now()).as_secs() + 60),
        }
        till.office.desk.settle();
        assert_eq!(states(&till.now(&all)), ["cancelled"; 3]);
        assert_eq!(till.returned(&all[0]), 3 * PRICE, "declined: {declines}");
        assert_eq!(till.subjects().len(), 2, "{:?}", till.subjects());
    }
}

#[test]
fn a_date_that_ends_while_money_is_on_its_way_back_waits_its_turn_and_nothing_goes_back_twice() {
    let till = Till::of_series(|_| {});
    let all = till.paid_series();
    // The first refund arrives, and its answer is lost.
    let fault = json!({ "match": "POST /stripe/v1/refunds", "drop": true, "after": true, "times": 1 });
    till.office.desk.world.ask_control("faults", &fault);
    till.cancel(&all[0]);
    assert_eq!(till.payment(&all[0]).refunds[0].status, Standing::Asked);
    till.cancel(&all[1]);
    // Heard once more.
    let (app, ended) = (till.app(), till.now(&all));
    for one in &ended[..2] {
        app.store.write(|txn| let_go(txn, one, app.now(), app.now())).unwrap();
    }
    till.advance(3600);
    till.advance(3600);
    assert_eq!(till.returned(&all[0]), 2 * PRICE);
    assert_eq!((till.returned_for(&all[0]), till.returned_for(&all[1])), (PRICE, PRICE));
    till.cancel(&all[2]);
    assert_eq!(till.returned(&all[0]), 3 * PRICE, "Stripe would refuse a cent more");
}

#[test]
fn a_payment_that_is_told_once_more_changes_nothing() {
    let till = Till::of_series(|event| event.price.as_mut().unwrap().late_percent = 0);
    let all = till.paid_series();
    till.advance(at(DATES[0]).since(till.app().now()).as_secs() - 3600);
    till.cancel(&all[0]);
    let app = till.app();
    let events = events::list_newest(&app.store, all[0].workspace, None, None, 50).unwrap().rows;
    let paid = events.iter().find(|event| matches!(event.what, Happened::PaymentReceived { .. })).unwrap();
    Listener.on(app, paid).unwrap();
    till.office.desk.settle();
    assert_eq!(states(&till.now(&all)), ["cancelled", "confirmed", "confirmed"]);
    assert_eq!(till.returned(&all[0]), 0);
}

#[test]
fn a_slow_payment_that_comes_when_the_first_date_is_over_goes_back_whole() {
    let till = Till::of_series(|_| {});
    let all = till.series();
    let payments::State::Open { url } = till.payment(&all[0]).state else { panic!("not open") };
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    agent.post(&url).send_form([("how", "bank")]).unwrap();
    till.advance(301);
    assert_eq!(till.payment(&all[0]).state, payments::State::Processing);
    till.advance(at(DATES[0]).since(till.app().now()).as_secs() + 60);
    till.office.desk.world.sandbox.run_due(till.app().now());
    till.advance(3601);
    let all = till.now(&all);
    assert_eq!(states(&all), ["cancelled"; 3]);
    assert_eq!(till.returned(&all[0]), 3 * PRICE);
}

#[test]
fn one_date_is_paid_for_and_what_was_paid_counts_whatever_it_costs_by_now() {
    for now_costs in [500, 9_000] {
        let till = Till::open(|_| {});
        let wanted = gwen().wants(at(DATES[0]), 30, Source::Page);
        let booking = book(till.app(), &till.office.event, &wanted).unwrap();
        till.office.desk.settle();
        assert_eq!(booking.state, State::Unpaid);
        till.pay(&booking);
        assert_eq!(states(&till.now(std::slice::from_ref(&booking))), ["confirmed"]);
        let mut event = till.office.event.clone();
        event.price.as_mut().unwrap().amount = now_costs;
        types::save(till.app(), &till.office.desk.world.owner, event).unwrap();
        till.cancel(&booking);
        assert_eq!(till.returned(&booking), PRICE, "it costs {now_costs} now");
    }
}

#[test]
fn moving_ahead_gets_round_no_rule_and_a_member_who_moves_gives_the_time_again() {
    let shortly_before = |till: &Till, booking: &Booking| {
        till.advance(booking.start.since(till.app().now()).as_secs() - 2 * 60 * 60);
    };
    let moved = |till: &Till, booking: &Booking, who: Who, to: &str| {
        let mover = Mover { who, by: "them", reason: "", insists: false };
        let moved = reschedule(till.app(), booking, at(to), &mover).unwrap();
        till.office.desk.settle();
        moved
    };
    let member = Who::of(&Till::open(|_| {}).office.desk.world.owner);
    for (then, by_member, back) in
        [(None, None, PRICE / 2), (Some(DATES[2]), None, PRICE / 2), (None, Some(DATES[2]), PRICE)]
    {
        let till = Till::open(|event| event.cut_off = 0);
        let wanted = gwen().wants(at(DATES[0]), 30, Source::Page);
        let booking = book(till.app(), &till.office.event, &wanted).unwrap();
        till.office.desk.settle();
        till.pay(&booking);
        let [booking] = &till.now(&[booking])[..] else { panic!("one") };
        shortly_before(&till, booking);
        let mut now = moved(&till, booking, Who::Visitor, DATES[1]);
        now = then.map_or(now.clone(), |to| moved(&till, &now, Who::Visitor, to));
        now = by_member.map_or(now.clone(), |to| moved(&till, &now, member.clone(), to));
        till.cancel(&now);
        assert_eq!(till.returned(&now), back, "{then:?} {by_member:?}");
    }
}

#[actix_web::test]
async fn the_guest_reads_what_each_choice_brings_back() {
    let till = Till::of_series(|_| {});
    let all = till.paid_series();
    till.cancel(&all[0]);
    let all = till.now(&all);
    let gone = till.page(&manage_path(till.app(), &all[0])).await;
    assert!(gone.contains("€20.00, of which €20.00 goes back to you."), "{gone}");
    let page = till.page(&format!("{}/cancel", manage_path(till.app(), &all[1]))).await;
    assert!(page.contains("This date only. If you cancel now, you get back €20.00 of €20.00."), "{page}");
    let rest = "This one and all later ones: 2 dates. If you cancel now, you get back €40.00 of €40.00.";
    assert!(page.contains(rest), "{page}");
    till.advance(at(DATES[1]).since(till.app().now()).as_secs() - 6 * 3600);
    let page = till.page(&format!("{}/cancel", manage_path(till.app(), &all[1]))).await;
    assert!(page.contains("If you cancel now, you get back €30.00 of €40.00."), "{page}");
}

#[actix_web::test]
async fn the_price_is_that_of_each_date_and_the_form_says_the_sum() {
    let till = Till::of_series(|_| {});
    let event = &till.office.event;
    let list = till.page("/b/fernhill").await;
    assert!(list.contains("€20.00 for each date"), "{list}");
    let times = till.page(&format!("/b/fernhill/{}?tz=Europe/London&lang=de", event.slug)).await;
    assert!(times.contains("20,00\u{a0}€ je Termin, bei der Buchung zu bezahlen"), "{times}");
}

#[test]
fn all_dates_together_cost_no_more_than_stripe_takes() {
    let till = Till::of_series(|_| {});
    let mut event = till.office.event.clone();
    event.price.as_mut().unwrap().amount = 50_000_000;
    let refused = types::save(till.app(), &till.office.desk.world.owner, event).unwrap_err();
    assert!(format!("{refused:?}").contains("All dates are paid for at once"), "{refused:?}");
}
