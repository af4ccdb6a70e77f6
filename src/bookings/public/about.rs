//! What a visitor reads about an event type beside its times.

use super::paid_words;
use super::series;
use super::visit::{broken, Place};
use super::words as page_words;
use crate::app::App;
use crate::bookings::types::{self, EventType, Location};
use crate::bookings::words::{fill, Language};
use crate::http::PageError;
use crate::identity;
use crate::store::StoreError;

/// What the visitor reads about an event type beside the times.
pub(super) struct About {
    pub business: String,
    pub name: String,
    pub description: String,
    /// Icon and words.
    pub facts: Vec<(&'static str, String)>,
    /// What it takes to book, in a sentence.
    pub terms: &'static str,
}

/// What is special about booking it: several dates, a group, somebody who says yes first. Icon and words.
pub(super) fn takes(event: &EventType, language: Language) -> Vec<(&'static str, String)> {
    let words = page_words::of(language);
    let repeats = event.repeats.as_ref().map(|repeats| ("calendar", series::of_repeats(words.series, repeats)));
    let seats = event.seats.filter(|seats| *seats > 1);
    let seats = seats.map(|seats| ("user", fill(words.seats, &[("n", &seats.to_string())])));
    let asks = event.needs_approval.then(|| ("check", words.asks_first.to_owned()));
    [repeats, seats, asks].into_iter().flatten().collect()
}

pub(super) fn about(app: &App, place: &Place, minutes: &str, language: Language) -> Result<About, PageError> {
    let (event, words) = (&place.event, page_words::of(language));
    let mut facts = vec![("clock", fill(words.minutes, &[("n", minutes)]))];
    facts.push(match &event.location {
        Location::Unsaid => ("info", String::new()),
        Location::GoogleMeet | Location::Jitsi => ("video", words.video.to_owned()),
        Location::Hosted { service, .. } => ("video", service.name().to_owned()),
        Location::Link { .. } => ("video", words.link.to_owned()),
        Location::Place { address } => ("building", address.clone()),
        Location::WeCall => ("phone", words.we_call.to_owned()),
        Location::TheyCall { number } => ("phone", fill(words.they_call, &[("number", number)])),
    });
    let price = paid_words::price_said(event, language);
    facts.extend(price.map(|price| ("lock", fill(words.costs, &[("price", &price)]))));
    facts.extend(event.price.as_ref().map(|price| ("info", paid_words::rule(price, language))));
    facts.retain(|(_, said)| !said.is_empty());
    let hosts = app.store.read(|txn| {
        let mut names = Vec::new();
        for host in &event.hosts {
            names.extend(identity::find(txn, host.user)?.map(|user| user.name));
        }
        Ok::<_, StoreError>(names)
    });
    let hosts = hosts.map_err(broken)?;
    if event.assignment == types::Assignment::Collective && !hosts.is_empty() {
        facts.push(("user", fill(words.with, &[("names", &hosts.join(", "))])));
    }
    facts.extend(takes(event, language));
    Ok(About {
        business: place.workspace.name.clone(),
        name: event.name.clone(),
        description: event.description.clone(),
        terms: if event.price.is_some() { words.cut_off_paid } else { words.cut_off },
        facts,
    })
}
