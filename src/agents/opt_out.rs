//! "Do not write to me again", said in a reply: holds at once, for the address and, when asked, the whole company.

use std::time::Duration;

use super::errors::AgentError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{is_public_mail, EmailAddress, ReplyId, UnixMillis};
use crate::events::{self, Happened};
use crate::messaging::{self, Purpose, Reply, Suppression, SuppressionReason, Target};
use crate::store::{StoreError, Txn};

/// How long an opt-out that was read from a reply is offered for undoing.
const UNDO_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Takes the person off: the address that was written to and the one that answered.
pub fn apply(txn: &mut Txn<'_>, reply: &Reply, now: UnixMillis, how: &str) -> Result<(), StoreError> {
    let (workspace, contact) = (reply.workspace, Some(reply.contact));
    let mut changed = false;
    for target in targets(txn, reply)? {
        changed |= messaging::suppress(txn, workspace, now, &target, SuppressionReason::Unsubscribed, how, contact)?;
    }
    if changed {
        events::append(txn, workspace, now, Happened::Unsubscribed { contact, how: how.to_owned() })?;
    }
    Ok(())
}

fn targets(txn: &mut Txn<'_>, reply: &Reply) -> Result<Vec<Target>, StoreError> {
    let mut addresses: Vec<EmailAddress> = vec![reply.from.clone()];
    if let Some(message) = messaging::find_message(txn, reply.workspace, reply.message)? {
        if message.to != reply.from {
            addresses.push(message.to);
        }
    }
    let domains: Vec<Target> = if speaks_for_the_company(&reply.excerpt) {
        let own = addresses.iter().map(EmailAddress::domain).filter(|domain| !is_public_mail(domain));
        own.map(|domain| Target::Domain(domain.to_owned())).collect()
    } else {
        Vec::new()
    };
    let mut targets: Vec<Target> = addresses.into_iter().map(Target::Address).collect();
    for domain in domains {
        if !targets.contains(&domain) {
            targets.push(domain);
        }
    }
    Ok(targets)
}

/// Turns of phrase by which a person opts everybody at their place out, in the six languages that replies are read in.
const COMPANY: &[&str] = &[
    "anyone at our",
    "anyone at this company",
    "anyone here",
    "anybody here",
    "anyone in our",
    "anyone else here",
    "everyone at our",
    "everybody at our",
    "our whole company",
    "the whole company",
    "our entire company",
    "entire organisation",
    "entire organization",
    "whole organisation",
    "whole organization",
    "whole team",
    "entire team",
    "our domain",
    "our entire domain",
    "all our addresses",
    "all of our addresses",
    "any of our addresses",
    "any address at",
    "niemanden in unser",
    "niemandem in unser",
    "ganze firma",
    "gesamte firma",
    "gesamte unternehmen",
    "ganzes unternehmen",
    "unsere domain",
    "alle unsere adressen",
    "alle adressen unser",
    "toda la empresa",
    "toda nuestra empresa",
    "a nadie de la empresa",
    "a nadie de nuestra empresa",
    "nuestro dominio",
    "todas nuestras direcciones",
    "toute l'entreprise",
    "toute l’entreprise",
    "toute notre société",
    "à personne de notre",
    "à personne chez nous",
    "notre domaine",
    "toutes nos adresses",
    "toda a empresa",
    "ninguém da empresa",
    "ninguém da nossa empresa",
    "nosso domínio",
    "todos os nossos endereços",
    "पूरी कंपनी",
    "हमारी कंपनी में किसी",
    "हमारे डोमेन",
    "puri company",
    "poori company",
    "hamari company me kisi",
];

pub fn speaks_for_the_company(text: &str) -> bool {
    let text = text.to_lowercase();
    COMPANY.iter().any(|phrase| text.contains(phrase))
}

/// The opt-outs that came from this reply and may still be undone.
pub fn undoable(txn: &mut Txn<'_>, reply: &Reply, now: UnixMillis) -> Result<Vec<Suppression>, StoreError> {
    let mut found: Vec<Suppression> = Vec::new();
    for target in targets(txn, reply)? {
        let address = match &target {
            Target::Address(address) => address.clone(),
            Target::Domain(_) | Target::Erased(_) => reply.from.clone(),
        };
        let entry = messaging::is_suppressed(txn, reply.workspace, &address, Purpose::Outreach)?;
        let from_reply = entry.filter(|entry| entry.how == "reply" && now.since(entry.at) < UNDO_FOR);
        found.extend(from_reply.filter(|entry| !found.iter().any(|known| known.id == entry.id)));
    }
    Ok(found)
}

/// A person takes back what the program read out of a reply: all its entries go, and the act is on record.
pub fn undo(app: &App, actor: &Actor, id: ReplyId) -> Result<(), AgentError> {
    actor.require(Permission::LiftSuppression)?;
    let now = app.now();
    // A domain's entry shows only once the address's own is gone, so this looks again until nothing is left.
    for _ in 0..4 {
        let entries = app.store.read(|txn| {
            let reply = messaging::find_reply(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
            Ok::<_, AgentError>(undoable(txn, &reply, now)?)
        })?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            messaging::lift(app, actor, entry.id, "Undone: the reply was read wrongly.").map_err(AgentError::from)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_the_whole_company_opts_it_out() {
        let cases = [
            ("Please take anyone at our company off this.", true),
            ("Bitte schreiben Sie niemanden in unserem Haus mehr an.", true),
            ("N'écrivez plus à personne chez nous.", true),
            ("Stop writing to me.", false),
            ("Our company has no use for this, stop.", false),
        ];
        for (text, whole) in cases {
            assert_eq!(speaks_for_the_company(text), whole, "{text}");
        }
    }
}
