//! `/invite/<token>`: look, then accept by a button, as a new account or as who is signed in.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::role_name;
use crate::app::App;
use crate::http::layout::PublicLayout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, CsrfToken, PageError, Toast};
use crate::identity::pages::{account_refusal, begin_in_browser, public_layout};
use crate::identity::{self, Client, SignedIn};
use crate::workspaces::invitations::{self, AcceptError, Offer};

#[derive(Template)]
#[template(path = "workspaces/invite.html")]
struct InvitePage {
    layout: PublicLayout,
    secret: String,
    workspace: String,
    role: &'static str,
    role_words: &'static str,
    email: String,
    way: Way,
    typed_name: String,
    errors: FieldErrors,
}

/// How the reader may accept.
#[derive(PartialEq)]
enum Way {
    /// Signed in with the invited address.
    Join,
    /// Signed in with this other address.
    Other(String),
    /// The invited address has an account.
    SignIn,
    NewAccount,
}

#[derive(Deserialize)]
pub struct AccountForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// GET /invite/<token>
pub async fn show(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    signed_in: Option<SignedIn>,
    secret: Path<String>,
) -> Result<HttpResponse, PageError> {
    let secret = secret.into_inner();
    let looked = secret.clone();
    let offer = run(move || invitations::look(&app, &looked)).await??;
    let layout = public_layout(&request, &cookies, &csrf, "You are invited");
    let page = page(layout, secret, &offer, signed_in.as_ref(), String::new(), FieldErrors::default());
    html(StatusCode::OK, &page)
}

fn page(
    layout: PublicLayout,
    secret: String,
    offer: &Offer,
    signed_in: Option<&SignedIn>,
    typed_name: String,
    errors: FieldErrors,
) -> InvitePage {
    let way = match signed_in {
        Some(signed_in) if signed_in.user.email == offer.invitation.email => Way::Join,
        Some(signed_in) => Way::Other(signed_in.user.email.display().to_owned()),
        None if offer.has_account => Way::SignIn,
        None => Way::NewAccount,
    };
    InvitePage {
        layout,
        secret,
        workspace: offer.workspace.name.clone(),
        role: role_name(offer.invitation.role),
        role_words: offer.invitation.role.words(),
        email: offer.invitation.email.display().to_owned(),
        way,
        typed_name,
        errors,
    }
}

/// POST /invite/<token>: accepts as who is signed in, and goes to the workspace.
pub async fn accept(
    app: Data<App>,
    cookies: Data<Cookies>,
    signed_in: SignedIn,
    secret: Path<String>,
) -> Result<HttpResponse, PageError> {
    let accepted = run(move || {
        let workspace = invitations::accept(&app, &signed_in.user, &secret)?;
        identity::look_at(&app, signed_in.user.id, signed_in.session.id, workspace.id)?;
        Ok(workspace)
    });
    let workspace = accepted.await?.map_err(accept_error)?;
    let toast = Toast::new(format!("Welcome to {}.", workspace.name));
    Ok(with_toast(see_other("/"), &cookies, &toast))
}

/// POST /invite/<token>/account: makes the account and accepts; 422 with what is wrong.
pub async fn accept_as_new(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    secret: Path<String>,
    form: Form<AccountForm>,
) -> Result<HttpResponse, PageError> {
    let (secret, AccountForm { name, password }) = (secret.into_inner(), form.into_inner());
    let accepted = {
        let (app, secret, name) = (app.clone(), secret.clone(), name.clone());
        run(move || invitations::accept_as_new(&app, &secret, &name, &password, &client)).await?
    };
    match accepted {
        Ok((session, _)) => Ok(begin_in_browser(&cookies, &session, see_other("/"))),
        Err(AcceptError::Account(error)) => {
            let (status, errors) = account_refusal(error)?;
            let looked = secret.clone();
            let offer = run(move || invitations::look(&app, &looked)).await??;
            let layout = public_layout(&request, &cookies, &csrf, "You are invited");
            html(status, &page(layout, secret, &offer, None, name, errors))
        }
        Err(error) => Err(accept_error(error)),
    }
}

fn accept_error(error: AcceptError) -> PageError {
    match error {
        AcceptError::Workspace(error) => error.into(),
        AcceptError::SignInFirst => PageError::SignIn { next: "/".to_owned() },
        AcceptError::OtherAddress => PageError::Denied(
            "The invitation is for another address than the one you are signed in with. Sign out and open the link again."
                .to_owned(),
        ),
        AcceptError::Account(error) => PageError::internal("could not accept an invitation", &error),
    }
}
