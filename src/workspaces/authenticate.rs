//! Who asks: the session of a browser or the key of a program, found once per request.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Data};
use actix_web::{Error, HttpMessage, HttpRequest};
use jiff::tz::TimeZone;

use super::{keys, rows, store, Workspace};
use crate::app::App;
use crate::authz::Actor;
use crate::base::UserId;
use crate::http::api::bearer_key;
use crate::http::site::{is_under, API_PREFIX};
use crate::http::{Cookies, PageError};
use crate::identity::{self, Session, SignedIn, User};
use crate::store::{StoreError, Txn};

/// What a request said about who makes it.
enum Claim {
    Cookie(String),
    Key(String),
    Nothing,
}

/// What became of it.
struct Found {
    who: Who,
    /// Their workspace is being closed: it can be read, and taken back, and nothing else.
    is_closing: bool,
}

enum Who {
    /// Signed in, and at work in a workspace.
    Member(Box<SignedIn>, Actor),
    /// Signed in, but belongs to no workspace.
    Homeless(Box<SignedIn>),
    Program(Actor),
    Nobody,
}

impl From<Who> for Found {
    fn from(who: Who) -> Self {
        Self { who, is_closing: false }
    }
}

/// What a person may still do in a workspace that is being closed: take it back, go elsewhere, look after their own
/// account, run the server.
const GOES_ON: &[&str] = &[
    "/settings/workspace/close",
    "/settings/workspace/keep",
    "/settings/security",
    "/workspaces",
    "/switch",
    "/invite",
    "/signin",
    "/signout",
    "/reauth",
    "/reset",
    "/u",
    "/confirm-address",
    "/operator",
    "/demo",
];

/// Coming back from the provider's page makes a connection, though it is a GET.
const CHANGES_BY_GET: &[&str] = &[
    "/connections/google/start",
    "/connections/google/callback",
    "/connections/microsoft/start",
    "/connections/microsoft/callback",
];

fn may_go_on(request: &HttpRequest) -> bool {
    let path = request.path();
    let reads = request.method().is_safe() && !CHANGES_BY_GET.contains(&path);
    reads || path == "/settings" || GOES_ON.iter().any(|prefix| is_under(path, prefix))
}

fn being_closed() -> PageError {
    PageError::conflict(
        "This workspace is being closed, so nothing in it can be changed.",
        "An owner can take that back on the workspace page of the settings.",
    )
}

/// Middleware: puts an [`Actor`] into the request, and for people who are signed in a [`SignedIn`]. Below `/v1`
/// only keys count, everywhere else only the session cookie: neither opens what the other one guards.
/// Whether somebody *must* be there is the handler's to say, by asking for the one or the other.
pub async fn authenticate<B: MessageBody + 'static>(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let found = match claim(&cookies, request.request()) {
        Claim::Nothing => Ok(Found::from(Who::Nobody)),
        claim => web::block(move || look_up(&app, &claim)).await.unwrap_or(Ok(Found::from(Who::Nobody))),
    };
    match found {
        Ok(found) if found.is_closing && !may_go_on(request.request()) => {
            let refusal = being_closed().answer_for(request.path());
            return Ok(request.into_response(refusal).map_into_right_body());
        }
        Ok(found) => remember(&request, found.who),
        Err(error) => {
            let refusal = PageError::internal("could not look up who asks", &error).answer_for(request.path());
            return Ok(request.into_response(refusal).map_into_right_body());
        }
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn claim(cookies: &Cookies, request: &HttpRequest) -> Claim {
    if is_under(request.path(), API_PREFIX) {
        return bearer_key(request).map_or(Claim::Nothing, |key| Claim::Key(key.to_owned()));
    }
    cookies.read_session(request).map_or(Claim::Nothing, Claim::Cookie)
}

fn look_up(app: &App, claim: &Claim) -> Result<Found, StoreError> {
    match claim {
        Claim::Key(secret) => {
            let Some(actor) = keys::find_by_secret(app, secret)? else { return Ok(Who::Nobody.into()) };
            let workspace = store::get(&app.store, actor.workspace)?;
            Ok(Found { is_closing: is_closing(workspace.as_ref()), who: Who::Program(actor) })
        }
        Claim::Cookie(secret) => {
            let Some((session, user)) = identity::find_by_cookie(app, secret)? else { return Ok(Who::Nobody.into()) };
            identity::note_seen(app, &session)?;
            let (actor, workspace) = app.store.read(|txn| {
                let actor = actor_of(txn, &session, &user)?;
                let workspace = actor.as_ref().map(|actor| store::find(txn, actor.workspace)).transpose()?.flatten();
                Ok::<_, StoreError>((actor, workspace))
            })?;
            let signed_in = Box::new(SignedIn { zone: zone_of(&user, workspace.as_ref()), user, session });
            let who = match actor {
                Some(actor) => Who::Member(signed_in, actor),
                None => Who::Homeless(signed_in),
            };
            Ok(Found { is_closing: is_closing(workspace.as_ref()), who })
        }
        Claim::Nothing => Ok(Who::Nobody.into()),
    }
}

fn is_closing(workspace: Option<&Workspace>) -> bool {
    workspace.is_some_and(|workspace| workspace.closing.is_some())
}

/// The person as a member of the workspace the session looks at, or of the first they belong to.
fn actor_of(txn: &mut Txn<'_>, session: &Session, user: &User) -> Result<Option<Actor>, StoreError> {
    let current = match session.workspace {
        Some(workspace) => rows::find_member(txn, workspace, user.id)?,
        None => None,
    };
    let member = match current {
        Some(member) => Some(member),
        None => first_membership(txn, user.id)?,
    };
    Ok(member.map(|member| Actor {
        user: Some(user.id),
        api_key: None,
        workspace: member.workspace,
        role: member.role,
        maker: None,
        is_operator: user.is_operator,
        session: Some(session.id),
        display: user.name.clone(),
    }))
}

/// The clock that the person reads: their own, or the workspace's.
fn zone_of(user: &User, workspace: Option<&Workspace>) -> TimeZone {
    let own = TimeZone::get(&user.profile.time_zone).ok();
    own.or_else(|| workspace.map(Workspace::zone)).unwrap_or(TimeZone::UTC)
}

fn first_membership(txn: &mut Txn<'_>, user: UserId) -> Result<Option<super::Member>, StoreError> {
    for workspace in rows::workspaces_of(txn, user)? {
        if let Some(member) = rows::find_member(txn, workspace, user)? {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

fn remember(request: &ServiceRequest, who: Who) {
    let mut extensions = request.extensions_mut();
    match who {
        Who::Member(signed_in, actor) => {
            extensions.insert(*signed_in);
            extensions.insert(actor);
        }
        Who::Homeless(signed_in) => {
            extensions.insert(*signed_in);
        }
        Who::Program(actor) => {
            extensions.insert(actor);
        }
        Who::Nobody => {}
    }
}
