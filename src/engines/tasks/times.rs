//! Finding the times that a reply proposes. The program's own reader always reads too: where the two agree its answer is
//! used, where they do not a person looks.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{json, Value};

use super::{list_of, object, one_of, short, text, SCHEMA};
use crate::language::times::{Kind, Proposal, TimeContext, TimesFound, MAX_PROPOSALS};

pub const ROOM: u32 = 700;
/// A start may lie so long before the sending …
const BEFORE: Duration = Duration::from_secs(5 * 60);
/// … and so long after it.
const AFTER: Duration = Duration::from_secs(366 * 86_400);

pub const RULES: &str = "Find the meeting times that the writer of `reply` proposes or accepts. Relative words count from \
    `sent_at` in `sender_time_zone`; `your time` alone means `workspace_time_zone`; a zone that is named wins. A point in \
    time has kind exact and an empty end; a span in which any start is fine has kind window. Start and end are RFC 3339 in \
    UTC. A day without a time is the window 09:00-17:00; morning 09-12, afternoon 12-17, evening 17-20, noon is exactly \
    12:00. after X is X to 17:00, before X is 09:00 to X. An hour without am or pm: 1-6 is in the afternoon, 7-11 in the \
    morning. A bare weekday is the next one after the day of sending; next week is five day windows. `in N weeks`, a month \
    or a season is no proposal. Refused times, deadlines, opening hours, absences, prices, numbers and the past are no \
    proposals. `source_text` is the part of the reply, word for word. `ambiguous` is true where the words contradict each \
    other. `duration_minutes` is 0 unless a length is stated. At most 12 proposals, earliest first.";

pub fn shape() -> Value {
    let proposal = object(json!({
        "start": text(), "end": text(), "kind": one_of(&["exact", "window"]), "source_text": text(), "zone": text(),
        "ambiguous": {"type": "boolean"},
    }));
    object(json!({
        "proposals": list_of(proposal),
        "duration_minutes": {"type": "integer"},
        "booking_links": list_of(text()),
    }))
}

pub fn data(reply: &str, context: &TimeContext<'_>) -> Value {
    json!({
        "task": "extract_times",
        "reply": reply,
        "sent_at": context.sent_at.to_string(),
        "sender_time_zone": context.sender_zone_name,
        "workspace_time_zone": context.workspace_zone.iana_name().unwrap_or("UTC"),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    proposals: Vec<WireProposal>,
    duration_minutes: i64,
    booking_links: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireProposal {
    start: String,
    end: String,
    kind: String,
    source_text: String,
    zone: String,
    ambiguous: bool,
}

/// What may be used of an answer, beside what the program's own reader found (`own`).
pub fn read(
    answer: Value,
    reply: &str,
    context: &TimeContext<'_>,
    own: TimesFound,
    restore: &dyn Fn(&str) -> String,
) -> Result<TimesFound, String> {
    let wire: Wire = serde_json::from_value(answer).map_err(|_| SCHEMA.to_owned())?;
    if wire.proposals.len() > MAX_PROPOSALS || !(0..=1440).contains(&wire.duration_minutes) {
        return Err(SCHEMA.to_owned());
    }
    // Links are taken from the text by ourselves.
    drop(wire.booking_links);
    let found: Option<Vec<Proposal>> =
        wire.proposals.iter().map(|proposal| proposal_of(proposal, reply, context, restore)).collect();
    Ok(reconciled(own, found.ok_or_else(|| SCHEMA.to_owned())?))
}

fn proposal_of(
    wire: &WireProposal,
    reply: &str,
    context: &TimeContext<'_>,
    restore: &dyn Fn(&str) -> String,
) -> Option<Proposal> {
    let start: Timestamp = wire.start.parse().ok()?;
    let first = context.sent_at.checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
    // The day of sending is what a stranger wrote there.
    let last = context.sent_at.checked_add(AFTER).unwrap_or(Timestamp::MAX);
    let is_near = (first..=last).contains(&start);
    let (kind, end) = match (wire.kind.as_str(), wire.end.as_str()) {
        ("exact", "") => (Kind::Exact, None),
        ("window", end) => (Kind::Window, Some(end.parse::<Timestamp>().ok().filter(|end| *end > start)?)),
        _ => return None,
    };
    let source_text = restore(&wire.source_text);
    let stands_there = !source_text.trim().is_empty() && reply.contains(&source_text);
    let zone = short(&wire.zone, 40);
    (is_near && stands_there).then_some(Proposal { start, end, kind, source_text, zone, ambiguous: wire.ambiguous })
}

/// The same times: ours stand as they are. Otherwise everything that either found is for a person to look at.
fn reconciled(own: TimesFound, theirs: Vec<Proposal>) -> TimesFound {
    let instants = |proposals: &[Proposal]| {
        let mut all: Vec<_> = proposals.iter().map(|one| (one.start, one.end)).collect();
        all.sort();
        all.dedup();
        all
    };
    if instants(&own.proposals) == instants(&theirs) {
        return own;
    }
    let mut all = own.proposals.clone();
    all.extend(theirs.into_iter().filter(|one| !own.proposals.iter().any(|known| known.start == one.start)));
    all.sort_by_key(|one| (one.start, one.end));
    all.truncate(MAX_PROPOSALS);
    all.iter_mut().for_each(|one| one.ambiguous = true);
    TimesFound { proposals: all, ..own }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::language::times::read_times;

    const REPLY: &str = "How about Thursday at 10?";

    fn answered(reply: &str, proposal: Value) -> Result<TimesFound, String> {
        let zone = TimeZone::get("Europe/London").unwrap();
        let context = TimeContext {
            sent_at: "2026-11-24T10:00:00Z".parse().unwrap(),
            sender_zone: &zone,
            sender_zone_name: "Europe/London",
            workspace_zone: &zone,
            offered: &[],
        };
        let answer = json!({"proposals": [proposal], "duration_minutes": 0, "booking_links": ["https://evil.example"]});
        read(answer, reply, &context, read_times(reply, &context), &|text: &str| text.to_owned())
    }

    fn proposal(start: &str, end: &str, kind: &str, words: &str) -> Value {
        json!({"start": start, "end": end, "kind": kind, "source_text": words, "zone": "Europe/London", "ambiguous": false})
    }

    #[test]
    fn where_both_read_the_same_the_answer_is_sure_and_otherwise_a_person_looks() {
        let same = answered(REPLY, proposal("2026-11-26T10:00:00Z", "", "exact", "Thursday at 10")).unwrap();
        assert_eq!(same.proposals.len(), 1);
        assert!(!same.proposals[0].ambiguous && same.booking_links.is_empty());
        let other = answered(REPLY, proposal("2026-11-27T10:00:00Z", "", "exact", "Thursday at 10")).unwrap();
        assert_eq!(other.proposals.len(), 2);
        assert!(other.proposals.iter().all(|one| one.ambiguous));
    }

    #[test]
    fn a_mail_from_the_end_of_time_breaks_nothing() {
        let one: WireProposal = serde_json::from_value(proposal("2026-11-26T10:00:00Z", "", "exact", "at 10")).unwrap();
        for sent_at in [Timestamp::MIN, Timestamp::MAX] {
            let zone = TimeZone::UTC;
            let context = TimeContext {
                sent_at,
                sender_zone: &zone,
                sender_zone_name: "UTC",
                workspace_zone: &zone,
                offered: &[],
            };
            assert!(proposal_of(&one, "at 10", &context, &str::to_owned).is_none());
        }
    }

    #[test]
    fn a_time_that_breaks_a_rule_is_no_time() {
        let wrong = [
            proposal("2026-11-26T10:00:00Z", "", "exact", "Friday at 11"),
            proposal("2020-11-26T10:00:00Z", "", "exact", "Thursday at 10"),
            proposal("2028-11-26T10:00:00Z", "", "exact", "Thursday at 10"),
            proposal("2026-11-26T10:00:00Z", "2026-11-26T09:00:00Z", "window", "Thursday"),
            proposal("2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z", "exact", "Thursday"),
            proposal("Thursday", "", "exact", "Thursday"),
            proposal("2026-11-26T10:00:00Z", "", "guess", "Thursday"),
        ];
        for one in wrong {
            assert_eq!(answered(REPLY, one.clone()).unwrap_err(), SCHEMA, "{one}");
        }
    }
}
