//! The program: reads its arguments and hands over to `launchyard::cli`.

use std::process::ExitCode;

/// Gives memory back soon after a peak and keeps its arenas few (see `.cargo/config.toml`): a small server runs this
/// beside other things.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // Exactly one TLS provider in the process, chosen before anything can ask for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    launchyard::cli::run()
}
