//! The first page: what waits for a person, what came in, what happens next; and the guide to the first mail.
//!
//! Always true here:
//! - The page only reads, except for the decisions about mails in doubt, which `messaging::resolve` carries out.
//! - Each part is a fragment of its own with an id, so that an open page stays true (`wiring/live.rs`).
//! - A part that the person's role may not see is absent.
//!
//! It stands above the rooms, because it shows a little of each; no room knows it.

mod agenda;
mod came_in;
mod day;
mod feed;
mod figures;
mod guide;
mod needs;
mod pages;
mod people;
mod sending;

pub use day::{Day, TodayError};
pub use guide::guide_bar;
pub use pages::routes;
pub use people::People;
