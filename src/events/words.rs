//! An event as a line for feeds and timelines. The person's name is not in it: an event holds ids only, and the
//! page that shows the line puts the name beside it.

use super::model::{Event, Happened};
use crate::base::counted;
use crate::http::ui::reply_badge;

/// Symbol of the icon file, tone of its round (`ok brand plum warn bad` or empty; what waits is said elsewhere, in flare), and the sentence.
pub fn words(event: &Event) -> (&'static str, &'static str, String) {
    use Happened as H;
    let fixed = |icon, tone, text: &str| (icon, tone, text.to_owned());
    match &event.what {
        H::WorkspaceCreated => fixed("building", "", "Workspace made"),
        H::MemberJoined { .. } => fixed("user", "", "Joined the team"),
        H::MemberLeft { .. } => fixed("user", "", "Left the team"),
        H::ContactCreated { .. } => fixed("contacts", "", "Contact added"),
        H::ContactChanged { .. } => fixed("edit", "", "Contact changed"),
        H::ContactErased { .. } => fixed("trash", "", "Contact erased"),
        H::ContactsImported { added, .. } => {
            ("upload", "", format!("{} imported", counted(*added, "contact", "contacts")))
        }
        H::AddressesChecked { refused: 0, .. } => fixed("checks", "", "Addresses looked at"),
        H::AddressesChecked { refused, .. } => {
            ("alert", "warn", format!("{} found that take no mail", counted(*refused, "address", "addresses")))
        }
        H::Suppressed { reason, .. } => ("ban", "bad", because("No more mail", reason)),
        H::SuppressionLifted => fixed("undo", "", "A suppression was lifted"),
        H::ConnectionMade { .. } => fixed("plug", "ok", "Account connected"),
        H::ConnectionLost { reason, .. } => ("plug", "bad", because("A connection stopped", reason)),
        H::ConnectionRemoved { .. } => fixed("plug", "", "Account disconnected, its access erased"),
        H::SendingDomainBroken { domain, what, .. } => {
            ("globe", "bad", format!("{what} of {domain} is not right any more"))
        }
        H::SendingDomainMended { domain, what } => ("globe", "ok", format!("{what} of {domain} is right again")),
        H::SigningBegan { domain, .. } => ("key", "ok", format!("Mail of {domain} is signed with a new key")),
        H::SigningKeyEnded { domain, selector } => {
            ("key", "", format!("The record {selector}._domainkey.{domain} may be removed"))
        }
        H::WorkerActivated { .. } => fixed("play", "ok", "Worker switched on"),
        H::WorkerChanged { .. } => fixed("edit", "", "Worker changed"),
        H::WorkerDeleted { .. } => fixed("trash", "", "Worker deleted; its leads are taken out"),
        H::WorkerPaused { reason, .. } => ("pause", "warn", because("Worker paused", reason)),
        H::SendingResumed => fixed("play", "ok", "Sending may go on"),
        H::SequenceChanged { .. } => fixed("edit", "", "Sequence changed"),
        H::Enrolled { .. } => fixed("outreach", "", "Added to a sequence"),
        H::EnrolmentEnded { reason, .. } => ("flag", "", because("Sequence ended", reason)),
        H::TaskOpened { .. } => fixed("flag", "flare", "A task of the sequence is due"),
        H::FollowUpDue { .. } => fixed("clock", "flare", "Wanted to be asked again about now"),
        H::AnswerFollowUpPlanned { .. } => fixed("clock", "", "A follow-up is planned, unless they answer"),
        H::AnswerFollowUpEnded { reason, .. } => ("clock", "", because("No follow-up", reason)),
        H::DraftWritten { .. } => fixed("approve", "brand", "Draft written for approval"),
        H::DraftDecided { approved: true, .. } => fixed("check", "ok", "Draft approved"),
        // Rejected by a person, or nobody looked in time.
        H::DraftDecided { approved: false, .. } => fixed("x", "", "Draft not approved"),
        H::DraftReturned { .. } => fixed("undo", "", "Draft waits for a decision again"),
        H::MessageQueued { .. } => fixed("clock", "", "Mail waits for its time"),
        // "Sent" means that the provider took it; more is not known.
        H::MessageSent { .. } => fixed("mail", "brand", "Mail sent"),
        H::MessageNotSent { reason, .. } => ("mail", "warn", because("Mail not sent", reason)),
        H::MessageRehearsed { .. } => fixed("mail", "", "Would have been sent (dry run)"),
        H::MessageInDoubt { .. } => fixed("alert", "warn", "A mail may or may not have arrived"),
        H::MessageBounced { hard: true, .. } => fixed("alert", "bad", "Bounced: nobody has this address"),
        H::MessageBounced { hard: false, .. } => fixed("alert", "warn", "Not delivered: refused on its way"),
        H::Complained { .. } => fixed("ban", "bad", "Reported as spam: no more mail"),
        H::MessageReceived { .. } => fixed("reply", "brand", "Answered"),
        H::ReplyClassified { label, .. } => ("reply", tone_of(label), format!("Read as: {}", reply_badge(label).words)),
        H::ReplyCorrected { label, .. } => {
            ("edit", tone_of(label), format!("Corrected to: {}", reply_badge(label).words))
        }
        H::LeadTagged { tag, .. } => ("contacts", "", format!("Tagged “{tag}”")),
        H::Unsubscribed { how, .. } => ("ban", "bad", because("Opted out", how)),
        H::BookingProposed { .. } => fixed("calendar", "plum", "Proposed a time"),
        H::BookingConfirmed { .. } => fixed("calendar", "ok", "Meeting booked"),
        H::BookingMoved { .. } => fixed("calendar", "plum", "Meeting moved"),
        H::BookingCancelled { ended, .. } => fixed("calendar", "", ended.words()),
        H::BookingNoShow { .. } => fixed("calendar", "warn", "Did not come to the meeting"),
        H::BookingCompleted { .. } => fixed("calendar", "ok", "Meeting took place"),
        H::BookingOutcomeTakenBack { .. } => fixed("calendar", "", "What became of a meeting was taken back"),
        H::BookingFailed { reason, .. } => ("calendar", "bad", because("The calendar refused a meeting", reason)),
        H::WaitlistJoined { .. } => fixed("clock", "", "Joined a waitlist"),
        H::WaitlistOffered { .. } => fixed("clock", "plum", "Was offered a free time"),
        H::WaitlistLeft { reason, .. } => ("clock", "", because("Is off a waitlist", reason)),
        H::PaymentReceived { .. } => fixed("check", "ok", "Paid for a meeting"),
        H::PaymentEnded { reason, .. } => ("alert", "warn", because("A meeting was not paid for", reason)),
        H::PaymentReturned { amount, done: true, .. } => ("undo", "", format!("{amount} given back")),
        H::PaymentReturned { amount, done: false, .. } => ("alert", "bad", format!("{amount} could not be given back")),
        H::MeetingLeft { reason, .. } => ("calendar", "warn", because("A meeting waits for you", reason)),
        H::Unknown => fixed("info", "", "Something that was erased, or that only a newer version knows"),
    }
}

fn because(fact: &str, reason: &str) -> String {
    match reason.trim().trim_end_matches('.') {
        "" => fact.to_owned(),
        reason => format!("{fact}: {reason}"),
    }
}

/// Outlines and greys of the badge have no round of their own.
fn tone_of(label: &str) -> &'static str {
    match reply_badge(label).tone {
        "line" => "",
        tone => tone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ContactId, ImportId, MessageId, ReplyId, UnixMillis, WorkspaceId};

    fn said(what: Happened) -> String {
        let now = UnixMillis(1_795_514_400_000);
        words(&Event { number: 1, workspace: WorkspaceId::new(now), at: now, what }).2
    }

    #[test]
    fn an_event_is_told_with_its_reason_and_without_anybody_s_name() {
        let now = UnixMillis(1_795_514_400_000);
        let (contact, message) = (ContactId::new(now), MessageId::new(now));
        let cases = [
            (Happened::ContactsImported { import: ImportId::new(now), added: 1 }, "1 contact imported"),
            (Happened::ContactsImported { import: ImportId::new(now), added: 1_482 }, "1,482 contacts imported"),
            (
                Happened::MessageNotSent { message, contact, reason: "The daily limit is reached.".into() },
                "Mail not sent: The daily limit is reached",
            ),
            (Happened::Unsubscribed { contact: None, how: String::new() }, "Opted out"),
            (
                Happened::ReplyClassified { reply: ReplyId::new(now), contact, label: "meeting_proposed".into() },
                "Read as: Proposed a time",
            ),
        ];
        for (what, expected) in cases {
            assert_eq!(said(what), expected);
        }
    }
}
