use std::collections::BTreeSet;

use super::*;
use crate::contacts::{
    add_contact, count, list_newest, list_tags, search, update_contact, Contact, ContactFields, Source,
};
use crate::store::Tree;
use crate::testing::{self, TestApp};

const LEADS: &str = "First name,Last name,E-mail,Company,Rooms\n\
                     Tom,Aldridge,tom@lakesidelodge.example,Lakeside Lodge,14\n\
                     Gwen,Hartley,gwen@oldmill.example,The Old Mill,8\n";

fn import(t: &TestApp, csv: impl AsRef<[u8]>) -> Result<ImportReport, ImportError> {
    import_file(&t.app, &t.owner, "leads.csv", csv.as_ref(), &[], false)
}

fn people(t: &TestApp) -> Vec<Contact> {
    list_newest(&t.app.store, t.workspace, None, 500).unwrap().rows
}

fn names(t: &TestApp) -> BTreeSet<String> {
    people(t).iter().map(Contact::name).collect()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
    units.flat_map(unit).collect()
}

#[test]
fn a_file_is_read_in_whatever_encoding_and_with_whatever_delimiter_it_comes() {
    let text = "Vorname;Nachname;E-Mail;Firma\r\nJörg;Müller;joerg@example.com;Bäckerei Groß\r\nZoë;\"Lux;Ur\";z@example.com;\"Über\r\nuns\"\r\n";
    let (cp1252, ..) = encoding_rs::WINDOWS_1252.encode(text);
    let cases: [(&str, Vec<u8>, &str, &str); 8] = [
        ("UTF-8", text.into(), "UTF-8", ";"),
        ("UTF-8 with mark", format!("\u{feff}{text}").into(), "UTF-8", ";"),
        ("Excel's separator line", format!("sep=;\r\n{text}").into(), "UTF-8", ";"),
        ("windows-1252", cp1252.into_owned(), "windows-1252", ";"),
        ("UTF-16, little end first", utf16(text, u16::to_le_bytes, true), "UTF-16LE", ";"),
        ("UTF-16, big end first", utf16(text, u16::to_be_bytes, true), "UTF-16BE", ";"),
        ("UTF-16 without a mark", utf16(text, u16::to_le_bytes, false), "UTF-16LE", ";"),
        ("tabs", text.replace("\"Lux;Ur\"", "Lux").replace(';', "\t").into(), "UTF-8", "\t"),
    ];
    for (name, bytes, encoding, delimiter) in cases {
        let t = testing::app();
        let report = import(&t, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((report.encoding.as_str(), report.delimiter.as_str()), (encoding, delimiter), "{name}");
        assert_eq!((report.added, report.rejected), (2, 0), "{name}: {:?}", report.rejected_rows);
        let joerg = search(&t.app.store, t.workspace, "muller", None, None, 5).unwrap().rows;
        assert_eq!((joerg[0].first_name.as_str(), joerg[0].company.as_str()), ("Jörg", "Bäckerei Groß"), "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_changes_nothing_and_says_where_and_what_to_do() {
    let long = format!("email,note\na@example.com,\"{}", "x\n".repeat(200_000));
    let wide = format!("email{}\n", ",x".repeat(300));
    let very_wide = format!("email{}\na@example.com\n", ",x".repeat(100_000));
    let cases: [(&str, &[u8], &[&str]); 9] = [
        ("empty", b"", &["empty", "Choose"]),
        ("blank", b"\n \n\n", &["empty"]),
        ("only a header", b"email,name\n", &["empty"]),
        (
            "open quote",
            b"email,name\na@example.com,A\nb@example.com,\"B\nc@example.com,C\n",
            &["Line 3", "quote", "Close it"],
        ),
        ("a quote that swallows the file", long.as_bytes(), &["Line 2", "quote"]),
        ("too many columns", wide.as_bytes(), &["Line 1", "301", "200"]),
        ("far too many columns", very_wide.as_bytes(), &["Line 1", "many more than 200 columns"]),
        ("a spreadsheet file", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0,\0\0\n\x01\0\0", &["Save"]),
        ("no addresses", b"name,town\nAda,London\n", &["No column holds e-mail", "name, town"]),
    ];
    for (name, bytes, words) in cases {
        let t = testing::app();
        let error = import(&t, bytes).expect_err(name).to_string();
        for word in words {
            assert!(error.contains(word), "{name}: {error}");
        }
        assert_eq!(count(&t.app.store, t.workspace), Ok(0), "{name}");
        assert!(list_imports(&t.app, &t.owner).unwrap().is_empty(), "{name}: nothing is kept of it");
    }
}

#[test]
fn a_wrong_row_is_refused_with_its_line_and_its_cure_and_the_others_come_in() {
    let csv = "email,name,phone\n\
               a@example.com,A,\n\
               \n\
               info(at)tarnhows,B,\n\
               ,C,\n\
               d@example.com,D,call me\n\
               e@example.com,E,1,x\n\
               \"f@example.com\",\"F\nF\",\n\
               A@EXAMPLE.com,again,\n";
    let t = testing::app();
    let report = import(&t, csv).unwrap();
    let refused: Vec<(u64, &str)> =
        report.rejected_rows.iter().map(|row| (row.line, row.reason.split_inclusive('.').next().unwrap())).collect();
    let expected = [
        (4, "“info(at)tarnhows”: An address has one @ between name and domain, for example ada@example."),
        (5, "No e-mail address."),
        (6, "A phone number has at least three digits, for example +44 1632 960471."),
        (7, "4 columns, the first row has 3."),
        (10, "The address stands in line 2 already."),
    ];
    assert_eq!(refused, expected);
    assert_eq!((report.rows, report.added, report.rejected), (7, 2, 5));
}

#[test]
fn a_dry_run_foretells_what_the_run_does_and_changes_nothing() {
    let t = testing::app();
    import(&t, LEADS).unwrap();
    let csv =
        format!("{LEADS}New,Person,new@example.com,,\nBad,Row,nowhere,,\nTom,Again,TOM@lakesidelodge.example,,\n");
    let csv = csv.replace("The Old Mill,8", "The Old Mill,");
    let rows = |t: &TestApp| {
        let everything = crate::store::KeyRange { start: Vec::new(), end: vec![0xFF; 40] };
        let count =
            |tree| t.app.store.engine().page(tree, &everything, crate::store::Dir::Forward, 9999).unwrap().len();
        Tree::ALL.into_iter().map(count).collect::<Vec<_>>()
    };
    let before = rows(&t);
    let dry = import_file(&t.app, &t.owner, "leads.csv", csv.as_bytes(), &[], true).unwrap();
    assert_eq!(rows(&t), before);
    let run = import(&t, &csv).unwrap();
    let figures = |report: &ImportReport| (report.rows, report.added, report.updated, report.skipped, report.rejected);
    assert_eq!(figures(&dry), (5, 1, 0, 2, 2));
    assert_eq!(figures(&run), figures(&dry));
    assert_eq!(dry.rejected_rows, run.rejected_rows);
    assert_eq!((dry.import, dry.dry_run, run.dry_run), (None, true, false));
}

#[test]
fn what_is_known_stays_is_filled_in_or_replaced_as_chosen() {
    for (known, company, phone, updated) in [
        (Known::Skip, "Old Mill Ltd", "", 0),
        (Known::FillEmpty, "Old Mill Ltd", "+44 1632 960471", 1),
        (Known::Overwrite, "The Old Mill", "+44 1632 960471", 1),
    ] {
        let t = testing::app();
        let fields = ContactFields {
            addresses: vec!["gwen@oldmill.example".into()],
            company: "Old Mill Ltd".into(),
            tags: vec!["friend".into()],
            ..ContactFields::default()
        };
        let gwen = add_contact(&t.app, &t.owner, &fields, Source::ByHand).unwrap();
        let id =
            uploaded(&t, "email,company,phone,tags\nGwen@OldMill.example,The Old Mill,+44 1632 960471,oil; hotel\n");
        let choices = Choices { known, tags: "import 2026".into(), ..as_found(&t, id) };
        configure(&t.app, &t.owner, id, &choices).unwrap();
        run_to_end(&t, id);
        let after = crate::contacts::get(&t.app.store, t.workspace, gwen.id).unwrap().unwrap();
        assert_eq!((after.company.as_str(), after.phone.as_str()), (company, phone), "{known:?}");
        let tags: &[&str] = if updated == 1 { &["friend", "hotel", "import 2026", "oil"] } else { &["friend"] };
        assert_eq!(after.tags, tags, "{known:?}");
        assert_eq!(after.source, Source::ByHand, "{known:?}");
        let (_, progress, _) = find_import(&t.app, &t.owner, id).unwrap();
        assert_eq!((progress.counts.updated, progress.counts.skipped), (updated, 1 - updated), "{known:?}");
    }
}

fn uploaded(t: &TestApp, csv: &str) -> crate::base::ImportId {
    let mut upload = begin_upload(&t.app, &t.owner, "C:\\leads.csv").unwrap();
    more_upload(&t.app, &t.owner, &mut upload, csv.as_bytes()).unwrap();
    end_upload(&t.app, &t.owner, upload).unwrap().id
}

fn as_found(t: &TestApp, id: crate::base::ImportId) -> Choices {
    let (import, ..) = find_import(&t.app, &t.owner, id).unwrap();
    Choices {
        targets: import.columns.iter().map(|column| column.target.key()).collect(),
        tags: String::new(),
        known: import.known,
        encoding: import.encoding,
        delimiter: import.delimiter,
        has_header: import.has_header,
    }
}

fn run_to_end(t: &TestApp, id: crate::base::ImportId) {
    check(&t.app, &t.owner, id).unwrap();
    start(&t.app, &t.owner, id).unwrap();
    while run::go_on(&t.app, t.workspace, id, 1).unwrap() {}
}

#[test]
fn an_import_that_was_cut_off_goes_on_behind_its_last_committed_row() {
    let t = testing::app();
    let rows = run::ROWS_AT_ONCE * 3 + 7;
    let mut csv = String::from("email,name\n");
    for n in 0..rows {
        // Every tenth row is a double of the one before, also across the cut.
        csv.push_str(&format!("p{}@example.com,Person {n}\n", if n % 10 == 0 && n > 0 { n - 1 } else { n }));
    }
    let id = uploaded(&t, &csv);
    check(&t.app, &t.owner, id).unwrap();
    start(&t.app, &t.owner, id).unwrap();
    // Each turn begins from what is stored, as after a crash; a turn in between dies without having committed.
    assert!(run::go_on(&t.app, t.workspace, id, 1).unwrap());
    let (_, cut, _) = find_import(&t.app, &t.owner, id).unwrap();
    assert_eq!(cut.counts.rows(), run::ROWS_AT_ONCE as u64);
    let half = Contact { id: crate::base::ContactId::new(testing::NOW), addresses: vec![], ..people(&t)[0].clone() };
    let died: Result<(), crate::store::StoreError> = t.app.store.write(|txn| {
        crate::contacts::store::put(txn, &half, None)?;
        Err(crate::store::StoreError::Poisoned)
    });
    assert!(died.is_err());
    while run::go_on(&t.app, t.workspace, id, 1).unwrap() {}
    assert!(!run::go_on(&t.app, t.workspace, id, 1).unwrap(), "an ended import does nothing more");
    let (import, progress, _) = find_import(&t.app, &t.owner, id).unwrap();
    let doubles = (rows as u64 - 1) / 10;
    assert_eq!(import.state, ImportState::Finished);
    assert_eq!((progress.counts.added, progress.counts.refused), (rows as u64 - doubles, doubles));
    assert_eq!(count(&t.app.store, t.workspace), Ok(rows as u64 - doubles));
    let files = t.app.store.engine();
    let everything = crate::store::KeyRange { start: Vec::new(), end: vec![0xFF; 40] };
    let left = files.page(Tree::Imports, &everything, crate::store::Dir::Forward, 9999).unwrap();
    assert!(left.iter().all(|(key, _)| key[16..18] != [0x08, 0x12]), "the uploaded file is gone");
}

#[test]
fn the_queue_leaves_an_import_alone_that_a_command_has_in_hand() {
    use crate::jobs::{lease_due, Lane, Outcome, Task};
    let t = testing::app();
    let id = uploaded(&t, LEADS);
    check(&t.app, &t.owner, id).unwrap();
    start(&t.app, &t.owner, id).unwrap();
    let jobs = lease_due(&t.app.store, Lane::Housekeeping, t.app.now(), 10).unwrap();
    let job = jobs.iter().find(|job| job.kind == run::IMPORT).unwrap();
    let command = run::AtWork::wait(id);
    assert!(matches!(run::ImportTask.run(&t.app, job), Outcome::Again { .. }));
    assert_eq!(count(&t.app.store, t.workspace), Ok(0));
    drop(command);
    assert!(matches!(run::ImportTask.run(&t.app, job), Outcome::Done));
    assert_eq!(count(&t.app.store, t.workspace), Ok(2));
}

#[test]
fn an_import_is_undone_but_for_whom_something_has_happened_since() {
    let t = testing::app();
    let fields = ContactFields { addresses: vec!["gwen@oldmill.example".into()], ..ContactFields::default() };
    let gwen = add_contact(&t.app, &t.owner, &fields, Source::ByHand).unwrap();
    t.app.clock.advance(std::time::Duration::from_secs(60));
    let id = uploaded(&t, &format!("{LEADS}Iris,Vane,iris@example.com,,\n"));
    run_to_end(&t, id);
    assert_eq!(count(&t.app.store, t.workspace), Ok(3));
    t.app.clock.advance(std::time::Duration::from_secs(60));
    let iris = people(&t).into_iter().find(|contact| contact.first_name == "Iris").unwrap();
    let changed = ContactFields { company: "Vane Inns".into(), ..ContactFields::of(&iris) };
    update_contact(&t.app, &t.owner, iris.id, &changed).unwrap();
    undo(&t.app, &t.owner, id).unwrap();
    while run::go_on(&t.app, t.workspace, id, 1).unwrap() {}
    let (import, progress, _) = find_import(&t.app, &t.owner, id).unwrap();
    assert_eq!((import.state, progress.kept), (ImportState::Undone, 1));
    assert_eq!(names(&t), ["Iris Vane", "gwen@oldmill.example"].map(str::to_owned).into());
    let after = crate::contacts::get(&t.app.store, t.workspace, gwen.id).unwrap().unwrap();
    assert_eq!((after.first_name.as_str(), after.company.as_str()), ("", ""), "fields are as before the import");
    crate::contacts::index_all(&t.app.store, t.workspace).unwrap();
    assert!(search(&t.app.store, t.workspace, "tom", None, None, 5).unwrap().rows.is_empty());
    assert!(import_again_adds(&t), "addresses are free again");
}

fn import_again_adds(t: &TestApp) -> bool {
    import(t, LEADS).unwrap().added == 1
}

#[test]
fn refused_rows_come_back_as_a_file_that_no_spreadsheet_runs() {
    let t = testing::app();
    let id = uploaded(&t, "email,name\nnowhere,\"=cmd|' /C calc'!A0\"\n+1@,x\na@example.com,ok\n");
    run_to_end(&t, id);
    let csv = String::from_utf8(refused_csv(&t.app, &t.owner, id).unwrap()).unwrap();
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows[0].iter().collect::<Vec<_>>(), ["Line", "Reason", "email", "name"]);
    assert_eq!(&rows[1][3], "'=cmd|' /C calc'!A0");
    assert_eq!(&rows[2][2], "'+1@");
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    // Mended and imported again, the guard is no part of the value.
    let mended = csv.replace("nowhere", "b@example.com").replace("'+1@", "c@example.com");
    import(&t, mended).unwrap();
    assert!(names(&t).contains("=cmd|' /C calc'!A0"), "{:?}", names(&t));
}

#[test]
fn another_delimiter_or_encoding_cuts_the_file_anew() {
    let t = testing::app();
    let id = uploaded(&t, "email|name\na@example.com|A, B\n");
    let found = as_found(&t, id);
    assert_eq!(found.delimiter, b'|');
    let (import, anew) = configure(&t.app, &t.owner, id, &Choices { delimiter: b',', ..found.clone() }).unwrap();
    assert!(anew && import.columns.len() == 1 && import.columns[0].name == "email|name");
    let (import, anew) = configure(&t.app, &t.owner, id, &found).unwrap();
    assert!(anew);
    assert_eq!(import.columns[0].name, "email");
    let wrong = Choices { targets: vec!["skip".into(), "company".into()], ..found };
    let error = configure(&t.app, &t.owner, id, &wrong).unwrap_err().to_string();
    assert!(error.contains("No column holds e-mail addresses") && error.contains("email, name"), "{error}");
}

#[test]
fn only_who_may_imports_and_only_into_the_own_workspace() {
    let t = testing::app();
    let agent = crate::authz::Actor { role: crate::authz::Role::Agent, ..t.owner.clone() };
    assert!(matches!(import_file(&t.app, &agent, "x.csv", LEADS.as_bytes(), &[], true), Err(ImportError::Denied(_))));
    let id = uploaded(&t, LEADS);
    let workspace = testing::add_workspace(&t.app, "Other", "other");
    let stranger = crate::authz::Actor { workspace, ..t.owner.clone() };
    assert!(matches!(find_import(&t.app, &stranger, id), Err(ImportError::NotFound)));
    assert!(matches!(start(&t.app, &stranger, id), Err(ImportError::NotFound)));
    assert!(matches!(refused_csv(&t.app, &stranger, id), Err(ImportError::NotFound)));
}

#[test]
fn what_nobody_imports_is_thrown_away_after_a_week_and_the_rest_after_a_month() {
    let t = testing::app();
    let waiting = uploaded(&t, LEADS);
    import(&t, LEADS).unwrap();
    let days = |days: u64| std::time::Duration::from_secs(86_400 * days);
    let now = t.app.clock.advance(days(8));
    sweep_imports(&t.app, now).unwrap();
    assert!(matches!(find_import(&t.app, &t.owner, waiting), Err(ImportError::NotFound)));
    assert_eq!(list_imports(&t.app, &t.owner).unwrap().len(), 1);
    let now = t.app.clock.advance(days(30));
    sweep_imports(&t.app, now).unwrap();
    assert!(list_imports(&t.app, &t.owner).unwrap().is_empty());
    assert_eq!(count(&t.app.store, t.workspace), Ok(2), "the contacts stay");
    assert!(list_tags(&t.app.store, t.workspace).unwrap().is_empty());
}

#[test]
fn an_erased_person_leaves_the_undo_of_an_import_too() {
    let t = testing::app();
    let fields = ContactFields { addresses: vec!["gwen@oldmill.example".into()], ..ContactFields::default() };
    let gwen = add_contact(&t.app, &t.owner, &fields, Source::ByHand).unwrap();
    import(&t, LEADS).unwrap();
    let person = crate::store::Person::Contact(t.workspace, gwen.id);
    let held = |t: &TestApp| -> usize {
        let exports = crate::contacts::tables().into_iter().filter_map(|table| table.export);
        exports.map(|export| export(&t.app.store, person).unwrap().len()).sum()
    };
    assert_eq!(held(&t), 2, "the contact, and what it was before the import");
    for erase in crate::contacts::tables().into_iter().filter_map(|table| table.erase) {
        erase(&t.app.store, person).unwrap();
    }
    assert_eq!(held(&t), 0);
}
