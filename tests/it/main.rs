//! The product from outside: one binary, one link step.

// In tests a panic is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]
// What a support module offers is used by some tests and not by others.
#![allow(dead_code)]

mod analytics;
mod browser;
mod closing;
mod commands;
mod domains;
mod endpoints;
mod engines;
mod faults;
mod figures;
mod forms;
mod golden;
mod google_wire;
mod guards;
mod hostile;
mod house;
mod leads;
mod main_job;
mod offered;
mod office;
mod pages;
mod payments;
mod peers;
mod person;
mod program;
mod repeats;
mod restore;
mod routes;
mod rush;
mod sequences;
mod sign_in;
mod support;
mod tables;
mod trouble;
mod v1;
mod v1_edges;
mod visitor;
mod world;
