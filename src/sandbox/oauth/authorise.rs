//! The consent page: who signs in, what the program may do, yes or no. Works with scripts off.

use askama::Template;

use super::grants::{Code, Scopes};
use super::{Dialect, Grants, Realm, Redirects, CLIENT_ID, GRAPH};
use crate::base::UnixMillis;
use crate::sandbox::wire::{value_of, Answer, Request};
use crate::sandbox::world::Account;

/// The parameters of an authorisation request (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core 3.1.2.1).
struct Asked {
    client: String,
    redirect_uri: url::Url,
    /// Exactly as written; `Url` may normalise, and the token request must repeat it letter by letter.
    redirect_text: String,
    scopes: Vec<String>,
    state: Option<String>,
    challenge: Option<String>,
    nonce: Option<String>,
    login_hint: Option<String>,
    offline: bool,
    prompt: String,
    with_earlier_scopes: bool,
}

/// GET shows the page, POST carries the decision back to the client with 302.
/// A request that cannot be trusted to name its client gets a page, never a redirect.
pub(in crate::sandbox) fn authorise(
    realm: &Realm,
    grants: &mut Grants,
    accounts: &[Account],
    redirects: &Redirects,
    request: &Request,
    now: UnixMillis,
) -> Answer {
    let is_decision = request.method == "POST";
    let parameters = if is_decision { request.form() } else { request.query.clone() };
    let asked = match Asked::read(realm, redirects, &parameters) {
        Ok(asked) => asked,
        Err((code, detail)) => return error_page(realm, code, &detail),
    };
    if is_decision {
        decide(realm, grants, accounts, &parameters, &asked, now)
    } else {
        consent_page(realm, accounts, &parameters, &asked)
    }
}

impl Asked {
    fn read(
        realm: &Realm,
        redirects: &Redirects,
        parameters: &[(String, String)],
    ) -> Result<Self, (&'static str, String)> {
        let text = |name| value_of(parameters, name).map(str::to_owned).filter(|value| !value.is_empty());
        let missing = |name: &str| ("invalid_request", format!("Missing required parameter: {name}"));
        let client = text("client_id").ok_or_else(|| missing("client_id"))?;
        if client != CLIENT_ID {
            return Err(("invalid_client", "The OAuth client was not found.".to_owned()));
        }
        let redirect_text = text("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
        let redirect_uri = redirects.find(&redirect_text).ok_or_else(|| {
            ("redirect_uri_mismatch", format!("This redirect URI is not registered for the client: {redirect_text}"))
        })?;
        if text("response_type").as_deref() != Some("code") {
            return Err(missing("response_type=code"));
        }
        let scopes: Vec<String> = scopes_asked(realm, text("scope"))
            .ok_or_else(|| missing("scope"))?
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let unknown: Vec<&str> = scopes.iter().map(String::as_str).filter(|scope| !is_known(realm, scope)).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            return Err(("invalid_scope", format!("Some requested scopes were invalid. {{invalid=[{unknown}]}}")));
        }
        let challenge = text("code_challenge");
        if challenge.is_some() && text("code_challenge_method").as_deref() != Some("S256") {
            return Err(("invalid_request", "Only code_challenge_method=S256 is taken here.".to_owned()));
        }
        Ok(Self {
            client,
            redirect_uri,
            redirect_text,
            scopes,
            state: text("state"),
            challenge,
            nonce: text("nonce"),
            login_hint: text("login_hint"),
            offline: text("access_type").as_deref() == Some("offline"),
            prompt: text("prompt").unwrap_or_default(),
            with_earlier_scopes: text("include_granted_scopes").as_deref() == Some("true"),
        })
    }

    /// The address to send the browser back to, with these parameters added.
    fn back(&self, parameters: &[(&str, &str)]) -> Answer {
        let mut to = self.redirect_uri.clone();
        {
            let mut query = to.query_pairs_mut();
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
            query.extend_pairs(parameters);
        }
        Answer::redirect(to.into()).with("cache-control", "no-store")
    }
}

/// Where scopes are fixed with the client, what is asked for besides is passed by.
fn scopes_asked(realm: &Realm, asked: Option<String>) -> Option<String> {
    realm.fixed_scopes().map(str::to_owned).or(asked)
}

fn decide(
    realm: &Realm,
    grants: &mut Grants,
    accounts: &[Account],
    form: &[(String, String)],
    asked: &Asked,
    now: UnixMillis,
) -> Answer {
    let chosen = value_of(form, "account").unwrap_or_default();
    let account = accounts.iter().find(|account| account.email == chosen);
    let Some(account) = account.filter(|_| value_of(form, "decision") == Some("allow")) else {
        return asked.back(&[("error", "access_denied")]);
    };
    let ticked = |scope: &String| form.iter().any(|(name, value)| name == "grant" && value == scope);
    let earlier = grants.consented(&asked.client, &account.email);
    let mut scopes: Scopes = asked
        .scopes
        .iter()
        .filter(|scope| !is_tickable(realm, scope) || ticked(scope))
        .map(|scope| realm.canonical(scope))
        .collect();
    let with_refresh = match realm.dialect {
        Dialect::Microsoft => scopes.contains("offline_access"),
        Dialect::Zoom | Dialect::Webex | Dialect::Goto => true,
        _ => asked.offline && (asked.prompt.contains("consent") || earlier.is_empty()),
    };
    if asked.with_earlier_scopes {
        scopes.extend(earlier);
    }
    if scopes.is_empty() {
        return asked.back(&[("error", "access_denied")]);
    }
    let granted = scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let code = grants.consent(Code {
        client: asked.client.clone(),
        email: account.email.clone(),
        scopes,
        redirect_uri: asked.redirect_text.clone(),
        challenge: asked.challenge.clone(),
        nonce: asked.nonce.clone(),
        with_refresh,
        expires: now.plus(realm.code_life()),
    });
    match realm.dialect {
        Dialect::Microsoft => asked.back(&[("code", &code), ("session_state", "sandbox")]),
        Dialect::Zoom | Dialect::Webex | Dialect::Goto => asked.back(&[("code", &code)]),
        _ => asked.back(&[("code", &code), ("scope", &granted), ("prompt", "consent")]),
    }
}

/// One line with a tick box.
struct ScopeLine<'a> {
    scope: &'a str,
    says: &'static str,
}

#[derive(Template)]
#[template(path = "sandbox/consent.html")]
struct ConsentPage<'a> {
    provider: &'a str,
    action: String,
    style: String,
    back_to: String,
    accounts: &'a [Account],
    chosen: &'a str,
    scopes: Vec<ScopeLine<'a>>,
    /// The request itself, carried through the form.
    parameters: &'a [(String, String)],
}

impl ConsentPage<'_> {
    fn is_chosen(&self, account: &Account) -> bool {
        account.email == self.chosen
    }
}

fn consent_page(realm: &Realm, accounts: &[Account], parameters: &[(String, String)], asked: &Asked) -> Answer {
    let hinted =
        asked.login_hint.as_deref().and_then(|hint| accounts.iter().find(|a| a.email.eq_ignore_ascii_case(hint)));
    let back_to = asked.redirect_uri.origin().ascii_serialization();
    let page = ConsentPage {
        provider: realm.name,
        action: format!("{}{}", realm.path, realm.authorise_path),
        style: format!("{}/style.css", realm.path),
        accounts,
        chosen: hinted.or(usual(realm, accounts)).map_or("", |account| account.email.as_str()),
        scopes: asked
            .scopes
            .iter()
            .filter(|scope| is_tickable(realm, scope))
            .filter_map(|scope| Some(ScopeLine { scope, says: meaning(scope)? }))
            .collect(),
        parameters,
        back_to: back_to.clone(),
    };
    // Browsers hold form-action against the redirect that follows the form, too.
    html(200, page.render(), &format!("'self' {back_to}"))
}

/// Whoever is connected at one provider already is rather somebody else at the other.
fn usual<'a>(realm: &Realm, accounts: &'a [Account]) -> Option<&'a Account> {
    match realm.dialect {
        Dialect::Microsoft => accounts.last(),
        _ => accounts.first(),
    }
}

#[derive(Template)]
#[template(path = "sandbox/refused.html")]
struct RefusedPage<'a> {
    provider: &'a str,
    style: String,
    code: &'a str,
    detail: &'a str,
}

fn error_page(realm: &Realm, code: &str, detail: &str) -> Answer {
    let style = format!("{}/style.css", realm.path);
    html(400, RefusedPage { provider: realm.name, style, code, detail }.render(), "'none'")
}

fn html(status: u16, page: askama::Result<String>, form_action: &str) -> Answer {
    let Ok(page) = page else { return Answer::empty(500) };
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    );
    Answer::new(status, "text/html; charset=utf-8", page)
        .with("content-security-policy", policy)
        .with("referrer-policy", "no-referrer")
        .with("x-content-type-options", "nosniff")
        .with("cache-control", "no-store")
}

/// Who you are is not up for choice; what may be done in your name is.
fn is_tickable(realm: &Realm, scope: &str) -> bool {
    matches!(realm.dialect, Dialect::Google | Dialect::Microsoft) && !is_identity(scope)
}

fn is_identity(scope: &str) -> bool {
    let long = scope.strip_prefix("https://www.googleapis.com/auth/userinfo.");
    matches!(scope, "openid" | "email" | "profile" | "offline_access") || matches!(long, Some("email" | "profile"))
}

/// Google and Microsoft refuse a request with a scope that does not exist; other providers leave it out (OpenID Connect Core
/// section 3.1.2.1).
fn is_known(realm: &Realm, scope: &str) -> bool {
    matches!(realm.dialect, Dialect::Plain | Dialect::Zoom | Dialect::Goto)
        || is_identity(scope)
        || meaning(scope).is_some()
}

/// What a scope means, in words a person can decide on.
/// `None`: there is no such scope.
fn meaning(scope: &str) -> Option<&'static str> {
    let short = scope.strip_prefix("https://www.googleapis.com/auth/").or(scope.strip_prefix(GRAPH));
    Some(match short.unwrap_or(scope) {
        "User.Read" => "Read your profile",
        "Mail.Send" => "Send mail as you",
        "Mail.Read" => "Read your mail",
        "Mail.ReadBasic" => "Read your mail without its text",
        "Mail.ReadWrite" => "Read, change and delete your mail",
        "OnlineMeetings.ReadWrite" => "Read and create your online meetings",
        "meeting:schedules_write" => "Manage your meetings",
        "meeting:schedules_read" => "Read your meetings",
        "spark:people_read" => "Know who you are",
        "Calendars.Read" => "Read your calendars",
        "Calendars.ReadWrite" => "Read and change your calendars",
        "gmail.send" => "Send e-mail in your name",
        "gmail.readonly" => "Read your e-mail and mail settings",
        "gmail.metadata" => "See the headers and labels of your e-mail, not its text",
        "gmail.modify" => "Read, write and send e-mail, without deleting it for good",
        "https://mail.google.com/" => "Read, write, send and delete all your e-mail",
        "calendar" => "See, change, share and delete all your calendars",
        "calendar.readonly" => "See all your calendars",
        "calendar.events" => "See and change events in all your calendars",
        "calendar.events.readonly" => "See events in all your calendars",
        "calendar.events.owned" => "See and change events in calendars you own",
        "calendar.events.owned.readonly" => "See events in calendars you own",
        "calendar.events.freebusy" | "calendar.freebusy" => "See when you are free or busy",
        "calendar.calendarlist.readonly" => "See the list of your calendars",
        "calendar.app.created" => "Make calendars of its own, and see and change those",
        "gmail.compose" => "Write drafts and send e-mail",
        "gmail.insert" => "Put e-mail into your mailbox",
        "gmail.labels" => "See and change your e-mail labels",
        "gmail.settings.basic" => "See and change your mail settings and filters",
        "calendar.calendarlist" => "See and change the list of your calendars",
        "calendar.calendars" => "See and change the properties of your calendars",
        "calendar.calendars.readonly" => "See the properties of your calendars",
        "calendar.settings.readonly" => "See your calendar settings",
        _ => return None,
    })
}
