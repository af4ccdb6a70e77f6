//! Reports of mails that did not arrive, as Gmail files them: RFC 3464 inside RFC 6522, in the thread of the mail.

use std::sync::Arc;

use super::compose::{hash, Parent};
use super::script::{Bounce, Character};
use crate::base::UnixMillis;

/// The reply of the receiving server, the enhanced status, and what a person is told.
fn wording(bounce: Bounce) -> (&'static str, &'static str, &'static str) {
    match bounce {
        Bounce::NoSuchUser => (
            "5.1.1",
            "550 5.1.1 The email account that you tried to reach does not exist.",
            "Your message wasn't delivered because the address couldn't be found, or is unable to receive mail.",
        ),
        Bounce::MailboxFull => (
            "4.2.2",
            "452 4.2.2 The recipient's inbox is out of storage space.",
            "Your message wasn't delivered because the recipient's inbox is full.",
        ),
    }
}

/// The report to whoever sent `parent`. None when that mail names no sender.
pub(super) fn failure(character: &Character, parent: &Parent, bounce: Bounce, at: UnixMillis) -> Option<Arc<[u8]>> {
    let to = parent.reply_address()?.email.to_string();
    let (status, diagnostic, says) = wording(bounce);
    let failed = character.email;
    let mark = format!("{:016x}", hash(&[failed, &parent.head.message_id]));
    let date = jiff::fmt::rfc2822::to_string(&at.in_zone(&jiff::tz::TimeZone::UTC)).ok()?;
    let boundary = format!("report-{mark}");
    let id = &parent.head.message_id;
    let head = format!(
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\n\
         To: {to}\r\n\
         Date: {date}\r\n\
         Subject: Delivery Status Notification (Failure)\r\n\
         Message-ID: <{mark}@mx.google.example>\r\n\
         In-Reply-To: <{id}>\r\n\
         References: <{id}>\r\n\
         X-Failed-Recipients: {failed}\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"{boundary}\"\r\n\r\n"
    );
    let text = format!(
        "--{boundary}\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n\r\n\
         ** Message not delivered **\r\n\r\n{says}\r\n\r\nAddress: {failed}\r\n\r\n\
         The response from the remote server was:\r\n{diagnostic}\r\n\r\n"
    );
    let domain = failed.rsplit_once('@').map_or(failed, |(_, domain)| domain);
    let machine = format!(
        "--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; googlemail.com\r\nArrival-Date: {date}\r\n\r\n\
         Final-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: {status}\r\n\
         Remote-MTA: dns; mx.{domain}\r\nDiagnostic-Code: smtp; {diagnostic}\r\nLast-Attempt-Date: {date}\r\n\r\n"
    );
    let mut raw = [head, text, machine].concat().into_bytes();
    raw.extend(format!("--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n").bytes());
    raw.extend_from_slice(parent.raw);
    raw.extend(format!("\r\n--{boundary}--\r\n").bytes());
    Some(raw.into())
}
