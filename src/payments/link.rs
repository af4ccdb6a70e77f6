//! The guest's link: `/pay/{token}` leads to Stripe's page, or says what became of the payment.

use data_encoding::BASE64URL_NOPAD;

use super::model::Payment;
use crate::app::App;
use crate::base::{PaymentId, WorkspaceId};

const PURPOSE: &str = "payment link";

/// Path of the payment's page. Whoever has it may pay, and sees what is paid for.
pub fn path(app: &App, payment: &Payment) -> String {
    path_of(app, payment.workspace, payment.id)
}

pub(super) fn path_of(app: &App, workspace: WorkspaceId, payment: PaymentId) -> String {
    let bytes = [*workspace.as_bytes(), *payment.as_bytes()].concat();
    format!("/pay/{}.{}", BASE64URL_NOPAD.encode(&bytes), app.mac.tag(PURPOSE, &bytes))
}

/// The workspace that is paid behind a token; `None` for one that we did not make.
pub fn workspace_of(app: &App, token: &str) -> Option<WorkspaceId> {
    read(app, token).map(|(workspace, _)| workspace)
}

/// Whose payment the token names; `None` for one that we did not make.
pub(super) fn read(app: &App, token: &str) -> Option<(WorkspaceId, PaymentId)> {
    let (id, tag) = token.split_once('.')?;
    let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    if bytes.len() != 32 || !app.mac.is_tag_of(PURPOSE, &bytes, tag) {
        return None;
    }
    Some((WorkspaceId::from_slice(&bytes[..16])?, PaymentId::from_slice(&bytes[16..])?))
}
