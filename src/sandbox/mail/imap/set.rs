//! Sets of numbers: `1,4:7,9:*` (RFC 3501 section 9, sequence-set).

pub(super) struct Set(Vec<(Bound, Bound)>);

#[derive(Clone, Copy)]
enum Bound {
    Number(u32),
    /// The highest number there is.
    Last,
}

impl Set {
    pub fn parse(text: &str) -> Option<Self> {
        let bound = |text: &str| match text {
            "*" => Some(Bound::Last),
            _ => text.parse().ok().map(Bound::Number),
        };
        let range = |part: &str| {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            Some((bound(from)?, bound(to)?))
        };
        text.split(',').map(range).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether it holds `number` when `last` is the highest. `9:*` is the same as `*:9`, so it always holds the last.
    pub fn holds(&self, number: u32, last: u32) -> bool {
        let value = |bound: Bound| match bound {
            Bound::Number(number) => number,
            Bound::Last => last,
        };
        self.0.iter().any(|(from, to)| {
            let (from, to) = (value(*from), value(*to));
            (from.min(to)..=from.max(to)).contains(&number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_to_the_end_always_holds_the_last_message() {
        let cases = [
            ("1:3", 2, 9, true),
            ("1:3", 4, 9, false),
            ("12:*", 9, 9, true),
            ("12:*", 8, 9, false),
            ("1,5", 5, 9, true),
        ];
        for (set, number, last, expected) in cases {
            assert_eq!(Set::parse(set).unwrap().holds(number, last), expected, "{set} {number}");
        }
        assert!(Set::parse("a:b").is_none());
    }
}
