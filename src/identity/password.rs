//! Passwords: which are taken, and how they are kept (Argon2id, PHC strings; OWASP password storage).

use std::collections::HashSet;
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

pub const MIN_CHARS: usize = 8;
/// Longer ones are refused, not cut; hashing time does not depend on it.
const MAX_BYTES: usize = 1024;
/// What may stand around a common word without making it a password: `Sunshine2024!`.
const MAX_DECORATION: usize = 6;

/// The most used passwords and the words they are made of, one a line, in lower case.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().filter(|line| !line.is_empty()).collect());

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("Use at least {MIN_CHARS} characters; 15 or more are better. Spaces are fine.")]
    TooShort,
    #[error("Use at most {MAX_BYTES} bytes.")]
    TooLong,
    #[error("This is one of the passwords that are tried first. Take another, for example four words that do not belong together.")]
    Common,
    #[error("It is made of your name, your address or the product's name, which are tried first. Take another.")]
    Context,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords are being checked at once")]
    Busy,
    #[error("password hash: {0}")]
    Hash(String),
}

/// Judges a new password. `context` are words that stand near it: name, address, workspace.
pub fn judge(password: &str, context: &[&str]) -> Result<(), WeakPassword> {
    if password.chars().count() < MIN_CHARS {
        return Err(WeakPassword::TooShort);
    }
    if password.len() > MAX_BYTES {
        return Err(WeakPassword::TooLong);
    }
    let lower = password.to_lowercase();
    let core = core_word(&lower);
    if COMMON.contains(lower.as_str()) || COMMON.contains(core) || is_one_pattern(&lower) {
        return Err(WeakPassword::Common);
    }
    let words = context.iter().flat_map(|text| context_words(text)).chain(["launchyard".to_owned()]);
    if words.into_iter().any(|word| core == word || lower == word) {
        return Err(WeakPassword::Context);
    }
    Ok(())
}

/// The password without the few digits and signs around it.
fn core_word(lower: &str) -> &str {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    if !core.is_empty() && lower.len() - core.len() <= MAX_DECORATION {
        core
    } else {
        lower
    }
}

/// One character, or a run along the alphabet or the digits: `aaaaaaaa`, `23456789`, `hgfedcba`.
fn is_one_pattern(lower: &str) -> bool {
    let steps: HashSet<i64> = lower
        .chars()
        .zip(lower.chars().skip(1))
        .map(|(a, b)| i64::from(u32::from(b)) - i64::from(u32::from(a)))
        .collect();
    steps.len() == 1 && steps.iter().all(|step| step.abs() <= 1)
}

/// The text without spaces, its words, and for an address what stands before the @ and the domain's name.
fn context_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut words: Vec<String> = lower.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
    words.push(lower.split_whitespace().collect());
    words.extend(lower.split_once('@').map(|(local, _)| local.to_owned()));
    words.push(lower);
    words.retain(|word| word.chars().count() >= 3);
    words
}

/// 19 MiB, two passes, one lane: OWASP's least. Tests take less, since they hash hundreds of times.
fn hasher() -> Result<Argon2<'static>, HashError> {
    let (memory_kib, passes) = if cfg!(test) { (64, 1) } else { (19_456, 2) };
    let params = Params::new(memory_kib, passes, 1, None).map_err(|error| HashError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A PHC string with a random salt. Blocking; call it off the web threads and outside transactions.
pub fn hash(password: &str) -> Result<String, HashError> {
    let _turn = HASHING.enter()?;
    let phc = hasher()?.hash_password(password.as_bytes()).map_err(|error| HashError::Hash(error.to_string()))?;
    Ok(phc.to_string())
}

/// Does `password` fit? Without a stored one the same work is done in vain, so that an unknown account
/// takes as long to refuse as a known one.
pub fn verify(stored: Option<&str>, password: &str) -> Result<bool, HashError> {
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this password").ok());
    let Some(phc) = stored.or(NOBODY.as_deref()) else { return Ok(false) };
    let _turn = HASHING.enter()?;
    // The parameters are those written in the string.
    let fits = hasher()?.verify_password(password.as_bytes(), phc).is_ok();
    Ok(fits && stored.is_some() && password.len() <= MAX_BYTES)
}

/// Was it hashed with less than we ask for today? Then it is hashed again at the next sign-in.
pub fn is_outdated(phc: &str) -> bool {
    let Ok(today) = hasher() else { return false };
    let params = today.params();
    !phc.contains(&format!("$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost()))
}

/// Each hash takes 19 MiB: only a few run at once, however many ask. The limit is the process's, since the
/// memory is.
static HASHING: Turnstile = Turnstile { free: Mutex::new(3), left: Condvar::new() };
const LONGEST_WAIT: Duration = Duration::from_secs(10);

struct Turnstile {
    free: Mutex<usize>,
    left: Condvar,
}

struct Turn<'a>(&'a Turnstile);

impl Turnstile {
    fn enter(&self) -> Result<Turn<'_>, HashError> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, waited) =
            self.left.wait_timeout_while(free, LONGEST_WAIT, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(HashError::Busy);
        }
        *free -= 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_tried_first_are_refused() {
        let context = ["Nora Whitfield", "nora.w@fernhill.example", "Fernhill Heat Pumps"];
        let cases = [
            ("short", Err(WeakPassword::TooShort)),
            ("password", Err(WeakPassword::Common)),
            ("Password123", Err(WeakPassword::Common)),
            ("Sunshine2024!", Err(WeakPassword::Common)),
            ("qwertyuiop", Err(WeakPassword::Common)),
            ("1234567890", Err(WeakPassword::Common)),
            ("hgfedcba", Err(WeakPassword::Common)),
            ("zzzzzzzzzzzz", Err(WeakPassword::Common)),
            ("Launchyard1", Err(WeakPassword::Context)),
            ("Whitfield88", Err(WeakPassword::Context)),
            ("fernhillheatpumps", Err(WeakPassword::Context)),
            ("nora.w@fernhill.example", Err(WeakPassword::Context)),
            ("eight chars of rain", Ok(())),
            ("тёмная ночь стоит", Ok(())),
            ("kettle-orbit-7f", Ok(())),
        ];
        for (password, expected) in cases {
            assert_eq!(judge(password, &context), expected, "{password}");
        }
        assert_eq!(judge(&"ab".repeat(513), &[]), Err(WeakPassword::TooLong));
    }

    #[test]
    fn the_list_of_common_passwords_is_long_clean_and_in_lower_case() {
        let lines: Vec<&str> = include_str!("common_passwords.txt").lines().collect();
        assert!(lines.len() >= 1000, "{}", lines.len());
        assert_eq!(COMMON.len(), lines.len(), "a word stands there twice");
        assert!(lines.iter().all(|line| line.trim() == *line && line.to_lowercase() == *line));
    }

    #[test]
    fn a_password_is_kept_as_a_salted_hash_that_only_it_fits() {
        let one = hash("kettle-orbit-7f").unwrap();
        let two = hash("kettle-orbit-7f").unwrap();
        assert_ne!(one, two, "each has its own salt");
        assert!(one.starts_with("$argon2id$v=19$"), "{one}");
        assert_eq!(verify(Some(&one), "kettle-orbit-7f"), Ok(true));
        assert_eq!(verify(Some(&one), "kettle-orbit-7g"), Ok(false));
        assert_eq!(verify(None, "nobody has this password"), Ok(false));
        assert_eq!(verify(Some("rubbish"), "rubbish"), Ok(false));
        assert!(!is_outdated(&one));
        assert!(is_outdated("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"));
    }
}
