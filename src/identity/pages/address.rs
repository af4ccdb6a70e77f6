//! `/confirm-address/<token>`: opened from the mail to a new address, wherever that mail is read.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::public_layout;
use crate::app::App;
use crate::http::layout::PublicLayout;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, CsrfToken, PageError, Toast};
use crate::identity::new_address::{self, ConfirmError};

#[derive(Template)]
#[template(path = "identity/confirm_address.html")]
struct ConfirmPage {
    layout: PublicLayout,
    secret: String,
    old: String,
    new: String,
}

/// GET: asks, since a mail scanner follows links too.
pub async fn show(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    secret: Path<String>,
) -> Result<HttpResponse, PageError> {
    let secret = secret.into_inner();
    let looked = {
        let secret = secret.clone();
        run(move || new_address::look(&app, &secret)).await?
    };
    let (user, new) = looked.map_err(refusal)?;
    let layout = public_layout(&request, &cookies, &csrf, "Use this address?");
    let (old, new) = (user.email.display().to_owned(), new.display().to_owned());
    html(StatusCode::OK, &ConfirmPage { layout, secret, old, new })
}

/// POST: 303 to the profile, or to signing in where nobody is.
pub async fn submit(app: Data<App>, cookies: Data<Cookies>, secret: Path<String>) -> Result<HttpResponse, PageError> {
    let secret = secret.into_inner();
    let user = run(move || new_address::confirm(&app, &secret)).await?.map_err(refusal)?;
    let toast = Toast::new(format!("Your account now has the address {}.", user.email));
    Ok(with_toast(see_other("/settings"), &cookies, &toast))
}

fn refusal(error: ConfirmError) -> PageError {
    match error {
        ConfirmError::LinkEnded => PageError::conflict(
            "This link was used already, is older than a day, or a newer one was sent.",
            "Type the address into your profile once more; a new link follows.",
        ),
        ConfirmError::Taken => PageError::conflict(
            "Another account has this address meanwhile.",
            "Your account keeps the address that it had.",
        ),
        ConfirmError::Store(error) => PageError::internal("could not change an address", &error),
    }
}
