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

/// Tuesday 24 November 2026, 10:00 UTC.
pub const START: &str = "2026-11-24T10:00:00Z";
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
        let sandbox = Sandbox::start(SandboxOptions {
            clock: clock.clone(),
            listen: local(),
            people,
            owner: OwnerAccount {
                email: "nora@fernhill.example".into(),
                name: "Nora Whitfield".into(),
                zone: "Europe/London".into(),
            },
            advance: None,
            smtp_imap: true,
            memory: None,
        })
        .unwrap();
        let config = config(dir.path(), &sandbox, settings);
        let listener = bind(local()).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Behind a proxy people reach it under another name.
        let public = settings.iter().find(|(key, _)| *key == "LAUNCHYARD_SERVER__PUBLIC_URL");
        let public = public.map_or(url.as_str(), |(_, public)| public);
        let opened = wiring::open_app(config, clock.clone(), public).unwrap();
        wiring::demo::register(&opened.app, &sandbox);
        let running = Running::start(opened, listener).unwrap();
        let owner = add_user(&running.opened.app, "nora@fernhill.example", "Nora Whitfield", "fernhill", Role::Owner);
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
        self.sign_in("nora@fernhill.example")
    }

    pub fn sign_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(email, PASSWORD);
        browser
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
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

fn config(dir: &std::path::Path, sandbox: &Sandbox, settings: &[(&str, &str)]) -> Config {
    let (google, microsoft) = (format!("{}/google", sandbox.url), format!("{}/microsoft", sandbox.url));
    let file = dir.join("config.toml");
    std::fs::write(&file, "").unwrap();
    let own = [
        ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true".to_owned()),
        ("LAUNCHYARD_PROVIDERS__GOOGLE__AUTH_BASE", google.clone()),
        ("LAUNCHYARD_PROVIDERS__GOOGLE__TOKEN_BASE", google.clone()),
        ("LAUNCHYARD_PROVIDERS__GOOGLE__API_BASE", google),
        ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_ID", CLIENT_ID.to_owned()),
        ("LAUNCHYARD_PROVIDERS__GOOGLE__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("LAUNCHYARD_PROVIDERS__AI__ANTHROPIC_BASE", format!("{}/anthropic", sandbox.url)),
        ("LAUNCHYARD_PROVIDERS__AI__OPENAI_BASE", format!("{}/openai", sandbox.url)),
        ("LAUNCHYARD_PROVIDERS__AI__GEMINI_BASE", format!("{}/gemini", sandbox.url)),
        ("LAUNCHYARD_PROVIDERS__MICROSOFT__AUTH_BASE", microsoft.clone()),
        ("LAUNCHYARD_PROVIDERS__MICROSOFT__TOKEN_BASE", microsoft.clone()),
        ("LAUNCHYARD_PROVIDERS__MICROSOFT__API_BASE", microsoft),
        ("LAUNCHYARD_PROVIDERS__MICROSOFT__CLIENT_ID", CLIENT_ID.to_owned()),
        ("LAUNCHYARD_PROVIDERS__MICROSOFT__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("LAUNCHYARD_DNS__RESOLVER", sandbox.dns.address.to_string()),
        ("LAUNCHYARD_PROVIDERS__OIDC__ISSUER", format!("{}/oidc", sandbox.url)),
        ("LAUNCHYARD_PROVIDERS__OIDC__CLIENT_ID", CLIENT_ID.to_owned()),
        ("LAUNCHYARD_PROVIDERS__OIDC__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("LAUNCHYARD_KEY__FILE", dir.join("master.key").display().to_string()),
        ("LAUNCHYARD_DATA__BACKUP_DIR", dir.join("backups").display().to_string()),
        ("LAUNCHYARD_LIMITS__PAGES_PER_MINUTE", "100000".to_owned()),
        ("LAUNCHYARD_LIMITS__API_REQUESTS_PER_MINUTE", "100000".to_owned()),
    ];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), value));
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
