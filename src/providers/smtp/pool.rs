//! Connections kept open between mails of the same mailbox.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::session::{Sent, Session};
use super::{outcome_of, Outcome, Outgoing, Timeouts};
use crate::base::ConnectionId;
use crate::providers::mail_server::MailServer;
use crate::providers::outbound::{CallLog, CallRecord, Outbound};

/// Idle connections kept for one mailbox.
const KEPT: usize = 8;
/// Servers hang up on idle clients; many after a minute.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// Sends mails over kept connections. Shared by all worker threads.
pub struct SmtpPool {
    outbound: Outbound,
    hello: String,
    timeouts: Timeouts,
    idle: Mutex<HashMap<ConnectionId, Vec<Idle>>>,
}

struct Idle {
    session: Session,
    /// What it was opened with; other settings get a connection of their own.
    server: Arc<MailServer>,
    since: Instant,
}

impl SmtpPool {
    /// `hello` is the name this server gives in EHLO: its host name.
    pub fn new(outbound: Outbound, hello: impl Into<String>, timeouts: Timeouts) -> Self {
        Self { outbound, hello: hello.into(), timeouts, idle: Mutex::default() }
    }

    /// Sends one mail, to all of its recipients or to none. Notes one call in `log`.
    pub fn send(
        &self,
        connection: ConnectionId,
        server: &Arc<MailServer>,
        mail: Outgoing<'_>,
        log: &dyn CallLog,
    ) -> Outcome {
        let (at, begun) = (self.outbound.clock().now(), Instant::now());
        let outcome = self.attempt(connection, server, mail);
        log.record(CallRecord {
            at,
            method: "SMTP".into(),
            url: format!("smtp://{}:{}", server.host, server.port),
            status: outcome.code(),
            took: begun.elapsed(),
            sent_bytes: mail.message.len() as u64,
            received_bytes: 0,
        });
        outcome
    }

    fn attempt(&self, connection: ConnectionId, server: &Arc<MailServer>, mail: Outgoing<'_>) -> Outcome {
        while let Some(session) = self.take(connection, server) {
            let sent = self.send_over(session, connection, server, mail);
            // A kept connection that had died before the mail was begun says nothing about the mail.
            if !sent.died_early {
                return sent.outcome;
            }
        }
        match Session::open(&self.outbound, server, &self.hello, self.timeouts) {
            Ok(session) => self.send_over(session, connection, server, mail).outcome,
            Err(error) => outcome_of(error),
        }
    }

    fn send_over(
        &self,
        mut session: Session,
        connection: ConnectionId,
        server: &Arc<MailServer>,
        mail: Outgoing<'_>,
    ) -> Sent {
        let sent = session.send(mail.envelope, mail.message);
        if sent.usable {
            self.keep(connection, session, server);
        }
        sent
    }

    fn take(&self, connection: ConnectionId, server: &Arc<MailServer>) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(&connection)?;
        kept.retain(|idle| idle.since.elapsed() < MAX_IDLE && idle.server == *server);
        kept.pop().map(|idle| idle.session)
    }

    fn keep(&self, connection: ConnectionId, session: Session, server: &Arc<MailServer>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.entry(connection).or_default();
        if kept.len() < KEPT {
            kept.push(Idle { session, server: server.clone(), since: Instant::now() });
        }
    }

    /// Closes what is kept for a mailbox; call it when the connection is ended.
    pub fn forget(&self, connection: ConnectionId) {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).remove(&connection);
        kept.into_iter().flatten().for_each(|idle| idle.session.quit());
    }

    /// Closes connections that have been idle too long; call it now and then.
    pub fn sweep(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in idle.values_mut() {
            kept.retain(|idle| idle.since.elapsed() < MAX_IDLE);
        }
        idle.retain(|_, kept| !kept.is_empty());
    }
}
