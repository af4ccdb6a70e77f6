//! One-click unsubscribing as a mail program does it (RFC 8058 section 3.2): a POST without cookies, from outside.

use url::Url;

use super::click::from_outside;
use crate::sandbox::mail::mime;
use crate::sandbox::wire::is_loopback;

/// The one-click address of a mail, if it has one and it is on this machine: the sandbox never calls anyone else.
pub(super) fn address_in(raw: &[u8]) -> Option<Url> {
    let post = mime::field(raw, "List-Unsubscribe-Post")?;
    if !post.trim().eq_ignore_ascii_case("List-Unsubscribe=One-Click") {
        return None;
    }
    let list = mime::field(raw, "List-Unsubscribe")?;
    let addresses = list.split(',').filter_map(|part| part.trim().strip_prefix('<')?.strip_suffix('>'));
    addresses.filter_map(|text| Url::parse(text).ok()).find(is_loopback)
}

/// Presses the button. A refusal is only logged: the person would not notice either.
pub(super) fn press(url: &Url) {
    let sent = from_outside()
        .post(url.as_str())
        .header("content-type", "application/x-www-form-urlencoded")
        .send("List-Unsubscribe=One-Click");
    match sent {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "one-click unsubscribe was refused"),
        Err(error) => tracing::warn!(%error, "one-click unsubscribe found nobody"),
    }
}
