//! Characters that a reader does not see but a program would read.

/// Drops zero-width characters, bidi controls, Unicode tags, variation selectors beyond emoji's own,
/// the private marks used inside this room, and control characters other than tab and line end.
/// Non-breaking spaces become spaces.
pub fn strip_invisible(text: &str) -> String {
    text.chars().filter(|&c| !is_invisible(c)).map(|c| if is_odd_space(c) { ' ' } else { c }).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{3164}' | '\u{FFA0}'
        | '\u{200B}'..='\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' | MARK_FIRST..=MARK_LAST)
        || c.is_control() && !matches!(c, '\n' | '\t' | '\r')
}

fn is_odd_space(c: char) -> bool {
    matches!(c, '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{2028}' | '\u{2029}')
}

/// Private-use marks by which HTML structure is handed to the quote stripper.
pub const MARK_FIRST: char = '\u{F8F0}';
pub const MARK_LAST: char = '\u{F8FF}';
/// A line of its own: what follows is the mail answered.
pub const MARK_QUOTE_BELOW: char = '\u{F8F0}';
/// Begins a line that the sender's program marked as the line above a quotation ("On … wrote:").
pub const MARK_ATTRIBUTION: char = '\u{F8F1}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_gone_and_what_people_write_stays() {
        let cases = [
            ("yes\u{200B}, \u{202E}Tuesday\u{202C}", "yes, Tuesday"),
            ("ok\u{E0049}\u{E0067}\u{E006E}", "ok"),
            ("10\u{00A0}000\u{202F}€", "10 000 €"),
            ("👨\u{200D}👩\u{200D}👧 family", "👨\u{200D}👩\u{200D}👧 family"),
            ("a\tb\nc\u{0007}", "a\tb\nc"),
        ];
        for (text, expected) in cases {
            assert_eq!(strip_invisible(text), expected, "{text:?}");
        }
    }
}
