//! What the simulated AI services refuse, each in its own words' shape.

use serde_json::{json, Value};

use super::client::Client;
use crate::sandbox::AI_KEY;

fn ask(client: &Client, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let headers: Vec<(&str, &str)> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
    let reply = client.try_call("POST", path, &headers, body.to_string().as_bytes()).unwrap();
    (reply.status, reply.json)
}

fn schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["a"], "properties": {"a": {"type": "string"}}})
}

fn anthropic() -> Value {
    json!({"model": "sandbox-small", "max_tokens": 100, "messages": [{"role": "user", "content": "{}"}],
        "output_config": {"format": {"type": "json_schema", "schema": schema()}}})
}

#[test]
fn anthropic_wants_its_version_its_key_and_no_field_that_it_does_not_know() {
    let client = Client::start();
    let good: &[(&str, &str)] = &[("x-api-key", AI_KEY), ("anthropic-version", "2023-06-01")];
    let with = |change: fn(&mut Value)| {
        let mut body = anthropic();
        change(&mut body);
        body
    };
    assert_eq!(ask(&client, "/anthropic/v1/messages", good, &anthropic()).0, 200);
    let cases: [(&[(&str, &str)], Value, u16, &str); 8] = [
        (&good[..1], anthropic(), 400, "anthropic-version"),
        (&good[1..], anthropic(), 401, "key"),
        (good, with(|body| body["temperature"] = json!(0.1)), 400, "temperature"),
        (good, with(|body| body["messages"] = json!([])), 400, "messages"),
        (good, with(|body| body["model"] = json!("gone")), 404, "gone"),
        (good, with(|body| body["model"] = json!("sandbox-old")), 400, "output_config"),
        (
            good,
            with(|body| body["output_config"]["format"]["schema"]["properties"]["a"]["minLength"] = json!(1)),
            400,
            "minLength",
        ),
        (good, with(|body| body["output_config"]["format"]["schema"]["required"] = json!([])), 400, "required"),
    ];
    for (headers, body, status, words) in cases {
        let (got, answer) = ask(&client, "/anthropic/v1/messages", headers, &body);
        assert_eq!((got, &answer["type"]), (status, &json!("error")), "{words}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(words), "{words}: {answer}");
        assert!(answer["request_id"].is_string());
    }
}

#[test]
fn openai_and_gemini_refuse_in_their_own_shape() {
    let client = Client::start();
    let bearer = format!("Bearer {AI_KEY}");
    let openai: &[(&str, &str)] = &[("authorization", &bearer)];
    let format = json!({"type": "json_schema", "name": "a b", "strict": true, "schema": schema()});
    let body = json!({"model": "sandbox-small", "input": "{}", "text": {"format": format}});
    let (status, answer) = ask(&client, "/openai/v1/responses", openai, &body);
    assert_eq!((status, &answer["error"]["param"]), (400, &json!("text.format.name")), "a name has no blank");
    let (status, answer) = ask(&client, "/openai/v1/responses", &[("authorization", "Bearer wrong")], &body);
    assert_eq!((status, &answer["error"]["code"]), (401, &json!("invalid_api_key")));
    let chat = json!({"model": "sandbox-small", "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "json_object"}});
    let (status, answer) = ask(&client, "/openai/v1/chat/completions", openai, &chat);
    assert_eq!(status, 400, "json_object wants the word in the messages: {answer}");
    let settings =
        json!({"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}, "responseJsonSchema": {}});
    let gemini = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": settings});
    let path = "/gemini/v1beta/models/sandbox-small:generateContent";
    let (status, answer) = ask(&client, path, &[("x-goog-api-key", AI_KEY)], &gemini);
    assert_eq!((status, &answer["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "one schema, not two");
    let (status, answer) = ask(&client, path, &[("x-goog-api-key", "wrong")], &gemini);
    assert_eq!((status, &answer["error"]["details"][0]["reason"]), (400, &json!("API_KEY_INVALID")));
}

#[test]
fn the_same_question_gets_the_same_answer_about_the_question() {
    let client = Client::start();
    let headers: &[(&str, &str)] = &[("x-api-key", AI_KEY), ("anthropic-version", "2023-06-01")];
    let mut body = anthropic();
    let mut labels = Vec::new();
    for reply in ["Please unsubscribe me.", "How much is it?", "Sounds good, tell me more."] {
        let data = json!({"task": "classify_reply", "reply": reply});
        body["messages"][0]["content"] = data.to_string().into();
        let first = ask(&client, "/anthropic/v1/messages", headers, &body);
        assert_eq!(first, ask(&client, "/anthropic/v1/messages", headers, &body));
        let said: Value = serde_json::from_str(first.1["content"][0]["text"].as_str().unwrap()).unwrap();
        labels.push(said["label"].as_str().unwrap().to_owned());
    }
    assert_eq!(labels, ["unsubscribe", "question", "interested"]);
}
