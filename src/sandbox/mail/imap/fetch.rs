//! FETCH items (RFC 3501 section 6.4.5): flags, dates, sizes, and parts of the raw mail, whole or `<from.length>`.

use super::super::mailbox::Mail;
use super::super::mime;
use super::command::Token;
use super::flags;

pub(super) enum Item {
    Flags,
    Uid,
    InternalDate,
    Size,
    Body { section: Section, part: Option<(usize, usize)>, peeks: bool },
}

pub(super) enum Section {
    Whole,
    Header,
    /// The fields named, or with `true` all but those.
    Fields(Vec<String>, bool),
    Text,
}

/// The items of a FETCH command; None when one is not served here (ENVELOPE and BODYSTRUCTURE are not).
pub(super) fn parse(tokens: &[Token]) -> Option<Vec<Item>> {
    let words = tokens.iter().filter(|token| !matches!(token, Token::Open | Token::Close));
    words.map(|token| item(&token.text())).collect()
}

fn item(word: &str) -> Option<Item> {
    let whole = |peeks, section| Item::Body { section, part: None, peeks };
    Some(match word.to_uppercase().as_str() {
        "FLAGS" => Item::Flags,
        "UID" => Item::Uid,
        "INTERNALDATE" => Item::InternalDate,
        "RFC822.SIZE" => Item::Size,
        "RFC822" => whole(false, Section::Whole),
        "RFC822.HEADER" => whole(true, Section::Header),
        upper => {
            let (start, rest) = upper.split_once('[')?;
            let (section, after) = rest.rsplit_once(']')?;
            let peeks = match start {
                "BODY.PEEK" => true,
                "BODY" => false,
                _ => return None,
            };
            Item::Body { section: self::section(section)?, part: part(after)?, peeks }
        }
    })
}

fn section(text: &str) -> Option<Section> {
    let named = |list: &str| list.trim_matches(['(', ')', ' ']).split(' ').map(str::to_owned).collect();
    Some(match text {
        "" => Section::Whole,
        "HEADER" => Section::Header,
        "TEXT" => Section::Text,
        _ => match text.strip_prefix("HEADER.FIELDS.NOT ") {
            Some(list) => Section::Fields(named(list), true),
            None => Section::Fields(named(text.strip_prefix("HEADER.FIELDS ")?), false),
        },
    })
}

/// Nothing, or `<from.length>`. The outer None is for what is neither.
fn part(text: &str) -> Option<Option<(usize, usize)>> {
    if text.is_empty() {
        return Some(None);
    }
    let (from, length) = text.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
    Some(Some((from.parse().ok()?, length.parse().ok()?)))
}

impl Item {
    /// Whether showing it marks the mail as seen.
    pub fn marks_seen(&self) -> bool {
        matches!(self, Self::Body { peeks: false, .. })
    }

    /// Appends name and value as they stand in a FETCH response.
    pub fn write(&self, mail: &Mail, to: &mut Vec<u8>) {
        match self {
            Self::Flags => to.extend(format!("FLAGS {}", flags(mail)).bytes()),
            Self::Uid => to.extend(format!("UID {}", mail.uid).bytes()),
            Self::Size => to.extend(format!("RFC822.SIZE {}", mail.raw.len()).bytes()),
            Self::InternalDate => {
                let at = mail.at.to_timestamp().strftime("%e-%b-%Y %H:%M:%S +0000");
                to.extend(format!("INTERNALDATE \"{at}\"").bytes());
            }
            Self::Body { section, part, .. } => {
                let bytes = section.of(mail);
                let (from, length) = part.unwrap_or((0, bytes.len()));
                let from = from.min(bytes.len());
                let bytes = &bytes[from..from.saturating_add(length).min(bytes.len())];
                let origin = part.map(|(from, _)| format!("<{from}>")).unwrap_or_default();
                to.extend(format!("BODY[{}]{origin} {{{}}}\r\n", section.name(), bytes.len()).bytes());
                to.extend_from_slice(bytes);
            }
        }
    }
}

impl Section {
    fn name(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Header => "HEADER".to_owned(),
            Self::Text => "TEXT".to_owned(),
            Self::Fields(names, except) => {
                format!("HEADER.FIELDS{} ({})", if *except { ".NOT" } else { "" }, names.join(" "))
            }
        }
    }

    fn of(&self, mail: &Mail) -> Vec<u8> {
        let body = mime::body_offset(&mail.raw);
        match self {
            Self::Whole => mail.raw.to_vec(),
            Self::Header => mail.raw[..body].to_vec(),
            Self::Text => mail.raw[body..].to_vec(),
            Self::Fields(names, except) => {
                let wanted = |name: &str| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) != *except;
                let fields = mime::raw_fields(&mail.raw).into_iter().filter(|(name, _)| wanted(name));
                let mut bytes: Vec<u8> = fields.flat_map(|(_, field)| field.iter().copied()).collect();
                bytes.extend_from_slice(b"\r\n");
                bytes
            }
        }
    }
}
