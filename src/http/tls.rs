//! TLS from certificate files, for servers without a proxy in front.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::ServerConfig;

/// PEM files: the chain with our certificate first, and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read the certificate from {}", path.display())]
    Certificate { path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("cannot read the private key from {}", path.display())]
    Key { path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("certificate and key do not go together")]
    Mismatch(#[source] rustls::Error),
}

/// TLS 1.2 and 1.3 with rustls' own choice of ciphers; read once at start.
pub fn server_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let chain = read_chain(&files.certificate)?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::Key { path: files.key.clone(), source })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsError::Mismatch)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Certificate { path: path.to_owned(), source };
    let chain = CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if chain.is_empty() {
        return Err(failed(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> TlsFiles {
        let made = rcgen::generate_simple_self_signed(vec!["reach.example".to_owned()]).unwrap();
        let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn a_wrong_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let good = files(folder.path());
        assert!(server_config(&good).is_ok());

        let missing = TlsFiles { key: folder.path().join("none.pem"), ..good.clone() };
        assert!(server_config(&missing).unwrap_err().to_string().ends_with("none.pem"));
        let swapped = TlsFiles { certificate: good.key.clone(), ..good.clone() };
        assert!(matches!(server_config(&swapped), Err(TlsError::Certificate { .. })));

        let other = tempfile::tempdir().unwrap();
        let mixed = TlsFiles { key: files(other.path()).key, ..good };
        assert!(matches!(server_config(&mixed), Err(TlsError::Mismatch(_))));
    }
}
