//! The layers a configuration is read from: file, environment, command line; later ones win.
//!
//! A section asks for its keys one by one and gives each its default and its limits. What was asked
//! for is what is known, so a key cannot be readable from the file and not from the environment, and
//! whatever is left over at the end is a mistake. Reading never stops at the first one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::mistakes::{nearest, ConfigErrors, Mistake, Place};
use super::Secret;

/// Every setting's variable starts so; the rest is the key in capitals, with `__` for each dot.
const PREFIX: &str = "LAUNCHYARD_";
/// Variables that are no settings: what names the file and the key (see `master_key`), and where scripts note which
/// program they run.
const OTHER_VARIABLES: [&str; 4] =
    ["LAUNCHYARD_CONFIG", "LAUNCHYARD_MASTER_KEY", "LAUNCHYARD_MASTER_KEY_FILE", "LAUNCHYARD_BIN"];
/// Those of tests and measurements.
const OTHER_PREFIXES: [&str; 2] = ["LAUNCHYARD_TEST_", "LAUNCHYARD_BENCH_"];

/// A value as somebody wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Truth(bool),
    List(Vec<Value>),
    /// From a variable or an option, where everything is text: `7`, `true`, `a, b`.
    Bare(String),
    /// A kind of TOML value that no key takes, by its name.
    Other(&'static str),
}

#[derive(Clone, Debug)]
struct Written {
    value: Value,
    place: Place,
}

/// All that was written, by dotted key, with what has been asked for and found wrong so far.
#[derive(Default)]
pub(super) struct Source {
    written: BTreeMap<String, Written>,
    headers: Vec<(String, Place)>,
    known: BTreeSet<String>,
    mistakes: Vec<Mistake>,
}

impl Source {
    /// Adds a file's text. Syntax errors are noted; what could be read of the rest still counts.
    pub fn add_file(&mut self, path: &Path, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let place = |span: Range<usize>| {
            let (line, column) = line_and_column(text, span.start);
            Place::File { path: path.to_owned(), line, column }
        };
        for error in errors {
            let message = format!("this is not valid TOML: {}", error.message());
            self.mistakes.push(Mistake { place: place(error.span().unwrap_or(0..0)), message });
        }
        self.add_table("", table.get_ref(), &place);
    }

    fn add_table(&mut self, prefix: &str, table: &DeTable<'_>, place: &dyn Fn(Range<usize>) -> Place) {
        for (key, value) in table {
            let dotted = format!("{prefix}{}", key.get_ref());
            let at = place(key.span());
            if let DeValue::Table(below) = value.get_ref() {
                self.headers.push((dotted.clone(), at));
                self.add_table(&format!("{dotted}."), below, place);
            } else {
                self.written.insert(dotted, Written { value: from_toml(value.get_ref()), place: at });
            }
        }
    }

    /// Adds the settings among the environment's variables. One that begins as ours do and is none is a mistake: a
    /// mistyped limit must not be taken for one that holds.
    pub fn add_environment(&mut self, env: &BTreeMap<String, String>) {
        for (name, text) in env {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let is_other = OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            if !is_other && !OTHER_VARIABLES.contains(&name.as_str()) {
                let key = rest.replace("__", ".").to_lowercase();
                let place = Place::Variable(name.clone());
                self.written.insert(key, Written { value: Value::Bare(text.clone()), place });
            }
        }
    }

    pub fn add_option(&mut self, option: &'static str, key: &str, text: String) {
        self.written.insert(key.to_owned(), Written { value: Value::Bare(text), place: Place::Option(option) });
    }

    pub fn section<'a>(&'a mut self, name: &'a str) -> Section<'a> {
        Section { name, source: self }
    }

    /// Notes a mistake about `key`, at the place where it was written.
    pub fn mistake(&mut self, key: &str, message: impl fmt::Display) {
        let place = self.written.get(key).map_or(Place::Nowhere, |written| written.place.clone());
        self.mistakes.push(Mistake { place, message: format!("{key} {message}") });
    }

    /// True when `key` was written anywhere, even with its default.
    #[cfg(test)]
    pub fn is_written(&self, key: &str) -> bool {
        self.written.contains_key(key)
    }

    /// All keys that were asked for, dotted.
    #[cfg(test)]
    pub fn known(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// Ends the reading: what nobody asked for is unknown. Ok when there is no mistake at all.
    pub fn finish(mut self) -> Result<(), ConfigErrors> {
        self.note_unknown_keys();
        self.note_unknown_headers();
        if self.mistakes.is_empty() {
            return Ok(());
        }
        self.mistakes.sort();
        self.mistakes.dedup();
        Err(ConfigErrors(self.mistakes))
    }

    fn note_unknown_keys(&mut self) {
        for (key, written) in &self.written {
            if self.known.contains(key) {
                continue;
            }
            let message = match (&written.place, self.meant_by(key, &written.place)) {
                (Place::Variable(_), Some(meant)) => {
                    format!("there is no such setting; did you mean {}?", variable(meant))
                }
                (Place::Variable(_), None) => {
                    "there is no such setting; config.example.toml lists all, with __ for each dot of a key".to_owned()
                }
                (_, Some(meant)) => format!("there is no key {key}; did you mean {meant}?"),
                (_, None) => format!("there is no key {key}; config.example.toml lists all keys"),
            };
            self.mistakes.push(Mistake { place: written.place.clone(), message });
        }
    }

    /// The known key that was most likely meant. A variable without `__` resembles a key outside sections, or is one
    /// written with `_` where `__` belongs (`LAUNCHYARD_SERVER_LISTEN`).
    fn meant_by(&self, key: &str, place: &Place) -> Option<&str> {
        let known = || self.known.iter().map(String::as_str);
        match place {
            Place::Variable(name) if !name.contains("__") => known()
                .find(|known| known.replace('.', "_") == key)
                .or_else(|| nearest(key, known().filter(|known| !known.contains('.')))),
            _ => nearest(key, known()),
        }
    }

    fn note_unknown_headers(&mut self) {
        let sections: BTreeSet<&str> = self.known.iter().flat_map(|key| parents(key)).collect();
        for (header, place) in &self.headers {
            let has_keys = self.written.keys().any(|key| key.starts_with(&format!("{header}.")));
            if sections.contains(header.as_str()) || has_keys {
                continue;
            }
            let meant = match nearest(header, sections.iter().copied()) {
                Some(meant) => format!("did you mean [{meant}]?"),
                None => "config.example.toml lists all sections".to_owned(),
            };
            let message = format!("there is no section [{header}]; {meant}");
            self.mistakes.push(Mistake { place: place.clone(), message });
        }
    }
}

/// One section while it is read. Each method asks for one key and answers its value or the default;
/// a value that does not fit is noted and the default stands in for it.
pub(super) struct Section<'a> {
    name: &'a str,
    source: &'a mut Source,
}

impl Section<'_> {
    /// The dotted name of a key of this section.
    pub fn dotted(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    pub fn mistake(&mut self, key: &str, message: impl fmt::Display) {
        let dotted = self.dotted(key);
        self.source.mistake(&dotted, message);
    }

    /// The general form: `read` answers None when the value is not what `must_be` says.
    pub fn value<T>(&mut self, key: &str, default: T, must_be: &str, read: impl Fn(&Value) -> Option<T>) -> T {
        match self.written(key) {
            None => default,
            Some(value) => read(&value).unwrap_or_else(|| {
                self.mistake(key, format_args!("must be {must_be}, is {value}"));
                default
            }),
        }
    }

    pub fn number(&mut self, key: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let must_be = format!("{} to {}", range.start(), range.end());
        self.value(key, default, &must_be, |value| value.number().filter(|number| range.contains(number)))
    }

    /// A length in whole seconds; the key says so in its name.
    pub fn seconds(&mut self, key: &str, default: u32, range: RangeInclusive<u32>) -> Duration {
        Duration::from_secs(u64::from(self.number(key, default, range)))
    }

    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        self.value(key, default, "true or false", Value::truth)
    }

    pub fn text(&mut self, key: &str, default: &str) -> String {
        self.value(key, default.to_owned(), "text in quotes", |value| value.text().map(str::to_owned))
    }

    /// Text that may be missing; empty text counts as missing.
    pub fn optional(&mut self, key: &str) -> Option<String> {
        Some(self.text(key, "")).filter(|text| !text.is_empty())
    }

    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.optional(key).map(PathBuf::from)
    }

    /// Like `optional`, but a mistake does not show what was written.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        let value = self.written(key)?;
        match value.text() {
            Some(text) => Some(Secret::new(text.to_owned())).filter(|secret| !secret.expose().is_empty()),
            None => {
                self.mistake(key, "must be text in quotes");
                None
            }
        }
    }

    /// A value with a text form of its own, for example an address.
    pub fn parsed<T: FromStr>(&mut self, key: &str, default: T, must_be: &str) -> T {
        self.value(key, default, must_be, |value| value.text()?.parse().ok())
    }

    /// Like `parsed`; missing and empty are None.
    pub fn optional_parsed<T: FromStr>(&mut self, key: &str, must_be: &str) -> Option<T> {
        self.value(key, None, must_be, |value| match value.text()? {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        })
    }

    /// A list; in a variable its items are divided by commas.
    pub fn list<T: FromStr>(&mut self, key: &str, default: Vec<T>, must_be: &str) -> Vec<T> {
        self.value(key, default, must_be, |value| {
            value.items()?.iter().map(|item| item.text()?.parse().ok()).collect::<Option<Vec<T>>>()
        })
    }

    fn written(&mut self, key: &str) -> Option<Value> {
        let dotted = self.dotted(key);
        let written = self.source.written.get(&dotted).map(|written| written.value.clone());
        self.source.known.insert(dotted);
        written
    }
}

impl Value {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Bare(text) => Some(text.trim()),
            _ => None,
        }
    }

    fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => u32::try_from(*number).ok(),
            Self::Bare(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            Self::Bare(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::List(items) => Some(items.clone()),
            Self::Bare(text) => {
                let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
                let unquoted = inner.split(',').map(|item| item.trim().trim_matches('"'));
                Some(unquoted.filter(|item| !item.is_empty()).map(|item| Self::Bare(item.to_owned())).collect())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bare(text) if text.is_empty() => f.write_str("empty"),
            Self::Bare(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Other(kind) => write!(f, "a {kind}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

fn from_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        // A number too large for any key stays a number that fits none.
        DeValue::Integer(number) => {
            Value::Number(i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX))
        }
        DeValue::Array(items) => Value::List(items.iter().map(|item| from_toml(item.get_ref())).collect()),
        other => Value::Other(other.type_str()),
    }
}

/// The variable that sets `key`: `server.listen` is `LAUNCHYARD_SERVER__LISTEN`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// The sections around a dotted key, outermost first.
fn parents(key: &str) -> impl Iterator<Item = &str> {
    key.match_indices('.').map(|(dot, _)| &key[..dot])
}

/// Both count from 1; the column counts characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
