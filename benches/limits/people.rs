//! A business with many contacts, in a data folder of its own.

use std::fmt::Write;
use std::path::Path;

use launchyard::app::App;
use launchyard::authz::{Actor, Role};
use launchyard::base::{Clock, EmailAddress, WorkspaceId};
use launchyard::config::{Config, Overrides};
use launchyard::sandbox::{OwnerAccount, Sandbox, SandboxOptions};
use launchyard::wiring::{open_app, OpenedApp};
use launchyard::workspaces::{self, AddUser};
use launchyard::{contacts, store::StoreError};

pub const LOGIN: &str = "nora@fernhill.example";
pub const PASSWORD: &str = "moor-lantern-rowboat-17";

/// An app with nothing in it; `settings` are environment variables of the product, and `LAUNCHYARD_DATA__…` of the
/// bench's own environment count too.
pub fn open(dir: &Path, clock: Clock, public_url: &str, settings: &[(&str, &str)]) -> OpenedApp {
    let key = dir.join("master.key").display().to_string();
    let own = [
        ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
        ("LAUNCHYARD_DATA__BACKUP_DAILY", "false"),
        ("LAUNCHYARD_KEY__FILE", &key),
    ];
    let all = own.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let all = all.chain(std::env::vars().filter(|(name, _)| name.starts_with("LAUNCHYARD_DATA__")));
    let overrides = Overrides { data: Some(dir.join("data")), ..Overrides::default() };
    let config = Config::load(None, all, &overrides).unwrap();
    open_app(config, clock, public_url).unwrap()
}

/// Stand-ins for everything outside, with the owner's accounts.
pub fn sandbox(clock: &Clock, zone: &str) -> Sandbox {
    let owner = OwnerAccount { email: LOGIN.into(), name: "Nora Whitfield".into(), zone: zone.into() };
    Sandbox::start(SandboxOptions {
        clock: clock.clone(),
        listen: ([127, 0, 0, 1], 0).into(),
        people: false,
        owner,
        advance: None,
        smtp_imap: false,
        memory: None,
    })
    .unwrap()
}

/// A workspace with its owner and the postal address without which nothing leaves.
pub fn add_business(app: &App) -> WorkspaceId {
    add_owner(app, false).0
}

/// The same with the owner's key to `/v1`.
pub fn add_business_with_key(app: &App) -> String {
    add_owner(app, true).1.unwrap()
}

fn add_owner(app: &App, api_key: bool) -> (WorkspaceId, Option<String>) {
    let owner = AddUser {
        email: EmailAddress::parse(LOGIN).unwrap(),
        name: "Nora Whitfield".into(),
        workspace: "fernhill".into(),
        role: Role::Owner,
        password: PASSWORD.into(),
        api_key,
    };
    let added = workspaces::add_user(app, &owner).unwrap();
    let id = WorkspaceId::parse_sid(&added.workspace_sid).unwrap();
    let settled = app.store.write(|txn| {
        let before = workspaces::find(txn, id)?.unwrap();
        let after = workspaces::Workspace { postal_address: "1 Mill Lane, Kendal LA9 4QD".into(), ..before.clone() };
        workspaces::put(txn, &after, Some(&before))
    });
    settled.unwrap_or_else(|error: StoreError| panic!("{error}"));
    (id, added.api_key)
}

const FIRST: &[&str] = &["Ada", "Björn", "Chiara", "Daan", "Élodie", "Farid", "Grażyna", "Hugo", "Inés", "Jonas"];
const LAST: &[&str] = &["Okafor", "Lund", "Marchetti", "de Vries", "Moreau", "Rahimi", "Nowak", "Brandt", "Vega"];
const TRADE: &[&str] = &["Joinery", "Roofing", "Bakery", "Dental Care", "Logistics", "Architects", "Vineyard"];
const PLACE: &[&str] = &["Kendal", "Ghent", "Turin", "Lyon", "Malmö", "Porto", "Graz", "Delft"];

fn pick<'a>(from: &[&'a str], n: usize) -> &'a str {
    from[n % from.len()]
}

/// A file of this many rows; every twentieth repeats an address that came before.
pub fn csv(rows: usize) -> String {
    let mut file = String::from("First name,Last name,E-mail,Company,Job title,Phone,Tags\r\n");
    for row in 0..rows {
        let n = if row % 20 == 19 { row / 2 } else { row };
        let (first, last) = (pick(FIRST, n), pick(LAST, n / 3));
        let company = format!("{} {} {}", pick(PLACE, n / 7), pick(TRADE, n / 5), n / 40);
        let tag = pick(&["trade fair", "newsletter", "referral"], n / 11);
        writeln!(
            file,
            "{first},{last},person{n}@firm{}.example,\"{company}, Ltd\",Owner,+44 1539 {:06},{tag}\r",
            n / 4,
            n % 1_000_000
        )
        .unwrap();
    }
    file
}

/// Imports a file as the command line does.
pub fn import(app: &App, workspace: WorkspaceId, file: &str) -> contacts::ImportReport {
    contacts::import_file(app, &Actor::system(workspace), "leads.csv", file.as_bytes(), &[], false).unwrap()
}
