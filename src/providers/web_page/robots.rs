//! robots.txt (RFC 9309): which of a site's paths we may read.

use std::time::Duration;

use super::ROBOT;

/// Rules kept of one file.
const MOST_RULES: usize = 1_000;
/// Longer patterns are no rules: comparing costs the pattern times the path.
const MOST_PATTERN_BYTES: usize = 2_048;
/// A pause that a site asks for (`Crawl-delay`, not in the RFC) is kept up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The rules for us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
    pause: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    pattern: String,
}

impl Robots {
    /// No rule: everything may be read.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Takes the groups that name us, all together; where none does, those for everybody (section 2.2.1).
    pub fn parse(text: &str) -> Self {
        let (mut own, mut general) = (Self::default(), Self::default());
        let (mut names_us, mut names_all, mut has_own, mut is_head) = (false, false, false, false);
        for line in text.trim_start_matches('\u{FEFF}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else { continue };
            let (field, value) = (field.trim().to_ascii_lowercase(), value.trim());
            if field == "user-agent" {
                if !is_head {
                    (names_us, names_all) = (false, false);
                }
                is_head = true;
                names_us |= product(value).eq_ignore_ascii_case(ROBOT);
                names_all |= value == "*";
                has_own |= names_us;
                continue;
            }
            is_head = false;
            if names_us {
                own.add(&field, value);
            }
            if names_all {
                general.add(&field, value);
            }
        }
        if has_own {
            own
        } else {
            general
        }
    }

    fn add(&mut self, field: &str, value: &str) {
        match field {
            "allow" | "disallow" if is_pattern(value) && self.rules.len() < MOST_RULES => {
                self.rules.push(Rule { allows: field == "allow", pattern: comparable(value) });
            }
            "crawl-delay" => {
                let seconds = value.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
                let longest = LONGEST_PAUSE.as_secs_f64();
                self.pause = seconds.map(|seconds| Duration::from_secs_f64(seconds.min(longest)));
            }
            _ => {}
        }
    }

    /// How long to wait between two calls, where the site says so.
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// `path` with its query, percent-encoded. The longest pattern that fits decides, and among equals the one that
    /// allows (section 2.2.2). robots.txt itself may always be read.
    pub fn allows(&self, path: &str) -> bool {
        if path == "/robots.txt" {
            return true;
        }
        let path = comparable(path);
        let fitting = self.rules.iter().filter(|rule| fits(rule.pattern.as_bytes(), path.as_bytes()));
        fitting.max_by_key(|rule| (rule.pattern.len(), rule.allows)).is_none_or(|rule| rule.allows)
    }
}

/// "Launchyard/1.0" -> "Launchyard".
fn product(value: &str) -> &str {
    value.split(|c: char| !(c.is_ascii_alphabetic() || c == '_' || c == '-')).next().unwrap_or_default()
}

/// An empty pattern says nothing.
fn is_pattern(value: &str) -> bool {
    !value.is_empty() && value.len() <= MOST_PATTERN_BYTES
}

/// As patterns and paths are compared (section 2.2.2): what is not ASCII encoded, what need not be encoded plain, and
/// one way of writing the rest.
fn comparable(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let encoded = encoded_at(bytes, at);
        at += if encoded.is_some() { 3 } else { 1 };
        match encoded {
            Some(value) if value.is_ascii_alphanumeric() || b"-._~".contains(&value) => out.push(char::from(value)),
            Some(value) => out.push_str(&format!("%{value:02X}")),
            None if byte.is_ascii() => out.push(char::from(*byte)),
            None => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The byte that `%` and two digits stand for.
fn encoded_at(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = bytes.get(at..at + 3)? else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Does `path` begin with the pattern? `*` stands for any run of characters, `$` at the end for the end (section 2.2.3).
/// Linear but for one place to go back to, whatever the pattern.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = match pattern {
        [body @ .., b'$'] => (body, true),
        body => (body, false),
    };
    let (mut p, mut s) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() && (!to_the_end || s == path.len()) {
            return true;
        }
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p + 1, s));
            p += 1;
        } else if p < pattern.len() && s < path.len() && pattern[p] == path[s] {
            (p, s) = (p + 1, s + 1);
        } else {
            match star {
                Some((after, from)) if from < path.len() => {
                    star = Some((after, from + 1));
                    (p, s) = (after, from + 1);
                }
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pattern_decides_and_a_tie_allows() {
        let text = "User-agent: *\nDisallow: /private\nAllow: /private/open\nDisallow: /*.pdf$\nDisallow: /a*b*c\n\
                    Allow: /tie\nDisallow: /tie\nDisallow:\n";
        let robots = Robots::parse(text);
        let cases = [
            ("/", true),
            ("/private", false),
            ("/private/x", false),
            ("/private/open/x", true),
            ("/price.pdf", false),
            ("/price.pdf?x=1", true),
            ("/a-1-b-2-c-3", false),
            ("/a-1-c", true),
            ("/tie", true),
            ("/robots.txt", true),
        ];
        for (path, expected) in cases {
            assert_eq!(robots.allows(path), expected, "{path}");
        }
    }

    #[test]
    fn a_group_that_names_us_counts_alone_and_groups_of_one_name_together() {
        let general = "User-agent: *\nDisallow: /\n";
        let own = "User-Agent: other\nuser-agent: LaunchYard/1.0 # us\nDisallow: /a\nCrawl-delay: 7\n\nUser-agent: *\nDisallow: /\n\nUser-agent: launchyard\nDisallow: /b\n";
        assert!(!Robots::parse(general).allows("/c"));
        let robots = Robots::parse(own);
        for (path, expected) in [("/a", false), ("/b", false), ("/c", true)] {
            assert_eq!(robots.allows(path), expected, "{path}");
        }
        assert_eq!(robots.pause(), Some(Duration::from_secs(7)));
        assert!(Robots::parse("User-agent: launchyard-evil\nDisallow: /\n").allows("/"), "another robot's name");
        assert_eq!(Robots::parse("User-agent: *\nCrawl-delay: 99999").pause(), Some(LONGEST_PAUSE));
        assert!(Robots::parse("<html>not a robots file</html>").allows("/"));
    }

    #[test]
    fn paths_are_compared_as_they_are_encoded() {
        let robots = Robots::parse("User-agent: *\nDisallow: /über\nDisallow: /%7Ename\nDisallow: /a%2fb\n");
        for (path, expected) in
            [("/%C3%BCber", false), ("/%c3%bcber/uns", false), ("/~name", false), ("/a%2Fb", false), ("/a/b", true)]
        {
            assert_eq!(robots.allows(path), expected, "{path}");
        }
        let long = format!("User-agent: *\nDisallow: /{}", "*".repeat(MOST_PATTERN_BYTES));
        assert!(Robots::parse(&long).allows("/a"));
    }

    #[test]
    fn a_pattern_made_to_cost_time_does_not() {
        let pattern = format!("/{}x$", "*a".repeat(500));
        let path = format!("/{}", "a".repeat(3_000));
        assert!(Robots::parse(&format!("User-agent: *\nDisallow: {pattern}")).allows(&path));
    }
}
