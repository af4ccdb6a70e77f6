//! AI services: Anthropic, OpenAI (Responses and Chat), Gemini, and any server that speaks OpenAI's Chat.
//!
//! One call is one question with one answer in a given JSON shape. A client knows the wire: addresses, headers, bodies,
//! where the text stands, why it stopped, what it cost, and what an error means for what comes next. It knows nothing of
//! replies or drafts, keeps nothing and repeats nothing: whoever asks decides that, having counted what it costs.
//!
//! Always true here:
//! - No tools are offered, so an answer can do nothing; what is asked about stands in the user's turn only, as JSON.
//! - Keys travel in a header, never in an address. OpenAI is told not to store what it is asked.
//! - No sampling parameters are sent: newer models refuse them.

mod anthropic;
mod chat;
mod error;
mod gemini;
mod responses;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::{HeaderName, ACCEPT, CONTENT_TYPE};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::outbound::{Answer, CallLog, Limits, Outbound, Request, Target, TransportError, Trust};
use super::Secret;

pub use error::{AiError, Stopped};

/// Which wire is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Anthropic,
    /// OpenAI's Responses.
    #[serde(rename = "openai")]
    OpenAi,
    /// OpenAI's Chat Completions.
    #[serde(rename = "openai_chat")]
    OpenAiChat,
    Gemini,
    /// Any server that speaks Chat Completions: Ollama, llama.cpp, vLLM, LM Studio, a gateway.
    Compatible,
}

impl Service {
    pub const ALL: [Service; 5] =
        [Service::Anthropic, Service::OpenAi, Service::OpenAiChat, Service::Gemini, Service::Compatible];

    /// The word in forms and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Service::Anthropic => "anthropic",
            Service::OpenAi => "openai",
            Service::OpenAiChat => "openai_chat",
            Service::Gemini => "gemini",
            Service::Compatible => "compatible",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.as_str() == word)
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Service::Anthropic => "Anthropic",
            Service::OpenAi => "OpenAI",
            Service::OpenAiChat => "OpenAI (Chat)",
            Service::Gemini => "Google Gemini",
            Service::Compatible => "your own server",
        }
    }
}

/// What a model or server was found not to take, so that it is asked in another way from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// Not the current way to give a shape: the one before it is used.
    OlderShape,
    /// No way to give a shape: it is described in words.
    NoShape,
    /// Not the strict reading of the shape.
    NotStrict,
    /// The other name for the cap on the answer's length.
    OtherCap,
    /// Not the switch against keeping what was asked. Only servers that are not OpenAI's are let off it.
    NoStore,
    /// It thinks before it writes, and that counts as output: it gets four times the room.
    Thinks,
}

pub type Quirks = BTreeSet<Quirk>;

/// Thinking uses up the answer's room.
const ROOM_TO_THINK: u32 = 4;

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Account {
    pub service: Service,
    /// `https://api.example.com`; a server of one's own may end in `/v1`.
    pub base: String,
    /// Who gave the base: the operator, or a person with an account.
    pub trust: Trust,
    /// Absent: a server that asks for none.
    pub key: Option<Secret>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub model: &'a str,
    /// Our own rules; nothing from outside ever stands in them.
    pub system: &'a str,
    /// The data, as JSON.
    pub data: &'a str,
    /// A short name of the shape, `[a-z_]`.
    pub shape_name: &'a str,
    /// The JSON schema of the answer: every property required, no further ones, no unions.
    pub shape: &'a Value,
    /// Room for the answer in tokens.
    pub room: u32,
    pub quirks: &'a Quirks,
    /// What an earlier try gave that was no JSON, to be put right.
    pub repair: Option<&'a str>,
    pub total: Duration,
}

impl Ask<'_> {
    /// The cap that is sent.
    pub fn cap(&self) -> u32 {
        if self.has(Quirk::Thinks) {
            self.room * ROOM_TO_THINK
        } else {
            self.room
        }
    }

    fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// The rules, with the shape in words where the service takes no schema.
    fn system_with_shape(&self) -> String {
        format!(
            "{}\n\nAnswer with one JSON object and nothing else: no introduction, no code fence. Its JSON schema:\n{}",
            self.system, self.shape
        )
    }

    /// The turns of the conversation: the data, and for a repair what came and what is wanted.
    fn turns(&self) -> Vec<(Turn, String)> {
        let mut turns = vec![(Turn::User, self.data.to_owned())];
        if let Some(broken) = self.repair {
            turns.push((Turn::Model, broken.to_owned()));
            turns.push((Turn::User, "That was not one JSON object of the schema. Send only the object.".to_owned()));
        }
        turns
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    User,
    Model,
}

/// Tokens, as the service counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
}

/// What came back, good or bad, with what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub answer: Result<Value, AiError>,
    /// Zero where nothing was said about it.
    pub usage: Usage,
    /// Empty where the service gives none.
    pub request_id: String,
    /// Found out by this call, to be kept for the model.
    pub learned: Option<Quirk>,
    pub status: Option<u16>,
}

/// What a service's module takes out of a good answer.
struct Read {
    text: String,
    stopped: Stopped,
    usage: Usage,
    /// Output tokens that were thoughts.
    thoughts: u64,
}

/// For the list of models: it is asked while a person waits.
const MODELS_WITHIN: Duration = Duration::from_secs(20);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const MOST_BYTES: u64 = 2 * 1024 * 1024;
/// Of a broken answer, what is sent back for repair.
const MOST_BROKEN: usize = 4_000;

/// Asks once.
pub fn ask(outbound: &Outbound, account: &Account, ask: &Ask<'_>, log: &dyn CallLog) -> Told {
    let (path, body) = match account.service {
        Service::Anthropic => ("messages".to_owned(), anthropic::body(ask)),
        Service::OpenAi => ("responses".to_owned(), responses::body(ask)),
        Service::OpenAiChat | Service::Compatible => ("chat/completions".to_owned(), chat::body(ask, account.service)),
        Service::Gemini => (format!("models/{}:generateContent", gemini::bare(ask.model)), gemini::body(ask)),
    };
    let request = match request(outbound, account, Method::POST, &path, ask.total) {
        Ok(request) => request.header(CONTENT_TYPE, "application/json").body(body.to_string().into_bytes()),
        Err(error) => return told_nothing(error),
    };
    match outbound.send(request, log) {
        Ok(answer) => judge(outbound, account, ask, &answer),
        Err(error) => told_nothing(AiError::from_transport(error)),
    }
}

/// The names of the models that the key may use, in the service's order: also the test of a key.
pub fn list_models(outbound: &Outbound, account: &Account, log: &dyn CallLog) -> Result<Vec<String>, AiError> {
    let request = request(outbound, account, Method::GET, "models", MODELS_WITHIN)?;
    let answer = outbound.send(request, log).map_err(AiError::from_transport)?;
    if answer.status != 200 {
        let refused = error::of(account.service, &answer, outbound.clock().now());
        return Err(error::for_keeping(account.service, refused, &answer));
    }
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| AiError::no_json(""))?;
    let (list, name) = match account.service {
        Service::Gemini => ("models", "name"),
        _ => ("data", "id"),
    };
    let models = body[list].as_array().ok_or_else(|| AiError::no_json(""))?;
    let writes = |model: &&Value| match model["supportedGenerationMethods"].as_array() {
        Some(methods) => methods.iter().any(|method| method == "generateContent"),
        None => true,
    };
    let names = models.iter().filter(writes).filter_map(|model| model[name].as_str());
    Ok(names.map(|name| gemini::bare(name).to_owned()).collect())
}

fn request(
    outbound: &Outbound,
    account: &Account,
    method: Method,
    path: &str,
    total: Duration,
) -> Result<Request, AiError> {
    let target = target(outbound, account, path)?;
    let limits = Limits { total, connect: CONNECT_WITHIN, max_body_bytes: MOST_BYTES };
    let request = Request::new(method, target).limits(limits).header(ACCEPT, "application/json");
    Ok(headers(account).into_iter().fold(request, |request, (name, value)| request.header(name, &value)))
}

/// `path` below the base's version: a base that names none gets the service's.
fn target(outbound: &Outbound, account: &Account, path: &str) -> Result<Target, AiError> {
    let version = if account.service == Service::Gemini { "v1beta" } else { "v1" };
    let mut url = Url::parse(&account.base).map_err(|_| AiError::bad_address("The address cannot be read."))?;
    let names_version = url.path().trim_end_matches('/').rsplit('/').next().is_some_and(is_version);
    {
        let mut segments = url.path_segments_mut().map_err(|()| AiError::bad_address("The address has no host."))?;
        segments.pop_if_empty();
        if !names_version {
            segments.push(version);
        }
        // Pushed one by one, so that a model's name cannot climb out of its place.
        segments.extend(path.split('/'));
    }
    let target = match account.trust {
        Trust::Configured => outbound.configured(url),
        Trust::UserGiven => outbound.user_given(url.as_str()),
    };
    target.map_err(|refused| AiError::bad_address(refused.to_string()))
}

/// `v1`, `v1beta`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn headers(account: &Account) -> Vec<(HeaderName, String)> {
    let key = account.key.as_ref().map(|key| key.expose().to_owned());
    match account.service {
        Service::Anthropic => {
            // Its description asks for the type with every call, lists included.
            let kind = (CONTENT_TYPE, "application/json".to_owned());
            let version = (HeaderName::from_static("anthropic-version"), anthropic::VERSION.to_owned());
            let key = key.map(|key| (HeaderName::from_static("x-api-key"), key));
            [kind, version].into_iter().chain(key).collect()
        }
        Service::Gemini => key.map(|key| (HeaderName::from_static("x-goog-api-key"), key)).into_iter().collect(),
        Service::OpenAi | Service::OpenAiChat | Service::Compatible => {
            key.map(|key| (http::header::AUTHORIZATION, format!("Bearer {key}"))).into_iter().collect()
        }
    }
}

fn told_nothing(error: AiError) -> Told {
    Told { answer: Err(error), usage: Usage::default(), request_id: String::new(), learned: None, status: None }
}

fn judge(outbound: &Outbound, account: &Account, ask: &Ask<'_>, answer: &Answer) -> Told {
    let service = account.service;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let told = |answer_: Result<Value, AiError>, usage, learned| Told {
        answer: answer_,
        usage,
        request_id: request_id(service, answer, &body),
        learned,
        status: Some(answer.status),
    };
    if answer.status != 200 {
        let refused = error::of(service, answer, outbound.clock().now());
        let learned = match &refused {
            AiError::Rejected { words } if answer.status == 400 || answer.status == 422 => {
                quirk_in(service, ask, words)
            }
            _ => None,
        };
        return told(Err(error::for_keeping(service, refused, answer)), Usage::default(), learned);
    }
    let read = match service {
        Service::Anthropic => anthropic::read(&body, ask),
        Service::OpenAi => responses::read(&body),
        Service::OpenAiChat | Service::Compatible => chat::read(&body),
        Service::Gemini => gemini::read(&body),
    };
    let Some(read) = read else { return told(Err(AiError::no_json("")), Usage::default(), None) };
    let thinks = (read.thoughts > 0 || read.stopped == Stopped::Full).then_some(Quirk::Thinks);
    let learned = thinks.filter(|quirk| !ask.has(*quirk));
    let value = match read.stopped {
        Stopped::Done => json_in(&read.text),
        Stopped::Full => Err(AiError::Truncated),
        Stopped::Refused => Err(AiError::Refusal),
    };
    told(value, read.usage, learned)
}

/// What a 400 says against the way the question was put, where there is another way.
fn quirk_in(service: Service, ask: &Ask<'_>, words: &str) -> Option<Quirk> {
    let words = words.to_lowercase();
    let names = |fields: &[&str]| fields.iter().any(|field| words.contains(field));
    let found = match service {
        Service::Anthropic if names(&["output_config", "output_format"]) => Quirk::OlderShape,
        Service::Anthropic if names(&["tool"]) => Quirk::NoShape,
        Service::Gemini if names(&["responsejsonschema", "response_json_schema"]) => Quirk::OlderShape,
        Service::Gemini if names(&["responseschema", "response_schema", "responsemimetype", "response_mime_type"]) => {
            Quirk::NoShape
        }
        Service::Anthropic | Service::Gemini => return None,
        _ if names(&["max_completion_tokens", "max_tokens"]) => Quirk::OtherCap,
        _ if names(&["strict", "additionalproperties"]) && !ask.has(Quirk::NotStrict) => Quirk::NotStrict,
        Service::OpenAi if names(&["text.format", "json_schema", "'text'"]) => Quirk::NoShape,
        Service::OpenAiChat | Service::Compatible if names(&["response_format", "json_schema", "json_object"]) => {
            if ask.has(Quirk::OlderShape) {
                Quirk::NoShape
            } else {
                Quirk::OlderShape
            }
        }
        Service::Compatible if names(&["store"]) => Quirk::NoStore,
        _ => return None,
    };
    (!ask.has(found)).then_some(found)
}

/// The id by which the service's support finds the call.
fn request_id(service: Service, answer: &Answer, body: &Value) -> String {
    let header = match service {
        Service::Anthropic => "request-id",
        _ => "x-request-id",
    };
    let of_header = answer.header(HeaderName::from_static(header)).map(str::to_owned);
    let of_body = || ["request_id", "id", "responseId"].iter().find_map(|name| body[*name].as_str()).map(str::to_owned);
    of_header.or_else(of_body).unwrap_or_default().chars().filter(|c| c.is_ascii_graphic()).take(100).collect()
}

/// The object in a text: the text itself, or what lies between its first and last brace.
fn json_in(text: &str) -> Result<Value, AiError> {
    let whole = serde_json::from_str::<Value>(text.trim()).ok();
    let inner = || serde_json::from_str::<Value>(text.get(text.find('{')?..=text.rfind('}')?)?).ok();
    let value = whole.or_else(inner).filter(Value::is_object);
    value.ok_or_else(|| AiError::no_json(&text.chars().take(MOST_BROKEN).collect::<String>()))
}

impl AiError {
    fn from_transport(error: TransportError) -> Self {
        match error {
            TransportError::Refused(refused) => Self::bad_address(refused.to_string()),
            TransportError::NotSent(words) => Self::Unreachable { words: super::error::one_line(&words) },
            TransportError::NoAnswer(_) => Self::NoAnswer,
            TransportError::TooLarge(_) => Self::no_json(""),
        }
    }
}
