//! Every kind of work by its name, and how many threads do it.

use std::collections::{BTreeMap, HashMap};

use super::model::Lane;
use super::work::{Effect, Task};

/// What `wiring` registers: every kind of work by its name.
pub struct Handlers<C> {
    pub(super) tasks: HashMap<&'static str, Box<dyn Task<C>>>,
    pub(super) effects: HashMap<&'static str, Box<dyn Effect<C>>>,
}

impl<C> Default for Handlers<C> {
    fn default() -> Self {
        Self { tasks: HashMap::new(), effects: HashMap::new() }
    }
}

impl<C> Handlers<C> {
    pub fn task(mut self, task: impl Task<C> + 'static) -> Self {
        self.tasks.insert(task.kind(), Box::new(task));
        self
    }

    pub fn effect(mut self, effect: impl Effect<C> + 'static) -> Self {
        self.effects.insert(effect.kind(), Box::new(effect));
        self
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.tasks.keys().chain(self.effects.keys()).copied().collect()
    }
}

/// How many threads each lane has.
#[derive(Clone, Debug)]
pub struct Threads(pub BTreeMap<Lane, usize>);

impl Default for Threads {
    fn default() -> Self {
        let each = [
            (Lane::MailOut, 8),
            (Lane::MailboxPoll, 6),
            (Lane::CalendarSync, 4),
            (Lane::Steps, 2),
            (Lane::Housekeeping, 2),
            (Lane::Engines, 2),
            (Lane::Web, 2),
        ];
        Self(each.into_iter().collect())
    }
}
