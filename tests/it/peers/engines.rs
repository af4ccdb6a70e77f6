//! The clients of AI services against a stand-in that others wrote (llmock), which also judges how a client behaves.
//! `LAUNCHYARD_TEST_LLM` is its address; without it there is nothing to test against.

use std::time::Duration;

use launchyard::providers::ai::{self, Account, AiError, Ask, Quirks, Service};
use launchyard::providers::outbound::{NoLog, Trust};
use launchyard::providers::Secret;
use serde_json::{json, Value};

use super::outbound;
use crate::browser::agent;

fn account(llm: &str, service: Service) -> Account {
    let below = match service {
        Service::Anthropic => "/anthropic",
        Service::Gemini => "/gemini",
        Service::OpenAi | Service::OpenAiChat | Service::Compatible => "",
    };
    let trust = if service == Service::Compatible { Trust::UserGiven } else { Trust::Configured };
    Account { service, base: format!("{llm}{below}"), trust, key: Some(Secret::new("sk-anything")) }
}

fn script(llm: &str, behaviour: &Value) {
    let body = json!({ "behaviors": [behaviour] }).to_string();
    let answer = agent().post(format!("{llm}/_llmock/scenario")).header("content-type", "application/json").send(body);
    assert_eq!(answer.unwrap().status(), 201);
}

#[test]
fn a_stand_in_of_others_understands_every_client_and_finds_no_fault_with_it() {
    let Ok(llm) = std::env::var("LAUNCHYARD_TEST_LLM") else { return };
    let shape = json!({"type": "object", "additionalProperties": false, "required": ["label"],
        "properties": {"label": {"type": "string", "enum": ["yes", "no"]}}});
    let quirks = Quirks::new();
    for service in Service::ALL {
        let ask = |model: &str| {
            let ask = Ask {
                model,
                system: "Say yes or no.",
                data: "{\"reply\":\"Yes, please.\"}",
                shape_name: "answer",
                shape: &shape,
                room: 100,
                quirks: &quirks,
                repair: None,
                total: Duration::from_secs(20),
            };
            ai::ask(&outbound(), &account(&llm, service), &ask, &NoLog)
        };
        let model = match service {
            Service::Anthropic => "claude-sonnet-4-5",
            Service::Gemini => "gemini-2.5-flash",
            _ => "gpt-4o-mini",
        };
        script(&llm, &json!({"type": "reply", "text": "{\"label\":\"yes\"}"}));
        let told = ask(model);
        assert_eq!(told.answer, Ok(json!({"label": "yes"})), "{service:?}");
        assert!(told.usage.input > 0 && told.usage.output > 0, "{service:?}: {:?}", told.usage);
        script(&llm, &json!({"type": "fail", "status": 429, "retry_after": 7}));
        let busy = ask(model).answer.unwrap_err();
        assert!(
            matches!(busy, AiError::Busy { after: Some(after), .. } if after == Duration::from_secs(7)),
            "{service:?}: {busy:?}"
        );
        script(&llm, &json!({"type": "fail", "status": 401}));
        let refused = ask(model).answer.unwrap_err();
        assert!(refused.needs_a_person(), "{service:?}: {refused:?}");
        let listed = ai::list_models(&outbound(), &account(&llm, service), &NoLog);
        assert!(matches!(&listed, Ok(models) if !models.is_empty()), "{service:?}: {listed:?}");
    }
    let verdict = agent().get(format!("{llm}/_llmock/verdict")).call().unwrap().into_body().read_to_string().unwrap();
    let verdict: Value = serde_json::from_str(&verdict).unwrap();
    assert_eq!(verdict["errors"], 0, "{verdict}");
}
