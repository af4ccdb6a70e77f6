//! Commands on the store: asked of the running server, or carried out here when none runs.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::owner::OwnerKept;
use super::{control, output, Place};
use crate::app::App;
use crate::authz::{Actor, Role};
use crate::base::{Clock, EmailAddress, WorkspaceId};
use crate::store::backup;
use crate::wiring::{open_app, personal_data};
use crate::{contacts, identity, operator, workspaces};

#[derive(Args)]
pub struct UserAddArgs {
    #[command(flatten)]
    place: Place,
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
    /// Account SID or slug; made when it does not exist.
    #[arg(long)]
    workspace: String,
    #[arg(long, default_value = "owner")]
    role: Role,
    /// Also make an API key; it is printed once.
    #[arg(long)]
    api_key: bool,
    /// Read the password from standard input (one line).
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Args)]
pub struct ImportContactsArgs {
    #[command(flatten)]
    place: Place,
    /// Account SID or slug.
    #[arg(long)]
    workspace: String,
    file: PathBuf,
    /// Which field a column goes to, for example --map "E-mail=email" (email, first_name, last_name, full_name, company,
    /// job_title, phone, website, time_zone, locale, tags), to a field of your own --map "Rooms=custom.rooms", or
    /// nowhere --map "Notes=skip". Columns not named are guessed.
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
}

/// What the running server is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    UserAdd { email: String, name: String, workspace: String, role: Role, api_key: bool, password: String },
    OwnerLink,
    ResetLink { email: String },
    ImportContacts { workspace: String, file_name: String, map: Vec<(String, String)>, dry_run: bool },
    Dump { table: String, key: Option<String> },
    Backup { file: PathBuf },
    Verify,
}

impl Request {
    pub fn carry_out(&self, app: &App, bytes: &[u8]) -> anyhow::Result<Value> {
        match self {
            Request::UserAdd { email, name, workspace, role, api_key, password } => {
                let new = workspaces::AddUser {
                    email: EmailAddress::parse(email)?,
                    name: name.clone(),
                    workspace: workspace.clone(),
                    role: *role,
                    password: password.clone(),
                    api_key: *api_key,
                };
                Ok(serde_json::to_value(workspaces::add_user(app, &new)?)?)
            }
            Request::OwnerLink => Ok(json!({ "link": workspaces::owner_link(app) })),
            Request::ResetLink { email } => {
                Ok(json!({ "link": identity::reset_link(app, &EmailAddress::parse(email)?)? }))
            }
            Request::ImportContacts { workspace, file_name, map, dry_run } => {
                let workspace = find_workspace(app, workspace)?;
                let actor = Actor::system(workspace);
                Ok(serde_json::to_value(contacts::import_file(app, &actor, file_name, bytes, map, *dry_run)?)?)
            }
            Request::Dump { table, key } => dump_table(app, table, key.as_deref()),
            Request::Backup { file } => {
                let master = app.master_key().context("this process holds no key")?;
                let summary = operator::write_backup(app, &master, file, app.now())?;
                Ok(json!({ "file": file, "rows": summary.rows(), "keys": backup::keys_beside(file) }))
            }
            Request::Verify => verify_store(app),
        }
    }
}

/// Asks the server on this folder, or opens the store.
fn through(place: &Place, request: &Request, bytes: &[u8]) -> anyhow::Result<Value> {
    let config = place.load(None)?;
    if let Some(answer) = control::ask(&config.data.dir, request, bytes)? {
        return Ok(answer);
    }
    let public_url = config.server.public_url(config.server.listen);
    let _kept = (OwnerKept::of(&config.data.dir), OwnerKept::of(&config.data.backup_dir));
    let opened = open_app(config, Clock::system(), &public_url)?;
    let answer = request.carry_out(&opened.app, bytes);
    opened.app.store.close()?;
    answer
}

pub fn user_add(args: &UserAddArgs) -> anyhow::Result<()> {
    EmailAddress::parse(&args.email).with_context(|| format!("--email {}", args.email))?;
    let mut password = String::new();
    std::io::stdin().take(4096).read_to_string(&mut password).context("no password on standard input")?;
    let password = password.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() {
        bail!("no password on standard input: write it as one line, for example with printf '%s\\n' … |");
    }
    let request = Request::UserAdd {
        email: args.email.clone(),
        name: args.name.clone(),
        workspace: args.workspace.clone(),
        role: args.role,
        api_key: args.api_key,
        password,
    };
    let mut added = through(&args.place, &request, &[])?;
    let was_known = added.as_object_mut().and_then(|added| added.remove("was_known"));
    if was_known == Some(Value::Bool(true)) {
        output::note(&format!(
            "launchyard: {} has an account already and keeps its password; the one given was not used",
            args.email
        ));
    }
    output::line(&added.to_string());
    Ok(())
}

pub fn owner_link(place: &Place) -> anyhow::Result<()> {
    match through(place, &Request::OwnerLink, &[])?["link"].as_str() {
        Some(link) => output::line(link),
        None => bail!("the owner's account exists already; a lost password: launchyard reset-link --email …"),
    }
    Ok(())
}

pub fn reset_link(place: &Place, email: &str) -> anyhow::Result<()> {
    match through(place, &Request::ResetLink { email: email.to_owned() }, &[])?["link"].as_str() {
        Some(link) => output::line(link),
        None => bail!("nobody here signs in as {email}"),
    }
    Ok(())
}

pub fn import_contacts(args: &ImportContactsArgs) -> anyhow::Result<()> {
    let map = args.map.iter().map(|pair| read_pair(pair)).collect::<anyhow::Result<Vec<_>>>()?;
    let bytes = std::fs::read(&args.file).with_context(|| args.file.display().to_string())?;
    let file_name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let request = Request::ImportContacts { workspace: args.workspace.clone(), file_name, map, dry_run: args.dry_run };
    output::line(&through(&args.place, &request, &bytes)?.to_string());
    Ok(())
}

fn read_pair(pair: &str) -> anyhow::Result<(String, String)> {
    let (column, field) = pair.rsplit_once('=').with_context(|| {
        format!("--map {pair}: write the column, an equals sign and the field, for example \"E-mail=email\"")
    })?;
    Ok((column.trim().to_owned(), field.trim().to_owned()))
}

pub fn dump(place: &Place, table: &str, key: Option<&str>) -> anyhow::Result<()> {
    let request = Request::Dump { table: table.to_owned(), key: key.map(str::to_owned) };
    let rows = through(place, &request, &[])?;
    for row in rows.as_array().into_iter().flatten() {
        output::line(&row.to_string());
    }
    Ok(())
}

pub fn backup_now(place: &Place, file: &Path) -> anyhow::Result<Value> {
    // The server may run in another folder; it must be told a path that means the same there.
    let file = std::path::absolute(file)?;
    through(place, &Request::Backup { file }, &[])
}

pub fn verify_now(place: &Place) -> anyhow::Result<Value> {
    through(place, &Request::Verify, &[])
}

fn find_workspace(app: &App, text: &str) -> anyhow::Result<WorkspaceId> {
    let by_sid = WorkspaceId::parse_sid(text);
    let found = app.store.read(|txn| match by_sid {
        Some(id) => workspaces::find(txn, id),
        None => workspaces::find_by_slug(txn, text),
    })?;
    found.map(|workspace| workspace.id).with_context(|| {
        format!("no workspace {text}: give its account SID (AC…) or its short name, as on Settings > Workspace")
    })
}

fn dump_table(app: &App, name: &str, key: Option<&str>) -> anyhow::Result<Value> {
    let tables = personal_data::tables();
    let table = tables.iter().find(|table| table.info.name == name).with_context(|| {
        let names: Vec<_> = tables.iter().map(|table| table.info.name).collect();
        format!("no table {name}. There are: {}", names.join(", "))
    })?;
    let key = key
        .map(|hex| data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).context("--key is not hexadecimal"))
        .transpose()?;
    Ok(Value::Array(app.store.dump(&table.info, key.as_deref())?))
}

/// Opens every record of every table; says how many, and which do not open.
fn verify_store(app: &App) -> anyhow::Result<Value> {
    let mut report = Vec::new();
    let mut bad = 0;
    for table in personal_data::tables() {
        let checked = app.store.verify(&table.info)?;
        bad += checked.unreadable;
        report.push(json!({ "table": table.info.name, "rows": checked.rows, "unreadable": checked.unreadable }));
    }
    let totals = crate::jobs::totals(&app.store)?;
    let open = crate::jobs::count_open(&app.store)?;
    Ok(json!({
        "tables": report,
        "unreadable": bad,
        "jobs": { "enqueued": totals.enqueued, "done": totals.done, "dead": totals.dead, "open": open },
    }))
}
