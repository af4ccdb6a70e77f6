//! What a reply's header fields say about who wrote it: a person, or a machine.
//!
//! Headers decide between automatic and human; the text decides what kind. The absence of a
//! header proves nothing, since many responders set none.

/// The facts of RFC 3834 (automatic responses), RFC 3464 (delivery reports) and their unofficial
/// relatives, as found in one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyHeaders {
    /// `Auto-Submitted` with any value but `no` (RFC 3834 section 5).
    pub auto_submitted: bool,
    /// `X-Autoreply`, `X-Autorespond`, `Precedence: auto_reply`, or a responder's subject line.
    pub auto_reply: bool,
    /// `X-Auto-Response-Suppress`: set by responders, but also on some people's mail.
    pub response_suppressed: bool,
    /// `Precedence: bulk|junk|list`.
    pub bulk: bool,
    /// `List-Id` or `List-Unsubscribe`: came through a list.
    pub list: bool,
    /// `Return-Path: <>` or a `MAILER-DAEMON` sender: the mail system itself is writing.
    pub null_sender: bool,
    /// `multipart/report; report-type=delivery-status` (RFC 3464 section 2).
    pub delivery_report: bool,
    /// First digit of an RFC 3463 status (2, 4 or 5) when a `Status:` field was handed over.
    pub status_class: Option<u8>,
}

impl ReplyHeaders {
    /// Reads header fields in any order and letter case; unknown fields are ignored. A caller that
    /// has parsed a delivery report may pass its `Status` field along with the message's own.
    pub fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut facts = Self::default();
        for (name, value) in pairs {
            facts.read(&name.trim().to_ascii_lowercase(), &value.trim().to_ascii_lowercase());
        }
        facts
    }

    fn read(&mut self, name: &str, value: &str) {
        match name {
            "auto-submitted" => self.auto_submitted |= !value.is_empty() && !value.starts_with("no"),
            "x-autoreply" | "x-autorespond" | "x-autoresponder" => self.auto_reply |= value != "no",
            "x-auto-response-suppress" => self.response_suppressed |= !value.is_empty() && value != "none",
            "precedence" if value.contains("auto") => self.auto_reply = true,
            "precedence" => self.bulk |= matches!(value, "bulk" | "junk" | "list"),
            "list-id" | "list-unsubscribe" => self.list = true,
            "return-path" => self.null_sender |= value == "<>",
            "from" | "sender" => self.null_sender |= value.contains("mailer-daemon@") || value.contains("postmaster@"),
            "content-type" => {
                self.delivery_report |= value.starts_with("multipart/report") && value.contains("delivery-status");
            }
            "status" => self.status_class = value.bytes().next().filter(u8::is_ascii_digit).map(|digit| digit - b'0'),
            "subject" => self.auto_reply |= AUTOMATIC_SUBJECTS.iter().any(|start| value.starts_with(start)),
            _ => {}
        }
    }

    /// A machine wrote this, for certain enough to leave out every label only a person can earn.
    pub fn is_automatic(&self) -> bool {
        self.auto_submitted || self.auto_reply || self.null_sender || self.is_delivery_notice()
    }

    /// The mail system reports on a message of ours.
    pub fn is_delivery_notice(&self) -> bool {
        self.delivery_report || (self.null_sender && self.status_class.is_some())
    }

    /// Hints at a machine without proving it.
    pub fn may_be_automatic(&self) -> bool {
        self.response_suppressed || self.bulk || self.list
    }
}

/// How responders begin their subject lines (Exchange, Gmail, Zimbra, GroupWise), in lower case.
const AUTOMATIC_SUBJECTS: &[&str] = &[
    "automatic reply",
    "auto reply",
    "autoreply",
    "auto-reply",
    "auto:",
    "out of office",
    "automatische antwort",
    "abwesenheit",
    "respuesta automática",
    "réponse automatique",
    "resposta automática",
    "स्वचालित उत्तर",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> ReplyHeaders {
        ReplyHeaders::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn machines_are_known_by_their_headers() {
        type Fields<'a> = &'a [(&'a str, &'a str)];
        let cases: [(&str, Fields<'_>, bool); 8] = [
            ("RFC 3834 reply", &[("Auto-Submitted", "auto-replied (vacation)")], true),
            ("RFC 3834 says a person wrote", &[("AUTO-SUBMITTED", "no")], false),
            ("old responder", &[("X-Autoreply", "yes")], true),
            ("old precedence", &[("Precedence", "auto_reply")], true),
            ("responder's subject", &[("Subject", "Automatic reply: your note")], true),
            ("report", &[("Content-Type", "multipart/report; report-type=delivery-status")], true),
            ("a list proves nothing", &[("List-Id", "<staff.example.org>")], false),
            ("nothing at all", &[], false),
        ];
        for (name, pairs, automatic) in cases {
            assert_eq!(facts(pairs).is_automatic(), automatic, "{name}");
        }
    }

    #[test]
    fn the_status_of_a_report_keeps_its_class() {
        assert_eq!(facts(&[("Status", "4.2.2")]).status_class, Some(4));
        assert_eq!(facts(&[("Status", "unknown")]).status_class, None);
        assert!(facts(&[("Return-Path", "<>"), ("Status", "5.1.1")]).is_delivery_notice());
    }
}
