//! What counts for a lead and against it, and how much, unless the workspace says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Points of one rule, either way.
pub const MOST: i32 = 100;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $points:literal, $words:literal;)+) => {
        /// One reason for points. Its word is what stands in storage, in forms and in `/v1`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rule {
            $($(#[$doc])* $name,)+
        }

        impl Rule {
            pub const ALL: &'static [Rule] = &[$(Rule::$name),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Rule::$name => $word),+ }
            }

            /// What is true of the lead, as a sentence.
            pub fn words(self) -> &'static str {
                match self { $(Rule::$name => $words),+ }
            }

            /// Points where the workspace has set none.
            pub fn usual_points(self) -> i32 {
                match self { $(Rule::$name => $points),+ }
            }
        }
    };
}

rules! {
    HasName = "has_name", 5, "The name is known.";
    HasCompany = "has_company", 10, "The company is known.";
    HasJobTitle = "has_job_title", 10, "The job title is known.";
    HasPhone = "has_phone", 5, "There is a phone number.";
    HasWebsite = "has_website", 5, "There is a web site.";
    GoodAddress = "good_address", 10, "The address was checked: its domain takes mail.";
    RoleAddress = "role_address", -15, "The address is an office’s, not a person’s.";
    DisposableAddress = "disposable_address", -40, "The address is from a service whose addresses soon end.";
    DoubtfulAddress = "doubtful_address", -20, "The address looks mistyped.";
    NoMail = "no_mail", -60, "The domain of the address takes no mail.";
    Interested = "interested", 40, "Answered with interest.";
    ProposedMeeting = "proposed_meeting", 45, "Proposed a time to meet.";
    Asked = "asked", 25, "Asked a question.";
    Later = "later", 10, "Wants to be asked again later.";
    Referred = "referred", 5, "Named a colleague instead.";
    NotInterested = "not_interested", -50, "Said no.";
    Booked = "booked", 50, "A meeting was booked.";
    CancelledMeeting = "cancelled_meeting", -20, "The meeting was cancelled.";
    Bounced = "bounced", -60, "A mail came back: nobody has this address.";
    Complained = "complained", -100, "Reported a mail as spam.";
    OptedOut = "opted_out", -100, "Must not be written to.";
}

impl Rule {
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.as_str() == word)
    }

    /// The rule for how an answer was read; what says nothing either way has none.
    pub fn of_label(label: &str) -> Option<Self> {
        Some(match label {
            "interested" => Self::Interested,
            "meeting_proposed" => Self::ProposedMeeting,
            "question" => Self::Asked,
            "later" => Self::Later,
            "referral" => Self::Referred,
            "not_interested" => Self::NotInterested,
            "unsubscribe" => Self::OptedOut,
            _ => return None,
        })
    }
}

/// A workspace's own points; a rule that is not in it has its usual ones, one with zero does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights(pub BTreeMap<Rule, i32>);

impl Weights {
    pub fn of(&self, rule: Rule) -> i32 {
        self.0.get(&rule).copied().unwrap_or(rule.usual_points())
    }

    /// Only what differs from the usual is kept, so that better usual points reach who never chose.
    pub fn from_all(points: &BTreeMap<Rule, i32>) -> Self {
        Self(points.iter().filter(|(rule, points)| rule.usual_points() != **points).map(|(r, p)| (*r, *p)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_known_by_its_word_and_says_a_whole_sentence() {
        for rule in Rule::ALL {
            assert_eq!(Rule::parse(rule.as_str()), Some(*rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
            assert!(rule.words().ends_with('.'), "{}", rule.words());
            assert!(rule.usual_points() != 0 && rule.usual_points().abs() <= MOST);
        }
    }

    #[test]
    fn a_workspace_keeps_only_what_it_chose_differently() {
        let mut all: BTreeMap<Rule, i32> = Rule::ALL.iter().map(|rule| (*rule, rule.usual_points())).collect();
        all.insert(Rule::HasPhone, 0);
        let weights = Weights::from_all(&all);
        assert_eq!(weights.0.len(), 1);
        assert_eq!((weights.of(Rule::HasPhone), weights.of(Rule::Booked)), (0, 50));
    }
}
