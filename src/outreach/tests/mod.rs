//! The room as a whole: real queue, real gate, real events; only the mailbox is made up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::sequences::{approve, create, update};
use super::*;
use crate::base::{ConnectionId, ContactId, EmailAddress, MessageId, ReplyId, SequenceId, UnixMillis};
use crate::connections::{self, Connection, Kind, MailServerSettings, Pace, SecurityMode, SmtpImap, Use};
use crate::contacts::{self, Contact, Source};
use crate::events::{self, Deliver, Happened};
use crate::jobs::{Runner, Threads};
use crate::mailer;
use crate::messaging::{self, Channel, Incoming, Look, Message, Outbox, Reading, SendOutcome, SentAs};
use crate::testing::{self, TestApp};
use crate::workers::{self, Limits, Sender, Worker, WorkerForm};

mod analytics;
mod answers;
mod branches;
mod doubt;
mod enrolling;
mod pages;
mod rotation;
mod sending;
mod switching;
mod wordings;
mod world;

use world::*;
