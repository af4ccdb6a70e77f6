//! GET /calendar/export.csv: bookings as a file, page by page, however many there are.

use actix_web::web::{Bytes, Data, Query};
use actix_web::HttpResponse;
use jiff::civil::Date;
use serde::Deserialize;

use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::availability::{self, Span};
use crate::base::{Cursor, UnixMillis, WorkspaceId};
use crate::bookings::grid::{after, midnight};
use crate::bookings::kept::Became;
use crate::bookings::model::{Booking, State};
use crate::bookings::service::BookError;
use crate::bookings::store::{find_all, Wanted};
use crate::bookings::views::{CalendarQuery, Filter};
use crate::contacts::{self, CsvOut};
use crate::http::download::{csv_in_pieces, Pieces};
use crate::http::{run, PageError};
use crate::store::{Store, StoreError};
use crate::workers;

const ROWS_AT_ONCE: usize = 250;
/// Times are instants in UTC (RFC 3339), which spreadsheets and programs read alike.
const COLUMNS: [&str; 16] = [
    "Start",
    "End",
    "Title",
    "Guest",
    "E-mail",
    "Company",
    "State",
    "Outcome",
    "Reason",
    "Source",
    "Worker",
    "Place",
    "Video",
    "Guest's time zone",
    "Booked",
    "Notes",
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SpanQuery {
    from: String,
    to: String,
}

/// What is left to write.
struct Export {
    store: Store,
    workspace: WorkspaceId,
    within: Option<Span>,
    filter: Filter,
    cursor: Option<Cursor>,
    begun: bool,
}

pub(super) async fn csv(
    app: Data<App>,
    actor: Actor,
    query: Query<CalendarQuery>,
    span: Query<SpanQuery>,
) -> Result<HttpResponse, PageError> {
    let begun = run(move || begin(&app, &actor, query.read().filter, &span)).await??;
    Ok(csv_in_pieces("bookings.csv", begun))
}

/// Without days all bookings, the last made first; the first day alone goes on without end, as does the last before it.
fn begin(app: &App, actor: &Actor, filter: Filter, span: &SpanQuery) -> Result<Export, BookError> {
    actor.require(Permission::EditBookings)?;
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| audit::record(txn, workspace, now, &Who::of(actor), "bookings.exported", "bookings", ""))?;
    let zone = availability::schedule_of(&app.store, workspace)?.time_zone();
    let day = |text: &str| text.parse::<Date>().ok();
    let within = match (day(&span.from), day(&span.to)) {
        (None, None) => None,
        (from, to) => Some(Span::new(
            from.map_or(UnixMillis(0), |from| midnight(from, &zone)),
            to.map_or(UnixMillis(i64::MAX), |to| midnight(after(to, 1), &zone)),
        )),
    };
    Ok(Export { store: app.store.clone(), workspace, within, filter, cursor: None, begun: false })
}

impl Pieces for Export {
    fn next(mut self) -> Result<(Bytes, Option<Self>), StoreError> {
        let mut out = if self.begun { CsvOut::without_mark() } else { CsvOut::with_mark() };
        if !self.begun {
            out.row(COLUMNS);
            self.begun = true;
        }
        let cursor = self.cursor.take();
        let wanted = Wanted { within: self.within, after: cursor.as_ref(), limit: ROWS_AT_ONCE };
        let found = find_all(&self.store, self.workspace, &wanted, |txn, booking| self.filter.keeps(txn, booking))?;
        for booking in &found.rows {
            self.write(&mut out, booking)?;
        }
        self.cursor = found.next;
        let left = self.cursor.is_some().then_some(self);
        Ok((Bytes::from(out.finish()), left))
    }
}

impl Export {
    fn write(&self, out: &mut CsvOut, booking: &Booking) -> Result<(), StoreError> {
        let contact = contacts::get(&self.store, self.workspace, booking.contact)?;
        let worker = match booking.worker {
            Some(worker) => workers::get(&self.store, self.workspace, worker)?,
            None => None,
        };
        let address = contact.as_ref().and_then(|contact| Some(contact.address()?.display().to_owned()));
        let reason = match &booking.state {
            State::Proposed { note } => note.as_str(),
            State::Cancelled { reason } | State::Failed { reason } => reason,
            State::Unpaid | State::Held | State::Confirmed => "",
        };
        let notes: Vec<String> = booking
            .kept
            .notes
            .iter()
            .map(|note| format!("{}, {}: {}", note.at.to_rfc3339(), note.by, note.text))
            .collect();
        out.row([
            booking.start.to_rfc3339().as_str(),
            &booking.end.to_rfc3339(),
            &booking.title,
            &contact.as_ref().map(|contact| contact.name()).unwrap_or_default(),
            &address.unwrap_or_default(),
            &contact.map(|contact| contact.company).unwrap_or_default(),
            booking.state.as_str(),
            booking.kept.became().map_or("", Became::as_str),
            reason,
            booking.source.as_str(),
            &worker.map(|worker| worker.name).unwrap_or_default(),
            &booking.place,
            booking.video_link.as_deref().unwrap_or_default(),
            &booking.guest_zone,
            &booking.created_at.to_rfc3339(),
            &notes.join("\n"),
        ]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bookings::tests::team::many;
    use crate::testing;

    fn file(test: &testing::TestApp, filter: Filter, from: &str, to: &str) -> (usize, String) {
        let span = SpanQuery { from: from.into(), to: to.into() };
        let (mut left, mut parts, mut bytes) =
            (Some(begin(&test.app, &test.owner, filter, &span).unwrap()), 0, Vec::new());
        while let Some(export) = left {
            let (part, rest) = export.next().unwrap();
            bytes.extend_from_slice(&part);
            (left, parts) = (rest, parts + 1);
        }
        (parts, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn all_bookings_of_the_days_are_in_the_file_and_no_cell_is_a_formula() {
        let test = testing::app();
        many(&test, "2026-11-25T08:00:00Z", 520);
        let first =
            find_all(&test.app.store, test.workspace, &Wanted { within: None, after: None, limit: 1 }, |_, _| Ok(true));
        let before = first.unwrap().rows.remove(0);
        let named = Booking { title: "=HYPERLINK(\"http://evil.example\")".into(), ..before.clone() };
        test.app.store.write(|txn| crate::bookings::store::put(txn, &named, Some(&before))).unwrap();
        let (parts, text) = file(&test, Filter::default(), "2026-11-25", "2026-11-25");
        assert!(parts > 2, "written while it is read: {parts}");
        assert_eq!(text.lines().count(), 521);
        assert!(text.starts_with("\u{feff}Start,End,Title,Guest"), "{text:.80}");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "not guarded");
        assert_eq!(file(&test, Filter::default(), "2026-11-26", "").1.lines().count(), 1);
        assert_eq!(file(&test, Filter::default(), "", "").1.lines().count(), 521);
        let viewer = Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
        assert!(begin(&test.app, &viewer, Filter::default(), &SpanQuery::default()).is_err());
    }
}
