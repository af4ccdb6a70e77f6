//! Bookings in numbers. Each number leads to the list of the bookings that it counts.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;
use jiff::civil::Date;
use jiff::ToSpan;
use serde::Deserialize;

use crate::app::App;
use crate::authz::Actor;
use crate::availability;
use crate::base::grouped;
use crate::bookings::figures::{lead_words, quartile, Figures, Question, Sums};
use crate::bookings::grid::after;
use crate::bookings::model::Source;
use crate::bookings::service::BookError;
use crate::bookings::views::{Asked, Choices, Fate, Filter, View};
use crate::contacts::CsvOut;
use crate::http::download::csv_whole;
use crate::http::layout::Layout;
use crate::http::ui::Tab;
use crate::http::{html, run, Frame, PageError};

/// Weeks to choose from.
const PERIODS: [i64; 4] = [4, 13, 26, 52];
const USUAL: i64 = 13;
/// Fewer meetings than this say nothing about a share.
const FEWEST_FOR_PERCENT: u64 = 20;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FiguresQuery {
    weeks: String,
    source: String,
    worker: String,
    host: String,
    event_type: String,
}

#[derive(Template)]
#[template(path = "bookings/figures.html")]
pub(super) struct FiguresPage {
    pub(super) layout: Layout,
    /// "31 August to 29 November".
    pub(super) span: String,
    pub(super) periods: Vec<Tab>,
    /// What the numbers are of, and the address of all; empty when they are of all.
    pub(super) only: String,
    pub(super) all_href: String,
    pub(super) shown_weeks: i64,
    pub(super) choices: Choices,
    pub(super) filter: Filter,
    /// The same numbers as a file.
    pub(super) file: String,
    pub(super) all: Line,
    pub(super) lead: Option<Lead>,
    pub(super) weeks: Vec<Line>,
    pub(super) sources: Vec<Line>,
    pub(super) workers: Vec<Line>,
    pub(super) hosts: Vec<Line>,
    pub(super) events: Vec<Line>,
}

/// The numbers of a week, a source or a worker.
pub(super) struct Line {
    pub(super) name: String,
    /// The same numbers of this alone; empty where there is no such page.
    pub(super) href: String,
    /// Booked, moved, cancelled, no-show, took place.
    pub(super) cells: Vec<Cell>,
    /// "3 days", the median of what was booked; empty of nothing.
    pub(super) lead: String,
    pub(super) booked: u64,
    /// The most that were booked in a line of its table.
    pub(super) most: u64,
}

pub(super) struct Cell {
    pub(super) label: &'static str,
    count: u64,
    pub(super) shown: String,
    pub(super) href: String,
    /// "12 % of 40", where there are enough to say so.
    pub(super) share: String,
}

impl Line {
    fn is_empty(&self) -> bool {
        self.booked == 0
    }
}

impl Cell {
    fn is_none(&self) -> bool {
        self.count == 0
    }
}

pub(super) struct Lead {
    pub(super) median: String,
    /// "1 day", "6 days".
    pub(super) from: String,
    pub(super) to: String,
}

/// GET /calendar/figures?weeks=13&source=&worker=&host=&event_type=
pub(super) async fn figures(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<FiguresQuery>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || read(&app, &actor, &query)).await??;
    html(StatusCode::OK, &FiguresPage { layout: frame.layout("Bookings in numbers"), ..page })
}

/// GET /calendar/figures.csv: the tables of the page, one below the other.
pub(super) async fn csv(app: Data<App>, actor: Actor, query: Query<FiguresQuery>) -> Result<HttpResponse, PageError> {
    let page = run(move || read(&app, &actor, &query)).await??;
    Ok(csv_whole("booking-figures.csv", file(&page)))
}

fn file(page: &FiguresPage) -> Vec<u8> {
    let mut out = CsvOut::with_mark();
    out.row(["By", "Name", "Booked", "Moved", "Cancelled", "No-show", "Took place", "Median lead time"]);
    let tables = [
        ("All", std::slice::from_ref(&page.all)),
        ("Source", &page.sources),
        ("Worker", &page.workers),
        ("Event type", &page.events),
        ("Host", &page.hosts),
        ("Week", &page.weeks),
    ];
    for (by, lines) in tables {
        for line in lines {
            let counts = line.cells.iter().map(|cell| cell.count.to_string());
            let cells: Vec<String> = [by.to_owned(), line.name.clone()].into_iter().chain(counts).collect();
            out.row(cells.iter().map(String::as_str).chain([line.lead.as_str()]));
        }
    }
    out.finish()
}

pub(super) fn read(app: &App, actor: &Actor, query: &FiguresQuery) -> Result<FiguresPage, BookError> {
    let weeks = query.weeks.parse().ok().filter(|weeks| PERIODS.contains(weeks)).unwrap_or(USUAL);
    let filter = Filter {
        source: Source::parse(&query.source),
        worker: query.worker.parse().ok(),
        host: query.host.parse().ok(),
        event_type: query.event_type.parse().ok(),
        fate: None,
    };
    let zone = availability::schedule_of(&app.store, actor.workspace)?.time_zone();
    let today = app.now().in_zone(&zone).date();
    let question = Question {
        from: Some(today.saturating_sub((weeks - 1).weeks())),
        to: Some(today),
        source: filter.source,
        worker: filter.worker,
        host: filter.host,
        event_type: filter.event_type,
    };
    let figures = Figures::read(app, actor, &question)?;
    let until = after(figures.last, 6);
    let own = |filter: Filter, weeks: i64| {
        let asked = Asked { filter, ..Asked::default() };
        asked.address("/calendar/figures", None, &[("weeks", Some(weeks.to_string()))])
    };
    let line = |name: String, href: String, filter: Filter, sums: &Sums, first: Date, last: Date| Line {
        name,
        href,
        cells: cells(sums, filter, first, last),
        lead: quartile(&sums.leads, 2).map(lead_words).unwrap_or_default(),
        booked: sums.booked,
        most: 0,
    };
    let periods = PERIODS.map(|period| Tab {
        href: own(filter, period),
        label: format!("{period} weeks"),
        current: period == weeks,
        ..Tab::default()
    });
    let of = |filter: Filter| own(filter, weeks);
    let of_each =
        |name: &str, only: Filter, sums: &Sums| line(name.to_owned(), of(only), only, sums, figures.first, until);
    let only = [
        filter.source.map(|source| source.words().to_owned()),
        filter.worker.map(|id| {
            let found = figures.by_worker.iter().find(|(worker, ..)| *worker == Some(id));
            found.map_or_else(|| "one worker".to_owned(), |(_, name, _)| name.clone())
        }),
        filter.host.map(|id| name_in(&figures.by_host, id, "one host")),
        filter.event_type.map(|id| name_in(&figures.by_event_type, id, "one event type")),
    ];
    Ok(FiguresPage {
        layout: Layout::default(),
        span: format!("{} to {}", figures.first.strftime("%-d %B %Y"), until.strftime("%-d %B %Y")),
        periods: periods.into(),
        only: only.into_iter().flatten().collect::<Vec<_>>().join(", "),
        all_href: of(Filter::default()),
        shown_weeks: weeks,
        choices: Choices::read(app, actor)?,
        filter,
        file: Asked { filter, ..Asked::default() }.address(
            "/calendar/figures.csv",
            None,
            &[("weeks", Some(weeks.to_string()))],
        ),
        all: line(String::new(), String::new(), filter, &figures.all, figures.first, until),
        lead: lead(&figures.all),
        weeks: table(
            figures
                .weeks
                .iter()
                .rev()
                .map(|(monday, sums)| {
                    let name = format!("{} to {}", monday.strftime("%-d %b"), after(*monday, 6).strftime("%-d %b"));
                    line(name, String::new(), filter, sums, *monday, after(*monday, 6))
                })
                .collect(),
        ),
        sources: table(
            figures
                .by_source
                .iter()
                .map(|(source, sums)| of_each(source.words(), Filter { source: Some(*source), ..filter }, sums))
                .collect(),
        ),
        hosts: table(
            figures
                .by_host
                .iter()
                .map(|(host, name, sums)| of_each(name, Filter { host: Some(*host), ..filter }, sums))
                .collect(),
        ),
        events: table(
            figures
                .by_event_type
                .iter()
                .map(|(event, name, sums)| of_each(name, Filter { event_type: Some(*event), ..filter }, sums))
                .collect(),
        ),
        workers: table(
            figures
                .by_worker
                .iter()
                .map(|(worker, name, sums)| {
                    let mut line = of_each(name, Filter { worker: *worker, ..filter }, sums);
                    if worker.is_none() {
                        // No list is of no worker.
                        line.href.clear();
                        line.cells.iter_mut().for_each(|cell| cell.href.clear());
                    }
                    line
                })
                .collect(),
        ),
    })
}

fn name_in<Id: PartialEq>(all: &[(Id, String, Sums)], id: Id, unknown: &str) -> String {
    let found = all.iter().find(|(known, ..)| *known == id);
    found.map_or_else(|| unknown.to_owned(), |(_, name, _)| name.clone())
}

/// The lines of one table, each knowing the most of them.
fn table(mut lines: Vec<Line>) -> Vec<Line> {
    let most = lines.iter().map(|line| line.booked).max().unwrap_or(0);
    lines.iter_mut().for_each(|line| line.most = most);
    lines
}

fn cells(sums: &Sums, filter: Filter, first: Date, last: Date) -> Vec<Cell> {
    let counts = [
        ("Booked", sums.booked, Fate::EverBooked),
        ("Moved", sums.moved, Fate::Moved),
        ("Cancelled", sums.cancelled, Fate::Cancelled),
        ("No-show", sums.no_show, Fate::NoShow),
        ("Took place", sums.completed, Fate::Completed),
    ];
    let cell = |(label, count, fate): (&'static str, u64, Fate)| {
        let asked = Asked { filter: Filter { fate: Some(fate), ..filter }, ..Asked::default() };
        let span = [("from", Some(first.to_string())), ("to", Some(last.to_string()))];
        let share = match fate {
            Fate::EverBooked => String::new(),
            _ if sums.booked < FEWEST_FOR_PERCENT => format!("of {}", grouped(sums.booked)),
            _ => format!("{} % of {}", (count * 100 + sums.booked / 2) / sums.booked, grouped(sums.booked)),
        };
        Cell { label, count, shown: grouped(count), href: asked.address("/calendar", Some(View::Agenda), &span), share }
    };
    counts.map(cell).into()
}

fn lead(sums: &Sums) -> Option<Lead> {
    let at = |quarters: u64| quartile(&sums.leads, quarters).map(lead_words);
    Some(Lead { median: at(2)?, from: at(1)?, to: at(3)? })
}
