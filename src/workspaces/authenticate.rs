//! Who asks: the session of a browser or the key of a program, found once per request.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Data};
use actix_web::{Error, HttpMessage, HttpRequest};
use jiff::tz::TimeZone;

use super::{keys, rows, store};
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
enum Found {
    /// Signed in, and at work in a workspace.
    Member(Box<SignedIn>, Actor),
    /// Signed in, but belongs to no workspace.
    Homeless(Box<SignedIn>),
    Program(Actor),
    Nobody,
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
        Claim::Nothing => Ok(Found::Nobody),
        claim => web::block(move || look_up(&app, &claim)).await.unwrap_or(Ok(Found::Nobody)),
    };
    match found {
        Ok(found) => remember(&request, found),
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
        Claim::Key(secret) => Ok(keys::find_by_secret(app, secret)?.map_or(Found::Nobody, Found::Program)),
        Claim::Cookie(secret) => {
            let Some((session, user)) = identity::find_by_cookie(app, secret)? else { return Ok(Found::Nobody) };
            identity::note_seen(app, &session)?;
            let (actor, zone) = app.store.read(|txn| {
                let actor = actor_of(txn, &session, &user)?;
                let zone = zone_of(txn, &user, actor.as_ref())?;
                Ok::<_, StoreError>((actor, zone))
            })?;
            let signed_in = Box::new(SignedIn { user, session, zone });
            Ok(match actor {
                Some(actor) => Found::Member(signed_in, actor),
                None => Found::Homeless(signed_in),
            })
        }
        Claim::Nothing => Ok(Found::Nobody),
    }
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
        is_operator: user.is_operator,
        session: Some(session.id),
        display: user.name.clone(),
    }))
}

/// The clock that the person reads: their own, or the workspace's.
fn zone_of(txn: &mut Txn<'_>, user: &User, actor: Option<&Actor>) -> Result<TimeZone, StoreError> {
    if let Ok(own) = TimeZone::get(&user.profile.time_zone) {
        return Ok(own);
    }
    let workspace = match actor {
        Some(actor) => store::find(txn, actor.workspace)?,
        None => None,
    };
    Ok(workspace.map_or(TimeZone::UTC, |workspace| workspace.zone()))
}

fn first_membership(txn: &mut Txn<'_>, user: UserId) -> Result<Option<super::Member>, StoreError> {
    for workspace in rows::workspaces_of(txn, user)? {
        if let Some(member) = rows::find_member(txn, workspace, user)? {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

fn remember(request: &ServiceRequest, found: Found) {
    let mut extensions = request.extensions_mut();
    match found {
        Found::Member(signed_in, actor) => {
            extensions.insert(*signed_in);
            extensions.insert(actor);
        }
        Found::Homeless(signed_in) => {
            extensions.insert(*signed_in);
        }
        Found::Program(actor) => {
            extensions.insert(actor);
        }
        Found::Nobody => {}
    }
}
