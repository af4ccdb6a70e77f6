//! A real server on a free port of this machine, with a data folder of its own, a clock that is moved by hand and
//! the sandbox in place of everything outside.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use launchyard::app::App;
use launchyard::authz::Role;
use launchyard::base::{Clock, UnixMillis, WorkspaceId};
use launchyard::config::{Config, Overrides};
use launchyard::http::server::bind;
use launchyard::sandbox::{OwnerAccount, Sandbox, SandboxOptions, CLIENT_ID, CLIENT_SECRET};
use launchyard::wiring::{self, Running};
use launchyard::workspaces::{self, AddUser, AddedUser};

use super::browser::Browser;
use super::office::Office;

/// Tuesday 24 November 2026, 10:00 UTC.
pub const START: &str = "2026-11-24T10:00:00Z";
pub const OWNER: &str = "nora@fernhill.example";
pub const PASSWORD: &str = "moor-lantern-rowboat-17";

pub struct TestServer {
    running: Option<Running>,
    pub sandbox: Arc<Sandbox>,
    pub clock: Clock,
    pub url: String,
    pub owner: AddedUser,
    pub workspace: WorkspaceId,
    dir: tempfile::TempDir,
}

impl TestServer {
    pub fn start() -> Self {
        Self::start_with(&[], false)
    }

    /// With the people of the sandbox behind the sample leads.
    pub fn with_people() -> Self {
        Self::start_with(&[], true)
    }

    pub fn start_with(settings: &[(&str, &str)], people: bool) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::stopped_at(UnixMillis::parse_rfc3339(START).unwrap());
        let sandbox = sandbox(&clock, people);
        let config = config(dir.path(), &sandbox, settings);
        let listener = bind(local()).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Behind a proxy people reach it under another name.
        let public = settings.iter().find(|(key, _)| *key == "LAUNCHYARD_SERVER__PUBLIC_URL");
        let public = public.map_or(url.as_str(), |(_, public)| public);
        let opened = wiring::open_app(config, clock.clone(), public).unwrap();
        wiring::demo::register(&opened.app, &sandbox);
        let running = Running::start(opened, listener).unwrap();
        let owner = add_user(&running.opened.app, OWNER, "Nora Whitfield", "fernhill", Role::Owner);
        let workspace = WorkspaceId::parse_sid(&owner.workspace_sid).unwrap();
        set_postal_address(&running.opened.app, workspace);
        Self { running: Some(running), sandbox: Arc::new(sandbox), clock, url, owner, workspace, dir }
    }

    pub fn app(&self) -> &Arc<App> {
        &self.running.as_ref().unwrap().opened.app
    }

    pub fn data_dir(&self) -> std::path::PathBuf {
        self.path("data")
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// Stops the server; its folder stays until this is dropped.
    pub fn close(&mut self) {
        let Some(running) = self.running.take() else { return };
        let app = Arc::clone(&running.opened.app);
        running.stop();
        if !std::thread::panicking() {
            let totals = launchyard::jobs::totals(&app.store).unwrap();
            assert_eq!(totals.open(), launchyard::jobs::count_open(&app.store).unwrap(), "{totals:?}");
        }
    }

    /// A browser that is signed in as the owner.
    pub fn owner_browser(&self) -> Browser {
        self.sign_in(OWNER)
    }

    pub fn sign_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(email, PASSWORD);
        browser
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// The owner's side of public bookings.
    pub fn office(&self) -> Office<'_> {
        Office::of(&self.url, self.owner.api_key.as_deref().unwrap(), &self.sandbox)
    }

    pub fn add_user(&self, email: &str, workspace: &str, role: Role) -> AddedUser {
        add_user(self.app(), email, "Somebody Else", workspace, role)
    }

    /// Until nothing is due and nothing is in work.
    pub fn settle(&self) {
        let quiet = self.app().runner().unwrap().settle(Duration::from_secs(60));
        assert!(quiet, "the queue does not come to rest");
    }

    /// Moves the clock, stopping at each moment when work or a person is due.
    pub fn advance(&self, by: Duration) {
        wiring::demo::advance(self.app(), &self.sandbox, by);
        self.settle();
    }

    /// A request of a program with the owner's key.
    pub fn api(&self, method: &str, path: &str, body: Option<serde_json::Value>) -> (u16, serde_json::Value) {
        let key = self.owner.api_key.as_deref().unwrap();
        super::browser::api(&self.url, key, method, path, body)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.close();
    }
}

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Variables of the environment that put the sandbox in place of everything outside.
pub fn outside(sandbox: &Sandbox) -> Vec<(String, String)> {
    let at = |provider: &str| format!("{}/{provider}", sandbox.url);
    let mut all = vec![
        ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS".to_owned(), "true".to_owned()),
        ("LAUNCHYARD_PROVIDERS__AI__ANTHROPIC_BASE".to_owned(), at("anthropic")),
        ("LAUNCHYARD_PROVIDERS__AI__OPENAI_BASE".to_owned(), at("openai")),
        ("LAUNCHYARD_PROVIDERS__AI__GEMINI_BASE".to_owned(), at("gemini")),
        ("LAUNCHYARD_DNS__RESOLVER".to_owned(), sandbox.dns.address.to_string()),
        ("LAUNCHYARD_PROVIDERS__OIDC__ISSUER".to_owned(), at("oidc")),
    ];
    for client in ["GOOGLE", "MICROSOFT", "ZOOM", "WEBEX", "GOTO", "OIDC"] {
        let mut set = |key: &str, value: &str| {
            all.push((format!("LAUNCHYARD_PROVIDERS__{client}__{key}"), value.to_owned()));
        };
        set("CLIENT_ID", CLIENT_ID);
        set("CLIENT_SECRET", CLIENT_SECRET);
        if client != "OIDC" {
            let base = at(&client.to_lowercase());
            ["AUTH_BASE", "TOKEN_BASE", "API_BASE"].into_iter().for_each(|key| set(key, &base));
        }
    }
    all
}

/// The owner's accounts outside, whose clock is `clock`.
pub fn sandbox(clock: &Clock, people: bool) -> Sandbox {
    let owner = OwnerAccount { email: OWNER.into(), name: "Nora Whitfield".into(), zone: "Europe/London".into() };
    let (clock, listen) = (clock.clone(), local());
    Sandbox::start(SandboxOptions { clock, listen, people, owner, advance: None, smtp_imap: true, memory: None })
        .unwrap()
}

fn config(dir: &std::path::Path, sandbox: &Sandbox, settings: &[(&str, &str)]) -> Config {
    let file = dir.join("config.toml");
    std::fs::write(&file, "").unwrap();
    let own = [
        ("LAUNCHYARD_KEY__FILE", dir.join("master.key").display().to_string()),
        ("LAUNCHYARD_DATA__BACKUP_DIR", dir.join("backups").display().to_string()),
        ("LAUNCHYARD_LIMITS__PAGES_PER_MINUTE", "100000".to_owned()),
        ("LAUNCHYARD_LIMITS__API_REQUESTS_PER_MINUTE", "100000".to_owned()),
    ];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), value)).chain(outside(sandbox));
    let more = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let overrides = Overrides { data: Some(dir.join("data")), ..Overrides::default() };
    Config::load(Some(&file), own.chain(more), &overrides).unwrap()
}

fn add_user(app: &App, email: &str, name: &str, workspace: &str, role: Role) -> AddedUser {
    let add = AddUser {
        email: launchyard::base::EmailAddress::parse(email).unwrap(),
        name: name.into(),
        workspace: workspace.into(),
        role,
        password: PASSWORD.into(),
        api_key: true,
    };
    workspaces::add_user(app, &add).unwrap()
}

fn set_postal_address(app: &App, id: WorkspaceId) {
    app.store
        .write(|txn| {
            let before = workspaces::find(txn, id)?.unwrap();
            let mut workspace = before.clone();
            workspace.postal_address = "1 Mill Lane, Kendal LA9 4QD".into();
            workspace.time_zone = "Europe/London".into();
            workspaces::put(txn, &workspace, Some(&before))
        })
        .unwrap_or_else(|error: launchyard::store::StoreError| panic!("{error}"));
}
