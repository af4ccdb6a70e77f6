//! A message about a booking leaves: through the one gate from the host's mailbox, or, where nobody has connected one,
//! by the server's own mail. Either way it stands in the booking's plan.

use super::around::Around;
use super::invite;
use super::letter::{self, Letter, Occasion};
use super::model::{Entry, Fate, Kind, Plan};
use super::{others, store};
use crate::app::App;
use crate::base::ics::clean;
use crate::base::{EmailAddress, UnixMillis, WorkspaceId};
use crate::bookings::model::Booking;
use crate::bookings::words::Language;
use crate::connections::Connection;
use crate::contacts::Contact;
use crate::mailer::{self, AboutBooking, Posting};
use crate::messaging::{self, Delivery, Dress, NewMessage, Purpose, Reply};
use crate::store::{StoreError, Txn};
use crate::workspaces::{self, WorkspaceState};

/// How long a word after the meeting is of use.
const AFTERWARDS: std::time::Duration = std::time::Duration::from_secs(3 * 24 * 3600);

/// Sends one message and notes it in `plan`, which the caller writes. `None`: the guest was erased.
pub fn send(
    app: &App,
    txn: &mut Txn<'_>,
    booking: &Booking,
    plan: &mut Plan,
    (kind, reason): (Kind, &str),
    with: &[Booking],
    now: UnixMillis,
) -> Result<Option<Fate>, StoreError> {
    let Some(around) = Around::of(txn, booking)? else { return Ok(None) };
    if kind.is_ahead() {
        invite::settle(txn, plan, booking, organizer(app, &around))?;
    }
    send_to(app, txn, (booking, with), plan, &around, (kind, reason), now).map(Some)
}

/// Who invites is decided, and nothing is sent.
pub fn settle(app: &App, txn: &mut Txn<'_>, booking: &Booking, plan: &mut Plan) -> Result<(), StoreError> {
    match Around::of(txn, booking)? {
        Some(around) => invite::settle(txn, plan, booking, organizer(app, &around)),
        None => Ok(()),
    }
}

/// The same to whoever `around` names.
pub fn send_to(
    app: &App,
    txn: &mut Txn<'_>,
    (booking, with): (&Booking, &[Booking]),
    plan: &Plan,
    around: &Around,
    (kind, reason): (Kind, &str),
    now: UnixMillis,
) -> Result<Fate, StoreError> {
    let versions = store::find_versions(txn, booking.workspace, kind, Language::of(&booking.language))?;
    let occasion = Occasion {
        kind,
        booking,
        with,
        around,
        own: versions.current(),
        inviters: invite::inviters(txn, plan, with)?,
        organizer: plan.organizer.as_ref(),
        reason,
    };
    let written = letter::write(app, &occasion, now);
    let Some(to) = around.to() else {
        return Ok(dropped(now, "The guest has no address."));
    };
    // Words after the meeting are not asked for: who wants no mail gets none.
    if matches!(kind, Kind::FollowUp | Kind::NoShow) {
        if let Some(entry) = messaging::is_suppressed(txn, booking.workspace, to, Purpose::Answer)? {
            let reason = format!("{} must not be written to: {}.", entry.target.words(), entry.reason.words());
            return Ok(dropped(now, &reason));
        }
    }
    let is_guest = around.companion.is_none();
    let post = Post {
        workspace: booking.workspace,
        contact: &around.contact,
        to,
        to_name: if is_guest { around.contact.name() } else { String::new() },
        mailbox: around.mailbox.as_ref(),
        about: Some(booking),
        reply: around.reply.as_ref().filter(|_| is_guest),
        from_name: if around.business.is_empty() { &around.host_name } else { &around.business },
        useful_until: useful_until((booking, with), kind, now),
    };
    post.send(app, txn, written, now)
}

/// The same for something that happened just now: with its entry.
pub fn send_now(
    app: &App,
    txn: &mut Txn<'_>,
    booking: &Booking,
    plan: &mut Plan,
    (kind, reason): (Kind, &str),
    with: &[Booking],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(fate) = send(app, txn, booking, plan, (kind, reason), with, now)? else { return Ok(()) };
    let number = plan.next_number();
    others::plan(txn, (booking, with), plan, (kind, number), now)?;
    let with = with.iter().map(|one| one.id).collect();
    plan.add(Entry { number, kind, before: None, due: now, fate, also: Vec::new(), with });
    Ok(())
}

pub fn dropped(at: UnixMillis, reason: &str) -> Fate {
    Fate::Dropped { at, reason: reason.to_owned() }
}

fn organizer(app: &App, around: &Around) -> (String, String) {
    let address = match &around.mailbox {
        Some(mailbox) => mailbox.address.display().to_owned(),
        None => app.config.mail.as_ref().map(|mail| mail.from.display().to_owned()).unwrap_or_default(),
    };
    (around.host_name.clone(), address)
}

/// A word about a meeting that is over, or has begun, helps nobody; of several dates the last counts.
fn useful_until((booking, with): (&Booking, &[Booking]), kind: Kind, now: UnixMillis) -> UnixMillis {
    let last = with.iter().max_by_key(|one| one.end).unwrap_or(booking);
    match kind {
        Kind::Reminder | Kind::Requested => last.start,
        Kind::Confirmation | Kind::Moved | Kind::Link => last.end,
        Kind::Cancelled | Kind::Declined => last.end.max(now.plus(AFTERWARDS)),
        Kind::FollowUp | Kind::NoShow => now.plus(AFTERWARDS),
    }
}

/// One letter on its way.
pub struct Post<'a> {
    pub workspace: WorkspaceId,
    pub contact: &'a Contact,
    pub to: &'a EmailAddress,
    pub to_name: String,
    /// Absent: the server's own mail has to do.
    pub mailbox: Option<&'a Connection>,
    pub about: Option<&'a Booking>,
    /// The conversation that it goes on in.
    pub reply: Option<&'a Reply>,
    pub from_name: &'a str,
    pub useful_until: UnixMillis,
}

impl Post<'_> {
    pub fn send(&self, app: &App, txn: &mut Txn<'_>, written: Letter, now: UnixMillis) -> Result<Fate, StoreError> {
        match self.mailbox {
            Some(mailbox) => self.by_mailbox(app, txn, mailbox, written, now),
            None => self.by_server(app, txn, written, now),
        }
    }

    fn by_mailbox(
        &self,
        app: &App,
        txn: &mut Txn<'_>,
        mailbox: &Connection,
        written: Letter,
        now: UnixMillis,
    ) -> Result<Fate, StoreError> {
        // In a thread the subject stays, or mail programs show a new conversation.
        let subject = self.reply.map_or(written.subject, |reply| answer_subject(&reply.subject));
        let useful_until = Some(self.useful_until);
        let dress = Dress { sheet: Some(Box::new(written.sheet)), calendar: written.calendar, useful_until };
        let purpose = Purpose::Transactional;
        let mut message = NewMessage::new(now, self.workspace, self.contact.id, purpose, mailbox, self.to)
            .to_name(&self.to_name)
            .words(&one_line(&subject), &written.text)
            .dress(dress);
        if let Some(booking) = self.about {
            message = message.booking(booking.id);
            if let Some(worker) = booking.worker {
                message = message.worker(worker);
            }
        }
        if let Some(reply) = self.reply {
            message = in_thread(message, reply);
        }
        let sent = messaging::enqueue(app, txn, &message, now)?;
        Ok(match sent.state {
            Delivery::NotSent { reason } => Fate::Dropped { at: now, reason },
            _ => Fate::Sent { at: now, message: Some(sent.id), letter: None },
        })
    }

    fn by_server(&self, app: &App, txn: &mut Txn<'_>, written: Letter, now: UnixMillis) -> Result<Fate, StoreError> {
        if !mailer::is_configured(&app.config) {
            return Ok(dropped(now, "No mailbox is connected for it, and the server has no mail of its own."));
        }
        let home = workspaces::find(txn, self.workspace)?;
        let is_open = home.is_some_and(|home| home.closing.is_none() && home.state == WorkspaceState::Open);
        if !is_open || app.sending_held(now).is_some() {
            return Ok(dropped(now, "The workspace may not send just now."));
        }
        if self.contact.restricted {
            return Ok(dropped(now, "The contact asked that their data is only stored."));
        }
        if let Some(entry) = messaging::is_suppressed(txn, self.workspace, self.to, Purpose::Transactional)? {
            let reason = format!("{} must not be written to: {}.", entry.target.words(), entry.reason.words());
            return Ok(Fate::Dropped { at: now, reason });
        }
        let letter = mailer::Letter {
            user: None,
            to: self.to.clone(),
            subject: one_line(&written.subject),
            html: written.sheet.html("")?,
            text: written.text,
            useful_until: self.useful_until,
            booking: Some(AboutBooking {
                workspace: self.workspace,
                contact: self.contact.id,
                from_name: clean(self.from_name),
                reply_to: None,
                calendar: written.calendar.map(|file| (file.method, file.ics)),
            }),
        };
        let posting = Posting::new(letter, now);
        mailer::queue(txn, &posting)?;
        Ok(Fate::Sent { at: now, message: None, letter: Some(posting.id()) })
    }
}

fn in_thread(message: NewMessage, reply: &Reply) -> NewMessage {
    let message = message.answering(&reply.message_id, &reply.references, reply.provider_thread.as_deref());
    match reply.enrolment {
        Some(enrolment) => message.enrolment(enrolment),
        None => message,
    }
}

fn one_line(subject: &str) -> String {
    clean(subject).chars().take(300).collect()
}

fn answer_subject(subject: &str) -> String {
    let is_answer = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_answer {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}
