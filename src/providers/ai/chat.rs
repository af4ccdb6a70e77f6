//! Chat Completions: OpenAI's own (platform.openai.com/docs/api-reference/chat), and what other servers make of it.

use serde_json::{json, Value};

use super::{Ask, Quirk, Read, Service, Stopped, Turn, Usage};

pub(super) fn body(ask: &Ask<'_>, service: Service) -> Value {
    let has_schema = !ask.has(Quirk::OlderShape) && !ask.has(Quirk::NoShape);
    let system = if has_schema { ask.system.to_owned() } else { ask.system_with_shape() };
    let role = |turn: Turn| if turn == Turn::User { "user" } else { "assistant" };
    // `system` and not `developer`: every server knows it, OpenAI's included.
    let mut messages = vec![json!({"role": "system", "content": system})];
    messages.extend(ask.turns().into_iter().map(|(turn, text)| json!({"role": role(turn), "content": text})));
    let mut body = json!({"model": ask.model, "messages": messages});
    body[cap_name(ask, service)] = ask.cap().into();
    if !ask.has(Quirk::NoStore) {
        body["store"] = false.into();
    }
    if has_schema {
        let strict = !ask.has(Quirk::NotStrict);
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": {"name": ask.shape_name, "strict": strict, "schema": ask.shape},
        });
    } else if !ask.has(Quirk::NoShape) {
        body["response_format"] = json!({"type": "json_object"});
    }
    body
}

/// OpenAI's newer models want the new name, most other servers know the old one only.
fn cap_name(ask: &Ask<'_>, service: Service) -> &'static str {
    let knows_the_old_one = (service == Service::Compatible) != ask.has(Quirk::OtherCap);
    if knows_the_old_one {
        "max_tokens"
    } else {
        "max_completion_tokens"
    }
}

pub(super) fn read(body: &Value) -> Option<Read> {
    let choice = body["choices"].get(0)?;
    let message = &choice["message"];
    let is_refused = message["refusal"].as_str().is_some_and(|words| !words.is_empty());
    let stopped = match choice["finish_reason"].as_str().unwrap_or("stop") {
        _ if is_refused => Stopped::Refused,
        "length" => Stopped::Full,
        "content_filter" => Stopped::Refused,
        _ => Stopped::Done,
    };
    let text = message["content"].as_str().unwrap_or_default().to_owned();
    let usage = &body["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let thoughts = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0);
    let usage_ = Usage { input: count("prompt_tokens"), output: count("completion_tokens") };
    Some(Read { text, stopped, usage: usage_, thoughts })
}
