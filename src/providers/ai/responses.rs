//! OpenAI's Responses: `POST /v1/responses` (platform.openai.com/docs/api-reference/responses).

use serde_json::{json, Value};

use super::{Ask, Quirk, Read, Stopped, Turn, Usage};

pub(super) fn body(ask: &Ask<'_>) -> Value {
    let turns = ask.turns();
    let input = match turns.as_slice() {
        [(_, only)] => Value::from(only.as_str()),
        turns => {
            let role = |turn: &Turn| if *turn == Turn::User { "user" } else { "assistant" };
            turns.iter().map(|(turn, text)| json!({"role": role(turn), "content": text})).collect()
        }
    };
    let mut body = json!({
        "model": ask.model,
        "instructions": ask.system,
        "input": input,
        "max_output_tokens": ask.cap(),
        "store": false,
    });
    if ask.has(Quirk::NoShape) {
        body["instructions"] = ask.system_with_shape().into();
    } else {
        let strict = !ask.has(Quirk::NotStrict);
        body["text"] = json!({
            "format": {"type": "json_schema", "name": ask.shape_name, "strict": strict, "schema": ask.shape},
        });
    }
    body
}

pub(super) fn read(body: &Value) -> Option<Read> {
    let output = body["output"].as_array()?;
    let parts: Vec<&Value> = output
        .iter()
        .filter(|item| item["type"] == "message")
        .flat_map(|item| item["content"].as_array().into_iter().flatten())
        .collect();
    let text = parts.iter().filter(|part| part["type"] == "output_text").filter_map(|part| part["text"].as_str());
    let is_refused = parts.iter().any(|part| part["type"] == "refusal");
    let stopped = match (body["status"].as_str()?, body["incomplete_details"]["reason"].as_str()) {
        _ if is_refused => Stopped::Refused,
        ("incomplete", Some("content_filter")) => Stopped::Refused,
        ("incomplete", _) => Stopped::Full,
        _ => Stopped::Done,
    };
    let usage = &body["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let usage_ = Usage { input: count("input_tokens"), output: count("output_tokens") };
    let thoughts = usage["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0);
    Some(Read { text: text.collect(), stopped, usage: usage_, thoughts })
}
