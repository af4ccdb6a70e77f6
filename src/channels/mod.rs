//! One adapter per channel; each turns messages into wire form and inbound events into values.
pub mod email;
