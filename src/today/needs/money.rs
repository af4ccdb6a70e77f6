//! Money that could not be given back, or of which nobody knows whether it was.

use super::{Need, Needs, SHOWN};
use crate::authz::Permission;
use crate::payments;
use crate::today::day::{Day, TodayError};
use crate::today::people::People;

impl Needs {
    pub(super) fn add_money(&mut self, day: &Day<'_>) -> Result<(), TodayError> {
        if !day.actor.may(Permission::RefundPayments) {
            return Ok(());
        }
        let left = payments::list_left(&day.app.store, day.workspace.id, SHOWN + 1)?;
        let mut people = People::of(day.app, day.workspace.id);
        for payment in left.iter().take(SHOWN) {
            let name = people.get(payment.contact)?.name;
            self.rows.push(Need {
                icon: "alert",
                tone: "bad",
                fact: format!("{name} waits for money back"),
                context: payment.needs_person().unwrap_or_default(),
                href: format!("/payments/{}", payment.id),
                go: "Look",
                ..Need::default()
            });
        }
        if left.len() > SHOWN {
            self.add_more("More payments to be given back", "/payments");
        }
        Ok(())
    }
}
