//! `[dns]`: whom the checks of sending domains ask.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use super::source::Section;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    pub resolver: Resolver,
    /// For one question, with its second try.
    pub timeout: Duration,
}

/// The servers that are asked, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// Those of `/etc/resolv.conf`.
    System,
    /// Never empty.
    At(Vec<SocketAddr>),
}

impl Dns {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        let must_be = "\"system\", or addresses such as \"127.0.0.1:5353\" divided by commas";
        Self {
            resolver: from.parsed("resolver", Resolver::System, must_be),
            timeout: from.seconds("timeout_seconds", 5, 1..=30),
        }
    }
}

impl FromStr for Resolver {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "system" {
            return Ok(Self::System);
        }
        let address = |one: &str| {
            let one = one.trim();
            one.parse().ok().or_else(|| one.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, 53)))
        };
        text.split(',').map(address).collect::<Option<Vec<SocketAddr>>>().map(Self::At).ok_or(())
    }
}
