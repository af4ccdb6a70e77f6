//! Looking at a domain, and keeping what was found.

use std::collections::BTreeSet;

use super::error::DomainError;
use super::findings::{self, Found};
use super::lookup::Trail;
use super::model::{Asked, Broken, Checked, SendingDomain, Standing, What};
use super::rotation::{self, News, Settled};
use super::situation::{mailboxes_of, Situation};
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{is_public_mail, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection, Use};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// A domain with the mailboxes that send from it.
#[derive(Clone, Debug)]
pub struct Shown {
    pub row: SendingDomain,
    pub mailboxes: Vec<Connection>,
}

impl Shown {
    /// Its records are a provider's: there is nothing to check or to set.
    pub fn is_for_everybody(&self) -> bool {
        is_public_mail(&self.row.domain)
    }

    pub fn can_sign(&self) -> bool {
        Situation::can_sign(&self.mailboxes) && !self.is_for_everybody()
    }
}

/// Every domain that mail is sent from, by name.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<Shown>, DomainError> {
    actor.require(Permission::ViewConnections)?;
    let all = connections::list(&app.store, actor.workspace)?;
    domains_of(&all).into_iter().map(|domain| shown(app, actor.workspace, &domain, &all)).collect()
}

pub fn get(app: &App, actor: &Actor, domain: &str) -> Result<Shown, DomainError> {
    actor.require(Permission::ViewConnections)?;
    find(app, actor.workspace, domain)?.ok_or(DomainError::NotFound)
}

/// The domains of mailboxes that can send.
pub(super) fn domains_of(all: &[Connection]) -> BTreeSet<String> {
    let sending = all.iter().filter(|one| !one.is_disconnected() && one.can(Use::Outreach));
    sending.map(|one| one.address.domain().to_owned()).collect()
}

pub(super) fn find(app: &App, workspace: WorkspaceId, domain: &str) -> Result<Option<Shown>, DomainError> {
    let all = connections::list(&app.store, workspace)?;
    let found = shown(app, workspace, &domain.to_lowercase(), &all)?;
    Ok(Some(found).filter(|found| !found.mailboxes.is_empty()))
}

fn shown(app: &App, workspace: WorkspaceId, domain: &str, all: &[Connection]) -> Result<Shown, DomainError> {
    let kept = store::get(&app.store, workspace, domain)?;
    let row = kept.unwrap_or_else(|| SendingDomain::new(workspace, domain));
    Ok(Shown { mailboxes: mailboxes_of(all.to_vec(), domain), row })
}

/// Asks anew, at somebody's wish.
pub fn check_now(app: &App, actor: &Actor, domain: &str) -> Result<Shown, DomainError> {
    actor.require(Permission::ManageConnections)?;
    let found = find(app, actor.workspace, domain)?.ok_or(DomainError::NotFound)?;
    check(app, &found)?;
    get(app, actor, domain)
}

/// Asks DNS, then keeps what it said. Takes as long as the name servers take.
pub(super) fn check(app: &App, shown: &Shown) -> Result<(), DomainError> {
    if shown.is_for_everybody() {
        return Ok(());
    }
    let situation = Situation {
        trusts_private: app.config.allow_loopback_providers,
        ..Situation::of(&shown.row, &shown.mailboxes, &app.public_url)
    };
    let trail = Trail::new(app.dns.series(), &app.clock);
    let found = findings::look(&situation, &trail);
    keep(app, &shown.row, &found, trail.into_asked())
}

/// Writes what was found, and tells what changed by it.
fn keep(app: &App, looked_at: &SendingDomain, found: &Found, trail: Vec<Asked>) -> Result<(), DomainError> {
    let (workspace, now) = (looked_at.workspace, app.now());
    let erase = app.store.write(|txn| {
        let kept = store::find(txn, workspace, &looked_at.domain)?;
        let mut row = kept.unwrap_or_else(|| SendingDomain::new(workspace, &looked_at.domain));
        let settled = rotation::settle(&mut row.signing, &found.keys, now);
        compare(txn, &mut row, found, now)?;
        tell(txn, &row, &settled, now)?;
        row.checked = Some(Checked { at: now, findings: found.findings.clone(), trail: trail.clone() });
        store::put(txn, &row)?;
        Ok::<_, StoreError>(settled.erase)
    })?;
    // After the commit: nothing refers to them any more.
    erase.iter().try_for_each(|secret| app.store.shred_secret(secret))?;
    Ok(())
}

/// Follows from the others, so it does not break by itself.
fn is_judged(what: What) -> bool {
    what != What::Alignment
}

fn compare(txn: &mut Txn<'_>, row: &mut SendingDomain, found: &Found, now: UnixMillis) -> Result<(), StoreError> {
    for finding in found.findings.iter().filter(|finding| is_judged(finding.what)) {
        let what = finding.what;
        let (was_right, domain) = (row.was_right.contains(&what), row.domain.clone());
        match finding.standing {
            Standing::NotAsked => {}
            Standing::Found => {
                if !was_right {
                    row.was_right.push(what);
                }
                let before = row.broken.len();
                row.broken.retain(|broken| broken.what != what);
                if row.broken.len() < before {
                    let happened = Happened::SendingDomainMended { domain, what: what.short().to_owned() };
                    events::append(txn, row.workspace, now, happened)?;
                }
            }
            Standing::NotYours => {
                row.was_right.retain(|known| *known != what);
                row.broken.retain(|broken| broken.what != what);
            }
            Standing::Missing | Standing::Wrong if was_right => {
                row.was_right.retain(|known| *known != what);
                row.broken.push(Broken { what, since: now, words: finding.words.clone(), is_untold: true });
                let reason = finding.words.clone();
                let happened = Happened::SendingDomainBroken { domain, what: what.short().to_owned(), reason };
                events::append(txn, row.workspace, now, happened)?;
            }
            Standing::Missing | Standing::Wrong => {
                let known = row.broken.iter_mut().find(|broken| broken.what == what);
                if let Some(broken) = known {
                    broken.words.clone_from(&finding.words);
                }
            }
        }
    }
    Ok(())
}

fn tell(txn: &mut Txn<'_>, row: &SendingDomain, settled: &Settled, now: UnixMillis) -> Result<(), StoreError> {
    for news in &settled.news {
        let domain = row.domain.clone();
        let happened = match news.clone() {
            News::Began { selector } => Happened::SigningBegan { domain, selector },
            News::Ended { selector } => Happened::SigningKeyEnded { domain, selector },
        };
        events::append(txn, row.workspace, now, happened)?;
    }
    Ok(())
}

/// What DNS lacks for this domain by the last look, in short words ("SPF"); empty where nobody looked yet.
pub fn to_mend(txn: &mut Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<Vec<&'static str>, StoreError> {
    let checked = store::find(txn, workspace, domain)?.and_then(|row| row.checked);
    let findings = checked.map(|checked| checked.findings).unwrap_or_default();
    // The others follow from these, or are no matter of DNS.
    let is_record = |what: What| !matches!(what, What::Alignment | What::Unsubscribe);
    let bad = findings.iter().filter(|one| one.standing.is_bad() && is_record(one.what));
    Ok(bad.map(|one| one.what.short()).collect())
}

/// Forgets domains that no mailbox sends from any more, their keys first.
pub(super) fn forget_unused(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    let used = domains_of(&connections::list(&app.store, workspace)?);
    for row in store::list_stored(&app.store, workspace)? {
        if used.contains(&row.domain) {
            continue;
        }
        row.signing.keys().try_for_each(|key| app.store.shred_secret(&key.private))?;
        app.store.write_reserved(|txn| store::remove(txn, workspace, &row.domain))?;
    }
    Ok(())
}
