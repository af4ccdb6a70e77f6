//! Signals and the service manager.

use std::sync::atomic::AtomicBool;
use std::sync::Arc;

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Tells systemd (Type=notify) that the server answers. Nothing happens under another manager.
pub fn ready() {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "no service manager was told");
    }
}

pub fn stopping() {
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
}

/// Listens for SIGTERM and SIGINT from here on, so that one that comes while the server still starts is not lost.
pub struct Stop(Signals);

impl Stop {
    pub fn listen() -> anyhow::Result<Self> {
        Signals::new([SIGTERM, SIGINT]).map(Self).context("cannot listen for signals")
    }

    /// Blocks until the first of them. A second one ends the process at once: everything that was acknowledged is
    /// durable.
    pub fn wait(mut self) -> anyhow::Result<()> {
        self.0.forever().next();
        let second = Arc::new(AtomicBool::new(true));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&second))
                .context("cannot listen for signals")?;
        }
        Ok(())
    }
}
