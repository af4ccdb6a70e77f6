//! Bodies as they leave, answers as they come, errors as they are meant.

use serde_json::json;

use super::*;
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};

const KEY: &str = "sk-secret-7Q2x";

fn shape() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["label"],
        "properties": {"label": {"type": "string", "enum": ["yes", "no"]}}})
}

fn account(service: Service, base: &str) -> Account {
    let trust = if service == Service::Compatible { Trust::UserGiven } else { Trust::Configured };
    Account { service, base: base.to_owned(), trust, key: Some(Secret::new(KEY)) }
}

/// Asks a server that answers every call so.
fn told(service: Service, quirks: &[Quirk], answer: impl Fn(&Seen) -> Reply + Send + 'static) -> (Told, Seen) {
    let server = FakeHttp::start(answer);
    let quirks: Quirks = quirks.iter().copied().collect();
    let shape = shape();
    let question = Ask {
        model: "model-1",
        system: "Rules.",
        data: "{\"reply\":\"hi\"}",
        shape_name: "reply",
        shape: &shape,
        room: 100,
        quirks: &quirks,
        repair: None,
        total: Duration::from_secs(5),
    };
    let told = ask(&outbound(), &account(service, &server.base), &question, &NoLog);
    (told, server.last())
}

fn good(service: Service) -> &'static str {
    match service {
        Service::Anthropic => {
            r#"{"content":[{"type":"text","text":"{\"label\":\"yes\"}"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}"#
        }
        Service::OpenAi => {
            r#"{"status":"completed","output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"{\"label\":\"yes\"}"}]}],"usage":{"input_tokens":7,"output_tokens":3}}"#
        }
        Service::OpenAiChat | Service::Compatible => {
            r#"{"id":"c1","choices":[{"message":{"content":"{\"label\":\"yes\"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#
        }
        Service::Gemini => {
            r#"{"candidates":[{"content":{"parts":[{"text":"{\"label\":"},{"text":"\"yes\"}"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3}}"#
        }
    }
}

#[test]
fn each_service_is_asked_on_its_own_wire_and_its_answer_is_read() {
    let cases = [
        (Service::Anthropic, "/v1/messages", "x-api-key", KEY.to_owned()),
        (Service::OpenAi, "/v1/responses", "authorization", format!("Bearer {KEY}")),
        (Service::OpenAiChat, "/v1/chat/completions", "authorization", format!("Bearer {KEY}")),
        (Service::Compatible, "/v1/chat/completions", "authorization", format!("Bearer {KEY}")),
        (Service::Gemini, "/v1beta/models/model-1:generateContent", "x-goog-api-key", KEY.to_owned()),
    ];
    for (service, path, header, value) in cases {
        let (told, seen) = told(service, &[], move |_| Reply::json(200, good(service)));
        assert_eq!(told.answer, Ok(json!({"label": "yes"})), "{service:?}");
        assert_eq!(told.usage, Usage { input: 7, output: 3 }, "{service:?}");
        assert_eq!((seen.path.as_str(), seen.header(header)), (path, Some(value.as_str())), "{service:?}");
        assert!(
            !seen.path.contains(KEY) && !seen.body.contains(KEY),
            "{service:?}: a key is a header and nothing else"
        );
        let body = seen.json();
        for sampling in ["temperature", "top_p", "top_k", "tools"] {
            assert!(body.get(sampling).is_none(), "{service:?} sends {sampling}");
        }
    }
}

#[test]
fn openai_is_told_not_to_keep_what_it_is_asked() {
    for service in [Service::OpenAi, Service::OpenAiChat] {
        let (_, seen) = told(service, &[], move |_| Reply::json(200, good(service)));
        assert_eq!(seen.json()["store"], false, "{service:?}");
    }
}

#[test]
fn the_shape_is_given_in_each_services_current_and_older_way() {
    let cases: [(Service, &[Quirk], &str); 9] = [
        (Service::Anthropic, &[], "/output_config/format/schema/type"),
        (Service::Anthropic, &[Quirk::OlderShape], "/tools/0/input_schema/type"),
        (Service::OpenAi, &[], "/text/format/schema/type"),
        (Service::OpenAi, &[Quirk::NotStrict], "/text/format/schema/type"),
        (Service::OpenAiChat, &[], "/response_format/json_schema/schema/type"),
        (Service::Gemini, &[], "/generationConfig/responseJsonSchema/type"),
        (Service::Gemini, &[Quirk::OlderShape], "/generationConfig/responseSchema/type"),
        (Service::Compatible, &[], "/response_format/json_schema/schema/type"),
        (Service::Compatible, &[Quirk::OlderShape], "/response_format/type"),
    ];
    for (service, quirks, place) in cases {
        let (_, seen) = told(service, quirks, move |_| Reply::json(200, good(service)));
        let found = seen.json().pointer(place).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        assert!(["object", "json_object"].contains(&found.as_str()), "{service:?} {quirks:?}: {}", seen.body);
        assert!(seen.json().pointer("/generationConfig/responseSchema/additionalProperties").is_none());
    }
    for service in Service::ALL {
        let (_, seen) = told(service, &[Quirk::NoShape], move |_| Reply::json(200, good(service)));
        assert!(seen.body.contains("JSON schema") && !seen.body.contains("json_schema"), "{service:?}: {}", seen.body);
    }
}

#[test]
fn a_model_that_thinks_gets_four_times_the_room() {
    let caps = [
        (Service::Anthropic, "/max_tokens"),
        (Service::OpenAi, "/max_output_tokens"),
        (Service::OpenAiChat, "/max_completion_tokens"),
        (Service::Compatible, "/max_tokens"),
        (Service::Gemini, "/generationConfig/maxOutputTokens"),
    ];
    for (service, place) in caps {
        for (quirks, cap) in [(&[][..], 100), (&[Quirk::Thinks][..], 400)] {
            let (_, seen) = told(service, quirks, move |_| Reply::json(200, good(service)));
            assert_eq!(seen.json().pointer(place), Some(&json!(cap)), "{service:?}");
        }
    }
    let full = r#"{"content":[{"type":"text","text":"{"}],"stop_reason":"max_tokens","usage":{"input_tokens":7,"output_tokens":100}}"#;
    let (told, _) = told(Service::Anthropic, &[], move |_| Reply::json(200, full));
    assert_eq!((told.answer, told.learned), (Err(AiError::Truncated), Some(Quirk::Thinks)));
    assert_eq!(told.usage.output, 100, "what was cut off is paid for all the same");
}

#[test]
fn what_declines_to_answer_is_no_answer() {
    let cases = [
        (Service::Anthropic, r#"{"content":[],"stop_reason":"refusal","usage":{}}"#),
        (
            Service::OpenAi,
            r#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]}"#,
        ),
        (Service::OpenAi, r#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}"#),
        (Service::OpenAiChat, r#"{"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]}"#),
        (Service::OpenAiChat, r#"{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}"#),
        (Service::Gemini, r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#),
        (Service::Gemini, r#"{"candidates":[{"finishReason":"SAFETY"}]}"#),
    ];
    for (service, body) in cases {
        let (told, _) = told(service, &[], move |_| Reply::json(200, body));
        assert_eq!(told.answer, Err(AiError::Refusal), "{service:?} {body}");
    }
}

#[test]
fn an_error_is_understood_by_what_its_body_says_and_not_by_its_status_alone() {
    let anthropic =
        |kind: &str| format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"m"}},"request_id":"r"}}"#);
    let openai = |kind: &str, code: &str| format!(r#"{{"error":{{"message":"m","type":"{kind}","code":"{code}"}}}}"#);
    let gemini =
        |code: u16, status: &str| format!(r#"{{"error":{{"code":{code},"message":"m","status":"{status}"}}}}"#);
    let spend = r#"{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    let own_limit = r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits."}}"#;
    let bad_key =
        r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#;
    let cases = [
        (Service::Anthropic, 429, anthropic("rate_limit_error"), "http_429"),
        (Service::Anthropic, 529, anthropic("overloaded_error"), "http_529"),
        (Service::Anthropic, 500, anthropic("api_error"), "http_500"),
        (Service::Anthropic, 409, anthropic("conflict"), "http_409"),
        (Service::Anthropic, 401, anthropic("authentication_error"), "key"),
        (Service::Anthropic, 402, anthropic("billing_error"), "billing"),
        (Service::Anthropic, 403, anthropic("permission_error"), "key"),
        (Service::Anthropic, 404, anthropic("not_found_error"), "no_model"),
        (Service::Anthropic, 413, anthropic("request_too_large"), "rejected"),
        (Service::Anthropic, 429, spend.to_owned(), "billing"),
        (Service::Anthropic, 400, own_limit.to_owned(), "billing"),
        (Service::OpenAi, 429, openai("requests", "rate_limit_exceeded"), "http_429"),
        (Service::OpenAi, 429, openai("insufficient_quota", "insufficient_quota"), "billing"),
        (Service::OpenAi, 429, openai("x", "project_spend_limit_exceeded"), "billing"),
        (Service::OpenAi, 401, openai("invalid_request_error", "invalid_api_key"), "key"),
        (Service::OpenAi, 404, openai("invalid_request_error", "model_not_found"), "no_model"),
        (Service::OpenAi, 503, "busy".to_owned(), "http_503"),
        (Service::OpenAi, 400, openai("invalid_request_error", "x"), "rejected"),
        (Service::Gemini, 429, gemini(429, "RESOURCE_EXHAUSTED"), "http_429"),
        (Service::Gemini, 503, gemini(503, "UNAVAILABLE"), "http_503"),
        (Service::Gemini, 403, gemini(403, "PERMISSION_DENIED"), "key"),
        (Service::Gemini, 400, bad_key.to_owned(), "key"),
        (Service::Gemini, 400, gemini(400, "INVALID_ARGUMENT"), "rejected"),
        (Service::Gemini, 404, gemini(404, "NOT_FOUND"), "no_model"),
        (Service::Compatible, 404, r#"{"error":"model 'x' not found"}"#.to_owned(), "no_model"),
    ];
    for (service, status, body, expected) in cases {
        let sent = body.clone();
        let (told, _) = told(service, &[], move |_| Reply::json(status, &sent));
        assert_eq!(told.answer.unwrap_err().code(), expected, "{service:?} {status} {body}");
    }
}

#[test]
fn the_services_own_wait_is_kept() {
    let body = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"17s"}]}}"#;
    let (gemini, _) = told(Service::Gemini, &[], move |_| Reply::json(429, body));
    let busy = |error: AiError| match error {
        AiError::Busy { after, .. } => after,
        other => panic!("{other:?}"),
    };
    assert_eq!(busy(gemini.answer.unwrap_err()), Some(Duration::from_secs(17)));
    let (openai, _) = told(Service::OpenAi, &[], move |_| Reply::json(429, "{}").with_header("retry-after", "9"));
    assert_eq!(busy(openai.answer.unwrap_err()), Some(Duration::from_secs(9)));
}

#[test]
fn a_400_that_names_a_field_says_how_to_ask_instead() {
    let said = |param: &str| {
        format!(
            r#"{{"error":{{"message":"Unsupported parameter: '{param}'","type":"invalid_request_error","param":"{param}","code":"unsupported_parameter"}}}}"#
        )
    };
    let cases: [(Service, &[Quirk], &str, Option<Quirk>); 9] = [
        (Service::Anthropic, &[], "output_config", Some(Quirk::OlderShape)),
        (Service::Anthropic, &[Quirk::OlderShape], "tools", Some(Quirk::NoShape)),
        (Service::OpenAi, &[], "text.format", Some(Quirk::NoShape)),
        (Service::OpenAiChat, &[], "max_completion_tokens", Some(Quirk::OtherCap)),
        (Service::Compatible, &[], "response_format", Some(Quirk::OlderShape)),
        (Service::Compatible, &[Quirk::OlderShape], "response_format", Some(Quirk::NoShape)),
        (Service::Compatible, &[], "store", Some(Quirk::NoStore)),
        (Service::OpenAiChat, &[], "store", None),
        (Service::Gemini, &[], "responseJsonSchema", Some(Quirk::OlderShape)),
    ];
    for (service, quirks, param, expected) in cases {
        let body = said(param);
        let (told, _) = told(service, quirks, move |_| Reply::json(400, &body));
        assert_eq!(told.learned, expected, "{service:?} {param}");
    }
}

#[test]
fn an_object_is_found_among_words_and_nothing_else_is_taken_for_one() {
    let cases = [
        ("{\"a\":1}", true),
        ("Sure!\n```json\n{\"a\":{\"b\":2}}\n```\nBye", true),
        ("[1]", false),
        ("a: 1", false),
        ("} {", false),
        ("", false),
    ];
    for (text, is_found) in cases {
        assert_eq!(json_in(text).is_ok(), is_found, "{text}");
    }
}

#[test]
fn a_base_may_name_its_version_and_a_model_cannot_leave_its_place() {
    let outbound = outbound();
    let url = |service, base: &str, path: &str| {
        target(&outbound, &account(service, base), path).unwrap().url().as_str().to_owned()
    };
    let cases = [
        (Service::Compatible, "http://127.0.0.1:9", "http://127.0.0.1:9/v1/models"),
        (Service::Compatible, "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1/models"),
        (Service::Compatible, "http://127.0.0.1:9/api/v2", "http://127.0.0.1:9/api/v2/models"),
        (Service::Gemini, "http://127.0.0.1:9", "http://127.0.0.1:9/v1beta/models"),
    ];
    for (service, base, expected) in cases {
        assert_eq!(url(service, base, "models"), expected);
    }
    let sly = url(Service::Gemini, "http://127.0.0.1:9", "models/a?key=1#:generateContent");
    assert_eq!(sly, "http://127.0.0.1:9/v1beta/models/a%3Fkey=1%23:generateContent");
}

#[test]
fn the_models_of_a_key_are_listed_and_a_wrong_key_is_said_to_be_one() {
    let listing = |service, body: &'static str, status| {
        let server = FakeHttp::start(move |_| Reply::json(status, body));
        list_models(&outbound(), &account(service, &server.base), &NoLog)
    };
    let openai = r#"{"data":[{"id":"a"},{"id":"b"}]}"#;
    assert_eq!(listing(Service::OpenAi, openai, 200), Ok(vec!["a".to_owned(), "b".to_owned()]));
    let gemini = r#"{"models":[{"name":"models/a","supportedGenerationMethods":["generateContent"]},{"name":"models/e","supportedGenerationMethods":["embedContent"]}]}"#;
    assert_eq!(listing(Service::Gemini, gemini, 200), Ok(vec!["a".to_owned()]));
    let refused =
        listing(Service::Anthropic, r#"{"type":"error","error":{"type":"authentication_error","message":"no"}}"#, 401);
    assert!(matches!(refused, Err(AiError::Key { .. })), "{refused:?}");
}

#[test]
fn what_an_unknown_server_says_is_not_kept_beyond_its_class() {
    let secret = "the reply of anna@fellside.example was: call me on 01539";
    let body =
        |code: &str| format!(r#"{{"error":{{"message":"bad request: {secret}","code":"{code}","type":"{secret}"}}}}"#);
    for (status, code, expected) in [
        (400, "whatever", "rejected: HTTP 400"),
        (401, "invalid_api_key", "the key was refused: HTTP 401, invalid_api_key"),
        (402, "x", "the account does not pay for this: HTTP 402"),
        (404, "model_not_found", "no such model: HTTP 404, model_not_found"),
        (429, "rate_limit_exceeded", "busy (429): HTTP 429, rate_limit_exceeded"),
    ] {
        let answer = body(code);
        let (told, _) = told(Service::Compatible, &[], move |_| Reply::json(status, &answer));
        assert_eq!(told.answer.unwrap_err().to_string(), expected);
    }
    let answer = body("whatever");
    let (known, _) = told(Service::OpenAi, &[], move |_| Reply::json(400, &answer));
    assert!(known.answer.unwrap_err().to_string().contains("bad request"), "a known service is quoted");
}
