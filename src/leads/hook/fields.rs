//! From a posted body to the fields of a contact.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::Hook;
use crate::contacts::ContactFields;
use crate::leads::fields::put;

/// Fields of one request, and characters of one value.
const MOST: usize = 100;
const LONGEST: usize = 2_000;
/// Characters of the words of consent that are kept.
const CONSENT: usize = 200;

/// Reads the body by its kind. JSON is one object, whose inner objects are named with dots: `contact.email`.
pub(super) fn read(content_type: &str, body: &[u8]) -> Option<BTreeMap<String, String>> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut found = BTreeMap::new();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            for (name, value) in url::form_urlencoded::parse(body).take(MOST) {
                keep(&mut found, &name, &value);
            }
        }
        "application/json" => match serde_json::from_slice(body).ok()? {
            Value::Object(object) => flatten(&mut found, "", &Value::Object(object), 0),
            _ => return None,
        },
        _ => return None,
    }
    Some(found)
}

fn keep(found: &mut BTreeMap<String, String>, name: &str, value: &str) {
    if found.len() < MOST && !value.trim().is_empty() {
        found.insert(name.trim().chars().take(80).collect(), value.trim().chars().take(LONGEST).collect());
    }
}

fn flatten(found: &mut BTreeMap<String, String>, name: &str, value: &Value, depth: usize) {
    match value {
        Value::String(text) => keep(found, name, text),
        Value::Number(number) => keep(found, name, &number.to_string()),
        Value::Bool(flag) => keep(found, name, if *flag { "yes" } else { "no" }),
        Value::Object(object) if depth < 3 => {
            for (key, inner) in object {
                let inner_name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(found, &inner_name, inner, depth + 1);
            }
        }
        // A list of texts is one value; anything deeper is left out.
        Value::Array(all) => {
            let texts: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            keep(found, name, &texts.join(", "));
        }
        _ => {}
    }
}

/// What a posted request says.
pub(super) struct Lead {
    pub fields: ContactFields,
    pub consent: String,
    /// Names that went nowhere.
    pub left_out: Vec<String>,
}

pub(super) fn lead(hook: &Hook, posted: &BTreeMap<String, String>) -> Lead {
    let mut fields = ContactFields {
        tags: Some(hook.tag.clone()).filter(|tag| !tag.is_empty()).into_iter().collect(),
        ..ContactFields::default()
    };
    let (mut consent, mut left_out) = (String::new(), Vec::new());
    for (name, value) in posted {
        if !hook.consent_field.is_empty() && *name == hook.consent_field {
            consent = value.chars().filter(|c| !c.is_control()).take(CONSENT).collect();
            continue;
        }
        let target = match hook.mapping.get(name) {
            Some(target) => target.as_str(),
            None => usual_target(name),
        };
        if target.is_empty() {
            left_out.push(name.clone());
        }
        put(&mut fields, target, value.clone());
    }
    Lead { fields, consent, left_out }
}

/// Names that forms give their fields: without case, blanks and signs, the part behind the last dot.
fn usual_target(name: &str) -> &'static str {
    let last = name.rsplit('.').next().unwrap_or(name);
    let plain: String = last.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "email" | "mail" | "emailaddress" | "workemail" => "email",
        "name" | "fullname" | "yourname" => "full_name",
        "firstname" | "givenname" | "fname" => "first_name",
        "lastname" | "surname" | "familyname" | "lname" => "last_name",
        "company" | "companyname" | "organisation" | "organization" | "business" => "company",
        "jobtitle" | "title" | "position" | "role" => "job_title",
        "phone" | "phonenumber" | "tel" | "telephone" | "mobile" => "phone",
        "website" | "url" | "site" | "homepage" => "website",
        "message" | "comment" | "comments" | "question" => "message",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(content_type: &str, body: &str) -> BTreeMap<String, String> {
        read(content_type, body.as_bytes()).unwrap()
    }

    #[test]
    fn a_lead_is_read_from_json_and_from_a_form() {
        let json = r#"{"contact":{"Email":"a@x.example","First-Name":"Ada"},"rooms":40,"tags":["a","b"],"deep":{"a":{"b":{"c":"d"}}},"none":null}"#;
        let fields = posted("application/json; charset=utf-8", json);
        assert_eq!(fields["contact.Email"], "a@x.example");
        assert_eq!(fields["rooms"], "40");
        assert!(!fields.contains_key("none"));
        let form = posted("application/x-www-form-urlencoded", "e-mail=a%40x.example&full+name=Ada+Lund");
        assert_eq!(form["e-mail"], "a@x.example");
        for (kind, body) in [("text/plain", "x"), ("application/json", "[1]"), ("application/json", "{"), ("", "{}")] {
            assert!(read(kind, body.as_bytes()).is_none(), "{kind} {body}");
        }
    }

    #[test]
    fn names_lead_to_fields_and_the_owners_word_goes_before() {
        for (name, expected) in [
            ("E-Mail", "email"),
            ("data.contact.Work_Email", "email"),
            ("Your Name", "full_name"),
            ("LAST_NAME", "last_name"),
            ("Organisation", "company"),
            ("utm_source", ""),
        ] {
            assert_eq!(usual_target(name), expected, "{name}");
        }
    }
}
