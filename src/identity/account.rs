//! A person's own account: made, changed, given another password.

use super::model::{Client, Credentials, Profile, StoredPassword, User, Username};
use super::password::{self, HashError};
use super::sign_in::{self, note, SignInError};
use super::throttle::TooManyTries;
use super::{mails, new_address, session, store};
use crate::app::App;
use crate::base::{EmailAddress, Mistakes, SessionId, UnixMillis, UserId};
use crate::mailer;
use crate::store::{StoreError, Txn};

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    #[error("the current password does not fit")]
    WrongPassword,
    #[error(transparent)]
    TooMany(#[from] TooManyTries),
    #[error("too many passwords are being checked at once")]
    Busy,
    /// The sensitive act needs a fresh proof of who is there.
    #[error("prove again who you are")]
    ProofNeeded,
    /// It is the person's only way to sign in.
    #[error("nothing would be left to sign in with")]
    LastWayIn,
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountError {
    pub fn invalid(field: &'static str, words: impl Into<String>) -> Self {
        Self::Invalid(Mistakes::one(field, words))
    }
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Hash(detail) => Self::Store(StoreError::Engine(detail)),
        }
    }
}

impl From<SignInError> for AccountError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::TooMany(wait) => Self::TooMany(wait),
            SignInError::Busy => Self::Busy,
            SignInError::Store(error) => Self::Store(error),
            SignInError::Mismatch | SignInError::WrongCode | SignInError::Expired => Self::WrongPassword,
        }
    }
}

/// Said beside the field of the current password.
pub const WRONG_PASSWORD: &str = "That is not your current password.";

/// What an account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: String,
    pub email: EmailAddress,
    /// Absent for people who only ever come from an issuer.
    pub password: Option<String>,
}

/// An account ready to be written: its password is hashed, its id made.
#[derive(Clone, Debug)]
pub struct PreparedAccount {
    pub user: User,
    credentials: Credentials,
}

/// A person's name as it is kept.
pub fn checked_name(raw: &str) -> Result<String, &'static str> {
    let name = raw.trim();
    if name.is_empty() {
        return Err("Write a name, so that others know who it is.");
    }
    if name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err("Use at most 80 characters on one line.");
    }
    Ok(name.to_owned())
}

/// What is wrong with a name and a password. `context` are further words that the password must not be made of.
pub fn mistakes(name: &str, email: &str, password: Option<&str>, context: &[&str]) -> Mistakes {
    let mut wrong = Mistakes::default();
    wrong.keep("name", checked_name(name));
    if let Some(password) = password {
        let words: Vec<&str> = [name.trim(), email].into_iter().chain(context.iter().copied()).collect();
        wrong.keep("password", password::judge(password, &words).map_err(|weak| weak.to_string()));
    }
    wrong
}

/// Judges and hashes, outside any transaction: hashing takes a while. `context` are further words that the
/// password must not be made of.
pub fn prepare(new: &NewAccount, context: &[&str], now: UnixMillis) -> Result<PreparedAccount, AccountError> {
    mistakes(&new.name, new.email.display(), new.password.as_deref(), context).into_result()?;
    let password = match &new.password {
        Some(password) => Some(StoredPassword { phc: password::hash(password)?, changed_at: now }),
        None => None,
    };
    let user = User {
        id: UserId::new(now),
        name: new.name.trim().to_owned(),
        email: new.email.clone(),
        username: None,
        is_operator: false,
        profile: Profile::default(),
        created_at: now,
    };
    Ok(PreparedAccount { user, credentials: Credentials { password, ..Credentials::default() } })
}

/// Writes a prepared account; the first of a server becomes its operator. Fails with `Exists` when the address is
/// taken.
pub fn insert(txn: &mut Txn<'_>, account: &PreparedAccount) -> Result<User, StoreError> {
    let is_operator = store::is_nobody_there(txn)?;
    let user = User { is_operator, ..account.user.clone() };
    store::put(txn, &user, None)?;
    store::put_credentials(txn, user.id, &account.credentials)?;
    note(txn, user.id, user.created_at, "account.made", if is_operator { "operator" } else { "" })?;
    Ok(user)
}

/// The kinds of English in which the pages may be read: BCP 47, and the name.
pub const LOCALES: [(&str, &str); 5] = [
    ("en-GB", "English (United Kingdom)"),
    ("en-US", "English (United States)"),
    ("en-IE", "English (Ireland)"),
    ("en-IN", "English (India)"),
    ("en-AU", "English (Australia)"),
];

/// What the profile page changes.
#[derive(Clone, Debug, Default)]
pub struct ProfileForm {
    pub name: String,
    pub email: String,
    pub username: String,
    pub profile: Profile,
}

/// What came of saving a profile.
#[derive(Clone, Debug)]
pub struct Saved {
    pub user: User,
    /// The address to which a link went, and which counts once it was opened.
    pub asked: Option<EmailAddress>,
}

/// Changes how a person is called and how the product shows itself. Another address needs a fresh proof, since a
/// reset would go there, and counts once a link that is mailed to it was opened. Where the server sends no mail, it
/// counts at once.
pub fn change_profile(
    app: &App,
    user: UserId,
    session: SessionId,
    form: &ProfileForm,
    client: &Client,
) -> Result<Saved, AccountError> {
    let before = store::get(&app.store, user)?.ok_or(AccountError::NotFound)?;
    let mut changed = read_form(&before, form)?;
    let mut has_new_address = changed.email != before.email;
    if has_new_address && !session::is_proof_fresh(app, user, session)? {
        return Err(AccountError::ProofNeeded);
    }
    let mut asked = None;
    if has_new_address && mailer::is_configured(&app.config) && changed.email.compare() != before.email.compare() {
        new_address::ask(app, &before, &changed.email, client)?;
        asked = Some(std::mem::replace(&mut changed.email, before.email.clone()));
        has_new_address = false;
    }
    let now = app.now();
    let saved = app.store.write(|txn| {
        let Some(current) = store::find(txn, user)? else { return Err(AccountError::NotFound) };
        let after = User { is_operator: current.is_operator, ..changed.clone() };
        match store::put(txn, &after, Some(&current)) {
            Err(StoreError::Exists) => return Err(taken(txn, &after)?),
            done => done?,
        }
        if has_new_address {
            note(txn, user, now, "account.address_changed", "")?;
        }
        Ok(after)
    })?;
    if has_new_address {
        mails::tell_of_new_address(app, &before, &saved.email)?;
    }
    Ok(Saved { user: saved, asked })
}

fn read_form(before: &User, form: &ProfileForm) -> Result<User, Mistakes> {
    let mut wrong = Mistakes::default();
    let name = wrong.keep("name", checked_name(&form.name));
    let email = wrong.keep("email", EmailAddress::parse(&form.email).map_err(|error| error.to_string()));
    let username = match form.username.trim() {
        "" => None,
        raw => wrong.keep("username", Username::parse(raw).map_err(|error| error.to_string())),
    };
    let zone = form.profile.time_zone.trim();
    let is_zone = zone.is_empty() || jiff::tz::TimeZone::get(zone).is_ok();
    wrong.expect(is_zone, "time_zone", "Choose a time zone of the list, for example Europe/London.");
    let locale = form.profile.locale.trim();
    let is_locale = locale.is_empty() || LOCALES.iter().any(|(known, _)| *known == locale);
    wrong.expect(is_locale, "locale", "Choose a language of the list.");
    match (name, email, wrong.is_empty()) {
        (Some(name), Some(email), true) => {
            let profile = Profile { time_zone: zone.to_owned(), locale: locale.to_owned(), ..form.profile.clone() };
            Ok(User { name, email, username, profile, ..before.clone() })
        }
        _ => Err(wrong),
    }
}

/// What is wrong with the form before it is compared with anybody else's.
pub fn profile_mistakes(before: &User, form: &ProfileForm) -> Mistakes {
    read_form(before, form).err().unwrap_or_default()
}

/// Which of the two names are somebody else's.
fn taken(txn: &mut Txn<'_>, wanted: &User) -> Result<AccountError, StoreError> {
    let mut is_others = |login: &str| {
        let owner = store::find_by_login(txn, login)?;
        Ok::<_, StoreError>(owner.is_some_and(|owner| owner.id != wanted.id))
    };
    let mut wrong = Mistakes::default();
    wrong.expect(!is_others(wanted.email.compare())?, "email", "Another account has this address.");
    if let Some(name) = &wanted.username {
        wrong.expect(!is_others(name.as_str())?, "username", "Somebody else has this name. Take another.");
    }
    Ok(wrong.into())
}

/// Sets another password. Asks for the current one where there is one; all other sessions end.
pub fn change_password(
    app: &App,
    user: &User,
    session: SessionId,
    current: &str,
    new: &str,
    client: &Client,
) -> Result<(), AccountError> {
    if store::get_credentials(&app.store, user.id)?.password.is_some() {
        match sign_in::check_password(app, user.id, current, client).map_err(AccountError::from) {
            Err(AccountError::WrongPassword) => {
                let mut wrong = Mistakes::one("current", WRONG_PASSWORD);
                wrong.extend(weakness(user, new));
                return Err(wrong.into());
            }
            checked => checked?,
        }
    } else if !session::is_proof_fresh(app, user.id, session)? {
        return Err(AccountError::ProofNeeded);
    }
    let stored = prepare_password(user, new, app.now())?;
    app.store.write(|txn| {
        set_password(txn, user.id, &stored)?;
        session::end_all(txn, user.id, Some(session), stored.changed_at)?;
        Ok::<_, StoreError>(())
    })?;
    mails::tell_of_change(app, user, "The password of your account was changed.")?;
    Ok(())
}

/// What is wrong with a new password of a known person.
fn weakness(user: &User, new: &str) -> Mistakes {
    let username = user.username.as_ref().map_or("", Username::as_str);
    let mut wrong = Mistakes::default();
    let judged = password::judge(new, &[&user.name, user.email.display(), username]);
    wrong.keep("password", judged.map_err(|weak| weak.to_string()));
    wrong
}

/// Judges and hashes a new password of a known person.
pub(super) fn prepare_password(user: &User, new: &str, now: UnixMillis) -> Result<StoredPassword, AccountError> {
    weakness(user, new).into_result()?;
    Ok(StoredPassword { phc: password::hash(new)?, changed_at: now })
}

pub(super) fn set_password(txn: &mut Txn<'_>, user: UserId, stored: &StoredPassword) -> Result<(), StoreError> {
    let mut known = store::credentials(txn, user)?;
    known.password = Some(stored.clone());
    store::put_credentials(txn, user, &known)?;
    note(txn, user, stored.changed_at, "password.changed", "")
}
