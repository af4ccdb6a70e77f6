//! Every route of the program, found in the sources so that none can be forgotten, asked by nobody and by an owner.

use std::collections::BTreeSet;
use std::path::Path;

use super::browser;
use super::support::TestServer;

/// What answers without signing in, besides the pages that lead there.
const PUBLIC: &[&str] = &["/healthz", "/readyz", "/v1/openapi.json", "/metrics"];
const PUBLIC_PREFIXES: &[&str] =
    &["/signin", "/forgot", "/reset", "/confirm-address", "/setup", "/invite", "/u/", "/static/"];

fn routes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 80, "the sources are read wrongly: {found:?}");
    found
}

fn collect(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "sandbox" {
                collect(&path, found);
            }
        } else if name.ends_with(".rs") && !name.contains("test") {
            let text = std::fs::read_to_string(&path).unwrap();
            let is_api = name.contains("api") || path.components().any(|part| part.as_os_str() == "api");
            for marker in ["resource(\"", ".route(\""] {
                for (at, _) in text.match_indices(marker) {
                    let route: String = text[at + marker.len()..].chars().take_while(|c| *c != '"').collect();
                    if route.starts_with('/') {
                        let below_v1 = is_api && !route.starts_with("/v1");
                        found.insert(if below_v1 { format!("/v1{route}") } else { route });
                    }
                }
            }
        }
    }
}

/// `{id}` and the like as ids that nothing has.
fn filled(route: &str) -> String {
    let mut path = String::new();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str("0199a2b7d0007000800000000000000f");
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    path + rest
}

#[test]
fn nobody_gets_in_without_signing_in() {
    let server = TestServer::start();
    let mut stranger = server.browser();
    let mut open = Vec::new();
    for route in routes() {
        let path = filled(&route);
        if PUBLIC.contains(&route.as_str()) || PUBLIC_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        let answer = stranger.get(&path);
        let sent_away = answer.status == 303 && answer.location.as_deref().is_some_and(|to| to.starts_with("/signin"));
        if !(sent_away || matches!(answer.status, 401 | 404 | 405)) {
            open.push(format!("GET {path}: {}", answer.status));
        }
        let posted = stranger.post_as_stranger(&path, &[("a", "b")]);
        if !matches!(posted.status, 303 | 400 | 401 | 403 | 404 | 405 | 415) {
            open.push(format!("POST {path}: {}", posted.status));
        }
    }
    assert!(open.is_empty(), "{}", open.join("\n"));
}

#[test]
fn no_address_breaks_a_page_and_every_answer_is_guarded() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let mut wrong = Vec::new();
    for route in routes().into_iter().filter(|route| !route.starts_with("/v1") && route != "/live") {
        let path = filled(&route);
        let answer = owner.get(&path);
        if answer.status >= 500 {
            wrong.push(format!("GET {path}: {}", answer.status));
        }
        for header in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
            if answer.header(header).is_none() {
                wrong.push(format!("GET {path}: no {header}"));
            }
        }
        if answer.body.contains("style=\"") || answer.body.contains(" onclick=") {
            wrong.push(format!("GET {path}: inline style or script"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_description_of_the_api_names_every_route_of_it() {
    let server = TestServer::start();
    let (status, document) = browser::api(&server.url, "", "GET", "/v1/openapi.json", None);
    assert_eq!(status, 200);
    let described = document["paths"].as_object().unwrap();
    let missing: Vec<String> = routes()
        .into_iter()
        .filter(|route| route.starts_with("/v1/") && route != "/v1/openapi.json")
        .filter(|route| !described.contains_key(route))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
