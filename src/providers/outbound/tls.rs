//! Whom this server believes: Mozilla's roots, and certificates that the operator or a user adds.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, ClientConfig, RootCertStore};

/// The text is not PEM, or holds no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the CA file holds no certificate that can be read; it has to be PEM (-----BEGIN CERTIFICATE-----)")]
pub struct BadCaFile;

pub(super) fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadCaFile> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| BadCaFile)?;
    if certificates.is_empty() {
        return Err(BadCaFile);
    }
    Ok(certificates)
}

/// A client configuration for mail servers that trusts the public roots and `extra`.
pub(super) fn client_config(extra: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, BadCaFile> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in extra {
        roots.add(certificate.clone()).map_err(|_| BadCaFile)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // `ring` offers suites for both versions, so this does not fail; were it to, no root would help.
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|_| BadCaFile)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// The same for HTTP. Its TLS takes whole certificates only, so beside extra ones stand the system's roots
/// instead of the built-in list.
pub(super) fn http_config(extra: &[CertificateDer<'static>]) -> ureq::tls::TlsConfig {
    let builder = ureq::tls::TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if extra.is_empty() {
        return builder.root_certs(ureq::tls::RootCerts::WebPki).build();
    }
    let system = rustls_native_certs::load_native_certs().certs;
    let all: Vec<_> = system.iter().chain(extra).map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect();
    builder.root_certs(all.into()).build()
}

/// What went wrong in a handshake, and the cure, in words.
pub(super) fn explain(error: &std::io::Error) -> String {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return "The server ended the encrypted connection. Is this the right port and kind of encryption?".into();
    };
    explain_tls(tls)
}

pub(super) fn explain_tls(error: &rustls::Error) -> String {
    use CertificateError as E;
    match error {
        // A bad signature: the CA has the right name and another key.
        rustls::Error::InvalidCertificate(E::UnknownIssuer | E::BadSignature) => {
            "The server's certificate is signed by nobody we know. Give the CA file of your organisation.".into()
        }
        rustls::Error::InvalidCertificate(E::Expired | E::ExpiredContext { .. }) => {
            "The server's certificate has expired. It has to be renewed there.".into()
        }
        rustls::Error::InvalidCertificate(E::NotValidForName | E::NotValidForNameContext { .. }) => {
            "The server's certificate is for another name. Use the host name that stands in it.".into()
        }
        rustls::Error::InvalidCertificate(other) => format!("The server's certificate is not valid: {other}."),
        rustls::Error::InvalidMessage(_) => {
            "The server does not speak TLS on this port. Try STARTTLS, or another port.".into()
        }
        other => format!("No encrypted connection: {other}."),
    }
}
