//! From taken time to the starts that it removes.

use super::model::{EventType, Taken};
use super::ranges::{merged, Millis, Range, MINUTE};

/// The time that must stay free of a new booking, its buffers counted in: the taken time, wider by the buffers of the
/// new one and, where it is a booking of this type, by its own.
pub fn block(event: &EventType, taken: &Taken) -> Range {
    let own = taken.booking.unwrap_or_default();
    Range::new(
        taken.start.as_millisecond() - (own.buffer_before + event.buffer_after) * MINUTE,
        taken.end.as_millisecond() + (own.buffer_after + event.buffer_before) * MINUTE,
    )
}

/// All that blocks, as blocks that are sorted and apart.
pub fn blocks<'a>(event: &EventType, taken: impl Iterator<Item = &'a Taken>) -> Vec<Range> {
    merged(taken.filter(|taken| is_there(taken)).map(|taken| block(event, taken)).collect())
}

/// It blocks, and has a length: what begins and ends at once takes no time.
pub fn is_there(taken: &Taken) -> bool {
    taken.blocks && taken.start < taken.end
}

/// The starts at which a booking would run into a block: those behind `start - duration` and before `end`.
pub fn forbidden(block: Range, duration: Millis) -> Range {
    // A start is a whole millisecond: "behind" is one later.
    Range::new(block.start - duration + 1, block.end)
}

/// A booking of a group event that has a seat left.
pub fn has_seat(event: &EventType, taken: &Taken) -> bool {
    let Some(seats) = event.seats else { return false };
    let held = taken.booking.and_then(|booking| booking.seats_taken);
    is_there(taken) && held.is_some_and(|held| held < seats) && length(taken) == event.duration * MINUTE
}

pub fn length(taken: &Taken) -> Millis {
    taken.end.as_millisecond() - taken.start.as_millisecond()
}
