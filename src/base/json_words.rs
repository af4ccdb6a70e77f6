//! What a JSON parser says, for people who do not write Rust: which shape was found, which is wanted.

/// Words for a message about text that is not JSON, with the cure. `said` is the parser's message without its place.
pub fn syntax(said: &str) -> String {
    let what = match said {
        "trailing comma" => "the last comma is one too many",
        "trailing characters" => "there is more after its end; send one value and nothing after it",
        "key must be a string" => "a name is not in double quotes",
        "expected `:`" => "there is no colon behind a name",
        "invalid number" => "this is no number as JSON writes them",
        "number out of range" => "this number is too large",
        "invalid escape" => "a backslash stands before a character that needs none",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" | "invalid unicode code point" => {
            "a \\u escape is only half of a character"
        }
        "recursion limit exceeded" => "it is nested too deeply",
        _ if said.starts_with("EOF") => "it ends too early: a bracket or a quote is not closed",
        _ if said.starts_with("expected `,`") => "values are not separated by a comma, or a bracket is not closed",
        _ if said.starts_with("expected ident") || said.starts_with("expected value") => {
            "values are objects, lists, \"strings\", numbers, true, false and null"
        }
        _ if said.contains("control character") => "a line break inside a string is written as \\n",
        _ => "it cannot be read",
    };
    what.to_owned()
}

/// Words for a message about a value of another shape than the one that is wanted.
pub fn shape(said: &str) -> String {
    if let Some(name) = said.strip_prefix("missing field ") {
        return format!("{} is missing", quoted(name));
    }
    if let Some(name) = said.strip_prefix("duplicate field ") {
        return format!("{} stands here twice", quoted(name));
    }
    if let Some((name, known)) = said.strip_prefix("unknown field ").and_then(|rest| rest.split_once(", ")) {
        return format!("{} is not a field here; there {}", quoted(name), choices(known, "are", "is"));
    }
    if let Some((name, known)) = said.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", ")) {
        return format!("{} is not one of the values; {}", quoted(name), choices(known, "there are", "there is"));
    }
    let found = said.strip_prefix("invalid type: ").or_else(|| said.strip_prefix("invalid value: "));
    if let Some((found, wanted)) = found.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("{} stands here, and {} is wanted", found_words(found), wanted_words(wanted));
    }
    match said {
        "invalid digit found in string" | "cannot parse integer from empty string" => "a whole number is wanted".into(),
        "number too large to fit in target type" => "the number is too large".into(),
        "number too small to fit in target type" => "the number is too small".into(),
        "provided string was not `true` or `false`" => "true or false is wanted".into(),
        _ if said.starts_with("invalid length") => "the list has too few or too many values".into(),
        _ => "the value does not fit".into(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.trim_matches('`'))
}

/// "expected one of `a`, `b`", "expected `a` or `b`", "expected `a`", "there are no fields".
fn choices(known: &str, many: &str, one: &str) -> String {
    let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match names.as_slice() {
        [] => format!("{many} none"),
        [name] => format!("{one} {name}"),
        [others @ .., last] => format!("{many} {} and {last}", others.join(", ")),
    }
}

fn found_words(found: &str) -> String {
    let (kind, value) = found.split_once([' ', '`']).unwrap_or((found, ""));
    let value = value.trim_matches('`');
    match kind {
        "map" => "an object".into(),
        "sequence" => "a list".into(),
        "null" | "unit" => "null".into(),
        "string" => format!("the text {value}"),
        "boolean" => value.to_owned(),
        "integer" => format!("the number {value}"),
        "floating" => format!("the number {}", value.trim_start_matches("point").trim_matches([' ', '`'])),
        "character" => "a character".into(),
        _ => "another value".into(),
    }
}

/// The names of the parser's own types are nobody's business.
fn wanted_words(wanted: &str) -> String {
    let largest = match wanted {
        "u8" => u64::from(u8::MAX),
        "u16" => u64::from(u16::MAX),
        "u32" => u64::from(u32::MAX),
        "u64" | "usize" => return "a whole number from 0 on".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => return "a whole number".into(),
        "f32" | "f64" => return "a number".into(),
        "bool" | "a boolean" => return "true or false".into(),
        "a string" | "str" | "string" | "a borrowed string" | "string or map" => return "text in quotes".into(),
        "a sequence" => return "a list".into(),
        "a map" => return "an object".into(),
        _ if wanted.starts_with("struct ") => return "an object".into(),
        _ if wanted.starts_with("a tuple") || wanted.starts_with("an array") || wanted.starts_with("tuple ") => {
            return "a list".into()
        }
        _ => return "another value".into(),
    };
    format!("a whole number from 0 to {largest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Body {
        name: String,
        #[serde(default)]
        count: u16,
        #[serde(default)]
        on: bool,
        #[serde(default)]
        share: f32,
        #[serde(default)]
        list: Vec<String>,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        tone: Option<Tone>,
        #[serde(default)]
        custom: BTreeMap<String, String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {}

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Tone {
        Plain,
        Warm,
    }

    #[test]
    fn a_value_of_another_shape_is_told_without_the_parsers_own_names() {
        let cases = [
            (r#"{}"#, "\"name\" is missing"),
            (r#"{"name":7}"#, "the number 7 stands here, and text in quotes is wanted"),
            (r#"{"name":null}"#, "null stands here, and text in quotes is wanted"),
            (r#"{"name":"a","count":-1}"#, "the number -1 stands here, and a whole number from 0 to 65535 is wanted"),
            (r#"{"name":"a","count":1.5}"#, "the number 1.5 stands here, and a whole number from 0 to 65535 is wanted"),
            (
                r#"{"name":"a","count":"x, expected"}"#,
                "the text \"x, expected\" stands here, and a whole number from 0 to 65535 is wanted",
            ),
            (r#"{"name":"a","on":1}"#, "the number 1 stands here, and true or false is wanted"),
            (r#"{"name":"a","share":"much"}"#, "the text \"much\" stands here, and a number is wanted"),
            (r#"{"name":"a","list":{}}"#, "an object stands here, and a list is wanted"),
            (r#"{"name":"a","inner":true}"#, "true stands here, and an object is wanted"),
            (r#"{"name":"a","inner":{"x":1}}"#, "\"x\" is not a field here; there are none"),
            (r#"{"name":"a","custom":[]}"#, "a list stands here, and an object is wanted"),
            (r#"{"name":"a","tone":"loud"}"#, "\"loud\" is not one of the values; there are plain and warm"),
            (r#"{"name":"a","name":"b"}"#, "\"name\" stands here twice"),
        ];
        for (text, expected) in cases {
            let said = serde_json::from_str::<Body>(text).unwrap_err().to_string();
            assert_eq!(shape(said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said)), expected, "{said}");
        }
        let said = serde_json::from_str::<Body>(r#"{"name":"a","nick":1}"#).unwrap_err().to_string();
        assert_eq!(
            shape(&said),
            "\"nick\" is not a field here; there are name, count, on, share, list, inner, tone and custom"
        );
    }

    #[test]
    fn text_that_is_no_json_is_told_with_the_cure() {
        for text in [
            "",
            "{",
            "nonsense",
            "{'a':1}",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "1 2",
            "[01]",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\n\"",
        ] {
            let said = serde_json::from_str::<serde_json::Value>(text).unwrap_err().to_string();
            let words = syntax(said.rsplit_once(" at line ").map_or(&*said, |(said, _)| said));
            assert_ne!(words, "it cannot be read", "{text}: {said}");
            assert!(!words.contains("EOF") && !words.contains("ident"), "{words}");
        }
    }
}
