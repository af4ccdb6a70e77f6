//! One page of contacts: all, those with a tag, or those that answer a question. One consistent read.

use super::model::Contact;
use super::{search, store, tags};
use crate::base::{Cursor, Page, WorkspaceId};
use crate::store::{StoreError, Txn};

/// What a list is narrowed to; empty is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub question: String,
    pub tag: String,
}

/// Newest first.
pub(super) fn page(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    filter: &Filter,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    let question = filter.question.trim();
    let tag = Some(filter.tag.trim().to_lowercase()).filter(|tag| !tag.is_empty());
    if !question.is_empty() {
        return search::find(txn, workspace, question, tag.as_deref(), before, limit);
    }
    match tag {
        Some(tag) => tags::page(txn, workspace, &tag, before, limit),
        None => store::page(txn, workspace, before, limit),
    }
}
