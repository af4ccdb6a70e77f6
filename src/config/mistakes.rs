//! What is wrong with a configuration, where it was written, and the cure.

use std::fmt;
use std::path::PathBuf;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Line and column start at 1; the column counts characters.
    File { path: PathBuf, line: usize, column: usize },
    /// The name of the environment variable.
    Variable(String),
    /// The option as typed, for example `--listen`.
    Option(&'static str),
    /// Nothing was written: the mistake is in what is missing.
    Nowhere,
}

/// One mistake. `message` names the key and the cure, and never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub place: Place,
    pub message: String,
}

/// Every mistake found, in the order of the file, then of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Mistake>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}, line {line}, column {column}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Option(name) => write!(f, "option {name}"),
            Self::Nowhere => f.write_str("configuration"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// The known key that `typed` was most likely meant to be: the same name in another section, or
/// one that differs in up to a third of its letters, three at most. Both are dotted, for example `server.listen`.
pub(super) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |key: &str| key.rsplit_once('.').map_or(key, |(_, name)| name).to_owned();
    known
        .map(|key| {
            let whole = edits(typed, key);
            let name = edits(&last(typed), &last(key));
            (whole.min(name + 1), whole, key)
        })
        .filter(|(edits, _, _)| *edits <= (last(typed).chars().count() / 3).clamp(1, 3) && typed.chars().count() > 2)
        .min()
        .map(|(_, _, key)| key)
}

/// Levenshtein distance: insertions, deletions and replacements that turn `from` into `to`.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_finds_the_one_that_was_meant() {
        let known =
            ["server.listen", "server.workers", "outreach.hard_daily_cap", "allow_loopback_providers", "key.file"];
        let cases = [
            ("server.lisen", Some("server.listen")),
            ("server.hard_daily_cap", Some("outreach.hard_daily_cap")),
            ("hard_daily_cap", Some("outreach.hard_daily_cap")),
            ("allow_loopback_provider", Some("allow_loopback_providers")),
            ("sever.listen", Some("server.listen")),
            ("server.colour", None),
            ("x", None),
            ("foo", None),
            ("kay.fole", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(nearest(typed, known.into_iter()), expected, "{typed}");
        }
    }
}
