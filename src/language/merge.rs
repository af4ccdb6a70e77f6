//! The small language of step texts: fields with fallbacks, conditions, and variants.
//!
//! ```text
//! {{first_name}}  {{first_name|there}}          a field; the part behind the bar stands in when it is empty
//! {{#if company}}at {{company}}{{else}}…{{/if}}   only when the field has a value
//! {Hi|Hello|Good morning}                       one of these, the same one each time for the same seed
//! \{  \}  \|  \\                                the character itself
//! ```
//! A field without value and without fallback is reported as missing and the text must not be sent.
//! Values are put in as they are: nothing in them is read as this language.

use std::fmt;

/// How deep conditions and variants may stand inside each other.
const DEEPEST: usize = 8;

/// A text that was read without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field {
        name: String,
        fallback: Option<String>,
    },
    If {
        field: String,
        then: Vec<Part>,
        otherwise: Vec<Part>,
    },
    /// `number` counts the groups of the text, so that a choice does not depend on which branch was taken.
    Variants {
        number: u64,
        choices: Vec<Vec<Part>>,
    },
}

/// What is wrong, where, and what to write instead. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Line {line}, column {column}: {what} {cure}")]
pub struct MergeError {
    pub line: usize,
    pub column: usize,
    pub what: String,
    pub cure: String,
}

/// A text for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// Fields that had neither value nor fallback, each once, in the order of the text.
    pub missing: Vec<String>,
}

/// A field that a text uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldUse {
    pub name: String,
    /// The text can do without a value: there is a fallback, or the field is only asked about.
    pub optional: bool,
}

/// Reads a text.
pub fn parse(text: &str) -> Result<Template, MergeError> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0, groups: 0 };
    let (parts, end) = reader.parts(0, Inside::Text)?;
    match end {
        End::Text => Ok(Template { parts }),
        End::Else(at) => Err(reader.error(at, "“{{else}}” stands outside a condition.", "Begin with {{#if field}}.")),
        End::Close(at) => {
            Err(reader.error(at, "“{{/if}}” closes nothing.", "Begin with {{#if field}}, or take it away."))
        }
        End::Bar | End::Brace => Ok(Template { parts }),
    }
}

/// Fills the fields by `lookup` (empty counts as absent) and chooses variants by `seed`.
pub fn render(template: &Template, lookup: &dyn Fn(&str) -> Option<String>, seed: u64) -> Rendered {
    let mut rendered = Rendered::default();
    fill(&template.parts, lookup, seed, &mut rendered);
    rendered
}

/// A seed that is the same for the same ids on every machine and version (FNV-1a).
pub fn seed(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

impl Template {
    /// Every field of the text, each once. A field is optional only if it is so wherever it stands.
    pub fn fields(&self) -> Vec<FieldUse> {
        let mut found = Vec::new();
        collect(&self.parts, &mut Vec::new(), &mut found);
        found
    }
}

fn fill(parts: &[Part], lookup: &dyn Fn(&str) -> Option<String>, seed: u64, out: &mut Rendered) {
    for part in parts {
        match part {
            Part::Text(text) => out.text.push_str(text),
            Part::Field { name, fallback } => match value(lookup, name).or_else(|| fallback.clone()) {
                Some(value) => out.text.push_str(&value),
                None if out.missing.contains(name) => {}
                None => out.missing.push(name.clone()),
            },
            Part::If { field, then, otherwise } => {
                let branch = if value(lookup, field).is_some() { then } else { otherwise };
                fill(branch, lookup, seed, out);
            }
            Part::Variants { number, choices } => {
                let chosen = mix(seed.wrapping_add(*number)) % choices.len().max(1) as u64;
                if let Some(choice) = choices.get(chosen as usize) {
                    fill(choice, lookup, seed, out);
                }
            }
        }
    }
}

/// A value on one line: what an import brought in must not change the shape of a mail.
fn value(lookup: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    let value = lookup(name)?;
    let words: Vec<&str> =
        value.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    Some(words.join(" ")).filter(|value| !value.is_empty())
}

/// splitmix64: near seeds must not give the same choice.
pub fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// `known` are the fields that the conditions around have found to have a value.
fn collect<'a>(parts: &'a [Part], known: &mut Vec<&'a str>, found: &mut Vec<FieldUse>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Field { name, fallback } => note(found, name, fallback.is_some() || known.contains(&name.as_str())),
            Part::If { field, then, otherwise } => {
                note(found, field, true);
                known.push(field);
                collect(then, known, found);
                known.pop();
                collect(otherwise, known, found);
            }
            Part::Variants { choices, .. } => choices.iter().for_each(|choice| collect(choice, known, found)),
        }
    }
}

fn note(found: &mut Vec<FieldUse>, name: &str, optional: bool) {
    match found.iter_mut().find(|field| field.name == name) {
        Some(field) => field.optional &= optional,
        None => found.push(FieldUse { name: name.to_owned(), optional }),
    }
}

/// What surrounds the place that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Text,
    Condition,
    Variants,
}

/// What ended a run of parts; the number is where it stood.
enum End {
    Text,
    Else(usize),
    Close(usize),
    Bar,
    Brace,
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    groups: u64,
}

/// What stands between double braces.
enum Tag {
    Part(Part),
    If(String),
    Else,
    EndIf,
}

impl Reader {
    fn parts(&mut self, depth: usize, inside: Inside) -> Result<(Vec<Part>, End), MergeError> {
        if depth > DEEPEST {
            return Err(self.error(self.at, "This stands inside too many others.", "Use at most eight levels."));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let end = loop {
            let start = self.at;
            let Some(&c) = self.chars.get(self.at) else { break End::Text };
            let next = self.chars.get(self.at + 1).copied();
            match (c, next) {
                ('\\', Some(escaped @ ('{' | '}' | '|' | '\\'))) => {
                    text.push(escaped);
                    self.at += 2;
                }
                ('{', Some('{')) => match self.tag()? {
                    Tag::Part(part) => push(&mut parts, &mut text, part),
                    Tag::If(field) => {
                        let part = self.condition(field, start, depth)?;
                        push(&mut parts, &mut text, part);
                    }
                    Tag::Else => break End::Else(start),
                    Tag::EndIf => break End::Close(start),
                },
                ('{', _) => {
                    let part = self.variants(depth)?;
                    push(&mut parts, &mut text, part);
                }
                ('|', _) if inside == Inside::Variants => break End::Bar,
                ('}', _) if inside == Inside::Variants => break End::Brace,
                ('}', _) => return Err(self.error(start, "This brace closes nothing.", "Take it away, or write \\}.")),
                _ => {
                    text.push(c);
                    self.at += 1;
                }
            }
        };
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok((parts, end))
    }

    /// Reads `{{…}}` from its first brace to behind its last.
    fn tag(&mut self) -> Result<Tag, MergeError> {
        let start = self.at;
        let length = self.chars[start + 2..].windows(2).position(|pair| pair == ['}', '}']);
        let inner: Option<String> = length.map(|length| self.chars[start + 2..start + 2 + length].iter().collect());
        let Some(inner) = inner.filter(|inner| !inner.contains(['{', '\n'])) else {
            return Err(self.error(start, "“{{” is not closed.", "Write }} behind the field’s name."));
        };
        self.at = start + 4 + inner.chars().count();
        if let Some(field) = inner.trim().strip_prefix("#if") {
            return Ok(Tag::If(self.name(field, start)?));
        }
        match inner.trim() {
            "else" => return Ok(Tag::Else),
            "/if" => return Ok(Tag::EndIf),
            _ => {}
        }
        let (name, fallback) = match inner.split_once('|') {
            Some((name, fallback)) => (name, Some(fallback.trim().to_owned())),
            None => (inner.as_str(), None),
        };
        let fallback = fallback.filter(|fallback| !fallback.is_empty());
        if fallback.is_none() && inner.contains('|') {
            return Err(self.error(
                start,
                "The fallback is empty.",
                "Write what stands in, as in {{first_name|there}}.",
            ));
        }
        Ok(Tag::Part(Part::Field { name: self.name(name, start)?, fallback }))
    }

    fn name(&self, raw: &str, at: usize) -> Result<String, MergeError> {
        let name = raw.trim().to_lowercase().replace([' ', '-'], "_");
        if is_name(&name) {
            return Ok(name);
        }
        let what = format!("“{}” is no field.", raw.trim());
        Err(self.error(at, &what, "A field has letters, digits and _, as in {{first_name}}."))
    }

    fn condition(&mut self, field: String, start: usize, depth: usize) -> Result<Part, MergeError> {
        let unclosed = |reader: &Self| {
            reader.error(start, "This condition is not closed.", "Write {{/if}} where it ends, in the same variant.")
        };
        let (then, mut end) = self.parts(depth + 1, Inside::Condition)?;
        let mut otherwise = Vec::new();
        if let End::Else(_) = end {
            (otherwise, end) = self.parts(depth + 1, Inside::Condition)?;
        }
        match end {
            End::Close(_) => Ok(Part::If { field, then, otherwise }),
            End::Else(at) => Err(self.error(at, "A condition has one “{{else}}”.", "Take the second away.")),
            _ => Err(unclosed(self)),
        }
    }

    fn variants(&mut self, depth: usize) -> Result<Part, MergeError> {
        let start = self.at;
        self.at += 1;
        self.groups += 1;
        let number = self.groups;
        let mut choices = Vec::new();
        loop {
            let (choice, end) = self.parts(depth + 1, Inside::Variants)?;
            choices.push(choice);
            match end {
                End::Bar => self.at += 1,
                End::Brace => break,
                End::Text | End::Else(_) | End::Close(_) => {
                    let cure = "Close it, as in {Hi|Hello}; for the character itself write \\{.";
                    return Err(self.error(start, "This brace is not closed.", cure));
                }
            }
        }
        self.at += 1;
        if let [only] = choices.as_slice() {
            return Err(self.single(start, only));
        }
        Ok(Part::Variants { number, choices })
    }

    /// One choice is no choice: most often a field with too few braces.
    fn single(&self, start: usize, choice: &[Part]) -> MergeError {
        match choice {
            [Part::Text(text)] if is_name(text.trim()) => {
                let cure = format!("Write {{{{{}}}}}, with two braces on each side.", text.trim());
                self.error(start, "A field stands in double braces.", &cure)
            }
            _ => self.error(
                start,
                "Variants are divided by bars.",
                "Write {Hi|Hello}; for the character itself write \\{.",
            ),
        }
    }

    fn error(&self, at: usize, what: &str, cure: &str) -> MergeError {
        let before = &self.chars[..at.min(self.chars.len())];
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
        MergeError { line, column, what: what.to_owned(), cure: cure.to_owned() }
    }
}

fn push(parts: &mut Vec<Part>, text: &mut String, part: Part) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
    parts.push(part);
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= 40
}

/// Written back, for what shows a field as people type it.
impl fmt::Display for FieldUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{}}}}}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "first_name" => "Anna",
            "company" => "Fellside  \n Guest House",
            "rooms" => "{{first_name}} {a|b}",
            "blank" => "  ",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn rendered(text: &str) -> Rendered {
        render(&parse(text).unwrap(), &lookup, 7)
    }

    #[test]
    fn fields_fallbacks_and_conditions_are_filled_for_one_person() {
        let cases = [
            ("Hi {{first_name}},", "Hi Anna,"),
            ("Hi {{ First Name | there }},", "Hi Anna,"),
            ("Hi {{nickname|there}},", "Hi there,"),
            ("Hi {{blank|there}},", "Hi there,"),
            ("{{company}}", "Fellside Guest House"),
            ("{{#if company}}at {{company}}{{else}}alone{{/if}}.", "at Fellside Guest House."),
            ("{{#if nickname}}x{{else}}alone{{/if}}.", "alone."),
            ("{{#if nickname}}x{{/if}}{{#if blank}}y{{/if}}z", "z"),
            ("{{rooms}}", "{{first_name}} {a|b}"),
            (r"a \{b\} c\|d \\ 1|2", r"a {b} c|d \ 1|2"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(rendered(text), Rendered { text: expected.into(), missing: vec![] }, "{text}");
        }
    }

    #[test]
    fn a_field_without_value_and_fallback_is_missing_once() {
        let missing = rendered("Hi {{nickname}}, {{nickname}} of {{town}}").missing;
        assert_eq!(missing, ["nickname", "town"]);
        assert!(rendered("{{#if town}}in {{town}}{{/if}}").missing.is_empty());
    }

    #[test]
    fn a_variant_stays_the_same_for_a_person_and_differs_between_people() {
        let template = parse("{Hi|Hello|Good morning} {{first_name|there}}, {how are you|{a|b}}").unwrap();
        let of = |seed| render(&template, &lookup, seed).text;
        assert_eq!(of(1), of(1));
        let all: std::collections::BTreeSet<String> = (0..200).map(of).collect();
        assert_eq!(all.len(), 9, "three greetings times three endings: {all:?}");
        assert_eq!(seed(&[b"contact", b"step"]), 0xa5ff_b7fe_5e7b_5661);
    }

    #[test]
    fn mistakes_name_the_place_and_the_cure() {
        let cases = [
            ("Hi {{first_name", (1, 4), "not closed"),
            ("Hi\n{first_name},", (2, 1), "Write {{first_name}}, with two braces"),
            ("Hi {there", (1, 4), "not closed"),
            ("{one choice}", (1, 1), "divided by bars"),
            ("a } b", (1, 3), "closes nothing"),
            ("{{#if company}}x", (1, 1), "Write {{/if}}"),
            ("{{#if a}}x{{else}}y{{else}}z{{/if}}", (1, 20), "one “{{else}}”"),
            ("x {{/if}}", (1, 3), "closes nothing"),
            ("{{else}}", (1, 1), "outside a condition"),
            ("{{9lives}}", (1, 1), "is no field"),
            ("{{}}", (1, 1), "is no field"),
            ("{{name|}}", (1, 1), "fallback is empty"),
            ("ä\nöü {{", (2, 4), "not closed"),
            ("{a|{{#if x}}b}{{/if}}", (1, 14), "closes nothing"),
            ("{a|{{/if}}b}", (1, 1), "not closed"),
        ];
        for (text, place, words) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!((error.line, error.column), place, "{text}: {error}");
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
        assert!(parse(&"{a|".repeat(500)).is_err(), "nothing overflows");
    }

    #[test]
    fn a_text_tells_which_fields_it_needs() {
        let fields = parse("{{a}} {{b|x}} {{#if c}}{{c}}{{else}}{{d}}{{/if}} {{{b}}|y}").unwrap_err();
        assert_eq!(fields.line, 1, "three braces are a mistake: {fields}");
        let fields = parse("{{a}} {{b|x}} {{#if c}}{{c}}{{else}}{{d}}{{/if}} {y|{{b}}}").unwrap().fields();
        let told: Vec<(String, bool)> = fields.into_iter().map(|field| (field.name, field.optional)).collect();
        let expected = [("a", false), ("b", false), ("c", true), ("d", false)];
        assert_eq!(told, expected.map(|(name, optional)| (name.to_owned(), optional)));
    }
}
