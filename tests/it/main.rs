//! The product from outside: one binary, one link step.

mod house;
