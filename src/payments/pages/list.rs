//! GET /payments: what guests were asked to pay, the newest first.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{Moment, Times};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::Cursor;
use crate::contacts;
use crate::http::layout::Layout;
use crate::http::ui::Pager;
use crate::http::{html, run, Frame, PageError};
use crate::payments::model::Payment;
use crate::payments::{amount, service, store, PayError};

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "payments/list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<Row>,
    pager: Pager,
    /// An account is connected.
    is_set: bool,
    may_set: bool,
}

struct Row {
    href: String,
    who: String,
    name: String,
    amount: String,
    tone: &'static str,
    state: &'static str,
    remark: String,
    when: Moment,
}

#[derive(Deserialize)]
pub struct ListQuery {
    cursor: Option<String>,
}

pub async fn show(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    query: Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let cursor = query.into_inner().cursor.map(|text| Cursor::parse(&text)).transpose();
    let cursor = cursor.map_err(|error| PageError::bad_request(error.to_string(), "Begin at the first page."))?;
    let work = move || {
        let page = service::list(&app, &actor, cursor.as_ref(), ROWS)?;
        let times = Times::of(&app, actor.workspace)?;
        let pager = Pager {
            shown: crate::base::counted(page.rows.len() as u64, "payment", "payments"),
            newer: cursor.is_some().then(|| "/payments".to_owned()),
            older: page.next.as_ref().map(|next| format!("/payments?cursor={next}")),
        };
        let rows = page.rows.iter().map(|payment| row(&app, payment, &times)).collect::<Result<_, PayError>>()?;
        Ok::<_, PayError>(ListPage {
            layout: frame.live_layout("Payments"),
            rows,
            pager,
            is_set: store::get_account(&app.store, actor.workspace)?.is_some(),
            may_set: actor.may(Permission::ManagePayments),
        })
    };
    html(StatusCode::OK, &run(work).await??)
}

fn row(app: &App, payment: &Payment, times: &Times) -> Result<Row, PayError> {
    let contact = contacts::get(&app.store, payment.workspace, payment.contact)?;
    let (tone, state) = payment.state.shown();
    let given = payment.given_back();
    let remark = match (payment.trouble.clone().or_else(|| payment.needs_person()), given) {
        (Some(trouble), _) => trouble,
        (None, 0) => String::new(),
        (None, given) => format!("{} given back", amount::words(given, &payment.currency)),
    };
    Ok(Row {
        href: format!("/payments/{}", payment.id),
        who: contact.map(|contact| contact.name()).unwrap_or_default(),
        name: payment.name.clone(),
        amount: amount::words(payment.amount, &payment.currency),
        tone,
        state,
        remark,
        when: times.moment(payment.made_at),
    })
}
