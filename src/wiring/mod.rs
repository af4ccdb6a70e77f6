//! The only place that lists every room: routes, jobs, events, personal data, and how a server is put together.

mod backup_trouble;
mod between;
mod closing;
pub mod demo;
mod erasure;
mod events;
mod frame;
pub mod housekeeping;
pub mod idempotency;
mod jobs;
mod live;
mod machine;
mod openapi;
mod person;
pub mod personal_data;
mod restored;
mod routes;
mod server;
pub mod sweepers;

pub use between::between;
pub use jobs::kinds as job_kinds;
pub use openapi::document as openapi_document;
pub use server::{open_app, open_options, start_jobs, OpenedApp, Running, StartError};
