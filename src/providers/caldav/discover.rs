//! Finding an account's calendars from what its owner knows: an address of mail, a domain, or a URL (RFC 6764, 5397,
//! 4791 section 6.2.1).

use url::Url;

use super::{propfind, Account, CalDav, CALDAV, DAV};
use crate::providers::calendar::{CalendarClient, CalendarEntry};
use crate::providers::dns::{Dns, Kind, Record};
use crate::providers::ProviderError;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub ok: bool,
    /// What was found; on failure what to do.
    pub words: String,
}

/// How far it came, and what was found where it came to the end.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    pub steps: Vec<Step>,
    /// The collection in which the calendars lie, and these.
    pub found: Option<(Url, Vec<CalendarEntry>)>,
}

const SERVER: &str = "Server";
const SIGN_IN: &str = "Sign-in";
const CALENDARS: &str = "Calendars";

impl Discovered {
    fn note(&mut self, name: &'static str, ok: bool, words: impl Into<String>) {
        self.steps.push(Step { name, ok, words: words.into() });
    }
}

/// Asks step by step, and says of each how it went. Nothing is changed anywhere.
pub fn discover(account: Account<'_>, dns: &Dns, typed: &str, own: &[String]) -> Discovered {
    let mut done = Discovered::default();
    let (candidates, words) = candidates(dns, typed);
    let mut trouble = None;
    let mut principal = None;
    for candidate in &candidates {
        match principal_at(account, candidate) {
            Ok(found) => {
                principal = Some(found);
                break;
            }
            // Who is refused at the door need not try the others.
            Err(error @ ProviderError::Reconnect { .. }) => {
                trouble = Some((candidate.clone(), error));
                break;
            }
            Err(error) => trouble = trouble.or(Some((candidate.clone(), error))),
        }
    }
    let Some(principal) = principal else {
        match trouble {
            Some((url, ProviderError::Reconnect { reason })) => {
                done.note(SERVER, true, format!("{} answers.", host_of(&url)));
                done.note(
                    SIGN_IN,
                    false,
                    format!("{reason}. Many services want an app password here, made in their own settings."),
                );
            }
            Some((url, error)) => done.note(
                SERVER,
                false,
                format!(
                    "{url} does not answer as a calendar server: {error}. Ask your service for its CalDAV address."
                ),
            ),
            None => done.note(SERVER, false, words),
        }
        return done;
    };
    done.note(SERVER, true, format!("{} answers.", host_of(&principal)));
    done.note(SIGN_IN, true, "The user name and the password are taken.");
    match home_of(account, &principal).and_then(|home| Ok((home.clone(), list(account, home, own)?))) {
        Ok((home, entries)) if entries.iter().any(CalendarEntry::is_writable) => {
            let count = entries.len();
            done.note(CALENDARS, true, format!("{count} found."));
            done.found = Some((home, entries));
        }
        Ok(_) => done.note(CALENDARS, false, "There is no calendar that may be written to. Make one there first."),
        Err(error) => done.note(CALENDARS, false, format!("They cannot be listed: {error}.")),
    }
    done
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Where to ask, the likeliest first; why nowhere, in words.
fn candidates(dns: &Dns, typed: &str) -> (Vec<Url>, String) {
    let typed = typed.trim();
    if typed.contains("://") {
        return match Url::parse(typed) {
            Ok(url) => {
                let well_known = url.join("/.well-known/caldav").ok();
                let is_bare = url.path() == "/";
                // The root of a server seldom answers itself.
                let all = if is_bare { vec![well_known, Some(url)] } else { vec![Some(url), well_known] };
                (all.into_iter().flatten().collect(), String::new())
            }
            Err(_) => (Vec::new(), format!("“{typed}” is no address. Write it as https://calendar.example.org/.")),
        };
    }
    let domain = typed.rsplit_once('@').map_or(typed, |(_, domain)| domain).trim_end_matches('.');
    let mut all: Vec<Url> = announced(dns, domain);
    all.extend(Url::parse(&format!("https://{domain}/.well-known/caldav")).ok());
    (all, format!("“{typed}” is neither an address of mail nor that of a server."))
}

/// What the domain announces: `_caldavs._tcp`, with the path beside it (RFC 6764 section 6).
fn announced(dns: &Dns, domain: &str) -> Vec<Url> {
    let (series, name) = (dns.series(), format!("_caldavs._tcp.{domain}"));
    let mut services: Vec<(u16, String, u16)> = Vec::new();
    for record in series.ask(&name, Kind::Srv).unwrap_or_default() {
        match record {
            Record::Service { priority, port, host } if !host.is_empty() => services.push((priority, host, port)),
            _ => {}
        }
    }
    if services.is_empty() {
        return Vec::new();
    }
    services.sort();
    let texts = series.ask(&name, Kind::Txt).unwrap_or_default();
    let path = texts.into_iter().find_map(|record| match record {
        Record::Text(text) => text.strip_prefix("path=").map(str::to_owned),
        _ => None,
    });
    let path = path.filter(|path| path.starts_with('/')).unwrap_or_else(|| "/.well-known/caldav".to_owned());
    services
        .iter()
        .take(4)
        .filter_map(|(_, host, port)| Url::parse(&format!("https://{host}:{port}{path}")).ok())
        .collect()
}

/// Who is signed in there (RFC 5397).
fn principal_at(account: Account<'_>, url: &Url) -> Result<Url, ProviderError> {
    let found = account.ask(
        "PROPFIND",
        url,
        "0",
        &propfind("<d:current-user-principal/><d:principal-URL/><d:resourcetype/>"),
    )?;
    let href = |name: &str| {
        found.iter().find_map(|one| one.prop(DAV, name)?.child(DAV, "href").map(|href| href.text.trim().to_owned()))
    };
    let href = href("current-user-principal").or_else(|| href("principal-URL"));
    match href {
        Some(href) => url.join(&href).ok().filter(|to| super::may_follow(url, to)),
        None => None,
    }
    .ok_or_else(|| super::refused("it does not say who is signed in"))
}

fn home_of(account: Account<'_>, principal: &Url) -> Result<Url, ProviderError> {
    let found = account.ask("PROPFIND", principal, "0", &propfind("<c:calendar-home-set/>"))?;
    let home = found.iter().find_map(|one| one.prop(CALDAV, "calendar-home-set")?.child(DAV, "href"));
    let home = home.and_then(|href| principal.join(href.text.trim()).ok());
    let home = home.filter(|to| super::may_follow(principal, to));
    home.ok_or_else(|| super::refused("the server does not say where this person’s calendars are"))
}

fn list(account: Account<'_>, home: Url, own: &[String]) -> Result<Vec<CalendarEntry>, ProviderError> {
    CalDav { account, home, zone: jiff::tz::TimeZone::UTC, own: own.to_vec() }.list_calendars()
}
