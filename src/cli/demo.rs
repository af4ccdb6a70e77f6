//! `launchyard demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::control::ControlSocket;
use super::serve::start_log;
use super::{notify, output};
use crate::config::{Log, LogFormat};
use crate::http::server::bind;
use crate::operator::recent_errors;
use crate::wiring::demo::{start, DemoOptions, WayIn};

#[derive(Args)]
pub struct DemoArgs {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Data folder that is kept (default: a temporary one).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Set everything up, but let nobody answer.
    #[arg(long)]
    no_people: bool,
    /// Print one line of JSON: url, email, password, workspace, api_key, sandbox_url.
    #[arg(long)]
    json: bool,
}

/// Runs until it is told to stop.
pub fn demo(args: &DemoArgs) -> anyhow::Result<()> {
    let stop = notify::Stop::listen()?;
    start_log(&Log { format: LogFormat::Text, filter: "warn".to_owned() })?;
    let listener = bind(args.listen).context("the demo cannot start; another port can be given with --listen")?;
    let options = DemoOptions { listen: args.listen, data: args.data.clone(), people: !args.no_people };
    let demo = start(&options, listener)?;
    recent_errors().follow(&demo.app().clock);
    let control = ControlSocket::start(demo.app(), demo.data_dir())?;
    match args.json {
        true => output::line(&serde_json::to_string(&demo.way_in)?),
        false => welcome(&demo.way_in, args.no_people),
    }
    stop.wait()?;
    drop(control);
    demo.stop();
    Ok(())
}

fn welcome(way_in: &WayIn, no_people: bool) {
    let people = match no_people {
        true => "Nobody answers (--no-people).",
        false => "Invented people answer; nothing leaves this machine.",
    };
    for line in [
        "",
        "  Fernhill Heat Pumps, a sample business",
        "",
        &format!("  open      {}", way_in.url),
        &format!("  sign in   {}", way_in.email),
        &format!("  password  {}", way_in.password),
        "",
        &format!("  {people} Move the clock with the buttons at the top."),
        "  Stop with Ctrl-C.",
        "",
    ] {
        output::line(line);
    }
}
