//! The mails that Calendar sends to guests when a client asks for updates to be sent (RFC 6047).

use std::sync::Arc;

use lettre::message::header::ContentType;
use lettre::message::{Message, MultiPart, SinglePart};
use serde_json::Value;

use super::times;
use crate::base::UnixMillis;
use crate::sandbox::world::World;

#[derive(Clone, Copy)]
pub(in crate::sandbox) enum Notice {
    Invitation,
    Update,
    Cancellation,
}

impl Notice {
    fn method(self) -> &'static str {
        match self {
            Self::Invitation | Self::Update => "REQUEST",
            Self::Cancellation => "CANCEL",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Invitation => "Invitation",
            Self::Update => "Updated invitation",
            Self::Cancellation => "Cancelled event",
        }
    }
}

/// Writes to every guest but the organiser.
pub(in crate::sandbox) fn send(world: &mut World, organiser: &str, event: &Value, notice: Notice) {
    let guests = event["attendees"].as_array().into_iter().flatten().filter_map(|guest| guest["email"].as_str());
    let guests: Vec<String> =
        guests.filter(|guest| !guest.eq_ignore_ascii_case(organiser)).map(str::to_owned).collect();
    for guest in guests {
        // A guest whose address cannot stand in a mail gets none, as in life.
        if let Some(raw) = mail(organiser, &guest, event, notice, world.clock.now()) {
            world.deliver(&raw, &[guest]);
        }
    }
}

fn mail(organiser: &str, guest: &str, event: &Value, notice: Notice, now: UnixMillis) -> Option<Arc<[u8]>> {
    let summary = event["summary"].as_str().unwrap_or("(No title)");
    let zone = times::zone(event["start"]["timeZone"].as_str().unwrap_or("UTC"));
    let start = event["start"]["dateTime"].as_str().and_then(UnixMillis::parse_rfc3339);
    let when = match start {
        Some(start) => start.in_zone(&zone).strftime("%a %-d %b %Y %H:%M (%Q)").to_string(),
        None => event["start"]["date"].as_str().unwrap_or_default().to_owned(),
    };
    let calendar_type = format!("text/calendar; charset=UTF-8; method={}", notice.method());
    let text = format!("{summary}\n\nWhen: {when}\nOrganiser: {organiser}\n");
    let message = Message::builder()
        .from(organiser.parse().ok()?)
        .sender("Calendar <calendar-notification@google.example>".parse().ok()?)
        .to(guest.parse().ok()?)
        .subject(format!("{}: {summary} @ {when}", notice.title()))
        .message_id(Some(format!("<calendar-{}@google.example>", crate::base::uuid_at(now).simple())))
        .date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(now.0).ok()?))
        .multipart(
            MultiPart::alternative().singlepart(SinglePart::plain(text)).singlepart(
                SinglePart::builder()
                    .header(ContentType::parse(&calendar_type).ok()?)
                    .body(calendar_object(organiser, guest, event, notice, now)),
            ),
        )
        .ok()?;
    Some(message.formatted().into())
}

/// One VEVENT with its times in UTC (RFC 5545, RFC 5546 section 3.2.2).
fn calendar_object(organiser: &str, guest: &str, event: &Value, notice: Notice, now: UnixMillis) -> String {
    let compact = |instant: UnixMillis| instant.to_rfc3339().replace(['-', ':'], "");
    let time = |name: &str, value: &Value| match value["dateTime"].as_str().and_then(UnixMillis::parse_rfc3339) {
        Some(instant) => format!("{name}:{}", compact(instant)),
        None => format!("{name};VALUE=DATE:{}", value["date"].as_str().unwrap_or_default().replace('-', "")),
    };
    let status = if matches!(notice, Notice::Cancellation) { "CANCELLED" } else { "CONFIRMED" };
    [
        "BEGIN:VCALENDAR".to_owned(),
        "PRODID:-//Sandbox//Simulated Calendar//EN".to_owned(),
        "VERSION:2.0".to_owned(),
        format!("METHOD:{}", notice.method()),
        "BEGIN:VEVENT".to_owned(),
        time("DTSTART", &event["start"]),
        time("DTEND", &event["end"]),
        format!("DTSTAMP:{}", compact(now)),
        format!("ORGANIZER:mailto:{organiser}"),
        format!("UID:{}", event["iCalUID"].as_str().unwrap_or_default()),
        format!("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest}"),
        format!("SEQUENCE:{}", event["sequence"].as_u64().unwrap_or(0)),
        format!("STATUS:{status}"),
        format!("SUMMARY:{}", escaped(event["summary"].as_str().unwrap_or_default())),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
        String::new(),
    ]
    .join("\r\n")
}

/// TEXT escaping, RFC 5545 section 3.3.11.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}
