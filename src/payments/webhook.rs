//! POST /webhooks/stripe/{account}: Stripe tells that something happened. What became of it is asked, not believed.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::{account, ask, store};
use crate::app::App;
use crate::base::{PaymentId, WorkspaceId};
use crate::http::{run, PageError};
use crate::providers::stripe::{verify, Notice, SIGNATURE};
use crate::store::StoreError;
use crate::workspaces;

/// Stripe's largest events are far smaller.
const MOST_BYTES: usize = 256 * 1024;

/// 200 for a notice that fits, whatever it is about; 400 where the signature does not; 404 where nobody listens.
pub async fn receive(
    app: Data<App>,
    request: HttpRequest,
    sid: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, PageError> {
    if body.len() > MOST_BYTES {
        return Err(PageError::TooLarge { limit_bytes: MOST_BYTES });
    }
    let workspace = WorkspaceId::parse_sid(&sid).ok_or(PageError::NotFound)?;
    let signature =
        request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let taken = run(move || take(&app, workspace, &signature, &body)).await?;
    match taken.map_err(|error| PageError::internal("could not take a notice of Stripe’s", &error))? {
        Taken::Yes => Ok(HttpResponse::Ok().finish()),
        Taken::Unsigned => Err(PageError::bad_request("The signature does not fit.", "Look at the signing secret.")),
        Taken::Nobody => Err(PageError::NotFound),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    Unsigned,
    Nobody,
}

pub(super) fn take(app: &App, workspace: WorkspaceId, signature: &str, body: &[u8]) -> Result<Taken, StoreError> {
    // A workspace that was never here has no key to open rows with.
    let known = match workspaces::get(&app.store, workspace) {
        Err(StoreError::KeyGone) => None,
        known => known?,
    };
    if known.is_none_or(|known| known.closing.is_some()) {
        return Ok(Taken::Nobody);
    }
    let account = store::get_account(&app.store, workspace)?;
    let Some((account, hook)) = account.and_then(|account| account.webhook.clone().map(|hook| (account, hook))) else {
        return Ok(Taken::Nobody);
    };
    let secret = app.store.open_secret(&hook.secret)?;
    if let Err(error) = verify(&String::from_utf8_lossy(&secret), signature, body, app.now()) {
        tracing::warn!(%error, "a notice to the address for Stripe was refused");
        return Ok(Taken::Unsigned);
    }
    account::note_notice(app, workspace, app.now())?;
    // Of the other mode, of something else, or a kind of tomorrow: heard, and that is all.
    let notice = Notice::read(body).filter(|notice| notice.mode == account.mode);
    if let Some(payment) = notice.and_then(|notice| notice.reference.parse::<PaymentId>().ok()) {
        ask::hurry(app, workspace, payment)?;
    }
    Ok(Taken::Yes)
}
