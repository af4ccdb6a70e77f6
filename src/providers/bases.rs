//! Where a provider answers: its own address, or the one that the operator put in its place.

use url::Url;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {value:?} is not a web address")]
pub struct BadBase {
    pub key: &'static str,
    pub value: String,
}

/// `path` under the configured base; an empty one means the provider's own.
pub(super) fn at(key: &'static str, configured: &str, own: &str, path: &str) -> Result<Url, BadBase> {
    let base = if configured.is_empty() { own } else { configured };
    let url = format!("{}/{path}", base.trim_end_matches('/'));
    Url::parse(&url).ok().filter(Url::has_host).ok_or_else(|| BadBase { key, value: configured.to_owned() })
}
