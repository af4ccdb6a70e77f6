//! What kind of file it is: encoding, delimiter, whether the first row names the columns.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, UTF_8};

use crate::base::EmailAddress;

/// Delimiters in use, the likelier first.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows looked at to find the delimiter.
const ROWS: usize = 30;

/// Finds the encoding from the bytes as they come by.
pub(super) struct EncodingFinder {
    detector: EncodingDetector,
    begun: bool,
    by_mark: Option<&'static Encoding>,
    /// Zero bytes at even and at odd places of the first bytes.
    zeros: [usize; 2],
    looked_at: usize,
}

impl EncodingFinder {
    pub fn new() -> Self {
        let detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        Self { detector, begun: false, by_mark: None, zeros: [0; 2], looked_at: 0 }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        // An upload begins with nothing: what the file begins with is still to come.
        if bytes.is_empty() {
            return;
        }
        if !self.begun {
            self.begun = true;
            self.by_mark = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
            for (at, byte) in bytes.iter().take(4096).enumerate() {
                self.zeros[at % 2] += usize::from(*byte == 0);
                self.looked_at += 1;
            }
        }
        self.detector.feed(bytes, false);
    }

    /// A byte order mark decides; then a text of which every other byte is zero is UTF-16; then the letters.
    pub fn finish(mut self) -> &'static Encoding {
        self.detector.feed(&[], true);
        let many = self.looked_at / 5;
        match (self.by_mark, self.zeros) {
            (Some(encoding), _) => encoding,
            (None, [even, odd]) if odd > many && even * 4 < odd => UTF_16LE,
            (None, [even, odd]) if even > many && odd * 4 < even => UTF_16BE,
            _ => match self.detector.guess(None, Utf8Detection::Allow) {
                // Pure ASCII is guessed as a legacy encoding; as UTF-8 it means the same.
                encoding if encoding.is_single_byte() && self.looked_at == 0 => UTF_8,
                encoding => encoding,
            },
        }
    }
}

/// The delimiter of the text's first rows: the one that cuts most rows into the same number of cells, and into the
/// most. `,` where there is only one column. `sep=;` on the first line (Excel) says it outright.
pub(super) fn find_delimiter(text: &str) -> u8 {
    if let Some(said) = said_delimiter(text) {
        return said;
    }
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let score = score(text, delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// `sep=;` as the whole first line.
pub(super) fn said_delimiter(text: &str) -> Option<u8> {
    let first = text.lines().next()?;
    let said = first.trim_start_matches('\u{feff}').trim().trim_matches('"').to_ascii_lowercase();
    match said.strip_prefix("sep=")?.as_bytes() {
        [delimiter] => Some(*delimiter),
        [] if first.contains('\t') => Some(b'\t'),
        _ => None,
    }
}

fn score(text: &str, delimiter: u8) -> usize {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let widths: Vec<usize> = reader.records().take(ROWS).map_while(Result::ok).map(|row| row.len()).collect();
    let Some(first) = widths.first().copied().filter(|first| *first > 1) else { return 0 };
    let same = widths.iter().filter(|width| **width == first).count();
    same * 1000 / widths.len() * 100 + first.min(99)
}

/// Does the first row name the columns? Not if it holds an address: then it is a person.
pub(super) fn is_header(row: &[String]) -> bool {
    !row.iter().any(|cell| EmailAddress::parse(cell.trim().trim_start_matches("mailto:")).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_found_in_whatever_pieces_a_file_comes() {
        let in_windows =
            b"name;email\r\nAnna B\xfchler;anna@firm.example\r\nJ\xf6rg Gr\xf6\xdfe;joerg@firm.example\r\n";
        let in_utf_16: Vec<u8> = "\u{feff}name;email\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases: [(&str, &[u8], &Encoding); 3] = [
            ("Windows-1252", in_windows, encoding_rs::WINDOWS_1252),
            ("UTF-16", &in_utf_16, UTF_16LE),
            ("UTF-8", "name\nAnna Bühler\n".as_bytes(), UTF_8),
        ];
        for (name, bytes, expected) in cases {
            for pieces in [vec![bytes], vec![&[], bytes], vec![&bytes[..7], &[], &bytes[7..]]] {
                let mut finder = EncodingFinder::new();
                pieces.iter().for_each(|piece| finder.feed(piece));
                assert_eq!(finder.finish(), expected, "{name} in {} pieces", pieces.len());
            }
        }
    }
}
