//! Google Calendar v3.
