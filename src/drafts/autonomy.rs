//! What may leave without a person: the switch of each label, the record that earns it, and the labels that never do.

use super::figures::{figures_of, find_figures, list_by_engine, Figures};
use crate::app::App;
use crate::authz::{Actor, Denied, Permission};
use crate::base::{UnixMillis, WorkerId, WorkspaceId};
use crate::store::{Store, StoreError};
use crate::workers::{self, Worker, WorkerError};

/// A kind of reply, what answering it means, and why that is never left to the program.
struct Rule {
    label: &'static str,
    act: &'static str,
    locked: Option<&'static str>,
}

/// In the order in which the page shows them: what can be switched, then what cannot (G1, G7, and the routing of
/// replies: an opt-out, a refusal, an absence and what was not understood have no answer that could leave).
const RULES: [Rule; 9] = [
    open("interested", "Thanks, and says how to go on."),
    open("question", "Answers from approved snippets only."),
    open("meeting_proposed", "Books the proposed time when it is free, offers others when it is not."),
    open("later", "Says when we write again."),
    open("referral", "Thanks for the name. Whoever was named is not written to."),
    locked("unsubscribe", "Who opts out is never written to again."),
    locked("not_interested", "A no is respected: nothing is written back."),
    locked("out_of_office", "Nobody reads an answer to an absence note. The sequence waits instead."),
    locked("other", "What is not understood is for a person to read."),
];

const fn open(label: &'static str, act: &'static str) -> Rule {
    Rule { label, act, locked: None }
}

const fn locked(label: &'static str, why: &'static str) -> Rule {
    Rule { label, act: "", locked: Some(why) }
}

/// How one label of a worker stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelAutonomy {
    pub label: &'static str,
    /// Whose drafts: empty for the built-in engine, else the service and its model.
    pub engine: String,
    /// What leaves by itself once it is on.
    pub act: &'static str,
    pub figures: Figures,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never, and why.
    Locked(&'static str),
    /// A person decides; the record does not allow more yet.
    Earning,
    /// A person decides; it may be switched on.
    Ready,
    On(UnixMillis),
}

#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such worker or label")]
    NotFound,
    /// Never automatic, and why.
    #[error("this label is always answered by a person: {0}")]
    Locked(&'static str),
    /// Too few approvals, or too many of them edited.
    #[error("the record does not allow it yet: {}", .0.words())]
    NotEarned(Figures),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<WorkerError> for SwitchError {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::Denied(denied) => Self::Denied(denied),
            WorkerError::Store(error) => Self::Store(error),
            _ => Self::NotFound,
        }
    }
}

/// All labels of a worker with their records: those of the built-in engine, then, for each AI service and model that has
/// a record, the labels it has one for.
pub fn autonomy_of(store: &Store, workspace: WorkspaceId, worker: &Worker) -> Result<Vec<LabelAutonomy>, StoreError> {
    let stand = |rule: &Rule, engine: &str, figures: Figures| {
        let standing = match (rule.locked, worker.autonomy.since(rule.label, engine)) {
            (Some(why), _) => Standing::Locked(why),
            (None, Some(since)) => Standing::On(since),
            (None, None) if figures.allow_automatic() => Standing::Ready,
            (None, None) => Standing::Earning,
        };
        LabelAutonomy { label: rule.label, engine: engine.to_owned(), act: rule.act, figures, standing }
    };
    let mut all = Vec::new();
    for rule in &RULES {
        all.push(stand(rule, "", figures_of(store, workspace, worker.id, rule.label, "")?));
    }
    let mut of_services = list_by_engine(store, workspace, worker.id)?;
    let place = |label: &str| RULES.iter().position(|rule| rule.label == label);
    of_services.sort_by_key(|known| (known.engine.clone(), place(&known.label)));
    let open = of_services.iter().filter_map(|known| Some((rule(&known.label)?, known)));
    all.extend(
        open.filter(|(rule, _)| rule.locked.is_none()).map(|(rule, known)| stand(rule, &known.engine, known.figures)),
    );
    Ok(all)
}

/// May this label ever leave by itself?
pub fn is_locked(label: &str) -> bool {
    rule(label).is_none_or(|rule| rule.locked.is_some())
}

/// Lets the answers to a label that `engine` wrote leave by themselves, or hands them back to a person. Switching on
/// needs the record of just this engine; switching off never needs one.
pub fn switch_label(
    app: &App,
    actor: &Actor,
    worker: WorkerId,
    (label, engine): (&str, &str),
    on: bool,
) -> Result<&'static str, SwitchError> {
    actor.require(Permission::ActivateWorkers)?;
    let rule = rule(label).ok_or(SwitchError::NotFound)?;
    if let (Some(why), true) = (rule.locked, on) {
        return Err(SwitchError::Locked(why));
    }
    let now = app.now();
    app.store.write(|txn| {
        workers::find(txn, actor.workspace, worker)?.ok_or(SwitchError::NotFound)?;
        let figures = find_figures(txn, actor.workspace, worker, rule.label, engine)?;
        if on && !figures.allow_automatic() {
            return Err(SwitchError::NotEarned(figures));
        }
        workers::set_automatic(txn, actor, worker, (rule.label, engine), on, now)?;
        Ok(rule.label)
    })
}

fn rule(label: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.label == label)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audit;
    use crate::authz::Role;
    use crate::drafts::count_decision;
    use crate::language::classify::Label;
    use crate::testing::{self, TestApp};
    use crate::workers::WorkerForm;

    fn worker(test: &TestApp) -> WorkerId {
        let form = WorkerForm { name: "Lake District hotels".into(), ..WorkerForm::fresh("Nora") };
        let form = WorkerForm { limits: Default::default(), ..form };
        workers::create(&test.app, &test.owner, &form).unwrap().id
    }

    fn record(test: &TestApp, worker: WorkerId, label: &str, approved: u32, edited: u32) {
        record_of(test, worker, (label, ""), approved, edited);
    }

    fn record_of(test: &TestApp, worker: WorkerId, of: (&str, &str), approved: u32, edited: u32) {
        let figures = Figures { approved, edited, ..Figures::default() };
        let count = |known: &mut Figures| *known = figures;
        test.app.store.write(|txn| count_decision(txn, test.workspace, worker, of, count)).unwrap();
    }

    fn standing(test: &TestApp, worker: WorkerId, label: &str) -> Standing {
        let worker = workers::get(&test.app.store, test.workspace, worker).unwrap().unwrap();
        let all = autonomy_of(&test.app.store, test.workspace, &worker).unwrap();
        all.into_iter().find(|one| one.label == label).unwrap().standing
    }

    #[test]
    fn an_ai_service_earns_its_own_freedom_and_none_from_another_model() {
        let test = testing::app();
        let worker = worker(&test);
        let switch = |engine, on| switch_label(&test.app, &test.owner, worker, ("question", engine), on);
        record(&test, worker, "question", 30, 0);
        record_of(&test, worker, ("question", "OpenAI, a"), 18, 0);
        assert!(
            matches!(switch("OpenAI, a", true), Err(SwitchError::NotEarned(_))),
            "the built-in record is not its own"
        );
        record_of(&test, worker, ("question", "OpenAI, a"), 20, 1);
        switch("OpenAI, a", true).unwrap();
        assert!(matches!(switch("OpenAI, b", true), Err(SwitchError::NotEarned(_))), "another model begins anew");
        assert_eq!(standing(&test, worker, "question"), Standing::Ready, "the built-in engine was not switched");
        let worker = workers::get(&test.app.store, test.workspace, worker).unwrap().unwrap();
        let all = autonomy_of(&test.app.store, test.workspace, &worker).unwrap();
        let of_services: Vec<_> = all.iter().filter(|one| !one.engine.is_empty()).collect();
        assert_eq!(of_services.len(), 1);
        assert_eq!(of_services[0].standing, Standing::On(test.app.now()));
        assert_eq!(of_services[0].figures.words(), "19 of 20 approved as written, 1 edited");
    }

    #[test]
    fn every_label_of_the_classifier_has_its_rule() {
        for label in Label::ALL {
            assert!(rule(label.as_str()).is_some(), "{label}");
        }
        assert_eq!(RULES.len(), Label::ALL.len());
        assert!(is_locked("something_newer"), "what nobody has thought about stays with a person");
    }

    #[test]
    fn a_label_is_switched_on_once_its_record_is_good_and_that_is_audited() {
        let test = testing::app();
        let worker = worker(&test);
        let switch = |on| switch_label(&test.app, &test.owner, worker, ("question", ""), on);
        for (approved, edited) in [(0, 0), (19, 0), (30, 6)] {
            record(&test, worker, "question", approved, edited);
            assert!(matches!(switch(true), Err(SwitchError::NotEarned(_))), "{approved} approved, {edited} edited");
            assert_eq!(standing(&test, worker, "question"), Standing::Earning);
        }
        record(&test, worker, "question", 30, 5);
        assert_eq!(standing(&test, worker, "question"), Standing::Ready);
        switch(true).unwrap();
        assert_eq!(standing(&test, worker, "question"), Standing::On(test.app.now()));
        assert_eq!(standing(&test, worker, "interested"), Standing::Earning, "one label says nothing about another");

        test.app.clock.advance(Duration::from_secs(60));
        record(&test, worker, "question", 30, 29);
        switch(false).unwrap();
        assert_eq!(standing(&test, worker, "question"), Standing::Earning, "off needs no record");
        let trail = audit::list(&test.app.store, test.workspace, None, 10).unwrap().rows;
        let details: Vec<&str> = trail
            .iter()
            .filter(|entry| entry.act == "worker.autonomy_changed")
            .map(|entry| entry.detail.as_str())
            .collect();
        assert_eq!(details, ["question: a person decides", "question: leaves by itself"]);
    }

    #[test]
    fn what_is_locked_stays_locked_whatever_the_record_says() {
        let test = testing::app();
        let worker = worker(&test);
        for label in ["unsubscribe", "other", "not_interested", "out_of_office"] {
            record(&test, worker, label, 500, 0);
            let refused = switch_label(&test.app, &test.owner, worker, (label, ""), true);
            assert!(matches!(refused, Err(SwitchError::Locked(_))), "{label}");
            assert!(matches!(standing(&test, worker, label), Standing::Locked(_)), "{label}");
        }
    }

    #[test]
    fn only_who_may_switch_workers_changes_what_leaves_by_itself() {
        let test = testing::app();
        let worker = worker(&test);
        record(&test, worker, "question", 30, 0);
        for (role, may) in [(Role::Viewer, false), (Role::Agent, false), (Role::Admin, true), (Role::Owner, true)] {
            let actor = Actor { role, ..test.owner.clone() };
            assert_eq!(switch_label(&test.app, &actor, worker, ("question", ""), true).is_ok(), may, "{role:?}");
        }
        let elsewhere = testing::add_workspace(&test.app, "Elsewhere", "elsewhere");
        let stranger = Actor { workspace: elsewhere, ..test.owner.clone() };
        let refused = switch_label(&test.app, &stranger, worker, ("question", ""), false);
        assert!(matches!(refused, Err(SwitchError::NotFound)));
    }
}
