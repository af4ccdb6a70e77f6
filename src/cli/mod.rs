//! The command line. Each command calls the same services as the pages; what needs the store goes through the
//! running server when there is one, and opens the store itself otherwise.

mod backup;
mod commands;
mod control;
mod demo;
mod notify;
mod output;
mod owner;
mod serve;
mod service;
mod setup;
mod tools;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Overrides};

/// Outreach, inbox and bookings on your own server: one binary, no other service.
#[derive(Parser)]
#[command(name = "launchyard", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the settings and the data are.
#[derive(Args, Clone, Debug, Default)]
struct Place {
    /// Configuration file (default: LAUNCHYARD_CONFIG, then /etc/launchyard/config.toml if it is there).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder (default: data.dir of the configuration).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address and port to listen on.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Run a complete server with a sample business and simulated providers. Needs no key and no network.
    Demo(demo::DemoArgs),
    /// Make the key and the folders for a server; with --systemd install this program as a service.
    Init(setup::InitArgs),
    /// Read the configuration and report every mistake at once.
    CheckConfig {
        #[command(flatten)]
        place: Place,
    },
    /// Look at everything a server needs and say what is missing.
    Doctor {
        #[command(flatten)]
        place: Place,
    },
    /// People who sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Print the one-time link that makes the owner's account, while there is none.
    OwnerLink {
        #[command(flatten)]
        place: Place,
    },
    /// Print a link with which a person sets a new password.
    ResetLink {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        email: String,
    },
    /// Bring data in.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Print records of a table as JSON lines.
    Dump {
        #[command(flatten)]
        place: Place,
        #[arg(long)]
        table: String,
        /// One record, by its key in hexadecimal.
        #[arg(long)]
        key: Option<String>,
    },
    /// Write a backup.
    Backup(backup::BackupArgs),
    /// Fill an empty data folder from a backup.
    Restore(backup::RestoreArgs),
    /// Check a backup, or every record of the data folder.
    Verify(backup::VerifyArgs),
    /// Read replies: JSON lines in (id, text, optional sent_at, sender_time_zone, headers), JSON lines out.
    Classify,
    /// Say what mail files are: replies, bounces, automatic answers, complaints. One JSON line a file.
    InspectMail {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say when somebody can be booked: JSON lines in, JSON lines out.
    #[command(long_about = include_str!("slots.txt"))]
    Slots {
        /// Print for each line the first rule that removes this instant.
        #[arg(long, value_name = "INSTANT")]
        explain: Option<String>,
    },
    /// Train the reply classifier from its corpus.
    TrainClassifier(tools::TrainArgs),
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person to a workspace, which is made when it does not exist. Prints JSON with the ids and the key.
    Add(commands::UserAddArgs),
}

#[derive(Subcommand)]
enum ImportCommand {
    /// Import contacts from a CSV file.
    Contacts(commands::ImportContactsArgs),
}

/// Runs the command that was asked for. Errors go to standard error, with what to do.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve { place, listen } => serve::serve(&place, listen),
        Command::Demo(args) => demo::demo(&args),
        Command::Init(args) => setup::init(&args),
        Command::CheckConfig { place } => setup::check_config(&place),
        Command::Doctor { place } => setup::doctor(&place),
        Command::User(UserCommand::Add(args)) => commands::user_add(&args),
        Command::OwnerLink { place } => commands::owner_link(&place),
        Command::ResetLink { place, email } => commands::reset_link(&place, &email),
        Command::Import(ImportCommand::Contacts(args)) => commands::import_contacts(&args),
        Command::Dump { place, table, key } => commands::dump(&place, &table, key.as_deref()),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Verify(args) => backup::verify(&args),
        Command::Classify => tools::classify(),
        Command::InspectMail { files } => tools::inspect_mail(&files),
        Command::Slots { explain } => tools::slots(explain.as_deref()),
        Command::TrainClassifier(args) => tools::train(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// What was being done and why it failed, down to the first cause. A cause that its error has told already is not told
/// again.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

impl Place {
    fn load(&self, listen: Option<SocketAddr>) -> anyhow::Result<Config> {
        let overrides = Overrides { listen, data: self.data.clone() };
        Ok(Config::load(self.config.as_deref(), std::env::vars(), &overrides)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn an_error_is_told_with_its_causes_and_none_of_them_twice() {
        let cause = anyhow!("no such file");
        let told = cause.context("cannot read a.csv: no such file").context("a.csv was not imported");
        assert_eq!(in_words(&told), "a.csv was not imported: cannot read a.csv: no such file");
        assert_eq!(in_words(&anyhow!("b").context("a")), "a: b");
    }
}
