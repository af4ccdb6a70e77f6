//! Which permissions each use of an account needs, and why, in words (promise 7: only these, explained first).

use super::model::Use;
use super::provider::Provider;
use crate::providers::google::oauth::{missing_scopes, scope};
use crate::providers::microsoft::oauth::scope as microsoft;

/// A permission as the provider's page names it, and what we do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    pub scope: &'static str,
    /// As the provider's own page words it, shortened.
    pub name: &'static str,
    pub why: &'static str,
}

const fn permission(scope: &'static str, name: &'static str, why: &'static str) -> Permission {
    Permission { scope, name, why }
}

const WHO: &str = "So that signing in again finds the same connection.";
const ADDRESS: &str = "It is the address that your mail leaves from.";
const SENDING: &str = "A worker writes from this address, and only after you switched it on.";

const GOOGLE_ACCOUNT: [Permission; 2] =
    [permission(scope::OPENID, "Know that it is you", WHO), permission(scope::EMAIL, "See your address", ADDRESS)];

const GOOGLE_OUTREACH: [Permission; 2] = [
    permission(scope::GMAIL_SEND, "Send e-mail on your behalf", SENDING),
    permission(
        scope::GMAIL_READONLY,
        "Read your e-mail",
        "Google has no smaller permission for reading answers. Of new mail only the headers are compared, in memory; \
         opened are answers to mail that we sent, and reports about its delivery. Nothing else is opened or kept.",
    ),
];

const GOOGLE_CALENDAR: [Permission; 3] = [
    permission(
        scope::CALENDAR_FREEBUSY,
        "See when you are busy",
        "So that no meeting is offered or booked over another. Titles are not read.",
    ),
    permission(
        scope::CALENDAR_EVENTS_OWNED,
        "Write events to calendars you own",
        "To enter, move and cancel the meetings booked here. Events made by others are never changed.",
    ),
    permission(scope::CALENDAR_LIST, "See the list of your calendars", "So that you can choose which of them counts."),
];

const MICROSOFT_ACCOUNT: [Permission; 3] = [
    permission(microsoft::OPENID, "Sign you in", WHO),
    permission(
        microsoft::OFFLINE,
        "Maintain access to data you have given it access to",
        "So that answers are looked for while you are not here. You end it by disconnecting.",
    ),
    permission(microsoft::USER_READ, "Sign you in and read your profile", ADDRESS),
];

const MICROSOFT_OUTREACH: [Permission; 2] = [
    permission(microsoft::MAIL_SEND, "Send mail as you", SENDING),
    permission(
        microsoft::MAIL_READ,
        "Read your mail",
        "Microsoft’s smaller permission shows no answer’s text. Of new mail only the headers are compared, in memory; \
         opened are answers to mail that we sent, and reports about its delivery. Nothing else is opened or kept, and \
         nothing in the mailbox can be changed or deleted.",
    ),
];

const MICROSOFT_CALENDAR: [Permission; 1] = [permission(
    microsoft::CALENDARS,
    "Have full access to your calendars",
    "Microsoft has no smaller permission for entering, moving and cancelling the meetings booked here. Of other events \
     only the times are asked for, not their titles, and they are never changed.",
)];

/// What one use needs, beyond knowing the account. `None`: this provider's accounts are not used for that.
pub fn needed_for(provider: Provider, wanted: Use) -> Option<&'static [Permission]> {
    match (provider, wanted) {
        (Provider::Google, Use::Outreach) => Some(&GOOGLE_OUTREACH),
        (Provider::Google, Use::Calendar) => Some(&GOOGLE_CALENDAR),
        (Provider::Microsoft, Use::Outreach) => Some(&MICROSOFT_OUTREACH),
        (Provider::Microsoft, Use::Calendar) => Some(&MICROSOFT_CALENDAR),
    }
}

/// Everything to ask for, the account first.
pub fn permissions(provider: Provider, uses: &[Use]) -> Vec<Permission> {
    let account: &[Permission] = match provider {
        Provider::Google => &GOOGLE_ACCOUNT,
        Provider::Microsoft => &MICROSOFT_ACCOUNT,
    };
    let of_uses = uses.iter().filter_map(|wanted| needed_for(provider, *wanted)).flatten();
    account.iter().chain(of_uses).copied().collect()
}

/// What of it was not granted: people can untick single permissions.
pub(super) fn not_granted(provider: Provider, granted: &[String], uses: &[Use]) -> Vec<Permission> {
    permissions(provider, uses)
        .into_iter()
        .filter(|permission| !granted.iter().any(|one| is_same(provider, one, permission.scope)))
        .collect()
}

/// Whether a scope as granted is the one that was asked for: providers write them in more than one way.
pub(super) fn is_same(provider: Provider, granted: &str, asked: &str) -> bool {
    match provider {
        Provider::Google => missing_scopes(&[granted.to_owned()], &[asked]).is_empty(),
        Provider::Microsoft => granted.eq_ignore_ascii_case(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_asks_for_its_own_permissions_and_no_more() {
        let scopes = |uses: &[Use]| permissions(Provider::Google, uses).iter().map(|one| one.scope).collect::<Vec<_>>();
        let mail = scopes(&[Use::Outreach]);
        let calendar = scopes(&[Use::Calendar]);
        assert_eq!((mail.len(), calendar.len()), (4, 5));
        assert!(!mail.iter().any(|scope| scope.contains("calendar")));
        assert!(!calendar.iter().any(|scope| scope.contains("gmail")));
        assert_eq!(scopes(&[Use::Outreach, Use::Calendar]).len(), 7);
        let at_microsoft: Vec<&str> =
            permissions(Provider::Microsoft, &[Use::Outreach]).iter().map(|one| one.scope).collect();
        assert_eq!(at_microsoft, ["openid", "offline_access", "User.Read", "Mail.Send", "Mail.Read"]);
        let calendar: Vec<&str> =
            permissions(Provider::Microsoft, &[Use::Calendar]).iter().map(|one| one.scope).collect();
        assert_eq!(calendar, ["openid", "offline_access", "User.Read", "Calendars.ReadWrite"]);
    }

    #[test]
    fn an_unticked_permission_is_found() {
        let granted =
            [scope::OPENID, "https://www.googleapis.com/auth/userinfo.email", scope::GMAIL_SEND].map(str::to_owned);
        let missing = not_granted(Provider::Google, &granted, &[Use::Outreach]);
        assert_eq!(missing.iter().map(|one| one.name).collect::<Vec<_>>(), ["Read your e-mail"]);
    }
}
