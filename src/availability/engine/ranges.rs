//! Ranges of instants `[start, end)` in milliseconds, sorted and apart.

/// From 1970 on, UTC.
pub type Millis = i64;

pub const MINUTE: Millis = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub start: Millis,
    pub end: Millis,
}

impl Range {
    pub fn new(start: Millis, end: Millis) -> Self {
        Self { start, end }
    }

    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// Sorts, and makes one of those that overlap or touch.
pub fn merged(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable();
    let mut apart: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// What lies in both; each list is sorted and apart.
pub fn common(left: &[Range], right: &[Range]) -> Vec<Range> {
    let (mut left, mut right) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    let mut found = Vec::new();
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let both = Range::new(one.start.max(other.start), one.end.min(other.end));
        if !both.is_empty() {
            found.push(both);
        }
        if one.end <= other.end {
            left.next();
        } else {
            right.next();
        }
    }
    found
}

/// What of `from` lies outside `without`; each list is sorted and apart.
pub fn minus(from: &[Range], without: &[Range]) -> Vec<Range> {
    let mut left = Vec::with_capacity(from.len());
    let mut first = 0;
    for range in from {
        first += without[first..].iter().take_while(|gap| gap.end <= range.start).count();
        let mut start = range.start;
        for gap in without[first..].iter().take_while(|gap| gap.start < range.end) {
            if gap.start > start {
                left.push(Range::new(start, gap.start));
            }
            start = start.max(gap.end);
        }
        if start < range.end {
            left.push(Range::new(start, range.end));
        }
    }
    left
}

/// The range that holds `at`, in a list that is sorted and apart.
pub fn holding(ranges: &[Range], at: Millis) -> Option<&Range> {
    let behind = ranges.partition_point(|range| range.start <= at);
    ranges[..behind].last().filter(|range| at < range.end)
}
