//! Tools that need no store: reading replies, inspecting mail, training.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use anyhow::{bail, Context};
use clap::Args;
use jiff::Timestamp;

use super::output;
use crate::availability::engine;
use crate::base::counted;
use crate::channels::email::inspect::{inspect, to_json_line};
use crate::{agents, language};

/// Mails above this are cut: what counts stands in front.
const MAX_MAIL: u64 = 32 * 1024 * 1024;

/// JSON lines in, JSON lines out. A line that cannot be read is told on standard error by its number, and those after
/// it are answered all the same.
pub fn classify() -> anyhow::Result<()> {
    let mut unread = 0;
    each_line(|number, text| match agents::classify_line(text) {
        Ok(answer) => output::line(&answer),
        Err(error) => {
            unread += 1;
            output::error(&format!("line {number}: {error}"));
        }
    })?;
    all_read(unread, "line", "lines")
}

/// JSON lines in, one JSON line out for each: the slots, or with `explain` what removes that instant, or the error.
pub fn slots(explain: Option<&str>) -> anyhow::Result<()> {
    let at: Option<Timestamp> = explain
        .map(|text| text.parse().with_context(|| format!("--explain: {text} is no instant, as 2026-05-12T07:00:00Z")))
        .transpose()?;
    let mut unread = 0;
    each_line(|_, text| {
        let text = String::from_utf8_lossy(text);
        let answer = at.map_or_else(|| engine::answer_line(&text), |at| engine::explain_line(&text, at));
        output::line(&answer.unwrap_or_else(|error| {
            unread += 1;
            error
        }));
    })?;
    all_read(unread, "line", "lines")
}

/// Every line of the standard input that is not blank, with its number from 1.
fn each_line(mut visit: impl FnMut(u64, &[u8])) -> anyhow::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if input.read_until(b'\n', &mut line).context("standard input")? == 0 {
            break;
        }
        // Some programs begin a file of UTF-8 with a mark (U+FEFF).
        let text = if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line) } else { &line };
        match text.trim_ascii() {
            b"" => {}
            text => visit(number, text),
        }
    }
    Ok(())
}

/// One JSON line for each file. One that cannot be read is told on standard error, and those after it are looked at.
pub fn inspect_mail(files: &[PathBuf]) -> anyhow::Result<()> {
    let mut unread = 0;
    for file in files {
        match read(file) {
            Ok(raw) => output::line(&to_json_line(&file.display().to_string(), &inspect(&raw)).to_string()),
            Err(error) => {
                unread += 1;
                output::error(&format!("{}: {error}", file.display()));
            }
        }
    }
    all_read(unread, "file", "files")
}

/// The command has failed when anything was left out.
fn all_read(unread: u64, one: &str, many: &str) -> anyhow::Result<()> {
    match unread {
        0 => Ok(()),
        unread => bail!("{} could not be read", counted(unread, one, many)),
    }
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
    /// Folder with the held-out sets of the time reader.
    #[arg(long, default_value = "src/language/times")]
    times: PathBuf,
    /// Where the model is written.
    #[arg(long, default_value = "src/language/classify/model.bin")]
    out: PathBuf,
    /// Where the report is written.
    #[arg(long, default_value = "src/language/classify/REPORT.md")]
    report: PathBuf,
}

pub fn train(args: &TrainArgs) -> anyhow::Result<()> {
    let summary = language::classify::train::train_files(&args.corpus, &args.times, &args.out, &args.report)?;
    output::line(&format!("{} training rows", summary.training_rows));
    summary.held_out.iter().for_each(|line| output::line(line));
    output::line(&format!("Report: {}", args.report.display()));
    Ok(())
}
