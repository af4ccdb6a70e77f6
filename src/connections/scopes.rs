//! Which permissions each use of a Google account needs, and why, in words (promise 7: only these, explained first).

use super::model::Use;
use crate::providers::google::oauth::{missing_scopes, scope};

/// A permission as Google's page names it, and what we do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    pub scope: &'static str,
    /// As Google's own page words it, shortened.
    pub name: &'static str,
    pub why: &'static str,
}

const ACCOUNT: [Permission; 2] = [
    Permission {
        scope: scope::OPENID,
        name: "Know that it is you",
        why: "So that signing in again finds the same connection.",
    },
    Permission { scope: scope::EMAIL, name: "See your address", why: "It is the address that your mail leaves from." },
];

const OUTREACH: [Permission; 2] = [
    Permission {
        scope: scope::GMAIL_SEND,
        name: "Send e-mail on your behalf",
        why: "A worker writes from this address, and only after you switched it on.",
    },
    Permission {
        scope: scope::GMAIL_READONLY,
        name: "Read your e-mail",
        why: "Google has no smaller permission for reading answers. Of new mail only the headers are compared, in memory; \
              opened are answers to mail that we sent, and reports about its delivery. Nothing else is opened or kept.",
    },
];

const CALENDAR: [Permission; 3] = [
    Permission {
        scope: scope::CALENDAR_FREEBUSY,
        name: "See when you are busy",
        why: "So that no meeting is offered or booked over another. Titles are not read.",
    },
    Permission {
        scope: scope::CALENDAR_EVENTS_OWNED,
        name: "Write events to calendars you own",
        why: "To enter, move and cancel the meetings booked here. Events made by others are never changed.",
    },
    Permission {
        scope: scope::CALENDAR_LIST,
        name: "See the list of your calendars",
        why: "So that you can choose which of them counts.",
    },
];

/// What one use needs, beyond knowing the account.
pub fn needed_for(wanted: Use) -> &'static [Permission] {
    match wanted {
        Use::Outreach => &OUTREACH,
        Use::Calendar => &CALENDAR,
    }
}

/// Everything to ask for, the account first.
pub fn permissions(uses: &[Use]) -> Vec<Permission> {
    let of_uses = uses.iter().flat_map(|wanted| needed_for(*wanted).iter().copied());
    ACCOUNT.into_iter().chain(of_uses).collect()
}

/// What of it was not granted: people can untick single permissions.
pub(super) fn not_granted(granted: &[String], uses: &[Use]) -> Vec<Permission> {
    let asked = permissions(uses);
    let scopes: Vec<&str> = asked.iter().map(|permission| permission.scope).collect();
    let missing = missing_scopes(granted, &scopes);
    asked.into_iter().filter(|permission| missing.contains(&permission.scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_asks_for_its_own_permissions_and_no_more() {
        let scopes = |uses: &[Use]| permissions(uses).iter().map(|one| one.scope).collect::<Vec<_>>();
        let mail = scopes(&[Use::Outreach]);
        let calendar = scopes(&[Use::Calendar]);
        assert_eq!((mail.len(), calendar.len()), (4, 5));
        assert!(!mail.iter().any(|scope| scope.contains("calendar")));
        assert!(!calendar.iter().any(|scope| scope.contains("gmail")));
        assert_eq!(scopes(&[Use::Outreach, Use::Calendar]).len(), 7);
    }

    #[test]
    fn an_unticked_permission_is_found() {
        let granted =
            [scope::OPENID, "https://www.googleapis.com/auth/userinfo.email", scope::GMAIL_SEND].map(str::to_owned);
        let missing = not_granted(&granted, &[Use::Outreach]);
        assert_eq!(missing.iter().map(|one| one.name).collect::<Vec<_>>(), ["Read your e-mail"]);
    }
}
