//! What stands in the forms, as typed or as it is kept.

use std::collections::BTreeMap;

use crate::base::WorkerId;
use crate::engines::model::{Caps, Settings, Task};
use crate::engines::money;
use crate::engines::setup::{BudgetsForm, KeyForm, ModelsForm};
use crate::workers::Worker;

type Pairs = [(String, String)];

fn typed<'p>(pairs: &'p Pairs, name: &str) -> &'p str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// A key is never among what comes back.
#[derive(Clone, Default)]
pub struct KeyFields {
    pub service: String,
    pub base: String,
}

impl KeyFields {
    pub fn of_form(form: &KeyForm) -> Self {
        Self { service: form.service.clone(), base: form.base.clone() }
    }

    pub fn of(settings: Option<&Settings>) -> Self {
        match settings {
            Some(settings) => Self { service: settings.service.as_str().to_owned(), base: settings.base.clone() },
            None => Self { service: "anthropic".to_owned(), base: String::new() },
        }
    }
}

#[derive(Clone, Default)]
pub struct ModelFields {
    pub models: BTreeMap<Task, String>,
    pub prices: Vec<PriceRow>,
    pub currency: String,
}

#[derive(Clone, Default)]
pub struct PriceRow {
    pub model: String,
    pub input: String,
    pub output: String,
}

impl ModelFields {
    pub fn of(settings: &Settings) -> Self {
        let row = |(model, price): (&String, &crate::engines::model::Price)| PriceRow {
            model: model.clone(),
            input: money::figure(price.input),
            output: money::figure(price.output),
        };
        let prices = settings.prices.iter().map(row).collect();
        Self { models: settings.models.clone(), prices, currency: settings.currency.clone() }.with_rows()
    }

    pub fn of_pairs(pairs: &Pairs) -> Self {
        let all =
            |name: &str| pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect();
        let (models, inputs, outputs): (Vec<String>, Vec<String>, Vec<String>) =
            (all("price_model"), all("price_input"), all("price_output"));
        let rows = models.into_iter().zip(inputs).zip(outputs);
        let rows = rows.map(|((model, input), output)| PriceRow { model, input, output });
        let of_task = |task: Task| (task, typed(pairs, &format!("model_{}", task.as_str())).trim().to_owned());
        Self {
            models: Task::ALL.into_iter().map(of_task).collect(),
            prices: rows.filter(|row| !row.model.trim().is_empty()).collect(),
            currency: typed(pairs, "currency").to_owned(),
        }
        .with_rows()
    }

    /// A row for every model in use, so that its price can be given.
    fn with_rows(mut self) -> Self {
        for model in self.models.values().filter(|model| !model.is_empty()) {
            if !self.prices.iter().any(|row| row.model.trim() == *model) {
                self.prices.push(PriceRow { model: model.clone(), ..PriceRow::default() });
            }
        }
        self
    }

    pub fn form(&self) -> ModelsForm {
        let row = |row: &PriceRow| (row.model.clone(), row.input.clone(), row.output.clone());
        ModelsForm {
            models: self.models.clone(),
            prices: self.prices.iter().map(row).collect(),
            currency: self.currency.clone(),
        }
    }

    /// What is typed for a task.
    pub fn model(&self, task: Task) -> String {
        self.models.get(&task).cloned().unwrap_or_default()
    }
}

/// Day and month, as typed.
pub type CapFields = (String, String);

#[derive(Clone, Default)]
pub struct BudgetFields {
    pub workspace: CapFields,
    pub each_worker: CapFields,
    pub workers: Vec<WorkerRow>,
}

#[derive(Clone)]
pub struct WorkerRow {
    pub id: WorkerId,
    pub name: String,
    pub day: String,
    pub month: String,
}

fn shown(caps: Caps) -> CapFields {
    (money::figure(caps.day), money::figure(caps.month))
}

impl BudgetFields {
    pub fn of(settings: &Settings, workers: &[Worker]) -> Self {
        let row = |worker: &Worker| {
            let (day, month) = settings.own_caps.get(&worker.id).map(|caps| shown(*caps)).unwrap_or_default();
            WorkerRow { id: worker.id, name: worker.name.clone(), day, month }
        };
        Self {
            workspace: shown(settings.caps),
            each_worker: shown(settings.worker_caps),
            workers: workers.iter().map(row).collect(),
        }
    }

    pub fn of_pairs(pairs: &Pairs, workers: &[Worker]) -> Self {
        let both = |name: &str| {
            (typed(pairs, &format!("{name}_day")).to_owned(), typed(pairs, &format!("{name}_month")).to_owned())
        };
        let row = |worker: &Worker| {
            let (day, month) = both(&worker.id.to_string());
            WorkerRow { id: worker.id, name: worker.name.clone(), day, month }
        };
        Self {
            workspace: both("workspace"),
            each_worker: both("each_worker"),
            workers: workers.iter().map(row).collect(),
        }
    }

    pub fn form(&self) -> BudgetsForm {
        let row = |row: &WorkerRow| (row.id, row.day.clone(), row.month.clone());
        BudgetsForm {
            workspace: self.workspace.clone(),
            each_worker: self.each_worker.clone(),
            workers: self.workers.iter().map(row).collect(),
        }
    }
}
