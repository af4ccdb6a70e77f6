//! What was granted to whom: codes, access tokens, refresh tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde::{Deserialize, Serialize};

use crate::base::UnixMillis;

pub(super) const TESTING_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Above this many live refresh tokens per person and client the oldest ends without a word.
const MOST_REFRESH_TOKENS: usize = 100;

pub(in crate::sandbox) type Scopes = BTreeSet<String>;

/// What an access or refresh token stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sandbox) struct Access {
    pub client: String,
    pub email: String,
    pub scopes: Scopes,
    /// None: until revoked.
    pub expires: Option<UnixMillis>,
    issued: u64,
}

impl Access {
    pub fn is_live(&self, now: UnixMillis) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Any one of `scopes` is enough.
    pub fn allows(&self, scopes: &[&str]) -> bool {
        scopes.iter().any(|scope| self.scopes.contains(*scope))
    }
}

/// An authorisation code and what it must be redeemed with.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub client: String,
    pub email: String,
    pub scopes: Scopes,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub with_refresh: bool,
    pub expires: UnixMillis,
}

/// What is remembered over the end of the process: whom a person let in. Codes and access tokens last for an hour at most.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::sandbox) struct Grants {
    #[serde(skip)]
    codes: BTreeMap<String, Code>,
    #[serde(skip)]
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Access>,
    #[serde(with = "pairs")]
    consented: BTreeMap<(String, String), Scopes>,
    issued: u64,
}

impl Grants {
    /// Remembers what was ticked, and makes the code that stands for it.
    pub(super) fn consent(&mut self, code: Code) -> String {
        let known = self.consented.entry((code.client.clone(), code.email.clone())).or_default();
        known.extend(code.scopes.iter().cloned());
        let text = secret("4/0");
        self.codes.insert(text.clone(), code);
        text
    }

    /// Everything this client was ever granted by this person and still holds.
    pub(super) fn consented(&self, client: &str, email: &str) -> Scopes {
        self.consented.get(&(client.to_owned(), email.to_owned())).cloned().unwrap_or_default()
    }

    /// A code is gone once it was shown, rightly or wrongly.
    pub(super) fn take_code(&mut self, code: &str) -> Option<Code> {
        self.codes.remove(code)
    }

    pub(super) fn issue_access(
        &mut self,
        client: &str,
        email: &str,
        scopes: Scopes,
        now: UnixMillis,
        life: Duration,
    ) -> String {
        self.access.retain(|_, access| access.is_live(now));
        let access = self.stamped(client, email, scopes, Some(now.plus(life)));
        let text = secret("ya29.sandbox-");
        self.access.insert(text.clone(), access);
        text
    }

    pub(super) fn issue_refresh(
        &mut self,
        client: &str,
        email: &str,
        scopes: Scopes,
        expires: Option<UnixMillis>,
    ) -> String {
        let access = self.stamped(client, email, scopes, expires);
        let text = secret("1//0sandbox-");
        self.refresh.insert(text.clone(), access);
        let of_both = |access: &Access| access.client == client && access.email == email;
        if self.refresh.values().filter(|access| of_both(access)).count() > MOST_REFRESH_TOKENS {
            let oldest =
                self.refresh.iter().filter(|(_, access)| of_both(access)).min_by_key(|(_, access)| access.issued);
            if let Some(oldest) = oldest.map(|(text, _)| text.clone()) {
                self.refresh.remove(&oldest);
            }
        }
        text
    }

    pub fn access(&self, token: &str, now: UnixMillis) -> Option<&Access> {
        self.access.get(token).filter(|access| access.is_live(now))
    }

    pub(super) fn refresh(&self, token: &str, now: UnixMillis) -> Option<&Access> {
        self.refresh.get(token).filter(|access| access.is_live(now))
    }

    /// It was used, and lives on from then.
    pub(super) fn extend_refresh(&mut self, token: &str, expires: Option<UnixMillis>) {
        if let Some(access) = self.refresh.get_mut(token) {
            access.expires = expires;
        }
    }

    /// Ends one refresh token; the rest of its grant goes on.
    pub(super) fn end_refresh(&mut self, token: &str) {
        self.refresh.remove(token);
    }

    /// Ends the whole grant behind an access or refresh token. False when the token is not live.
    pub(super) fn revoke_token(&mut self, token: &str, now: UnixMillis) -> bool {
        let Some(access) = self.access(token, now).or_else(|| self.refresh(token, now)).cloned() else { return false };
        self.end(|other| other.client == access.client && other.email == access.email);
        self.consented.remove(&(access.client, access.email));
        true
    }

    /// Whether some program may come back for this person's account.
    pub fn stands_for(&self, email: &str) -> bool {
        self.refresh.values().any(|access| access.email.eq_ignore_ascii_case(email))
    }

    /// The person withdraws everything from every client, as on the account's own security page.
    pub fn revoke_all_of(&mut self, email: &str) {
        self.end(|access| access.email.eq_ignore_ascii_case(email));
        self.consented.retain(|(_, person), _| !person.eq_ignore_ascii_case(email));
    }

    fn end(&mut self, matches: impl Fn(&Access) -> bool) {
        self.access.retain(|_, access| !matches(access));
        self.refresh.retain(|_, access| !matches(access));
    }

    fn stamped(&mut self, client: &str, email: &str, scopes: Scopes, expires: Option<UnixMillis>) -> Access {
        self.issued += 1;
        Access { client: client.to_owned(), email: email.to_owned(), scopes, expires, issued: self.issued }
    }
}

/// A map by two names, as a list: names of JSON's fields are single texts.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Scopes;

    type Map = BTreeMap<(String, String), Scopes>;

    pub fn serialize<S: Serializer>(map: &Map, to: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Map, D::Error> {
        Ok(Vec::<((String, String), Scopes)>::deserialize(from)?.into_iter().collect())
    }
}

/// Unguessable, and recognisable by its beginning as the real ones are.
fn secret(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 30]>()))
}
