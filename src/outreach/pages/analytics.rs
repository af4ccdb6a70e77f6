//! What became of everybody who was written to: figures by worker, sequence, step, mailbox, label, time and week.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::report::{
    self, figures_csv, report, wait_words, Asked, Cohort, LeadsCsv, Names, Report, Slice, Tally, Week, What,
    COHORT_WEEKS, LABELS, UNKNOWN_WAIT,
};
use super::super::OutreachError;
use super::{cursor, zone};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, grouped, Cursor};
use crate::contacts;
use crate::http::charts::{Bar, LinkedBars, PartColumn, PartColumns};
use crate::http::download::{csv_in_pieces, csv_whole};
use crate::http::layout::Layout;
use crate::http::ui::{reply_badge, Choice, Pager, Tab};
use crate::http::{html, run, Frame, PageError};

/// Leads of one page.
const PAGE: usize = 50;
/// Weeks that the tables of a page show; the file has all.
const MOST_WEEKS: usize = 26;
/// Mails of steps that a page shows.
const MOST_STEPS: usize = 60;
/// The columns of the tables, in their order.
const COLUMNS: [What; 7] =
    [What::Contacted, What::Delivered, What::Replied, What::Interested, What::Booked, What::OptedOut, What::Bounced];

#[derive(Template)]
#[template(path = "outreach/analytics.html")]
pub struct AnalyticsPage {
    pub layout: Layout,
    pub filter: Filter,
    pub periods: Vec<Tab>,
    /// Nobody was written to, as far as the filter goes.
    pub is_empty: bool,
    pub is_narrowed: bool,
    /// Leads of an older version are still being counted.
    pub is_counting: bool,
    /// "leads" or "mails".
    pub unit: &'static str,
    pub funnel: LinkedBars,
    pub share: String,
    pub labels: LinkedBars,
    pub waits: LinkedBars,
    /// The quartiles of the time to an answer, in words.
    pub quartiles: String,
    pub tables: Vec<TableOf>,
    pub by_week: PartColumns,
    pub weeks: Vec<CohortTable>,
    pub older_weeks: bool,
    pub csv_href: String,
}

/// The form above the figures.
pub struct Filter {
    pub workers: Vec<Choice>,
    pub worker: String,
    pub sequences: Vec<Choice>,
    pub sequence: String,
    pub mailboxes: Vec<Choice>,
    pub mailbox: String,
    /// Of the chosen sequence; empty without one.
    pub steps: Vec<Choice>,
    pub step: String,
    /// Of the chosen step; empty where it has only one.
    pub variants: Vec<Choice>,
    pub variant: String,
    pub from: String,
    pub to: String,
}

pub struct TableOf {
    pub id: &'static str,
    pub title: &'static str,
    /// What its rows are.
    pub of: &'static str,
    pub note: String,
    pub rows: Vec<Row>,
}

impl TableOf {
    /// Over its numbers.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        let first = self.rows.first().map(|row| row.numbers.as_slice()).unwrap_or_default();
        first.iter().map(|number| number.head.as_str())
    }
}

pub struct Row {
    pub name: String,
    pub below: String,
    /// The same page for this row alone.
    pub href: String,
    pub numbers: Vec<Number>,
    pub share: String,
}

/// A figure and the list that it counts.
pub struct Number {
    pub head: String,
    pub count: String,
    pub href: String,
}

pub struct CohortTable {
    pub id: &'static str,
    pub title: &'static str,
    pub heads: Vec<String>,
    pub rows: Vec<CohortRow>,
}

pub struct CohortRow {
    pub week: String,
    pub href: String,
    /// Absent for weeks that have not begun.
    pub numbers: Vec<Option<Number>>,
    pub share: String,
}

/// GET /outreach/analytics?worker=&sequence=&mailbox=&step=&variant=&from=&to=
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let (slice, _) = read(&asked)?;
    let page = run(move || page(&app, &actor, &frame, &slice)).await??;
    html(StatusCode::OK, &page)
}

pub(super) fn read(asked: &Asked) -> Result<(Slice, What), PageError> {
    asked.read().map_err(|wrong| {
        let words: Vec<String> = wrong.into_iter().map(|(_, words)| words).collect();
        PageError::bad_request(format!("The address cannot be read: {}", words.join(" ")), "Open the analytics again.")
    })
}

pub fn page(app: &App, actor: &Actor, frame: &Frame, slice: &Slice) -> Result<AnalyticsPage, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    let is_counted = report::begin(app, actor.workspace)?;
    let names = Names::read(app, actor.workspace)?;
    let slice = &names.fitting(slice);
    let found = report(app, actor, slice)?;
    let this_week = Week::of(app.now().in_zone(&zone(app, actor)?).date());
    let older_weeks = found.cohorts.len() > MOST_WEEKS;
    Ok(AnalyticsPage {
        layout: frame.layout("Analytics"),
        filter: filter(slice, &names),
        periods: periods(slice, this_week),
        is_empty: found.all.contacted == 0,
        is_narrowed: *slice != Slice::default(),
        is_counting: !is_counted,
        unit: if slice.is_of_mails() { "mails" } else { "leads" },
        funnel: funnel(slice, &found.all),
        share: found.all.replies().words(),
        labels: labels(slice, &found),
        waits: waits(slice, &found),
        quartiles: quartiles(&found),
        tables: tables(slice, &found, &names),
        by_week: by_week(slice, &found),
        weeks: cohorts(slice, &found, this_week),
        older_weeks,
        csv_href: at("/outreach/analytics.csv", &slice.query()),
    })
}

fn at(path: &str, query: &str) -> String {
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

fn here(slice: &Slice) -> String {
    at("/outreach/analytics", &slice.query())
}

fn list_of(slice: &Slice, what: What) -> String {
    at("/outreach/analytics/leads", &slice.query_of(what))
}

/// The word for a column; who counts mails has sent them.
fn head(slice: &Slice, what: What) -> String {
    match what {
        What::Contacted if slice.is_of_mails() => "Sent".to_owned(),
        what => what.words(),
    }
}

fn filter(slice: &Slice, names: &Names) -> Filter {
    let text = |id: Option<String>| id.unwrap_or_default();
    let choice = |value: String, label: String| Choice { value, label };
    let all = |label: &str, each: Vec<Choice>| {
        let first = choice(String::new(), label.to_owned());
        std::iter::once(first).chain(each).collect::<Vec<_>>()
    };
    let mails = slice.sequence.map(|sequence| names.mails_of(sequence)).unwrap_or_default();
    let wordings = mails.iter().find(|step| Some(step.id) == slice.step && !step.variants.is_empty());
    let wordings = wordings.map(|step| step.wordings()).unwrap_or_default();
    let steps = mails.iter().map(|step| choice(step.id.to_string(), names.step(step.id))).collect::<Vec<_>>();
    let letters = wordings.iter().map(|one| choice(one.id.to_string(), format!("Wording {}", one.letter)));
    let letters: Vec<Choice> = letters.collect();
    let workers = names.workers.iter().map(|(id, name)| choice(id.to_string(), name.clone())).collect();
    let sequences = names.sequences.iter().map(|one| choice(one.id.to_string(), one.name.clone())).collect();
    let mailboxes = names.mailboxes.iter().map(|(id, name)| choice(id.to_string(), name.clone())).collect();
    Filter {
        workers: all("All workers", workers),
        worker: text(slice.worker.map(|id| id.to_string())),
        sequences: all("All sequences", sequences),
        sequence: text(slice.sequence.map(|id| id.to_string())),
        mailboxes: all("All mailboxes", mailboxes),
        mailbox: text(slice.mailbox.map(|id| id.to_string())),
        steps: if steps.is_empty() { Vec::new() } else { all("Leads, whatever the step", steps) },
        step: text(slice.step.map(|id| id.to_string())),
        variants: if letters.is_empty() { Vec::new() } else { all("All wordings", letters) },
        variant: text(slice.variant.map(|id| id.to_string())),
        from: text(slice.from.map(|week| week.to_string())),
        to: text(slice.to.map(|week| week.sunday().to_string())),
    }
}

fn periods(slice: &Slice, this_week: Week) -> Vec<Tab> {
    let each = [("4 weeks", Some(4)), ("12 weeks", Some(12)), ("52 weeks", Some(52)), ("All", None)];
    let tab = |(label, weeks): (&str, Option<u32>)| {
        let from = weeks.map(|weeks| this_week.before(weeks - 1));
        let of = Slice { from, to: None, ..*slice };
        Tab { href: here(&of), label: label.to_owned(), count: String::new(), current: of == *slice }
    };
    each.into_iter().map(tab).collect()
}

fn funnel(slice: &Slice, all: &Tally) -> LinkedBars {
    let bar = |what: What| (Bar { label: head(slice, what), count: all.of(what) }, list_of(slice, what));
    let bars = COLUMNS.into_iter().chain([What::Away]).map(bar).collect();
    LinkedBars { bars, base: Some(all.contacted) }
}

fn labels(slice: &Slice, found: &Report) -> LinkedBars {
    let each = (0..).zip(LABELS).zip(found.labels).filter(|(_, count)| *count > 0);
    let bar = |((place, label), count): ((u8, &str), u64)| {
        (Bar { label: reply_badge(label).words.to_owned(), count }, list_of(slice, What::Label(place)))
    };
    LinkedBars { bars: each.map(bar).collect(), base: Some(found.all.replied) }
}

fn waits(slice: &Slice, found: &Report) -> LinkedBars {
    let shown = |(bucket, count): &(u8, u64)| *bucket < UNKNOWN_WAIT || *count > 0;
    let each = (0..).zip(found.waits).filter(shown);
    let bar =
        |(bucket, count): (u8, u64)| (Bar { label: wait_words(bucket), count }, list_of(slice, What::Wait(bucket)));
    LinkedBars { bars: each.map(bar).collect(), base: Some(found.all.replied) }
}

/// "Half of the answers came within 1 to 2 hours, …"; nothing of few.
fn quartiles(found: &Report) -> String {
    let at = |share: f64| found.wait_at(share).map(|bucket| wait_words(bucket).to_lowercase());
    match (found.timed(), at(0.25), at(0.5), at(0.75)) {
        (0, ..) => String::new(),
        (few @ 1..4, ..) => format!("{}: too few to speak of a median.", counted(few, "answer", "answers")),
        (_, Some(first), Some(half), Some(third)) => {
            format!("Median: {half}. First quartile: {first}; third quartile: {third}.")
        }
        _ => String::new(),
    }
}

fn numbers(slice: &Slice, tally: &Tally) -> Vec<Number> {
    let number =
        |what: What| Number { head: head(slice, what), count: grouped(tally.of(what)), href: list_of(slice, what) };
    COLUMNS.into_iter().map(number).collect()
}

fn row(slice: &Slice, name: impl Into<String>, tally: &Tally) -> Row {
    Row {
        name: name.into(),
        below: String::new(),
        href: here(slice),
        numbers: numbers(slice, tally),
        share: tally.replies().words(),
    }
}

fn tables(slice: &Slice, found: &Report, names: &Names) -> Vec<TableOf> {
    let workers =
        found.workers.iter().map(|(id, tally)| row(&Slice { worker: Some(*id), ..*slice }, names.worker(*id), tally));
    let sequences = found
        .sequences
        .iter()
        .map(|(id, tally)| row(&Slice { sequence: Some(*id), ..*slice }, names.sequence(*id), tally));
    let mailboxes = found
        .mailboxes
        .iter()
        .map(|(id, tally)| row(&Slice { mailbox: Some(*id), ..*slice }, names.mailbox(*id), tally));
    let plain = |id, title, of, note: &str, rows| TableOf { id, title, of, note: note.to_owned(), rows };
    vec![
        steps(slice, found, names),
        plain("by-sequence", "By sequence", "Sequence", "", sequences.collect()),
        plain(
            "by-mailbox",
            "By mailbox",
            "Mailbox",
            "A lead counts with the mailbox that wrote to it first.",
            mailboxes.collect(),
        ),
        plain("by-worker", "By worker", "Worker", "", workers.collect()),
    ]
}

fn steps(slice: &Slice, found: &Report, names: &Names) -> TableOf {
    let mut each: Vec<_> = found.steps.iter().collect();
    each.sort_by_key(|((sequence, step, variant), _)| {
        (names.sequence(*sequence), *sequence, names.place(*step), *step, names.variant(*step, *variant))
    });
    let is_part = each.len() > MOST_STEPS;
    let rows = each.into_iter().take(MOST_STEPS).map(|((sequence, step, variant), tally)| {
        let variant_of = variant.or(slice.variant);
        let of = Slice { sequence: Some(*sequence), step: Some(*step), variant: variant_of, ..*slice };
        let wording = names.variant(*step, *variant);
        let name = if wording.is_empty() { names.step(*step) } else { wording };
        Row { below: names.sequence(*sequence).to_owned(), ..row(&of, name, tally) }
    });
    let rows = rows.collect();
    let mut note = "What came of a lead counts with the mail that it came after.".to_owned();
    if is_part {
        note.push_str(" Choose a sequence to see the others.");
    }
    TableOf { id: "by-step", title: "By step and wording: mails", of: "Step", note, rows }
}

/// Who was written to in each week, and how many of them answered until today.
fn by_week(slice: &Slice, found: &Report) -> PartColumns {
    let weeks = found.cohorts.iter().rev().take(MOST_WEEKS).rev();
    let column = |(week, cohort): (&Week, &Cohort)| PartColumn {
        label: week.monday().strftime("Week of %-d %b %Y").to_string(),
        href: here(&Slice { from: Some(*week), to: Some(*week), ..*slice }),
        whole: cohort.tally.contacted,
        part: cohort.tally.replied,
    };
    PartColumns { title: ["Written to", "Replied"], columns: weeks.map(column).collect() }
}

/// Of those first written to in each week: when they answered, and when a meeting was booked.
fn cohorts(slice: &Slice, found: &Report, this_week: Week) -> Vec<CohortTable> {
    let answers = cohort_table(slice, found, this_week, ("replied-by-week", "Replies", What::Replied), |cohort| {
        (cohort.replied, cohort.tally.replied)
    });
    let meetings = cohort_table(slice, found, this_week, ("booked-by-week", "Meetings", What::Booked), |cohort| {
        (cohort.booked, cohort.tally.booked)
    });
    vec![answers, meetings]
}

fn cohort_table(
    slice: &Slice,
    found: &Report,
    this_week: Week,
    (id, title, what): (&'static str, &'static str, What),
    figures: impl Fn(&Cohort) -> ([u64; COHORT_WEEKS], u64),
) -> CohortTable {
    let shown = found.cohorts.iter().rev().take(MOST_WEEKS);
    let some_unknown = shown.clone().any(|(_, cohort)| figures(cohort).0[COHORT_WEEKS - 1] > 0);
    let columns = if some_unknown { COHORT_WEEKS } else { COHORT_WEEKS - 1 };
    let in_week = |week: u8| match what {
        What::Booked => What::BookedInWeek(week),
        _ => What::RepliedInWeek(week),
    };
    let mut heads: Vec<String> = ["First week", "After 1 week", "2 weeks", "3 weeks", "4 and later", "Not known"]
        .into_iter()
        .take(columns)
        .map(str::to_owned)
        .collect();
    heads.insert(0, head(slice, What::Contacted));
    heads.push("All".to_owned());
    let rows = shown.map(|(week, cohort)| {
        let of = Slice { from: Some(*week), to: Some(*week), ..*slice };
        let (by_week, all) = figures(cohort);
        let number = |head: &String, count: u64, what: What| Number {
            head: head.clone(),
            count: grouped(count),
            href: list_of(&of, what),
        };
        let begun = Cohort::weeks_begun(*week, this_week);
        let first = heads.first().map(|head| number(head, cohort.tally.contacted, What::Contacted));
        let weeks = heads.iter().skip(1).zip(0_u8..).zip(by_week).take(columns).map(|((head, place), count)| {
            let is_begun = u32::from(place) < begun || count > 0 || usize::from(place) + 1 == COHORT_WEEKS;
            is_begun.then(|| number(head, count, in_week(place)))
        });
        let last = heads.last().map(|head| number(head, all, what));
        CohortRow {
            week: day_words(week.monday()),
            href: here(&of),
            numbers: std::iter::once(first).chain(weeks).chain([last]).collect(),
            share: report::Rate { hits: all, cases: cohort.tally.delivered() }.words(),
        }
    });
    let rows = rows.collect();
    CohortTable { id, title, heads, rows }
}

/// GET /outreach/analytics.csv with the same filter.
pub async fn csv(app: web::Data<App>, actor: Actor, asked: web::Query<Asked>) -> Result<HttpResponse, PageError> {
    let (slice, _) = read(&asked)?;
    let bytes = run(move || figures_csv(&app, &actor, &slice)).await??;
    Ok(csv_whole("analytics.csv", bytes))
}

/// GET /outreach/analytics/leads.csv?what=…: everybody behind a number.
pub async fn leads_csv(app: web::Data<App>, actor: Actor, asked: web::Query<Asked>) -> Result<HttpResponse, PageError> {
    let number = read(&asked)?;
    let begun = run(move || LeadsCsv::begin(&app, &actor, number)).await??;
    Ok(csv_in_pieces("leads.csv", begun))
}

#[derive(Template)]
#[template(path = "outreach/analytics_leads.html")]
pub struct LeadsPage {
    pub layout: Layout,
    /// What they are, and of which part of the outreach, in words.
    pub title: String,
    pub of: String,
    pub back: String,
    pub rows: Vec<LeadRow>,
    pub pager: Pager,
    /// Empty where the reader may not take people out of the product.
    pub csv_href: String,
}

pub struct LeadRow {
    pub name: String,
    pub detail: String,
    pub href: String,
    pub company: String,
    pub worker: String,
    pub worker_href: String,
    pub first: String,
    pub mails: String,
    pub state: &'static str,
    pub label: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Place {
    #[serde(default)]
    cursor: Option<String>,
}

/// GET /outreach/analytics/leads?what=…&cursor=: the leads behind a number.
pub async fn leads(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
    place: web::Query<Place>,
) -> Result<HttpResponse, PageError> {
    let number = read(&asked)?;
    let cursor = cursor(place.cursor.as_deref())?;
    let page = run(move || leads_page(&app, &actor, &frame, number, cursor.as_ref())).await??;
    html(StatusCode::OK, &page)
}

pub fn leads_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    (slice, what): (Slice, What),
    cursor: Option<&Cursor>,
) -> Result<LeadsPage, OutreachError> {
    let page = report::leads(app, actor, (&slice, what), cursor, PAGE)?;
    let (names, zone) = (Names::read(app, actor.workspace)?, zone(app, actor)?);
    let all = report::count(app, actor, (&slice, what))?;
    let here = list_of(&slice, what);
    let mut rows = Vec::new();
    for lead in &page.rows {
        let contact = contacts::get(&app.store, actor.workspace, lead.contact)?;
        rows.push(LeadRow {
            detail: contact.as_ref().and_then(|c| c.address()).map(|a| a.display().to_owned()).unwrap_or_default(),
            company: contact.as_ref().map(|contact| contact.company.clone()).unwrap_or_default(),
            name: contact.map_or_else(|| "Erased".to_owned(), |contact| contact.name()),
            href: format!("/contacts/{}", lead.contact),
            worker: names.worker(lead.worker).to_owned(),
            worker_href: if names.workers.iter().any(|(id, _)| *id == lead.worker) {
                format!("/outreach/{}", lead.worker)
            } else {
                String::new()
            },
            first: lead.sent.first().map(|sent| day_words(sent.at.in_zone(&zone).date())).unwrap_or_default(),
            mails: grouped(lead.sent.len() as u64),
            state: lead.state.words(),
            label: lead.came.label.clone().unwrap_or_default(),
        });
    }
    Ok(LeadsPage {
        layout: frame.layout(what.words()),
        title: head(&slice, what),
        of: of_words(&slice, &names),
        back: self::here(&slice),
        pager: Pager {
            shown: format!("{} of {}", grouped(rows.len() as u64), counted(all, "lead", "leads")),
            newer: cursor.map(|_| here.clone()),
            older: page.next.map(|next| format!("{here}&cursor={next}")),
        },
        rows,
        csv_href: if actor.may(Permission::EditOutreach) {
            at("/outreach/analytics/leads.csv", &slice.query_of(what))
        } else {
            String::new()
        },
    })
}

/// "23 Nov 2026".
fn day_words(day: jiff::civil::Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// "Lake District hotels, step 2, first written to from 3 Aug 2026"; all outreach where nothing narrows it.
fn of_words(slice: &Slice, names: &Names) -> String {
    let parts = [
        slice.worker.map(|id| names.worker(id).to_owned()),
        slice.sequence.map(|id| format!("sequence {}", names.sequence(id))),
        slice.mailbox.map(|id| format!("from {}", names.mailbox(id))),
        slice.step.map(|id| names.step(id)),
        slice.step.and_then(|step| Some(names.variant(step, Some(slice.variant?)))),
        slice.from.map(|week| format!("first written to on or after {}", day_words(week.monday()))),
        slice.to.map(|week| format!("first written to by {}", day_words(week.sunday()))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "All outreach".to_owned()
    } else {
        parts.join(", ")
    }
}
