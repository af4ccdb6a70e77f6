//! Feedback reports, RFC 5965, with the types of RFC 6430 and RFC 6591.

use crate::channels::email::header_block::HeaderBlock;

/// What a `message/feedback-report` part states.
#[derive(Debug, Default)]
pub struct FeedbackReport {
    /// Lower case: abuse, fraud, opt-out, other, virus, not-spam, auth-failure …
    pub kind: String,
    pub recipients: Vec<String>,
    pub original_envelope_id: Option<String>,
}

impl FeedbackReport {
    pub fn read(text: &str) -> Self {
        let fields = HeaderBlock::parse_text(text);
        let recipients = ["original-rcpt-to", "removal-recipient", "redacted-address"]
            .iter()
            .map(|name| fields.addresses(name))
            .find(|addresses| !addresses.is_empty())
            .unwrap_or_default();
        Self {
            kind: fields.get("feedback-type").unwrap_or("abuse").trim().to_lowercase(),
            recipients,
            original_envelope_id: fields.get("original-envelope-id").map(str::to_owned),
        }
    }

    /// A person does not want this mail. Reports on authentication, viruses and false alarms are none.
    pub fn is_complaint(&self) -> bool {
        !matches!(self.kind.as_str(), "auth-failure" | "dkim" | "not-spam" | "virus" | "dmarc")
    }
}
