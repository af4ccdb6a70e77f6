//! Telling the guest, once for each version of a booking: booked, moved, cancelled. Transactional mail through the
//! one gate out, in the conversation that the meeting came from.

use super::model::{Booking, State};
use super::public::manage_path;
use super::words::{self, Clocks, Language, People, Place};
use crate::app::App;
use crate::availability;
use crate::base::UnixMillis;
use crate::connections::{self, Connection, Use};
use crate::contacts::{self, Contact};
use crate::meetings::Location;
use crate::messaging::{self, NewMessage, Purpose, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};

/// Enqueues what the guest does not know yet and marks the version as told. The caller writes the booking.
pub fn tell(app: &App, txn: &mut Txn<'_>, booking: &mut Booking, now: UnixMillis) -> Result<(), StoreError> {
    if booking.told >= booking.version {
        return Ok(());
    }
    let first = booking.told == 0;
    booking.told = booking.version;
    let letter = match (&booking.state, first) {
        (State::Confirmed, true) => Letter::Booked,
        (State::Confirmed, false) if booking.hosted.told_start == Some(booking.start) => match &booking.video_link {
            link @ Some(_) if *link != booking.hosted.told_link => Letter::Linked,
            _ => return Ok(()),
        },
        (State::Confirmed, false) => Letter::Moved,
        (State::Cancelled { reason }, false) => Letter::Cancelled { reason: reason.clone() },
        // A visitor has asked for it on a page, and hears that it will not be.
        (State::Cancelled { reason }, true) if booking.details.event_type.is_some() => {
            Letter::Cancelled { reason: reason.clone() }
        }
        // Who never heard of a meeting needs no word that it is off.
        _ => return Ok(()),
    };
    if booking.host().is_some() {
        booking.hosted.told_start = Some(booking.start);
        booking.hosted.told_link.clone_from(&booking.video_link);
    }
    let Some(around) = Around::of(txn, booking)? else { return Ok(()) };
    let zone = availability::find_schedule(txn, booking.workspace)?.zone;
    let manage = booking.details.event_type.map(|_| app.url(&manage_path(app, booking))).unwrap_or_default();
    let message = around.message(booking, &letter, &zone, &manage, now);
    if let Some(message) = message {
        messaging::enqueue(app, txn, &message, now)?;
    }
    Ok(())
}

enum Letter {
    Booked,
    Moved,
    /// The link that was said to follow, or another than before.
    Linked,
    Cancelled {
        reason: String,
    },
}

/// Who writes to whom, from where.
struct Around {
    contact: Contact,
    worker: Option<Worker>,
    reply: Option<Reply>,
    mailbox: Connection,
}

impl Around {
    /// `None` when nobody can be written to: the invitation from the calendar has to do.
    fn of(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<Self>, StoreError> {
        let workspace = booking.workspace;
        let Some(contact) = contacts::find(txn, workspace, booking.contact)? else { return Ok(None) };
        let worker = match booking.worker {
            Some(worker) => workers::find(txn, workspace, worker)?,
            None => None,
        };
        let reply = match booking.reply {
            Some(reply) => messaging::find_reply(txn, workspace, reply)?,
            None => None,
        };
        let mailbox =
            reply.as_ref().map(|reply| reply.connection).or(worker.as_ref().and_then(|worker| worker.mailbox));
        let mailbox = match mailbox {
            Some(mailbox) => connections::find(txn, workspace, mailbox)?,
            None if booking.details.event_type.is_some() => mailbox_of_hosts(txn, booking)?,
            None => None,
        };
        Ok(mailbox.map(|mailbox| Self { contact, worker, reply, mailbox }))
    }

    fn message(
        &self,
        booking: &Booking,
        letter: &Letter,
        our_zone: &str,
        manage: &str,
        now: UnixMillis,
    ) -> Option<NewMessage> {
        let to = self.reply.as_ref().map(|reply| &reply.from).or(self.contact.address())?;
        let (subject, text) = self.words(booking, letter, our_zone, manage);
        let purpose = Purpose::Transactional;
        let mut message = NewMessage::new(now, booking.workspace, booking.contact, purpose, &self.mailbox, to)
            .to_name(&self.contact.name())
            .words(&subject, &text)
            .booking(booking.id);
        if let Some(worker) = booking.worker {
            message = message.worker(worker);
        }
        if let Some(reply) = &self.reply {
            message = message.answering(&reply.message_id, &reply.references, reply.provider_thread.as_deref());
            if let Some(enrolment) = reply.enrolment {
                message = message.enrolment(enrolment);
            }
        }
        Some(message)
    }

    fn words(&self, booking: &Booking, letter: &Letter, our_zone: &str, manage: &str) -> (String, String) {
        let language = Language::of(&booking.language);
        let when = words::when(language, booking.start, &Clocks::of(&booking.guest_zone, our_zone));
        let signature = workers::signature_of(self.worker.as_ref(), Some(&self.mailbox));
        let people = People { guest: &self.contact.first_name, sender: &signature };
        let at = words::Where { place: self.place(booking), is_invited: booking.connection.is_some(), manage };
        let text = match letter {
            Letter::Booked => words::confirmation(language, &people, &when, &at),
            Letter::Moved => words::moved(language, &people, &when, &at),
            Letter::Linked => words::linked(language, &people, &when, &at),
            Letter::Cancelled { reason } => words::cancelled(language, &people, &when, reason),
        };
        let subject = match (&self.reply, letter) {
            // In the thread the subject stays, or mail programs show a new conversation.
            (Some(reply), _) => answer_subject(&reply.subject),
            (None, Letter::Cancelled { .. }) => words::cancelled_subject(language, &booking.title),
            (None, _) => format!("{}: {when}", booking.title),
        };
        (subject, text)
    }
}

impl Around {
    fn place<'a>(&'a self, booking: &'a Booking) -> Place<'a> {
        let passcode = booking.hosted.passcode.as_deref();
        match (&booking.location, &booking.video_link) {
            (_, Some(link)) => Place::Link { link, passcode },
            (Some(Location::Hosted { .. }), None) => Place::LinkFollows,
            (Some(Location::WeCall), _) => Place::WeCall { number: &self.contact.phone },
            (Some(Location::TheyCall { number }), _) => Place::TheyCall { number },
            _ => Place::At(&booking.place),
        }
    }
}

/// A mailbox that a host has connected, else any of the workspace.
fn mailbox_of_hosts(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<Connection>, StoreError> {
    let mut all = connections::list_in(txn, booking.workspace)?;
    all.retain(|connection| connection.can(Use::Outreach) && !connection.is_disconnected());
    let is_hosts =
        |connection: &Connection| connection.made_by.is_some_and(|user| booking.details.hosts.contains(&user));
    all.sort_by_key(|connection| !is_hosts(connection));
    Ok(all.into_iter().next())
}

fn answer_subject(subject: &str) -> String {
    let is_answer = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_answer {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}
