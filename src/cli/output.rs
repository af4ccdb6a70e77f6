//! What commands say. The library logs; only commands print.

use std::io::{self, Write};

/// One line to standard output. A reader that went away (`| head`) is no error.
pub fn line(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// One line to standard error.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

pub fn error(text: &str) {
    note(&format!("launchyard: {text}"));
}
