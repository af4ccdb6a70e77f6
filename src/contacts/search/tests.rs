use super::index::index_all;
use super::*;
use crate::base::ContactId;
use crate::contacts::{add_contact, erase_contact, update_contact, ContactFields, Source};
use crate::store::Tree;
use crate::testing::{self, TestApp};

fn add(t: &TestApp, first: &str, last: &str, company: &str, address: &str) -> ContactId {
    let fields = ContactFields {
        first_name: first.into(),
        last_name: last.into(),
        company: company.into(),
        addresses: vec![address.into()],
        ..ContactFields::default()
    };
    add_contact(&t.app, &t.owner, &fields, Source::ByHand).unwrap().id
}

fn found(t: &TestApp, question: &str) -> Vec<String> {
    let page = search(&t.app.store, t.workspace, question, None, None, 50).unwrap();
    page.rows.iter().map(|contact| contact.first_name.clone()).collect()
}

fn index(t: &TestApp) {
    index_all(&t.app.store, t.workspace).unwrap();
}

#[test]
fn anyone_is_found_by_the_beginning_of_any_word_in_any_script() {
    let t = testing::app();
    add(&t, "Jörg", "Müller-Lüdenscheid", "Straßen & Söhne GmbH", "j.m@bücher.example");
    add(&t, "Мария", "Иванова", "Тёплый дом", "maria@dom.example");
    add(&t, "小明", "王", "东方酒店", "wang@hotel.example");
    add(&t, "प्रिया", "रमन", "केस्ट्रल हाउस", "priya@kestrel.example");
    add(&t, "Siobhán", "O’Neill", "The Old Mill", "so@oldmill.example");
    let cases = [
        ("jor", "Jörg"),
        ("MULL", "Jörg"),
        ("ludenscheid", "Jörg"),
        ("strasse", "Jörg"),
        ("buch", "Jörg"),
        ("j.m@bücher", "Jörg"),
        ("ив", "Мария"),
        ("теплыи", "Мария"),
        ("王", "小明"),
        ("东方", "小明"),
        ("प्रि", "प्रिया"),
        ("केस्ट", "प्रिया"),
        ("oneill", "Siobhán"),
        ("mill siob", "Siobhán"),
        ("so@oldmill.example", "Siobhán"),
    ];
    for round in ["before indexing", "after indexing"] {
        for (question, expected) in cases {
            assert_eq!(found(&t, question), [expected], "{question}, {round}");
        }
        for nobody in ["ill", "mullerx", "siob jor", "ludenscheidt", "…", ""] {
            assert!(found(&t, nobody).is_empty(), "{nobody}, {round}");
        }
        index(&t);
    }
}

#[test]
fn the_newest_come_first_page_by_page() {
    let t = testing::app();
    for n in 0..130 {
        add(&t, &format!("P{n}"), "Lund", "", &format!("p{n}@example.com"));
        if n % 9 == 0 {
            index(&t);
        }
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = search(&t.app.store, t.workspace, "lund", None, cursor.as_ref(), 50).unwrap();
        seen.extend(page.rows.into_iter().map(|contact| contact.first_name));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..130).rev().map(|n| format!("P{n}")).collect();
    assert_eq!(seen, expected);
    let parts = t.app.store.read(|txn| segments(txn, t.workspace)).unwrap();
    assert!(parts.live.len() <= 5, "segments stay few: {parts:?}");
}

#[test]
fn a_search_never_reaches_into_another_workspace() {
    let t = testing::app();
    add(&t, "Ada", "Lovelace", "", "ada@example.com");
    index(&t);
    let other = testing::add_workspace(&t.app, "Other", "other");
    let page = search(&t.app.store, other, "ada", None, None, 50).unwrap();
    assert!(page.rows.is_empty());
}

#[test]
fn a_changed_name_is_found_by_the_new_one_and_an_erased_person_leaves_every_block() {
    let t = testing::app();
    let ada = add(&t, "Ada", "Byron", "", "ada@example.com");
    add(&t, "Annabella", "Byron", "", "anna@example.com");
    index(&t);
    let married = ContactFields {
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        addresses: vec!["ada@example.com".into()],
        ..ContactFields::default()
    };
    update_contact(&t.app, &t.owner, ada, &married).unwrap();
    for _ in 0..2 {
        assert_eq!(found(&t, "lovel"), ["Ada"]);
        assert_eq!(found(&t, "byron"), ["Annabella"]);
        index(&t);
    }
    let in_index = |t: &TestApp, word: &str| {
        t.app.store.read(|txn| candidates(txn, t.workspace, &[word.to_owned()])).unwrap().len()
    };
    assert_eq!((in_index(&t, "lovelace"), in_index(&t, "byron"), in_index(&t, "ada")), (1, 1, 1));
    erase_contact(&t.app, &t.owner, ada).unwrap();
    assert!(found(&t, "ada").is_empty(), "from the very moment");
    index(&t);
    assert_eq!((in_index(&t, "lovelace"), in_index(&t, "ada"), in_index(&t, "a")), (0, 0, 1));
}

#[test]
fn what_a_crash_left_half_written_is_removed() {
    let t = testing::app();
    add(&t, "Ada", "Byron", "", "ada@example.com");
    index(&t);
    let half = segment::Cutter::default();
    let mut half = half;
    half.push(7, &[1, 2, 3]);
    let blocks = half.finish();
    t.app
        .store
        .write(|txn| {
            blocks.iter().try_for_each(|block| block.write(txn, t.workspace, 99))?;
            let mut state = segments(txn, t.workspace)?;
            state.building = Some(99);
            txn.put(&SEGMENTS, &Key::of(&SEGMENTS, t.workspace), &state)
        })
        .unwrap();
    index(&t);
    let left = t.app.store.write(|txn| segment::remove_some(txn, t.workspace, 99)).unwrap();
    assert!(!left);
    assert_eq!(found(&t, "ada"), ["Ada"]);
}

#[test]
fn nothing_that_a_person_could_read_reaches_the_disk() {
    let t = testing::app();
    let id = add(&t, "Persephone", "Quillfeather", "Zanzibar Lodge", "persephone@zanzibar.example");
    crate::contacts::tag_all(&t.app, &t.owner, &[id], "vegetarian").unwrap();
    crate::contacts::add_note(&t.app, &t.owner, id, "Prefers mornings").unwrap();
    index(&t);
    let readable = ["Persephone", "persephone", "quillfeather", "Zanzibar", "zanzibar", "vegetarian", "mornings"];
    let everything = crate::store::KeyRange { start: Vec::new(), end: vec![0xFF; 40] };
    let mut rows = 0;
    for tree in Tree::ALL {
        for (key, value) in t.app.store.engine().page(tree, &everything, Dir::Forward, usize::MAX).unwrap() {
            rows += 1;
            for word in readable {
                for bytes in [&key, &value] {
                    let stands = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                    assert!(!stands, "{word} stands in {}", tree.name());
                }
            }
        }
    }
    assert!(rows > 10, "there is something to look at");
}
