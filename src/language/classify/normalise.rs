//! From a message's text to the sentences a person wrote in it.
//!
//! Sentences stay slices of the text that came in, so that evidence can be quoted to the letter;
//! what the model reads is the cleaned form beside the slice.

use unicode_normalization::{char::is_combining_mark, UnicodeNormalization};

/// One sentence: `raw` is a slice of the incoming text, `clean` its form for reading (NFKC,
/// invisible characters gone, spaces single).
#[derive(Clone, Debug)]
pub(super) struct Sentence<'a> {
    pub raw: &'a str,
    pub clean: String,
}

impl<'a> Sentence<'a> {
    pub fn new(raw: &'a str) -> Self {
        Self { raw, clean: clean(raw) }
    }
}

/// Splits into sentences, leaving out quoted lines, quote headers, signatures and greetings that
/// the mail parser left behind.
pub(super) fn sentences(text: &str) -> Vec<Sentence<'_>> {
    let mut found: Vec<Sentence<'_>> = own_blocks(text).into_iter().flat_map(split_block).collect();
    found.retain(|sentence| sentence.clean.chars().any(|c| !c.is_whitespace()));
    found
}

/// NFKC without invisible characters; runs of white space become one space.
pub(super) fn clean(raw: &str) -> String {
    let visible = raw.chars().filter(|c| !is_invisible(*c)).nfkc().filter(|c| !is_invisible(*c));
    let mut out = String::with_capacity(raw.len());
    for c in visible {
        match c {
            c if c.is_whitespace() => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            '\u{2018}' | '\u{2019}' | '\u{02BC}' | '`' | '´' => out.push('\''),
            '\u{201C}' | '\u{201D}' | '\u{201E}' | '«' | '»' => out.push('"'),
            '\u{2010}'..='\u{2015}' => out.push('-'),
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Zero-width, bidi control, tag, variation and soft-hyphen characters: they show nothing and are
/// used to hide or split words.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E01EF}')
        || (c.is_control() && !c.is_whitespace())
}

/// Lower case, accents off Latin letters, nukta off Devanagari: the form words are compared in.
pub(super) fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.nfkd().filter(|c| *c != '\u{093C}' && (!is_combining_mark(*c) || is_devanagari(*c))) {
        match c {
            'ß' => out.push_str("ss"),
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            'œ' | 'Œ' => out.push_str("oe"),
            'æ' | 'Æ' => out.push_str("ae"),
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

pub(super) fn is_devanagari(c: char) -> bool {
    ('\u{0900}'..='\u{097F}').contains(&c)
}

/// The runs of lines that are this message's own words.
fn own_blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut start: Option<usize> = None;
    let mut end = 0;
    let mut seen_words = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let offset = at;
        at += line.len();
        if ends_the_message(content, seen_words, text.get(at..).unwrap_or("")) {
            break;
        }
        let skip = content.starts_with('>') || (!seen_words && is_greeting(content));
        if skip || content.is_empty() {
            if let Some(from) = start.take() {
                blocks.push(&text[from..end]);
            }
            continue;
        }
        seen_words = true;
        start.get_or_insert(offset);
        end = at;
    }
    if let Some(from) = start {
        blocks.push(&text[from..end]);
    }
    blocks
}

const SIGNED_WITH: &[&str] = &[
    "sent from my",
    "get outlook for",
    "von meinem",
    "gesendet von",
    "enviado desde mi",
    "envoye de mon",
    "envoye depuis",
    "enviado do meu",
    "mera phone se",
];
const QUOTE_ENDS: &[&str] = &["wrote:", "schrieb:", "escribio:", "ecrit :", "ecrit:", "escreveu:", "ne likha:"];
const CLOSINGS: &[&str] = &[
    "regards",
    "kind regards",
    "best regards",
    "warm regards",
    "many thanks",
    "best wishes",
    "all the best",
    "sincerely",
    "yours sincerely",
    "yours",
    "cheers",
    "thanks",
    "thank you",
    "best",
    "mfg",
    "lg",
    "vg",
    "mit freundlichen grussen",
    "viele grusse",
    "beste grusse",
    "freundliche grusse",
    "liebe grusse",
    "gruss",
    "danke",
    "vielen dank",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "atentamente",
    "gracias",
    "muchas gracias",
    "cordialement",
    "bien cordialement",
    "bien a vous",
    "salutations",
    "merci",
    "bonne journee",
    "att",
    "atenciosamente",
    "abracos",
    "abraco",
    "obrigado",
    "obrigada",
    "cumprimentos",
    "dhanyavaad",
    "dhanyawad",
    "shukriya",
    "धन्यवाद",
    "सादर",
];

/// True for a line after which nothing is the writer's own text any more.
fn ends_the_message(line: &str, seen_words: bool, rest: &str) -> bool {
    if line == "--" || line == "__" || line.starts_with("-----") || line.starts_with("_____") {
        return true;
    }
    if line.is_empty() || line.chars().count() > 120 {
        return false;
    }
    let folded = fold(line);
    let bare = folded.trim_matches(|c: char| !c.is_alphanumeric() && !is_devanagari(c));
    let quoted = seen_words && QUOTE_ENDS.iter().any(|end| folded.ends_with(end));
    let signed = SIGNED_WITH.iter().any(|start| folded.starts_with(start));
    let closing = seen_words && CLOSINGS.contains(&bare) && rest.lines().filter(|l| !l.trim().is_empty()).count() <= 8;
    quoted || signed || closing
}

const GREETINGS: &[&str] = &[
    "hi",
    "hey",
    "hello",
    "dear",
    "hiya",
    "morning",
    "hallo",
    "guten",
    "moin",
    "liebe",
    "lieber",
    "sehr",
    "servus",
    "hola",
    "buenas",
    "buenos",
    "estimado",
    "estimada",
    "estimados",
    "bonjour",
    "bonsoir",
    "salut",
    "cher",
    "chere",
    "ola",
    "oi",
    "prezado",
    "prezada",
    "prezados",
    "caro",
    "cara",
    "bom",
    "boa",
    "namaste",
    "namaskar",
    "नमस्ते",
    "नमस्कार",
    "प्रिय",
    "re:",
    "aw:",
    "fwd:",
];

/// A line that only greets: a greeting word, at most five words, and no verb's worth of text.
fn is_greeting(line: &str) -> bool {
    let folded = fold(line);
    let mut words = folded.split_whitespace();
    let first = words.next().unwrap_or("").trim_end_matches([',', '!', '.']).to_owned();
    let subject = first == "re:" || first == "aw:" || first == "fwd:";
    let short = folded.split_whitespace().count() <= 5 && folded.ends_with([',', '!', ':', '-']);
    GREETINGS.contains(&first.as_str()) && (short || subject || (words.next().is_none() && first != "best"))
}

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "st", "sr", "sra", "srta", "mme", "mlle", "prof", "bzw", "ca", "z", "e", "g", "i", "u",
    "a", "d", "h", "b", "inkl", "evtl", "ggf", "tel", "approx", "etc", "inc", "ltd", "jr", "vs", "p", "m", "s", "eur",
    "str",
];

/// Sentences of one block: full stops, question and exclamation marks, danda, line ends that are
/// not mere wraps, and the brackets that injected text likes to hide in.
fn split_block(block: &str) -> Vec<Sentence<'_>> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = block.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = at + c.len_utf8();
        let next = chars.peek().map(|(_, next)| *next);
        let cut = match c {
            '\n' => !is_wrap(&block[..at], &block[after..]),
            '!' | '?' | '…' | '।' | '؟' => next.is_none_or(char::is_whitespace),
            '.' => next.is_none_or(char::is_whitespace) && !is_abbreviation(&block[start..at]),
            ']' | '}' => next != Some(c),
            '>' => block[..at].ends_with("--"),
            _ => false,
        };
        let opens = matches!(next, Some('[' | '{')) && c != '[' && c != '{' || block[after..].starts_with("<!--");
        if cut || opens {
            out.push(Sentence::new(&block[start..after]));
            start = after;
        }
    }
    out.push(Sentence::new(&block[start..]));
    out
}

/// A line end inside a paragraph that a mail client wrapped: a long line with text going on below.
fn is_wrap(before: &str, after: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or("");
    let goes_on = after.trim_start_matches(' ').chars().next().is_some_and(|c| c.is_alphanumeric());
    line.chars().count() >= 55 && goes_on && !line.trim_end().ends_with(['.', '!', '?', ':', '।'])
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    let numeral = !word.is_empty() && word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
    numeral || ABBREVIATIONS.contains(&fold(word).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> Vec<String> {
        sentences(text).into_iter().map(|sentence| sentence.clean).collect()
    }

    #[test]
    fn only_the_writers_own_sentences_are_read() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("greeting and signature", "Hi Tom,\nno thanks. Bye now\n\nRegards\nAnn\nCEO", &["no thanks.", "Bye now"]),
            ("quoted lines", "Fine by me\n> can we stop?\n", &["Fine by me"]),
            ("quote header", "Send it\nOn Mon, Jan 2, Bo wrote:\nbuy this", &["Send it"]),
            ("phone footer", "ok\nSent from my iPhone", &["ok"]),
            ("ordinals and titles", "Am 14. hätte Dr. Weber Zeit.", &["Am 14. hätte Dr. Weber Zeit."]),
            ("comment on its own", "<!-- x --> Thanks, no", &["<!-- x -->", "Thanks, no"]),
            ("danda", "नहीं। धन्यवाद।", &["नहीं।", "धन्यवाद।"]),
        ];
        for (name, text, expected) in cases {
            assert_eq!(&cleaned(text), expected, "{name}");
        }
    }

    #[test]
    fn invisible_characters_split_no_words() {
        assert_eq!(clean("un\u{200B}sub\u{00AD}scribe\u{E0041} \u{202E}me"), "unsubscribe me");
        assert_eq!(fold("Désinscrire ＭＥ Größe"), "desinscrire me grosse");
    }

    #[test]
    fn sentences_are_slices_of_the_incoming_text() {
        let text = "Hola,\n¿Cuánto cuesta?  Gracias\u{200B} de antemano.";
        for sentence in sentences(text) {
            assert!(text.contains(sentence.raw));
        }
    }
}
