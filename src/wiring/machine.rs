//! What machines ask: is it alive, is it ready, how is it doing.

use actix_web::http::header::AUTHORIZATION;
use actix_web::{web, HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::http::{metrics, run, PageError};
use actix_web::HttpMessage;

/// GET /healthz: the process answers.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// GET /readyz: the store takes writes; 503 with the reason otherwise.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, PageError> {
    let health = run(move || app.store.health()).await?;
    let trouble = if health.poisoned {
        Some("the data folder could not be written")
    } else if health.stalled_millis > 5_000 {
        Some("the disk does not answer")
    } else {
        None
    };
    Ok(match trouble {
        None => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Some(words) => {
            HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(format!("{words}\n"))
        }
    })
}

/// GET /metrics (Prometheus): for the operator signed in, and for a collector with `server.metrics_token`.
pub async fn metrics_page(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let is_operator = request.extensions().get::<Actor>().is_some_and(|actor| actor.may(Permission::Operate));
    if !is_operator && !is_collector(&app, &request) {
        return Err(PageError::NotFound);
    }
    let text = run(move || render(&app)).await?;
    Ok(HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text))
}

/// Digests are compared, so that the time it takes tells nothing about the token.
fn is_collector(app: &App, request: &HttpRequest) -> bool {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer "));
    let wanted = app.config.server.metrics_token.as_ref();
    shown.zip(wanted).is_some_and(|(shown, wanted)| Sha256::digest(shown) == Sha256::digest(wanted.expose()))
}

fn render(app: &App) -> String {
    let health = app.store.health();
    let totals = crate::jobs::totals(&app.store).unwrap_or_default();
    let own = [
        ("launchyard_store_commits", health.commits),
        ("launchyard_store_rows_written", health.written.rows),
        ("launchyard_store_bytes_written", health.written.bytes),
        ("launchyard_store_syncs", health.syncs),
        ("launchyard_store_disk_bytes", health.disk_bytes),
        ("launchyard_jobs_enqueued", totals.enqueued),
        ("launchyard_jobs_done", totals.done),
        ("launchyard_jobs_dead", totals.dead),
        ("launchyard_jobs_open", totals.open()),
        ("launchyard_live_pages", app.live.reader_count() as u64),
    ];
    let lines: String = own.iter().map(|(name, value)| format!("# TYPE {name} gauge\n{name} {value}\n")).collect();
    // The text ends with the line "# EOF"; ours stand before it.
    app.metrics.render().replace("# EOF\n", &format!("{lines}# EOF\n"))
}
