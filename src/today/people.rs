//! Names for the ids that events, messages and bookings carry.

use std::collections::HashMap;

use crate::app::App;
use crate::base::{ContactId, WorkspaceId};
use crate::contacts;
use crate::store::StoreError;

/// What a line shows of a person. Empty once the person is erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub name: String,
    pub company: String,
}

/// Reads each contact once, however many lines name it.
pub struct People<'a> {
    app: &'a App,
    workspace: WorkspaceId,
    known: HashMap<ContactId, Known>,
}

impl<'a> People<'a> {
    pub fn of(app: &'a App, workspace: WorkspaceId) -> Self {
        Self { app, workspace, known: HashMap::new() }
    }

    pub fn get(&mut self, id: ContactId) -> Result<Known, StoreError> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        let contact = contacts::get(&self.app.store, self.workspace, id)?;
        let known = contact.map(|contact| Known { name: contact.name(), company: contact.company }).unwrap_or_default();
        self.known.insert(id, known.clone());
        Ok(known)
    }
}
