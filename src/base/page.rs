//! Lists are pages with a cursor: the key of the last row, opaque to the outside.

use data_encoding::BASE64URL_NOPAD;

/// Where the next page begins: a key inside the listed range. Opaque text to callers; it holds only
/// what keys hold (random ids, times, keyed hashes), so nothing personal stands in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this page no longer exists; start again from the first")]
pub struct InvalidCursor;

impl Cursor {
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        if text.len() > 256 {
            return Err(InvalidCursor);
        }
        BASE64URL_NOPAD.decode(text.as_bytes()).map(Self).map_err(|_| InvalidCursor)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// One page of a list; `next` is absent on the last.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(each).collect(), next: self.next }
    }
}
