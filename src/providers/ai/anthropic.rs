//! Anthropic's Messages: `POST /v1/messages` (docs.anthropic.com/en/api/messages).

use serde_json::{json, Value};

use super::{Ask, Quirk, Read, Stopped, Turn, Usage};

pub(super) const VERSION: &str = "2023-06-01";

pub(super) fn body(ask: &Ask<'_>) -> Value {
    let role = |turn: Turn| if turn == Turn::User { "user" } else { "assistant" };
    let turns = ask.turns().into_iter().map(|(turn, text)| json!({"role": role(turn), "content": text}));
    let mut body = json!({
        "model": ask.model,
        "max_tokens": ask.cap(),
        "system": ask.system,
        "messages": turns.collect::<Vec<_>>(),
    });
    if ask.has(Quirk::NoShape) {
        body["system"] = ask.system_with_shape().into();
    } else if ask.has(Quirk::OlderShape) {
        // The way before structured output: one tool that must be used. It does nothing; its input is the answer.
        let words = "Takes the answer.";
        body["tools"] = json!([{"name": ask.shape_name, "description": words, "input_schema": ask.shape}]);
        body["tool_choice"] = json!({"type": "tool", "name": ask.shape_name});
    } else {
        body["output_config"] = json!({"format": {"type": "json_schema", "schema": ask.shape}});
    }
    body
}

pub(super) fn read(body: &Value, ask: &Ask<'_>) -> Option<Read> {
    let blocks = body["content"].as_array()?;
    let of_tool = blocks.iter().find(|block| block["type"] == "tool_use" && block["name"] == ask.shape_name);
    let text = match of_tool {
        Some(block) => block["input"].to_string(),
        None => {
            blocks.iter().filter(|block| block["type"] == "text").filter_map(|block| block["text"].as_str()).collect()
        }
    };
    let stopped = match body["stop_reason"].as_str()? {
        "max_tokens" | "model_context_window_exceeded" => Stopped::Full,
        "refusal" => Stopped::Refused,
        _ => Stopped::Done,
    };
    let usage = &body["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let input = count("input_tokens") + count("cache_creation_input_tokens") + count("cache_read_input_tokens");
    Some(Read { text, stopped, usage: Usage { input, output: count("output_tokens") }, thoughts: 0 })
}
