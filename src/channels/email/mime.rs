//! Takes a message apart: headers and leaf parts, decoded to text.
//!
//! Own splitter rather than a tree of messages, because what arrives here is hostile or broken more
//! often than elsewhere: the work is bounded in size, depth and number of parts, a missing or wrong
//! boundary loses nothing, and returned originals stay text, so nothing nests without end.

use mail_parser::decoders::{
    base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode,
};

use super::header_block::HeaderBlock;

/// Bytes of a message that are looked at; what people write and what reports state comes first.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of one decoded part that are looked at.
const MAX_PART_BYTES: usize = 512 * 1024;
const MAX_DEPTH: usize = 12;
const MAX_PARTS: usize = 200;

/// One leaf of the MIME tree.
#[derive(Debug, Clone)]
pub struct Part {
    pub headers: HeaderBlock,
    pub kind: PartKind,
    /// Decoded content. Of attachments that are not text: empty.
    pub text: String,
    pub is_attachment: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    Plain,
    Html,
    /// `message/delivery-status` (RFC 3464) or its global form (RFC 6533).
    DeliveryStatus,
    /// `message/disposition-notification` (RFC 8098) or its global form (RFC 6533).
    DispositionNotification,
    /// `message/feedback-report` (RFC 5965).
    FeedbackReport,
    /// `message/rfc822`, `text/rfc822-headers` and their global forms: the original, or its head.
    Original,
    Other,
}

/// A message taken apart.
#[derive(Debug, Clone)]
pub struct Mail {
    pub headers: HeaderBlock,
    /// Lower case, without parameters; `text/plain` when absent.
    pub content_type: String,
    /// `report-type` of a `multipart/report` (RFC 6522), lower case.
    pub report_type: Option<String>,
    pub parts: Vec<Part>,
}

impl Mail {
    /// Never fails: what cannot be taken apart is one part of plain text.
    pub fn parse(raw: &[u8]) -> Self {
        let raw = &raw[..raw.len().min(MAX_MESSAGE_BYTES)];
        let (head, body) = split_head(skip_mbox_line(raw));
        let headers = HeaderBlock::parse(head);
        let content_type = ContentType::of(&headers);
        let mut parts = Vec::new();
        walk(headers.clone(), &content_type, body, 0, &mut parts);
        Self { report_type: content_type.parameter("report-type"), content_type: content_type.kind, headers, parts }
    }

    pub fn first(&self, kind: PartKind) -> Option<&Part> {
        self.parts.iter().find(|part| part.kind == kind)
    }

    pub fn all(&self, kind: PartKind) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.kind == kind)
    }

    /// All plain text that is shown, or nothing when there is none.
    pub fn plain_text(&self) -> String {
        joined(self.shown(PartKind::Plain))
    }

    /// All HTML that is shown.
    pub fn html(&self) -> String {
        joined(self.shown(PartKind::Html))
    }

    fn shown(&self, kind: PartKind) -> impl Iterator<Item = &Part> {
        self.all(kind).filter(|part| !part.is_attachment && !part.text.trim().is_empty())
    }
}

fn joined<'a>(parts: impl Iterator<Item = &'a Part>) -> String {
    parts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// `From someone date` in front of the headers, as mbox files have it.
fn skip_mbox_line(raw: &[u8]) -> &[u8] {
    let blank = raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let raw = &raw[blank..];
    if raw.starts_with(b"From ") {
        let end = raw.iter().position(|&byte| byte == b'\n').map_or(raw.len(), |at| at + 1);
        return &raw[end..];
    }
    raw
}

/// Splits at the first empty line; CRLF and bare LF both occur. A line of spaces alone counts too.
pub fn split_head(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        if line.iter().all(u8::is_ascii_whitespace) {
            return (&raw[..start], &raw[start + line.len()..]);
        }
        start += line.len();
    }
    (raw, &[])
}

fn walk(headers: HeaderBlock, content_type: &ContentType, body: &[u8], depth: usize, parts: &mut Vec<Part>) {
    if parts.len() >= MAX_PARTS {
        return;
    }
    if content_type.kind.starts_with("multipart/") && depth < MAX_DEPTH {
        let declared = content_type.parameter_as_written("boundary").map(|boundary| sections(body, &boundary));
        let sections = declared
            .filter(|sections| !sections.is_empty())
            .or_else(|| guessed_boundary(body).map(|boundary| sections(body, &boundary)));
        let sections = sections.unwrap_or_default();
        if !sections.is_empty() {
            for section in sections {
                let (head, inner) = split_part_head(section);
                let headers = HeaderBlock::parse(head);
                let inner_type = ContentType::of(&headers);
                walk(headers, &inner_type, inner, depth + 1, parts);
            }
            return;
        }
    }
    parts.push(leaf(headers, content_type, body));
}

/// A part without headers begins with an empty line, or (broken) at once with its text.
fn split_part_head(section: &[u8]) -> (&[u8], &[u8]) {
    let first_line = section.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_field = first_line
        .iter()
        .position(|&byte| byte == b':')
        .is_some_and(|at| at > 0 && first_line[..at].iter().all(|byte| byte.is_ascii_graphic()));
    if is_field || first_line.iter().all(u8::is_ascii_whitespace) {
        split_head(section)
    } else {
        (&[], section)
    }
}

/// The boundary seen in the body, for mails whose header states none or another one.
fn guessed_boundary(body: &[u8]) -> Option<String> {
    let line = body.split(|&byte| byte == b'\n').take(200).find(|line| line.starts_with(b"--") && line.len() > 6)?;
    let line = String::from_utf8_lossy(line);
    let boundary = line.trim_end().strip_prefix("--")?;
    (!boundary.contains(' ')).then(|| boundary.to_owned())
}

/// The parts between `--boundary` lines (RFC 2046 section 5.1.1); the last may lack its end.
fn sections<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut begun: Option<usize> = None;
    let mut offset = 0;
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let marker = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        let rest = marker.map(|rest| rest.trim_ascii_end());
        if rest.is_some_and(|rest| rest.is_empty() || rest == b"--") {
            if let Some(begin) = begun.take() {
                found.push(without_last_newline(&body[begin..offset]));
            }
            if rest == Some(b"--") {
                return found;
            }
            begun = Some(offset + line.len());
        }
        offset += line.len();
        if found.len() > MAX_PARTS {
            return found;
        }
    }
    if let Some(begin) = begun {
        found.push(&body[begin..]);
    }
    found
}

fn without_last_newline(section: &[u8]) -> &[u8] {
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    section.strip_suffix(b"\r").unwrap_or(section)
}

fn leaf(headers: HeaderBlock, content_type: &ContentType, body: &[u8]) -> Part {
    let kind = content_type.part_kind();
    let is_attachment =
        headers.get("content-disposition").is_some_and(|value| value.trim().to_lowercase().starts_with("attachment"));
    let text = if kind == PartKind::Other {
        String::new()
    } else {
        let decoded = decode_transfer(&headers, body);
        decode_charset(&decoded, content_type.parameter("charset").as_deref())
    };
    Part { headers, kind, text, is_attachment }
}

fn decode_transfer(headers: &HeaderBlock, body: &[u8]) -> Vec<u8> {
    let body = &body[..body.len().min(2 * MAX_PART_BYTES)];
    let encoding = headers.get("content-transfer-encoding").unwrap_or_default().trim().to_lowercase();
    let decoded = match encoding.as_str() {
        "base64" => base64_decode(body),
        "quoted-printable" => quoted_printable_decode(body),
        _ => None,
    };
    let mut bytes = decoded.unwrap_or_else(|| body.to_vec());
    bytes.truncate(MAX_PART_BYTES);
    bytes
}

/// The declared charset when it is known; else UTF-8 when the bytes are, else the best guess.
fn decode_charset(bytes: &[u8], charset: Option<&str>) -> String {
    let declared = charset.map(|name| name.trim().to_lowercase());
    let is_ascii_name = matches!(declared.as_deref(), None | Some("us-ascii" | "ascii" | "utf-8" | "utf8"));
    if is_ascii_name {
        if let Ok(text) = std::str::from_utf8(bytes) {
            if !text.contains("\u{1b}$") {
                return text.to_owned();
            }
        }
        return guess_charset(bytes);
    }
    match declared.and_then(|name| charset_decoder(name.as_bytes())) {
        Some(decode) => decode(bytes),
        None => guess_charset(bytes),
    }
}

fn guess_charset(bytes: &[u8]) -> String {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, chardetng::Utf8Detection::Allow).decode(bytes).0.into_owned()
}

/// A `Content-Type` value: kind in lower case, parameters as written.
struct ContentType {
    kind: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    fn of(headers: &HeaderBlock) -> Self {
        let value = headers.get("content-type").unwrap_or_default();
        let mut pieces = split_parameters(value).into_iter();
        let kind: String =
            pieces.next().unwrap_or_default().to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        let parameters = pieces
            .filter_map(|piece| {
                let (name, value) = piece.split_once('=')?;
                let name = name.trim().to_lowercase();
                // RFC 2231: `boundary*0=` and `boundary*=` are rare; the bare name is enough here.
                let name = name.split('*').next().unwrap_or_default().to_owned();
                Some((name, value.trim().trim_matches('"').to_owned()))
            })
            .collect();
        Self { kind: if kind.contains('/') { kind } else { "text/plain".into() }, parameters }
    }

    fn parameter_as_written(&self, name: &str) -> Option<String> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone()).filter(|v| !v.is_empty())
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.parameter_as_written(name).map(|value| value.to_lowercase())
    }

    fn part_kind(&self) -> PartKind {
        match self.kind.as_str() {
            "text/html" => PartKind::Html,
            "message/delivery-status" | "message/global-delivery-status" => PartKind::DeliveryStatus,
            "message/disposition-notification" | "message/global-disposition-notification" => {
                PartKind::DispositionNotification
            }
            "message/feedback-report" => PartKind::FeedbackReport,
            "message/rfc822"
            | "message/global"
            | "message/global-headers"
            | "message/partial"
            | "text/rfc822-headers"
            | "text/rfc822-header"
            | "text/rfc822"
            | "message/rfc822-headers" => PartKind::Original,
            kind if kind.starts_with("text/calendar") || kind.starts_with("text/x-amp") => PartKind::Other,
            kind if kind.starts_with("text/") || kind.starts_with("multipart/") => PartKind::Plain,
            _ => PartKind::Other,
        }
    }
}

/// Splits at `;` outside quotes.
fn split_parameters(value: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut in_quotes = false;
    for c in value.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            ';' if !in_quotes => {
                pieces.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}
