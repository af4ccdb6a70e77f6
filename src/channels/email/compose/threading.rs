//! Message-IDs, References and the subject of an answer (RFC 5322 section 3.6.4 and 3.6.5).

use uuid::Uuid;

use super::ComposeError;

/// Ids kept when a thread grows long: the first, and this many of the last.
const LAST_REFERENCES: usize = 10;
/// RFC 5322 section 2.1.1 allows 998 characters a line; an id stands alone on one.
const MAX_ID_CHARS: usize = 900;

/// The id of a new mail, without brackets; `domain` is the sender's.
pub fn message_id_for(id: Uuid, domain: &str) -> String {
    format!("{}@{domain}", id.simple())
}

/// References of an answer: the parent's, or what it answered itself, then the parent.
pub fn references_for(parent_references: &[String], parent_in_reply_to: Option<&str>, parent: &str) -> Vec<String> {
    let mut ids: Vec<String> = parent_references.to_vec();
    if ids.is_empty() {
        ids.extend(parent_in_reply_to.map(str::to_owned));
    }
    ids.retain(|id| id != parent);
    ids.push(parent.to_owned());
    ids
}

/// `Re: ` once, whatever prefixes languages and programs have piled up.
pub fn reply_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((prefix, tail)) = rest.split_once([':', '：']) {
        let name = prefix.trim().to_lowercase();
        let name =
            name.split(['[', '(', '^']).next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
        if !REPLY_PREFIXES.contains(&name) {
            break;
        }
        rest = tail.trim_start();
    }
    format!("Re: {rest}").trim_end().to_owned()
}

const REPLY_PREFIXES: [&str; 21] = [
    "re", "aw", "antw", "antwort", "sv", "vs", "odp", "rép", "ref", "rif", "res", "ris", "r", "ynt", "atb", "bls",
    "vá", "回复", "回覆", "答复", "تر",
];

/// The `References` values in brackets: the first and the last few, ending with the parent.
pub fn trimmed_references(references: &[String], parent: Option<&str>) -> Result<Vec<String>, ComposeError> {
    let mut ids: Vec<&str> = Vec::new();
    for id in references.iter().map(String::as_str).filter(|id| Some(*id) != parent).chain(parent) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > LAST_REFERENCES + 1 {
        ids.drain(1..ids.len() - LAST_REFERENCES);
    }
    ids.into_iter().map(|id| check_id(id, "a reference").map(|()| format!("<{id}>"))).collect()
}

pub fn check_id(id: &str, what: &'static str) -> Result<(), ComposeError> {
    let is_sound = !id.is_empty()
        && id.len() <= MAX_ID_CHARS
        && id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b','));
    if is_sound {
        Ok(())
    } else {
        Err(ComposeError::MessageId(what))
    }
}
