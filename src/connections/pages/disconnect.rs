//! Disconnecting: the question, and the act.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};

use super::{id_in, list, page_of};
use crate::app::App;
use crate::authz::Actor;
use crate::connections::disconnect::{disconnect, Withdrawn};
use crate::connections::model::Connection;
use crate::http::layout::ConfirmPage;
use crate::http::respond::with_toast;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers;

pub async fn ask(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id = id_in(&path)?;
    let (connection, workers) = run(move || {
        let connection = list::get(&app, &actor, id)?;
        let workers = workers::list(&app.store, actor.workspace)?;
        let uses = |worker: &&workers::Worker| worker.mailboxes().contains(&id) || worker.calendar == Some(id);
        let count = workers.iter().filter(uses).filter(|worker| worker.state.is_working()).count();
        Ok::<_, crate::connections::ConnectionError>((connection, count))
    })
    .await??;
    let page = ConfirmPage {
        layout: frame.layout("Disconnect"),
        question: format!("Disconnect {}?", connection.address),
        consequence: consequence(&connection, workers),
        button: "Disconnect and erase access".to_owned(),
        action: format!("{}/disconnect", page_of(id)),
        fields: Vec::new(),
        back: page_of(id),
    };
    html(StatusCode::OK, &page)
}

fn consequence(connection: &Connection, workers: usize) -> String {
    let access = match connection.kind.provider() {
        Some(provider) if provider.takes_access_back() => {
            format!("The stored access is erased before the next page opens, then withdrawn at {}.", provider.name())
        }
        Some(provider) => format!(
            "The stored access is erased before the next page opens; nobody can use it from then on. {} lets no app \
             take its own name off your account: you can do that at {}.",
            provider.name(),
            provider.own_page()
        ),
        None => "The stored password is erased before the next page opens.".to_owned(),
    };
    let stopped = match workers {
        0 => "No worker uses it.".to_owned(),
        1 => "The 1 worker that uses it is paused.".to_owned(),
        many => format!("The {many} workers that use it are paused."),
    };
    format!("{access} Nothing is read or sent with it afterwards. {stopped} Messages, replies and its record of calls stay.")
}

pub async fn disconnect_now(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id = id_in(&path)?;
    let (connection, withdrawn) = run(move || disconnect(&app, &actor, id)).await??;
    let provider = connection.kind.provider().unwrap_or_default();
    let (address, name, page) = (&connection.address, provider.name(), provider.own_page());
    let words = match withdrawn {
        Withdrawn::Done => format!("{address} is disconnected: erased here, and withdrawn at {name}."),
        Withdrawn::NotNeeded => format!("{address} is disconnected and its access erased."),
        Withdrawn::NotAnswered(_) => {
            format!("{address} is disconnected and its access erased. {name} did not answer; remove the app there, too, at {page}.")
        }
        Withdrawn::ByPersonOnly => {
            format!("{address} is disconnected and its access erased. To take the app off your account as well, open {page}.")
        }
    };
    Ok(with_toast(see_other("/connections"), &cookies, &Toast::new(words)))
}
