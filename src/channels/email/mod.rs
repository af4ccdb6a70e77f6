//! The e-mail channel: what leaves is composed here, what arrives is understood here.

mod address;
mod header_block;
mod html_text;
mod invisible;
mod mime;
mod reply_text;

pub mod inspect;
