//! Meetings: where one takes place, and what the services that hold them say of their own accord.
//!
//! Always true here:
//! - There is one list of places (`Location`), whoever offers the meeting.
//! - A room that nobody gives us an account for (Jitsi) has an address that cannot be guessed.
//! - What a service tells us is believed only when its signature fits and it is fresh.
//! - Who removes this program at their service is gone here, too: the access at once, the rest with the event.

mod choose;
mod location;
mod zoom_events;

#[cfg(test)]
mod tests;

pub use choose::{choices, read_choice, unfit, value_of};
pub use location::Location;
pub use zoom_events::{routes, HOOK_PATH};

pub use crate::providers::meeting::Service;

use crate::app::App;
use crate::jobs::Handlers;

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(zoom_events::Deauthorise)
}
