//! The file as rows of text: bytes, decoded piece by piece, cut by the CSV rules (RFC 4180, and what programs make
//! of them). Holds one piece of the file in memory, however long it is.

use std::collections::VecDeque;
use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding};

use super::sniff::said_delimiter;

/// Columns that a row may have.
pub(super) const MAX_COLUMNS: usize = 200;
/// Bytes of one row; a quote that is never closed would swallow the rest of the file.
const MAX_ROW_BYTES: usize = 256 * 1024;
/// Bytes read and decoded at once.
const PIECE: usize = 16 * 1024;

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileRow {
    /// On which it begins, from 1.
    pub line: u64,
    pub cells: Vec<String>,
}

/// Why a file cannot be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("The file is empty. Choose a CSV file with a row for each contact.")]
    Empty,
    #[error("Line {line}: a quote is opened and never closed. Close it, or take it away, and upload the file again.")]
    OpenQuote { line: u64 },
    #[error("Line {line}: a row is longer than 256 kB. Look for a quote that is opened and not closed before it.")]
    LongRow { line: u64 },
    #[error("Line {line}: {columns} columns. A file may have {MAX_COLUMNS}: take out those that you do not need.")]
    ManyColumns { line: u64, columns: usize },
    /// The line is longer than what was looked at of the file.
    #[error(
        "Line {line}: many more than {MAX_COLUMNS} columns. A file may have {MAX_COLUMNS}: take out those that you do \
         not need."
    )]
    VeryManyColumns { line: u64 },
    #[error("The file has more than {limit} rows. Cut it into several files.")]
    ManyRows { limit: u64 },
    #[error("Line {line}: this is no text. Save the table as CSV (in Excel: Save as, CSV UTF-8) and upload that.")]
    NotText { line: u64 },
    #[error("The file could not be read: {0}. Upload it again.")]
    Io(String),
}

/// Rows of a file, one after the other.
pub(super) struct RowReader<R> {
    csv: csv::Reader<Watched<Decoded<R>>>,
    record: csv::StringRecord,
    ended: bool,
}

impl<R: Read> RowReader<R> {
    pub fn new(bytes: R, encoding: &'static Encoding, delimiter: u8) -> Self {
        let decoded = Decoded::new(bytes, encoding);
        let csv = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(PIECE)
            .from_reader(Watched::new(decoded, delimiter));
        Self { csv, record: csv::StringRecord::new(), ended: false }
    }

    /// The next row that is not blank; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<FileRow>, Unreadable> {
        while !self.ended {
            match self.csv.read_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    return self.check_end();
                }
                Err(error) => return Err(self.explain(&error)),
            }
            // The reader's own position stands before the blank lines that it skips.
            let line = self.csv.get_mut().begun.pop_front().unwrap_or_else(|| self.csv.position().line());
            if self.record.len() > MAX_COLUMNS {
                return Err(Unreadable::ManyColumns { line, columns: self.record.len() });
            }
            let is_said = line == 1 && said_delimiter(&self.record.iter().collect::<Vec<_>>().join(",")).is_some();
            if is_said || self.record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if self.record.iter().any(|cell| cell.contains('\0')) {
                return Err(Unreadable::NotText { line });
            }
            return Ok(Some(FileRow { line, cells: self.record.iter().map(str::to_owned).collect() }));
        }
        Ok(None)
    }

    fn check_end(&self) -> Result<Option<FileRow>, Unreadable> {
        let quotes = &self.csv.get_ref().quotes;
        if quotes.is_open {
            return Err(Unreadable::OpenQuote { line: quotes.opened_on });
        }
        Ok(None)
    }

    fn explain(&self, error: &csv::Error) -> Unreadable {
        let watched = self.csv.get_ref();
        let line = watched.begun.front().copied().unwrap_or(watched.quotes.line);
        match error.kind() {
            csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                let line = if watched.quotes.is_open { watched.quotes.opened_on } else { line };
                Unreadable::LongRow { line }
            }
            csv::ErrorKind::Io(cause) => Unreadable::Io(cause.to_string()),
            _ => Unreadable::NotText { line },
        }
    }
}

/// Bytes of any encoding as UTF-8. What cannot be decoded becomes U+FFFD, and the row that holds it is refused.
struct Decoded<R> {
    bytes: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Bytes of `raw` that were read and not decoded.
    from: usize,
    to: usize,
    at_end: bool,
    done: bool,
}

impl<R: Read> Decoded<R> {
    fn new(bytes: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { bytes, decoder, raw: vec![0; PIECE], from: 0, to: 0, at_end: false, done: false }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.done {
            if self.from == self.to && !self.at_end {
                (self.from, self.to) = (0, self.bytes.read(&mut self.raw)?);
                self.at_end = self.to == 0;
            }
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.raw[self.from..self.to], out, self.at_end);
            self.from += read;
            self.done = self.at_end && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

/// Watches quotes and line ends as they come by: a file that ends inside a cell is one last long row by the CSV
/// rules, and a row's line is wanted as an editor shows it.
struct Watched<R> {
    inner: R,
    delimiter: u8,
    quotes: QuoteState,
    row_bytes: usize,
    /// Lines on which rows begin that were not handed out yet.
    begun: VecDeque<u64>,
}

struct QuoteState {
    is_open: bool,
    opened_on: u64,
    line: u64,
    at_cell_start: bool,
    between_rows: bool,
    after_cr: bool,
}

impl<R> Watched<R> {
    fn new(inner: R, delimiter: u8) -> Self {
        let quotes = QuoteState {
            is_open: false,
            opened_on: 1,
            line: 1,
            at_cell_start: true,
            between_rows: true,
            after_cr: false,
        };
        Self { inner, delimiter, quotes, row_bytes: 0, begun: VecDeque::new() }
    }

    fn watch(&mut self, byte: u8) {
        let state = &mut self.quotes;
        self.row_bytes += 1;
        if state.after_cr && byte != b'\n' {
            state.line += 1;
        }
        state.after_cr = byte == b'\r';
        let ends_line = byte == b'\n' || byte == b'\r';
        if !state.is_open && ends_line {
            state.between_rows = true;
            self.row_bytes = 0;
        } else if state.between_rows {
            state.between_rows = false;
            self.begun.push_back(state.line);
        }
        match byte {
            // A doubled quote closes the cell and opens it again.
            b'"' if state.is_open => {
                state.is_open = false;
                state.at_cell_start = true;
                return;
            }
            b'"' if state.at_cell_start => {
                state.is_open = true;
                state.opened_on = state.line;
            }
            b'\n' => state.line += 1,
            _ => {}
        }
        state.at_cell_start = byte == self.delimiter || ends_line;
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        for byte in &out[..count] {
            self.watch(*byte);
        }
        if self.row_bytes > MAX_ROW_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row is too long"));
        }
        Ok(count)
    }
}
