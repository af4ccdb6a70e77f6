//! A block of `Name: value` lines: message headers, delivery-status and feedback-report fields.

use mail_parser::MessageParser;

/// Bytes of a header block that are looked at.
const MAX_BLOCK_BYTES: usize = 256 * 1024;
const MAX_FIELDS: usize = 1000;

/// Fields in order, names as written, values unfolded and trimmed, not decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderBlock(Vec<(String, String)>);

impl HeaderBlock {
    /// Reads until the end of the block given; lines that are no field are dropped.
    pub fn parse(raw: &[u8]) -> Self {
        Self::parse_text(&String::from_utf8_lossy(&raw[..raw.len().min(MAX_BLOCK_BYTES)]))
    }

    pub fn parse_text(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            let is_folded = line.starts_with([' ', '\t']);
            if is_folded && !fields.is_empty() {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                continue;
            }
            let field = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
            match field {
                Some((name, value)) if is_field_name(name) && fields.len() < MAX_FIELDS => {
                    fields.push((name.to_owned(), value.to_owned()));
                }
                _ => {}
            }
        }
        Self(fields)
    }

    /// The first field of that name (any case), unfolded, not decoded.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The field with RFC 2047 words decoded.
    pub fn decoded(&self, name: &str) -> Option<String> {
        self.get(name).map(decode_words)
    }

    /// When the message says it was sent.
    pub fn date(&self) -> Option<jiff::Timestamp> {
        let raw = format!("Date: {}\r\n\r\n", self.get("date")?);
        let parsed = MessageParser::default().parse_headers(raw.as_bytes())?;
        let date = parsed.date()?;
        jiff::Timestamp::from_second(date.to_timestamp()).ok()
    }

    /// Addresses in a field, without names, in order.
    pub fn addresses(&self, name: &str) -> Vec<String> {
        self.all(name).flat_map(super::address::addresses_in).collect()
    }

    /// The name beside the first address of a field, decoded.
    pub fn display_name(&self, name: &str) -> Option<String> {
        let raw = format!("From: {}\r\n\r\n", self.get(name)?);
        let parsed = MessageParser::default().parse_headers(raw.as_bytes())?;
        let name = parsed.from()?.first()?.name()?.trim().to_owned();
        (!name.is_empty()).then_some(name)
    }

    /// Ids in angle brackets of a field, without brackets; a bare id counts too.
    pub fn message_ids(&self, name: &str) -> Vec<String> {
        self.all(name).flat_map(ids_in).collect()
    }
}

/// RFC 5322 section 2.2: printable US-ASCII without colon and space.
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// Decodes RFC 2047 encoded words in an unstructured value.
pub fn decode_words(value: &str) -> String {
    if !value.contains("=?") {
        return value.to_owned();
    }
    let raw = format!("Subject: {value}\r\n\r\n");
    MessageParser::default()
        .parse_headers(raw.as_bytes())
        .and_then(|parsed| parsed.subject().map(str::to_owned))
        .unwrap_or_else(|| value.to_owned())
}

/// Message-IDs in a value, without brackets. Outside brackets only a word with an `@` is one.
fn ids_in(value: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else { break };
        push_id(&mut ids, &rest[start + 1..start + length]);
        rest = &rest[start + length + 1..];
    }
    if ids.is_empty() {
        for word in value.split([' ', '\t', ',', ';']).filter(|word| word.contains('@')) {
            push_id(&mut ids, word.trim_matches(['<', '>']));
        }
    }
    ids
}

fn push_id(ids: &mut Vec<String>, id: &str) {
    let id: String = id.chars().filter(|c| !c.is_whitespace()).collect();
    if !id.is_empty() && id.len() <= 998 && ids.len() < 200 {
        ids.push(id);
    }
}
