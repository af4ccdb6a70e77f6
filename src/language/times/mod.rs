//! The time reader.
