//! Where values from another system go in a contact.

use crate::contacts::ContactFields;

/// Puts a value where it belongs: a field that every contact has, or one of the workspace's own; nowhere for none.
pub(super) fn put(fields: &mut ContactFields, target: &str, value: String) {
    match target {
        "" => {}
        "email" => fields.addresses.push(value),
        "full_name" => (fields.first_name, fields.last_name) = split_name(&value),
        "first_name" => fields.first_name = value,
        "last_name" => fields.last_name = value,
        "company" => fields.company = value,
        "job_title" => fields.job_title = value,
        "phone" => fields.phone = value,
        "website" => fields.website = value,
        own => drop(fields.custom.insert(own.to_owned(), value)),
    }
}

fn split_name(value: &str) -> (String, String) {
    let (first, last) = value.trim().rsplit_once(' ').unwrap_or((value.trim(), ""));
    (first.to_owned(), last.to_owned())
}

/// Whether a value may go there: nowhere, to a known field, or to one of the workspace's own.
pub(super) fn is_target(target: &str) -> bool {
    let is_name = target.starts_with(|c: char| c.is_ascii_lowercase())
        && target.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    target.is_empty() || (is_name && target.len() <= 40)
}

/// What stands in for a target that is none.
pub(super) fn wrong_target(target: &str) -> String {
    format!("“{target}”: a field is named by lower case letters, digits and _.")
}

/// The tag that whoever comes in gets; empty for none.
pub(super) fn checked_tag(raw: &str) -> Result<String, super::LeadError> {
    let tag = raw.trim().to_lowercase();
    if tag.chars().count() > 40 || tag.contains([',', ';']) {
        return Err(super::LeadError::field("tag", "A tag has at most 40 letters, and no comma."));
    }
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_to_its_field_and_a_whole_name_to_two() {
        let mut fields = ContactFields::default();
        for (target, value) in [("full_name", "Ada van Lund"), ("email", "a@x.example"), ("rooms", "40"), ("", "x")] {
            put(&mut fields, target, value.to_owned());
        }
        assert_eq!((fields.first_name.as_str(), fields.last_name.as_str()), ("Ada van", "Lund"));
        assert_eq!((fields.addresses.len(), fields.custom.len()), (1, 1));
        assert!(is_target("") && is_target("rooms_2") && !is_target("Rooms") && !is_target("a b"));
    }
}
