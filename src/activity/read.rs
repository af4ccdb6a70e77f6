//! Reading a worker's feed from the workspace's log.

use super::doing::Doing;
use super::kind::Kind;
use super::{way, whose, why, ActivityError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, Page, WorkerId};
use crate::events::{self, Event};
use crate::today::People;
use crate::workers::{self, Worker};

/// Entries of the log that are looked at for one page. A page of a worker among many may be short, and still lead on.
const LOOKED_AT: usize = 2_000;
const AT_ONCE: usize = 100;

/// One page, newest first. `cursor` is the page before's.
pub fn list(
    app: &App,
    actor: &Actor,
    id: WorkerId,
    kind: Option<Kind>,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Doing>, ActivityError> {
    actor.require(Permission::ViewOutreach)?;
    let worker = workers::get(&app.store, actor.workspace, id)?.ok_or(ActivityError::NotFound)?;
    let mut people = People::of(app, actor.workspace);
    let (mut rows, mut cursor, mut looked) = (Vec::new(), cursor.cloned(), 0);
    loop {
        let page = events::list_newest(&app.store, actor.workspace, None, cursor.as_ref(), AT_ONCE)?;
        looked += page.rows.len();
        for event in &page.rows {
            let Some(doing) = doing(app, actor, &worker, kind, event, &mut people)? else { continue };
            rows.push(doing);
            if rows.len() == limit {
                let is_last = page.next.is_none() && page.rows.last() == Some(event);
                let next = (!is_last).then(|| events::before(event.number));
                return Ok(Page { rows, next });
            }
        }
        cursor = page.next;
        if cursor.is_none() || looked >= LOOKED_AT {
            return Ok(Page { rows, next: cursor });
        }
    }
}

fn doing(
    app: &App,
    actor: &Actor,
    worker: &Worker,
    kind: Option<Kind>,
    event: &Event,
    people: &mut People<'_>,
) -> Result<Option<Doing>, ActivityError> {
    let of = Kind::of(&event.what);
    if of.is_none() || kind.is_some_and(|kind| of != Some(kind)) || !actor.may(event.what.needs()) {
        return Ok(None);
    }
    let Some(row) = whose::row_of(app, actor, worker, &event.what)? else { return Ok(None) };
    let (icon, tone, words) = events::words(event);
    let contact = event.what.contact();
    Ok(Some(Doing {
        number: event.number,
        event: event.what.name(),
        at: event.at,
        icon,
        tone,
        words,
        contact,
        name: contact.map(|id| people.get(id)).transpose()?.map(|known| known.name).unwrap_or_default(),
        said: why::said(&row),
        why: why::why(app, actor, &event.what, &row)?,
        way: way::way_of(actor, &event.what, &row, app.now()),
    }))
}
