//! What calendar services tell a program of their own accord. Their notices wait here: whoever asks `/control/notices`
//! carries them to the program, as the program's public address is known to nobody in the sandbox.

use serde_json::{json, Value};

use super::world::World;

/// One POST to the program.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// All that wait, each given once.
pub(super) fn take(world: &mut World) -> Value {
    super::google::calendar::tell(world);
    super::microsoft::tell(world);
    let shown = |one: Notice| {
        let headers: serde_json::Map<String, Value> =
            one.headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        json!({"url": one.url, "headers": headers, "body": one.body})
    };
    Value::Array(world.notices.drain(..).map(shown).collect())
}

/// Programs are told over TLS only.
pub(super) fn may_be_told(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| url.scheme() == "https" && url.host_str().is_some())
}
