//! The redirect URIs that are registered for the client, as in the real provider's console.

use std::collections::BTreeMap;

use url::Url;

use crate::sandbox::wire::is_loopback;

/// By the text that was registered. A web client's URI must come back letter by letter (RFC 6749 section 3.1.2.3):
/// only programs on a desk may choose the port of a loopback address (RFC 8252 section 7.3), and ours is none.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Redirects(BTreeMap<String, Url>);

impl Redirects {
    /// False for what cannot be registered here: nothing leaves this machine.
    pub fn register(&mut self, uri: &str) -> bool {
        let Ok(url) = Url::parse(uri) else { return false };
        let fits = is_loopback(&url) && url.fragment().is_none();
        if fits {
            self.0.insert(uri.to_owned(), url);
        }
        fits
    }

    /// As long as nothing is registered, any address on this machine will do: another server, a script.
    pub(super) fn find(&self, uri: &str) -> Option<Url> {
        if self.0.is_empty() {
            return Url::parse(uri).ok().filter(|url| is_loopback(url) && url.fragment().is_none());
        }
        self.0.get(uri).cloned()
    }
}
