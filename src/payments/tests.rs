use std::sync::Arc;
use std::time::Duration;

use super::model::{NewPayment, Payment, Refund, Standing, State};
use super::refund::{self, Wanted};
use super::settle::{settle, Verdict};
use super::webhook::{take, Taken};
use super::{account, ask, link, service, session, store, PayError};
use crate::base::{BookingId, Clock, ContactId, PaymentId};
use crate::events::{self, Happened};
use crate::jobs::{self, Handlers, Runner, Threads};
use crate::sandbox::{OwnerAccount, Sandbox, SandboxOptions, STRIPE_KEY};
use crate::store::StoreError;
use crate::testing::{self, TestApp};

struct World {
    test: TestApp,
    sandbox: Sandbox,
    clock: Clock,
    runner: Runner,
}

impl World {
    fn open() -> Self {
        let clock = Clock::stopped_at(testing::NOW);
        let owner = OwnerAccount { email: "nora@fernhill.example".into(), name: "Nora".into(), zone: "UTC".into() };
        let listen = ([127, 0, 0, 1], 0).into();
        let options = SandboxOptions {
            clock: clock.clone(),
            listen,
            people: false,
            owner,
            advance: None,
            smtp_imap: false,
            memory: None,
        };
        let sandbox = Sandbox::start(options).unwrap();
        let test = testing::app_with(&[
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_PROVIDERS__STRIPE__API_BASE", &format!("{}/stripe", sandbox.url)),
        ]);
        let app = &test.app;
        let handlers = Arc::new(super::handlers(Handlers::default()));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        Self { test, sandbox, clock, runner }
    }

    fn connected() -> Self {
        let world = Self::open();
        account::connect(&world.test.app, &world.test.owner, STRIPE_KEY).unwrap();
        world
    }

    fn advance(&self, seconds: u64) {
        self.test.app.clock.advance(Duration::from_secs(seconds));
        self.clock.advance(Duration::from_secs(seconds));
        self.sandbox.run_due(self.clock.now());
        self.settle();
    }

    fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
    }

    fn new_payment(&self) -> NewPayment {
        let now = self.test.app.now();
        NewPayment {
            id: PaymentId::new(now),
            workspace: self.test.workspace,
            contact: ContactId::new(now),
            booking: BookingId::new(now),
            amount: 4_900,
            currency: "EUR".into(),
            name: "First lesson".into(),
            email: Some("ada@x.example".into()),
            language: "de".into(),
            expires_at: now.plus(Duration::from_secs(900)),
            back: "/b/fernhill/lesson".into(),
        }
    }

    fn begin(&self) -> PaymentId {
        let (app, new) = (&self.test.app, self.new_payment());
        let begun = app.store.write(|txn| service::begin(txn, &new, app.now())).unwrap();
        assert!(begun.is_some());
        self.settle();
        new.id
    }

    fn payment(&self, id: PaymentId) -> Payment {
        store::get(&self.test.app.store, self.test.workspace, id).unwrap().unwrap()
    }

    /// The guest presses a button on Stripe's page.
    fn pay(&self, id: PaymentId, how: &str) {
        let State::Open { url } = self.payment(id).state else { panic!("{:?}", self.payment(id).state) };
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        agent.post(&url).send_form([("how", how)]).unwrap();
    }

    /// The guest comes back.
    fn look(&self, id: PaymentId) {
        assert!(ask::hurry(&self.test.app, self.test.workspace, id).unwrap());
        self.settle();
    }

    fn fault(&self, body: &str) {
        let url = format!("{}/control/faults", self.sandbox.url);
        let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
        agent.post(&url).header("content-type", "application/json").send(body).unwrap();
    }

    /// The requests that the simulated Stripe has heard.
    fn record(&self) -> Vec<serde_json::Value> {
        let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
        let url = format!("{}/control/requests", self.sandbox.url);
        let text = agent.get(&url).call().unwrap().body_mut().read_to_string().unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The owner gives something back in Stripe's own dashboard.
    fn refund_at_stripe(&self, id: PaymentId, amount: u64) -> u16 {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let intent = self.payment(id).intent.unwrap();
        let answer = agent
            .post(format!("{}/stripe/v1/refunds", self.sandbox.url))
            .header("authorization", format!("Bearer {STRIPE_KEY}"))
            .header("stripe-version", crate::providers::stripe::VERSION)
            .send_form([("payment_intent", intent.as_str()), ("amount", &amount.to_string())]);
        answer.unwrap().status().as_u16()
    }

    /// Refunds that were asked for with a key of ours.
    fn refund_posts(&self) -> usize {
        let is_ours = |one: &serde_json::Value| {
            one["method"] == "POST"
                && one["url"].as_str().is_some_and(|url| url.ends_with("/refunds"))
                && !one["headers"]["idempotency-key"].is_null()
        };
        self.record().iter().filter(|one| is_ours(one)).count()
    }

    fn paid(&self) -> PaymentId {
        let id = self.begin();
        self.pay(id, "card");
        self.look(id);
        id
    }

    fn give(&self, id: PaymentId, typed: &str) -> Result<Payment, PayError> {
        let given = refund::by_hand(&self.test.app, &self.test.owner, id, Wanted::typed(typed), "late");
        self.settle();
        given
    }

    fn say(&self, id: PaymentId, number: usize, verdict: Verdict) -> Result<(), PayError> {
        let said = settle(&self.test.app, &self.test.owner, id, number, verdict);
        self.settle();
        said
    }

    fn disconnect(&self) {
        account::disconnect(&self.test.app, &self.test.owner).unwrap();
        self.advance(4_600);
    }

    fn rows(&self, id: PaymentId) -> Vec<(u64, Standing)> {
        self.payment(id).refunds.iter().map(|refund| (refund.amount, refund.status)).collect()
    }

    fn erase(&self, id: PaymentId) {
        let person = crate::store::Person::Contact(self.test.workspace, self.payment(id).contact);
        let table = super::tables().into_iter().find(|table| table.info.name == "payments").unwrap();
        assert_eq!((table.erase.unwrap())(&self.test.app.store, person).unwrap(), 1);
        self.settle();
    }

    fn requests(&self, path: &str) -> usize {
        self.record().iter().filter(|request| request["url"].as_str().is_some_and(|url| url.contains(path))).count()
    }

    fn told(&self) -> Vec<&'static str> {
        let app = &self.test.app;
        let all = events::list_newest(&app.store, self.test.workspace, None, None, 50).unwrap();
        let mut names: Vec<&'static str> = all
            .rows
            .iter()
            .filter_map(|event| match &event.what {
                Happened::PaymentReceived { .. } => Some("received"),
                Happened::PaymentEnded { .. } => Some("ended"),
                Happened::PaymentReturned { done: true, .. } => Some("returned"),
                Happened::PaymentReturned { done: false, .. } => Some("kept"),
                _ => None,
            })
            .collect();
        names.reverse();
        names
    }
}

#[test]
fn a_guest_pays_and_it_is_told_once() {
    let world = World::connected();
    let id = world.begin();
    world.pay(id, "card");
    assert!(matches!(world.payment(id).state, State::Open { .. }), "coming back is no proof");
    world.look(id);
    world.look(id);
    let paid = world.payment(id);
    assert_eq!(paid.state, State::Paid);
    assert!(paid.intent.is_some() && paid.paid_at.is_some());
    assert_eq!(world.told(), ["received"]);
    world.advance(86_400);
    assert_eq!(world.told(), ["received"]);
}

#[test]
fn without_notices_it_is_asked_every_five_minutes_and_the_page_is_closed_in_time() {
    let world = World::connected();
    let (paid, left) = (world.begin(), world.begin());
    world.pay(paid, "card");
    world.advance(301);
    assert_eq!(world.payment(paid).state, State::Paid);
    // A quarter of an hour was given; Stripe would keep its page open for twice that, and is told to close it.
    world.advance(600);
    assert_eq!(world.payment(left).state, State::Expired);
    assert_eq!(world.told(), ["received", "ended"]);
    assert_eq!(world.requests("/expire"), 1);
}

#[test]
fn a_slow_payment_is_waited_for_and_one_that_fails_ends() {
    let world = World::connected();
    let (comes, fails) = (world.begin(), world.begin());
    world.pay(comes, "bank");
    world.pay(fails, "bank_fails");
    world.look(comes);
    world.look(fails);
    assert_eq!(world.payment(comes).state, State::Processing);
    for _ in 0..3 {
        world.advance(3_601);
    }
    assert_eq!(world.payment(comes).state, State::Paid);
    assert!(matches!(world.payment(fails).state, State::Failed { .. }));
}

#[test]
fn what_is_withdrawn_cannot_be_paid_and_what_was_paid_all_the_same_is_heard() {
    let world = World::connected();
    let (app, now) = (&world.test.app, world.test.app.now());
    let withdraw = |id| {
        let payment = world.payment(id);
        app.store.write(|txn| service::withdraw(txn, &payment, now)).unwrap();
        world.settle();
    };
    let (gone, late) = (world.begin(), world.begin());
    withdraw(gone);
    assert_eq!(world.payment(gone).state, State::Withdrawn);
    assert_eq!(world.requests("/expire"), 1);
    world.pay(late, "card");
    withdraw(late);
    assert_eq!(world.payment(late).state, State::Paid);
    assert_eq!(world.told(), ["received"]);
    let before = world.new_payment();
    app.store
        .write(|txn| {
            let payment = service::begin(txn, &before, now)?.unwrap();
            service::withdraw(txn, &payment, now)
        })
        .unwrap();
    world.settle();
    assert_eq!(world.payment(before.id).session, None, "no page is made for what nobody wants");
}

#[test]
fn an_answer_that_is_lost_makes_no_second_page_and_no_second_refund() {
    let world = World::connected();
    world.fault(r#"{"match":"POST /stripe/v1/checkout/sessions","drop":true,"after":true}"#);
    let id = world.begin();
    assert_eq!(world.payment(id).state, State::Opening);
    for _ in 0..4 {
        world.advance(120);
    }
    assert!(matches!(world.payment(id).state, State::Open { .. }), "{:?}", world.payment(id));
    let sessions = format!("{}/stripe/v1/checkout/sessions", world.sandbox.url);
    let keyed = |request: &&serde_json::Value| request["method"] == "POST" && request["url"] == sessions;
    let asked: Vec<serde_json::Value> = world.record().into_iter().filter(|one| keyed(&one)).collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["headers"]["idempotency-key"], asked[1]["headers"]["idempotency-key"]);
    world.pay(id, "card");
    world.look(id);
    world.fault(r#"{"match":"POST /stripe/v1/refunds","drop":true,"after":true}"#);
    refund::by_hand(&world.test.app, &world.test.owner, id, Wanted::typed("10"), "late").unwrap();
    world.settle();
    for _ in 0..4 {
        world.advance(120);
    }
    let payment = world.payment(id);
    assert_eq!(payment.refunds.len(), 1);
    assert_eq!(payment.refunds[0].status, Standing::Succeeded);
    assert_eq!(payment.refundable(), 3_900);
    assert_eq!(world.told(), ["received", "returned"]);
}

#[test]
fn money_is_given_back_up_to_what_was_paid() {
    let world = World::connected();
    let id = world.begin();
    let give = |typed: &str| refund::by_hand(&world.test.app, &world.test.owner, id, Wanted::typed(typed), "");
    assert!(matches!(give(""), Err(PayError::Conflict(_))), "not paid yet");
    world.pay(id, "card");
    world.look(id);
    for wrong in ["49.01", "0", "-1", "ten"] {
        assert!(matches!(give(wrong), Err(PayError::Invalid(_))), "{wrong}");
    }
    give("9,50").unwrap();
    world.settle();
    give("").unwrap();
    world.settle();
    let payment = world.payment(id);
    let amounts: Vec<_> = payment.refunds.iter().map(|refund| (refund.amount, refund.status)).collect();
    assert_eq!(amounts, [(950, Standing::Succeeded), (3_950, Standing::Succeeded)]);
    assert!(matches!(give(""), Err(PayError::Conflict(_))));
}

#[test]
fn a_notice_counts_only_with_its_signature() {
    let world = World::connected();
    let app = &world.test.app;
    let notice = |body: &str, signature: &str| take(app, world.test.workspace, signature, body.as_bytes()).unwrap();
    assert_eq!(notice("{}", ""), Taken::Nobody, "nobody listens yet");
    account::listen(app, &world.test.owner).unwrap();
    let id = world.begin();
    world.pay(id, "card");
    let body = format!(
        r#"{{"id":"evt_1","type":"x","livemode":false,"data":{{"object":{{"id":"cs_1","metadata":{{"payment":"{id}"}}}}}}}}"#
    );
    assert_eq!(notice(&body, "t=1,v1=00"), Taken::Unsigned);
    world.settle();
    assert!(matches!(world.payment(id).state, State::Open { .. }));
    // The one that is signed comes over the wire, in the test of the whole server.
}

#[test]
fn a_key_that_stripe_refuses_later_stops_nothing_for_good() {
    let world = World::connected();
    world.fault(r#"{"match":"POST /stripe/v1/checkout/sessions","status":401}"#);
    let id = world.begin();
    assert_eq!(world.payment(id).state, State::Opening);
    let shown = account::get(&world.test.app, &world.test.owner).unwrap().unwrap();
    assert!(matches!(shown.account.state, super::model::AccountState::NeedsOwner { .. }));
    assert!(!shown.calls.is_empty());
    account::connect(&world.test.app, &world.test.owner, STRIPE_KEY).unwrap();
    world.advance(601);
    assert!(matches!(world.payment(id).state, State::Open { .. }));
}

#[test]
fn a_wrong_key_is_told_at_once_and_not_kept() {
    let world = World::open();
    for key in ["", "pk_test_1", "sk_test_wrong", "whsec_1"] {
        let error = account::connect(&world.test.app, &world.test.owner, key).unwrap_err();
        assert!(matches!(error, PayError::Invalid(_)), "{key}: {error:?}");
    }
    assert!(account::get(&world.test.app, &world.test.owner).unwrap().is_none());
    let (app, new) = (&world.test.app, world.new_payment());
    assert_eq!(app.store.write(|txn| service::begin(txn, &new, app.now())).unwrap(), None);
}

#[test]
fn a_link_is_only_ours_and_another_workspace_sees_nothing() {
    let world = World::connected();
    let (app, id) = (&world.test.app, world.begin());
    let path = link::path(app, &world.payment(id));
    let token = path.strip_prefix("/pay/").unwrap();
    assert_eq!(link::read(app, token), Some((world.test.workspace, id)));
    let (head, tag) = token.split_once('.').unwrap();
    let first = if tag.starts_with('-') { '_' } else { '-' };
    let forged = format!("{head}.{first}{}", &tag[1..]);
    for other in [head.to_owned(), format!("{head}."), forged, "x.y".into()] {
        assert_eq!(link::read(app, &other), None, "{other}");
    }
    let stranger =
        crate::authz::Actor { workspace: testing::add_workspace(app, "Other", "other"), ..world.test.owner.clone() };
    assert!(matches!(service::open(app, &stranger, id), Err(PayError::NotFound)));
    assert!(service::list(app, &stranger, None, 10).unwrap().rows.is_empty());
}

#[test]
fn who_is_erased_leaves_no_payment_behind() {
    let world = World::connected();
    let id = world.begin();
    let contact = world.payment(id).contact;
    let person = crate::store::Person::Contact(world.test.workspace, contact);
    let table = store::TABLES.iter().find(|table| table.export.is_some()).unwrap();
    assert_eq!((table.export.unwrap())(&world.test.app.store, person).unwrap().len(), 1);
    let app = &world.test.app;
    for table in store::TABLES.iter().filter_map(|table| table.erase) {
        table(&app.store, person).unwrap();
    }
    assert!(store::get(&app.store, world.test.workspace, id).unwrap().is_none());
    let left = app.store.read(|txn| store::find_of_booking(txn, world.test.workspace, BookingId(id.0)));
    assert!(matches!(left, Ok::<_, StoreError>(None)));
}

#[test]
fn who_is_erased_leaves_no_page_open_and_what_was_paid_in_that_moment_goes_back() {
    let world = World::connected();
    let (open, paid) = (world.begin(), world.begin());
    world.pay(paid, "card");
    for id in [open, paid] {
        let person = crate::store::Person::Contact(world.test.workspace, world.payment(id).contact);
        let table = super::tables().into_iter().find(|table| table.info.name == "payments").unwrap();
        assert_eq!((table.erase.unwrap())(&world.test.app.store, person).unwrap(), 1);
    }
    world.settle();
    assert_eq!(world.requests("/expire"), 2);
    assert_eq!(world.requests("/v1/refunds"), 1, "only what was paid is given back");
    world.advance(86_400);
    assert_eq!((world.requests("/expire"), world.requests("/v1/refunds")), (2, 1), "once");
}

#[test]
fn a_page_that_stripe_failed_to_close_is_closed_at_the_next_try() {
    let world = World::connected();
    let (app, now) = (&world.test.app, world.test.app.now());
    let id = world.begin();
    world.fault(r#"{"match":"POST /stripe/v1/checkout/sessions/cs","status":500}"#);
    let payment = world.payment(id);
    app.store.write(|txn| service::withdraw(txn, &payment, now)).unwrap();
    world.settle();
    assert_eq!(world.requests("/expire"), 1);
    world.advance(60);
    assert_eq!(world.requests("/expire"), 2, "who no longer wants it could still pay");
    world.advance(86_400);
    assert_eq!(world.requests("/expire"), 2, "once it is closed, it is left alone");
    let keys = world.record().into_iter().filter(|one| one["url"].as_str().is_some_and(|url| url.contains("/expire")));
    let keys: std::collections::BTreeSet<String> =
        keys.map(|one| one["headers"]["idempotency-key"].to_string()).collect();
    assert_eq!(keys.len(), 2, "Stripe replays its own failure under the same key");
}

#[test]
fn a_refund_whose_answers_are_all_lost_is_found_at_stripe_and_never_given_twice() {
    let world = World::connected();
    let id = world.begin();
    world.pay(id, "card");
    world.look(id);
    let give = || refund::by_hand(&world.test.app, &world.test.owner, id, Wanted::typed("10"), "late");
    // It is done, and Stripe answers with an error for as long as it keeps the key.
    world.fault(r#"{"match":"POST /stripe/v1/refunds","status":500,"after":true,"times":100}"#);
    give().unwrap();
    world.settle();
    assert_eq!(world.payment(id).refunds[0].status, Standing::Asked);
    assert!(matches!(give(), Err(PayError::Conflict(_))), "it may have been given back");
    world.advance(120);
    let payment = world.payment(id);
    assert_eq!((payment.refunds.len(), payment.refunds[0].status), (1, Standing::Succeeded));
    assert_eq!((payment.refundable(), payment.trouble.as_deref()), (3_900, None));
    assert_eq!(world.told(), ["received", "returned"]);
}

#[test]
fn while_nobody_knows_whether_money_went_back_no_more_goes_and_it_is_tried_until_that_is_known() {
    let world = World::connected();
    let id = world.begin();
    world.pay(id, "card");
    world.look(id);
    let give = || refund::by_hand(&world.test.app, &world.test.owner, id, Wanted::typed("10"), "late");
    world.fault(r#"{"match":"POST /stripe/v1/refunds","drop":true,"after":true}"#);
    world.fault(r#"{"match":"GET /stripe/v1/refunds","status":503,"times":35}"#);
    give().unwrap();
    world.settle();
    for _ in 0..34 {
        assert!(matches!(give(), Err(PayError::Conflict(_))), "a second one might give it back twice");
        world.advance(4_600);
    }
    (0..6).for_each(|_| world.advance(4_600));
    let payment = world.payment(id);
    assert_eq!((payment.refunds.len(), payment.refunds[0].status), (1, Standing::Succeeded), "{payment:?}");
    assert_eq!(world.told(), ["received", "returned"], "it was never said that the money stays");
    give().unwrap();
    world.settle();
    assert_eq!(world.payment(id).refundable(), 2_900, "the next one is a refund of its own");
}

#[test]
fn what_is_on_its_way_back_arrives_though_its_person_is_erased_meanwhile() {
    let world = World::connected();
    let id = world.begin();
    world.pay(id, "card");
    world.look(id);
    world.fault(r#"{"match":"GET /stripe/v1/refunds","status":503,"times":4}"#);
    refund::by_hand(&world.test.app, &world.test.owner, id, Wanted::typed("10"), "late").unwrap();
    world.settle();
    let person = crate::store::Person::Contact(world.test.workspace, world.payment(id).contact);
    let table = super::tables().into_iter().find(|table| table.info.name == "payments").unwrap();
    assert_eq!((table.erase.unwrap())(&world.test.app.store, person).unwrap(), 1);
    let posts = || {
        let is_refund =
            |one: &serde_json::Value| one["method"] == "POST" && one["url"].as_str().unwrap().ends_with("/refunds");
        world.record().iter().filter(|one| is_refund(one)).count()
    };
    assert_eq!(posts(), 0, "it has not reached Stripe yet");
    (0..20).for_each(|_| world.advance(4_600));
    assert_eq!(posts(), 1, "given back, and once");
}

#[test]
fn a_refund_that_an_older_version_queued_is_not_given_up_either() {
    let world = World::connected();
    let id = world.begin();
    world.pay(id, "card");
    world.look(id);
    world.fault(r#"{"match":"GET /stripe/v1/refunds","status":503,"times":5}"#);
    let (app, now) = (&world.test.app, world.test.app.now());
    let mut payment = world.payment(id);
    let asked = Refund {
        amount: 1_000,
        reason: "late".into(),
        at: now,
        id: None,
        status: Standing::Asked,
        may_have_left: false,
        of: Vec::new(),
    };
    payment.refunds.push(asked);
    app.store
        .write(|txn| {
            store::put(txn, &payment)?;
            jobs::enqueue(txn, &session::job(&payment, refund::GIVE_BACK, now).max_attempts(3)).map(drop)
        })
        .unwrap();
    world.settle();
    (0..12).for_each(|_| world.advance(4_600));
    assert_eq!(world.payment(id).refunds[0].status, Standing::Succeeded);
}

#[test]
fn while_a_refund_is_on_its_way_no_second_one_begins() {
    let world = World::connected();
    let id = world.begin();
    world.pay(id, "card");
    world.look(id);
    let (app, now) = (&world.test.app, world.test.app.now());
    let asked = app.store.write(|txn| {
        let give = |txn: &mut crate::store::Txn<'_>| {
            let payment = store::find(txn, world.test.workspace, id)?.unwrap();
            refund::give_back(txn, &payment, None, "the time was taken", now)
        };
        Ok::<_, StoreError>((give(txn)?, give(txn)?))
    });
    assert_eq!(asked.unwrap(), (true, false));
    world.settle();
    assert_eq!(world.payment(id).refunds.len(), 1);
}

#[test]
fn a_refund_that_never_left_ends_with_the_account_and_a_person_says_what_became_of_it() {
    let world = World::connected();
    let id = world.paid();
    world.fault(r#"{"match":"GET /stripe/v1/refunds","status":503,"times":50}"#);
    world.give(id, "10").unwrap();
    assert_eq!(world.rows(id), [(1_000, Standing::Asked)]);
    world.disconnect();
    assert_eq!(world.rows(id), [(1_000, Standing::Failed)]);
    let words = world.payment(id).trouble.unwrap();
    assert!(words.contains("no longer connected") && words.contains("Stripe’s dashboard"), "{words}");
    let left = || super::list_left(&world.test.app.store, world.test.workspace, 5).unwrap().len();
    assert_eq!(left(), 1, "it waits on the page of the day");
    assert_eq!((world.refund_posts(), world.payment(id).refundable()), (0, 4_900));
    assert_eq!(world.told(), ["received", "kept"]);
    assert!(matches!(world.give(id, "10"), Err(PayError::NotSet)));

    assert!(matches!(world.say(id, 1, Verdict::Given), Err(PayError::Conflict(_))), "there is one only");
    world.say(id, 0, Verdict::Given).unwrap();
    assert_eq!(world.rows(id), [(1_000, Standing::Succeeded)]);
    assert_eq!((world.payment(id).refundable(), world.payment(id).trouble), (3_900, None));
    assert_eq!(left(), 0);
    assert!(matches!(world.say(id, 0, Verdict::Given), Err(PayError::Conflict(_))), "said once");
}

#[test]
fn a_refund_that_never_left_is_tried_again_once_the_account_is_back() {
    let world = World::connected();
    let id = world.paid();
    world.fault(r#"{"match":"GET /stripe/v1/refunds","status":503}"#);
    world.give(id, "10").unwrap();
    world.disconnect();
    assert!(matches!(world.say(id, 0, Verdict::Again), Err(PayError::NotSet)));
    assert_eq!(world.rows(id), [(1_000, Standing::Failed)]);
    account::connect(&world.test.app, &world.test.owner, STRIPE_KEY).unwrap();
    world.say(id, 0, Verdict::Again).unwrap();
    assert_eq!(world.rows(id), [(1_000, Standing::Succeeded)]);
    assert_eq!((world.refund_posts(), world.payment(id).refundable()), (1, 3_900));
}

#[test]
fn a_refund_that_may_have_left_is_a_persons_to_look_at_and_never_given_twice() {
    let world = World::connected();
    let id = world.paid();
    world.fault(r#"{"match":"POST /stripe/v1/refunds","drop":true,"after":true}"#);
    world.give(id, "10").unwrap();
    assert_eq!(world.rows(id), [(1_000, Standing::Asked)]);
    world.disconnect();
    assert_eq!(world.rows(id), [(1_000, Standing::InDoubt)]);
    let words = world.payment(id).trouble.unwrap();
    assert!(words.contains("not known whether 10.00 EUR were given back"), "{words}");
    assert_eq!((world.payment(id).refundable(), world.told()), (3_900, vec!["received"]));
    account::connect(&world.test.app, &world.test.owner, STRIPE_KEY).unwrap();
    assert!(matches!(world.give(id, ""), Err(PayError::Conflict(_))), "first it is said what became of that one");
    world.say(id, 0, Verdict::Again).unwrap();
    assert_eq!(world.rows(id), [(1_000, Standing::Succeeded)]);
    assert_eq!(world.refund_posts(), 1, "it was found at Stripe");
    world.give(id, "").unwrap();
    assert_eq!((world.payment(id).refundable(), world.refund_posts()), (0, 2));
}

fn give_for(world: &World, id: PaymentId, booking: BookingId) -> bool {
    let (app, now, payment) = (&world.test.app, world.test.app.now(), world.payment(id));
    let given = app.store.write(|txn| refund::give_back_for(txn, &payment, (booking, 1_000), "ill", now));
    world.settle();
    given.unwrap()
}

#[test]
fn of_several_dates_one_waits_while_nobody_knows_whether_another_went_back() {
    for verdict in [Verdict::Again, Verdict::Given] {
        let world = World::connected();
        let (id, [first, second]) = (world.paid(), [BookingId::new(testing::NOW), BookingId::new(testing::NOW)]);
        world.fault(r#"{"match":"POST /stripe/v1/refunds","drop":true,"after":true}"#);
        assert!(give_for(&world, id, first));
        assert!(!give_for(&world, id, first), "heard twice");
        world.disconnect();
        assert!(give_for(&world, id, second));
        assert_eq!(world.rows(id), [(1_000, Standing::InDoubt), (1_000, Standing::Asked)]);
        assert!(world.payment(id).needs_person().is_some());
        account::connect(&world.test.app, &world.test.owner, STRIPE_KEY).unwrap();
        world.advance(4_000);
        assert_eq!(world.refund_posts(), 1, "at Stripe the one looks like the other");
        world.say(id, 0, verdict).unwrap();
        assert_eq!(world.rows(id), [(1_000, Standing::Succeeded), (1_000, Standing::Succeeded)], "{verdict:?}");
        assert_eq!((world.payment(id).refundable(), world.refund_posts()), (2_900, 2), "{verdict:?}");
        assert_eq!(world.payment(id).needs_person(), None);
    }
}

#[test]
fn what_failed_for_one_date_is_a_persons_whatever_becomes_of_the_others() {
    let world = World::connected();
    let (id, dates) = (world.paid(), [(); 3].map(|()| BookingId::new(testing::NOW)));
    world.fault(r#"{"match":"POST /stripe/v1/refunds","status":400,"times":1}"#);
    assert!(give_for(&world, id, dates[0]));
    assert_eq!(world.rows(id), [(1_000, Standing::Failed)]);
    assert!(give_for(&world, id, dates[1]));
    let left = store::list_left(&world.test.app.store, world.test.workspace, 5).unwrap();
    let words = left[0].needs_person().unwrap();
    assert_eq!(words, "10.00 EUR could not be given back.");
    // They give it back in the dashboard and say nothing; the next date is none the poorer for it.
    assert_eq!(world.refund_at_stripe(id, 1_000), 200);
    assert!(give_for(&world, id, dates[2]));
    assert_eq!(world.rows(id), [(1_000, Standing::Succeeded); 3]);
    assert_eq!(world.payment(id).refundable(), 1_900);
    assert!(store::list_left(&world.test.app.store, world.test.workspace, 5).unwrap().is_empty());
}

#[test]
fn dates_that_end_together_go_back_together_also_when_their_person_is_erased() {
    for is_erased in [false, true] {
        let world = World::connected();
        let (id, app) = (world.paid(), &world.test.app);
        let (before, now) = (world.payment(id), app.now());
        let dates = [BookingId::new(now), BookingId::new(now), BookingId::new(now)];
        let given = app.store.write(|txn| {
            for (booking, amount) in dates.iter().zip([2_000, 1_000, 5_000]) {
                let payment = store::find(txn, before.workspace, id)?.ok_or(StoreError::Exists)?;
                assert!(refund::give_back_for(txn, &payment, (*booking, amount), "ill", now)?);
            }
            Ok::<_, StoreError>(())
        });
        given.unwrap();
        match is_erased {
            true => world.erase(id),
            false => world.settle(),
        }
        assert_eq!(world.refund_posts(), 1);
        if !is_erased {
            assert_eq!(world.rows(id), [(4_900, Standing::Succeeded)], "no more than was paid");
            let parts: Vec<u64> = world.payment(id).refunds[0].of.iter().map(|date| date.amount).collect();
            assert_eq!(parts, [2_000, 1_000, 1_900]);
        }
    }
}

#[test]
fn what_was_given_back_at_stripe_by_hand_counts_towards_what_is_owed() {
    let world = World::connected();
    let (part, whole) = (world.paid(), world.paid());
    assert_eq!(world.refund_at_stripe(part, 5_000), 400, "no more than was paid");
    assert_eq!(world.refund_at_stripe(part, 2_000), 200);
    world.give(part, "").unwrap();
    assert_eq!(world.rows(part), [(2_900, Standing::Succeeded), (2_000, Standing::Succeeded)]);
    assert_eq!(world.payment(part).refundable(), 0);
    assert_eq!(world.refund_at_stripe(part, 1), 400, "all of it is back");

    assert_eq!(world.refund_at_stripe(whole, 4_900), 200);
    world.give(whole, "").unwrap();
    assert_eq!(world.rows(whole), [(4_900, Standing::Succeeded)]);
    assert_eq!(world.refund_posts(), 1, "nothing was left to give");
}

#[test]
fn what_a_person_said_is_not_counted_twice_when_it_is_found_at_stripe() {
    let world = World::connected();
    let id = world.paid();
    world.fault(r#"{"match":"GET /stripe/v1/refunds","status":503}"#);
    world.give(id, "10").unwrap();
    world.disconnect();
    assert_eq!(world.refund_at_stripe(id, 1_000), 200);
    world.say(id, 0, Verdict::Given).unwrap();
    account::connect(&world.test.app, &world.test.owner, STRIPE_KEY).unwrap();
    world.give(id, "20").unwrap();
    assert_eq!(world.rows(id), [(1_000, Standing::Succeeded), (2_000, Standing::Succeeded)]);
    assert!(world.payment(id).refunds[0].id.is_some(), "found at Stripe by its amount");
    assert_eq!(world.payment(id).refundable(), 1_900);
}

#[test]
fn who_is_erased_before_anybody_heard_of_their_payment_gets_it_back() {
    let world = World::connected();
    let (unheard, heard) = (world.paid(), world.paid());
    let app = &world.test.app;
    let row = world.payment(heard);
    app.store.write(|txn| service::hear(txn, &row)).unwrap();
    let intent = world.payment(unheard).intent.unwrap();
    world.erase(unheard);
    world.erase(heard);
    assert_eq!(world.refund_posts(), 1, "the other one was had a meeting for");
    assert!(world.record().iter().any(|one| one["body"]["payment_intent"] == intent), "of whom nobody had heard");
    world.advance(86_400);
    assert_eq!(world.refund_posts(), 1, "once");
}
