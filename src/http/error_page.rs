//! The page that says what went wrong, written where the error is made and fitted on its way out into what is known
//! of the request: whether a change was tried, where the person was, whose frame it stands in, and who could help.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{ACCEPT_LANGUAGE, HOST, REFERER};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::layout::Layout;
use super::respond::local_path;
use super::site::{is_under, Site};
use super::Frame;
use crate::authz::Permission;
use crate::base::Language;

/// As the error itself knows it: no frame, no session, no storage; they may be what failed.
#[derive(Clone, Template)]
#[template(path = "layout/error.html")]
pub(super) struct ErrorPage {
    pub kind: Kind,
    /// The tag of the language that it is in.
    pub lang: &'static str,
    pub title: &'static str,
    pub what: String,
    pub cure: String,
    /// Whether anything was changed; left out where nothing was tried.
    pub kept: &'static str,
    pub way: String,
    pub way_words: String,
    pub id: String,
    /// Before the id.
    pub log_words: &'static str,
    /// `light` or `dark`; empty follows the device.
    pub theme: &'static str,
    /// What the person may not do, where a role forbade it.
    pub permission: Option<Permission>,
    /// The way on is the error's own (signing in) and stays.
    pub is_way_fixed: bool,
}

/// What kind of error it is, for words in other languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Absent,
    Method,
    Unclear,
    Large,
    Many,
    Refused,
    Later,
    Ours,
}

/// The same in the frame of somebody who is signed in.
#[derive(Template)]
#[template(path = "layout/error_framed.html")]
struct FramedError {
    layout: Layout,
    page: ErrorPage,
}

/// What the session knows of the person who meets the error.
#[derive(Default)]
pub struct Person {
    pub theme: &'static str,
    pub frame: Option<Frame>,
    /// Names of those who may do what was refused.
    pub who_may: Vec<String>,
    /// Of a guest: where the business whose page it is shows what it offers.
    pub home: Option<String>,
}

/// The permission that was lacking, if `response` is the page of such a refusal.
pub fn refused_permission<B>(response: &HttpResponse<B>) -> Option<Permission> {
    response.extensions().get::<ErrorPage>().and_then(|page| page.permission)
}

/// Whether `response` is an error page that has no place yet.
pub fn is_error_page<B>(response: &HttpResponse<B>) -> bool {
    response.extensions().contains::<ErrorPage>()
}

/// Writes an error page again for its place; any other answer, and one that was placed already, stays as it is.
pub fn placed<B: MessageBody>(
    mut response: ServiceResponse<B>,
    site: Option<&Site>,
    person: Person,
) -> ServiceResponse<EitherBody<B>> {
    let Some(page) = response.response_mut().extensions_mut().remove::<ErrorPage>() else {
        return response.map_into_left_body();
    };
    match page.at(response.request(), site, person) {
        Some(text) => response.map_body(|_, _| EitherBody::right(BoxBody::new(text))),
        None => response.map_into_left_body(),
    }
}

impl ErrorPage {
    fn at(mut self, request: &HttpRequest, site: Option<&Site>, person: Person) -> Option<String> {
        if request.method().is_safe() && self.kept == NOTHING_CHANGED {
            self.kept = "";
        }
        if let Some(asked) = whom_to_ask(&person) {
            self.cure = asked;
        }
        let layout = person.frame.map(|Frame(layout)| layout);
        let is_for_guest = site.is_some_and(|site| site.is_for_guests(request.path()));
        if !self.is_way_fixed {
            (self.way, self.way_words) = way_on(request, site, layout.as_ref());
        }
        self.theme = person.theme;
        match layout {
            Some(layout) => FramedError { layout: layout.titled(self.title), page: self }.render().ok(),
            None if is_for_guest => {
                let chosen = chosen_language(request);
                let language = chosen.unwrap_or_else(|| preferred_language(request));
                let home = person.home.map(|home| match chosen {
                    Some(language) => format!("{home}?lang={}", language.tag()),
                    None => home,
                });
                self.for_guest(language, home).render().ok()
            }
            None => self.render().ok(),
        }
    }
}

/// The one that was chosen on the page.
fn chosen_language(request: &HttpRequest) -> Option<Language> {
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    query.find(|(name, _)| name == "lang").and_then(|(_, tag)| Language::spoken(&tag))
}

/// What the browser prefers.
fn preferred_language(request: &HttpRequest) -> Language {
    let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    Language::accepted(accepted.unwrap_or_default())
}

pub(super) const NOTHING_CHANGED: &str = "Nothing was changed.";

/// Names shown before "others".
const MOST_NAMES: usize = 3;

/// "You are a viewer here. Nora Whitfield or Ann Lee can do it."
fn whom_to_ask(person: &Person) -> Option<String> {
    let names = match person.who_may.as_slice() {
        [] => return None,
        [one] => one.clone(),
        [others @ .., last] if others.len() <= MOST_NAMES => format!("{} or {last}", others.join(", ")),
        many => format!("{} or one of {} others", many[..MOST_NAMES].join(", "), many.len() - MOST_NAMES),
    };
    let role = person.frame.as_ref().map(|frame| frame.0.workspace_role.to_lowercase()).unwrap_or_default();
    let article = if role.starts_with(['a', 'o']) { "an" } else { "a" };
    let you_are = if role.is_empty() { String::new() } else { format!("You are {article} {role} here. ") };
    Some(format!("{you_are}{names} can do it, or give you a role that may."))
}

/// Back to the page that led here; else to the place that the address belongs to; else to the start.
fn way_on(request: &HttpRequest, site: Option<&Site>, layout: Option<&Layout>) -> (String, String) {
    if let Some(before) = page_before(request, site) {
        return (before, "Back to where you were".to_owned());
    }
    let place = layout.and_then(Layout::place).filter(|(href, _)| *href != request.path());
    match place {
        Some((href, label)) => (href.to_owned(), format!("Go to {label}")),
        None => ("/".to_owned(), "Go to the start page".to_owned()),
    }
}

/// The page of ours that the person came from. One that cannot be the way back (this address again, signing in, an
/// address that carries a secret) is none.
fn page_before(request: &HttpRequest, site: Option<&Site>) -> Option<String> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let before = url::Url::parse(text(REFERER)?).ok()?;
    let own = site.is_some_and(|site| site.public_url.origin() == before.origin());
    if !own && Some(before.authority()) != text(HOST) {
        return None;
    }
    let again = request.method().is_safe() && before.path() == request.path();
    let secret = site.is_some_and(|site| site.has_secret_in_url(before.path()));
    if again || secret || is_under(before.path(), super::respond::SIGN_IN_PATH) {
        return None;
    }
    let path = before.query().map_or_else(|| before.path().to_owned(), |query| format!("{}?{query}", before.path()));
    local_path(&path).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn site() -> Site {
        let mut site = Site::new(url::Url::parse("https://reach.example").unwrap());
        site.token_prefixes = vec!["/u".into()];
        site
    }

    #[test]
    fn an_error_leads_back_only_to_another_page_of_this_site() {
        let cases = [
            ("the page before", "/contacts/1", "https://reach.example/contacts?q=lake", Some("/contacts?q=lake")),
            ("by the name it was asked under", "/contacts/1", "http://10.0.0.4:8080/contacts", Some("/contacts")),
            ("another site", "/contacts/1", "https://evil.example/contacts", None),
            ("this address again", "/contacts/1", "https://reach.example/contacts/1", None),
            ("signing in", "/contacts/1", "https://reach.example/signin?next=%2Fcontacts", None),
            ("a secret", "/contacts/1", "https://reach.example/u/abc", None),
            ("no address", "/contacts/1", "back", None),
        ];
        for (name, path, referer, expected) in cases {
            let request = TestRequest::get().uri(path).insert_header((HOST, "10.0.0.4:8080"));
            let request = request.insert_header((REFERER, referer)).to_http_request();
            assert_eq!(page_before(&request, Some(&site())).as_deref(), expected, "{name}");
        }
        let request = TestRequest::post().uri("/settings").insert_header((HOST, "reach.example"));
        let request = request.insert_header((REFERER, "https://reach.example/settings")).to_http_request();
        assert_eq!(page_before(&request, Some(&site())).as_deref(), Some("/settings"), "a form at its own address");
    }

    #[test]
    fn without_a_page_before_an_error_leads_to_the_place_it_belongs_to() {
        let cases = [("/contacts/1", "/contacts", "Go to Contacts"), ("/replies/1", "/replies", "Go to Replies")];
        for (path, href, words) in cases {
            let layout = Layout::default().with_places(path, |_| true, |_| None);
            let request = TestRequest::get().uri(path).to_http_request();
            assert_eq!(way_on(&request, None, Some(&layout)), (href.to_owned(), words.to_owned()));
        }
        for path in ["/contacts", "/nowhere"] {
            let layout = Layout::default().with_places(path, |_| true, |_| None);
            let request = TestRequest::get().uri(path).to_http_request();
            assert_eq!(way_on(&request, None, Some(&layout)).0, "/", "{path}");
        }
    }

    #[test]
    fn whoever_may_is_named_and_many_are_counted() {
        let asked = |names: &[&str]| {
            let layout = Layout { workspace_role: "Agent".into(), ..Layout::default() };
            let who_may = names.iter().map(|name| (*name).to_owned()).collect();
            whom_to_ask(&Person { frame: Some(Frame(layout)), who_may, ..Person::default() })
        };
        assert_eq!(asked(&[]), None);
        let words = asked(&["Nora", "Ann"]).unwrap();
        assert_eq!(words, "You are an agent here. Nora or Ann can do it, or give you a role that may.");
        assert!(asked(&["A", "B", "C", "D"]).unwrap().contains("A, B, C or D can"));
        assert!(asked(&["A", "B", "C", "D", "E"]).unwrap().contains("A, B, C or one of 2 others can"));
    }
}
