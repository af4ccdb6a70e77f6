//! New mail seen by its headers only: enough to tell whether it answers one of ours.
//!
//! Headers of new mail are compared in memory; a body is fetched only when `referenced_ids` holds an id
//! that we sent, or the head looks like a machine's report, which names the original inside.

use super::header_block::HeaderBlock;
use super::inspect::{looks_like_delivery_report, ReplyFacts};

/// The header fields to ask a mailbox for; everything that `HeaderFacts` reads.
pub const HEADERS_TO_FETCH: [&str; 16] = [
    "Message-ID",
    "In-Reply-To",
    "References",
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Auto-Submitted",
    "Content-Type",
    "Return-Path",
    "X-Failed-Recipients",
    "Precedence",
    "List-Id",
    "X-Autoreply",
    "X-Launchyard-Id",
];

/// What a header block states. Ids are without brackets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderFacts {
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    /// First address of `From`.
    pub from: Option<String>,
    pub to: Vec<String>,
    /// Decoded (RFC 2047).
    pub subject: Option<String>,
    /// `X-Launchyard-Id`: our own mail seen again, for example in a sent folder.
    pub own_id: Option<String>,
    pub machine: ReplyFacts,
    looks_like_report: bool,
}

impl HeaderFacts {
    /// Reads a header block; a body that follows it is not looked at.
    pub fn parse(raw: &[u8]) -> Self {
        let head = super::mime::split_head(raw).0;
        let headers = HeaderBlock::parse(head);
        let machine = ReplyFacts::of(&headers);
        Self {
            message_id: headers.message_ids("message-id").into_iter().next(),
            in_reply_to: headers.message_ids("in-reply-to"),
            references: headers.message_ids("references"),
            from: headers.addresses("from").into_iter().next(),
            to: headers.addresses("to"),
            subject: headers.decoded("subject"),
            own_id: headers.get("x-launchyard-id").map(str::to_owned),
            looks_like_report: looks_like_delivery_report(&headers, &machine),
            machine,
        }
    }

    /// Ids that this mail answers, the parent first, each once.
    pub fn referenced_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        for id in self.in_reply_to.iter().chain(self.references.iter().rev()) {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }

    /// A delivery report, feedback report or mail of a mailer daemon: worth opening although it may
    /// refer to nothing in its head.
    pub fn is_machine_report(&self) -> bool {
        self.looks_like_report
    }

    /// `Auto-Submitted` other than `no`.
    pub fn is_auto_submitted(&self) -> bool {
        self.machine.is_auto_submitted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_alone_tells_what_a_mail_answers() {
        let head = b"From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>\r\nTo: Mia <mia@example.com>\r\n\
            Subject: =?utf-8?Q?Re=3A_Gr=C3=BC=C3=9Fe?=\r\nIn-Reply-To: <b@example.com>\r\n\
            References: <a@example.com>\r\n <b@example.com>\r\nMessage-ID: <c@example.org>\r\n\r\nnever looked at <x@y>";
        let facts = HeaderFacts::parse(head);
        assert_eq!(facts.referenced_ids(), ["b@example.com", "a@example.com"]);
        assert_eq!(facts.from.as_deref(), Some("joerg@example.org"));
        assert_eq!(facts.subject.as_deref(), Some("Re: Grüße"));
        assert_eq!(facts.message_id.as_deref(), Some("c@example.org"));
        assert!(!facts.is_machine_report());
    }

    #[test]
    fn reports_are_opened_even_when_their_head_refers_to_nothing() {
        let cases = [
            ("From: MAILER-DAEMON@mx.example.org\r\nSubject: whatever\r\n", true),
            (
                "From: a@example.org\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=x\r\n",
                true,
            ),
            ("From: a@example.org\r\nX-Failed-Recipients: b@example.net\r\n", true),
            ("Return-Path: <>\r\nFrom: gateway@example.org\r\nSubject: Unzustellbar: Hallo\r\n", true),
            ("From: ada@example.org\r\nSubject: Re: Undeliverable parcels\r\nIn-Reply-To: <a@example.com>\r\n", false),
            ("From: ada@example.org\r\nSubject: Lunch\r\n", false),
        ];
        for (head, expected) in cases {
            assert_eq!(HeaderFacts::parse(head.as_bytes()).is_machine_report(), expected, "{head}");
        }
    }
}
