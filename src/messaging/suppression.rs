//! Who must not be written to: addresses and domains.

use super::model::{Purpose, Suppression, SuppressionReason, Target};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{ContactId, Cursor, EmailAddress, Page, SuppressionId, UnixMillis, WorkspaceId};
use crate::contacts;
use crate::events::{self, Happened};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const SUPPRESSIONS: Table<Suppression> = Table::sealed(
    0x0a30,
    "suppressions",
    Tree::Messages,
    Holds::Contact,
    Retention::Account,
    "Who does not want to be written to. It is kept so that the wish holds for good.",
);
const BY_TARGET: Table<SuppressionId> = Table::sealed(
    0x0a31,
    "suppressions_by_target",
    Tree::Index,
    Holds::Nothing,
    Retention::Account,
    "Which suppression stands for an address or domain, by keyed hash, asked before anything leaves.",
);

pub(super) const TABLES: &[Declared] = &[
    Declared::reduced(
        &SUPPRESSIONS,
        export,
        reduce_all,
        "An opt-out must be remembered to be honoured; of an erased person only a keyed hash of the address is left.",
    ),
    Declared::plain(&BY_TARGET),
];

#[derive(Debug, thiserror::Error)]
pub enum SuppressError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such entry")]
    NotFound,
    #[error("say why: writing again to somebody who said no is a decision that is recorded")]
    ReasonMissing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Target {
    /// By what it is looked up.
    fn hash(&self, txn: &Txn<'_>, workspace: WorkspaceId) -> Result<[u8; 16], StoreError> {
        let comparable = match self {
            Target::Address(address) => format!("address|{}", address.compare()),
            Target::Domain(domain) => format!("domain|{}", comparable_domain(domain)),
            Target::Erased(hash) => return Ok(*hash),
        };
        txn.blind(workspace, "suppression", &comparable)
    }

    /// As shown.
    pub fn words(&self) -> String {
        match self {
            Target::Address(address) => address.display().to_owned(),
            Target::Domain(domain) => format!("everyone at {domain}"),
            Target::Erased(_) => "Somebody who was erased".to_owned(),
        }
    }
}

/// As the domain of an address is compared (A-label, lower case), however it was typed.
fn comparable_domain(typed: &str) -> String {
    let bare = typed.trim().trim_start_matches('@').trim_end_matches('.');
    EmailAddress::parse(&format!("x@{bare}"))
        .map_or_else(|_| bare.to_lowercase(), |address| address.domain().to_owned())
}

fn key(workspace: WorkspaceId, id: SuppressionId) -> Key {
    Key::of(&SUPPRESSIONS, workspace).id(id.0)
}

/// A wish (an opt-out, a complaint, a right) and a fact (nobody is there) stand side by side: lifting the one, once
/// an address works again, must not take the other with it.
fn target_key(
    txn: &Txn<'_>,
    workspace: WorkspaceId,
    target: &Target,
    reason: SuppressionReason,
) -> Result<Key, StoreError> {
    let hash = target.hash(txn, workspace)?;
    let is_fact = reason == SuppressionReason::Bounced;
    Ok(Key::of(&BY_TARGET, workspace).bytes(&hash).u8(u8::from(is_fact)))
}

/// The suppression that forbids writing to `address` for this purpose: its own, or its domain's (or a domain above).
pub fn is_suppressed(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    address: &EmailAddress,
    purpose: Purpose,
) -> Result<Option<Suppression>, StoreError> {
    let own = Target::Address(address.clone());
    for (target, kind) in with_domains_above(&own).iter().flat_map(|target| KINDS.map(|kind| (target, kind))) {
        let found = find_standing(txn, workspace, target, kind)?;
        if let Some(found) = found.filter(|found| found.reason.blocks(purpose)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A wish and a fact, which have a place each.
const KINDS: [SuppressionReason; 2] = [SuppressionReason::Unsubscribed, SuppressionReason::Bounced];

/// What could stand against the target: itself, and every domain it lies in.
fn with_domains_above(target: &Target) -> Vec<Target> {
    let (mut all, mut domain) = match target {
        Target::Address(address) => (vec![target.clone()], address.domain().to_owned()),
        Target::Domain(domain) => (Vec::new(), comparable_domain(domain)),
        Target::Erased(_) => (vec![target.clone()], String::new()),
    };
    while domain.contains('.') {
        let above = domain.split_once('.').map_or("", |(_, rest)| rest).to_owned();
        all.push(Target::Domain(std::mem::replace(&mut domain, above)));
    }
    all
}

fn find_standing(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    target: &Target,
    kind: SuppressionReason,
) -> Result<Option<Suppression>, StoreError> {
    let place = target_key(txn, workspace, target, kind)?;
    match txn.get(&BY_TARGET, &place)? {
        Some(id) => txn.get(&SUPPRESSIONS, &key(workspace, id)),
        None => Ok(None),
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    pub entries: Vec<Suppression>,
    /// There may be more: only so many entries are opened for one search.
    pub is_cut: bool,
}

/// Entries found for one search.
const FOUND: usize = 100;
/// Entries opened for one search, the newest first.
const OPENED: usize = 10_000;

/// What stands on the list for what somebody typed. A whole address gives its own entries and its domains'; a domain
/// its own, those above it, and everything there; any other part is found where a word of an address or domain begins
/// with it. What is whole is found by keyed hash; the rest is sealed entry by entry, so those are opened.
pub fn search(
    store: &Store,
    workspace: WorkspaceId,
    typed: &str,
    target: Option<&Target>,
) -> Result<Search, StoreError> {
    let mut found = Search::default();
    if let Some(target) = target {
        store.read(|txn| {
            found.entries.clear();
            for (target, kind) in with_domains_above(target).iter().flat_map(|target| KINDS.map(|kind| (target, kind)))
            {
                found.entries.extend(find_standing(txn, workspace, target, kind)?);
            }
            Ok::<_, StoreError>(())
        })?;
        if matches!(target, Target::Address(_)) && !found.entries.is_empty() {
            return Ok(found);
        }
    }
    let part = typed.trim().trim_start_matches('@').to_lowercase();
    let domain = match target {
        Some(Target::Domain(domain)) => comparable_domain(domain),
        _ => String::new(),
    };
    let known: Vec<SuppressionId> = found.entries.iter().map(|entry| entry.id).collect();
    let fits = |entry: &Suppression| !known.contains(&entry.id) && is_meant(&entry.target, &part, &domain);
    let (mut opened, mut cursor) = (0, None);
    loop {
        let page = list(store, workspace, cursor.as_ref(), 500)?;
        opened += page.rows.len();
        found.entries.extend(page.rows.into_iter().filter(fits));
        cursor = page.next;
        let is_full = opened >= OPENED || found.entries.len() > FOUND;
        if cursor.is_none() || is_full {
            found.is_cut = cursor.is_some() || found.entries.len() > FOUND;
            found.entries.truncate(FOUND);
            return Ok(found);
        }
    }
}

/// A word of the target begins with `part`, or it lies in `domain` (empty: none was typed).
fn is_meant(target: &Target, part: &str, domain: &str) -> bool {
    let (written, compared, own) = match target {
        Target::Address(address) => (address.display().to_lowercase(), address.compare(), address.domain().to_owned()),
        Target::Domain(other) => (other.to_lowercase(), other.as_str(), comparable_domain(other)),
        Target::Erased(_) => return false,
    };
    (!domain.is_empty() && is_in(&own, domain)) || begins_a_word(&written, part) || begins_a_word(compared, part)
}

fn begins_a_word(text: &str, part: &str) -> bool {
    let mut before = None;
    !part.is_empty()
        && text.char_indices().any(|(at, letter)| {
            let is_start = before.replace(letter).is_none_or(|before: char| !before.is_alphanumeric());
            is_start && text[at..].starts_with(part)
        })
}

fn is_in(domain: &str, above: &str) -> bool {
    domain == above || domain.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

/// Adds an entry in this transaction; an entry that stands already stays, but a stronger reason replaces a weaker one.
/// Returns whether anything changed.
pub fn suppress(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    now: UnixMillis,
    target: &Target,
    reason: SuppressionReason,
    how: &str,
    contact: Option<ContactId>,
) -> Result<bool, StoreError> {
    let place = target_key(txn, workspace, target, reason)?;
    let standing = match txn.get(&BY_TARGET, &place)? {
        Some(id) => txn.get(&SUPPRESSIONS, &key(workspace, id))?,
        None => None,
    };
    if standing.as_ref().is_some_and(|standing| rank(standing.reason) >= rank(reason)) {
        return Ok(false);
    }
    let id = standing.map_or_else(|| SuppressionId::new(now), |standing| standing.id);
    let entry = Suppression { id, target: target.clone(), reason, how: how.to_owned(), at: now, contact };
    txn.put(&BY_TARGET, &place, &id)?;
    txn.put(&SUPPRESSIONS, &key(workspace, id), &entry)?;
    // Whoever asked for it, a domain's entry concerns everyone there.
    let domain = matches!(target, Target::Domain(_));
    let contact = contact.filter(|_| !domain);
    let what = Happened::Suppressed { contact, reason: reason.words().to_owned(), domain };
    events::append(txn, workspace, now, what)?;
    Ok(true)
}

/// What blocks more ranks higher: an address that asked for its rights is never weakened by a later bounce.
fn rank(reason: SuppressionReason) -> u8 {
    match reason {
        SuppressionReason::ByHand => 0,
        SuppressionReason::Unsubscribed => 1,
        SuppressionReason::Complained => 2,
        SuppressionReason::Bounced => 3,
        SuppressionReason::Rights => 4,
    }
}

/// The keyed hash by which an address is kept from being written to after its person was erased.
pub fn hash_of(store: &Store, workspace: WorkspaceId, address: &EmailAddress) -> Result<[u8; 16], StoreError> {
    store.read(|txn| Target::Address(address.clone()).hash(txn, workspace))
}

/// Somebody is erased: what stands about this address is reduced to its hash, and it is written to no more, also when
/// it comes back in a file. Again is harmless.
pub fn forget_address(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    now: UnixMillis,
    hash: [u8; 16],
) -> Result<(), StoreError> {
    let erased = Target::Erased(hash);
    for kind in [SuppressionReason::Rights, SuppressionReason::Bounced] {
        let place = target_key(txn, workspace, &erased, kind)?;
        let Some(id) = txn.get(&BY_TARGET, &place)? else { continue };
        reduce(txn, workspace, id)?;
    }
    suppress(txn, workspace, now, &erased, SuppressionReason::Rights, ERASED, None).map(|_| ())
}

/// Takes the address out of an entry; the wish stands.
fn reduce(txn: &mut Txn<'_>, workspace: WorkspaceId, id: SuppressionId) -> Result<(), StoreError> {
    let Some(entry) = txn.get(&SUPPRESSIONS, &key(workspace, id))? else { return Ok(()) };
    let target = match &entry.target {
        Target::Address(_) => Target::Erased(entry.target.hash(txn, workspace)?),
        other => other.clone(),
    };
    let reduced = Suppression { target, how: ERASED.to_owned(), contact: None, ..entry };
    txn.put(&SUPPRESSIONS, &key(workspace, id), &reduced)
}

const ERASED: &str = "erased";

/// A member adds an address or domain.
pub fn suppress_by_hand(app: &App, actor: &Actor, target: &Target, note: &str) -> Result<bool, SuppressError> {
    actor.require(Permission::ManageSuppressions)?;
    let now = app.now();
    app.store.write_reserved(|txn| {
        let reason = SuppressionReason::ByHand;
        let contact = match target {
            Target::Address(address) => contacts::find_by_address(txn, actor.workspace, address)?,
            Target::Domain(_) | Target::Erased(_) => None,
        };
        let contact = contact.map(|contact| contact.id);
        let added = suppress(txn, actor.workspace, now, target, reason, note, contact)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "suppression.added", "suppression", note)?;
        Ok(added)
    })
}

/// Takes an entry back: admins only, with a reason that is kept (G3).
pub fn lift(app: &App, actor: &Actor, id: SuppressionId, why: &str) -> Result<(), SuppressError> {
    actor.require(Permission::LiftSuppression)?;
    if why.trim().is_empty() {
        return Err(SuppressError::ReasonMissing);
    }
    let now = app.now();
    app.store.write(|txn| {
        let entry = txn.get(&SUPPRESSIONS, &key(actor.workspace, id))?.ok_or(SuppressError::NotFound)?;
        let place = target_key(txn, actor.workspace, &entry.target, entry.reason)?;
        txn.remove(&BY_TARGET, &place)?;
        txn.remove(&SUPPRESSIONS, &key(actor.workspace, id))?;
        let on = format!("suppression {id}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), "suppression.lifted", &on, why)?;
        events::append(txn, actor.workspace, now, Happened::SuppressionLifted)?;
        Ok(())
    })
}

/// Newest first.
pub fn list(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Suppression>, StoreError> {
    let page = store.page(&SUPPRESSIONS, &Key::of(&SUPPRESSIONS, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, entry)| entry))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: SuppressionId) -> Result<Option<Suppression>, StoreError> {
    store.get(&SUPPRESSIONS, &key(workspace, id))
}

/// The entry that stands for just this address or domain; a wish before a fact.
pub fn get_by_target(
    store: &Store,
    workspace: WorkspaceId,
    target: &Target,
) -> Result<Option<Suppression>, StoreError> {
    store.read(|txn| {
        for kind in [SuppressionReason::Unsubscribed, SuppressionReason::Bounced] {
            let place = target_key(txn, workspace, target, kind)?;
            if let Some(id) = txn.get(&BY_TARGET, &place)? {
                return txn.get(&SUPPRESSIONS, &key(workspace, id));
            }
        }
        Ok(None)
    })
}

/// Oldest first, all of them.
pub fn each(store: &Store, workspace: WorkspaceId, mut visit: impl FnMut(Suppression)) -> Result<(), StoreError> {
    store.each(&SUPPRESSIONS, &Key::of(&SUPPRESSIONS, workspace), |_, entry| {
        visit(entry);
        Ok(())
    })
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    store.each(&SUPPRESSIONS, &Key::of(&SUPPRESSIONS, workspace), |_, entry| {
        if entry.contact == Some(contact) {
            rows.extend(serde_json::to_value(&entry).ok());
        }
        Ok::<(), StoreError>(())
    })?;
    Ok(rows)
}

/// What the person left in other entries, for example that of an address they answered from.
fn reduce_all(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut theirs = Vec::new();
    store.each(&SUPPRESSIONS, &Key::of(&SUPPRESSIONS, workspace), |_, entry| {
        theirs.extend((entry.contact == Some(contact)).then_some(entry.id));
        Ok::<(), StoreError>(())
    })?;
    for id in &theirs {
        store.write_reserved(|txn| reduce(txn, workspace, *id))?;
    }
    Ok(theirs.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn an_opt_out_outlives_a_bounce_that_was_lifted() {
        use SuppressionReason::{Bounced, Unsubscribed};
        for order in [[Unsubscribed, Bounced], [Bounced, Unsubscribed]] {
            let test = testing::app();
            let ada = EmailAddress::parse("ada@example.com").unwrap();
            let target = Target::Address(ada.clone());
            let now = test.app.now();
            for reason in order {
                test.app
                    .store
                    .write(|txn| suppress(txn, test.workspace, now, &target, reason, "", None))
                    .unwrap_or_else(|error: StoreError| panic!("{error}"));
            }
            let entries = list(&test.app.store, test.workspace, None, 10).unwrap().rows;
            let bounce = entries.iter().find(|entry| entry.reason == Bounced).unwrap();
            lift(&test.app, &test.owner, bounce.id, "The mailbox works again.").unwrap();
            let standing = test.app.store.read(|txn| is_suppressed(txn, test.workspace, &ada, Purpose::Outreach));
            assert_eq!(standing.unwrap().map(|entry| entry.reason), Some(Unsubscribed), "{order:?}");
        }
    }

    #[test]
    fn a_domain_is_known_however_it_was_typed() {
        for typed in ["bücher.example", " @Bücher.Example. ", "xn--bcher-kva.example"] {
            let test = testing::app();
            suppress_by_hand(&test.app, &test.owner, &Target::Domain(typed.into()), "asked by phone").unwrap();
            for (address, expected) in
                [("jo@bücher.example", true), ("jo@shop.bücher.example", true), ("jo@buch.example", false)]
            {
                let address = EmailAddress::parse(address).unwrap();
                let found = test.app.store.read(|txn| is_suppressed(txn, test.workspace, &address, Purpose::Answer));
                assert_eq!(found.unwrap().is_some(), expected, "{typed} {address}");
            }
        }
    }
}
