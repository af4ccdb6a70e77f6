//! From what is known about a lead to its terms. Pure: the same rows give the same score.

use super::rules::{Rule, Weights};
use super::store::{Source, Term};
use crate::addresses::{AddressReport, TakesMail};
use crate::base::{Doubt, UnixMillis};
use crate::contacts::Contact;
use crate::events::{Event, Happened};

/// The terms of a lead: first who they are, then the address, then what happened, newest first. A rule counts once,
/// by the newest row that it holds for.
pub(super) fn terms(
    contact: &Contact,
    addresses: &[AddressReport],
    newest_first: &[Event],
    suppressed: Option<(Rule, UnixMillis)>,
    weights: &Weights,
) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut add = |rule: Rule, at: UnixMillis, from: Source| {
        let points = weights.of(rule);
        if points != 0 && !terms.iter().any(|known: &Term| known.rule == rule) {
            terms.push(Term { rule, points, at, from });
        }
    };
    for rule in of_the_person(contact) {
        add(rule, contact.changed_at, Source::Contact);
    }
    for (rule, at) in addresses.first().into_iter().flat_map(|address| of_the_address(address, contact.changed_at)) {
        add(rule, at, Source::Address);
    }
    for event in newest_first {
        if let Some(rule) = of_the_event(event, newest_first) {
            add(rule, event.at, Source::Event(event.number));
        }
    }
    if let Some((rule, since)) = suppressed {
        add(rule, since, Source::Suppressions);
    }
    terms
}

fn of_the_person(contact: &Contact) -> impl Iterator<Item = Rule> {
    let has = |text: &str| !text.trim().is_empty();
    let facts = [
        (Rule::HasName, has(&contact.first_name) || has(&contact.last_name)),
        (Rule::HasCompany, has(&contact.company)),
        (Rule::HasJobTitle, has(&contact.job_title)),
        (Rule::HasPhone, has(&contact.phone)),
        (Rule::HasWebsite, has(&contact.website)),
    ];
    facts.into_iter().filter(|(_, holds)| *holds).map(|(rule, _)| rule)
}

fn of_the_address(report: &AddressReport, known_since: UnixMillis) -> Vec<(Rule, UnixMillis)> {
    let mut rules: Vec<(Rule, UnixMillis)> = report
        .doubts
        .iter()
        .map(|doubt| match doubt {
            Doubt::Role => (Rule::RoleAddress, known_since),
            Doubt::Disposable => (Rule::DisposableAddress, known_since),
            Doubt::Typo(_) => (Rule::DoubtfulAddress, known_since),
        })
        .collect();
    let checked = report.domain.as_ref().map(|domain| (domain.takes, domain.checked_at));
    rules.extend(match checked {
        Some((TakesMail::Yes, at)) => Some((Rule::GoodAddress, at)),
        Some((takes, at)) if takes.is_no() => Some((Rule::NoMail, at)),
        _ => None,
    });
    rules
}

/// What an event says about the lead. An answer counts by its last reading. That an address bounced stands on the list
/// of those not written to, and goes with that address.
fn of_the_event(event: &Event, newest_first: &[Event]) -> Option<Rule> {
    use Happened as H;
    let newer = || newest_first.iter().take_while(|newer| newer.number > event.number);
    match &event.what {
        H::ReplyCorrected { label, .. } => Rule::of_label(label),
        H::ReplyClassified { reply, label, .. } => {
            let is_corrected = newer().any(|newer| match &newer.what {
                H::ReplyCorrected { reply: corrected, .. } | H::ReplyClassified { reply: corrected, .. } => {
                    corrected == reply
                }
                _ => false,
            });
            Rule::of_label(label).filter(|_| !is_corrected)
        }
        H::BookingConfirmed { booking, .. } => {
            let is_over = newer()
                .any(|newer| matches!(&newer.what, H::BookingCancelled { booking: gone, .. } if gone == booking));
            Some(if is_over { Rule::CancelledMeeting } else { Rule::Booked })
        }
        H::Complained { .. } => Some(Rule::Complained),
        H::Unsubscribed { .. } => Some(Rule::OptedOut),
        _ => None,
    }
}
