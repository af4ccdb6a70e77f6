use super::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // read by serde only
struct Sequence {
    name: String,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Step {
    subject: String,
    #[serde(default)]
    delay_days: u32,
}

#[test]
fn a_value_of_the_wrong_kind_is_named_by_line_column_and_path() {
    let cases = [
        (
            "{\"name\":\"a\",\n \"steps\":[{\"subject\":\"s\",\"delay_days\":\"two\"}]}",
            "#/steps/0/delay_days",
            "Line 2, column 43",
        ),
        ("{\"name\":\"a\",\"steps\":[{\"subject\":\"s\"},{}]}", "#/steps/1", "\"subject\" is missing"),
        ("{\"steps\":[]}", "#", "\"name\" is missing"),
        ("{\"name\":\"a\",\"stepz\":[]}", "#/stepz", "\"stepz\" is not a field here; there are name and steps"),
        ("{\"name\":null}", "#/name", "Null stands here, and text in quotes is wanted"),
        ("[]", "#", "The body is one object"),
        ("[\"a\"]", "#", "The body is one object"),
    ];
    for (body, pointer, words) in cases {
        let error = parse::<Sequence>(body.as_bytes()).unwrap_err();
        let problem = error.problem();
        assert_eq!(problem.status, 422, "{body}");
        assert_eq!(problem.errors[0].pointer, pointer, "{body}");
        assert!(problem.detail.contains(words), "{body}: {}", problem.detail);
    }
}

#[test]
fn text_that_is_not_json_is_named_by_its_place_and_its_cure() {
    let cases = [
        ("{\"name\":\"a\",}", "Line 1, column 13", "the last comma is one too many"),
        ("{name:\"a\"}", "Line 1, column 2", "a name is not in double quotes"),
        ("{\"name\":\"a\"", "Line 1, column 11", "a bracket or a quote is not closed"),
        ("{\"name\":\"a\",\n\"steps\":[{\"subject\" \"s\"}]}", "at /steps/0/subject", "Line 2, column 21"),
        ("{\"name\":\"a\"} x", "Line 1, column 14", "nothing after it"),
        ("{\"name\":\"a\nb\"}", "Line 2, column 0", "as \\n"),
        ("", "Line 1, column 0", "ends too early"),
        ("{\"name\":7,", "Line 1, column 10", "ends too early"),
    ];
    for (body, place, words) in cases {
        let problem = parse::<Sequence>(body.as_bytes()).unwrap_err().problem();
        assert_eq!(problem.status, 400, "{body}");
        assert!(problem.detail.contains(place), "{body}: {}", problem.detail);
        assert!(problem.detail.contains(words), "{body}: {}", problem.detail);
    }
}

#[test]
fn a_path_with_odd_names_is_a_valid_pointer() {
    let cases = [
        ("{\"a/b\":{\"c~d\":[1,2,", "/a~1b/c~0d/2"),
        ("{\"quoted \\\" brace {\":", "/quoted \" brace {"),
        ("{\"done\":{\"x\":1},\"open\":", "/open"),
    ];
    for (text, expected) in cases {
        assert_eq!(pointer(&levels_at(text, 1, text.len() + 1)), expected, "{text}");
    }
}

#[test]
fn bytes_that_are_not_text_are_refused_with_their_place() {
    let problem = parse::<Sequence>(b"{\"name\":\"\xff\"}").unwrap_err().problem();
    assert!(problem.detail.contains("from byte 9 on"), "{}", problem.detail);
}

proptest::proptest! {
    #[test]
    fn any_text_gets_an_answer_with_a_pointer_into_it(text in "[\\[\\]{}:,\"\\\\a\n é0-9]{0,40}") {
        if let Err(error) = parse::<Sequence>(text.as_bytes()) {
            let problem = error.problem();
            proptest::prop_assert!(matches!(problem.status, 400 | 422));
            proptest::prop_assert!(problem.errors.iter().all(|error| error.pointer.starts_with('#')));
        }
    }
}
