//! An offer that waited for longer than its times last: they are offered anew, as many as there were, from what is free
//! now. Words of the program are written anew with them; words of a person are not touched unless a person says so.

use jiff::tz::TimeZone;

use super::consider::{case_again, offer_of, Case};
use super::decide::{apart, open_starts, WhyOffer};
use super::model::{Booking, State};
use super::of_contact::next_ahead;
use super::situation::Situation;
use super::slots::{self, Slots};
use super::still_free::{is_offer_taken, minutes_between};
use super::words::{why_of, Language};
use crate::app::{App, Occasion, Offer, Renewed};
use crate::audit::{self, Who};
use crate::availability::{FreeTimes, Rules, Span, WhyNot};
use crate::base::{DraftId, UnixMillis, WorkspaceId};
use crate::drafts::{self, Draft, Intent};
use crate::messaging::ProposedTime;
use crate::store::StoreError;
use crate::workers::Meeting;

/// What is known of the offered times at this moment.
struct Looked {
    /// Of each offered time, whether it has passed or cannot be taken any more.
    gone: Vec<bool>,
    /// What can be offered instead, and why; those that are free still are among them.
    anew: (Vec<Span>, WhyOffer),
}

/// Why times were offered, and what the guest had named.
struct Wished<'a> {
    why: WhyOffer,
    times: &'a [ProposedTime],
    /// What was offered.
    starts: &'a [UnixMillis],
    /// What cannot be offered in answer to it: the very times that the guest had named, and the one that a person of
    /// ours has declined.
    refused: Vec<UnixMillis>,
    guest: &'a TimeZone,
}

/// Free times without some that must not be offered.
struct Without<'a> {
    times: &'a dyn FreeTimes,
    refused: &'a [UnixMillis],
}

/// Offers the times of a draft anew where one of them has passed or is taken, or where a person wants it, whatever stands
/// there.
pub fn renew(app: &App, workspace: WorkspaceId, id: DraftId, occasion: Occasion) -> Result<Renewed, StoreError> {
    match drafts::get(&app.store, workspace, id)? {
        Some(draft) => renew_as_read(app, &draft, occasion),
        None => Ok(Renewed::Stands),
    }
}

/// The same of a draft as it was read; nothing is written where it is another by now.
pub(super) fn renew_as_read(app: &App, draft: &Draft, occasion: Occasion) -> Result<Renewed, StoreError> {
    let (now, workspace) = (app.now(), draft.workspace);
    let offers = draft.intent == Intent::Meeting && !draft.offered.is_empty();
    if !offers || !draft.is_pending() || draft.is_over(now) {
        return Ok(Renewed::Stands);
    }
    let case = draft.reply.map(|reply| case_again(app, workspace, reply)).transpose()?.flatten();
    let looked = match &case {
        Some(case) => look(app, case, draft, occasion)?,
        None => Looked { gone: gone_for_the_gate(app, draft, now)?, anew: (Vec::new(), WhyOffer::NotFree) },
    };
    let is_edited = draft.final_text() != draft.text;
    if occasion != Occasion::Wanted {
        let Some(still) = still_offered(draft, &looked.gone) else { return Ok(Renewed::Stands) };
        if is_edited {
            let words =
                format!("{still} It was edited, so it is not written anew by itself: write it anew, or change it.");
            return Ok(Renewed::Stuck(words));
        }
    }
    match case.filter(|_| !looked.anew.0.is_empty()) {
        Some(case) => write_anew(app, &case, draft, &looked.anew),
        None => {
            Ok(Renewed::Stuck("Of its times some have passed or are taken, and no other can be offered now.".into()))
        }
    }
}

/// Of a draft that nothing can be written for anew (its answer was read in another way since): what the gate would stop
/// it for, so that it is told here and does not come back from there.
fn gone_for_the_gate(app: &App, draft: &Draft, now: UnixMillis) -> Result<Vec<bool>, StoreError> {
    let (workspace, contact, worker) = (draft.workspace, draft.contact, draft.worker);
    app.store.read(|txn| {
        let mut gone = passed(draft, now);
        for (is_gone, time) in gone.iter_mut().zip(&draft.offered) {
            let offer = Offer { workspace, contact, worker, times: std::slice::from_ref(time) };
            *is_gone |= is_offer_taken(app, txn, &offer)?;
        }
        Ok(gone)
    })
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

fn look(app: &App, case: &Case, draft: &Draft, occasion: Occasion) -> Result<Looked, StoreError> {
    let (now, workspace, is_shown) = (app.now(), draft.workspace, occasion == Occasion::Shown);
    let starts: Vec<UnixMillis> = draft.offered.iter().map(|(start, _)| *start).collect();
    let minutes = draft.offered.first().map_or(0, |(start, end)| minutes_between(*start, *end));
    let wished = wished(app, case, draft, &starts)?;
    // What the guest had named is looked at as well: the times of a window may be free again.
    let around: Vec<UnixMillis> = starts.iter().copied().chain(wished.times.iter().map(|time| time.start)).collect();
    let is_over = |start: &UnixMillis| *start <= now;
    match slots::event_of(app, workspace, case.worker.as_ref())? {
        Some(Ok(event)) => {
            let mut slots = Slots::known(app, &event, minutes, &around, &case.clocks.guest, case.upcoming.as_ref())?;
            if !is_shown {
                slots.ask(app, &starts)?;
            }
            let mut gone = Vec::new();
            for start in &starts {
                // The notice goes before what is taken; so all that speaks against it is asked for.
                let all = slots::objections(app, &event, *start, minutes, case.upcoming.as_ref())?;
                gone.push(is_over(start) || all.iter().chain(slots.check(*start).err().iter()).any(takes_away));
            }
            Ok(wished.looked(gone, &slots, slots.range))
        }
        // Nothing can be booked on it at all.
        Some(Err(_)) => Ok(Looked { gone: vec![true; starts.len()], anew: (Vec::new(), wished.why) }),
        None => {
            let meeting = case.worker.as_ref().map(|worker| worker.meeting.clone()).unwrap_or_default();
            let rules = Rules::of(&Meeting { minutes, ..meeting });
            let calendar = case.worker.as_ref().and_then(|worker| worker.calendar);
            let read = if is_shown { Situation::known } else { Situation::read };
            let situation = read(app, workspace, calendar, rules, &around, case.upcoming.as_ref())?;
            let diary = situation.diary();
            let is_gone = |start: &UnixMillis| is_over(start) || diary.objections(*start).any(|why| takes_away(&why));
            Ok(wished.looked(starts.iter().map(is_gone).collect(), &diary, situation.range))
        }
    }
}

fn wished<'a>(app: &App, case: &'a Case, draft: &Draft, starts: &'a [UnixMillis]) -> Result<Wished<'a>, StoreError> {
    let (now, times) = (app.now(), &case.reading.times);
    let is_declined = |booking: &Booking| {
        booking.reply == draft.reply && draft.reply.is_some() && matches!(booking.state, State::Cancelled { .. })
    };
    let declined = app.store.read(|txn| next_ahead(txn, draft.workspace, draft.contact, now, is_declined))?;
    let exact = times.iter().filter(|time| time.end.is_none()).map(|time| time.start);
    Ok(Wished {
        why: why_of(Language::of(&draft.language), &draft.text),
        times,
        starts,
        refused: exact.chain(declined.map(|booking| booking.start)).collect(),
        guest: &case.clocks.guest,
    })
}

impl Wished<'_> {
    fn looked(&self, gone: Vec<bool>, times: &dyn FreeTimes, within: Span) -> Looked {
        let all_stand = !gone.contains(&true);
        let anew = match self.why {
            WhyOffer::ToConfirm if all_stand => (self.starts.iter().map(|at| times.span(*at)).collect(), self.why),
            WhyOffer::YouChoose if !self.names_windows() => {
                (times.near(self.starts, within, self.guest, self.starts.len()), self.why)
            }
            WhyOffer::YouChoose => match self.in_windows(times) {
                free if free.is_empty() => self.others(times, within),
                free => (free, self.why),
            },
            // Nor is the one time that was only to be confirmed.
            WhyOffer::NotFree | WhyOffer::ToConfirm => self.others(times, within),
        };
        Looked { gone, anew }
    }

    fn names_windows(&self) -> bool {
        self.times.iter().any(|time| time.end.is_some())
    }

    /// Free times inside what the guest had named ("Thursday afternoon"), close to what was offered.
    fn in_windows(&self, times: &dyn FreeTimes) -> Vec<Span> {
        let windows = self.times.iter().filter(|time| time.end.is_some());
        let mut free: Vec<Span> = windows.flat_map(|window| open_starts(window, self.guest, times)).collect();
        let distance = |span: &Span| self.starts.iter().map(|at| at.0.abs_diff(span.start.0)).min().unwrap_or(0);
        free.sort_by_key(|span| (distance(span), span.start));
        apart(&free, self.starts.len())
    }

    /// Times close to what was offered, as what the guest had named cannot be had.
    fn others(&self, times: &dyn FreeTimes, within: Span) -> (Vec<Span>, WhyOffer) {
        let left = Without { times, refused: &self.refused };
        (left.near(self.starts, within, self.guest, self.starts.len()), WhyOffer::NotFree)
    }
}

impl FreeTimes for Without<'_> {
    fn check(&self, start: UnixMillis) -> Result<Span, WhyNot> {
        self.times.check(start)
    }

    fn span(&self, start: UnixMillis) -> Span {
        self.times.span(start)
    }

    fn unknown(&self) -> Option<WhyNot> {
        self.times.unknown()
    }

    fn free_slots(&self, window: Span, limit: usize) -> Vec<Span> {
        let free = self.times.free_slots(window, usize::MAX).into_iter();
        free.filter(|span| !self.refused.contains(&span.start)).take(limit).collect()
    }
}

/// A calendar that cannot be read now tells nothing against a time; and what was offered with enough notice may be taken
/// with less, as far as a person sees to it.
fn takes_away(why: &WhyNot) -> bool {
    !matches!(why, WhyNot::Unknown { .. } | WhyNot::TooSoon)
}

fn write_anew(
    app: &App,
    case: &Case,
    draft: &Draft,
    (free, why): &(Vec<Span>, WhyOffer),
) -> Result<Renewed, StoreError> {
    let (now, workspace) = (app.now(), draft.workspace);
    let event = slots::event_of(app, workspace, case.worker.as_ref())?.and_then(Result::ok);
    let fresh = drafts::rehearse(app, &offer_of(app, case, event.as_ref(), (free, *why), now)?)?;
    app.store.write(|txn| {
        let current = drafts::find(txn, workspace, draft.id)?;
        let Some(current) = current.filter(|current| current == draft) else { return Ok(Renewed::Overtaken) };
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
