//! The held-out sets: what is measured on, and never learnt from.

/// Rows that neither training nor calibration ever sees: one file for each habit of writing.
pub struct HeldOut {
    pub file: &'static str,
    pub habit: &'static str,
    /// How far its figure can be trusted.
    pub history: &'static str,
}

/// All sets of held-out rows, in the order of the report.
pub const HELD_OUT: &[HeldOut] = &[
    HeldOut {
        file: "heldout/first.tsv",
        habit: "mixed registers",
        history: "looked at while lists and rows were written",
    },
    HeldOut {
        file: "heldout/thumbs.tsv",
        habit: "short, rude, misspelt, typed with thumbs",
        history: "looked at once, then rows of its kind were written",
    },
    HeldOut {
        file: "heldout/genres.tsv",
        habit: "quotes, signatures, automatic and legal texts, mixed languages, orders to the machine",
        history: "looked at once, then rows of its kind were written",
    },
    HeldOut {
        file: "heldout/business.tsv",
        habit: "long polite prose, hedges, sarcasm, conditions",
        history: "never looked into; its figures were seen several times while rows were written",
    },
    HeldOut {
        file: "heldout/last.tsv",
        habit: "everyday replies, plainly put",
        history: "written last and never looked into",
    },
];
