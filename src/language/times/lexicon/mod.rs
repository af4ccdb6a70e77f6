//! Stage 2: what words mean. One data table per language; a spelling may have several senses, and
//! the grammar picks the one that fits.

mod de;
mod en;
mod es;
mod fr;
mod hi;
mod pt;
mod zones;

use std::collections::HashMap;
use std::sync::OnceLock;

use super::token::tokenise;

pub use zones::{named_zone, ZoneName};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    En,
    De,
    Es,
    Fr,
    Pt,
    Hi,
}

/// A named part of the day; `resolve` knows the hours (rule T2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Morning,
    FirstThing,
    Lunch,
    EarlyAfternoon,
    Afternoon,
    LateAfternoon,
    Evening,
    FirstHalf,
    SecondHalf,
    WholeDay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// One meaning of a word or phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// Monday = 1 … Sunday = 7.
    Weekday(i8),
    /// German compounds: "Dienstagnachmittag".
    WeekdayPart(i8, Part),
    /// "Freitagmittag".
    WeekdayNoon(i8),
    Month(i8),
    /// Days from the day of sending: today = 0, tomorrow = 1.
    Day(i32),
    /// "the day after": the one that follows the day just named.
    DayAfter,
    /// "tonight": today, and the part.
    DayPart(i32, Part),
    Part(Part),
    Noon,
    Number(u16),
    Ordinal(u16),
    Unit(Unit),
    /// "half an hour" and the like, in minutes.
    Minutes(u16),

    // Qualifiers of a date.
    Next,
    This,
    Coming,
    Last,
    Every,
    Early,
    Mid,
    /// "late", "end of".
    Late,
    /// "later this week", "rest of the week".
    RestOf,
    NextWeek,
    ThisWeek,
    WeekAfterNext,
    EarlyWeek,
    MidWeek,
    LateWeek,
    Weekend,
    /// Seven days later: "Tuesday week", "martes en ocho".
    PlusWeek,
    /// "any day", "every day" of a span.
    AnyDay,
    AnyTime,

    // Clock words.
    Am,
    Pm,
    /// "o'clock", "Uhr", "h", "heures", "baje".
    HourWord,
    /// English "half eight" = 8:30.
    HalfPast,
    /// German "halb acht" = 7:30.
    HalfTo,
    Quarter,
    /// German "dreiviertel acht" = 7:45.
    ThreeQuarters,
    Past,
    To,
    /// Hindi sadhe/sava/paune before a number: minutes added to the hour.
    Shift(i16),
    /// The same after a number: "y media", "et quart", "menos cuarto".
    Tail(i16),
    /// Hindi dedh (1:30), dhai (2:30).
    Clock(u8, u8),
    EndOfDay,
    SameTime,

    // Small words.
    At,
    On,
    The,
    Of,
    In,
    Around,
    After,
    AfterPost,
    Before,
    BeforePost,
    From,
    Until,
    UntilPost,
    Between,
    Or,
    And,
    Both,
    Onwards,

    // Zones.
    Zone(ZoneName),
    MyTime,
    YourTime,

    // Cues about a whole clause.
    Not,
    Refuse,
    If,
    But,
    Except,
    Rather,
    InsteadOf,
    InsteadOfPost,
    /// Opens a proposal: "could we", "how about".
    Propose,
    /// Words of meeting: "call", "meet", "invite".
    Meet,
    Accept,
    PastCue,
    Deadline,
    OpeningHours,
    Away,
    Habit,
    /// A noun that counts things or names a number: "people", "version", "room".
    Noun,
    /// A word that names the number after it: "room", "version", "invoice".
    Label,
    /// "option", "slot": what an ordinal may choose from.
    Choice,
    /// "move", "verschieben": the day before "to" gives way to the one after.
    Move,
    /// Says "this negation is none": "not a problem", "was thinking".
    Neutral,
    /// "Good morning", "nice weekend": names no time.
    Greeting,
    /// A word that only tells the language.
    Filler,
}

/// A row of a language table: a sense and its spellings, separated by `|`. Spellings are folded
/// and cut into words like any text. A leading `~` marks a spelling that means this only beside a number,
/// another date word or a day part ("sat", "do"); a leading `=` one that means it only in a
/// message of that language ("das" = ten in Hindi).
pub type Row = (Sense, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Open,
    Neighbour,
    Language,
}

#[derive(Debug, Clone)]
pub struct Entry {
    /// The words after the first one.
    pub rest: Vec<String>,
    pub sense: Sense,
    pub lang: Lang,
    pub gate: Gate,
}

/// All entries by their first word; longest phrase first.
pub fn entries(first_word: &str) -> &'static [Entry] {
    static INDEX: OnceLock<HashMap<String, Vec<Entry>>> = OnceLock::new();
    INDEX.get_or_init(build_index).get(first_word).map_or(&[], Vec::as_slice)
}

fn build_index() -> HashMap<String, Vec<Entry>> {
    let tables: [(Lang, &[&[Row]]); 6] = [
        (Lang::En, en::TABLES),
        (Lang::De, de::TABLES),
        (Lang::Es, es::TABLES),
        (Lang::Fr, fr::TABLES),
        (Lang::Pt, pt::TABLES),
        (Lang::Hi, hi::TABLES),
    ];
    let mut index: HashMap<String, Vec<Entry>> = HashMap::new();
    let rows =
        tables.iter().flat_map(|(lang, tables)| tables.iter().flat_map(move |t| t.iter().map(move |r| (*lang, r))));
    for (lang, (sense, spellings)) in rows {
        for spelling in spellings.split('|') {
            insert(&mut index, lang, *sense, spelling);
        }
    }
    for (name, spellings) in zones::SPELLINGS {
        for spelling in spellings.split('|') {
            insert(&mut index, Lang::En, Sense::Zone(*name), spelling);
        }
    }
    for (place, zone) in zones::places() {
        let phrases = [
            (Lang::En, format!("~{place} time")),
            (Lang::Es, format!("~hora de {place}")),
            (Lang::Fr, format!("~heure de {place}")),
            (Lang::Pt, format!("~horario de {place}")),
        ];
        for (lang, spelling) in phrases {
            insert(&mut index, lang, Sense::Zone(zone), &spelling);
        }
    }
    for list in index.values_mut() {
        list.sort_by_key(|entry| std::cmp::Reverse(entry.rest.len()));
    }
    index
}

fn insert(index: &mut HashMap<String, Vec<Entry>>, lang: Lang, sense: Sense, spelling: &str) {
    let gate = match spelling.as_bytes().first() {
        Some(b'~') => Gate::Neighbour,
        Some(b'=') => Gate::Language,
        _ if sense.is_international() => Gate::Open,
        _ => Gate::Language,
    };
    let mut words = tokenise(spelling.trim_start_matches(['~', '='])).into_iter().map(|token| token.text);
    if let Some(first) = words.next() {
        index.entry(first).or_default().push(Entry { rest: words.collect(), sense, lang, gate });
    }
}

impl Sense {
    /// Names of days, hours and zones are understood in every message; small words and cues only
    /// in a message of their language ("was" is past in English and "what" in German).
    fn is_international(self) -> bool {
        use Sense::*;
        matches!(
            self,
            Weekday(_)
                | WeekdayPart(..)
                | WeekdayNoon(_)
                | Month(_)
                | Day(_)
                | DayPart(..)
                | Part(_)
                | Noon
                | Number(_)
                | Ordinal(_)
                | Unit(_)
                | Minutes(_)
                | NextWeek
                | ThisWeek
                | Weekend
                | Am
                | Pm
                | HourWord
                | Zone(_)
                | Noun
                | Label
                | Greeting
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_several_languages_keeps_all_its_senses() {
        let senses: Vec<(Lang, Sense)> = entries("mar").iter().map(|e| (e.lang, e.sense)).collect();
        assert!(senses.contains(&(Lang::En, Sense::Month(3))));
        assert!(senses.contains(&(Lang::Es, Sense::Weekday(2))));
        assert!(entries("qwertz").is_empty());
    }

    #[test]
    fn accents_and_hyphens_of_a_spelling_do_not_matter() {
        let phrase = entries("apres").iter().find(|e| e.sense == Sense::Part(Part::Afternoon));
        assert_eq!(phrase.map(|e| e.rest.clone()), Some(vec!["midi".to_owned()]));
    }
}
