//! Gemini: `POST /v1beta/models/{model}:generateContent` (ai.google.dev/api/generate-content).

use serde_json::{json, Map, Value};

use super::{Ask, Quirk, Read, Stopped, Turn, Usage};

/// Lists name models `models/gemini-…`; everywhere else the bare name is used.
pub(super) fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

pub(super) fn body(ask: &Ask<'_>) -> Value {
    let role = |turn: Turn| if turn == Turn::User { "user" } else { "model" };
    let turns = ask.turns().into_iter().map(|(turn, text)| json!({"role": role(turn), "parts": [{"text": text}]}));
    let mut system = ask.system.to_owned();
    let mut settings = json!({"maxOutputTokens": ask.cap()});
    if ask.has(Quirk::NoShape) {
        system = ask.system_with_shape();
    } else {
        settings["responseMimeType"] = "application/json".into();
        if ask.has(Quirk::OlderShape) {
            settings["responseSchema"] = older_schema(ask.shape);
        } else {
            settings["responseJsonSchema"] = ask.shape.clone();
        }
    }
    json!({
        "systemInstruction": {"parts": [{"text": system}]},
        "contents": turns.collect::<Vec<_>>(),
        "generationConfig": settings,
    })
}

/// The OpenAPI subset: types in capitals, and no word about further properties.
fn older_schema(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let each = fields.iter().filter(|(name, _)| *name != "additionalProperties").map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("type", Value::String(kind)) => kind.to_uppercase().into(),
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, schema)| (name.clone(), older_schema(schema)))
                .collect::<Map<_, _>>()
                .into(),
            ("items", items) => older_schema(items),
            (_, other) => other.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(each.collect())
}

pub(super) fn read(body: &Value) -> Option<Read> {
    let usage = &body["usageMetadata"];
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let thoughts = count("thoughtsTokenCount");
    // Thoughts are paid for as output.
    let usage_ = Usage { input: count("promptTokenCount"), output: count("candidatesTokenCount") + thoughts };
    let Some(candidate) = body["candidates"].get(0) else {
        let is_blocked = body["promptFeedback"]["blockReason"].is_string();
        return is_blocked.then(|| Read { text: String::new(), stopped: Stopped::Refused, usage: usage_, thoughts });
    };
    let parts = candidate["content"]["parts"].as_array().into_iter().flatten();
    let text = parts.filter(|part| part["thought"] != true).filter_map(|part| part["text"].as_str()).collect();
    let stopped = match candidate["finishReason"].as_str().unwrap_or("STOP") {
        "STOP" | "FINISH_REASON_UNSPECIFIED" => Stopped::Done,
        "MAX_TOKENS" => Stopped::Full,
        _ => Stopped::Refused,
    };
    Some(Read { text, stopped, usage: usage_, thoughts })
}
