//! As much of a browser as the tests need: cookies, forms with their token, redirects that are looked at.

use std::collections::BTreeMap;

use serde_json::Value;
use ureq::http::Request;
use ureq::Agent;

pub struct Browser {
    agent: Agent,
    url: String,
    cookies: BTreeMap<String, String>,
    /// The form token of the page seen last.
    token: Option<String>,
}

#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of the first attribute `name="…"` after `marker`.
    pub fn attribute_after(&self, marker: &str, name: &str) -> Option<&str> {
        let rest = &self.body[self.body.find(marker)?..];
        let rest = &rest[rest.find(&format!("{name}=\""))? + name.len() + 2..];
        Some(&rest[..rest.find('"')?])
    }
}

pub fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

impl Browser {
    pub fn new(url: &str) -> Self {
        Self { agent: agent(), url: url.to_owned(), cookies: BTreeMap::new(), token: None }
    }

    pub fn get(&mut self, path: &str) -> Page {
        let request = self.request("GET", path).body(String::new()).unwrap();
        self.send(request)
    }

    /// Posts a form with the token of the page seen last (or of Today).
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        if self.token.is_none() {
            self.get("/");
        }
        let token = self.token.clone().unwrap_or_default();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("_csrf", &token);
        form.extend_pairs(fields);
        let request = self
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.url)
            .header("sec-fetch-site", "same-origin")
            .body(form.finish())
            .unwrap();
        self.send(request)
    }

    /// Posts a form that must be taken; gives the path that it leads to.
    pub fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let page = self.post(path, fields);
        assert_eq!(page.status, 303, "{path}: {}", page.body);
        page.location.unwrap()
    }

    /// Opens a page that leads on; gives the path that it leads to.
    pub fn follow(&mut self, path: &str) -> String {
        let page = self.get(path);
        assert_eq!(page.status, 303, "{path}: {}", page.body);
        page.location.unwrap()
    }

    /// The server has come back at another address.
    pub fn move_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    /// Posts without any token, as another site would.
    pub fn post_as_stranger(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .body(form)
            .unwrap();
        self.send(request)
    }

    /// Uploads one file with further fields, the token first.
    pub fn upload(&mut self, path: &str, fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> Page {
        let boundary = "----launchyard-test";
        let token = self.token.clone().unwrap_or_default();
        let mut body = Vec::new();
        let all = std::iter::once(("_csrf", token.as_str())).chain(fields.iter().copied());
        for (name, value) in all {
            body.extend_from_slice(
                format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        let (field, name, content) = file;
        let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: text/csv\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let request = self
            .request("POST", path)
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .header("origin", &self.url)
            .header("sec-fetch-site", "same-origin")
            .body(body)
            .unwrap();
        let answer = self.agent.run(request).unwrap();
        self.take(answer)
    }

    /// A request of any kind with just these headers besides the cookies.
    pub fn send_raw(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).unwrap();
        self.send(request)
    }

    /// The form token of the page seen last.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub fn sign_in(&mut self, email: &str, password: &str) {
        self.get("/signin");
        let page = self.post("/signin", &[("login", email), ("password", password)]);
        assert_eq!(page.status, 303, "signing in failed: {}", page.body);
        self.token = None;
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        let address = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(address).header("accept", "text/html");
        if cookies.is_empty() {
            request
        } else {
            request.header("cookie", cookies.join("; "))
        }
    }

    fn send(&mut self, request: Request<String>) -> Page {
        let answer = self.agent.run(request).unwrap();
        self.take(answer)
    }

    fn take(&mut self, answer: ureq::http::Response<ureq::Body>) -> Page {
        let (head, mut body) = answer.into_parts();
        for cookie in head.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let page = Page {
            status: head.status.as_u16(),
            location: head.headers.get("location").map(|to| to.to_str().unwrap().to_owned()),
            headers: headers.collect(),
            body: body.read_to_string().unwrap_or_default(),
        };
        if let Some(token) = page.attribute_after("name=\"_csrf\"", "value") {
            self.token = Some(token.to_owned());
        }
        page
    }
}

/// A request of a program: status and JSON.
pub fn api(url: &str, key: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let answer = api_with(url, key, method, path, &[], body.map(|body| body.to_string()).as_deref());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

/// The same with further headers, and a body as it stands.
pub fn api_with(url: &str, key: &str, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Page {
    try_api(url, key, method, path, headers, body).unwrap()
}

/// The same to a server that may be gone.
pub fn try_api(
    url: &str,
    key: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<Page, ureq::Error> {
    let mut request = Request::builder().method(method).uri(format!("{url}{path}"));
    request = request.header("authorization", format!("Bearer {key}"));
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let any_method = agent().configure_request(request.body(body.unwrap_or_default().to_owned()).unwrap());
    let (head, mut body) = agent().run(any_method.allow_non_standard_methods(true).build())?.into_parts();
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Page {
        status: head.status.as_u16(),
        location: head.headers.get("location").map(text),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: body.read_to_string()?,
    })
}
