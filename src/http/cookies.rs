//! Cookies: which there are, under which names, and how they are guarded.
//!
//! Over TLS every name begins with `__Host-` (RFC 6265bis section 4.1.3.2): only this host can set
//! it, only over TLS, for the whole host. Plain HTTP (first start by address) cannot do that, so it
//! has names of its own, and these are never read once the public address is https.
//! All of them are necessary ones; none needs consent.

use std::time::Duration;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{HeaderValue, CLEAR_SITE_DATA, SET_COOKIE};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::mac::{random_value, MacKey};

/// A toast not shown within this time has lost its meaning.
const TOAST_LIFETIME: Duration = Duration::from_secs(60);
const THEME_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// Makes and reads the cookies of one server.
#[derive(Clone, Debug)]
pub struct Cookies {
    key: MacKey,
    is_https: bool,
}

/// What a page says once, after an act: one sentence, and the way back where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toast {
    pub words: String,
    /// Path to POST to for taking the act back.
    pub undo: Option<String>,
}

impl Toast {
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), undo: None }
    }

    pub fn with_undo(self, path: impl Into<String>) -> Self {
        Self { undo: Some(path.into()), ..self }
    }
}

/// Light, dark, or as the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The value of `data-theme`: `light` or `dark`; empty follows the device.
    pub fn attribute(self) -> &'static str {
        match self {
            Theme::System => "",
            chosen => chosen.as_str(),
        }
    }

    /// Anything unknown is what the device says.
    pub fn parse(text: &str) -> Self {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.as_str() == text).unwrap_or_default()
    }
}

impl Cookies {
    pub fn new(key: MacKey, is_https: bool) -> Self {
        Self { key, is_https }
    }

    pub(super) fn key(&self) -> &MacKey {
        &self.key
    }

    /// `session` becomes `__Host-session`, or `session-insecure` on plain HTTP.
    fn name(&self, word: &str) -> String {
        if self.is_https {
            format!("__Host-{word}")
        } else {
            format!("{word}-insecure")
        }
    }

    fn cookie(&self, word: &str, value: String) -> Cookie<'static> {
        Cookie::build(self.name(word), value)
            .path("/")
            .secure(self.is_https)
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish()
    }

    fn lasting(&self, word: &str, value: String, lifetime: Duration) -> Cookie<'static> {
        let mut cookie = self.cookie(word, value);
        cookie.set_max_age(actix_web::cookie::time::Duration::seconds(
            i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX),
        ));
        cookie
    }

    fn removal(&self, word: &str) -> Cookie<'static> {
        self.lasting(word, String::new(), Duration::ZERO)
    }

    fn read(&self, request: &HttpRequest, word: &str) -> Option<String> {
        let value = request.cookie(&self.name(word))?.value().to_owned();
        (!value.is_empty() && value.len() <= 1024).then_some(value)
    }

    /// The sign-in of a browser. `value` is the secret that the server keeps only as a hash;
    /// `lifetime` is the session's absolute end, idle time is the server's to watch.
    pub fn session(&self, value: &str, lifetime: Duration) -> Cookie<'static> {
        self.lasting("session", value.to_owned(), lifetime)
    }

    pub fn read_session(&self, request: &HttpRequest) -> Option<String> {
        self.read(request, "session")
    }

    /// Signs the browser out: the cookie goes, and with it whatever pages the browser kept.
    pub fn end_session(&self, response: &mut HttpResponse) {
        add(response, &self.removal("session"));
        add(response, &self.removal("visit"));
        response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static(r#""cache", "cookies", "storage""#));
    }

    /// The value that binds form tokens of a browser that is not signed in.
    pub(super) fn read_visit(&self, request: &HttpRequest) -> Option<String> {
        self.read(request, "visit")
    }

    /// A new visit cookie, set with the answer to `request`; the second caller gets the same value.
    pub(super) fn begin_visit(&self, request: &HttpRequest) -> String {
        if let Some(Visit(value)) = request.extensions().get::<Visit>().cloned() {
            return value;
        }
        let value = random_value();
        request.extensions_mut().insert(Visit(value.clone()));
        set_later(request, self.cookie("visit", value.clone()));
        value
    }

    pub fn toast(&self, toast: &Toast) -> Cookie<'static> {
        let text = BASE64URL_NOPAD.encode(&serde_json::to_vec(toast).unwrap_or_default());
        let tag = self.key.tag("toast", text.as_bytes());
        self.lasting("toast", format!("{text}.{tag}"), TOAST_LIFETIME)
    }

    /// The toast to show on this page. It is shown once: the answer removes the cookie.
    pub fn take_toast(&self, request: &HttpRequest) -> Option<Toast> {
        let value = request.cookie(&self.name("toast"))?.value().to_owned();
        set_later(request, self.removal("toast"));
        let (text, tag) = value.split_once('.')?;
        if !self.key.is_tag_of("toast", text.as_bytes(), tag) {
            return None;
        }
        serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
    }

    pub fn theme(&self, theme: Theme) -> Cookie<'static> {
        match theme {
            Theme::System => self.removal("theme"),
            chosen => self.lasting("theme", chosen.as_str().to_owned(), THEME_LIFETIME),
        }
    }

    pub fn read_theme(&self, request: &HttpRequest) -> Theme {
        self.read(request, "theme").map_or(Theme::System, |value| Theme::parse(&value))
    }
}

#[derive(Clone)]
struct Visit(String);

struct Pending(Vec<Cookie<'static>>);

/// Sets `cookie` with whatever the answer to `request` will be.
pub fn set_later(request: &HttpRequest, cookie: Cookie<'static>) {
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Pending>() {
        Some(Pending(cookies)) => cookies.push(cookie),
        None => {
            extensions.insert(Pending(vec![cookie]));
        }
    }
}

/// The cookies that were asked for while `request` was answered, as header values.
pub(super) fn pending(request: &HttpRequest) -> Vec<HeaderValue> {
    let taken = request.extensions_mut().remove::<Pending>();
    let cookies = taken.map(|Pending(cookies)| cookies).unwrap_or_default();
    cookies.iter().filter_map(|cookie| HeaderValue::from_str(&cookie.to_string()).ok()).collect()
}

/// Adds `cookie` to an answer that is already made.
pub fn add(response: &mut HttpResponse, cookie: &Cookie<'static>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn cookies(is_https: bool) -> Cookies {
        Cookies::new(MacKey::new([1; 32]), is_https)
    }

    #[test]
    fn over_tls_the_session_belongs_to_this_host_alone() {
        let cookie = cookies(true).session("secret", Duration::from_secs(60)).to_string();
        assert_eq!(cookie, "__Host-session=secret; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60");
    }

    #[test]
    fn a_session_made_on_plain_http_is_not_read_once_there_is_tls() {
        let made = cookies(false).session("secret", Duration::from_secs(60));
        assert_eq!(made.to_string(), "session-insecure=secret; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
        let request = TestRequest::default().cookie(made).to_http_request();
        assert_eq!(cookies(false).read_session(&request).as_deref(), Some("secret"));
        assert_eq!(cookies(true).read_session(&request), None);
    }

    #[test]
    fn a_toast_is_shown_once_and_only_if_we_wrote_it() {
        let ours = cookies(true);
        let toast = Toast::new("3 drafts approved.").with_undo("/approvals/undo");
        let request = TestRequest::default().cookie(ours.toast(&toast)).to_http_request();
        assert_eq!(ours.take_toast(&request), Some(toast.clone()));
        let answer = pending(&request);
        assert_eq!(answer.len(), 1);
        assert!(answer[0].to_str().unwrap().starts_with("__Host-toast=; "), "{answer:?}");

        let forged = Cookies::new(MacKey::new([9; 32]), true).toast(&toast);
        let request = TestRequest::default().cookie(forged).to_http_request();
        assert_eq!(ours.take_toast(&request), None);
    }

    #[test]
    fn signing_out_leaves_nothing_in_the_browser() {
        let mut response = HttpResponse::Ok().finish();
        cookies(true).end_session(&mut response);
        let set: Vec<&str> = response.headers().get_all(SET_COOKIE).map(|v| v.to_str().unwrap()).collect();
        assert!(set.iter().any(|cookie| cookie.starts_with("__Host-session=;") && cookie.contains("Max-Age=0")));
        assert!(response.headers().contains_key(CLEAR_SITE_DATA));
    }

    #[test]
    fn a_theme_is_remembered_and_an_unknown_one_is_the_devices() {
        let ours = cookies(true);
        let request = TestRequest::default().cookie(ours.theme(Theme::Dark)).to_http_request();
        assert_eq!(ours.read_theme(&request), Theme::Dark);
        assert_eq!(Theme::parse("purple"), Theme::System);
    }
}
