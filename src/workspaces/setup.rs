//! The first owner of a fresh server, and people added from the command line.

use serde::Serialize;

use super::create::{self, NewWorkspace};
use super::model::{ApiKey, Workspace};
use super::{keys, rows, store, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::Role;
use crate::base::{EmailAddress, UserId, WorkspaceId};
use crate::identity::{self, AccountError, Client, NewAccount, NewSession, PreparedAccount};
use crate::store::{StoreError, Txn};

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Used, replaced by a later start, or somebody has an account already.
    #[error("the link no longer holds")]
    LinkEnded,
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error("{0} has an account already and is a member of this workspace")]
    AlreadyThere(EmailAddress),
    #[error("no workspace has this SID")]
    NoSuchWorkspace,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The link that makes the first account, printed at start; `None` once somebody has one. A failing store is
/// logged: the server then has worse to report.
pub fn owner_link(app: &App) -> Option<String> {
    identity::setup_link(app).unwrap_or_else(|error| {
        tracing::error!(%error, "could not make the link for the first account");
        None
    })
}

/// What the page behind the link asks for.
#[derive(Clone, Debug)]
pub struct SetUp {
    pub name: String,
    pub email: String,
    pub password: String,
    pub workspace: String,
    pub time_zone: String,
}

/// Makes the owner's account and workspace and signs them in, all or nothing; the link is used up.
pub fn set_up(app: &App, secret: &str, form: &SetUp, client: &Client) -> Result<NewSession, SetupError> {
    if !identity::is_setup_open(app, secret)? {
        return Err(SetupError::LinkEnded);
    }
    let mut wrong = identity::mistakes(&form.name, &form.email, Some(&form.password), &[&form.workspace]);
    let email = wrong.keep("email", EmailAddress::parse(&form.email).map_err(|error| error.to_string()));
    let workspace = wrong.keep("workspace", super::checked_name(&form.workspace)).unwrap_or_default();
    let zone = wrong.keep("time_zone", create::zone_or_default(app, &form.time_zone)).unwrap_or_default();
    let Some(email) = email.filter(|_| wrong.is_empty()) else { return Err(AccountError::from(wrong).into()) };
    let new = NewAccount { name: form.name.clone(), email, password: Some(form.password.clone()) };
    let account = identity::prepare(&new, &[&workspace], app.now())?;
    let made = create::prepare(app, &workspace, None, zone)?;
    let (session, row) = identity::prepare_in(app, account.user.id, client, made.id());
    app.store.write(|txn| {
        if !identity::take_setup(app, txn, secret)? {
            return Err(SetupError::LinkEnded);
        }
        let user = identity::insert(txn, &account)?;
        let who = Who::User(user.id);
        let workspace = create::insert(txn, &made, &who)?;
        create::join(txn, &workspace, user.id, Role::Owner, &who, app.now())?;
        identity::begin(txn, &row, "first start")?;
        Ok(session.clone())
    })
}

/// A person as the command line adds them.
#[derive(Clone, Debug)]
pub struct AddUser {
    pub email: EmailAddress,
    pub name: String,
    /// SID or short name; a short name nobody has makes a workspace.
    pub workspace: String,
    pub role: Role,
    /// Not used when the address has an account already.
    pub password: String,
    pub api_key: bool,
}

/// As `user add` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct AddedUser {
    pub user_id: String,
    pub email: String,
    pub workspace_sid: String,
    pub workspace_slug: String,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Had an account before, with a password of its own. The command says it in words.
    pub was_known: bool,
}

/// Where somebody is added to.
enum Place {
    Known(WorkspaceId),
    New(Box<NewWorkspace>),
}

/// Adds a person to a workspace, making what does not exist: the account, the workspace, its first owner. Whoever
/// runs the command runs the server, so nobody else is asked. The first account ever becomes the operator.
pub fn add_user(app: &App, add: &AddUser) -> Result<AddedUser, SetupError> {
    let known = app.store.read(|txn| identity::find_by_login(txn, add.email.compare()))?;
    let account = match known {
        Some(_) => None,
        None => Some(prepare_account(app, add)?),
    };
    let place = find_place(app, &add.workspace)?;
    let key = match &place {
        Place::Known(id) => keys::prepare(*id, "Command line", add.role, None, app.now()),
        Place::New(new) => keys::prepare(new.id(), "Command line", add.role, None, app.now()),
    };
    app.store.write(|txn| write(app, txn, add, account.as_ref(), &place, &key))
}

fn prepare_account(app: &App, add: &AddUser) -> Result<PreparedAccount, AccountError> {
    let new = NewAccount { name: add.name.clone(), email: add.email.clone(), password: Some(add.password.clone()) };
    identity::prepare(&new, &[&add.workspace], app.now())
}

fn find_place(app: &App, wanted: &str) -> Result<Place, SetupError> {
    if wanted.starts_with("AC") {
        let id = WorkspaceId::parse_sid(wanted).ok_or(SetupError::NoSuchWorkspace)?;
        return store::get(&app.store, id)?.map(|found| Place::Known(found.id)).ok_or(SetupError::NoSuchWorkspace);
    }
    let slug = create::slug_of(wanted);
    match app.store.read(|txn| store::find_by_slug(txn, &slug))? {
        Some(workspace) => Ok(Place::Known(workspace.id)),
        None => {
            let name = super::checked_name(wanted).map_err(|words| WorkspaceError::invalid("workspace", words))?;
            let zone = &app.config.outreach.default_time_zone;
            Ok(Place::New(Box::new(create::prepare(app, &name, Some(&slug), zone)?)))
        }
    }
}

fn write(
    app: &App,
    txn: &mut Txn<'_>,
    add: &AddUser,
    account: Option<&PreparedAccount>,
    place: &Place,
    (key, secret): &(ApiKey, String),
) -> Result<AddedUser, SetupError> {
    let who = Who::CommandLine;
    let (workspace, role) = match place {
        Place::Known(id) => (store::find(txn, *id)?.ok_or(SetupError::NoSuchWorkspace)?, add.role),
        // A workspace has an owner from its first moment.
        Place::New(new) => (create::insert(txn, new, &who)?, Role::Owner),
    };
    let user = match account {
        Some(account) => identity::insert(txn, account)?.id,
        None => known_user(txn, add)?,
    };
    if rows::find_member(txn, workspace.id, user)?.is_some() {
        return Err(SetupError::AlreadyThere(add.email.clone()));
    }
    create::join(txn, &workspace, user, role, &who, app.now())?;
    if add.api_key {
        rows::insert_key(txn, &ApiKey { role, made_by: Some(user), ..key.clone() })?;
        audit::record(txn, workspace.id, app.now(), &who, "api_key.made", &key.id.sid(), role.as_str())?;
    }
    let was_known = account.is_none();
    Ok(AddedUser { was_known, ..added(add, &workspace, user, role, add.api_key.then(|| secret.clone())) })
}

fn known_user(txn: &mut Txn<'_>, add: &AddUser) -> Result<UserId, SetupError> {
    let found = identity::find_by_login(txn, add.email.compare())?;
    // Erased between the look and now: the caller may simply try again.
    found.map(|user| user.id).ok_or(SetupError::Store(StoreError::Conflict))
}

fn added(add: &AddUser, workspace: &Workspace, user: UserId, role: Role, api_key: Option<String>) -> AddedUser {
    AddedUser {
        user_id: user.to_string(),
        email: add.email.display().to_owned(),
        workspace_sid: workspace.id.sid(),
        workspace_slug: workspace.slug.clone(),
        role,
        api_key,
        was_known: false,
    }
}
