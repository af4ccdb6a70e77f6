//! The program: reads its arguments and hands over to `launchyard::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Exactly one TLS provider in the process, chosen before anything can ask for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    launchyard::cli::run()
}
