//! The pages over HTTP, with the actor and the frame put in as `wiring` does. `LAUNCHYARD_PAGES=<folder>` keeps
//! what was shown, to be looked at.

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::http::StatusCode;
use actix_web::test::{init_service, TestRequest};
use actix_web::{web, HttpMessage};

use crate::authz::Actor;
use crate::contacts::{add_contact, add_note, import_file, tag_all, Contact, ContactFields, Source};
use crate::http::layout::Layout;
use crate::http::{Cookies, Frame};
use crate::testing::{self, TestApp};

struct Answer {
    status: StatusCode,
    location: String,
    body: String,
}

async fn send(t: &TestApp, actor: &Actor, request: TestRequest) -> Answer {
    let cookies = Cookies::new(t.app.mac.clone(), false);
    let (actor, layout) = (actor.clone(), Layout { csrf: "token".into(), lang: "en-GB".into(), ..Layout::default() });
    let app = actix_web::App::new()
        .app_data(web::Data::from(t.app.clone()))
        .app_data(web::Data::new(cookies))
        .wrap_fn(move |request, service| {
            request.extensions_mut().insert(actor.clone());
            let layout = layout.clone().with_places(request.path(), |_| true, |_| None);
            request.extensions_mut().insert(Frame(layout));
            service.call(request)
        })
        .configure(super::routes);
    let service = init_service(app).await;
    let response: ServiceResponse = service.call(request.to_request()).await.unwrap();
    let status = response.status();
    let location = response.headers().get(LOCATION).map(|l| l.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = to_bytes(response.into_body()).await.unwrap_or_default();
    Answer { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
}

async fn get(t: &TestApp, path: &str) -> Answer {
    send(t, &t.owner, TestRequest::get().uri(path)).await
}

async fn post(t: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    send(t, &t.owner, TestRequest::post().uri(path).set_form(fields)).await
}

async fn upload(t: &TestApp, file_name: &str, text: &str) -> Answer {
    let part = |head: &str, body: &str| format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let body = [
        part("name=\"_csrf\"", "token"),
        part(&format!("name=\"file\"; filename=\"{file_name}\"\r\nContent-Type: text/csv"), text),
        "--B--\r\n".to_owned(),
    ]
    .concat();
    let request = TestRequest::post()
        .uri("/contacts/import")
        .insert_header((CONTENT_TYPE, "multipart/form-data; boundary=B"))
        .set_payload(body);
    send(t, &t.owner, request).await
}

fn keep(name: &str, answer: &Answer) {
    if let Ok(folder) = std::env::var("LAUNCHYARD_PAGES") {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), &answer.body).unwrap();
    }
}

fn fields(first: &str, last: &str, company: &str, address: &str) -> ContactFields {
    ContactFields {
        first_name: first.into(),
        last_name: last.into(),
        company: company.into(),
        addresses: vec![address.into()],
        ..ContactFields::default()
    }
}

fn people(t: &TestApp) -> Vec<Contact> {
    let cast = [
        ("Tom", "Aldridge", "Lakeside Lodge", "tom@lakesidelodge.example"),
        ("Gwen", "Hartley", "The Old Mill", "gwen@oldmillkeswick.example"),
        ("Priya", "Raman", "Kestrel House B&B", "priya@kestrelhouse.example"),
        ("<b>Oliver", "Stead", "Borrowdale Arms", "oliver@borrowdalearms.example"),
    ];
    let add = |(first, last, company, address)| {
        add_contact(&t.app, &t.owner, &fields(first, last, company, address), Source::ByHand).unwrap()
    };
    cast.map(add).into()
}

#[actix_web::test]
async fn an_empty_list_says_what_to_do_and_a_full_one_shows_people_as_text() {
    let t = testing::app();
    let empty = get(&t, "/contacts").await;
    keep("list-empty", &empty);
    assert!(empty.body.contains("Bring a CSV file") && empty.body.contains("/contacts/import"));
    let all = people(&t);
    tag_all(&t.app, &t.owner, &[all[0].id, all[1].id], "hotel").unwrap();
    let list = get(&t, "/contacts").await;
    keep("list", &list);
    assert!(list.body.contains("Tom Aldridge") && list.body.contains("1 to 4 of 4"));
    assert!(list.body.contains("&#60;b&#62;Oliver") && !list.body.contains("<b>Oliver"));
    let found = get(&t, "/contacts?q=kest").await;
    assert!(found.body.contains("Priya") && !found.body.contains("Tom Aldridge"));
    let tagged = get(&t, "/contacts?tag=hotel").await;
    assert!(tagged.body.contains("Gwen") && !tagged.body.contains("Priya Raman"));
    let nobody = get(&t, "/contacts?q=zzz").await;
    keep("list-nobody", &nobody);
    assert!(nobody.body.contains("Nobody fits."));
    assert_eq!(get(&t, "/contacts?cursor=%21").await.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_form_that_does_not_parse_comes_back_with_what_was_typed() {
    let t = testing::app();
    let wrong = post(&t, "/contacts", &[("email", "tom@lakeside"), ("first_name", "Tom"), ("phone", "x")]).await;
    keep("form-wrong", &wrong);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("tom@lakeside") && wrong.body.contains("2 things to look at"));
    let right =
        [("email", "tom@lakeside.example"), ("first_name", "Tom"), ("own-name-0", "Rooms"), ("own-value-0", "14")];
    let added = post(&t, "/contacts", &right).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER);
    let page = get(&t, &added.location).await;
    assert!(page.body.contains("<dt>Rooms</dt><dd>14</dd>"));
    let known = post(&t, "/contacts", &right).await;
    assert_eq!(known.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(known.body.contains(&added.location), "it leads to the contact that has the address");
    let change = format!("{}/edit", added.location);
    keep("form", &get(&t, &change).await);
    let changed = post(&t, &change, &[("email", "tom@lakeside.example"), ("first_name", "Thomas")]).await;
    assert_eq!((changed.status, &changed.location), (StatusCode::SEE_OTHER, &added.location));
    assert!(get(&t, &added.location).await.body.contains("Thomas"));
}

#[actix_web::test]
async fn a_contact_shows_what_happened_and_what_the_team_noted() {
    let t = testing::app();
    let tom = people(&t).swap_remove(0);
    let page = format!("/contacts/{}", tom.id);
    let noted = post(&t, &format!("{page}/notes"), &[("note", "Met at the Kendal trade fair")]).await;
    assert_eq!(noted.status, StatusCode::SEE_OTHER);
    post(&t, &format!("{page}/tags"), &[("tag", "hotel"), ("act", "tag")]).await;
    let shown = get(&t, &page).await;
    keep("one", &shown);
    for words in [
        "Met at the Kendal trade fair",
        "Nora Whitfield:",
        "Added to the contacts",
        "hotel",
        "Nothing stands against it.",
    ] {
        assert!(shown.body.contains(words), "{words}");
    }
    assert_eq!(post(&t, &format!("{page}/notes"), &[("note", " ")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    post(&t, &format!("{page}/restrict"), &[]).await;
    let restricted = get(&t, &page).await;
    keep("one-restricted", &restricted);
    assert!(restricted.body.contains("Processing is restricted") && !restricted.body.contains("Add note"));
    let other = Actor { workspace: testing::add_workspace(&t.app, "Other", "other"), ..t.owner.clone() };
    assert_eq!(send(&t, &other, TestRequest::get().uri(&page)).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_file_is_uploaded_mapped_checked_and_imported() {
    let t = testing::app();
    keep("import-new", &get(&t, "/contacts/import").await);
    let none = upload(&t, "", "").await;
    assert!(none.body.contains("Choose a CSV file."));
    let bad = upload(&t, "bad.csv", "email,name\na@example.com,\"A\n").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.body.contains("Line 2") && bad.body.contains("Close it"));
    let csv = "Hotel,Mail,Fax\nFellside,anna@fellside.example,+44 1632 960118\nConiston View,b.howe@coniston.example,\nBad,nowhere,\n";
    let sent = upload(&t, "hotels-cumbria.csv", csv).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let mapping = get(&t, &sent.location).await;
    keep("import-mapping", &mapping);
    assert!(
        mapping.body.contains("What is in hotels-cumbria.csv?") && mapping.body.contains("Fellside · Coniston View")
    );
    let choices = [
        ("col-0", "company"),
        ("col-1", "email"),
        ("col-2", "skip"),
        ("tags", "hotels"),
        ("known", "fill_empty"),
        ("encoding", "UTF-8"),
        ("delimiter", ","),
        ("has_header", "on"),
    ];
    let no_mail: Vec<(&str, &str)> =
        choices.iter().map(|(k, v)| (*k, if *k == "col-1" { "skip" } else { *v })).collect();
    let refused = post(&t, &sent.location, &no_mail).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("No column holds e-mail addresses"));
    assert_eq!(post(&t, &sent.location, &choices).await.status, StatusCode::SEE_OTHER);
    let looked = get(&t, &sent.location).await;
    keep("import-looked", &looked);
    assert!(
        looked.body.contains("This would happen")
            && looked.body.contains("Line 4")
            && looked.body.contains("Import 2 rows")
    );
    post(&t, &format!("{}/start", sent.location), &[]).await;
    keep("import-running", &get(&t, &sent.location).await);
    keep("list-running", &get(&t, "/contacts").await);
    let id = sent.location.rsplit('/').next().unwrap().parse().unwrap();
    while crate::contacts::imports::continue_import(&t, id) {}
    let done = get(&t, &sent.location).await;
    keep("import-done", &done);
    assert!(done.body.contains("Finished") && done.body.contains("Undo this import"));
    let rows = get(&t, &format!("{}/refused.csv", sent.location)).await;
    assert!(rows.body.contains("nowhere") && rows.body.contains("Line,Reason,Hotel,Mail,Fax"));
    assert!(get(&t, "/contacts?tag=hotels").await.body.contains("Coniston View"));
}

#[actix_web::test]
async fn the_export_comes_back_in_whole() {
    let t = testing::app();
    for person in people(&t) {
        add_note(&t.app, &t.owner, person.id, "a note").unwrap();
    }
    let evil = ContactFields { phone: "+44 1632 960471".into(), ..fields("=1+1", "", "", "evil@example.com") };
    add_contact(&t.app, &t.owner, &evil, Source::ByHand).unwrap();
    let file = get(&t, "/contacts/export.csv").await;
    assert_eq!(file.body.lines().count(), 6);
    assert!(file.body.contains("'=1+1") && file.body.contains("'+44"));
    let dry = import_file(&t.app, &t.owner, "contacts.csv", file.body.as_bytes(), &[], true).unwrap();
    assert_eq!((dry.rows, dry.rejected, dry.added), (5, 0, 0), "{:?}", dry.rejected_rows);
}
