//! What Microsoft's sign-in says when it lets nobody through, in plain words: whose turn it is, and what to do.
//!
//! The numbers stand in `error_description` as `AADSTS<number>:`. They help people and decide nothing else, because
//! Microsoft may change them. <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>

/// Why an answer without a code came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurdle {
    /// An administrator of the organisation has to allow the program first.
    NeedsAdministrator,
    /// An administrator keeps this person, device or place out.
    Policy,
    /// The operator of this server registered something wrongly.
    Registration,
}

const KNOWN: [(&str, Hurdle); 12] = [
    ("65001", Hurdle::NeedsAdministrator),
    ("90094", Hurdle::NeedsAdministrator),
    ("90093", Hurdle::NeedsAdministrator),
    ("900941", Hurdle::NeedsAdministrator),
    ("650056", Hurdle::Registration),
    ("50011", Hurdle::Registration),
    ("50194", Hurdle::Registration),
    ("700016", Hurdle::Registration),
    ("70011", Hurdle::Registration),
    ("50105", Hurdle::Policy),
    ("53003", Hurdle::Policy),
    ("53000", Hurdle::Policy),
];

/// The hurdle that a description names; `None` when it is another, such as the person's own no (AADSTS65004).
pub(super) fn hurdle_in(description: &str) -> Option<Hurdle> {
    let (_, rest) = description.split_once("AADSTS")?;
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    KNOWN.iter().find(|(known, _)| *known == number).map(|(_, hurdle)| *hurdle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microsofts_numbers_say_whose_turn_it_is() {
        let cases = [
            ("AADSTS65001: The user or administrator has not consented.", Some(Hurdle::NeedsAdministrator)),
            ("AADSTS90094: The grant requires admin permission.", Some(Hurdle::NeedsAdministrator)),
            ("AADSTS50105: not assigned to a role.", Some(Hurdle::Policy)),
            ("AADSTS50011: The redirect URI does not match.", Some(Hurdle::Registration)),
            ("AADSTS65004: User declined to consent.", None),
            ("access_denied", None),
        ];
        for (description, expected) in cases {
            assert_eq!(hurdle_in(description), expected, "{description}");
        }
    }
}
