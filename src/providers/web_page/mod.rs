//! Reading one page of somebody's web site, as its owner allows: robots.txt first, then the page, one redirect at a
//! time. The caller paces the calls, and sees each redirect before it is followed.
//!
//! What is sent names this program in `User-Agent` (see `OutboundRules::user_agent`), and robots.txt may name it by
//! `ROBOT`.

mod html;
mod read;
mod robots;

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use http::Method;
use url::Url;

pub use read::{read, Found, Kind};
pub use robots::Robots;

use super::error::{retry_after, ProviderError, Repeat};
use super::outbound::{Answer, CallLog, Limits, Outbound, Request};

/// The product token that a robots.txt names us by (RFC 9309 section 2.2.1).
pub const ROBOT: &str = "launchyard";

/// A page is read whole or not at all.
const PAGE: Limits = Limits::of(Duration::from_secs(20), 2 * 1024 * 1024);
/// RFC 9309 section 2.5: at least 500 KiB have to be read.
const ROBOTS: Limits = Limits::of(Duration::from_secs(15), 512 * 1024);
/// RFC 9309 section 2.3.1.2: at least five redirects of robots.txt are followed.
const MOST_HOPS: usize = 5;

/// A site that leads to a longer address leads to nowhere.
const MOST_ADDRESS_BYTES: usize = 2_048;

/// What came of asking for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Page(Page),
    /// It lies elsewhere. Its own robots.txt has a say there.
    Moved(Url),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub url: Url,
    pub html: String,
}

/// What the site's robots.txt says. `Retry` when nobody can say now: until then nothing may be read (RFC 9309 section
/// 2.3.1.4).
pub fn robots(outbound: &Outbound, page: &Url, log: &dyn CallLog) -> Result<Robots, ProviderError> {
    let mut url = page.join("/robots.txt").map_err(|error| ProviderError::Rejected { reason: error.to_string() })?;
    for _ in 0..=MOST_HOPS {
        let answer = get(outbound, &url, ROBOTS, "text/plain, */*;q=0.1", log)?;
        match answer.status {
            200..=299 => return Ok(Robots::parse(&String::from_utf8_lossy(&answer.body))),
            300..=399 => match moved_to(&url, &answer) {
                Some(next) => url = next,
                None => return Ok(Robots::everything()),
            },
            429 | 500..=599 => return Err(try_later(outbound, &answer)),
            // 2.3.1.3: there is none, so everything may be read.
            _ => return Ok(Robots::everything()),
        }
    }
    Ok(Robots::everything())
}

/// Asks for the page. Only HTML is taken.
pub fn fetch(outbound: &Outbound, url: &Url, log: &dyn CallLog) -> Result<Got, ProviderError> {
    let answer = get(outbound, url, PAGE, "text/html, application/xhtml+xml", log)?;
    match answer.status {
        200..=299 => {}
        300..=399 => {
            let lost = || ProviderError::Rejected { reason: "it leads on to nowhere".into() };
            return moved_to(url, &answer).map(Got::Moved).ok_or_else(lost);
        }
        404 => return Err(ProviderError::NotFound),
        410 => return Err(ProviderError::Gone),
        429 | 500..=599 => return Err(try_later(outbound, &answer)),
        status => return Err(ProviderError::Rejected { reason: format!("the site answered with status {status}") }),
    }
    let kind = answer.header(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("text/html") && !kind.starts_with("application/xhtml+xml") {
        return Err(ProviderError::Rejected { reason: "what lies there is no web page".into() });
    }
    Ok(Got::Page(Page { url: url.clone(), html: html::decode(&answer.body, &kind) }))
}

fn get(
    outbound: &Outbound,
    url: &Url,
    limits: Limits,
    accept: &str,
    log: &dyn CallLog,
) -> Result<Answer, ProviderError> {
    let lost = |error| ProviderError::from_transport(error, Repeat::Safe);
    let target = outbound.user_given(url.as_str()).map_err(|refused| lost(refused.into()))?;
    outbound.send(Request::new(Method::GET, target).header(ACCEPT, accept).limits(limits), log).map_err(lost)
}

fn try_later(outbound: &Outbound, answer: &Answer) -> ProviderError {
    let after = retry_after(answer, outbound.clock().now());
    ProviderError::Retry { after, reason: format!("the site answered with status {}", answer.status) }
}

fn moved_to(from: &Url, answer: &Answer) -> Option<Url> {
    let mut to = from.join(answer.header(LOCATION)?).ok()?;
    to.set_fragment(None);
    Some(to).filter(|to| to.as_str().len() <= MOST_ADDRESS_BYTES)
}

#[cfg(test)]
mod tests;
