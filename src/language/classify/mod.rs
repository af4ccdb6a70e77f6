//! The reply classifier.
