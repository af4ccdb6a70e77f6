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

const FIND: &str = "After an answer that was lost: so that one booking never has two meetings. Meetings of others are \
                    passed over.";

const TEAMS: [Permission; 1] = [permission(
    microsoft::MEETINGS,
    "Read and create your online meetings",
    "To make, move and cancel the meetings booked here. Meetings made by others are never changed.",
)];

const ZOOM_ACCOUNT: [Permission; 1] = [permission("user:read:user", "View your user", WHO)];
const ZOOM: [Permission; 4] = [
    permission("meeting:write:meeting", "Create a meeting for you", "A booking gets a meeting and its link."),
    permission("meeting:update:meeting", "Update your meetings", "A booking that is moved takes its meeting along."),
    permission("meeting:delete:meeting", "Delete your meetings", "A booking that is cancelled takes its meeting away."),
    permission("meeting:read:list_meetings", "View the list of your meetings", FIND),
];

const WEBEX_ACCOUNT: [Permission; 1] = [permission("spark:people_read", "Know who you are", WHO)];
const WEBEX: [Permission; 2] = [
    permission(
        "meeting:schedules_write",
        "Manage your meetings",
        "To make, move and cancel the meetings booked here. Meetings made by others are never changed.",
    ),
    permission("meeting:schedules_read", "Read your meetings", FIND),
];

const GOTO: [Permission; 1] = [permission(
    "collab:",
    "Manage your meetings",
    "To make, move and cancel the meetings booked here, and to find one whose making was not answered. GoTo has no \
     smaller permission.",
)];

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
        (Provider::Microsoft, Use::Meetings) => Some(&TEAMS),
        (Provider::Zoom, Use::Meetings) => Some(&ZOOM),
        (Provider::Webex, Use::Meetings) => Some(&WEBEX),
        (Provider::Goto, Use::Meetings) => Some(&GOTO),
        (Provider::Google, Use::Meetings) => None,
        (Provider::Zoom | Provider::Webex | Provider::Goto, Use::Outreach | Use::Calendar) => None,
        (Provider::Microsoft, Use::Calendar) => Some(&MICROSOFT_CALENDAR),
    }
}

/// Everything to ask for, the account first.
pub fn permissions(provider: Provider, uses: &[Use]) -> Vec<Permission> {
    let account: &[Permission] = match provider {
        Provider::Google => &GOOGLE_ACCOUNT,
        Provider::Microsoft => &MICROSOFT_ACCOUNT,
        Provider::Zoom => &ZOOM_ACCOUNT,
        Provider::Webex => &WEBEX_ACCOUNT,
        Provider::Goto => &[],
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
        Provider::Zoom => is_same_at_zoom(granted, asked),
        Provider::Webex | Provider::Goto => granted == asked,
    }
}

/// Apps from before 2024 have wide scopes of two words (`meeting:write`), and apps of a whole account add `:admin`.
fn is_same_at_zoom(granted: &str, asked: &str) -> bool {
    let granted = granted.strip_suffix(":admin").unwrap_or(granted);
    let wide = match asked {
        "meeting:write:meeting" | "meeting:update:meeting" | "meeting:delete:meeting" => "meeting:write",
        "meeting:read:list_meetings" => "meeting:read",
        "user:read:user" => "user:read",
        _ => asked,
    };
    granted == asked || granted == wide
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
    fn old_and_new_names_of_zooms_permissions_are_both_known() {
        let missing = |granted: &[&str]| {
            let granted: Vec<String> = granted.iter().map(|one| (*one).to_owned()).collect();
            not_granted(Provider::Zoom, &granted, &[Use::Meetings]).len()
        };
        let new = ["user:read:user", "meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting"];
        assert_eq!(missing(&[&new[..], &["meeting:read:list_meetings"]].concat()), 0);
        assert_eq!(missing(&["user:read", "meeting:write", "meeting:read"]), 0);
        assert_eq!(missing(&["user:read:user:admin", "meeting:write:admin", "meeting:read:admin"]), 0);
        assert_eq!(missing(&new), 1, "it could not be found again");
        assert_eq!(missing(&["user:read", "meeting:read"]), 3);
    }

    #[test]
    fn an_unticked_permission_is_found() {
        let granted =
            [scope::OPENID, "https://www.googleapis.com/auth/userinfo.email", scope::GMAIL_SEND].map(str::to_owned);
        let missing = not_granted(Provider::Google, &granted, &[Use::Outreach]);
        assert_eq!(missing.iter().map(|one| one.name).collect::<Vec<_>>(), ["Read your e-mail"]);
    }
}
