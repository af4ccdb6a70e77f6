//! `cargo bench`: each figure of the product beside its physical limit, measured in the same run, as a ratio.
//! `cargo bench -- store queue` runs only these. Nothing here passes or fails by time: the reader judges.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod classify;
mod queue;
mod store;

/// One line of the report.
pub struct Figure {
    pub what: String,
    pub ours: String,
    pub limit: String,
    /// Ours over the limit, where both are rates or both are times.
    pub ratio: Option<f64>,
    /// What the product promises.
    pub wanted: String,
}

type Section = (&'static str, fn() -> Vec<Figure>);

const SECTIONS: &[Section] = &[("store", store::run), ("queue", queue::run), ("classify", classify::run)];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!("| what | ours | limit in the same run | ratio | wanted |\n|---|---|---|---|---|");
    for (name, run) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            for figure in run() {
                let ratio = figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
                println!("| {} | {} | {} | {ratio} | {} |", figure.what, figure.ours, figure.limit, figure.wanted);
            }
        }
    }
}
