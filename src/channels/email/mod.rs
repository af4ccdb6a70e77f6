//! The e-mail channel.
