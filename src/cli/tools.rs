//! Tools that need no store: reading replies, inspecting mail, training.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::output;
use crate::channels::email::inspect::{inspect, to_json_line};
use crate::{agents, language};

/// Mails above this are cut: what counts stands in front.
const MAX_MAIL: u64 = 32 * 1024 * 1024;

/// JSON lines in, JSON lines out. A line that does not parse is answered with an error in its place.
pub fn classify() -> anyhow::Result<()> {
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.context("standard input")?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = agents::classify_line(&line).with_context(|| format!("line {}", number + 1))?;
        output::line(&answer);
    }
    Ok(())
}

pub fn inspect_mail(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        let raw = read(file).with_context(|| file.display().to_string())?;
        output::line(&to_json_line(&file.display().to_string(), &inspect(&raw)).to_string());
    }
    Ok(())
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    std::fs::File::open(file)?.take(MAX_MAIL).read_to_end(&mut raw)?;
    Ok(raw)
}

#[derive(Args)]
pub struct TrainArgs {
    /// Folder of the corpus.
    #[arg(long, default_value = "src/language/corpus")]
    corpus: PathBuf,
    /// Where the model is written.
    #[arg(long, default_value = "src/language/classify/model.bin")]
    out: PathBuf,
    /// Where the report is written.
    #[arg(long, default_value = "src/language/classify/REPORT.md")]
    report: PathBuf,
}

pub fn train(args: &TrainArgs) -> anyhow::Result<()> {
    let summary = language::classify::train::train_files(&args.corpus, &args.out, &args.report)?;
    output::line(&format!("{} training rows", summary.training_rows));
    for (file, headline) in &summary.held_out {
        output::line(&format!("{file}: {headline}"));
    }
    output::line(&format!("Report: {}", args.report.display()));
    Ok(())
}
