//! Who hears of what happened.

use crate::app::App;
use crate::events::{Deliver, Subscribers};
use crate::jobs::Lane;
use crate::{addresses, agents, bookings, connections, contacts, deliverability, leads, messaging, outreach};

/// All subscribers, in the order in which each event reaches them.
fn subscribers() -> Subscribers<App> {
    let mut all: Subscribers<App> = Vec::new();
    all.extend(connections::subscribers());
    all.extend(deliverability::subscribers());
    all.extend(contacts::subscribers());
    all.extend(addresses::subscribers());
    all.extend(messaging::subscribers());
    all.extend(agents::subscribers());
    all.extend(outreach::subscribers());
    all.extend(bookings::subscribers());
    all.extend(leads::subscribers());
    all.push(Box::new(super::live::Live));
    all
}

pub fn deliver(app: &App) -> Deliver<App> {
    Deliver::new(app.store.clone(), app.clock.clone(), subscribers()).gathering_while(is_sending)
}

fn is_sending(app: &App) -> bool {
    app.runner().is_some_and(|runner| runner.load().running.get(&Lane::MailOut).is_some_and(|threads| *threads > 0))
}
