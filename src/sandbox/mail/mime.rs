//! Reading and touching mails: just enough of RFC 5322 for servers that carry other people's messages.

use mail_parser::{Address, HeaderValue, MessageParser};

/// What the sandbox needs to know of a mail's header, decoded.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Head {
    /// Without brackets, like the two below.
    pub message_id: String,
    /// `References`, then `In-Reply-To`.
    pub refers_to: Vec<String>,
    pub subject: String,
    /// Bare addresses in lower case.
    pub from: String,
    pub from_name: String,
    /// `To`, `Cc` and `Bcc`, in that order.
    pub recipients: Vec<String>,
}

impl Head {
    pub fn parse(raw: &[u8]) -> Self {
        let Some(mail) = MessageParser::default().parse_headers(raw) else { return Self::default() };
        let first_from = mail.from().and_then(Address::first);
        let mut recipients: Vec<String> =
            [mail.to(), mail.cc(), mail.bcc()].into_iter().flatten().flat_map(addresses).collect();
        recipients.dedup();
        Self {
            message_id: mail.message_id().unwrap_or_default().to_owned(),
            refers_to: ids(mail.references()).into_iter().chain(ids(mail.in_reply_to())).collect(),
            subject: mail.subject().unwrap_or_default().to_owned(),
            from: first_from.and_then(|from| from.address()).unwrap_or_default().to_lowercase(),
            from_name: first_from.and_then(|from| from.name()).unwrap_or_default().to_owned(),
            recipients,
        }
    }

    /// The subject without reply and forward marks, for telling conversations apart.
    pub fn topic(&self) -> String {
        let mut topic = self.subject.trim();
        while let Some((mark, rest)) = topic.split_once(':') {
            if !["re", "aw", "fw", "fwd", "wg", "tr", "rv", "sv"].contains(&mark.trim().to_lowercase().as_str()) {
                break;
            }
            topic = rest.trim();
        }
        topic.to_lowercase()
    }
}

fn addresses<'a>(list: &'a Address<'a>) -> impl Iterator<Item = String> + 'a {
    list.iter().filter_map(|one| one.address()).map(str::to_lowercase)
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(ids) => ids.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The readable text of a mail, from its plain part or, failing that, its HTML.
pub(in crate::sandbox) fn text_of(raw: &[u8]) -> String {
    let mail = MessageParser::default().parse(raw);
    mail.and_then(|mail| mail.body_text(0).map(|text| text.replace("\r\n", "\n"))).unwrap_or_default()
}

/// Where the header ends: the offset of the first byte of the body.
pub(in crate::sandbox) fn body_offset(raw: &[u8]) -> usize {
    let crlf = raw.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    let lf = raw.windows(2).position(|window| window == b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min().unwrap_or(raw.len())
}

/// The header fields as written: whole, with folding and line end, in order.
pub(in crate::sandbox) fn raw_fields(raw: &[u8]) -> Vec<(&str, &[u8])> {
    let header = &raw[..body_offset(raw)];
    let mut fields: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        let folded = line.first().is_some_and(|byte| *byte == b' ' || *byte == b'\t');
        match fields.last_mut() {
            Some(field) if folded => field.1 += line.len(),
            _ if line != b"\r\n" && line != b"\n" => fields.push((at, at + line.len())),
            _ => {}
        }
        at += line.len();
    }
    let named = |(start, end): (usize, usize)| {
        let field = &header[start..end];
        let colon = field.iter().position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(&field[..colon]).ok()?.trim(), field))
    };
    fields.into_iter().filter_map(named).collect()
}

/// Header fields with unfolded values, as Gmail lists them.
pub(in crate::sandbox) fn fields(raw: &[u8]) -> Vec<(String, String)> {
    let unfolded = |field: &[u8], name: &str| {
        let value = String::from_utf8_lossy(&field[name.len()..]).replace(['\r', '\n'], "").replace('\t', " ");
        value.trim_start_matches([' ', ':']).trim_end().to_owned()
    };
    raw_fields(raw).into_iter().map(|(name, field)| (name.to_owned(), unfolded(field, name))).collect()
}

/// The first field of that name, undecoded.
pub(in crate::sandbox) fn field(raw: &[u8], name: &str) -> Option<String> {
    fields(raw).into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The mail without any field of that name.
pub(in crate::sandbox) fn without_field(raw: &[u8], name: &str) -> Vec<u8> {
    let kept = raw_fields(raw).into_iter().filter(|(known, _)| !known.eq_ignore_ascii_case(name));
    let mut mail: Vec<u8> = kept.flat_map(|(_, field)| field.iter().copied()).collect();
    mail.extend_from_slice(b"\r\n");
    mail.extend_from_slice(&raw[body_offset(raw)..]);
    mail
}

/// The mail with exactly one field of that name, put on top.
pub(in crate::sandbox) fn with_field(raw: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut mail = format!("{name}: {value}\r\n").into_bytes();
    mail.extend_from_slice(&without_field(raw, name));
    mail
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"From: Ada <Ada@X.example>\r\nTo: b@y.example,\r\n c@y.example\r\nSubject: AW: Re: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nReferences: <1@x>\r\n <2@x>\r\nIn-Reply-To: <2@x>\r\n\r\nBody\r\n";

    #[test]
    fn a_head_is_read_decoded_and_compared_without_reply_marks() {
        let head = Head::parse(MAIL);
        assert_eq!((head.from.as_str(), head.from_name.as_str()), ("ada@x.example", "Ada"));
        assert_eq!(head.recipients, ["b@y.example", "c@y.example"]);
        assert_eq!(head.refers_to, ["1@x", "2@x", "2@x"]);
        assert_eq!(head.topic(), "grüße");
    }

    #[test]
    fn a_field_can_be_taken_out_or_set_without_touching_the_rest() {
        let bare = without_field(MAIL, "references");
        assert_eq!(field(&bare, "References"), None);
        assert_eq!(field(&bare, "To").as_deref(), Some("b@y.example, c@y.example"));
        let set = with_field(&bare, "From", "Eve <eve@z.example>");
        assert_eq!(Head::parse(&set).from, "eve@z.example");
        assert!(set.ends_with(b"\r\n\r\nBody\r\n"));
    }
}
