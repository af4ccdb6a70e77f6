//! Charts as SVG made by the server: bars per day, a funnel, bars and columns that are links, a sparkline.
//!
//! Sizes that depend on data are attributes, so the strict policy needs no exception. Each chart has
//! a sentence that says the answer (`aria-label`) and, but for the sparkline, a table of the same
//! numbers under "Show numbers". Bars begin at zero; today is in full colour, days before are lighter.
//! All implement `Display` as finished HTML: in a template write `{{ chart }}` with no filter.

use std::fmt;

use askama::filters::{escape, Html, HtmlSafe};

/// Width and height of the drawing in its own units; the style sheet stretches it to its box.
const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 72.0;
/// Share of a day's column that its bar fills.
const BAR_FILL: f64 = 0.75;
/// Below this many cases a share would claim more than is known, so only counts are shown.
const FEWEST_FOR_PERCENT: u64 = 20;

/// One bar: its label ("Thu 19 Nov") and count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub label: String,
    pub count: u64,
}

/// Counts per day, oldest first, the last one being today.
#[derive(Clone, Debug)]
pub struct BarChart {
    /// What is counted, as a heading of the table: "Mails sent".
    pub title: String,
    /// The answer in one sentence: "Between 38 and 74 on working days, none at weekends".
    pub sentence: String,
    pub bars: Vec<Bar>,
    /// Today is the first, of days to come; else the last, of days that were.
    pub is_ahead: bool,
}

/// How many came as far as each step. Shares are of `base`, the index of the step that counts as all.
#[derive(Clone, Debug)]
pub struct Funnel {
    pub steps: Vec<Bar>,
    pub base: usize,
    /// The list behind each step; empty where there are none.
    pub hrefs: Vec<String>,
}

/// Counts below each other, each a link to the list of what it counts.
#[derive(Clone, Debug, Default)]
pub struct LinkedBars {
    pub bars: Vec<(Bar, String)>,
    /// What shares are of; none where they would say nothing.
    pub base: Option<u64>,
}

/// A part of a whole in each of a row of periods, oldest first; each column leads to its period. The same numbers stand
/// in a table beside it.
#[derive(Clone, Debug, Default)]
pub struct PartColumns {
    /// What the whole and the part are: "Written to", "Replied".
    pub title: [&'static str; 2],
    pub columns: Vec<PartColumn>,
}

#[derive(Clone, Debug)]
pub struct PartColumn {
    pub label: String,
    pub href: String,
    pub whole: u64,
    pub part: u64,
}

/// A line without axes, beside a figure.
#[derive(Clone, Debug)]
pub struct Sparkline {
    pub sentence: String,
    pub values: Vec<u64>,
}

impl fmt::Display for BarChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.bars.iter().map(|bar| bar.count).max().unwrap_or(0);
        let column = WIDTH / self.bars.len().max(1) as f64;
        let today = if self.is_ahead { 0 } else { self.bars.len().saturating_sub(1) };
        write!(
            f,
            r#"<figure class="figure"><svg class="chart chart-s" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{}: {}"><path class="grid" d="M0 {HEIGHT}H{WIDTH}"/>"#,
            Text(&self.title),
            Text(&self.sentence),
        )?;
        for (index, bar) in self.bars.iter().enumerate().filter(|(_, bar)| bar.count > 0) {
            let height = scaled(bar.count, most).max(1.5);
            write!(
                f,
                r#"<rect class="{}" x="{:.1}" y="{:.1}" width="{:.1}" height="{height:.1}"/>"#,
                if index == today { "s1" } else { "s2" },
                column * (index as f64 + (1.0 - BAR_FILL) / 2.0),
                HEIGHT - height,
                column * BAR_FILL,
            )?;
        }
        f.write_str("</svg>")?;
        if let (Some(first), Some(last)) = (self.bars.first(), self.bars.last()) {
            let (from, until) = (Text(&first.label), Text(&last.label));
            let words = [format!("{from}"), format!("Today {}, most {most}", last.count)];
            let ahead = [format!("Today {}, most {most}", first.count), format!("{until}")];
            let [from, until] = if self.is_ahead { ahead } else { words };
            write!(f, r#"<p class="chart-ends"><span>{from}</span><span>{until}</span></p>"#)?;
        }
        write_numbers(f, ["Day", &self.title], &self.bars)?;
        f.write_str("</figure>")
    }
}

impl fmt::Display for Funnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.steps.iter().map(|step| step.count).max().unwrap_or(0);
        let base = self.steps.get(self.base).map_or(0, |step| step.count);
        f.write_str(r#"<ol class="funnel">"#)?;
        for (index, step) in self.steps.iter().enumerate() {
            let width = if most == 0 { 0.0 } else { step.count as f64 * 100.0 / most as f64 };
            let share = if index > self.base { share_words(step.count, base) } else { String::new() };
            write!(
                f,
                r#"<li><span>{}</span><svg class="meter" aria-hidden="true"><rect class="{}" width="{width:.1}%" height="100%"/></svg><b>"#,
                Text(&step.label),
                if index > self.base { "s1" } else { "m-2" },
            )?;
            match self.hrefs.get(index) {
                Some(href) => write!(f, r#"<a href="{}">{}</a>"#, Text(href), grouped(step.count))?,
                None => f.write_str(&grouped(step.count))?,
            }
            write!(f, r#"</b><span class="pc">{share}</span></li>"#)?;
        }
        f.write_str("</ol>")
    }
}

impl fmt::Display for LinkedBars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.bars.iter().map(|(bar, _)| bar.count).max().unwrap_or(0);
        f.write_str(r#"<ol class="funnel">"#)?;
        for (bar, href) in &self.bars {
            let width = if most == 0 { 0.0 } else { bar.count as f64 * 100.0 / most as f64 };
            let share = self.base.map(|base| share_words(bar.count, base)).unwrap_or_default();
            write!(
                f,
                r#"<li><span>{}</span><svg class="meter" aria-hidden="true"><rect class="s1" width="{width:.1}%" height="100%"/></svg><b><a href="{}">{}</a></b><span class="pc">{share}</span></li>"#,
                Text(&bar.label),
                Text(href),
                grouped(bar.count),
            )?;
        }
        f.write_str("</ol>")
    }
}

impl fmt::Display for PartColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.columns.iter().map(|column| column.whole).max().unwrap_or(0);
        let width = WIDTH / self.columns.len().max(1) as f64;
        let [whole, part] = self.title.map(Text);
        write!(
            f,
            r#"<figure class="figure"><svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none" role="group" aria-label="{whole}, {part}"><path class="grid" d="M0 {HEIGHT}H{WIDTH}"/>"#,
        )?;
        for (index, column) in self.columns.iter().enumerate() {
            let label = Text(&column.label);
            let (all, some) = (grouped(column.whole), grouped(column.part));
            write!(f, r#"<a href="{}" aria-label="{label}: {whole} {all}, {part} {some}">"#, Text(&column.href))?;
            write!(f, "<title>{label}: {all}, {some}</title>")?;
            let x = width * (index as f64 + (1.0 - BAR_FILL) / 2.0);
            for (class, count) in [("s2", column.whole), ("s1", column.part)].into_iter().filter(|(_, n)| *n > 0) {
                let height = scaled(count, most).max(1.5);
                let (y, width) = (HEIGHT - height, width * BAR_FILL);
                write!(f, r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#)?;
            }
            f.write_str("</a>")?;
        }
        f.write_str("</svg>")?;
        if let (Some(first), Some(last)) = (self.columns.first(), self.columns.last()) {
            write!(
                f,
                r#"<p class="chart-ends"><span>{}</span><span>{}</span></p>"#,
                Text(&first.label),
                Text(&last.label)
            )?;
        }
        f.write_str("</figure>")
    }
}

impl fmt::Display for Sparkline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.values.iter().copied().max().unwrap_or(0);
        let step = WIDTH / self.values.len().saturating_sub(1).max(1) as f64;
        write!(
            f,
            r#"<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{}"><path class="p1" d="M"#,
            Text(&self.sentence),
        )?;
        for (index, value) in self.values.iter().enumerate() {
            write!(
                f,
                "{}{:.1} {:.1}",
                if index == 0 { "" } else { " " },
                step * index as f64,
                HEIGHT - scaled(*value, most)
            )?;
        }
        if self.values.is_empty() {
            write!(f, "0 {HEIGHT}H{WIDTH}")?;
        }
        f.write_str(r#""/></svg>"#)
    }
}

// What these write is finished HTML: every text in it went through `Text`.
impl HtmlSafe for BarChart {}
impl HtmlSafe for Funnel {}
impl HtmlSafe for LinkedBars {}
impl HtmlSafe for PartColumns {}
impl HtmlSafe for Sparkline {}

/// Text inside an element or a quoted attribute.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match escape(self.0, Html) {
            Ok(escaped) => escaped.fmt(f),
            Err(never) => match never {},
        }
    }
}

/// The same numbers as a table, closed until asked for.
fn write_numbers(f: &mut fmt::Formatter<'_>, heads: [&str; 2], bars: &[Bar]) -> fmt::Result {
    let [label, count] = heads.map(Text);
    write!(
        f,
        r#"<details class="numbers"><summary>Show numbers</summary><table><caption class="vh">{count}</caption><thead><tr><th scope="col">{label}</th><th scope="col" class="num">{count}</th></tr></thead><tbody>"#
    )?;
    for bar in bars {
        let (label, count) = (Text(&bar.label), grouped(bar.count));
        write!(f, r#"<tr><th scope="row">{label}</th><td class="num">{count}</td></tr>"#)?;
    }
    f.write_str("</tbody></table></details>")
}

fn scaled(count: u64, most: u64) -> f64 {
    if most == 0 {
        return 0.0;
    }
    count as f64 * HEIGHT / most as f64
}

pub use crate::base::grouped;

/// "of 317 · 9.8 %", which follows the count; "of 15" where that is too few to speak of shares.
fn share_words(count: u64, base: u64) -> String {
    match (base, share(count, base)) {
        (0, _) => String::new(),
        (_, share) if share.is_empty() => format!("of {}", grouped(base)),
        (_, share) => format!("of {} · {share}", grouped(base)),
    }
}

/// "9.8 %" of `base`, or nothing when the base is too small to speak of shares.
fn share(count: u64, base: u64) -> String {
    if base < FEWEST_FOR_PERCENT {
        return String::new();
    }
    let percent = count as f64 * 100.0 / base as f64;
    if percent >= 10.0 || count == 0 {
        format!("{percent:.0}\u{a0}%")
    } else {
        format!("{percent:.1}\u{a0}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(counts: &[(&str, u64)]) -> Vec<Bar> {
        counts.iter().map(|(label, count)| Bar { label: (*label).to_owned(), count: *count }).collect()
    }

    #[test]
    fn a_bar_chart_begins_at_zero_and_gives_its_numbers_as_a_table() {
        let html = BarChart {
            title: "Mails sent".to_owned(),
            sentence: "Most on Thursday".to_owned(),
            bars: bars(&[("Tue 17 Nov", 0), ("Wed 18 Nov", 37), ("Thu 19 Nov", 1_074)]),
            is_ahead: false,
        }
        .to_string();
        assert_eq!(html.matches("<rect").count(), 2, "a day without mails has no bar: {html}");
        assert!(html.contains(r#"class="s1" x="198.3" y="0.0" width="70.0" height="72.0""#), "{html}");
        assert!(html.contains(r#"aria-label="Mails sent: Most on Thursday""#), "{html}");
        assert!(html.contains(r#"<th scope="row">Thu 19 Nov</th><td class="num">1,074</td>"#), "{html}");
    }

    #[test]
    fn a_chart_of_days_to_come_says_what_is_today_at_its_beginning() {
        let days = bars(&[("Tue 1 Dec", 4), ("Wed 2 Dec", 9), ("Thu 3 Dec", 0)]);
        let html = BarChart { title: "Mails".into(), sentence: "13".into(), bars: days, is_ahead: true }.to_string();
        assert!(html.contains("<span>Today 4, most 9</span><span>Thu 3 Dec</span>"), "{html}");
        assert!(html.contains(r#"class="s1" x="11.7""#), "today is in full colour: {html}");
    }

    #[test]
    fn shares_are_of_the_people_written_to_in_words_and_without_percent_below_twenty() {
        let cases = [
            (1317, 129, "of 1,317 · 9.8\u{a0}%"),
            (317, 244, "of 317 · 77\u{a0}%"),
            (19, 9, "of 19"),
            (20, 0, "of 20 · 0\u{a0}%"),
            (0, 0, ""),
        ];
        for (written, replied, expected) in cases {
            let html =
                Funnel { steps: bars(&[("Written to", written), ("Replied", replied)]), base: 0, hrefs: Vec::new() }
                    .to_string();
            let last = html.rsplit(r#"<span class="pc">"#).next().unwrap();
            assert_eq!(last, format!("{expected}</span></li></ol>"), "{replied} of {written}");
        }
    }

    #[test]
    fn charts_of_nothing_are_drawn_empty() {
        let charts = [
            BarChart { title: String::new(), sentence: String::new(), bars: Vec::new(), is_ahead: false }.to_string(),
            Funnel { steps: bars(&[("Leads", 0)]), base: 4, hrefs: Vec::new() }.to_string(),
            LinkedBars { bars: vec![(bars(&[("Leads", 0)]).remove(0), String::new())], base: Some(0) }.to_string(),
            PartColumns::default().to_string(),
            Sparkline { sentence: String::new(), values: Vec::new() }.to_string(),
            Sparkline { sentence: String::new(), values: vec![0] }.to_string(),
        ];
        for html in charts {
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
        }
    }

    #[test]
    fn names_that_people_typed_cannot_break_out_of_the_drawing() {
        let typed = r#""><script>"#;
        let html = [
            BarChart {
                title: typed.to_owned(),
                sentence: typed.to_owned(),
                bars: bars(&[(typed, 1)]),
                is_ahead: false,
            }
            .to_string(),
            Funnel { steps: bars(&[(typed, 1)]), base: 0, hrefs: vec![typed.to_owned()] }.to_string(),
            LinkedBars { bars: vec![(bars(&[(typed, 1)]).remove(0), typed.to_owned())], base: Some(9) }.to_string(),
            PartColumns {
                title: ["Written to", "Replied"],
                columns: vec![PartColumn { label: typed.to_owned(), href: typed.to_owned(), whole: 2, part: 1 }],
            }
            .to_string(),
            Sparkline { sentence: typed.to_owned(), values: vec![1, 2] }.to_string(),
        ]
        .concat();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("style="), "{html}");
    }
}
