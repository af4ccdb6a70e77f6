//! A form that may carry a file, read into the same fields as one that does not: a browser sends it in parts
//! (RFC 7578), a program may send it plainly.

use actix_multipart::Multipart;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Payload, Query};
use actix_web::HttpRequest;
use data_encoding::BASE64;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

use crate::http::PageError;

/// All fields together. A chain of certificates has some kilobytes.
const LIMIT_BYTES: usize = 256 * 1024;

/// Reads the form. A file becomes the text of its field; a certificate in DER becomes PEM.
pub async fn read<T: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> Result<T, PageError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let query = if kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        read_parts(Multipart::new(request.headers(), payload)).await?
    } else {
        read_plain(payload).await?
    };
    let fields = Query::<T>::from_query(&query).map_err(|_| cut())?;
    Ok(fields.into_inner())
}

async fn read_plain(mut payload: Payload) -> Result<String, PageError> {
    let mut body = Vec::new();
    while let Some(bytes) = payload.next().await {
        add(&mut body, &bytes.map_err(|_| cut())?, 0)?;
    }
    String::from_utf8(body).map_err(|_| cut())
}

async fn read_parts(mut parts: Multipart) -> Result<String, PageError> {
    let mut query = Serializer::new(String::new());
    let mut taken = 0;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| cut())?;
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.content_disposition().is_some_and(|said| said.get_filename().is_some());
        let mut value = Vec::new();
        while let Some(bytes) = part.next().await {
            add(&mut value, &bytes.map_err(|_| cut())?, taken)?;
        }
        taken += value.len();
        query.append_pair(&name, &if is_file { certificate_text(value) } else { text(value)? });
    }
    Ok(query.finish())
}

fn add(into: &mut Vec<u8>, bytes: &[u8], taken: usize) -> Result<(), PageError> {
    if taken + into.len() + bytes.len() > LIMIT_BYTES {
        return Err(PageError::TooLarge { limit_bytes: LIMIT_BYTES });
    }
    into.extend_from_slice(bytes);
    Ok(())
}

fn text(value: Vec<u8>) -> Result<String, PageError> {
    String::from_utf8(value).map_err(|_| cut())
}

/// PEM as it is. What is no text is taken for DER (X.690), whose certificates begin with a long sequence, and is
/// written as PEM (RFC 7468); anything else stays unreadable and is refused by the form.
fn certificate_text(file: Vec<u8>) -> String {
    match String::from_utf8(file) {
        Ok(text) => text,
        Err(not_text) => {
            let bytes = not_text.into_bytes();
            if !bytes.starts_with(&[0x30, 0x82]) {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            let encoded = BASE64.encode(&bytes);
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
        }
    }
}

fn cut() -> PageError {
    PageError::bad_request("The form did not arrive whole.", "Open its page again and send it from there.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use actix_web::test::TestRequest;
    use actix_web::FromRequest;

    use super::*;

    async fn read_body(kind: &str, body: Vec<u8>) -> Result<BTreeMap<String, String>, PageError> {
        let (request, mut payload) =
            TestRequest::post().insert_header((CONTENT_TYPE, kind)).set_payload(body).to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        read(&request, payload).await
    }

    fn parts(file: &[u8]) -> Vec<u8> {
        let mut body = b"--B\r\ncontent-disposition: form-data; name=\"smtp_host\"\r\n\r\nmail.example\r\n".to_vec();
        body.extend(b"--B\r\ncontent-disposition: form-data; name=\"ca_file\"; filename=\"ca.pem\"\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--B--\r\n");
        body
    }

    const PARTS: &str = "multipart/form-data; boundary=B";

    #[actix_web::test]
    async fn a_form_says_the_same_in_parts_and_plainly() {
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        let in_parts = read_body(PARTS, parts(pem.as_bytes())).await.unwrap();
        let mut plain = Serializer::new(String::new());
        plain.extend_pairs([("smtp_host", "mail.example"), ("ca_file", pem)]);
        let plainly = read_body("application/x-www-form-urlencoded", plain.finish().into_bytes()).await.unwrap();
        assert_eq!(in_parts, plainly);
        assert_eq!(in_parts["ca_file"], pem);
    }

    #[actix_web::test]
    async fn a_certificate_in_der_becomes_pem_and_a_picture_does_not() {
        let der = [&[0x30, 0x82, 0x01, 0xff][..], &[0xfe; 60]].concat();
        let read = read_body(PARTS, parts(&der)).await.unwrap();
        assert!(read["ca_file"].starts_with("-----BEGIN CERTIFICATE-----\nMIIB//7+"), "{}", read["ca_file"]);
        let read = read_body(PARTS, parts(&[0x89, b'P', b'N', b'G', 0xff])).await.unwrap();
        assert!(!read["ca_file"].contains("CERTIFICATE"));
    }

    #[actix_web::test]
    async fn a_form_that_is_too_large_or_cut_off_is_refused() {
        let large = read_body(PARTS, parts(&vec![b'a'; LIMIT_BYTES])).await;
        assert!(matches!(large, Err(PageError::TooLarge { .. })), "{large:?}");
        let mut cut = parts(b"abc");
        cut.truncate(cut.len() - 12);
        let cut = read_body(PARTS, cut).await;
        assert!(matches!(cut, Err(PageError::BadRequest { .. })), "{cut:?}");
    }
}
