//! For tests of this room: a mailbox and a mail on its way.

use super::{enqueue, Message, NewMessage, Purpose};
use crate::app::App;
use crate::base::{ConnectionId, ContactId, EmailAddress, WorkspaceId};
use crate::connections::{self, Connection, Google, Health, Kind, Pace, State, Use};
use crate::contacts::{self, Contact, Source};
use crate::testing::NOW;

pub fn mailbox(workspace: WorkspaceId, id: ConnectionId) -> Connection {
    let google = Google {
        subject: "1".into(),
        scopes: vec![],
        credentials: None,
        history_cursor: None,
        relisting: None,
        calendar_id: None,
        busy_calendars: vec![],
        calendar_zone: None,
    };
    Connection {
        id,
        workspace,
        address: EmailAddress::parse("nora@fernhill.example").unwrap(),
        display_name: "Nora Whitfield".into(),
        kind: Kind::Google(google),
        uses: vec![Use::Outreach],
        state: State::Working,
        pace: Pace::default(),
        health: Health { last_poll: Some(NOW), ..Health::default() },
        made_by: None,
        made_at: NOW,
    }
}

/// A first mail to a new contact with this address, waiting to leave.
pub fn queue_mail(app: &App, workspace: WorkspaceId, to: &str) -> Message {
    let connection = mailbox(workspace, ConnectionId::new(NOW));
    let to = EmailAddress::parse(to).unwrap();
    let contact = Contact {
        id: ContactId::new(NOW),
        workspace,
        first_name: "Anna".into(),
        last_name: "Lund".into(),
        addresses: vec![to.clone()],
        company: String::new(),
        job_title: String::new(),
        phone: String::new(),
        website: String::new(),
        time_zone: None,
        locale: None,
        custom: Default::default(),
        tags: vec![],
        source: Source::ByHand,
        created_at: NOW,
        changed_at: NOW,
        restricted: false,
    };
    let new =
        NewMessage::new(NOW, workspace, contact.id, Purpose::Outreach, &connection, &to).words("Heating", "Dear Anna");
    app.store
        .write(|txn| {
            connections::put(txn, &connection)?;
            contacts::put(txn, &contact, None)?;
            enqueue(app, txn, &new, NOW)
        })
        .unwrap()
}
