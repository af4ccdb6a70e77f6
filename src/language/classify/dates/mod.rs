//! Days named in a notice of absence or a deferral: "back on 18 May", "im Herbst", "in two weeks".
//!
//! Meeting times are the time reader's matter; here only the day counts, and vague words count
//! too. A day that has passed in the year of sending is taken to be next year's.

mod exact;
mod vague;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::lexicon::Lexicon;
use super::reading::Reading;
use super::tokens::Token;
use exact::days;

/// Where days are counted from, and whether `3/4` is the third of April or the fourth of March.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    pub sent: Date,
    pub month_first: bool,
}

/// The day of return a notice of absence names: the last day after "until", "back" and the like,
/// else the last day in it. Never before the day of sending.
pub(super) fn return_date(reading: &Reading<'_>, lexicon: &Lexicon, calendar: Calendar) -> Option<Date> {
    let cue = lexicon.bit("RETURN").unwrap_or(0) | lexicon.bit("UNTIL").unwrap_or(0);
    let mut after_cue = None;
    let mut any = None;
    for sentence in reading.human() {
        for (at, day) in days(sentence, calendar) {
            let before = &sentence.concepts[at.saturating_sub(4)..at];
            if before.iter().any(|set| set & cue != 0) {
                after_cue = after_cue.max(Some(day));
            }
            any = any.max(Some(day));
        }
    }
    after_cue.or(any).filter(|day| *day >= calendar.sent)
}

/// The day on which a deferral may be taken up again: a working day, after the day of sending. "Flat out until
/// Christmas, try me again in March" means March: a day to come back on counts before any other, and the end of what
/// keeps the writer busy only where no other day is named.
pub(super) fn follow_up(reading: &Reading<'_>, calendar: Calendar) -> Option<Date> {
    let mut named: Vec<(Bound, bool, Date)> = Vec::new();
    for sentence in reading.human() {
        let vague = vague::days(&sentence.tokens, calendar.sent).into_iter().map(|(at, day)| (at, false, day));
        let exact = days(sentence, calendar).into_iter().map(|(at, day)| (at, true, day));
        named.extend(vague.chain(exact).map(|(at, is_exact, day)| (bound(&sentence.tokens, at), is_exact, day)));
    }
    let ahead = named.into_iter().map(|(bound, is_exact, day)| (bound, is_exact, working_day(day)));
    let chosen = ahead.filter(|(.., day)| *day > calendar.sent).min_by_key(|(bound, is_exact, _)| (*bound, *is_exact));
    chosen.map(|(.., day)| day)
}

/// What a named day is to the deferral, the most telling first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    /// "Again in March": the day to come back on.
    Again,
    Plain,
    /// "Until Christmas": when that which keeps them busy ends.
    End,
}

fn bound(tokens: &[Token], at: usize) -> Bound {
    const ENDS: &[&str] = &["until", "till", "til", "through", "bis", "hasta", "jusqu", "jusque", "ate", "तक"];
    const AGAIN: &[&str] = &[
        "again",
        "back",
        "try",
        "retry",
        "ping",
        "nudge",
        "remind",
        "revisit",
        "wieder",
        "nochmal",
        "nochmals",
        "erneut",
        "nuevo",
        "vuelva",
        "vuelvan",
        "retome",
        "retomamos",
        "nouveau",
        "reviens",
        "revenez",
        "recontactez",
        "relancez",
        "rappelez",
        "novamente",
        "novo",
        "volte",
        "retomar",
        "phir",
        "fir",
        "dobara",
        "फिर",
        "दोबारा",
    ];
    let says = |from: usize, to: usize, list: &[&str]| {
        tokens[from..to.min(tokens.len())].iter().any(|token| list.contains(&token.folded.as_str()))
    };
    // Hindi says "until" after the day: "10 tareekh tak".
    let ends_after = says(at + 1, (at + 3).max(at + 1), &["tak", "तक"]);
    if says(at.saturating_sub(3), at, ENDS) || (at + 1 < tokens.len() && ends_after) {
        Bound::End
    } else if says(at.saturating_sub(5), at + 4, AGAIN) {
        Bound::Again
    } else {
        Bound::Plain
    }
}

/// Saturday and Sunday become Monday.
fn working_day(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => plus(day, 2.days()),
        Weekday::Sunday => plus(day, 1.day()),
        _ => day,
    }
}

fn plus(day: Date, span: Span) -> Date {
    day.saturating_add(span)
}
