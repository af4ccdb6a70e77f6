//! Analytics as files for a spreadsheet: the figures of a slice, and the leads behind one of them.

use actix_web::web::Bytes;

use super::mark::{wait_words, LABELS};
use super::names::Names;
use super::rows::list;
use super::slice::{Slice, What};
use super::sum::{report, Tally, COHORT_WEEKS};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, WorkspaceId};
use crate::contacts::{self, CsvOut};
use crate::http::download::Pieces;
use crate::http::ui::reply_badge;
use crate::outreach::model::Enrolment;
use crate::outreach::OutreachError;
use crate::store::{Store, StoreError};

const ROWS_AT_ONCE: usize = 200;
const FIGURES: [&str; 15] = [
    "Figures of",
    "Name",
    "Step",
    "Wording",
    "Written to",
    "Delivered",
    "Replied",
    "Share of replies",
    "Share at least",
    "Share at most",
    "Interested",
    "Booked",
    "Opted out",
    "Bounced",
    "Away",
];
const WEEKS: [&str; COHORT_WEEKS] = ["week 0", "week 1", "week 2", "week 3", "week 4 and later", "week not known"];
const LEADS: [&str; 11] = [
    "E-mail",
    "Name",
    "Company",
    "Worker",
    "Sequence",
    "First mail",
    "Mails",
    "State",
    "Answer",
    "First answer",
    "Meeting booked",
];

/// All figures of a slice, a row each.
pub fn figures_csv(app: &App, actor: &Actor, slice: &Slice) -> Result<Vec<u8>, OutreachError> {
    let (report, names) = (report(app, actor, slice)?, Names::read(app, actor.workspace)?);
    let mut out = CsvOut::new();
    let weeks = |what: &str| WEEKS.map(|week| format!("{what} {week}"));
    let heads = FIGURES.iter().map(|head| (*head).to_owned()).chain(weeks("Replied")).chain(weeks("Booked"));
    row(&mut out, heads);
    let of = if slice.is_of_mails() { "All mails" } else { "All leads" };
    row(&mut out, cells([of, "", "", ""], &report.all));
    for (id, tally) in &report.workers {
        row(&mut out, cells(["Worker", names.worker(*id), "", ""], tally));
    }
    for (id, tally) in &report.sequences {
        row(&mut out, cells(["Sequence", names.sequence(*id), "", ""], tally));
    }
    for (id, tally) in &report.mailboxes {
        row(&mut out, cells(["Mailbox", names.mailbox(*id), "", ""], tally));
    }
    for ((sequence, step, variant), tally) in &report.steps {
        let (step_name, wording) = (names.step(*step), names.variant(*step, *variant));
        row(&mut out, cells(["Mails of a step", names.sequence(*sequence), &step_name, &wording], tally));
    }
    for (week, cohort) in &report.cohorts {
        let by_week = cohort.replied.iter().chain(&cohort.booked).map(u64::to_string);
        row(&mut out, cells(["Week of", &week.to_string(), "", ""], &cohort.tally).into_iter().chain(by_week));
    }
    for (label, count) in LABELS.iter().zip(report.labels) {
        row(&mut out, replies("Answer", reply_badge(label).words, count));
    }
    for (bucket, count) in (0..).zip(report.waits) {
        row(&mut out, replies("Time to the answer", &wait_words(bucket), count));
    }
    Ok(out.finish())
}

fn row(out: &mut CsvOut, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().collect();
    out.row(cells.iter().map(String::as_str));
}

fn cells(of: [&str; 4], tally: &Tally) -> Vec<String> {
    let shares = tally.replies().told().map(|(rate, (low, high))| [rate, low, high]);
    let shares = shares.map_or([String::new(), String::new(), String::new()], |all| all.map(|one| format!("{one:.4}")));
    let first = [tally.contacted, tally.delivered(), tally.replied].map(|count| count.to_string());
    let rest = [tally.interested, tally.booked, tally.opted_out, tally.bounced, tally.away];
    let of = of.map(str::to_owned).into_iter();
    of.chain(first).chain(shares).chain(rest.map(|count| count.to_string())).collect()
}

/// A row that counts answers alone.
fn replies(of: &str, name: &str, count: u64) -> Vec<String> {
    [of, name, "", "", "", ""].map(str::to_owned).into_iter().chain([count.to_string()]).collect()
}

/// The leads behind a number that are left to be written.
pub struct LeadsCsv {
    store: Store,
    workspace: WorkspaceId,
    slice: Slice,
    what: What,
    names: Names,
    cursor: Option<Cursor>,
    begun: bool,
}

impl LeadsCsv {
    /// Whoever takes people's addresses out of the product is allowed to and noted.
    pub fn begin(app: &App, actor: &Actor, (slice, what): (Slice, What)) -> Result<Self, OutreachError> {
        actor.require(Permission::EditOutreach)?;
        let (workspace, now) = (actor.workspace, app.now());
        let words = what.words();
        app.store
            .write(|txn| audit::record(txn, workspace, now, &Who::of(actor), "analytics.exported", "leads", &words))?;
        let names = Names::read(app, workspace)?;
        Ok(Self { store: app.store.clone(), workspace, slice, what, names, cursor: None, begun: false })
    }

    fn write(&self, out: &mut CsvOut, lead: &Enrolment) -> Result<(), StoreError> {
        let contact = contacts::get(&self.store, self.workspace, lead.contact)?;
        let day = |at: Option<crate::base::UnixMillis>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        let label = lead.came.label.as_deref().map(|label| reply_badge(label).words).unwrap_or_default();
        let address =
            contact.as_ref().and_then(|contact| contact.address()).map(|address| address.display().to_owned());
        let cells = [
            address.unwrap_or_default(),
            contact.as_ref().map(contacts::Contact::name).unwrap_or_default(),
            contact.map(|contact| contact.company).unwrap_or_default(),
            self.names.worker(lead.worker).to_owned(),
            self.names.sequence(lead.sequence).to_owned(),
            day(lead.sent.first().map(|sent| sent.at)),
            lead.sent.len().to_string(),
            lead.state.words().to_owned(),
            label.to_owned(),
            day(lead.came.answer.map(|answer| answer.at)),
            day(lead.came.met.map(|met| met.at)),
        ];
        row(out, cells);
        Ok(())
    }
}

impl Pieces for LeadsCsv {
    fn next(mut self) -> Result<(Bytes, Option<Self>), StoreError> {
        let mut out = if self.begun { CsvOut::without_mark() } else { CsvOut::new() };
        if !self.begun {
            out.row(LEADS);
            self.begun = true;
        }
        let after = self.cursor.take();
        let page = list(&self.store, self.workspace, (&self.slice, self.what), after.as_ref(), ROWS_AT_ONCE)?;
        for lead in &page.rows {
            self.write(&mut out, lead)?;
        }
        self.cursor = page.next;
        let bytes = Bytes::from(out.finish());
        let left = self.cursor.is_some().then_some(self);
        Ok((bytes, left))
    }
}
