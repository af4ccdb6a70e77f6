//! The workspace's service as an engine: what leaves is cut down and cleaned, what comes back is taken apart.

use jiff::tz::TimeZone;

use super::call::{Line, Put};
use super::model::Task;
use super::tasks::{self, classify, draft, times};
use crate::language::classify::{without_orders, Classification, Label, OtherKind, ReplyInput};
use crate::language::draft::write;
use crate::language::engine::{Answer, Brief, Embedded, Engine, NoUse, Question, Text};
use crate::language::redact::Redactor;
use crate::language::times::{TimeContext, TimesFound};

/// What stands whatever a service would say, so it is not asked: an opt-out, a report about delivery, an absence, and
/// whatever a machine wrote. These are matters of law and of the mailbox's standing.
pub fn is_binding(own: &Classification, is_automatic: bool) -> bool {
    let is_report = matches!(own.other_kind, Some(OtherKind::BounceHard | OtherKind::BounceSoft | OtherKind::AutoAck));
    is_automatic || is_report || matches!(own.label, Label::Unsubscribe | Label::OutOfOffice)
}

/// A text from outside as it leaves: without orders to the machine, without what is hidden, secrets and addresses out.
fn cleaned(text: &str, redactor: &mut Redactor) -> String {
    redactor.hide(&tasks::visible(&without_orders(text)))
}

impl Engine for Line<'_> {
    /// What the embedded engine says first is binding where it has to be, and the measure of the rest.
    fn classify_reply(&self, input: &ReplyInput<'_>) -> Result<Classification, NoUse> {
        let own = Embedded.classify_reply(input)?;
        if is_binding(&own, false) {
            return Ok(own);
        }
        let mut redactor = Redactor::default();
        let reply = cleaned(input.text, &mut redactor);
        let zone = input.zone.cloned().unwrap_or(TimeZone::UTC);
        let sent_on = input.sent_at.map(|at| at.to_zoned(zone).date());
        let data = classify::data(&reply, &own.language, sent_on);
        let (system, shape) = (tasks::system(classify::RULES), classify::shape());
        let put = Put { task: Task::Classify, system: &system, data: &data, shape: &shape, room: classify::ROOM };
        self.ask(&put, |answer| classify::read(answer, input, &own, &|text| redactor.restore(text)))
    }

    fn extract_times(&self, text: &str, context: &TimeContext<'_>) -> Result<TimesFound, NoUse> {
        let own = Embedded.extract_times(text, context)?;
        let mut redactor = Redactor::default();
        let reply = cleaned(text, &mut redactor);
        let data = times::data(&reply, context);
        let (system, shape) = (tasks::system(times::RULES), times::shape());
        let put = Put { task: Task::Times, system: &system, data: &data, shape: &shape, room: times::ROOM };
        self.ask(&put, |answer| times::read(answer, text, context, own.clone(), &|text| redactor.restore(text)))
    }

    fn draft(&self, brief: &Brief<'_>) -> Result<Option<Text>, NoUse> {
        // Our own wording says which facts are needed and how a date is written; where it is missing one, so is this.
        let Some(own) = write(brief.purpose, brief.language, &brief.facts) else { return Ok(None) };
        let mut redactor = Redactor::default();
        let reply = cleaned(brief.reply, &mut redactor);
        let intent = draft::intent_of(brief.purpose);
        let asked = (intent, reply.as_str(), brief.language);
        let mut data = draft::data(asked, &brief.facts, &own.date_words, brief.passages, &mut redactor);
        if !brief.guidelines.is_empty() {
            data["guidelines"] = redactor.hide(brief.guidelines).into();
        }
        let (system, shape) = (tasks::system(draft::RULES), draft::shape());
        let put = Put { task: Task::Draft, system: &system, data: &data, shape: &shape, room: draft::ROOM };
        let written = self.ask(&put, |answer| {
            draft::read(answer, (intent, brief.language), brief.passages.len(), &redactor).and_then(|written| {
                if written.body.is_empty() {
                    Err("refusal".to_owned())
                } else {
                    Ok(written)
                }
            })
        })?;
        Ok(Some(Text {
            body: written.body,
            language: brief.language.to_owned(),
            template: own.template,
            date_words: own.date_words,
            used: written.used,
            needs_person: written.needs_person,
        }))
    }

    fn answer_from_snippets(&self, question: &Question<'_>) -> Result<Option<Answer>, NoUse> {
        if question.passages.is_empty() {
            return Ok(None);
        }
        let mut redactor = Redactor::default();
        let reply = cleaned(question.text, &mut redactor);
        let data = draft::question(&reply, question.language, question.passages, &mut redactor);
        let (system, shape) = (tasks::system(draft::ANSWER_RULES), draft::shape());
        let put = Put { task: Task::Answer, system: &system, data: &data, shape: &shape, room: draft::ROOM };
        let written = self.ask(&put, |answer| {
            draft::read(answer, ("answer_faq", question.language), question.passages.len(), &redactor)
        })?;
        // Without a snippet it would be a guess (G6).
        let is_answer = !written.body.is_empty() && !written.used.is_empty();
        Ok(is_answer.then_some(Answer { text: written.body, used: written.used, needs_person: written.needs_person }))
    }
}
