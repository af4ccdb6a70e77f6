//! Every kind of work, registered with the queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::App;
use crate::channels::email::EmailChannel;
use crate::config;
use crate::jobs::{Handlers, Lane, Threads};
use crate::mailer::{Mailer, MailerError};
use crate::messaging::Outbox;
use crate::{
    addresses, agents, bookings, channels, connections, contacts, deliverability, identity, leads, meetings, operator,
    outreach,
};

pub fn handlers(app: &App) -> Result<Handlers<App>, MailerError> {
    let hello = url::Url::parse(&app.public_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let hello = hello.unwrap_or_else(|| "localhost".to_owned());
    let handlers = Handlers::default()
        .task(Mailer::new(app.store.clone(), app.clock.clone(), &app.config, &hello)?)
        .task(super::events::deliver(app))
        .task(super::housekeeping::Housekeeping)
        .task(super::closing::CloseWorkspace)
        .task(operator::NoteTime)
        .effect(Outbox { channel: Arc::new(EmailChannel) });
    let rooms = [
        connections::handlers,
        meetings::handlers,
        deliverability::handlers,
        identity::handlers,
        contacts::handlers,
        addresses::handlers,
        channels::handlers,
        outreach::handlers,
        agents::handlers,
        bookings::handlers,
        leads::handlers,
    ];
    Ok(rooms.into_iter().fold(handlers, |handlers, room| room(handlers)))
}

/// The names of all kinds of work, for the operator's page and the tests.
pub fn kinds(app: &App) -> Result<Vec<&'static str>, MailerError> {
    let mut kinds = handlers(app)?.kinds();
    kinds.sort_unstable();
    Ok(kinds)
}

pub fn threads(config: &config::Jobs) -> Threads {
    let each = [
        (Lane::MailOut, config.mail_workers),
        (Lane::MailboxPoll, config.mailbox_workers),
        (Lane::CalendarSync, config.calendar_workers),
        (Lane::Steps, config.general_workers),
        (Lane::Housekeeping, config.general_workers),
        (Lane::Engines, config.engine_workers),
        (Lane::Web, config.general_workers),
    ];
    Threads(each.into_iter().map(|(lane, count)| (lane, count as usize)).collect::<BTreeMap<_, _>>())
}
