//! Follow-ups after an answer: planned when the answer has left, put together on their day, ended by whatever the person
//! says or does.

mod due;
mod hear;
mod letter;

#[cfg(test)]
mod tests;

pub use due::FollowUpDue;
pub use hear::FollowUps;
pub use letter::message_of;
