use super::*;
use crate::contacts::{count, list_of_tag, list_tags, tag_all, untag_all};
use crate::testing;

fn fields(name: &str, address: &str) -> ContactFields {
    ContactFields { first_name: name.into(), addresses: vec![address.into()], ..ContactFields::default() }
}

#[test]
fn a_known_address_leads_to_the_contact_we_have() {
    let t = testing::app();
    let first = add_contact(&t.app, &t.owner, &fields("Ada", "Ada@Example.COM"), Source::ByHand).unwrap();
    let again = add_contact(&t.app, &t.owner, &fields("Ada", "ada@example.com"), Source::ByHand);
    assert!(matches!(again, Err(ContactError::Duplicate(id)) if id == first.id));
    assert_eq!(count(&t.app.store, t.workspace), Ok(1));
    let changed = fields("Ada", "ada@elsewhere.example");
    update_contact(&t.app, &t.owner, first.id, &changed).unwrap();
    let free_again = add_contact(&t.app, &t.owner, &fields("Other", "ada@example.com"), Source::ByHand);
    assert!(free_again.is_ok(), "an address given up may be another's");
}

#[test]
fn a_field_that_does_not_parse_says_what_would() {
    let wrong = ContactFields {
        addresses: vec!["ada@example".into()],
        phone: "call me".into(),
        website: "javascript:alert(1)".into(),
        time_zone: "London time".into(),
        locale: "English, mostly".into(),
        custom: [("Room Count".to_owned(), "14".to_owned())].into(),
        tags: vec!["x".repeat(41)],
        ..ContactFields::default()
    };
    let errors = wrong.check().unwrap_err();
    let cures = [
        ("email", "“ada@example”: Add the ending"),
        ("phone", "+44 1632 960471"),
        ("website", "example.com"),
        ("time_zone", "Europe/London"),
        ("locale", "en-GB"),
        ("custom", "rooms"),
        ("tags", "“hotel”"),
    ];
    for (field, cure) in cures {
        assert!(errors.of(field).contains(cure), "{field}: {}", errors.of(field));
    }
    let right = ContactFields {
        website: "example.com/about".into(),
        time_zone: "europe/london".into(),
        locale: "pt_BR".into(),
        tags: vec![" Hotel  with Oil ".into(), "hotel with oil".into()],
        ..fields("A\tB", "a@example.com")
    };
    let checked = right.check().unwrap();
    assert_eq!(checked.website, "https://example.com/about");
    assert_eq!(checked.time_zone.as_deref(), Some("Europe/London"));
    assert_eq!((checked.locale.as_deref(), checked.first_name.as_str()), (Some("pt-BR"), "A B"));
    assert_eq!(checked.tags, ["hotel with oil"]);
}

#[test]
fn a_restricted_contact_is_kept_and_not_changed() {
    let t = testing::app();
    let ada = add_contact(&t.app, &t.owner, &fields("Ada", "ada@example.com"), Source::ByHand).unwrap();
    restrict(&t.app, &t.owner, ada.id).unwrap();
    let change = update_contact(&t.app, &t.owner, ada.id, &fields("Eve", "ada@example.com"));
    assert!(matches!(change, Err(ContactError::Restricted)));
    assert!(matches!(add_note(&t.app, &t.owner, ada.id, "called"), Err(ContactError::Restricted)));
    assert_eq!(tag_all(&t.app, &t.owner, &[ada.id], "hotel").unwrap(), 0);
    unrestrict(&t.app, &t.owner, ada.id).unwrap();
    assert!(add_note(&t.app, &t.owner, ada.id, "called").is_ok());
}

#[test]
fn tags_are_counted_and_listed_and_gone_with_the_last_contact() {
    let t = testing::app();
    let people: Vec<ContactId> = (0..45)
        .map(|n| add_contact(&t.app, &t.owner, &fields("P", &format!("p{n}@example.com")), Source::ByHand).unwrap().id)
        .collect();
    assert_eq!(tag_all(&t.app, &t.owner, &people, "Hotel").unwrap(), 45);
    assert_eq!(tag_all(&t.app, &t.owner, &people[..3], "hotel").unwrap(), 0, "again changes nothing");
    assert_eq!(list_tags(&t.app.store, t.workspace).unwrap(), [TagCountOf::of("hotel", 45)]);
    let page = list_of_tag(&t.app.store, t.workspace, "hotel", None, 40).unwrap();
    assert_eq!(page.rows.len(), 40);
    let rest = list_of_tag(&t.app.store, t.workspace, "hotel", page.next.as_ref(), 40).unwrap();
    assert_eq!((rest.rows.len(), rest.next), (5, None));
    assert_eq!(untag_all(&t.app, &t.owner, &people[1..], "hotel").unwrap(), 44);
    erase_contact(&t.app, &t.owner, people[0]).unwrap();
    assert_eq!(list_tags(&t.app.store, t.workspace).unwrap(), []);
}

struct TagCountOf;
impl TagCountOf {
    fn of(name: &str, contacts: u64) -> crate::contacts::TagCount {
        crate::contacts::TagCount { name: name.into(), contacts }
    }
}

#[test]
fn an_erased_contact_leaves_nothing_of_its_own() {
    let t = testing::app();
    let ada = add_contact(&t.app, &t.owner, &fields("Ada", "ada@example.com"), Source::ByHand).unwrap();
    add_note(&t.app, &t.owner, ada.id, "Met at the fair").unwrap();
    erase_contact(&t.app, &t.owner, ada.id).unwrap();
    for table in crate::contacts::tables() {
        if let Some(export) = table.export {
            let left = export(&t.app.store, Person::Contact(t.workspace, ada.id)).unwrap();
            assert!(left.is_empty(), "{}: {left:?}", table.info.name);
        }
    }
    assert!(matches!(erase_contact(&t.app, &t.owner, ada.id), Err(ContactError::NotFound)));
    assert_eq!(count(&t.app.store, t.workspace), Ok(0));
}

#[test]
fn a_viewer_changes_no_contact_and_another_workspace_finds_none() {
    let t = testing::app();
    let ada = add_contact(&t.app, &t.owner, &fields("Ada", "ada@example.com"), Source::ByHand).unwrap();
    let viewer = Actor { role: crate::authz::Role::Viewer, ..t.owner.clone() };
    assert!(matches!(
        add_contact(&t.app, &viewer, &fields("Eve", "eve@example.com"), Source::ByHand),
        Err(ContactError::Denied(_))
    ));
    let other = Actor { workspace: testing::add_workspace(&t.app, "Other", "other"), ..t.owner.clone() };
    assert!(matches!(restrict(&t.app, &other, ada.id), Err(ContactError::NotFound)));
    assert!(add_contact(&t.app, &other, &fields("Ada", "ada@example.com"), Source::ByHand).is_ok());
}
