//! What people and programs do with the messages of bookings: texts, timing, tests, and one booking's own.

use uuid::Uuid;

use super::around::Around;
use super::letter::{self, Letter, Occasion};
use super::model::{Fate, Inviter, Kind, Own, Timing, Version, Versions, Wording};
use super::plan::drop_all;
use super::{fields, plan_of, sample, send, store, texts};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{BookingId, ContactId, EmailAddress, Mistakes, WorkerId};
use crate::bookings::model::Booking;
use crate::bookings::store as bookings;
use crate::bookings::types;
use crate::bookings::words::Language;
use crate::connections::{self, Connection, Use};
use crate::http::api::FieldError;
use crate::http::{ApiError, PageError};
use crate::jobs;
use crate::mailer::{self, Posting};
use crate::messaging::{self, Delivery, Dress, NewMessage, Purpose};
use crate::store::StoreError;
use crate::workers;

#[derive(Debug, thiserror::Error)]
pub enum MessagesError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such message, worker, event type or booking")]
    NotFound,
    #[error("some values do not parse")]
    Invalid(Mistakes),
    /// It was sent or dropped meanwhile.
    #[error("this message does not wait any more")]
    NotWaiting,
    #[error("not sent: {0}")]
    NotSent(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text as it stands.
pub struct Shown {
    pub kind: Kind,
    pub language: Language,
    pub wording: Wording,
    /// The owner's own, not the built-in one.
    pub is_own: bool,
    pub versions: Versions,
}

fn shown(kind: Kind, language: Language, versions: Versions) -> Shown {
    let own = versions.current().cloned();
    let wording = own.clone().unwrap_or_else(|| texts::of(language).wording(kind));
    Shown { kind, language, wording, is_own: own.is_some(), versions }
}

pub fn text(app: &App, actor: &Actor, kind: Kind, language: Language) -> Result<Shown, MessagesError> {
    actor.require(Permission::ViewCalendar)?;
    let versions = app.store.read(|txn| store::find_versions(txn, actor.workspace, kind, language))?;
    Ok(shown(kind, language, versions))
}

/// All kinds in all languages.
pub fn all_texts(app: &App, actor: &Actor) -> Result<Vec<Shown>, MessagesError> {
    actor.require(Permission::ViewCalendar)?;
    Ok(app.store.read(|txn| {
        let each = Kind::ALL.into_iter().flat_map(|kind| texts::LANGUAGES.map(|language| (kind, language)));
        each.map(|(kind, language)| {
            Ok(shown(kind, language, store::find_versions(txn, actor.workspace, kind, language)?))
        })
        .collect::<Result<Vec<_>, StoreError>>()
    })?)
}

/// Gives a kind a text of the owner's own; `None` goes back to the built-in one.
pub fn save(
    app: &App,
    actor: &Actor,
    (kind, language): (Kind, Language),
    wording: Option<Wording>,
) -> Result<Shown, MessagesError> {
    actor.require(Permission::ManageWorkspace)?;
    let wording = wording.map(|own| Wording { subject: own.subject.trim().to_owned(), text: tidy(&own.text) });
    if let Some(own) = &wording {
        fields::check(&own.subject, &own.text).map_err(MessagesError::Invalid)?;
    }
    let now = app.now();
    app.store.write(|txn| {
        let mut versions = store::find_versions(txn, actor.workspace, kind, language)?;
        if versions.current() != wording.as_ref() {
            versions.add(Version { wording: wording.clone(), at: now, by: actor.display.clone() });
            store::put_versions(txn, actor.workspace, kind, language, &versions)?;
            let act = if wording.is_some() { "booking_message.changed" } else { "booking_message.reset" };
            let on = format!("message {} {}", kind.as_str(), language.tag());
            audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, "")?;
        }
        Ok(shown(kind, language, versions))
    })
}

fn tidy(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

/// Takes an earlier version again; `at` counts from the oldest that is kept.
pub fn restore(
    app: &App,
    actor: &Actor,
    (kind, language): (Kind, Language),
    at: usize,
) -> Result<Shown, MessagesError> {
    let before = text(app, actor, kind, language)?;
    let version = before.versions.all.get(at).ok_or(MessagesError::NotFound)?;
    save(app, actor, (kind, language), version.wording.clone())
}

pub fn timing(app: &App, actor: &Actor) -> Result<Timing, MessagesError> {
    actor.require(Permission::ViewCalendar)?;
    Ok(app.store.read(|txn| store::find_timing(txn, actor.workspace))?.sorted())
}

/// Holds for meetings booked or moved from now on.
pub fn set_timing(app: &App, actor: &Actor, timing: &Timing) -> Result<Timing, MessagesError> {
    actor.require(Permission::ManageWorkspace)?;
    timing.check().map_err(MessagesError::Invalid)?;
    let (timing, now) = (timing.clone().sorted(), app.now());
    app.store.write(|txn| {
        store::put_timing(txn, actor.workspace, &timing)?;
        let who = Who::of(actor);
        audit::record(txn, actor.workspace, now, &who, "booking_messages.timed", "booking messages", "")
    })?;
    Ok(timing)
}

/// Whose meetings may have a timing of their own.
pub struct Owner {
    pub id: Uuid,
    pub name: String,
    pub own: Own,
}

/// Workers and event types, by name.
pub fn owners(app: &App, actor: &Actor) -> Result<Vec<Owner>, MessagesError> {
    actor.require(Permission::ViewCalendar)?;
    let workspace = actor.workspace;
    Ok(app.store.read(|txn| {
        let workers = workers::list_in(txn, workspace)?.into_iter().map(|worker| (worker.id.0, worker.name));
        let types = types::list(txn, workspace)?.into_iter().map(|event| (event.id.0, event.name));
        let mut all: Vec<(Uuid, String)> = workers.chain(types).collect();
        all.sort_by(|one, other| one.1.cmp(&other.1));
        let owner = |(id, name)| Ok(Owner { id, name, own: store::find_own(txn, workspace, id)? });
        all.into_iter().map(owner).collect::<Result<Vec<_>, StoreError>>()
    })?)
}

pub fn own(app: &App, actor: &Actor, of: Uuid) -> Result<Own, MessagesError> {
    let found = owners(app, actor)?.into_iter().find(|owner| owner.id == of);
    found.map(|owner| owner.own).ok_or(MessagesError::NotFound)
}

pub fn set_own(app: &App, actor: &Actor, of: Uuid, own: &Own) -> Result<Own, MessagesError> {
    actor.require(Permission::ManageWorkspace)?;
    self::own(app, actor, of)?;
    own.over(Timing::default()).check().map_err(MessagesError::Invalid)?;
    let now = app.now();
    app.store.write(|txn| {
        store::put_own(txn, actor.workspace, of, own)?;
        let on = format!("meetings of {of}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), "booking_messages.timed", &on, "")
    })?;
    Ok(own.clone())
}

/// How a message would read, for a booking or for a made-up one. `typed` instead of what is saved.
pub fn preview(
    app: &App,
    actor: &Actor,
    (kind, language): (Kind, Language),
    typed: Option<&Wording>,
    booking: Option<BookingId>,
) -> Result<Letter, MessagesError> {
    let saved = text(app, actor, kind, language)?;
    let real = match booking {
        Some(id) => Some(bookings::get(&app.store, actor.workspace, id)?.ok_or(MessagesError::NotFound)?),
        None => None,
    };
    let around = match &real {
        Some(booking) => app.store.read(|txn| Around::of(txn, booking))?,
        None => None,
    };
    let (booking, around) = match (real, around) {
        (Some(booking), Some(around)) => (booking, around),
        _ => sample::of(app, actor)?,
    };
    let booking = Booking { language: language.tag().to_owned(), ..booking };
    let reason = match kind {
        Kind::Cancelled | Kind::Declined => sample::REASON,
        _ => "",
    };
    let occasion = Occasion {
        with: &[],
        kind,
        booking: &booking,
        around: &around,
        own: Some(typed.unwrap_or(&saved.wording)),
        inviters: vec![Inviter::Provider],
        organizer: None,
        reason,
    };
    Ok(letter::write(app, &occasion, app.now()))
}

/// Sends a message, written for a made-up booking, to the person who asks. It belongs to no contact and no booking.
pub fn send_test(
    app: &App,
    actor: &Actor,
    of: (Kind, Language),
    typed: Option<&Wording>,
    to: &EmailAddress,
) -> Result<(), MessagesError> {
    actor.require(Permission::ManageWorkspace)?;
    if let Some(typed) = typed {
        fields::check(&typed.subject, &typed.text).map_err(MessagesError::Invalid)?;
    }
    let letter = preview(app, actor, of, typed, None)?;
    let (subject, now) = (format!("[Test] {}", letter.subject), app.now());
    let on = format!("message {} {}", of.0.as_str(), of.1.tag());
    let Some(mailbox) = any_mailbox(app, actor)? else {
        if !mailer::is_configured(&app.config) {
            let reason = "No mailbox is connected. Connect one under Connections.";
            return Err(MessagesError::NotSent(reason.to_owned()));
        }
        let html = letter.sheet.html("")?;
        let useful_until = now.plus(std::time::Duration::from_secs(24 * 3600));
        let letter = mailer::Letter {
            user: actor.user,
            to: to.clone(),
            subject,
            text: letter.text,
            html,
            useful_until,
            booking: None,
        };
        let posting = Posting::new(letter, now);
        return app.store.write(|txn| {
            mailer::queue(txn, &posting)?;
            Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), TESTED, &on, "")?)
        });
    };
    let dress = Dress { sheet: Some(Box::new(letter.sheet)), ..Dress::default() };
    let nobody = ContactId(Uuid::nil());
    let message = NewMessage::new(now, actor.workspace, nobody, Purpose::Test, &mailbox, to)
        .to_name(&actor.display)
        .words(&subject, &letter.text)
        .dress(dress);
    let sent = app.store.write(|txn| {
        audit::record(txn, actor.workspace, now, &Who::of(actor), TESTED, &on, "")?;
        messaging::enqueue(app, txn, &message, now)
    })?;
    match sent.state {
        Delivery::NotSent { reason } => Err(MessagesError::NotSent(reason)),
        _ => Ok(()),
    }
}

const TESTED: &str = "booking_message.tested";

/// One's own, else any that sends.
fn any_mailbox(app: &App, actor: &Actor) -> Result<Option<Connection>, StoreError> {
    let mut all = connections::list(&app.store, actor.workspace)?;
    all.retain(|connection| connection.can(Use::Outreach) && connection.state.is_working());
    let own = all.iter().position(|connection| connection.made_by.is_some() && connection.made_by == actor.user);
    Ok(all.into_iter().nth(own.unwrap_or(0)))
}

/// What a person does with a message that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Skip,
    SendNow,
}

pub fn act_on(app: &App, actor: &Actor, id: BookingId, number: u32, act: Act) -> Result<(), MessagesError> {
    actor.require(Permission::EditBookings)?;
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| {
        let booking = bookings::find(txn, workspace, id)?.ok_or(MessagesError::NotFound)?;
        let mut plan = plan_of(txn, &booking)?;
        let entry = plan.entry(number).cloned().ok_or(MessagesError::NotFound)?;
        let Fate::Waits { job } = entry.fate else { return Err(MessagesError::NotWaiting) };
        if act == Act::SendNow && !booking.state.is_booked() {
            return Err(MessagesError::NotWaiting);
        }
        jobs::cancel(txn, job, "A person decided.")?;
        let (fate, word) = match act {
            Act::Skip => (Fate::Skipped { at: now }, "booking_message.skipped"),
            Act::SendNow => {
                let sent = send::send(app, txn, &booking, &mut plan, (entry.kind, ""), &[], now)?;
                (sent.ok_or(MessagesError::NotFound)?, "booking_message.sent")
            }
        };
        if let Some(entry) = plan.entry(number) {
            entry.fate = fate;
        }
        store::put_plan(txn, &plan)?;
        Ok(audit::record(txn, workspace, now, &Who::of(actor), word, &format!("booking {id}"), entry.kind.as_str())?)
    })
}

/// A person has the guest written to who did not come, whatever the timing says; once.
pub fn missed(app: &App, actor: &Actor, id: BookingId) -> Result<(), MessagesError> {
    actor.require(Permission::EditBookings)?;
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| {
        let booking = bookings::find(txn, workspace, id)?.ok_or(MessagesError::NotFound)?;
        let mut plan = plan_of(txn, &booking)?;
        if !booking.state.is_booked() || booking.start > now || plan.was_sent(Kind::NoShow) {
            return Err(MessagesError::NotWaiting);
        }
        drop_all(txn, &mut plan, "The guest did not come.", now)?;
        send::send_now(app, txn, &booking, &mut plan, (Kind::NoShow, ""), &[], now)?;
        store::put_plan(txn, &plan)?;
        let on = format!("booking {id}");
        Ok(audit::record(txn, workspace, now, &Who::of(actor), "booking_message.sent", &on, Kind::NoShow.as_str())?)
    })
}

/// Of a worker or an event type, as it stands in addresses.
pub fn owner_in(text: &str) -> Result<Uuid, MessagesError> {
    text.parse::<WorkerId>().map(|id| id.0).map_err(|_| MessagesError::NotFound)
}

/// One of the languages, by its tag.
pub fn language_in(tag: &str) -> Result<Language, MessagesError> {
    texts::LANGUAGES.into_iter().find(|language| language.tag() == tag).ok_or(MessagesError::NotFound)
}

impl From<MessagesError> for PageError {
    fn from(error: MessagesError) -> Self {
        match error {
            MessagesError::Denied(denied) => denied.into(),
            MessagesError::NotFound => Self::NotFound,
            MessagesError::Invalid(wrong) => Self::bad_request(wrong.words(), "Go back and correct it."),
            MessagesError::NotWaiting => {
                Self::conflict("This message does not wait any more.", "Open the booking again to see what came of it.")
            }
            MessagesError::NotSent(reason) => Self::conflict(reason, "Nothing was sent."),
            MessagesError::Store(error) => Self::internal("could not read or write messages of bookings", &error),
        }
    }
}

impl From<MessagesError> for ApiError {
    fn from(error: MessagesError) -> Self {
        match error {
            MessagesError::Invalid(wrong) => {
                let error = |(field, words): (&'static str, String)| FieldError::at(&format!("/{field}"), words);
                Self::invalid(wrong.into_iter().map(error).collect())
            }
            other => PageError::from(other).into(),
        }
    }
}
