//! Taking a time by the link below it. First the mail program looks at every link of the mail, as scanners do; then the
//! person opens theirs, looks at the page, and presses its button.

use std::time::Duration;

use url::Url;

use super::script::Character;
use crate::sandbox::mail::mime;
use crate::sandbox::wire::is_loopback;

const PATIENCE: Duration = Duration::from_secs(20);
/// What the address of an offered time has in its path.
const MARK: &str = "/at/";

/// A link that a person is about to use.
pub(super) struct Click {
    /// Every offered time of the mail, in order.
    links: Vec<Url>,
    chosen: Url,
    name: String,
    phone: String,
}

impl Click {
    /// The n-th offered time, or the last; `None` without links to this machine: the sandbox never calls anyone else.
    pub fn of(mail: &[u8], which: usize, character: &Character) -> Option<Self> {
        let text = mime::text_of(mail);
        let words = text.lines().take_while(|line| !line.starts_with('>')).flat_map(str::split_whitespace);
        let urls = words.filter(|word| word.contains(MARK)).filter_map(|word| Url::parse(word).ok());
        let links: Vec<Url> = urls.filter(is_loopback).collect();
        let chosen = links.get(which).or(links.last())?.clone();
        Some(Self { links, chosen, name: character.name(), phone: "+1 312 555 0147".to_owned() })
    }

    /// Presses the button; where the time has gone, that of the first one that is offered instead.
    pub fn press(&self) {
        for link in &self.links {
            get(link);
        }
        if let Some(other) = self.take(&self.chosen) {
            self.take(&other);
        }
    }

    /// The time that is offered instead, where this one has gone.
    fn take(&self, link: &Url) -> Option<Url> {
        let page = get(link)?;
        if !page.contains("name=\"name\"") {
            return other_time(link, &page);
        }
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("name", &self.name)
            .append_pair("phone", &self.phone)
            .finish();
        let sent =
            from_outside().post(link.as_str()).header("content-type", "application/x-www-form-urlencoded").send(&form);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "the page of an offered time does not answer");
                return None;
            }
        };
        let status = answer.status().as_u16();
        if status != 303 {
            tracing::warn!(status, "an offered time was not booked");
        }
        (status == 409)
            .then(|| answer.body_mut().read_to_string().ok())
            .flatten()
            .and_then(|page| other_time(link, &page))
    }
}

/// Where the first link to an offered time on a page leads.
fn other_time(here: &Url, page: &str) -> Option<Url> {
    let mut addresses = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    addresses.find(|address| address.contains(MARK)).and_then(|address| here.join(address).ok()).filter(is_loopback)
}

fn get(link: &Url) -> Option<String> {
    from_outside().get(link.as_str()).call().ok()?.body_mut().read_to_string().ok()
}

/// As somebody elsewhere reaches the product: without cookies, not following what it says.
pub(super) fn from_outside() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}
