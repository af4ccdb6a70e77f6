//! Stage 1a: blanks out what is not the writer's own words (quoted history, signatures, links,
//! addresses) without moving anything, and collects links to booking pages.

use super::token::fold;

/// The text with foreign parts overwritten by spaces (same byte length, same offsets).
pub struct Cleaned {
    pub text: String,
    pub booking_links: Vec<String>,
}

/// Hosts whose whole purpose is to let somebody pick a time.
const BOOKING_HOSTS: &[&str] = &[
    "calendly.com",
    "cal.com",
    "savvycal.com",
    "tidycal.com",
    "zcal.co",
    "youcanbook.me",
    "doodle.com",
    "acuityscheduling.com",
    "appointlet.com",
    "koalendar.com",
    "chilipiper.com",
    "calendar.app.google",
    "meetings.hubspot.com",
    "outlook.office365.com",
    "bookings.cloud.microsoft",
    "motion.usemotion.com",
    "setmore.com",
    "simplybook.me",
    "oncehub.com",
    "lemcal.com",
    "reclaim.ai",
];
/// Path words that make a link on any other host a booking page.
const BOOKING_PATHS: &[&str] =
    &["book", "booking", "bookings", "schedule", "appointments", "meetings", "termin", "termine", "agendar"];
const MAX_LINKS: usize = 10;

pub fn clean(text: &str) -> Cleaned {
    let mut bytes = text.as_bytes().to_vec();
    for (start, end) in foreign_lines(text) {
        blank(&mut bytes, start, end);
    }
    let own = String::from_utf8_lossy(&bytes).into_owned();
    let mut booking_links = Vec::new();
    for (start, end) in links_and_addresses(&own) {
        let link = &own[start..end];
        if is_booking_link(link) && booking_links.len() < MAX_LINKS && !booking_links.iter().any(|l| l == link) {
            booking_links.push(link.to_owned());
        }
        blank(&mut bytes, start, end);
    }
    Cleaned { text: String::from_utf8_lossy(&bytes).into_owned(), booking_links }
}

fn blank(bytes: &mut [u8], start: usize, end: usize) {
    for byte in &mut bytes[start..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Byte ranges of quoted lines and of everything after a signature mark or a reply header.
fn foreign_lines(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut said_something = false;
    let mut signed = false;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let trimmed = line.trim();
        let folded = fold(trimmed);
        if starts_history(trimmed, &folded) {
            ranges.push((start, text.len()));
            break;
        }
        if signed && (folded.starts_with("ps") || folded.starts_with("p.s")) {
            signed = false;
        }
        if trimmed.starts_with('>') || signed {
            ranges.push((start, end));
        } else if said_something && is_closing(&folded) {
            signed = true;
        }
        said_something |= trimmed.split_whitespace().count() > 1;
        start = end;
    }
    ranges
}

fn starts_history(trimmed: &str, folded: &str) -> bool {
    const HEADERS: &[&str] =
        &["-----original message", "----- original", "-----ursprungliche", "---------- forwarded", "________________"];
    const WROTE: &[&str] = &["wrote:", "schrieb:", "a ecrit :", "a ecrit:", "escribio:", "escreveu:", "ने लिखा:"];
    const MOBILE: &[&str] =
        &["sent from my", "von meinem iphone", "enviado desde mi", "envoye de mon", "enviado do meu"];
    trimmed == "--"
        || HEADERS.iter().any(|h| folded.starts_with(h))
        || MOBILE.iter().any(|h| folded.starts_with(h))
        || WROTE.iter().any(|w| folded.ends_with(w))
        || (folded.contains(" schrieb ") && folded.ends_with(':') && folded.starts_with("am "))
}

/// A line that is nothing but a farewell: what follows is a name and a business card.
fn is_closing(folded: &str) -> bool {
    const CLOSINGS: &[&str] = &[
        "best regards",
        "kind regards",
        "warm regards",
        "regards",
        "best wishes",
        "best",
        "sincerely",
        "yours sincerely",
        "viele grusse",
        "mit freundlichen grussen",
        "beste grusse",
        "liebe grusse",
        "freundliche grusse",
        "mfg",
        "vg",
        "lg",
        "cordialement",
        "bien cordialement",
        "bien a vous",
        "sinceres salutations",
        "saludos",
        "un saludo",
        "saludos cordiales",
        "atentamente",
        "atenciosamente",
        "abraco",
        "abracos",
        "cumprimentos",
        "att",
        "सादर",
        "saadar",
    ];
    let words = folded.trim_end_matches([',', '.', '!']);
    CLOSINGS.contains(&words)
}

/// Byte ranges of URLs, bare booking hosts and e-mail addresses, in order.
fn links_and_addresses(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for word in
        text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | '[' | ']'))
    {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || "<>()\"[].,;:!?".contains(c));
        let lower = bare.to_ascii_lowercase();
        let is_link = lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("www.");
        let is_address = bare.get(1..).is_some_and(|rest| rest.contains('@'));
        if is_link || is_address || is_booking_link(bare) {
            ranges.push((start, start + bare.len()));
        }
        start += word.len();
    }
    ranges
}

fn is_booking_link(link: &str) -> bool {
    let lower = link.to_ascii_lowercase();
    let after_scheme = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let (host, path) = after_scheme.split_once('/').unwrap_or((after_scheme, ""));
    if host.contains('@') || !host.contains('.') {
        return false;
    }
    let known = BOOKING_HOSTS
        .iter()
        .any(|known| host == *known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')));
    let host_says = ["book.", "booking.", "schedule.", "meet-me."].iter().any(|prefix| host.starts_with(prefix));
    let path_says = path.split(['/', '-', '?']).any(|part| BOOKING_PATHS.contains(&part));
    (known && !path.is_empty()) || (lower.contains("://") && (host_says || path_says))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_history_signatures_and_links_are_blanked_in_place() {
        let cases = [
            ("Fri works\n> Mon 3pm?\n", "Fri works\n          \n"),
            ("Fri works\n-- \nTel 3pm", "Fri works\n   \n       "),
            ("Yes, fine\nBest regards,\nAnn, Mon-Fri", "Yes, fine\nBest regards,\n            "),
            ("mail me a3@b.c now", "mail me        now"),
            ("see http://x.y/3pm.", "see               ."),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text).text, expected, "{text:?}");
        }
    }

    #[test]
    fn links_to_booking_pages_are_collected_and_others_are_not() {
        let found =
            clean("Pick one: https://calendly.com/ann/30min, or acme.com/x, https://acme.com/book/ann.").booking_links;
        assert_eq!(found, ["https://calendly.com/ann/30min", "https://acme.com/book/ann"]);
        assert!(clean("https://example.com/pricing calendly.com").booking_links.is_empty());
    }
}
