//! Counts and times of requests, by route pattern (never by path: paths hold ids and tokens).

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use prometheus_client::encoding::{text, EncodeLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::site::RequestId;

/// The type of the text that `render` makes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds. The interesting borders are "felt at once" (0.1) and "too slow" (1).
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

/// What this server counts. Clones count together; other parts add theirs with `register`.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    answered: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Arc::new(Mutex::new(Registry::with_prefix("launchyard"))),
            answered: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Gauge::default(),
        };
        metrics.register(|registry| {
            registry.register("http_requests", "Answered requests", metrics.answered.clone());
            registry.register("http_request_seconds", "Time until the answer began", metrics.seconds.clone());
            registry.register("http_requests_in_flight", "Requests being answered", metrics.in_flight.clone());
        });
        metrics
    }
}

impl Metrics {
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All metrics in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a String does not fail; what stands there is what there is.
        let _ = text::encode(&mut out, &registry);
        out
    }

    fn record(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let (method, route) = (known_method(method), route.to_owned());
        self.answered.get_or_create(&Answered { method: method.clone(), route: route.clone(), status }).inc();
        self.seconds.get_or_create(&Route { method, route }).observe(seconds);
    }
}

/// A client may invent methods; each would be a row for ever.
fn known_method(method: &str) -> String {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other").to_owned()
}

/// Counts the request until its answer is sent or its line is cut.
struct InFlight(Gauge);

impl InFlight {
    fn begin(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Middleware: measures and logs each request (no path, no address, no person: those are personal).
pub async fn measure<B: MessageBody + 'static>(
    metrics: Data<Metrics>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let method = request.method().as_str().to_owned();
    let started = std::time::Instant::now();
    let _in_flight = InFlight::begin(&metrics.in_flight);
    let result = next.call(request).await;
    let seconds = started.elapsed().as_secs_f64();
    match &result {
        Ok(response) => {
            let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
            let status = response.status().as_u16();
            metrics.record(&method, &route, status, seconds);
            let id = response.request().extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
            tracing::debug!(request_id = %id, method, route, status, milliseconds = seconds * 1000.0, "answered");
        }
        Err(error) => {
            metrics.record(&method, "unmatched", error.as_response_error().status_code().as_u16(), seconds);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_never_by_path() {
        let metrics = Metrics::default();
        metrics.record("GET", "/contacts/{id}", 200, 0.004);
        metrics.record("GET", "/contacts/{id}", 200, 0.2);
        metrics.record("BREW", "unmatched", 404, 0.001);
        let text = metrics.render();
        let counted = "launchyard_http_requests_total{method=\"GET\",route=\"/contacts/{id}\",status=\"200\"} 2";
        assert!(text.contains(counted), "{text}");
        assert!(text.contains("method=\"other\""), "{text}");
        let bucket = "launchyard_http_request_seconds_bucket{le=\"0.005\",method=\"GET\",route=\"/contacts/{id}\"} 1";
        assert!(text.contains(bucket), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn other_parts_add_their_own_figures() {
        let metrics = Metrics::default();
        let due = Gauge::<i64>::default();
        metrics.register(|registry| registry.register("jobs_due", "Jobs waiting", due.clone()));
        due.set(3);
        assert!(metrics.render().contains("launchyard_jobs_due 3"));
    }
}
