//! A row of the file as a contact, or why it is none.

use std::collections::HashMap;

use super::model::{Column, Refused, Target};
use super::reader::FileRow;
use crate::contacts::service::{clean, Checked, ContactFields, LONGEST_CUSTOM};
use crate::contacts::tags::split_tags;

/// Characters kept of each cell of a refused row.
const KEPT_OF_CELL: usize = 300;

/// Reads the row by the columns' meaning. `tags` come on top of the row's own.
pub(super) fn read(row: &FileRow, columns: &[Column], tags: &[String]) -> Result<Checked, String> {
    if row.cells.len() > columns.len() && row.cells[columns.len()..].iter().any(|cell| !cell.trim().is_empty()) {
        return Err(format!(
            "{} columns, the first row has {}. A value with the delimiter in it needs quotes around it.",
            row.cells.len(),
            columns.len()
        ));
    }
    if let Some(at) = row.cells.iter().position(|cell| cell.contains('\u{FFFD}')) {
        let column = columns.get(at).map_or("a column", |column| column.name.as_str());
        return Err(format!(
            "A letter in “{column}” cannot be read. Choose another encoding, or save the file as UTF-8."
        ));
    }
    let fields = fields_of(row, columns, tags)?;
    if fields.addresses.is_empty() {
        return Err("No e-mail address. Each contact needs one, for example ada@example.com.".to_owned());
    }
    fields.check().map_err(|errors| {
        let all: Vec<&str> = errors.iter().map(|(_, words)| words.as_str()).collect();
        all.join(" ")
    })
}

fn fields_of(row: &FileRow, columns: &[Column], tags: &[String]) -> Result<ContactFields, String> {
    let mut fields = ContactFields { tags: tags.to_vec(), ..ContactFields::default() };
    for (column, cell) in columns.iter().zip(&row.cells) {
        let cell = unguarded(cell.trim());
        if cell.is_empty() {
            continue;
        }
        if cell.chars().count() > LONGEST_CUSTOM {
            return Err(format!("“{}” has more than {LONGEST_CUSTOM} characters. Shorten it.", column.name));
        }
        let text = cell.to_owned();
        match &column.target {
            Target::LeaveOut => {}
            Target::Email => fields.addresses.extend(addresses(cell)),
            Target::FirstName => fields.first_name = text,
            Target::LastName => fields.last_name = text,
            Target::FullName => (fields.first_name, fields.last_name) = split_name(cell),
            Target::Company => fields.company = text,
            Target::JobTitle => fields.job_title = text,
            Target::Phone => fields.phone = text,
            Target::Website => fields.website = text,
            Target::TimeZone => fields.time_zone = text,
            Target::Locale => fields.locale = text,
            Target::Tags => fields.tags.extend(split_tags(cell).into_iter().map(str::to_owned)),
            Target::Custom(key) => {
                fields.custom.insert(key.clone(), text);
            }
        }
    }
    Ok(fields)
}

/// A cell that our own export (or a careful program) guarded against being taken for a formula.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => cell,
    }
}

/// Several addresses in one cell, as address books write them: separated by commas or semicolons, perhaps with a
/// name before and angle brackets around.
fn addresses(cell: &str) -> Vec<String> {
    let bare = |part: &str| {
        let inner = part.rsplit_once('<').map_or(part, |(_, rest)| rest.trim_end().trim_end_matches('>'));
        inner.trim().trim_start_matches("mailto:").to_owned()
    };
    cell.split([',', ';', '\n']).map(bare).filter(|address| !address.is_empty()).collect()
}

/// "Lund, Anna" and "Anna Lund"; the last word is the last name, with what belongs to it ("van der Berg").
fn split_name(cell: &str) -> (String, String) {
    let name = clean(cell);
    if let Some((last, first)) = name.split_once(", ") {
        return (first.to_owned(), last.to_owned());
    }
    let words: Vec<&str> = name.split(' ').collect();
    let is_particle = |word: &&&str| {
        matches!(
            **word,
            "van"
                | "von"
                | "der"
                | "den"
                | "de"
                | "del"
                | "della"
                | "di"
                | "da"
                | "dos"
                | "zu"
                | "ten"
                | "la"
                | "le"
                | "bin"
                | "al"
        )
    };
    let tail = 1 + words.iter().rev().skip(1).take_while(is_particle).count();
    let cut = words.len().saturating_sub(tail).max(1).min(words.len());
    (words[..cut].join(" "), words[cut..].join(" "))
}

pub(super) fn refused(row: &FileRow, reason: String) -> Refused {
    let cells = row.cells.iter().map(|cell| cell.chars().take(KEPT_OF_CELL).collect()).collect();
    Refused { line: row.line, reason, cells }
}

/// Addresses met so far in this file, with the line of each. A keyed hash would be smaller still, but a random seed
/// per run does: the table never leaves the memory.
#[derive(Default)]
pub(super) struct Seen {
    lines: HashMap<u64, u64>,
    hasher: std::hash::RandomState,
}

impl Seen {
    /// Remembers the contact's addresses, unless one was there before: then its line.
    pub fn note(&mut self, contact: &Checked, line: u64) -> Option<u64> {
        use std::hash::BuildHasher;
        let hashes: Vec<u64> =
            contact.addresses.iter().map(|address| self.hasher.hash_one(address.compare())).collect();
        if let Some(before) = hashes.iter().find_map(|hash| self.lines.get(hash)) {
            return Some(*before);
        }
        self.lines.extend(hashes.into_iter().map(|hash| (hash, line)));
        None
    }
}

pub(super) fn twice(line: u64) -> String {
    format!("The address stands in line {line} already. Only the first is imported.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_read_as_address_books_write_them() {
        let names = [
            ("Anna Lund", ("Anna", "Lund")),
            ("Lund, Anna", ("Anna", "Lund")),
            ("Jan van der Berg", ("Jan", "van der Berg")),
            ("Cher", ("Cher", "")),
            ("de", ("de", "")),
            ("  Mary   Ann  Smith ", ("Mary Ann", "Smith")),
        ];
        for (cell, (first, last)) in names {
            assert_eq!(split_name(cell), (first.to_owned(), last.to_owned()), "{cell}");
        }
        assert_eq!(addresses("Anna <a@b.example>; mailto:c@d.example"), ["a@b.example", "c@d.example"]);
        assert_eq!(unguarded("'+44 1632 960471"), "+44 1632 960471");
        assert_eq!(unguarded("'Allo"), "'Allo");
    }
}
