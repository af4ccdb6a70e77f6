//! Who writes to whom about a booking, and from which mailbox.

use super::visitor;
use crate::availability::{self, Owner};
use crate::base::{EmailAddress, UserId, WorkspaceId};
use crate::bookings::model::Booking;
use crate::bookings::words::{self, Language, Place};
use crate::connections::{self, Connection, Use};
use crate::contacts::{self, Contact};
use crate::identity;
use crate::meetings::Location;
use crate::messaging::{self, Reply};
use crate::payments;
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

#[derive(Clone)]
pub struct Around {
    /// The address that the visitor gave.
    pub typed: Option<EmailAddress>,
    /// This one is for somebody whom the visitor brings.
    pub companion: Option<EmailAddress>,
    pub contact: Contact,
    /// The answer that the meeting came from: messages go on in its conversation.
    pub reply: Option<Reply>,
    /// Absent: the server's own mail has to do.
    pub mailbox: Option<Connection>,
    pub host_name: String,
    /// IANA name.
    pub host_zone: String,
    /// Below the text.
    pub signature: String,
    pub business: String,
    /// What the guest has paid for it: the smallest unit and the currency.
    pub paid: Option<(u64, String)>,
}

impl Around {
    /// `None` when the guest was erased.
    pub fn of(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<Self>, StoreError> {
        let workspace = booking.workspace;
        let Some(contact) = contacts::find(txn, workspace, booking.contact)? else { return Ok(None) };
        let home = workspaces::find(txn, workspace)?;
        let business = home.map(|home| home.name).unwrap_or_default();
        let worker = match booking.worker {
            Some(worker) => workers::find(txn, workspace, worker)?,
            None => None,
        };
        let reply = match booking.reply {
            Some(reply) => messaging::find_reply(txn, workspace, reply)?,
            None => None,
        };
        let host = visitor::host(booking);
        let mailbox = mailbox(txn, booking, reply.as_ref(), worker.as_ref(), host)?;
        let host_user = match host {
            Some(host) => identity::find(txn, host)?.map(|user| user.name),
            None => None,
        };
        let sender = worker.as_ref().map(|worker| worker.sender.name.clone());
        let named = mailbox.as_ref().map(|mailbox| mailbox.display_name.clone());
        let names = [sender, host_user, named, Some(business.clone())];
        let host_name = names.into_iter().flatten().map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
        let host_name = host_name.unwrap_or_default();
        let signature = match &worker {
            Some(_) => workers::signature_of(worker.as_ref(), mailbox.as_ref()),
            None => host_name.clone(),
        };
        let host_zone = host_zone(txn, booking, host)?;
        let typed = booking.details.email.clone();
        let paid = paid(txn, booking)?;
        Ok(Some(Self {
            contact,
            typed,
            companion: None,
            reply,
            mailbox,
            host_name,
            host_zone,
            signature,
            business,
            paid,
        }))
    }

    /// The same for somebody whom the visitor brings.
    pub fn for_companion(self, email: EmailAddress) -> Self {
        Self { companion: Some(email), ..self }
    }

    /// Who is written to.
    pub fn to(&self) -> Option<&EmailAddress> {
        self.companion.as_ref().or(self.guest())
    }

    /// Where the guest is written to.
    pub fn guest(&self) -> Option<&EmailAddress> {
        self.reply.as_ref().map(|reply| &reply.from).or(self.typed.as_ref()).or(self.contact.address())
    }

    /// Where they meet, in words, and the link of a video call.
    pub fn place_words(&self, booking: &Booking, language: Language) -> (String, Option<String>) {
        let place = self.place(booking);
        match &place {
            Place::Link { link, passcode } => {
                let code = passcode.map(|code| format!(" (PIN: {code})")).unwrap_or_default();
                (format!("{link}{code}"), Some((*link).to_owned()))
            }
            Place::At(place) => ((*place).to_owned(), None),
            place => (words::place_words(language, place), None),
        }
    }

    fn place<'a>(&'a self, booking: &'a Booking) -> Place<'a> {
        let passcode = booking.hosted.passcode.as_deref();
        match (&booking.location, &booking.video_link) {
            (_, Some(link)) => Place::Link { link, passcode },
            (Some(Location::Hosted { .. }), None) => Place::LinkFollows,
            (Some(Location::WeCall), _) => Place::WeCall { number: self.number(booking) },
            (Some(Location::TheyCall { number }), _) => Place::TheyCall { number },
            _ => Place::At(&booking.place),
        }
    }

    fn number<'a>(&'a self, booking: &'a Booking) -> &'a str {
        match visitor::phone(booking) {
            // It is the visitor's own.
            _ if self.companion.is_some() => "",
            "" => &self.contact.phone,
            phone => phone,
        }
    }
}

fn paid(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<(u64, String)>, StoreError> {
    let Some(id) = booking.details.payment else { return Ok(None) };
    let payment = payments::find(txn, booking.workspace, id)?;
    let paid = payment.filter(|payment| payment.state == payments::State::Paid);
    Ok(paid.map(|payment| (payment.amount, payment.currency)))
}

/// That of the conversation, else of the worker, else of the host, else that of the calendar, as far as it sends.
fn mailbox(
    txn: &mut Txn<'_>,
    booking: &Booking,
    reply: Option<&Reply>,
    worker: Option<&Worker>,
    host: Option<UserId>,
) -> Result<Option<Connection>, StoreError> {
    let own = reply.map(|reply| reply.connection).or(worker.and_then(|worker| worker.mailbox));
    if let Some(own) = own {
        if let Some(found) = connections::find(txn, booking.workspace, own)?.filter(sends) {
            return Ok(Some(found));
        }
    }
    if let Some(host) = host {
        let found = mailbox_for(txn, booking.workspace, host)?;
        // Of a visitor's meeting any mailbox of the business rather than none.
        let is_visitors = visitor::event_type(booking).is_some();
        if let Some(found) = found.filter(|one| is_visitors || one.made_by == Some(host)) {
            return Ok(Some(found));
        }
    }
    let Some(calendar) = booking.connection else { return Ok(None) };
    Ok(connections::find(txn, booking.workspace, calendar)?.filter(sends))
}

fn sends(connection: &Connection) -> bool {
    connection.can(Use::Outreach) && !connection.is_disconnected()
}

/// The host's own mailbox, else any of the business.
pub fn mailbox_for(txn: &mut Txn<'_>, workspace: WorkspaceId, host: UserId) -> Result<Option<Connection>, StoreError> {
    let mut all = connections::list_in(txn, workspace)?;
    all.retain(sends);
    all.sort_by_key(|connection| connection.made_by != Some(host));
    Ok(all.into_iter().next())
}

fn host_zone(txn: &mut Txn<'_>, booking: &Booking, host: Option<UserId>) -> Result<String, StoreError> {
    let Some(host) = host else { return Ok(availability::find_schedule(txn, booking.workspace)?.zone) };
    let times = availability::find_times(txn, booking.workspace, Owner::Person(host))?;
    let chosen = times.schedules.iter().find(|schedule| schedule.is_default).or(times.schedules.first());
    Ok(chosen.map_or_else(|| "UTC".to_owned(), |schedule| schedule.hours.zone.clone()))
}
