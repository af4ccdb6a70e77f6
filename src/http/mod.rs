//! The web toolkit: server, guards, cookies, answers, the JSON envelope, live pages. Names no room.
//!
//! Always true here:
//! - every answer carries the security headers, whoever made it (`security`);
//! - a request that changes something is refused unless it proves that it comes from our own page
//!   (`csrf`); programs, which carry no cookie, have a prefix of their own (`site`);
//! - a page's mistakes are [`PageError`], a program's are [`ApiError`]; both say what to do next.
//!
//! Who asks is put into the request as an [`crate::authz::Actor`] by a middleware of the ground floor.

pub mod actor;
pub mod api;
pub mod api_json;
pub mod api_page;
pub mod assets;
pub mod charts;
pub mod cookies;
pub mod csrf;
pub mod csrf_field;
pub mod download;
pub mod error_page;
pub mod extract;
pub mod frame;
#[cfg(test)]
mod gallery;
mod guest_errors;
pub mod idempotency;
pub mod layout;
pub mod live;
pub mod mac;
pub mod metrics;
pub mod rate_limit;
pub mod respond;
pub mod security;
pub mod seen;
pub mod server;
pub mod site;
pub mod tls;
pub mod ui;

pub use api::ApiError;
pub use api_json::{ApiJson, MaybeJson};
pub use api_page::{ApiPage, PageQuery};
pub use cookies::{Cookies, Toast};
pub use csrf::CsrfToken;
pub use frame::Frame;
pub use live::{LiveEvent, LiveHub};
pub use mac::MacKey;
pub use respond::{html, run, see_other, PageError};
pub use seen::{Seen, SeenVersion, SeenWords};
pub use site::{ClientIp, RequestId, Site, Uncounted};
