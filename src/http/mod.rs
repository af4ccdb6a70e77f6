//! The web toolkit. Names no room.

pub mod assets;
pub mod charts;
#[cfg(test)]
mod gallery;
pub mod layout;
pub mod ui;
