//! A DKIM signature over a finished mail: RFC 6376, rsa-sha256, relaxed/relaxed.
//!
//! It is put on the very bytes that leave, last of all, so that no header is missed which only the finished mail has.

use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{RsaKeyPair, RSA_PKCS1_SHA256};
use sha2::{Digest, Sha256};

use crate::base::UnixMillis;

/// With what is signed.
pub struct SignWith<'a> {
    /// `d=`
    pub domain: &'a str,
    /// `s=`
    pub selector: &'a str,
    /// The private key: PKCS#1, DER.
    pub key: &'a [u8],
    pub now: UnixMillis,
}

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the key cannot be read")]
    Key,
    /// Section 5.4: From is always signed.
    #[error("the mail has no From line")]
    NoSender,
}

/// Signed where they are there. RFC 6376 section 5.4.1; RFC 8058 section 4 demands the two about unsubscribing.
const SIGNED: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// Named once more than they are there: a second one, added later, breaks the signature (section 8.15).
const GUARDED: &[&str] = &["From", "To", "Subject", "Date"];

/// The mail with its signature in front. Lines must end with CRLF.
pub fn sign(mail: &[u8], with: &SignWith<'_>) -> Result<Vec<u8>, SignError> {
    let key = RsaKeyPair::from_der(with.key).map_err(|_| SignError::Key)?;
    let (headers, body) = split(mail);
    if !headers.iter().any(|header| is_named(header, "From")) {
        return Err(SignError::NoSender);
    }
    let (names, mut signed) = chosen(&headers);
    let unsigned = format!(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={};\r\n\tt={}; h={};\r\n\tbh={};\r\n\tb=",
        with.domain,
        with.selector,
        with.now.as_seconds(),
        folded_names(&names),
        BASE64.encode(&Sha256::digest(relaxed_body(body))),
    );
    // The signature covers its own header too, with an empty b= and without the end of the line (section 3.7).
    signed.push_str(relaxed_header(&unsigned).trim_end_matches("\r\n"));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| SignError::Key)?;
    let mut finished = unsigned;
    for (nth, part) in BASE64.encode(&signature).as_bytes().chunks(72).enumerate() {
        finished.push_str(if nth == 0 { "" } else { "\r\n\t" });
        finished.extend(part.iter().map(|byte| char::from(*byte)));
    }
    finished.push_str("\r\n");
    Ok([finished.as_bytes(), mail].concat())
}

/// Each header with its folded lines, and the body behind the empty line.
fn split(mail: &[u8]) -> (Vec<String>, &[u8]) {
    let end = mail.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = match end {
        Some(at) => (&mail[..at + 2], &mail[at + 4..]),
        None => (mail, &mail[mail.len()..]),
    };
    let mut headers: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(head).split_inclusive("\r\n") {
        match headers.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => headers.push(line.to_owned()),
        }
    }
    (headers, body)
}

/// The names for `h=`, and the headers themselves as they are hashed. Of several with one name, the last comes first.
fn chosen(headers: &[String]) -> (Vec<&'static str>, String) {
    let (mut names, mut text) = (Vec::new(), String::new());
    for name in SIGNED {
        for header in headers.iter().rev().filter(|header| is_named(header, name)) {
            names.push(*name);
            text.push_str(&relaxed_header(header));
        }
        if GUARDED.contains(name) {
            names.push(*name);
        }
    }
    (names, text)
}

fn is_named(header: &str, name: &str) -> bool {
    header.split_once(':').is_some_and(|(own, _)| own.trim_end().eq_ignore_ascii_case(name))
}

/// White space is allowed around the colons: lines stay short.
fn folded_names(names: &[&str]) -> String {
    let lines: Vec<String> = names.chunks(6).map(|line| line.join(":")).collect();
    lines.join(":\r\n\t ")
}

/// Section 3.4.2.
fn relaxed_header(header: &str) -> String {
    let (name, value) = header.split_once(':').unwrap_or((header, ""));
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}\r\n", name.trim_end().to_lowercase(), words.join(" "))
}

/// Section 3.4.4. An empty body stays empty.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut relaxed: Vec<u8> = Vec::with_capacity(body.len());
    let mut empty_lines = 0;
    let body = body.strip_suffix(b"\r\n").unwrap_or(body);
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let mut text: Vec<u8> = Vec::with_capacity(line.len());
        let mut is_first = true;
        for word in words {
            // An empty word is one more blank, except in front, where it is the blank itself.
            if word.is_empty() && !is_first {
                continue;
            }
            if !is_first {
                text.push(b' ');
            }
            text.extend_from_slice(word);
            is_first = false;
        }
        if text.iter().all(|byte| *byte == b' ') {
            empty_lines += 1;
            continue;
        }
        relaxed.extend(std::iter::repeat_n(*b"\r\n", empty_lines).flatten());
        empty_lines = 0;
        relaxed.extend_from_slice(&text);
        relaxed.extend_from_slice(b"\r\n");
    }
    relaxed
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
