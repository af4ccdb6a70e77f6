//! The demo: a complete server with a sample business, simulated providers and simulated people in one process.
//!
//! Always true here:
//! - Nothing of the machine's own configuration is read, and nothing is reached but loopback.
//! - The sample business is made by the same services that people use; there are no prepared rows.
//! - Moving the clock visits every instant at which something is due, in order, and comes back when all is quiet.

mod business;
mod time;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::REFERER;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

pub use self::time::advance;
use self::time::TimeMachine;
use super::server::{open_app, OpenedApp, Running, StartError};
use crate::app::{App, Demo};
use crate::authz::{Actor, Permission};
use crate::base::Clock;
use crate::config::{Config, ConfigErrors, Overrides};
use crate::connections;
use crate::http::{run, see_other, PageError};
use crate::operator;
use crate::sandbox::{
    OwnerAccount, Sandbox, SandboxError, SandboxOptions, AI_KEY, CLIENT_ID, CLIENT_SECRET, CRM_TOKEN, MAIL_PASSWORD,
    STRIPE_KEY, ZOOM_HOOK_SECRET,
};
use crate::store::DataFolder;

const HOUR: Duration = Duration::from_secs(3600);

pub struct DemoOptions {
    pub listen: SocketAddr,
    /// Kept after the end; otherwise everything lies in a temporary folder.
    pub data: Option<PathBuf>,
    /// Whether the leads answer.
    pub people: bool,
}

/// How to get in, as `demo --json` prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WayIn {
    pub url: String,
    pub email: String,
    pub password: String,
    /// The account SID.
    pub workspace: String,
    pub api_key: String,
    pub sandbox_url: String,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("{path}")]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the sample business could not be made: {doing}")]
    Business { doing: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{0} holds data that no demo made; choose an empty folder")]
    NotADemo(PathBuf),
}

/// A demo that answers. Dropping it without `stop` ends it all the same, less politely.
pub struct RunningDemo {
    pub way_in: WayIn,
    running: Running,
    time: Arc<TimeMachine>,
    // Last, so that they outlive what uses them.
    _sandbox: Arc<Sandbox>,
    _dir: Option<tempfile::TempDir>,
}

impl RunningDemo {
    pub fn app(&self) -> &Arc<App> {
        &self.running.opened.app
    }

    pub fn data_dir(&self) -> &Path {
        self.running.opened.folder.dir()
    }

    pub fn stop(self) {
        self.time.stop();
        self.running.stop();
    }
}

/// Starts the demo on a listener that is bound already.
pub fn start(options: &DemoOptions, listener: TcpListener) -> Result<RunningDemo, DemoError> {
    let clock = Clock::system();
    let places = Places::find(options.data.as_deref())?;
    let sandbox = Arc::new(start_sandbox(&clock, options.people, &places)?);
    let address = listener.local_addr().map_err(|source| {
        StartError::from(crate::http::server::StartError::Listen { address: options.listen, source })
    })?;
    let config = config(&places, &sandbox, address)?;
    let public_url = config.server.public_url(address);
    let is_fresh = DataFolder::is_fresh(&config.data.dir);
    if !is_fresh && !places.way_in.exists() {
        return Err(DemoError::NotADemo(config.data.dir.clone()));
    }
    let opened = open_app(config, clock, &public_url)?;
    // A demo that was moved on before goes on from there: its time never runs back.
    if let Some(seen) = operator::last_seen(&opened.app.store).map_err(StartError::from)? {
        opened.app.clock.advance_to(seen);
    }
    let time = TimeMachine::new(&opened.app, &sandbox);
    set_hooks(&opened, &sandbox, &time);
    let prepared = if is_fresh { Some(business::open(&opened.app, &sandbox)?) } else { None };
    let mut way_in = match &prepared {
        Some(prepared) => prepared.way_in.clone(),
        None => business::open_again(&opened.app, &sandbox, places.read_way_in()?)?,
    };
    (way_in.url, way_in.sandbox_url) = (public_url, sandbox.url.clone());
    places.write_way_in(&way_in)?;
    let running = Running::start(opened, listener)?;
    if let Some(prepared) = &prepared {
        business::switch_on(&running.opened.app, prepared)?;
    }
    time.start();
    Ok(RunningDemo { way_in, running, time, _sandbox: sandbox, _dir: places.temporary })
}

fn start_sandbox(clock: &Clock, people: bool, places: &Places) -> Result<Sandbox, SandboxError> {
    Sandbox::start(SandboxOptions {
        clock: clock.clone(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        people,
        owner: OwnerAccount {
            email: business::EMAIL.to_owned(),
            name: business::NAME.to_owned(),
            zone: business::ZONE.to_owned(),
        },
        advance: None,
        smtp_imap: true,
        memory: Some(places.sandbox.clone()),
    })
}

/// Registers this server's own addresses with the sandbox, as its operator does with Google and Microsoft.
pub fn register(app: &App, sandbox: &Sandbox) {
    let callbacks = connections::Provider::ALL.map(connections::Provider::callback);
    for path in callbacks.into_iter().chain(["/signin/google/return", "/signin/oidc/return"]) {
        sandbox.register_redirect(&app.url(path));
    }
}

/// The page's buttons and the sandbox's control both move the one clock.
fn set_hooks(opened: &OpenedApp, sandbox: &Arc<Sandbox>, time: &Arc<TimeMachine>) {
    let (by_page, by_control) = (Arc::clone(time), Arc::clone(time));
    opened.app.set_demo(Demo {
        advance: Box::new(move |by| by_page.advance(by)),
        sandbox_url: sandbox.url.clone(),
        ai_key: AI_KEY,
        stripe_key: STRIPE_KEY,
        mail_password: MAIL_PASSWORD,
        crm_token: CRM_TOKEN,
    });
    sandbox.set_advance(Arc::new(move |by| by_control.advance(by)));
}

/// Where a demo keeps its things. What is not data lies beside the data folder, as in a real installation.
struct Places {
    data: PathBuf,
    key: PathBuf,
    backups: PathBuf,
    config: PathBuf,
    way_in: PathBuf,
    /// Whom people let into their simulated accounts: a demo that was killed goes on with them.
    sandbox: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Places {
    fn find(data: Option<&Path>) -> Result<Self, DemoError> {
        let (base, data, temporary) = match data {
            Some(data) => {
                let data = std::path::absolute(data).map_err(|source| failed(data, source))?;
                let mut beside = data.clone().into_os_string();
                beside.push("-demo");
                (PathBuf::from(beside), data, None)
            }
            None => {
                let made = tempfile::Builder::new().prefix("launchyard-demo-").tempdir();
                let dir = made.map_err(|source| failed(&std::env::temp_dir(), source))?;
                (dir.path().join("demo"), dir.path().join("data"), Some(dir))
            }
        };
        std::fs::create_dir_all(&base).map_err(|source| failed(&base, source))?;
        let places = Self {
            data,
            key: base.join("master.key"),
            backups: base.join("backups"),
            config: base.join("config.toml"),
            way_in: base.join("way-in.json"),
            sandbox: base.join("sandbox.json"),
            temporary,
        };
        // An empty file of our own, so that no other configuration is looked for.
        std::fs::write(&places.config, "").map_err(|source| failed(&places.config, source))?;
        Ok(places)
    }

    fn read_way_in(&self) -> Result<WayIn, DemoError> {
        let text = std::fs::read_to_string(&self.way_in).map_err(|source| failed(&self.way_in, source))?;
        serde_json::from_str(&text).map_err(|error| failed(&self.way_in, error.into()))
    }

    fn write_way_in(&self, way_in: &WayIn) -> Result<(), DemoError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let text = serde_json::to_string(way_in).map_err(|error| failed(&self.way_in, error.into()))?;
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&self.way_in);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| failed(&self.way_in, source))
    }
}

fn failed(path: &Path, source: std::io::Error) -> DemoError {
    DemoError::File { path: path.to_owned(), source }
}

/// The defaults with the sandbox as the outside. Mailboxes are looked at seldom by plan, so that moving the clock by
/// a day is quick; `TimeMachine` has them looked at whenever somebody wrote.
fn config(places: &Places, sandbox: &Sandbox, address: SocketAddr) -> Result<Config, ConfigErrors> {
    let (google, microsoft) = (format!("{}/google", sandbox.url), format!("{}/microsoft", sandbox.url));
    let pairs = [
        ("ALLOW_LOOPBACK_PROVIDERS", "true".to_owned()),
        ("KEY__FILE", places.key.display().to_string()),
        ("DATA__BACKUP_DIR", places.backups.display().to_string()),
        ("DATA__BACKUP_DAILY", "false".to_owned()),
        ("DATA__MIN_FREE_MIB", "32".to_owned()),
        ("OUTREACH__MIN_GAP_SECONDS", "5".to_owned()),
        ("PROVIDERS__GOOGLE__AUTH_BASE", google.clone()),
        ("PROVIDERS__GOOGLE__TOKEN_BASE", google.clone()),
        ("PROVIDERS__GOOGLE__API_BASE", google),
        ("PROVIDERS__GOOGLE__CLIENT_ID", CLIENT_ID.to_owned()),
        ("PROVIDERS__GOOGLE__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("PROVIDERS__MICROSOFT__AUTH_BASE", microsoft.clone()),
        ("PROVIDERS__MICROSOFT__TOKEN_BASE", microsoft.clone()),
        ("PROVIDERS__MICROSOFT__API_BASE", microsoft),
        ("PROVIDERS__MICROSOFT__CLIENT_ID", CLIENT_ID.to_owned()),
        ("PROVIDERS__MICROSOFT__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("PROVIDERS__ZOOM__HOOK_SECRET", ZOOM_HOOK_SECRET.to_owned()),
        ("PROVIDERS__AI__ANTHROPIC_BASE", format!("{}/anthropic", sandbox.url)),
        ("PROVIDERS__AI__OPENAI_BASE", format!("{}/openai", sandbox.url)),
        ("PROVIDERS__AI__GEMINI_BASE", format!("{}/gemini", sandbox.url)),
        ("DNS__RESOLVER", sandbox.dns.address.to_string()),
        ("PROVIDERS__HUBSPOT__API_BASE", format!("{}/hubspot", sandbox.url)),
        ("PROVIDERS__PIPEDRIVE__API_BASE", format!("{}/pipedrive", sandbox.url)),
        ("PROVIDERS__STRIPE__API_BASE", format!("{}/stripe", sandbox.url)),
        ("PROVIDERS__OIDC__ISSUER", format!("{}/oidc", sandbox.url)),
        ("PROVIDERS__OIDC__CLIENT_ID", CLIENT_ID.to_owned()),
        ("PROVIDERS__OIDC__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("PROVIDERS__OIDC__NAME", "the demo’s sign-in".to_owned()),
        ("JOBS__MAILBOX_POLL_SECONDS", "1800".to_owned()),
        ("JOBS__CALENDAR_SYNC_SECONDS", "3600".to_owned()),
        // A day on the moved clock must not sign anybody out.
        ("SESSIONS__IDLE_HOURS", "720".to_owned()),
        ("SESSIONS__ABSOLUTE_DAYS", "365".to_owned()),
        ("LIMITS__PAGES_PER_MINUTE", "6000".to_owned()),
        ("LIMITS__API_REQUESTS_PER_MINUTE", "6000".to_owned()),
    ];
    let hosts = ["ZOOM", "WEBEX", "GOTO"].into_iter().flat_map(|host| {
        let base = format!("{}/{}", sandbox.url, host.to_lowercase());
        let client = [("CLIENT_ID", CLIENT_ID.to_owned()), ("CLIENT_SECRET", CLIENT_SECRET.to_owned())];
        let bases = ["AUTH_BASE", "TOKEN_BASE", "API_BASE"].map(|key| (key, base.clone()));
        client.into_iter().chain(bases).map(move |(key, value)| (format!("PROVIDERS__{host}__{key}"), value))
    });
    let pairs = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).chain(hosts);
    let env = pairs.map(|(key, value)| (format!("LAUNCHYARD_{key}"), value));
    let overrides = Overrides { listen: Some(address), data: Some(places.data.clone()) };
    Config::load(Some(&places.config), env, &overrides)
}

#[derive(Deserialize)]
pub struct MoveClock {
    /// `hour` or `day`.
    forward: String,
}

/// POST /demo/clock: moves the time forward and leads back to the page that was open. Outside a demo there is no such
/// address.
pub async fn move_clock(
    app: Data<App>,
    actor: Actor,
    form: web::Form<MoveClock>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    if app.demo().is_none() {
        return Err(PageError::NotFound);
    }
    actor.require(Permission::ViewToday)?;
    let by = match form.forward.as_str() {
        "hour" => HOUR,
        "day" => HOUR * 24,
        _ => return Err(PageError::bad_request("The clock moves by an hour or a day.", "Use the buttons of the bar.")),
    };
    run(move || app.demo().map(|demo| (demo.advance)(by))).await?;
    Ok(see_other(&page_before(&request)))
}

/// The path of the page whose button was pressed; another site's counts as none.
fn page_before(request: &HttpRequest) -> String {
    let referer = request.headers().get(REFERER).and_then(|value| value.to_str().ok());
    let page = referer.and_then(|referer| url::Url::parse(referer).ok());
    let own = page.filter(|page| page.authority() == request.connection_info().host());
    own.map_or_else(|| "/".to_owned(), |page| page[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}
