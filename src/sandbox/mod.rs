//! Simulated providers.
