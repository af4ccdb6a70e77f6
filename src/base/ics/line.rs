//! Content lines: folding, parameters, escaping (RFC 5545 section 3.1, RFC 6868).

/// Octets of a line before it is folded.
const FOLD: usize = 75;
/// A content line longer than this is cut: descriptions can hold whole documents, which nobody here reads.
const MOST_BYTES: usize = 64 * 1024;
/// Parameters of one line that are looked at.
const MOST_PARAMS: usize = 32;

/// `NAME;PARAM=value:value`. Names are in capitals, the value as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub params: Vec<(String, String)>,
    pub value: String,
}

impl Line {
    /// The first value of a parameter, `name` in capitals.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// As one line, not folded.
    pub(super) fn to_text(&self) -> String {
        let params: String = self.params.iter().map(|(name, value)| format!(";{name}={}", param(value))).collect();
        format!("{}{params}:{}", self.name, self.value)
    }

    fn parse(raw: &str) -> Option<Self> {
        let name_end = raw.find([';', ':'])?;
        let (name, mut rest) = raw.split_at(name_end);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return None;
        }
        let mut params = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            let (param, after) = after.split_once('=')?;
            let (value, after) = param_value(after)?;
            if params.len() < MOST_PARAMS {
                params.push((param.trim().to_ascii_uppercase(), value));
            }
            rest = after;
        }
        let value = rest.strip_prefix(':')?;
        Some(Self { name: name.to_ascii_uppercase(), params, value: value.to_owned() })
    }
}

/// A parameter's value up to the `;` or `:` that ends it; quotes taken off, several values left as they are.
fn param_value(text: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && matches!(c, ';' | ':')
    });
    let (end, _) = end?;
    let value = text[..end].replace('"', "").replace("^n", "\n").replace("^'", "\"").replace("^^", "^");
    Some((value, &text[end..]))
}

/// The content lines of a file, unfolded. Lines that are none are left out.
pub fn lines(text: &str) -> impl Iterator<Item = Line> + '_ {
    let mut raw = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
    std::iter::from_fn(move || loop {
        let mut whole = raw.next()?.to_owned();
        while let Some(more) = raw.next_if(|line| line.starts_with([' ', '\t'])) {
            if whole.len() + more.len() <= MOST_BYTES {
                whole.push_str(&more[1..]);
            }
        }
        if whole.len() > MOST_BYTES {
            continue;
        }
        if let Some(line) = Line::parse(whole.trim_start_matches('\u{feff}')) {
            return Some(line);
        }
    })
}

/// Text as the value of a property: no line breaks and no control characters of its own (section 3.3.11).
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

pub fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// Text as the value of a parameter, in quotes where it needs them. Quotes themselves cannot stand in one.
pub(super) fn param(text: &str) -> String {
    let clean = clean(text).replace('"', "'");
    if clean.contains([':', ';', ',']) {
        format!("\"{clean}\"")
    } else {
        clean
    }
}

/// One line, without control characters: what a stranger typed adds no property.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// Adds a line, folded at 75 octets and never inside a character.
pub(super) fn push_folded(out: &mut String, line: &str) {
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > FOLD {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_their_parts_told_apart() {
        let text = "\u{feff}BEGIN:VCALENDAR\r\nDESCRIPTION:one\r\n  two\r\n\tthree\nnonsense\n\
                    attendee;CN=\"Hartley; Gwen: MD\";rsvp=TRUE:mailto:gwen@oldmill.example\r\n";
        let all: Vec<Line> = lines(text).collect();
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(all[1].value, "one twothree");
        assert_eq!((all[2].name.as_str(), all[2].param("CN")), ("ATTENDEE", Some("Hartley; Gwen: MD")));
        assert_eq!((all[2].param("RSVP"), all[2].value.as_str()), (Some("TRUE"), "mailto:gwen@oldmill.example"));
    }

    #[test]
    fn text_survives_the_way_there_and_back() {
        let text = "Room 2; left, then \\up\nSecond line: ünïcode";
        assert_eq!(unescape(&escape(text)), text);
        assert_eq!(escape("a\r\nATTENDEE:x\u{7}"), "a\\nATTENDEE:x ");
        assert_eq!(param("Gwen \"G\" Hartley: MD\r\nX:y"), "\"Gwen 'G' Hartley: MD  X:y\"");
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        let mut out = String::new();
        push_folded(&mut out, &"ü".repeat(100));
        assert!(out.split("\r\n").all(|line| line.len() <= 75), "{out}");
        assert_eq!(out.replace("\r\n ", "").trim_end(), "ü".repeat(100));
    }
}
