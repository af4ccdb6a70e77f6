//! What each service asks of a request: its key, the fields that must and may be there, and the schema's subset.

use serde_json::Value;

use super::super::wire::Request;
use super::errors::Trouble;
use super::{Wire, AI_KEY, MODELS};

/// A request that was accepted, in one form for all services.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub model: String,
    /// The first text of the person's side: the data.
    pub data: String,
    /// All texts, to count tokens.
    pub texts: usize,
    /// The shape wanted; absent where it was only described in words.
    pub shape: Option<Value>,
    /// The name of the tool that must be used, at Anthropic.
    pub tool: Option<String>,
    pub cap: u64,
}

pub(super) fn key(wire: Wire, request: &Request) -> Result<(), Trouble> {
    let given = match wire {
        Wire::Anthropic => request.header("x-api-key"),
        Wire::Gemini => request.header("x-goog-api-key"),
        Wire::Responses | Wire::Chat => request.bearer(),
        Wire::OwnServer => return Ok(()),
    };
    match given {
        None | Some("") => Err(Trouble::NoKey),
        Some(AI_KEY) => Ok(()),
        Some(_) => Err(Trouble::WrongKey),
    }
}

/// Field, its JSON type, and whether it must be there.
type Field = (&'static str, Kind, bool);

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Count,
    Flag,
    List,
    Object,
    /// A text, or a list.
    Said,
}

const ANTHROPIC: &[Field] = &[
    ("model", Kind::Text, true),
    ("max_tokens", Kind::Count, true),
    ("messages", Kind::List, true),
    ("system", Kind::Said, false),
    ("metadata", Kind::Object, false),
    ("output_config", Kind::Object, false),
    ("tools", Kind::List, false),
    ("tool_choice", Kind::Object, false),
    ("stop_sequences", Kind::List, false),
];
const RESPONSES: &[Field] = &[
    ("model", Kind::Text, true),
    ("input", Kind::Said, true),
    ("instructions", Kind::Text, false),
    ("max_output_tokens", Kind::Count, false),
    ("store", Kind::Flag, false),
    ("text", Kind::Object, false),
    ("reasoning", Kind::Object, false),
    ("metadata", Kind::Object, false),
];
const CHAT: &[Field] = &[
    ("model", Kind::Text, true),
    ("messages", Kind::List, true),
    ("max_completion_tokens", Kind::Count, false),
    ("max_tokens", Kind::Count, false),
    ("store", Kind::Flag, false),
    ("response_format", Kind::Object, false),
    ("metadata", Kind::Object, false),
];
const GEMINI: &[Field] = &[
    ("contents", Kind::List, true),
    ("systemInstruction", Kind::Object, false),
    ("generationConfig", Kind::Object, false),
    ("safetySettings", Kind::List, false),
];
const GEMINI_SETTINGS: &[Field] = &[
    ("maxOutputTokens", Kind::Count, false),
    ("responseMimeType", Kind::Text, false),
    ("responseSchema", Kind::Object, false),
    ("responseJsonSchema", Kind::Object, false),
    ("stopSequences", Kind::List, false),
];

pub(super) fn asked(wire: Wire, request: &Request, path: &[&str]) -> Result<Asked, Trouble> {
    if wire == Wire::Anthropic && request.header("anthropic-version").is_none() {
        return Err(Trouble::NoVersion);
    }
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(field("content-type", "must be application/json"));
    }
    let body = request.json().ok_or_else(|| field("body", "is no JSON"))?;
    let fields = match wire {
        Wire::Anthropic => ANTHROPIC,
        Wire::Responses => RESPONSES,
        Wire::Chat | Wire::OwnServer => CHAT,
        Wire::Gemini => GEMINI,
    };
    known("", &body, fields)?;
    let asked = match wire {
        Wire::Anthropic => anthropic(&body),
        Wire::Responses => responses(&body),
        Wire::Chat | Wire::OwnServer => chat(wire, &body),
        Wire::Gemini => gemini(&body, path),
    }?;
    if !MODELS.iter().any(|(name, _)| *name == asked.model) {
        return Err(Trouble::NoSuchModel(asked.model));
    }
    Ok(asked)
}

fn field(name: &str, words: impl Into<String>) -> Trouble {
    Trouble::Field(name.to_owned(), words.into())
}

/// Every field is known and of its type, and none is missing.
fn known(at: &str, body: &Value, fields: &[Field]) -> Result<(), Trouble> {
    let object = body.as_object().ok_or_else(|| field(at, "must be an object"))?;
    let place = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for (name, value) in object {
        let Some((_, kind, _)) = fields.iter().find(|(known, ..)| known == name) else {
            return Err(field(&place(name), "Extra inputs are not permitted"));
        };
        let is_right = match kind {
            Kind::Text => value.is_string(),
            Kind::Count => value.as_u64().is_some_and(|count| count > 0),
            Kind::Flag => value.is_boolean(),
            Kind::List => value.as_array().is_some_and(|list| !list.is_empty()),
            Kind::Object => value.is_object(),
            Kind::Said => value.is_string() || value.is_array(),
        };
        if !is_right {
            return Err(field(&place(name), "has the wrong type"));
        }
    }
    match fields.iter().find(|(name, _, must)| *must && !object.contains_key(*name)) {
        Some((name, ..)) => Err(field(&place(name), "Field required")),
        None => Ok(()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The turns of a conversation in which each has a role and a text.
fn turns(at: &str, list: &Value, roles: &[&str]) -> Result<Vec<(String, String)>, Trouble> {
    let turns = list.as_array().into_iter().flatten().map(|turn| {
        let role = text(&turn["role"]);
        let content = turn["content"].as_str();
        match content {
            _ if !roles.contains(&role.as_str()) => Err(field(at, format!("no such role: {role:?}"))),
            None | Some("") => Err(field(at, "content must be a text that is not empty")),
            Some(content) => Ok((role, content.to_owned())),
        }
    });
    turns.collect()
}

fn first_of(turns: &[(String, String)], role: &str) -> Result<String, Trouble> {
    let found = turns.iter().find(|(known, _)| known == role).map(|(_, text)| text.clone());
    found.ok_or_else(|| field("messages", "nothing stands on the person's side"))
}

fn length(turns: &[(String, String)]) -> usize {
    turns.iter().map(|(_, text)| text.chars().count()).sum()
}

fn anthropic(body: &Value) -> Result<Asked, Trouble> {
    let turns = turns("messages", &body["messages"], &["user", "assistant"])?;
    let model = text(&body["model"]);
    let mut shape = None;
    let mut tool = None;
    if let Some(config) = body.get("output_config") {
        if matches!(model.as_str(), "sandbox-old" | "sandbox-plain") {
            return Err(field("output_config", "is not supported by this model"));
        }
        let format = &config["format"];
        if format["type"] != "json_schema" {
            return Err(field("output_config.format.type", "must be json_schema"));
        }
        check_schema("output_config.format.schema", &format["schema"], true)?;
        shape = Some(format["schema"].clone());
    }
    if let Some(tools) = body.get("tools") {
        if model == "sandbox-plain" {
            return Err(field("tools", "tools are not supported by this model"));
        }
        let named = tools[0]["name"].as_str().ok_or_else(|| field("tools.0.name", "Field required"))?;
        check_schema("tools.0.input_schema", &tools[0]["input_schema"], false)?;
        if body["tool_choice"]["type"] != "tool" || body["tool_choice"]["name"] != named {
            return Err(field("tool_choice", "must name the tool"));
        }
        shape = Some(tools[0]["input_schema"].clone());
        tool = Some(named.to_owned());
    }
    let texts = length(&turns) + text(&body["system"]).chars().count();
    let cap = body["max_tokens"].as_u64().unwrap_or(0);
    Ok(Asked { model, data: first_of(&turns, "user")?, texts, shape, tool, cap })
}

const NO_CAP: u64 = 16_000;

fn responses(body: &Value) -> Result<Asked, Trouble> {
    let turns = match &body["input"] {
        Value::String(only) => vec![("user".to_owned(), only.clone())],
        list => turns("input", list, &["user", "assistant", "system", "developer"])?,
    };
    let model = text(&body["model"]);
    let mut shape = None;
    if let Some(format) = body.get("text").map(|text| &text["format"]) {
        if matches!(model.as_str(), "sandbox-old" | "sandbox-plain") {
            return Err(field("text.format", "of type 'json_schema' is not supported with this model"));
        }
        shape = Some(named_schema("text.format", format)?);
    }
    let texts = length(&turns) + text(&body["instructions"]).chars().count();
    let cap = body["max_output_tokens"].as_u64().unwrap_or(NO_CAP);
    Ok(Asked { model, data: first_of(&turns, "user")?, texts, shape, tool: None, cap })
}

/// `{type: "json_schema", name, strict, schema}`
fn named_schema(at: &str, format: &Value) -> Result<Value, Trouble> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if format["type"].as_str().is_some_and(|kind| kind != "json_schema") {
        return Err(field(&format!("{at}.type"), "must be json_schema"));
    }
    if !format["name"].as_str().is_some_and(|name| !name.is_empty() && name.len() <= 64 && name.chars().all(is_name)) {
        return Err(field(&format!("{at}.name"), "must be a name of at most 64 letters, digits, _ and -"));
    }
    check_schema(&format!("{at}.schema"), &format["schema"], format["strict"] == true)?;
    Ok(format["schema"].clone())
}

fn chat(wire: Wire, body: &Value) -> Result<Asked, Trouble> {
    let turns = turns("messages", &body["messages"], &["system", "developer", "user", "assistant"])?;
    let model = text(&body["model"]);
    if wire == Wire::Chat && model == "sandbox-thinking" && body.get("max_tokens").is_some() {
        return Err(field("max_tokens", "is not supported with this model. Use 'max_completion_tokens' instead."));
    }
    let format = &body["response_format"];
    let shape = match format["type"].as_str() {
        None => None,
        Some(_) if model == "sandbox-plain" => return Err(field("response_format", "is not supported by this model")),
        Some("json_schema") if model == "sandbox-old" => {
            return Err(field("response_format", "of type json_schema is not supported; json_object is"));
        }
        Some("json_schema") => Some(named_schema("response_format.json_schema", &format["json_schema"])?),
        Some("json_object") if !turns.iter().any(|(_, text)| text.to_lowercase().contains("json")) => {
            return Err(field("messages", "must contain the word 'json' to use json_object"));
        }
        Some("json_object") => None,
        Some(_) => return Err(field("response_format.type", "must be json_schema, json_object or text")),
    };
    let cap = ["max_completion_tokens", "max_tokens"].iter().find_map(|name| body[*name].as_u64()).unwrap_or(NO_CAP);
    Ok(Asked { model, data: first_of(&turns, "user")?, texts: length(&turns), shape, tool: None, cap })
}

fn gemini(body: &Value, path: &[&str]) -> Result<Asked, Trouble> {
    let model = path.last().and_then(|call| call.strip_suffix(":generateContent")).unwrap_or_default().to_owned();
    let mut texts = Vec::new();
    for content in body["contents"].as_array().into_iter().flatten() {
        let role = content["role"].as_str().unwrap_or("user");
        let text = content["parts"][0]["text"].as_str();
        match text {
            _ if !["user", "model"].contains(&role) => return Err(field("contents.role", "must be user or model")),
            None | Some("") => return Err(field("contents.parts", "must hold a text")),
            Some(text) => texts.push((role.to_owned(), text.to_owned())),
        }
    }
    let settings = body.get("generationConfig").cloned().unwrap_or_else(|| serde_json::json!({}));
    known("generationConfig", &settings, GEMINI_SETTINGS)?;
    if settings.get("responseSchema").is_some() && settings.get("responseJsonSchema").is_some() {
        return Err(field("generationConfig", "one of responseSchema and responseJsonSchema, not both"));
    }
    let shape = ["responseJsonSchema", "responseSchema"].into_iter().find_map(|name| Some((name, settings.get(name)?)));
    if let Some((name, schema)) = shape {
        let is_refused = model == "sandbox-plain" || (model == "sandbox-old" && name == "responseJsonSchema");
        if is_refused {
            return Err(field(&format!("generationConfig.{name}"), "is not supported by this model"));
        }
        if settings["responseMimeType"] != "application/json" {
            return Err(field("generationConfig.responseMimeType", "must be application/json beside a schema"));
        }
        if name == "responseSchema" && schema.get("additionalProperties").is_some() {
            return Err(field("generationConfig.responseSchema", "Unknown name \"additionalProperties\""));
        }
    }
    let cap = settings["maxOutputTokens"].as_u64().unwrap_or(NO_CAP);
    let rules = text(&body["systemInstruction"]["parts"][0]["text"]).chars().count();
    let data = first_of(&texts, "user")?;
    Ok(Asked { model, data, texts: length(&texts) + rules, shape: shape.map(|(_, s)| s.clone()), tool: None, cap })
}

/// The subset that strict readings take: every object closed, every property required, no unions and no limits.
fn check_schema(at: &str, schema: &Value, strict: bool) -> Result<(), Trouble> {
    let Some(fields) = schema.as_object() else { return Err(field(at, "Field required")) };
    const KNOWN: &[&str] = &["type", "properties", "required", "additionalProperties", "items", "enum", "description"];
    if let Some(other) = fields.keys().find(|name| strict && !KNOWN.contains(&name.as_str())) {
        return Err(field(at, format!("'{other}' is not permitted in a strict schema")));
    }
    let Some(kind) = schema["type"].as_str() else { return Err(field(at, "type must be one word")) };
    if kind == "array" {
        return check_schema(&format!("{at}.items"), &schema["items"], strict);
    }
    let Some(properties) = schema["properties"].as_object().filter(|_| kind == "object") else { return Ok(()) };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if strict && schema["additionalProperties"] != false {
        return Err(field(at, "'additionalProperties' is required to be false"));
    }
    if let Some(name) = properties.keys().find(|name| strict && !required.contains(&name.as_str())) {
        return Err(field(at, format!("'required' must hold every property; {name} is missing")));
    }
    properties.iter().try_for_each(|(name, schema)| check_schema(&format!("{at}.{name}"), schema, strict))
}
