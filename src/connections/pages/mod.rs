//! Pages of connections.

mod caldav;
mod calendars;
mod consent;
mod detail;
mod disconnect;
mod list;
mod mailbox;
mod sent_form;
mod shown;
mod times;

use actix_web::web::{self, ServiceConfig};

use super::error::{ConnectError, ConnectionError};
use super::provider::Provider;
use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::http::PageError;
use crate::store::StoreError;
use crate::workspaces;
use times::Times;

pub fn routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/connections{path}"));
    let [google, microsoft, zoom, webex, goto] = Provider::ALL.map(web::Data::new);
    // Fixed names before `{id}`.
    config
        .service(at("").get(list::show))
        .service(at("/new").get(list::choose))
        .service(at("/google").app_data(google.clone()).get(consent::explain))
        .service(at("/google/start").app_data(google.clone()).get(consent::start))
        .service(at("/google/callback").app_data(google).get(consent::callback))
        .service(at("/microsoft").app_data(microsoft.clone()).get(consent::explain))
        .service(at("/microsoft/start").app_data(microsoft.clone()).get(consent::start))
        .service(at("/microsoft/callback").app_data(microsoft).get(consent::callback))
        .service(at("/zoom").app_data(zoom.clone()).get(consent::explain))
        .service(at("/zoom/start").app_data(zoom.clone()).get(consent::start))
        .service(at("/zoom/callback").app_data(zoom).get(consent::callback))
        .service(at("/webex").app_data(webex.clone()).get(consent::explain))
        .service(at("/webex/start").app_data(webex.clone()).get(consent::start))
        .service(at("/webex/callback").app_data(webex).get(consent::callback))
        .service(at("/goto").app_data(goto.clone()).get(consent::explain))
        .service(at("/goto/start").app_data(goto.clone()).get(consent::start))
        .service(at("/goto/callback").app_data(goto).get(consent::callback))
        .service(at("/mailbox").get(mailbox::show).post(mailbox::submit))
        .service(at("/caldav").get(caldav::show).post(caldav::submit))
        .service(at("/{id}").get(detail::show))
        .service(at("/{id}/settings").post(detail::change))
        .service(at("/{id}/check").post(detail::check_now))
        .service(at("/{id}/calendars").get(calendars::show).post(calendars::choose))
        .service(at("/{id}/disconnect").get(disconnect::ask).post(disconnect::disconnect_now));
}

/// The id in the path; what is none names nothing.
fn id_in(path: &str) -> Result<ConnectionId, PageError> {
    path.parse().map_err(|_| PageError::NotFound)
}

fn page_of(id: ConnectionId) -> String {
    format!("/connections/{id}")
}

fn times_of(app: &App, workspace: WorkspaceId) -> Result<Times, StoreError> {
    let zone = workspaces::get(&app.store, workspace)?.map_or(jiff::tz::TimeZone::UTC, |workspace| workspace.zone());
    Ok(Times { zone, now: app.now() })
}

fn store_error(error: &StoreError) -> PageError {
    match error {
        StoreError::DiskFull { .. } => PageError::Unavailable {
            what: "The disk of this server is full.".into(),
            cure: "Its operator has to make room; then try again.".into(),
        },
        other => PageError::internal("could not reach the store", other),
    }
}

fn closing() -> PageError {
    PageError::conflict(
        "This workspace is being closed, so nothing was connected.",
        "Keep the workspace first, on the page of its settings.",
    )
}

impl From<ConnectionError> for PageError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Denied(denied) => denied.into(),
            ConnectionError::NotFound => Self::NotFound,
            ConnectionError::Disconnected => {
                Self::conflict("This account was disconnected.", "Connect it again first; its history is kept.")
            }
            ConnectionError::Closing => closing(),
            ConnectionError::Invalid(fields) => {
                let words: Vec<String> = fields.into_iter().map(|(_, words)| words).collect();
                Self::bad_request(words.join(" "), "Go back and correct it.")
            }
            ConnectionError::Provider(error) => Self::Unavailable {
                what: format!("The account did not answer as it should: {error}."),
                cure: "Open its page to see its state, or try again in a minute.".into(),
            },
            ConnectionError::Store(error) => store_error(&error),
        }
    }
}

impl From<ConnectError> for PageError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Denied(denied) => denied.into(),
            ConnectError::NotFound | ConnectError::NotOffered => Self::NotFound,
            ConnectError::Closing => closing(),
            ConnectError::Store(error) => store_error(&error),
            other => Self::bad_request(format!("Nothing was connected: {other}."), "Begin again."),
        }
    }
}
