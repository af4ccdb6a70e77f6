//! Being told of changes by subscriptions. <https://learn.microsoft.com/graph/change-notifications-overview>

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Calendar, PRIMARY};
use crate::base::UnixMillis;
use crate::providers::calendar::{if_there, NewWatch, Watching};
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::rest::Call;

/// Events may be subscribed to for less than seven days; clocks differ.
const LONGEST: Duration = Duration::from_secs(7 * 86_400 - 3_600);

impl Calendar<'_> {
    /// A subscription is prolonged; one that is not known any more is made anew. Graph asks our address for an echo before
    /// it answers.
    pub(super) fn subscribe(
        &self,
        calendar: &str,
        wanted: &NewWatch,
        before: Option<&Watching>,
    ) -> Result<Option<Watching>, ProviderError> {
        let latest = self.0.line.outbound.clock().now().plus(LONGEST);
        let until = wanted.until.min(latest).to_rfc3339();
        if let Some(before) = before {
            let body = json!({ "expirationDateTime": until });
            let url = self.0.at(&["subscriptions", &before.id]);
            let call = Call { method: Method::PATCH, body: Some(&body), ..Call::get(url) };
            if let Some(longer) = if_there(self.0.call_json::<SubscriptionAnswer>(call))? {
                return Ok(Some(longer.read(latest)));
            }
        }
        let resource = match calendar {
            PRIMARY => "me/events".to_owned(),
            id => format!("me/calendars/{id}/events"),
        };
        let body = json!({
            "changeType": "created,updated,deleted",
            "notificationUrl": wanted.address,
            "lifecycleNotificationUrl": wanted.address,
            "resource": resource,
            "expirationDateTime": until,
            "clientState": wanted.word,
        });
        let url = self.0.at(&["subscriptions"]);
        let call = Call { method: Method::POST, body: Some(&body), repeat: Repeat::Unsafe, ..Call::get(url) };
        Ok(Some(self.0.call_json::<SubscriptionAnswer>(call)?.read(latest)))
    }

    pub(super) fn unsubscribe(&self, watching: &Watching) -> Result<(), ProviderError> {
        let url = self.0.at(&["subscriptions", &watching.id]);
        if_there(self.0.call(Call { method: Method::DELETE, ..Call::get(url) })).map(drop)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionAnswer {
    id: String,
    #[serde(default)]
    expiration_date_time: String,
}

impl SubscriptionAnswer {
    fn read(self, latest: UnixMillis) -> Watching {
        let until = UnixMillis::parse_rfc3339(&self.expiration_date_time).unwrap_or(latest);
        Watching { id: self.id, resource: String::new(), until }
    }
}

/// One thing that Graph tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The word of whoever subscribed.
    pub word: String,
    /// The subscription has ended or is about to: it is asked for anew.
    pub is_ending: bool,
}

#[derive(Deserialize)]
struct NoticesAnswer {
    value: Vec<NoticeAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoticeAnswer {
    #[serde(default)]
    client_state: String,
    /// `reauthorizationRequired`, `subscriptionRemoved` or `missed`.
    #[serde(default)]
    lifecycle_event: String,
}

/// What a post tells: `None` when it is none of Graph's.
pub fn read_notices(body: &[u8]) -> Option<Vec<Notice>> {
    let read: NoticesAnswer = serde_json::from_slice(body).ok()?;
    let notice = |one: NoticeAnswer| Notice {
        word: one.client_state,
        is_ending: matches!(one.lifecycle_event.as_str(), "reauthorizationRequired" | "subscriptionRemoved"),
    };
    Some(read.value.into_iter().map(notice).collect())
}
