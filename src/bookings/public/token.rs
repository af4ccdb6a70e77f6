//! Signed names of a hold and of a booking, for links that a stranger holds.

use data_encoding::BASE64URL_NOPAD;

use crate::app::App;
use crate::availability::Span;
use crate::base::{BookingId, EventTypeId, RoutingFormId, UnixMillis, WaiterId, WorkspaceId};
use crate::bookings::model::Booking;

const BOOKING: &str = "a visitor's booking";
const HOLD: &str = "a held time";
const ROUTE: &str = "answers of a routing form";
const WAITER: &str = "a place on a waitlist";

/// Where a visitor sees and changes a booking; the token follows.
pub const PREFIX: &str = "/booking";

/// The page of one booking for the person who made it.
pub fn manage_path(app: &App, booking: &Booking) -> String {
    let bytes = [*booking.workspace.as_bytes(), *booking.id.as_bytes()].concat();
    format!("{PREFIX}/{}", sign(app, BOOKING, &bytes))
}

pub fn read_booking(app: &App, token: &str) -> Option<(WorkspaceId, BookingId)> {
    let bytes = open(app, BOOKING, token)?;
    let (workspace, id) = bytes.split_at_checked(16)?;
    Some((WorkspaceId::from_slice(workspace)?, BookingId::from_slice(id)?))
}

/// Where somebody who waits sees how it stands; the token follows.
pub const WAITING: &str = "/waiting";

/// The page of one who waits.
pub fn waiter_path(app: &App, workspace: WorkspaceId, event: EventTypeId, waiter: WaiterId) -> String {
    let bytes = [*workspace.as_bytes(), *event.as_bytes(), *waiter.as_bytes()].concat();
    format!("{WAITING}/{}", sign(app, WAITER, &bytes))
}

pub fn read_waiter(app: &App, token: &str) -> Option<(WorkspaceId, EventTypeId, WaiterId)> {
    let bytes = open(app, WAITER, token)?;
    let id = |from: usize| bytes.get(from..from + 16);
    Some((WorkspaceId::from_slice(id(0)?)?, EventTypeId::from_slice(id(16)?)?, WaiterId::from_slice(id(32)?)?))
}

/// What somebody answered on a routing form as it stood at `changed_at`, for the address.
pub fn route_token(app: &App, form: RoutingFormId, changed_at: UnixMillis, answers: &[String]) -> String {
    let said = serde_json::to_vec(answers).unwrap_or_default();
    sign(app, ROUTE, &[form.as_bytes().as_slice(), &changed_at.0.to_be_bytes(), &said].concat())
}

pub fn read_route(app: &App, token: &str) -> Option<(RoutingFormId, UnixMillis, Vec<String>)> {
    let bytes = open(app, ROUTE, token)?;
    let changed_at = UnixMillis(i64::from_be_bytes(bytes.get(16..24)?.try_into().ok()?));
    Some((RoutingFormId::from_slice(bytes.get(..16)?)?, changed_at, serde_json::from_slice(bytes.get(24..)?).ok()?))
}

/// A time that is kept while a form is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub event: EventTypeId,
    pub id: BookingId,
    pub start: UnixMillis,
    pub minutes: u32,
    pub until: UnixMillis,
}

impl Held {
    pub fn span(&self) -> Span {
        Span::lasting(self.start, std::time::Duration::from_secs(60 * u64::from(self.minutes)))
    }

    pub fn token(&self, app: &App) -> String {
        let parts: [&[u8]; 5] = [
            self.event.as_bytes(),
            self.id.as_bytes(),
            &self.start.0.to_be_bytes(),
            &self.minutes.to_be_bytes(),
            &self.until.0.to_be_bytes(),
        ];
        sign(app, HOLD, &parts.concat())
    }

    /// A time of this event type; that of another one is none.
    pub fn read(app: &App, event: EventTypeId, token: &str) -> Option<Self> {
        let bytes = open(app, HOLD, token)?;
        let bytes = bytes.strip_prefix(event.as_bytes().as_slice())?;
        let instant = |from: usize| Some(UnixMillis(i64::from_be_bytes(bytes.get(from..from + 8)?.try_into().ok()?)));
        Some(Self {
            event,
            id: BookingId::from_slice(bytes.get(..16)?)?,
            start: instant(16)?,
            minutes: u32::from_be_bytes(bytes.get(24..28)?.try_into().ok()?),
            until: instant(28)?,
        })
    }
}

pub(super) fn sign(app: &App, purpose: &'static str, bytes: &[u8]) -> String {
    format!("{}.{}", BASE64URL_NOPAD.encode(bytes), app.mac.tag(purpose, bytes))
}

pub(super) fn open(app: &App, purpose: &'static str, token: &str) -> Option<Vec<u8>> {
    let (text, tag) = token.split_once('.')?;
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    app.mac.is_tag_of(purpose, &bytes, tag).then_some(bytes)
}
