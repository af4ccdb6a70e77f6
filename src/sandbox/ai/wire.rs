//! Good answers, each in the shape of its service.

use serde_json::{json, Value};

use super::super::wire::Answer;
use super::check::Asked;
use super::mind::Said;
use super::Wire;

pub(super) fn answer(wire: Wire, asked: &Asked, said: &Said) -> Answer {
    let input = (asked.texts as u64).div_ceil(4) + 20;
    let id = id_of(asked);
    let body = match wire {
        Wire::Anthropic => anthropic(asked, said, input, &id),
        Wire::Responses => responses(asked, said, input, &id),
        Wire::Chat | Wire::OwnServer => chat(asked, said, input, &id),
        Wire::Gemini => gemini(asked, said, input, &id),
    };
    match wire {
        Wire::Anthropic => Answer::ok(&body).with("request-id", format!("req_{id}")),
        Wire::Responses | Wire::Chat => Answer::ok(&body).with("x-request-id", format!("req_{id}")),
        Wire::OwnServer | Wire::Gemini => Answer::ok(&body),
    }
}

/// The same question has the same id: nothing here is random.
fn id_of(asked: &Asked) -> String {
    let sum = asked
        .data
        .bytes()
        .chain(asked.model.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
}

fn anthropic(asked: &Asked, said: &Said, input: u64, id: &str) -> Value {
    let stop = match (said.is_refused, said.is_full, &asked.tool) {
        (true, ..) => "refusal",
        (_, true, _) => "max_tokens",
        (_, _, Some(_)) => "tool_use",
        _ => "end_turn",
    };
    let block = match &asked.tool {
        Some(tool) => {
            let input: Value = serde_json::from_str(&said.text).unwrap_or_else(|_| json!({}));
            json!({"type": "tool_use", "id": "toolu_sandbox", "name": tool, "input": input})
        }
        None => json!({"type": "text", "text": said.text}),
    };
    json!({
        "id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": asked.model,
        "content": [block], "stop_reason": stop, "stop_sequence": null,
        "usage": {"input_tokens": input, "output_tokens": said.output,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0},
    })
}

fn responses(asked: &Asked, said: &Said, input: u64, id: &str) -> Value {
    let part = if said.is_refused {
        json!({"type": "refusal", "refusal": said.text})
    } else {
        json!({"type": "output_text", "text": said.text, "annotations": []})
    };
    let (status, details) =
        if said.is_full { ("incomplete", json!({"reason": "max_output_tokens"})) } else { ("completed", Value::Null) };
    let message =
        json!({"type": "message", "id": "msg_sandbox", "role": "assistant", "status": status, "content": [part]});
    let thought = json!({"type": "reasoning", "id": "rs_sandbox", "summary": []});
    let output: Vec<Value> = (said.thoughts > 0).then_some(thought).into_iter().chain([message]).collect();
    json!({
        "id": format!("resp_{id}"), "object": "response", "status": status, "incomplete_details": details,
        "model": asked.model, "output": output, "store": false,
        "usage": {"input_tokens": input, "output_tokens": said.output, "total_tokens": input + said.output,
            "output_tokens_details": {"reasoning_tokens": said.thoughts}},
    })
}

fn chat(asked: &Asked, said: &Said, input: u64, id: &str) -> Value {
    let message = if said.is_refused {
        json!({"role": "assistant", "content": null, "refusal": said.text})
    } else {
        json!({"role": "assistant", "content": said.text, "refusal": null})
    };
    let finish = if said.is_full { "length" } else { "stop" };
    json!({
        "id": format!("chatcmpl-{id}"), "object": "chat.completion", "created": 1_767_225_600, "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": null}],
        "usage": {"prompt_tokens": input, "completion_tokens": said.output, "total_tokens": input + said.output,
            "completion_tokens_details": {"reasoning_tokens": said.thoughts}},
    })
}

fn gemini(asked: &Asked, said: &Said, input: u64, id: &str) -> Value {
    let written = said.output - said.thoughts.min(said.output);
    let usage = json!({
        "promptTokenCount": input, "candidatesTokenCount": written, "thoughtsTokenCount": said.thoughts,
        "totalTokenCount": input + said.output,
    });
    if said.is_refused {
        return json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage, "responseId": id});
    }
    let finish = if said.is_full { "MAX_TOKENS" } else { "STOP" };
    let content = json!({"role": "model", "parts": [{"text": said.text}]});
    json!({
        "candidates": [{"index": 0, "content": content, "finishReason": finish}],
        "usageMetadata": usage, "modelVersion": asked.model, "responseId": id,
    })
}
