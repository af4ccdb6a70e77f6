//! The mail to the operators when the daily backup fails: one for each incident, which ends with the next backup that
//! is written.

use std::time::Duration;

use askama::Template;

use crate::app::App;
use crate::base::{UnixMillis, INSTANCE};
use crate::identity;
use crate::mailer::{self, Posting};
use crate::store::backup::BackupError;
use crate::store::{Declared, Holds, Key, Retention, StoreError, Table, Tree};

const TROUBLE: Table<UnixMillis> = Table::sealed(
    0x0f10,
    "backup_trouble",
    Tree::Meta,
    Holds::Nothing,
    Retention::Served,
    "Since when the daily backup fails, so that the operators are told once.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&TROUBLE)];

/// It is tried each hour; by then the operator has seen it elsewhere.
const USEFUL: Duration = Duration::from_secs(3 * 86_400);

#[derive(Template)]
#[template(path = "email/backup_failed.html")]
struct FailedHtml<'a> {
    name: &'a str,
    folder: &'a str,
    reason: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/backup_failed.txt")]
struct FailedText<'a> {
    name: &'a str,
    folder: &'a str,
    reason: &'a str,
    link: &'a str,
}

fn key() -> Key {
    Key::of(&TROUBLE, INSTANCE)
}

/// Tells each operator, unless they were told since the last backup that was written. A full disk is the most likely
/// cause, so this may use the room that is kept for such moments.
pub fn tell(app: &App, error: &BackupError, now: UnixMillis) -> Result<(), StoreError> {
    if app.store.get(&TROUBLE, &key())?.is_some() || !mailer::is_configured(&app.config) {
        return Ok(());
    }
    let letters = letters(app, error, now)?;
    app.store.write_reserved(|txn| {
        if txn.get(&TROUBLE, &key())?.is_some() {
            return Ok(());
        }
        txn.put(&TROUBLE, &key(), &now)?;
        letters.iter().try_for_each(|letter| mailer::queue(txn, letter))
    })
}

/// A backup was written: the next failure is another incident.
pub fn over(app: &App) -> Result<(), StoreError> {
    match app.store.get(&TROUBLE, &key())? {
        Some(_) => app.store.write(|txn| txn.remove(&TROUBLE, &key())),
        None => Ok(()),
    }
}

fn letters(app: &App, error: &BackupError, now: UnixMillis) -> Result<Vec<Posting>, StoreError> {
    let (folder, link) = (app.config.data.backup_dir.display().to_string(), app.url("/operator"));
    let reason = error.to_string();
    let each = identity::operators(&app.store)?.into_iter().map(|person| {
        let (name, folder, reason, link) = (person.name.as_str(), folder.as_str(), reason.as_str(), link.as_str());
        let pair = (&FailedHtml { name, folder, reason, link }, &FailedText { name, folder, reason, link });
        let subject = "The daily backup failed";
        let letter = identity::letter(Some(&person), &person.email, subject, pair, now.plus(USEFUL))?;
        Ok(Posting::new(letter, now))
    });
    each.collect()
}
