//! `/settings/engines/transfers`: what was sent to the service, without its content.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{Moment, Times, HERE, TRANSFERS};
use crate::app::App;
use crate::authz::Actor;
use crate::base::Cursor;
use crate::engines::error::EngineError;
use crate::engines::fallback_words;
use crate::engines::model::Transfer;
use crate::engines::money::figure;
use crate::engines::transfers;
use crate::http::layout::Layout;
use crate::http::ui::{Pager, Tab};
use crate::http::{html, run, Frame, PageError};
use crate::identity::pages::settings_tabs;

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "engines/transfers.html")]
struct TransfersPage {
    layout: Layout,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
    days: u32,
}

struct Row {
    when: Moment,
    to: String,
    model: String,
    task: &'static str,
    tokens: String,
    cost: String,
    took: String,
    is_used: bool,
    outcome: String,
    request_id: String,
    prompt_hash: String,
}

#[derive(Deserialize)]
pub struct TransfersQuery {
    cursor: Option<String>,
}

/// GET /settings/engines/transfers?cursor=…
pub async fn list(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<TransfersQuery>,
) -> Result<HttpResponse, PageError> {
    let cursor = query.into_inner().cursor.map(|text| Cursor::parse(&text)).transpose();
    let cursor = cursor.map_err(|error| PageError::bad_request(error.to_string(), "Begin at the first page."))?;
    let work = move || {
        let page = transfers::list(&app, &actor, cursor.as_ref(), ROWS)?;
        let times = Times::of(&app, actor.workspace)?;
        let pager = Pager {
            shown: crate::base::counted(page.rows.len() as u64, "transfer", "transfers"),
            newer: cursor.is_some().then(|| TRANSFERS.to_owned()),
            older: page.next.as_ref().map(|next| format!("{TRANSFERS}?cursor={next}")),
        };
        Ok::<_, EngineError>(TransfersPage {
            layout: frame.layout("Transfers"),
            tabs: settings_tabs(&actor, HERE),
            rows: page.rows.into_iter().map(|transfer| row(transfer, &times)).collect(),
            pager,
            days: app.config.retention.ai_transfers_days,
        })
    };
    html(StatusCode::OK, &run(work).await??)
}

fn row(transfer: Transfer, times: &Times) -> Row {
    let is_used = transfer.outcome == "ok";
    Row {
        when: times.moment(transfer.at),
        to: transfer.to,
        model: transfer.model,
        task: transfer.task.words(),
        tokens: format!("{} in, {} out", transfer.input_tokens, transfer.output_tokens),
        cost: format!("{} {}", figure(transfer.cost), transfer.currency),
        took: format!("{} ms", transfer.took_millis),
        is_used,
        outcome: if is_used { "Used".to_owned() } else { format!("Not used: {}.", fallback_words(&transfer.outcome)) },
        request_id: transfer.request_id,
        prompt_hash: transfer.prompt_hash,
    }
}
