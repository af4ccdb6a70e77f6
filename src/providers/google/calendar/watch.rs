//! Being told of changes by push channels (developers.google.com/workspace/calendar/api/guides/push). A channel ends by
//! itself and is not renewed: a new one is opened before, and the old one is stopped afterwards.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::Calendar;
use crate::base::UnixMillis;
use crate::providers::calendar::{if_there, NewWatch, Watching};
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::rest::{below, Call};

/// Of a notice, which has no body: the word of whoever opened the channel.
pub const CHANNEL_TOKEN: &str = "x-goog-channel-token";
/// `sync` when the channel stands, which is no change; else `exists` or `not_exists`.
pub const RESOURCE_STATE: &str = "x-goog-resource-state";

impl Calendar<'_> {
    pub(super) fn open_channel(
        &self,
        calendar: &str,
        wanted: &NewWatch,
        before: Option<&Watching>,
    ) -> Result<Option<Watching>, ProviderError> {
        let url = below(&self.events(calendar, None), &["watch"]);
        let body = json!({
            "id": wanted.id,
            "type": "web_hook",
            "address": wanted.address,
            "token": wanted.word,
            "expiration": wanted.until.0.to_string(),
        });
        // A second channel of the same id is refused, so that an unknown outcome is asked for again with another id.
        let call = Call { method: Method::POST, body: Some(&body), repeat: Repeat::Unsafe, ..Call::get(url) };
        let opened = self.0.call_json::<ChannelAnswer>(call)?;
        if let Some(before) = before {
            // It ends by itself where it cannot be stopped.
            let _ = self.stop_channel(before);
        }
        let until = opened.expiration.and_then(|text| text.parse().ok()).map_or(wanted.until, UnixMillis);
        Ok(Some(Watching { id: wanted.id.clone(), resource: opened.resource_id, until }))
    }

    pub(super) fn stop_channel(&self, watching: &Watching) -> Result<(), ProviderError> {
        let url = below(&self.0.bases.calendar, &["channels", "stop"]);
        let body = json!({ "id": watching.id, "resourceId": watching.resource });
        let call = Call { method: Method::POST, body: Some(&body), ..Call::get(url) };
        if_there(self.0.call(call)).map(drop)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChannelAnswer {
    #[serde(default)]
    resource_id: String,
    /// Milliseconds, as text.
    expiration: Option<String>,
}
