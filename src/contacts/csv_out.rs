//! CSV for people who open it in a spreadsheet.

/// Rows as CSV (RFC 4180) in UTF-8 with a byte order mark, without which Excel reads it as something else.
pub struct CsvOut {
    csv: csv::Writer<Vec<u8>>,
}

impl CsvOut {
    pub fn new() -> Self {
        let mut csv = Self::without_mark();
        csv.csv = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
        csv
    }

    /// For a later piece of the same file.
    pub fn without_mark() -> Self {
        Self { csv: csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()) }
    }

    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        // Writing into memory does not fail, and rows may have any length.
        let _ = self.csv.write_record(cells.into_iter().map(guarded));
    }

    pub fn finish(self) -> Vec<u8> {
        self.csv.into_inner().unwrap_or_default()
    }
}

impl Default for CsvOut {
    fn default() -> Self {
        Self::new()
    }
}

/// A spreadsheet takes a cell that begins so for a formula, and formulas may call out (OWASP, CSV injection). An
/// apostrophe in front makes it text.
pub(super) fn guarded(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        let mut out = CsvOut::new();
        out.row(["=HYPERLINK(\"http://evil.example\")", "+44", "-1", "@SUM(A1)", "\tx", "\rx", "Ada, née Byron"]);
        let text = String::from_utf8(out.finish()).unwrap();
        assert_eq!(
            text,
            "\u{feff}\"'=HYPERLINK(\"\"http://evil.example\"\")\",'+44,'-1,'@SUM(A1),'\tx,\"'\rx\",\"Ada, née Byron\"\n"
        );
    }
}
