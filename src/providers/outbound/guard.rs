//! The HTTP client's settings, and the look-up that lets it connect to judged addresses only.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::Agent;

use super::rules::{is_loopback_name, leads_to_self, Refused, Rules, Trust, Why};
use super::{dial, tls, OutboundRules};

/// A client that follows nothing, believes no proxy variable and gives up in time.
pub(super) fn agent(settings: &OutboundRules, extra_roots: &[CertificateDer<'static>], guard: Guard) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .allow_non_standard_methods(true)
        .user_agent(settings.user_agent.as_str())
        .timeout_resolve(Some(settings.connect_timeout))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_global(Some(settings.timeout))
        .max_response_header_size(64 * 1024)
        .tls_config(tls::http_config(extra_roots))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), guard)
}

/// Looks names up for the HTTP client and hands out only addresses that were judged. The client
/// connects to exactly these, so a second look-up cannot lead elsewhere.
#[derive(Debug)]
pub(super) struct Guard {
    pub rules: Arc<Rules>,
    pub trust: Trust,
    /// For looking a name up.
    pub limit: Duration,
}

impl Guard {
    fn judge(&self, plain: bool, host: &str, port: u16, addresses: &[SocketAddr]) -> Result<(), Refused> {
        self.rules.admit(self.trust, plain, host, port, addresses)?;
        let excepted = self.rules.lists(host, port) || (self.rules.allow_loopback && is_loopback_name(host));
        if self.trust == Trust::UserGiven && !excepted && leads_to_self(addresses) {
            return Err(Why::OwnAddress.into());
        }
        Ok(())
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &http::Uri,
        _config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let plain = uri.scheme_str() == Some("http");
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let addresses =
            dial::look_up(host, port, self.limit.min(*timeout.after)).map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => ureq::Error::Timeout(ureq::Timeout::Resolve),
                _ => ureq::Error::HostNotFound,
            })?;
        self.judge(plain, host, port, &addresses).map_err(|refused| {
            tracing::debug!(why = ?refused.why, "outgoing address refused");
            ureq::Error::Other(Box::new(refused))
        })?;
        let mut admitted = self.empty();
        addresses.into_iter().for_each(|address| admitted.push(address));
        Ok(admitted)
    }
}
