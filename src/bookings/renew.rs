//! An offer that waited for longer than its times last: they are offered anew, as many as there were, from what is free
//! now. Words of the program are written anew with them; words of a person are not touched unless a person says so.

use super::consider::{case_again, offer_of, Case};
use super::decide::WhyOffer;
use super::situation::Situation;
use super::slots::{self, Slots};
use super::words::{why_of, Language};
use crate::app::{App, Renewed};
use crate::audit::{self, Who};
use crate::availability::{FreeTimes, Rules, Span, WhyNot};
use crate::base::{DraftId, UnixMillis, WorkspaceId};
use crate::drafts::{self, Draft, Intent};
use crate::store::StoreError;
use crate::workers::Meeting;

/// What is known of the offered times at this moment.
struct Looked {
    /// Of each offered time, whether it has passed or cannot be taken any more.
    gone: Vec<bool>,
    /// What can be offered instead; those that are free still are among them.
    free: Vec<Span>,
}

/// Offers the times of a draft anew where one of them has passed or is taken. `insists`: a person wants it written anew,
/// whatever stands there.
pub fn renew(app: &App, workspace: WorkspaceId, id: DraftId, insists: bool) -> Result<Renewed, StoreError> {
    let now = app.now();
    let offers = |draft: &Draft| draft.intent == Intent::Meeting && !draft.offered.is_empty();
    let found = drafts::get(&app.store, workspace, id)?;
    let Some(draft) = found.filter(|draft| offers(draft) && draft.is_pending() && !draft.is_over(now)) else {
        return Ok(Renewed::Stands);
    };
    let case = draft.reply.map(|reply| case_again(app, workspace, reply)).transpose()?.flatten();
    let looked = match &case {
        Some(case) => look(app, case, &draft)?,
        None => Looked { gone: passed(&draft, now), free: Vec::new() },
    };
    let is_edited = draft.final_text() != draft.text;
    if !insists {
        let Some(still) = still_offered(&draft, &looked.gone) else { return Ok(Renewed::Stands) };
        if is_edited {
            let words =
                format!("{still} It was edited, so it is not written anew by itself: write it anew, or change it.");
            return Ok(Renewed::Stuck(words));
        }
    }
    match case.filter(|_| !looked.free.is_empty()) {
        Some(case) => write_anew(app, &case, &draft, &looked.free),
        None => {
            Ok(Renewed::Stuck("Of its times some have passed or are taken, and no other can be offered now.".into()))
        }
    }
}

fn passed(draft: &Draft, now: UnixMillis) -> Vec<bool> {
    draft.offered.iter().map(|(start, _)| *start <= now).collect()
}

/// Why it cannot leave as it stands; `None`: it can. Words of a person offer what of the list they have kept, and where
/// they kept none of it, what has not passed when they were written.
fn still_offered(draft: &Draft, gone: &[bool]) -> Option<String> {
    if !gone.contains(&true) {
        return None;
    }
    if draft.final_text() == draft.text {
        return Some("Times that it offers have passed or are taken.".to_owned());
    }
    let named = draft.named_times();
    if named.iter().any(|is_named| *is_named) {
        let at = gone.iter().zip(&named).position(|(gone, named)| *gone && *named)?;
        return Some(match draft.offered_words().get(at) {
            Some(words) => format!("“{words}”, which it still offers, has passed or is taken."),
            None => "A time that it still offers has passed or is taken.".to_owned(),
        });
    }
    let seen = draft.edited_at?;
    let since = draft.offered.iter().zip(gone).any(|((start, _), gone)| *gone && *start > seen);
    since.then(|| "Times that it was about have passed or are taken since it was edited.".to_owned())
}

fn look(app: &App, case: &Case, draft: &Draft) -> Result<Looked, StoreError> {
    let now = app.now();
    let starts: Vec<UnixMillis> = draft.offered.iter().map(|(start, _)| *start).collect();
    let minutes = draft.offered.first().map_or(0, |(start, end)| end.since(*start).as_secs() / 60);
    let minutes = u32::try_from(minutes).unwrap_or_default();
    let workspace = draft.workspace;
    let near = |times: &dyn FreeTimes, within| times.near(&starts, within, &case.clocks.guest, starts.len());
    let is_over = |start: &UnixMillis| *start <= now;
    match slots::event_of(app, workspace, case.worker.as_ref())? {
        Some(Ok(event)) => {
            let slots = Slots::read(app, &event, minutes, &starts, &case.clocks.guest, case.upcoming.as_ref())?;
            let mut gone = Vec::new();
            for start in &starts {
                // The notice goes before what is taken; so all that speaks against it is asked for.
                let all = slots::objections(app, &event, *start, minutes, case.upcoming.as_ref())?;
                gone.push(is_over(start) || all.iter().chain(slots.check(*start).err().iter()).any(takes_away));
            }
            Ok(Looked { gone, free: near(&slots, slots.range) })
        }
        // Nothing can be booked on it at all.
        Some(Err(_)) => Ok(Looked { gone: vec![true; starts.len()], free: Vec::new() }),
        None => {
            let meeting = case.worker.as_ref().map(|worker| worker.meeting.clone()).unwrap_or_default();
            let rules = Rules::of(&Meeting { minutes, ..meeting });
            let calendar = case.worker.as_ref().and_then(|worker| worker.calendar);
            let situation = Situation::read(app, workspace, calendar, rules, &starts, case.upcoming.as_ref())?;
            let diary = situation.diary();
            let is_gone = |start: &UnixMillis| is_over(start) || diary.objections(*start).any(|why| takes_away(&why));
            Ok(Looked { gone: starts.iter().map(is_gone).collect(), free: near(&diary, situation.range) })
        }
    }
}

/// A calendar that cannot be read now tells nothing against a time; and what was offered with enough notice may be taken
/// with less, as far as a person sees to it.
fn takes_away(why: &WhyNot) -> bool {
    !matches!(why, WhyNot::Unknown { .. } | WhyNot::TooSoon)
}

fn write_anew(app: &App, case: &Case, draft: &Draft, free: &[Span]) -> Result<Renewed, StoreError> {
    let (now, workspace) = (app.now(), draft.workspace);
    let why = match why_of(Language::of(&draft.language), &draft.text) {
        WhyOffer::YouChoose => WhyOffer::YouChoose,
        // The one time that was only to be confirmed is not free any more.
        WhyOffer::NotFree | WhyOffer::ToConfirm => WhyOffer::NotFree,
    };
    let event = slots::event_of(app, workspace, case.worker.as_ref())?.and_then(Result::ok);
    let fresh = drafts::rehearse(app, &offer_of(app, case, event.as_ref(), (free, why), now)?)?;
    app.store.write(|txn| {
        let current = drafts::find(txn, workspace, draft.id)?;
        // Somebody has changed it or decided about it meanwhile.
        let Some(current) = current.filter(|current| current == draft) else { return Ok(Renewed::Stands) };
        let anew = Draft {
            language: fresh.language.clone(),
            text: fresh.text.clone(),
            edited_text: None,
            edited_at: None,
            offered: fresh.offered.clone(),
            sources: fresh.sources.clone(),
            ungrounded: fresh.ungrounded.clone(),
            needs_person: fresh.needs_person.clone(),
            ..current
        };
        drafts::put(txn, &anew)?;
        let who = Who::System("Offers times anew".to_owned());
        let detail = format!("{} free times offered, as others had passed or were taken", free.len());
        audit::record(txn, workspace, now, &who, "times.offered", &format!("draft {}", draft.id), &detail)?;
        Ok(Renewed::Anew)
    })
}
