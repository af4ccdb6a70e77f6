//! An `App` for tests of rooms: memory below an engine that runs closures twice, and a clock that stands still.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use crate::app::App;
use crate::authz::{Actor, Role};
use crate::base::{Clock, EmailAddress, UnixMillis, UserId, WorkspaceId};
use crate::config::{Config, Overrides};
use crate::store::{DataFolder, FreeSpace, KeyRing, MasterKey, MemoryEngine, OpenOptions, RerunEngine, Store};
use crate::workspaces::{self, AddUser, Workspace, WorkspaceState};

/// Tuesday 24 November 2026, 10:00 UTC.
pub const NOW: UnixMillis = UnixMillis(1_795_514_400_000);

pub struct TestApp {
    pub app: Arc<App>,
    pub workspace: WorkspaceId,
    pub owner: Actor,
    _dir: tempfile::TempDir,
}

/// An app with one open workspace in Europe/London and its owner.
pub fn app() -> TestApp {
    app_with(&[("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true")])
}

pub fn app_with(env: &[(&str, &str)]) -> TestApp {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let keys = KeyRing::open(&dir.path().join("keys.slots"), &MasterKey::new([3; 32])).unwrap();
    let store = Store::new(Arc::new(RerunEngine(MemoryEngine::default())), Arc::new(keys));
    let env: Vec<(String, String)> = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let overrides = Overrides { data: Some(dir.path().to_owned()), ..Overrides::default() };
    let config = Config::load(None, env.into_iter(), &overrides).unwrap();
    let app = App::new(store, Clock::stopped_at(NOW), Arc::new(config), "http://127.0.0.1:8080").unwrap();
    app.set_between(crate::wiring::between());
    let workspace = add_workspace(&app, "Fernhill Heat Pumps", "fernhill");
    let owner = Actor {
        user: Some(UserId::new(NOW)),
        api_key: None,
        workspace,
        role: Role::Owner,
        maker: None,
        is_operator: false,
        session: None,
        display: "Nora Whitfield".into(),
    };
    TestApp { app: Arc::new(app), workspace, owner, _dir: dir }
}

/// An app over a data folder on the disk, `data` and `backups` in `dir`. `free` plays the room that is left.
pub fn app_on_disk(dir: &Path, data: &str, free: FreeSpace) -> App {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let backups = dir.join("backups").display().to_string();
    let env = [("LAUNCHYARD_DATA__BACKUP_DIR".to_owned(), backups)];
    let overrides = Overrides { data: Some(dir.join(data)), ..Overrides::default() };
    let config = Config::load(None, env.into_iter(), &overrides).unwrap();
    let options = OpenOptions { free_space: free, min_free_bytes: 256 << 20, ..OpenOptions::at(&dir.join(data)) };
    let folder = DataFolder::open(&options, &MASTER).unwrap();
    let app =
        App::new(folder.store.clone(), Clock::stopped_at(NOW), Arc::new(config), "http://127.0.0.1:8080").unwrap();
    app.set_master_key(MASTER.clone());
    app
}

/// The master key of `app_on_disk`.
pub static MASTER: LazyLock<MasterKey> = LazyLock::new(|| MasterKey::new([3; 32]));

/// An operator's `[mail]` server, for tests of letters: they wait, nobody takes them.
pub const MAIL: [(&str, &str); 3] = [
    ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
    ("LAUNCHYARD_MAIL__SECURITY", "plain"),
    ("LAUNCHYARD_MAIL__FROM", "server@launchyard.example"),
];

/// An owner (nora), an admin (ann) and a viewer (vic) of the workspace "fernhill", `…@fernhill.example`.
pub fn add_members(app: &App) {
    for (name, role) in [("nora", Role::Owner), ("ann", Role::Admin), ("vic", Role::Viewer)] {
        let add = AddUser {
            email: EmailAddress::parse(&format!("{name}@fernhill.example")).unwrap(),
            name: name.into(),
            workspace: "fernhill".into(),
            role,
            password: "moor-lantern-rowboat-17".into(),
            api_key: false,
        };
        workspaces::add_user(app, &add).unwrap();
    }
}

pub fn add_workspace(app: &App, name: &str, slug: &str) -> WorkspaceId {
    let id = WorkspaceId::new(app.now());
    app.store.keys().add_owner(id).unwrap();
    let workspace = Workspace {
        id,
        name: name.into(),
        slug: slug.into(),
        state: WorkspaceState::Open,
        postal_address: "1 Mill Lane, Kendal LA9 4QD".into(),
        time_zone: "Europe/London".into(),
        locale: "en-GB".into(),
        discloses_ai: false,
        routing: workspaces::Routing::default(),
        link_hosts: Vec::new(),
        closing: None,
        created_at: app.now(),
    };
    app.store.write(|txn| workspaces::put(txn, &workspace, None)).unwrap();
    id
}
