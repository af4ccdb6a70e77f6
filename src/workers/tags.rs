//! Tags that leads get by what their answers were read as.

use std::collections::BTreeMap;

use super::model::Worker;
use super::service::{note, WorkerError};
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, WorkerId};
use crate::contacts;

/// Labels that may give a tag. An opt-out gives none: nobody sorts those who asked to be left alone.
pub const TAGGED: [&str; 7] =
    ["interested", "meeting_proposed", "question", "later", "referral", "not_interested", "out_of_office"];

/// Replaces the tags of a worker, by label; an empty tag is none. Leads that were tagged before keep their tags.
pub fn set_reply_tags(
    app: &App,
    actor: &Actor,
    id: WorkerId,
    tags: &BTreeMap<String, String>,
) -> Result<Worker, WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let (mut wrong, mut kept) = (Mistakes::default(), BTreeMap::new());
    for (label, tag) in tags.iter().filter(|(_, tag)| !tag.trim().is_empty()) {
        wrong.expect(TAGGED.contains(&label.as_str()), "tags", "Choose a label that gives a tag.");
        match contacts::parse_tag(tag) {
            Some(tag) => drop(kept.insert(label.clone(), tag)),
            None => wrong.add("tags", "A tag has 1 to 40 characters, for example “hot lead”."),
        }
    }
    wrong.into_result()?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if worker.reply_tags != kept {
            worker.reply_tags.clone_from(&kept);
            store::put(txn, actor.workspace, &worker)?;
            note(txn, actor, now, "worker.reply_tags_changed", &worker, &format!("{} labels", kept.len()))?;
        }
        Ok(worker)
    })
}
