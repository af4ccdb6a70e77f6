//! The mails about an account. Each says what happened, what to do when it was somebody else, and why it came.

use std::time::Duration;

use askama::Template;

use super::model::{Client, User};
use crate::app::App;
use crate::base::{EmailAddress, UnixMillis};
use crate::mailer::{self, Letter, Posting};
use crate::store::StoreError;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Template)]
#[template(path = "email/reset.html")]
struct ResetHtml<'a> {
    name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/reset.txt")]
struct ResetText<'a> {
    name: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/new_address.html")]
struct NewAddressHtml<'a> {
    name: &'a str,
    old: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/new_address.txt")]
struct NewAddressText<'a> {
    name: &'a str,
    old: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/notice.html")]
struct NoticeHtml<'a> {
    name: &'a str,
    what: &'a str,
    advice: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/notice.txt")]
struct NoticeText<'a> {
    name: &'a str,
    what: &'a str,
    advice: &'a str,
    link: &'a str,
}

/// Renders a pair of templates into a letter.
pub fn letter(
    user: Option<&User>,
    to: &EmailAddress,
    subject: &str,
    (html, text): (&impl Template, &impl Template),
    useful_until: UnixMillis,
) -> Result<Letter, StoreError> {
    let failed = |error: askama::Error| StoreError::Engine(format!("a mail could not be written: {error}"));
    Ok(Letter {
        user: user.map(|user| user.id),
        to: to.clone(),
        subject: subject.to_owned(),
        text: text.render().map_err(failed)?,
        html: html.render().map_err(failed)?,
        useful_until,
        booking: None,
    })
}

/// The mail with the link to a new password.
pub(super) fn reset(app: &App, user: &User, link: &str, until: UnixMillis) -> Result<Posting, StoreError> {
    let name = user.name.as_str();
    let pair = (&ResetHtml { name, link }, &ResetText { name, link });
    let letter = letter(Some(user), &user.email, "Set a new password for Launchyard", pair, until)?;
    Ok(Posting::new(letter, app.now()))
}

/// The mail to an address that is to become the account's.
pub(super) fn confirm_address(
    app: &App,
    user: &User,
    to: &EmailAddress,
    link: &str,
    until: UnixMillis,
) -> Result<Posting, StoreError> {
    let (name, old) = (user.name.as_str(), user.email.display());
    let pair = (&NewAddressHtml { name, old, link }, &NewAddressText { name, old, link });
    let letter = letter(Some(user), to, "Use this address for Launchyard", pair, until)?;
    Ok(Posting::new(letter, app.now()))
}

/// A warning about the account, sent at once in a transaction of its own; nothing happens without `[mail]`.
fn notice(
    app: &App,
    user: &User,
    to: &EmailAddress,
    subject: &str,
    what: &str,
    advice: &str,
) -> Result<(), StoreError> {
    if !mailer::is_configured(&app.config) {
        return Ok(());
    }
    let (name, link) = (user.name.as_str(), app.url("/settings/security"));
    let link = link.as_str();
    let pair = (&NoticeHtml { name, what, advice, link }, &NoticeText { name, what, advice, link });
    let letter = letter(Some(user), to, subject, pair, app.now().plus(2 * DAY))?;
    let posting = Posting::new(letter, app.now());
    app.store.write(|txn| mailer::queue(txn, &posting))
}

/// Something about how the person signs in was changed.
pub(super) fn tell_of_change(app: &App, user: &User, what: &str) -> Result<(), StoreError> {
    let advice = "If this was not you, set a new password now and look at who is signed in as you.";
    notice(app, user, &user.email, "Your sign-in at Launchyard was changed", what, advice)
}

/// Goes to the address that the account had before.
pub(super) fn tell_of_new_address(app: &App, before: &User, new: &EmailAddress) -> Result<(), StoreError> {
    let what = format!("Your account now has the address {new}. Mails no longer go to this one.");
    let advice = "If this was not you, ask the operator of the server to give the account back to you.";
    notice(app, before, &before.email, "The address of your account was changed", &what, advice)
}

pub(super) fn tell_of_many_tries(app: &App, user: &User, client: &Client) -> Result<(), StoreError> {
    let what = format!(
        "Somebody tried many passwords for your account, last from {} with {}. Signing in is closed for a quarter of an hour.",
        client.address, client.device
    );
    let advice = "If this was not you, nothing was lost. A new password by \"Forgotten?\" lets you in at once.";
    notice(app, user, &user.email, "Many wrong passwords for your account", &what, advice)
}
