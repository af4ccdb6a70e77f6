//! The names of guests, each looked up once.

use std::collections::HashMap;

use crate::app::App;
use crate::base::{ContactId, WorkspaceId};
use crate::contacts;
use crate::store::StoreError;

pub struct Names<'a> {
    app: &'a App,
    workspace: WorkspaceId,
    known: HashMap<ContactId, String>,
}

impl<'a> Names<'a> {
    pub fn new(app: &'a App, workspace: WorkspaceId) -> Self {
        Self { app, workspace, known: HashMap::new() }
    }

    /// The name, or the address; empty for somebody who was erased.
    pub fn of(&mut self, contact: ContactId) -> Result<String, StoreError> {
        if let Some(name) = self.known.get(&contact) {
            return Ok(name.clone());
        }
        let found = contacts::get(&self.app.store, self.workspace, contact)?;
        let name = found.map(|contact| contact.name()).unwrap_or_default();
        self.known.insert(contact, name.clone());
        Ok(name)
    }
}
