//! Files that the program carries whole, compressed when it was built (`build.rs` lists them).

use std::io::{self, Read};

use flate2::read::ZlibDecoder;

/// The content of a carried file, by its name. An error only where the program itself is damaged.
macro_rules! carried {
    ($name:literal) => {
        $crate::base::inflate(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".z")))
    };
}
pub(crate) use carried;

pub fn inflate(compressed: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    ZlibDecoder::new(compressed).read_to_end(&mut content)?;
    Ok(content)
}
