//! What identity promises, tried at its services.

use std::time::Duration;

use super::account::{self, AccountError, NewAccount, ProfileForm};
use super::issuer::{self, IssuerError, Returned};
use super::new_address::{self, ConfirmError};
use super::second_step::{self, code_at, SecondStepError};
use super::sign_in::{self, Admitted, SignInError};
use super::ticket::Errand;
use super::*;
use crate::app::App;
use crate::base::{EmailAddress, SessionId};
use crate::mailer;
use crate::providers::oidc::Identity;
use crate::store::{Person, StoreError};
use crate::testing::{self, TestApp};

const PASSWORD: &str = "kettle-orbit-7f";
const NEW_PASSWORD: &str = "harbour lamp 12 west";
const SECOND: Duration = Duration::from_secs(1);

fn client() -> Client {
    Client { address: "203.0.113.24".parse().unwrap(), device: "Firefox on Mac".into() }
}

fn elsewhere(last: u8) -> Client {
    Client { address: format!("198.51.100.{last}").parse().unwrap(), device: "Chrome on Windows".into() }
}

fn with_mail() -> TestApp {
    testing::app_with(&[
        ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
        ("LAUNCHYARD_MAIL__SECURITY", "plain"),
        ("LAUNCHYARD_MAIL__FROM", "server@reach.example"),
    ])
}

fn add(app: &App, name: &str, email: &str) -> User {
    let new = NewAccount {
        name: name.into(),
        email: EmailAddress::parse(email).unwrap(),
        password: Some(PASSWORD.to_owned()),
    };
    let prepared = account::prepare(&new, &[], app.now()).unwrap();
    app.store.write(|txn| account::insert(txn, &prepared)).unwrap()
}

fn nora(app: &App) -> User {
    add(app, "Nora Whitfield", "Nora@Fernhill.example")
}

/// Signs in and returns the cookie's secret with the session's id.
fn enter(app: &App, login: &str, password: &str) -> (String, SessionId) {
    match sign_in(app, login, password, &client(), "/").unwrap() {
        Admitted::Session(new) => {
            let secret = new.secret.expose().to_owned();
            let (session, _) = find_by_cookie(app, &secret).unwrap().unwrap();
            (secret, session.id)
        }
        Admitted::SecondStep(_) => panic!("no second step was set up"),
    }
}

fn half(app: &App, login: &str, password: &str) -> String {
    match sign_in(app, login, password, &client(), "/outreach").unwrap() {
        Admitted::SecondStep(half) => half.expose().to_owned(),
        Admitted::Session(_) => panic!("the second step was not asked for"),
    }
}

/// Sets up an authenticator; returns its key and the recovery codes.
fn set_up(app: &App, user: &User, session: SessionId) -> (String, Vec<String>) {
    let key = second_step::begin(app, user, session).unwrap().key;
    let codes = second_step::confirm(app, user, session, &key, &code_at(&key, app.now())).unwrap();
    (key, codes)
}

#[test]
fn a_person_signs_in_by_address_or_username_whatever_the_case() {
    let test = testing::app();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let form = ProfileForm {
        name: user.name.clone(),
        email: user.email.display().into(),
        username: "Nora.W".into(),
        ..ProfileForm::default()
    };
    account::change_profile(&test.app, user.id, session, &form, &client()).unwrap();
    for login in ["NORA@fernhill.EXAMPLE", " nora.w ", "Nora.W"] {
        enter(&test.app, login, PASSWORD);
    }
    let refused = sign_in(&test.app, "nora.w", "kettle-orbit-7F", &client(), "/");
    assert!(matches!(refused, Err(SignInError::Mismatch)));
}

#[test]
fn the_first_account_runs_the_server_and_addresses_are_unique() {
    let test = testing::app();
    let first = nora(&test.app);
    let second = add(&test.app, "Sam Okafor", "sam@fernhill.example");
    assert!(first.is_operator && !second.is_operator);
    let again = NewAccount { name: "N".into(), email: first.email.clone(), password: Some(PASSWORD.into()) };
    let prepared = account::prepare(&again, &[], test.app.now()).unwrap();
    assert_eq!(test.app.store.write(|txn| account::insert(txn, &prepared)), Err(StoreError::Exists));
}

#[test]
fn wrong_and_unknown_are_refused_alike_and_after_some_tries_not_even_judged() {
    let test = testing::app();
    nora(&test.app);
    for login in ["nora@fernhill.example", "nobody@fernhill.example"] {
        for _ in 0..5 {
            let refused = sign_in(&test.app, login, "wrong password", &client(), "/");
            assert!(matches!(refused, Err(SignInError::Mismatch)), "{login}: {refused:?}");
        }
        let refused = sign_in(&test.app, login, PASSWORD, &elsewhere(1), "/");
        let Err(SignInError::TooMany(wait)) = refused else { panic!("{login}: {refused:?}") };
        assert_eq!(wait.retry_after, 5 * SECOND, "{login}");
    }
    test.app.clock.advance(5 * SECOND);
    enter(&test.app, "nora@fernhill.example", PASSWORD);
    for _ in 0..4 {
        let refused = sign_in(&test.app, "nora@fernhill.example", "wrong", &client(), "/");
        assert!(matches!(refused, Err(SignInError::Mismatch)), "a good sign-in begins the count anew");
    }
}

#[test]
fn one_network_that_tries_many_accounts_is_stopped() {
    let test = testing::app();
    for number in 0..test.app.config.limits.sign_in_tries_per_address {
        let refused = sign_in(&test.app, &format!("user{number}@x.example"), "guess", &client(), "/");
        assert!(matches!(refused, Err(SignInError::Mismatch)), "{number}");
    }
    let refused = sign_in(&test.app, "another@x.example", "guess", &client(), "/");
    assert!(matches!(refused, Err(SignInError::TooMany(_))));
    let other = sign_in(&test.app, "another@x.example", "guess", &elsewhere(1), "/");
    assert!(matches!(other, Err(SignInError::Mismatch)), "other networks are not concerned");
}

#[test]
fn the_owner_is_told_by_mail_when_an_account_is_locked() {
    let test = with_mail();
    let user = nora(&test.app);
    let mut tries = 0;
    loop {
        match sign_in(&test.app, "nora@fernhill.example", "wrong", &elsewhere((tries % 200) as u8), "/") {
            Err(SignInError::TooMany(wait)) if wait.retry_after > Duration::from_secs(600) => break,
            Err(SignInError::TooMany(wait)) => drop(test.app.clock.advance(wait.retry_after)),
            _ => tries += 1,
        }
    }
    let letters = mailer::waiting(&test.app.store).unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].user, letters[0].to.display()), (Some(user.id), "Nora@Fernhill.example"));
    assert!(letters[0].text.contains("198.51.100."), "{}", letters[0].text);
}

#[test]
fn a_session_ends_when_idle_when_old_and_when_its_owner_says_so() {
    let test = testing::app();
    let user = nora(&test.app);
    let hour = Duration::from_secs(3600);
    let (idle, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    test.app.clock.advance(12 * hour - SECOND);
    assert!(find_by_cookie(&test.app, &idle).unwrap().is_some());
    test.app.clock.advance(SECOND);
    assert!(find_by_cookie(&test.app, &idle).unwrap().is_none(), "twelve hours without a request");

    let (busy, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    for _ in 0..71 {
        test.app.clock.advance(10 * hour);
        let (session, _) = find_by_cookie(&test.app, &busy).unwrap().expect("still in use");
        note_seen(&test.app, &session).unwrap();
    }
    test.app.clock.advance(10 * hour);
    assert!(find_by_cookie(&test.app, &busy).unwrap().is_none(), "thirty days, however busy");

    let (one, id) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let (two, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    assert_eq!(session::list(&test.app, user.id).unwrap().len(), 2);
    let stranger = add(&test.app, "Sam Okafor", "sam@fernhill.example");
    assert_eq!(session::end(&test.app, stranger.id, id), Ok(false), "nobody ends another's session");
    assert!(find_by_cookie(&test.app, &one).unwrap().is_some());
    assert_eq!(session::end(&test.app, user.id, id), Ok(true));
    assert!(find_by_cookie(&test.app, &one).unwrap().is_none());
    assert!(find_by_cookie(&test.app, &two).unwrap().is_some());
}

#[test]
fn each_sign_in_has_a_secret_of_its_own_that_is_nowhere_stored() {
    let test = testing::app();
    nora(&test.app);
    let (one, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let (two, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    assert_ne!(one, two);
    assert_eq!(one.len(), 43, "256 bits");
    let (session, _) = find_by_cookie(&test.app, &one).unwrap().unwrap();
    assert_eq!(session.secret_hash, hash_secret(&one));
    assert_eq!((session.device.as_str(), session.address.to_string().as_str()), ("Firefox on Mac", "203.0.113.24"));
}

#[test]
fn of_too_many_sessions_the_oldest_ends() {
    let test = testing::app();
    let user = nora(&test.app);
    let (first, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    for _ in 0..store::MOST_SESSIONS {
        test.app.clock.advance(SECOND);
        enter(&test.app, "nora@fernhill.example", PASSWORD);
    }
    assert!(find_by_cookie(&test.app, &first).unwrap().is_none());
    assert_eq!(session::list(&test.app, user.id).unwrap().len(), store::MOST_SESSIONS);
}

#[test]
fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let test = testing::app();
    let user = nora(&test.app);
    let (here, id) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let (other, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let change = |current: &str, new: &str| account::change_password(&test.app, &user, id, current, new, &client());
    assert!(
        matches!(change("wrong", NEW_PASSWORD), Err(AccountError::Invalid(wrong)) if wrong.fields().eq(["current"]))
    );
    let both = change("wrong", "Whitfield1");
    assert!(
        matches!(&both, Err(AccountError::Invalid(wrong)) if wrong.fields().eq(["current", "password"])),
        "{both:?}"
    );
    let weak = change(PASSWORD, "Whitfield1");
    assert!(matches!(&weak, Err(AccountError::Invalid(wrong)) if wrong.fields().eq(["password"])), "{weak:?}");
    change(PASSWORD, NEW_PASSWORD).unwrap();
    assert!(find_by_cookie(&test.app, &here).unwrap().is_some());
    assert!(find_by_cookie(&test.app, &other).unwrap().is_none());
    assert!(matches!(
        sign_in(&test.app, "nora@fernhill.example", PASSWORD, &client(), "/"),
        Err(SignInError::Mismatch)
    ));
    enter(&test.app, "nora@fernhill.example", NEW_PASSWORD);
}

/// Asks for a reset, runs what was planned, and reads the link out of the mail.
fn link_by_mail(app: &App, user: &User) -> String {
    app.clock.advance(SECOND);
    reset::ask(app, user.email.display(), &client()).unwrap();
    reset::send(app, user.id).unwrap();
    let letters = mailer::waiting(&app.store).unwrap();
    let letter = letters.iter().rfind(|letter| letter.text.contains("/reset/")).unwrap();
    let link = letter.text.split_whitespace().find(|word| word.contains("/reset/")).unwrap();
    assert!(letter.html.contains(link), "both parts hold the link");
    link.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn a_reset_link_works_once_for_an_hour_and_ends_all_sessions() {
    let test = with_mail();
    let user = nora(&test.app);
    let (before, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let first = link_by_mail(&test.app, &user);
    let secret = link_by_mail(&test.app, &user);
    assert!(matches!(reset::look(&test.app, &first), Err(reset::ResetError::LinkEnded)), "only the newest holds");
    assert_eq!(reset::look(&test.app, &secret).unwrap().id, user.id);
    let weak = reset::finish(&test.app, &secret, "password1", &client());
    assert!(matches!(weak, Err(reset::ResetError::Account(AccountError::Invalid(_)))), "{weak:?}");

    let admitted = reset::finish(&test.app, &secret, NEW_PASSWORD, &client()).unwrap();
    assert!(matches!(admitted, Admitted::Session(_)));
    assert!(find_by_cookie(&test.app, &before).unwrap().is_none());
    assert!(matches!(
        reset::finish(&test.app, &secret, "another harbour 3", &client()),
        Err(reset::ResetError::LinkEnded)
    ));

    let late = link_by_mail(&test.app, &user);
    test.app.clock.advance(reset::LINK_HOLDS);
    assert!(matches!(reset::look(&test.app, &late), Err(reset::ResetError::LinkEnded)));
}

#[test]
fn a_reset_says_the_same_to_everybody_and_writes_to_those_known() {
    let test = with_mail();
    nora(&test.app);
    let planned = |test: &TestApp| crate::jobs::totals(&test.app.store).unwrap().enqueued;
    let before = planned(&test);
    reset::ask(&test.app, "nobody@fernhill.example", &client()).unwrap();
    assert_eq!(planned(&test), before);
    reset::ask(&test.app, "nora@fernhill.example", &client()).unwrap();
    assert_eq!(planned(&test), before + 1);

    let without = testing::app();
    let user = nora(&without.app);
    reset::ask(&without.app, user.email.display(), &client()).unwrap();
    assert!(mailer::waiting(&without.app.store).unwrap().is_empty());
    let link = reset_link(&without.app, &user.email).unwrap().unwrap();
    assert!(link.starts_with("http://127.0.0.1:8080/reset/"), "{link}");
    assert_eq!(reset_link(&without.app, &EmailAddress::parse("x@y.example").unwrap()).unwrap(), None);
}

#[test]
fn a_reset_unlocks_an_account_but_does_not_pass_the_second_step() {
    let test = with_mail();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    set_up(&test.app, &user, session);
    for _ in 0..5 {
        drop(sign_in(&test.app, "nora@fernhill.example", "wrong", &client(), "/"));
    }
    let secret = link_by_mail(&test.app, &user);
    let admitted = reset::finish(&test.app, &secret, NEW_PASSWORD, &client()).unwrap();
    assert!(matches!(admitted, Admitted::SecondStep(_)), "the authenticator is still asked for");
    half(&test.app, "nora@fernhill.example", NEW_PASSWORD);
}

#[test]
fn an_authenticator_counts_only_after_a_good_code_and_each_code_counts_once() {
    let test = testing::app();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let (other, _) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let enrolment = second_step::begin(&test.app, &user, session).unwrap();
    assert!(enrolment.qr_svg.starts_with("<svg"), "{}", enrolment.qr_svg);
    let again = second_step::enrolment(&user, &enrolment.key).unwrap();
    assert_eq!(again.key, enrolment.key, "shown in the same groups after a code that did not fit");
    let wrong = second_step::confirm(&test.app, &user, session, &enrolment.key, "000000");
    assert!(matches!(wrong, Err(SecondStepError::WrongCode)));
    enter(&test.app, "nora@fernhill.example", PASSWORD);

    let (key, codes) = set_up(&test.app, &user, session);
    assert_eq!(codes.len(), 10);
    assert!(find_by_cookie(&test.app, &other).unwrap().is_none(), "other browsers are signed out");

    let first = half(&test.app, "nora@fernhill.example", PASSWORD);
    assert!(find_by_cookie(&test.app, &first).unwrap().is_none(), "half a sign-in opens nothing");
    let used = code_at(&key, test.app.now());
    let replayed = sign_in::second_step(&test.app, &first, &used, &client());
    assert!(matches!(replayed, Err(SignInError::WrongCode)), "it finished the set-up: {replayed:?}");
    test.app.clock.advance(30 * SECOND);
    let code = code_at(&key, test.app.now());
    let (_, next) = sign_in::second_step(&test.app, &first, &code, &client()).unwrap();
    assert_eq!(next, "/outreach");
    let second = half(&test.app, "nora@fernhill.example", PASSWORD);
    assert!(matches!(sign_in::second_step(&test.app, &second, &code, &client()), Err(SignInError::WrongCode)));
    assert!(
        matches!(sign_in::second_step(&test.app, &first, &code, &client()), Err(SignInError::Expired)),
        "the half was used up"
    );
}

#[test]
fn a_recovery_code_works_once_and_new_ones_end_the_old() {
    let test = testing::app();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let (_, codes) = set_up(&test.app, &user, session);
    let typed = codes[3].to_uppercase().replace('-', " ");
    let step = |code: &str| {
        let half = half(&test.app, "nora@fernhill.example", PASSWORD);
        sign_in::second_step(&test.app, &half, code, &client())
    };
    step(&typed).unwrap();
    assert!(matches!(step(&codes[3]), Err(SignInError::WrongCode)));
    step(&codes[4]).unwrap();
    let known = store::get_credentials(&test.app.store, user.id).unwrap();
    assert_eq!(known.unused_recovery_codes(), 8);
    let renewed = second_step::renew_recovery_codes(&test.app, user.id, session).unwrap();
    assert!(matches!(step(&codes[5]), Err(SignInError::WrongCode)));
    step(&renewed[0]).unwrap();
}

#[test]
fn codes_cannot_be_guessed_five_tries_at_a_time() {
    let test = testing::app();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let (key, _) = set_up(&test.app, &user, session);
    test.app.clock.advance(60 * SECOND);
    let half = half(&test.app, "nora@fernhill.example", PASSWORD);
    for last in 0..5 {
        let wrong = sign_in::second_step(&test.app, &half, "000000", &elsewhere(last));
        assert!(matches!(wrong, Err(SignInError::WrongCode)), "{wrong:?}");
    }
    let good = code_at(&key, test.app.now());
    let refused = sign_in::second_step(&test.app, &half, &good, &elsewhere(9));
    let Err(SignInError::TooMany(wait)) = refused else { panic!("{refused:?}") };
    assert_eq!(wait.retry_after, Duration::from_secs(300));
}

#[test]
fn what_is_sensitive_asks_again_after_a_quarter_of_an_hour() {
    let test = testing::app();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    test.app.clock.advance(PROOF_HOLDS);
    assert!(matches!(second_step::begin(&test.app, &user, session), Err(SecondStepError::ProofNeeded)));
    let form = ProfileForm { name: user.name.clone(), email: "nora@new.example".into(), ..ProfileForm::default() };
    let refused = account::change_profile(&test.app, user.id, session, &form, &client());
    assert!(matches!(refused, Err(AccountError::ProofNeeded)));
    let wrong = sign_in::prove_again(&test.app, user.id, session, "wrong", &client());
    assert!(matches!(wrong, Err(SignInError::Mismatch)));
    sign_in::prove_again(&test.app, user.id, session, PASSWORD, &client()).unwrap();
    account::change_profile(&test.app, user.id, session, &form, &client()).unwrap();
    enter(&test.app, "nora@new.example", PASSWORD);
    assert!(sign_in(&test.app, "nora@fernhill.example", PASSWORD, &client(), "/").is_err());
}

fn identity(subject: &str, email: &str, verified: bool) -> Identity {
    Identity {
        issuer: "https://issuer.example".into(),
        subject: subject.into(),
        email: Some(email.into()),
        email_verified: verified,
        name: None,
    }
}

fn arrive(app: &App, who: &Identity, errand: Errand) -> Result<Returned, IssuerError> {
    issuer::receive(app, who, errand, "browser", &client(), "/")
}

#[test]
fn an_issuers_account_is_linked_by_password_once_and_then_known_by_its_subject() {
    let test = testing::app();
    let user = nora(&test.app);
    let who = identity("s-1", "nora@fernhill.example", true);
    let Returned::ConfirmLink { secret, .. } = arrive(&test.app, &who, Errand::SignIn).unwrap() else {
        panic!("a verified address alone must not let anybody in")
    };
    let wrong = issuer::confirm_link(&test.app, secret.expose(), "wrong", &client());
    assert!(matches!(wrong, Err(IssuerError::SignIn(SignInError::Mismatch))));
    issuer::confirm_link(&test.app, secret.expose(), PASSWORD, &client()).unwrap();
    let again = issuer::confirm_link(&test.app, secret.expose(), PASSWORD, &client());
    assert!(matches!(again, Err(IssuerError::Expired)), "the ticket was used up");

    let renamed = identity("s-1", "other@elsewhere.example", false);
    assert!(matches!(arrive(&test.app, &renamed, Errand::SignIn), Ok(Returned::Admitted(..))), "whatever the address");
    let inherited = identity("s-2", "nora@fernhill.example", true);
    assert!(
        matches!(arrive(&test.app, &inherited, Errand::SignIn), Ok(Returned::ConfirmLink { .. })),
        "another subject with the same address is somebody else"
    );
    assert_eq!(store::get_credentials(&test.app.store, user.id).unwrap().links.len(), 1);
}

#[test]
fn an_unverified_or_unknown_address_makes_no_account_and_links_none() {
    let test = testing::app();
    nora(&test.app);
    for who in [identity("s-1", "nora@fernhill.example", false), identity("s-1", "new@fernhill.example", true)] {
        assert!(matches!(arrive(&test.app, &who, Errand::SignIn), Err(IssuerError::Unknown { .. })), "{who:?}");
    }
}

#[test]
fn one_issuers_account_belongs_to_one_person_and_the_second_step_stays() {
    let test = testing::app();
    let user = nora(&test.app);
    let sam = add(&test.app, "Sam Okafor", "sam@fernhill.example");
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let who = identity("s-1", "nora@gmail.example", true);
    assert!(matches!(arrive(&test.app, &who, Errand::Link(user.id)), Ok(Returned::Done { .. })));
    assert!(matches!(arrive(&test.app, &who, Errand::Link(sam.id)), Err(IssuerError::Taken)));
    assert!(matches!(arrive(&test.app, &who, Errand::ProveAgain(sam.id)), Err(IssuerError::Taken)));
    set_up(&test.app, &user, session);
    let Ok(Returned::Admitted(admitted, _)) = arrive(&test.app, &who, Errand::SignIn) else { panic!("linked") };
    assert!(matches!(*admitted, Admitted::SecondStep(_)));
    issuer::unlink(&test.app, &user, session, "https://issuer.example", "s-1").unwrap();
    assert!(matches!(arrive(&test.app, &who, Errand::SignIn), Err(IssuerError::Unknown { .. })));
}

#[test]
fn what_has_run_out_is_cleared_away() {
    let test = with_mail();
    let user = nora(&test.app);
    enter(&test.app, "nora@fernhill.example", PASSWORD);
    drop(sign_in(&test.app, "nobody", "wrong", &client(), "/"));
    link_by_mail(&test.app, &user);
    let sweep = |test: &TestApp| {
        let now = test.app.now();
        store::sweep(&test.app.store, now, |row| session::is_over(row, &test.app.config.sessions, now)).unwrap()
    };
    assert_eq!(sweep(&test), 0);
    test.app.clock.advance(Duration::from_secs(31 * 24 * 3600));
    assert!(sweep(&test) >= 4, "a ticket, tries, a session");
    assert_eq!(sweep(&test), 0);
}

#[test]
fn a_person_can_take_along_and_erase_what_is_held_about_them() {
    let test = with_mail();
    let user = nora(&test.app);
    let (cookie, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    set_up(&test.app, &user, session);
    let who = identity("s-1", "nora@gmail.example", true);
    arrive(&test.app, &who, Errand::Link(user.id)).unwrap();
    let person = Person::User(user.id);
    let personal = || TABLES.iter().chain(mailer::TABLES).filter(|table| table.export.is_some());
    for table in personal() {
        let rows = table.export.unwrap()(&test.app.store, person).unwrap();
        let text = serde_json::to_string(&rows).unwrap();
        assert!(!rows.is_empty(), "{}", table.info.name);
        assert!(!text.contains("argon2") && !text.contains("hash"), "{}: {text}", table.info.name);
    }
    for table in personal() {
        let erase = table.erase.unwrap();
        erase(&test.app.store, person).unwrap();
        assert_eq!(erase(&test.app.store, person), Ok(0), "{}: again is harmless", table.info.name);
        assert!(table.export.unwrap()(&test.app.store, person).unwrap().is_empty(), "{}", table.info.name);
    }
    assert!(find_by_cookie(&test.app, &cookie).unwrap().is_none());
    nora(&test.app);
}

#[test]
fn a_fresh_server_prints_a_link_for_its_owner_until_somebody_has_an_account() {
    let test = testing::app();
    let token = |link: String| link.rsplit('/').next().unwrap().to_owned();
    let first = token(setup_link(&test.app).unwrap().unwrap());
    let second = token(setup_link(&test.app).unwrap().unwrap());
    assert!(!is_setup_open(&test.app, &first).unwrap(), "each start makes a new one");
    assert!(is_setup_open(&test.app, &second).unwrap());
    nora(&test.app);
    assert!(!is_setup_open(&test.app, &second).unwrap());
    assert_eq!(setup_link(&test.app).unwrap(), None);
}

/// The links to an address that were mailed, oldest first.
fn links_to(app: &App, address: &str) -> Vec<String> {
    let letters = mailer::waiting(&app.store).unwrap();
    let mut to: Vec<_> = letters.into_iter().filter(|letter| letter.to.display() == address).collect();
    to.sort_by_key(|letter| letter.useful_until);
    let secret = |text: &str| text.split("/confirm-address/").nth(1)?.split_whitespace().next().map(str::to_owned);
    to.iter().filter_map(|letter| secret(&letter.text)).collect()
}

#[test]
fn another_address_counts_once_the_link_that_was_mailed_to_it_is_opened() {
    let test = with_mail();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let form = |email: &str| ProfileForm { name: "Nora W.".into(), email: email.into(), ..ProfileForm::default() };
    let change = |email: &str| account::change_profile(&test.app, user.id, session, &form(email), &client()).unwrap();

    let saved = change("nora@typo.example");
    assert_eq!(saved.asked.unwrap().display(), "nora@typo.example");
    assert_eq!((saved.user.name.as_str(), saved.user.email), ("Nora W.", user.email.clone()), "the rest is saved");
    test.app.clock.advance(SECOND);
    change("nora@new.example");
    assert_eq!(new_address::waiting(&test.app, user.id).unwrap().unwrap().display(), "nora@new.example");

    let first = links_to(&test.app, "nora@typo.example").remove(0);
    assert!(matches!(new_address::confirm(&test.app, &first), Err(ConfirmError::LinkEnded)), "a newer one was sent");
    let link = links_to(&test.app, "nora@new.example").remove(0);
    assert_eq!(new_address::look(&test.app, &link).unwrap().1.display(), "nora@new.example");
    enter(&test.app, "nora@fernhill.example", PASSWORD);
    new_address::confirm(&test.app, &link).unwrap();
    enter(&test.app, "nora@new.example", PASSWORD);
    assert!(sign_in(&test.app, "nora@fernhill.example", PASSWORD, &client(), "/").is_err());
    assert!(matches!(new_address::confirm(&test.app, &link), Err(ConfirmError::LinkEnded)), "it works once");
    let told = mailer::waiting(&test.app.store).unwrap();
    assert!(told.iter().any(|letter| letter.to == user.email && letter.text.contains("nora@new.example")));
}

#[test]
fn a_link_to_another_address_ends_after_a_day_and_gives_nobody_the_address_of_somebody_else() {
    let test = with_mail();
    let user = nora(&test.app);
    let (_, session) = enter(&test.app, "nora@fernhill.example", PASSWORD);
    let form = |email: &str| ProfileForm { name: user.name.clone(), email: email.into(), ..ProfileForm::default() };
    let change = |email: &str| account::change_profile(&test.app, user.id, session, &form(email), &client());
    change("nora@late.example").unwrap();
    let link = links_to(&test.app, "nora@late.example").remove(0);
    add(&test.app, "Sam Okafor", "nora@late.example");
    assert!(matches!(new_address::confirm(&test.app, &link), Err(ConfirmError::Taken)));
    assert!(matches!(change("nora@late.example"), Err(AccountError::Invalid(wrong)) if wrong.fields().eq(["email"])));

    change("nora@old.example").unwrap();
    let link = links_to(&test.app, "nora@old.example").remove(0);
    test.app.clock.advance(new_address::LINK_HOLDS);
    assert!(matches!(new_address::look(&test.app, &link), Err(ConfirmError::LinkEnded)));
    assert_eq!(new_address::waiting(&test.app, user.id).unwrap(), None);
}
