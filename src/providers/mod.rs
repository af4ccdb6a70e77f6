//! One client per outside service.
