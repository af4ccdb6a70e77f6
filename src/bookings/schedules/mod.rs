//! Availability: when each person takes meetings. Several named schedules, days that differ, days off, journeys.

mod api;
mod pages;
mod service;
mod text;

pub use api::{api_routes, SchedulesApi};
pub use pages::routes;
pub use service::{members, SetupError};
