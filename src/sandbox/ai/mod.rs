//! Simulated AI services, each on the wire of the real one: Anthropic, OpenAI (Responses and Chat), Gemini, and a server
//! that speaks Chat as a program on one's own machine does.
//!
//! | real | sandbox |
//! |---|---|
//! | `https://api.anthropic.com/v1/{messages,models}` | `<sandbox>/anthropic/v1/…` |
//! | `https://api.openai.com/v1/{responses,chat/completions,models}` | `<sandbox>/openai/v1/…` |
//! | `https://generativelanguage.googleapis.com/v1beta/models…` | `<sandbox>/gemini/v1beta/models…` |
//! | a server of one's own, `/v1/{chat/completions,models}` | `<sandbox>/compatible/v1/…` |
//!
//! What the real ones refuse is refused in their words' shape: a missing version or key, an unknown field or model, a
//! schema outside the subset, a shape where the model takes none. The key is `AI_KEY` everywhere; the server of one's own
//! takes any or none. Answers come from `mind.rs`, a few rules over the data that was sent, so they fit the question.

mod check;
mod errors;
mod mind;
mod wire;

pub(super) use errors::{fault_answer, MANNERS};

use serde_json::json;

use self::check::Asked;
use self::errors::Trouble;
use self::mind::Said;
use super::wire::{Answer, Request};

/// The key that every simulated service takes.
pub const AI_KEY: &str = "sandbox-ai-key-7Q2x";

/// Whose wire it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Anthropic,
    Responses,
    Chat,
    Gemini,
    /// Chat, as a server on one's own machine speaks it.
    OwnServer,
}

/// The models that every service has, and what is special about each.
const MODELS: &[(&str, &str)] = &[
    ("sandbox-small", "takes everything"),
    ("sandbox-large", "takes everything"),
    ("sandbox-old", "knows only the way to give a shape that came before"),
    ("sandbox-plain", "takes no shape at all, and says a word before and after what it was asked for"),
    ("sandbox-thinking", "thinks for 900 tokens before it writes"),
];

/// Whether the path is an AI service's.
pub(super) fn is_ours(path: &str) -> bool {
    ["/anthropic/", "/openai/", "/gemini/", "/compatible/"].iter().any(|start| path.starts_with(start))
}

/// `path` is the whole path, decoded.
pub(super) fn answer(request: &Request, path: &[String]) -> Answer {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (wire, is_list) = match (request.method.as_str(), path.as_slice()) {
        ("POST", ["anthropic", "v1", "messages"]) => (Wire::Anthropic, false),
        ("GET", ["anthropic", "v1", "models"]) => (Wire::Anthropic, true),
        ("POST", ["openai", "v1", "responses"]) => (Wire::Responses, false),
        ("POST", ["openai", "v1", "chat", "completions"]) => (Wire::Chat, false),
        ("GET", ["openai", "v1", "models"]) => (Wire::Chat, true),
        ("POST", ["compatible", "v1", "chat", "completions"]) => (Wire::OwnServer, false),
        ("GET", ["compatible", "v1", "models"]) => (Wire::OwnServer, true),
        ("POST", ["gemini", "v1beta", "models", call]) if call.ends_with(":generateContent") => (Wire::Gemini, false),
        ("GET", ["gemini", "v1beta", "models"]) => (Wire::Gemini, true),
        _ => return errors::answer(wire_of(request), &Trouble::NoSuchPath),
    };
    let answer = check::key(wire, request).and_then(|()| {
        if is_list {
            return Ok(models(wire));
        }
        let asked = check::asked(wire, request, &path)?;
        Ok(wire::answer(wire, &asked, &said(&asked)))
    });
    answer.unwrap_or_else(|trouble| errors::answer(wire, &trouble))
}

fn wire_of(request: &Request) -> Wire {
    match request.path.split('/').nth(1) {
        Some("anthropic") => Wire::Anthropic,
        Some("gemini") => Wire::Gemini,
        Some("compatible") => Wire::OwnServer,
        _ if request.path.ends_with("/responses") => Wire::Responses,
        _ => Wire::Chat,
    }
}

/// What the model says, within the room that it was given.
fn said(asked: &Asked) -> Said {
    let thoughts = if asked.model == "sandbox-thinking" { 900 } else { 0 };
    let mut text = mind::answer(asked).to_string();
    if asked.model == "sandbox-plain" {
        text = format!("Here is the object you asked for:\n```json\n{text}\n```\nAnything else?");
    }
    let written = mind::tokens(&text);
    if thoughts + written > asked.cap {
        let room = usize::try_from(asked.cap.saturating_sub(thoughts) * 4).unwrap_or(0);
        let cut: String = text.chars().take(room).collect();
        return Said { text: cut, is_full: true, is_refused: false, output: asked.cap, thoughts };
    }
    Said { text, is_full: false, is_refused: false, output: thoughts + written, thoughts }
}

fn models(wire: Wire) -> Answer {
    let names = MODELS.iter().map(|(name, _)| *name);
    Answer::ok(&match wire {
        Wire::Gemini => {
            let models = names.map(|name| {
                json!({"name": format!("models/{name}"), "displayName": name,
                    "supportedGenerationMethods": ["generateContent", "countTokens"]})
            });
            let embeds = json!({"name": "models/sandbox-embedding", "supportedGenerationMethods": ["embedContent"]});
            json!({"models": models.chain([embeds]).collect::<Vec<_>>()})
        }
        Wire::Anthropic => {
            let models = names.map(
                |name| json!({"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}),
            );
            let models: Vec<_> = models.collect();
            json!({"data": models, "has_more": false, "first_id": MODELS[0].0, "last_id": MODELS[MODELS.len() - 1].0})
        }
        Wire::Responses | Wire::Chat | Wire::OwnServer => {
            let models = names
                .map(|name| json!({"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "sandbox"}));
            json!({"object": "list", "data": models.collect::<Vec<_>>()})
        }
    })
}
