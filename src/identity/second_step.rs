//! The second step at sign-in: an authenticator app (TOTP, RFC 6238) with recovery codes.
//!
//! SHA-1, six digits, 30 s, as authenticator apps expect. One step before and after the current one is taken
//! too, since phones run late (ASVS 5.0, 6.5.5 would have 30 s only). Each step counts once.

use data_encoding::{Specification, BASE32_NOPAD};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use totp_rs::{Algorithm, Builder, Secret as TotpSecret, Totp as Authenticator};
use zeroize::Zeroizing;

use super::model::{RecoveryCode, Totp, User};
use super::secret::hash_secret;
use super::sign_in::{note, SignInError};
use super::throttle::{self, Counter};
use super::{mails, session, store};
use crate::app::App;
use crate::base::{SessionId, UnixMillis, UserId, INSTANCE};
use crate::store::{StoreError, Txn};

const ISSUER: &str = "Launchyard";
const RECOVERY_CODES: usize = 10;
/// 15 random bytes, 120 bits: enough to be kept as a plain hash (ASVS 5.0, 6.5.2).
const RECOVERY_BYTES: usize = 15;

/// What the enrolment page shows, once.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret in groups of four, for typing.
    pub key: String,
    /// SVG of the `otpauth://` address.
    pub qr_svg: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SecondStepError {
    #[error("prove again who you are")]
    ProofNeeded,
    #[error("the code does not fit")]
    WrongCode,
    #[error("no authenticator is being set up")]
    NotBegun,
    #[error(transparent)]
    TooMany(#[from] throttle::TooManyTries),
    #[error("authenticator: {0}")]
    Authenticator(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// By what the second step was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Code,
    RecoveryCode,
}

impl How {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Code => "authenticator code",
            Self::RecoveryCode => "recovery code",
        }
    }
}

/// Begins to set up an authenticator: a fresh secret, which counts for nothing until a first code has proved
/// that the app holds it. One that is in use stays in use until then.
pub fn begin(app: &App, user: &User, session: SessionId) -> Result<Enrolment, SecondStepError> {
    require_proof(app, user.id, session)?;
    let secret = Zeroizing::new(rand::random::<[u8; 20]>());
    let key = BASE32_NOPAD.encode(&*secret);
    enrolment(user, &key)
}

/// The enrolment page again, after a code that did not fit. `key` is the one that the page showed.
pub fn enrolment(user: &User, key: &str) -> Result<Enrolment, SecondStepError> {
    let secret = read_key(key)?;
    let url = authenticator(&secret, user.email.display())?
        .to_url()
        .map_err(|error| SecondStepError::Authenticator(error.to_string()))?;
    let code = QrCode::with_error_correction_level(url.as_bytes(), EcLevel::M)
        .map_err(|error| SecondStepError::Authenticator(error.to_string()))?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(176, 176).quiet_zone(true).build();
    // Inside a page the XML declaration has no place.
    let qr_svg = svg.find("<svg").map_or(svg.clone(), |at| svg[at..].to_owned());
    // The page gives it back in the groups in which it was shown.
    let bare: String = key.split_whitespace().collect();
    let groups: Vec<&str> = bare.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    Ok(Enrolment { key: groups.join(" "), qr_svg })
}

/// One good code finishes the set-up. Returns ten recovery codes, to be shown once; earlier ones end, and so
/// do the person's other sessions.
pub fn confirm(
    app: &App,
    user: &User,
    session: SessionId,
    key: &str,
    code: &str,
) -> Result<Vec<String>, SecondStepError> {
    require_proof(app, user.id, session)?;
    let (now, secret) = (app.now(), read_key(key)?);
    let counter = [Counter::SecondStep(user.id)];
    app.store.write(|txn| {
        throttle::begin(txn, &app.config.limits, &counter, now)?.map_err(SecondStepError::TooMany).map(drop)
    })?;
    let step = authenticator(&secret, user.email.display())?
        .check(&digits(code), seconds(phone_time(app)))
        .ok_or(SecondStepError::WrongCode)?;
    let sealed = app.store.seal_secret(INSTANCE, &secret)?;
    let totp = Totp { secret: sealed, confirmed_at: Some(now), last_step: step, used_at: Some(now) };
    let (codes, rows) = fresh_recovery_codes();
    let replaced = app.store.write(|txn| {
        let mut known = store::credentials(txn, user.id)?;
        let replaced = known.totp.replace(totp.clone());
        known.recovery_codes = rows.clone();
        store::put_credentials(txn, user.id, &known)?;
        throttle::forgive(txn, &counter)?;
        session::end_all(txn, user.id, Some(session), now)?;
        note(txn, user.id, now, "second_step.on", "authenticator")?;
        Ok::<_, StoreError>(replaced)
    })?;
    shred(app, replaced)?;
    mails::tell_of_change(app, user, "An authenticator app was set up for your account.")?;
    Ok(codes)
}

/// Switches the second step off, with all recovery codes.
pub fn remove(app: &App, user: &User, session: SessionId) -> Result<(), SecondStepError> {
    require_proof(app, user.id, session)?;
    let now = app.now();
    let removed = app.store.write(|txn| {
        let mut known = store::credentials(txn, user.id)?;
        let removed = known.totp.take();
        known.recovery_codes.clear();
        store::put_credentials(txn, user.id, &known)?;
        session::end_all(txn, user.id, Some(session), now)?;
        note(txn, user.id, now, "second_step.off", "")?;
        Ok::<_, StoreError>(removed)
    })?;
    shred(app, removed)?;
    Ok(mails::tell_of_change(app, user, "The second step at sign-in was switched off for your account.")?)
}

/// Ten new recovery codes; the earlier ones end.
pub fn renew_recovery_codes(app: &App, user: UserId, session: SessionId) -> Result<Vec<String>, SecondStepError> {
    require_proof(app, user, session)?;
    let (now, (codes, rows)) = (app.now(), fresh_recovery_codes());
    app.store.write(|txn| {
        let mut known = store::credentials(txn, user)?;
        if !known.has_second_step() {
            return Err(SecondStepError::NotBegun);
        }
        known.recovery_codes = rows.clone();
        store::put_credentials(txn, user, &known)?;
        Ok(note(txn, user, now, "recovery_codes.renewed", "")?)
    })?;
    Ok(codes)
}

/// The authenticator of a person in use, its secret opened.
pub(super) fn open(app: &App, user: UserId) -> Result<Option<Authenticator>, SignInError> {
    let known = store::get_credentials(&app.store, user)?;
    let Some(totp) = known.totp.filter(|totp| totp.confirmed_at.is_some()) else { return Ok(None) };
    let secret = app.store.open_secret(&totp.secret)?;
    let opened = authenticator(&secret, "account").map_err(|error| StoreError::Engine(error.to_string()))?;
    Ok(Some(opened))
}

/// The step of the authenticator whose code this is.
pub(super) fn step_of(app: &App, authenticator: Option<&Authenticator>, code: &str) -> Option<u64> {
    authenticator.and_then(|known| known.check(&digits(code), seconds(phone_time(app))))
}

/// A phone knows nothing of a clock that a demo has moved on.
fn phone_time(app: &App) -> UnixMillis {
    app.now().minus(app.clock.offset())
}

/// Accepts a code once: notes the step, or the recovery code, as used in the same transaction.
pub(super) fn accept(
    txn: &mut Txn<'_>,
    user: UserId,
    step: Option<u64>,
    code: &str,
    now: UnixMillis,
) -> Result<Option<How>, StoreError> {
    let mut known = store::credentials(txn, user)?;
    let how = match (&mut known.totp, step) {
        (Some(totp), Some(step)) if step > totp.last_step => {
            totp.last_step = step;
            totp.used_at = Some(now);
            How::Code
        }
        _ => {
            let hash = hash_secret(&plain_recovery_code(code));
            let unused = known.recovery_codes.iter_mut().find(|row| row.hash == hash && row.used_at.is_none());
            let Some(row) = unused else { return Ok(None) };
            row.used_at = Some(now);
            How::RecoveryCode
        }
    };
    store::put_credentials(txn, user, &known)?;
    Ok(Some(how))
}

fn require_proof(app: &App, user: UserId, session: SessionId) -> Result<(), SecondStepError> {
    if session::is_proof_fresh(app, user, session)? {
        Ok(())
    } else {
        Err(SecondStepError::ProofNeeded)
    }
}

fn shred(app: &App, totp: Option<Totp>) -> Result<(), StoreError> {
    totp.map_or(Ok(()), |totp| app.store.shred_secret(&totp.secret))
}

fn authenticator(secret: &[u8], account: &str) -> Result<Authenticator, SecondStepError> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(TotpSecret::new(secret.to_vec().into_boxed_slice()))
        .with_issuer(Some(ISSUER))
        // A colon would end the issuer in the address (Key URI Format).
        .with_account_name(account.replace(':', " "))
        .build()
        .map_err(|error| SecondStepError::Authenticator(error.to_string()))
}

fn read_key(key: &str) -> Result<Zeroizing<Vec<u8>>, SecondStepError> {
    let plain: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    let secret = BASE32_NOPAD.decode(plain.to_ascii_uppercase().as_bytes()).map_err(|_| SecondStepError::NotBegun)?;
    (secret.len() == 20).then(|| Zeroizing::new(secret)).ok_or(SecondStepError::NotBegun)
}

fn seconds(now: UnixMillis) -> u64 {
    u64::try_from(now.as_seconds()).unwrap_or(0)
}

/// People type spaces into codes.
fn digits(code: &str) -> String {
    code.chars().filter(char::is_ascii_digit).take(8).collect()
}

/// Codes as shown: 24 letters and digits in groups of four, without those that look alike.
fn fresh_recovery_codes() -> (Vec<String>, Vec<RecoveryCode>) {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let rows = codes
        .iter()
        .map(|code| RecoveryCode { hash: hash_secret(&plain_recovery_code(code)), used_at: None })
        .collect();
    (codes, rows)
}

fn recovery_code() -> String {
    let plain = alphabet().encode(&rand::random::<[u8; RECOVERY_BYTES]>());
    let groups: Vec<&str> = plain.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("-")
}

/// Crockford's base 32 in lower case: no i, l, o, u.
fn alphabet() -> data_encoding::Encoding {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    // The alphabet is a constant of 32 different letters, which a test encodes with; the fallback is never reached.
    spec.encoding().unwrap_or(data_encoding::BASE32HEX_NOPAD)
}

fn plain_recovery_code(code: &str) -> String {
    let typed = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    typed
        .map(|c| match c {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .take(64)
        .collect()
}

/// The code that an authenticator with this key shows at `now`.
#[cfg(test)]
pub(crate) fn code_at(key: &str, now: UnixMillis) -> String {
    authenticator(&read_key(key).unwrap(), "account").unwrap().generate(seconds(now)).to_string()
}
