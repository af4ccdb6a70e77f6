//! Import of a CSV file: upload, what is in which column, a look without changing anything, then the rows.
//!
//! Always true here:
//! - Nothing is imported from a file that cannot be read to its end: that is found out before the first row.
//! - Rows, counts, refused rows and what undoing needs are committed together, a batch at a time, with the place in
//!   the file; after a crash the import goes on behind the last committed row.
//! - An uploaded file is kept, sealed, only until it has been imported or thrown away.

mod columns;
mod model;
mod reader;
mod rows;
mod run;
mod service;
mod sniff;
mod store;
mod undo;

pub(in crate::contacts) use columns::choices;
pub use model::{Column, Counts, Import, ImportState, Known, Progress, Refused, Target};
pub(in crate::contacts) use run::ImportTask;
pub(in crate::contacts) use service::{
    begin_upload, check, configure, discard, end_upload, find_import, list_imports, more_upload, refused_csv, start,
    stop, undo, Choices, Upload, CHUNKS_AT_ONCE,
};
pub use service::{import_file, sweep_imports, ImportError, ImportReport, IMPORT_DAYS};
pub(in crate::contacts) use store::{running, CHUNK_BYTES, TABLES};

/// Does one batch of an import, as its job would; true when more are left.
#[cfg(test)]
pub(in crate::contacts) fn continue_import(t: &crate::testing::TestApp, id: crate::base::ImportId) -> bool {
    run::go_on(&t.app, t.workspace, id, 1).is_ok_and(|more| more)
}

#[cfg(test)]
mod tests;
