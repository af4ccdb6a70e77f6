//! The product from outside: one binary, one link step.

// In tests a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;
