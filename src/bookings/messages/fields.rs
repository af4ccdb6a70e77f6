//! What the owner may put into a text, and what it becomes for one booking.

use std::collections::BTreeMap;

use super::around::Around;
use super::links::Links;
use super::visitor;
use crate::base::Mistakes;
use crate::bookings::model::Booking;
use crate::bookings::words::{self, Clocks, Language};
use crate::language::ground::take_links;
use crate::language::merge::{self, Template};

/// A merge field.
pub struct Field {
    pub name: &'static str,
    pub words: &'static str,
    /// Without a fallback it may be used only where this is so.
    pub is_always_there: bool,
}

const fn field(name: &'static str, words: &'static str, is_always_there: bool) -> Field {
    Field { name, words, is_always_there }
}

pub const FIELDS: &[Field] = &[
    field("first_name", "The guest’s first name", false),
    field("last_name", "The guest’s last name", false),
    field("full_name", "The guest’s whole name", false),
    field("company", "The guest’s company", false),
    field("title", "What the meeting is called", true),
    field("when", "The time on both clocks", true),
    field("start", "The time on the guest’s clock", true),
    field("start_host", "The time on the host’s clock", true),
    field("host", "Who meets the guest", true),
    field("workspace_name", "Your business", true),
    field("where", "Link, place or number", false),
    field("link", "The link of the video call", false),
    field("move_link", "Where the guest chooses another time", false),
    field("cancel_link", "Where the guest cancels", false),
    field("reason", "Why it was cancelled or declined", false),
    field("answers", "What the guest answered to your questions", false),
];

/// The values of one booking.
pub struct Values(BTreeMap<&'static str, String>);

impl Values {
    pub fn of(booking: &Booking, around: &Around, links: &Links, language: Language, reason: &str) -> Self {
        let both = Clocks::of(&booking.guest_zone, &around.host_zone);
        let theirs = Clocks::of(&booking.guest_zone, &booking.guest_zone);
        let ours = Clocks::of(&around.host_zone, &around.host_zone);
        // Of the visitor nothing is told to those who come along.
        let is_theirs = around.companion.is_none();
        let known = |name: &str| around.contact.field(name).filter(|_| is_theirs);
        let own = |name: &str| known(name).map(|value| harmless(&value)).unwrap_or_default();
        let (place, _) = around.place_words(booking, language);
        let values = [
            ("first_name", own("first_name")),
            ("last_name", own("last_name")),
            ("full_name", own("full_name")),
            ("company", own("company")),
            ("title", title(booking)),
            ("when", words::when(language, booking.start, &both)),
            ("start", words::when(language, booking.start, &theirs)),
            ("start_host", words::when(language, booking.start, &ours)),
            ("host", around.host_name.clone()),
            ("workspace_name", around.business.clone()),
            ("where", place),
            ("link", booking.video_link.clone().unwrap_or_default()),
            ("move_link", links.change.clone().unwrap_or_default()),
            ("cancel_link", links.cancel.clone().unwrap_or_default()),
            ("reason", reason.to_owned()),
            ("answers", if is_theirs { answers(booking) } else { String::new() }),
        ];
        Self(values.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// `None` when the text does not parse or something that it needs is missing.
    pub fn fill(&self, text: &str) -> Option<String> {
        let rendered = merge::render(&merge::parse(text).ok()?, &|name| self.0.get(name).cloned(), 0);
        rendered.missing.is_empty().then(|| closed_up(&rendered.text))
    }
}

/// What a stranger typed on a public page carries no address into a mail of ours.
pub fn harmless(text: &str) -> String {
    let (links, rest) = take_links(text);
    match links.is_empty() && !text.contains("://") {
        true => text.to_owned(),
        false => rest.replace("://", " ").trim().to_owned(),
    }
}

/// What the meeting is called, as a guest may read it.
pub fn title(booking: &Booking) -> String {
    let title = harmless(&booking.title);
    let title = title.trim_end_matches([':', ' ']);
    match title {
        "" => "–".to_owned(),
        title => title.to_owned(),
    }
}

fn answers(booking: &Booking) -> String {
    let answered = visitor::answers(booking).into_iter().filter(|(_, answer)| !answer.trim().is_empty());
    let each = answered.map(|(question, answer)| format!("{question}: {}", harmless(answer)));
    each.collect::<Vec<_>>().join("; ")
}

/// Where a condition left nothing, no gap stays.
fn closed_up(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text.trim().to_owned()
}

/// Characters of a subject and a text.
const LONGEST: (usize, usize) = (200, 5_000);

/// What is wrong with a text of the owner's, by field.
pub fn check(subject: &str, text: &str) -> Result<(), Mistakes> {
    let mut wrong = Mistakes::default();
    let one_line = !subject.trim().is_empty() && subject.chars().count() <= LONGEST.0;
    wrong.expect(one_line && !subject.contains(['\r', '\n']), "subject", "Write one line of at most 200 characters.");
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST.1;
    wrong.expect(fits, "text", "Write a text of at most 5,000 characters.");
    for (field, text) in [("subject", subject), ("text", text)] {
        match merge::parse(text) {
            Err(error) => wrong.add(field, error.to_string()),
            Ok(template) => check_fields(&template, field, &mut wrong),
        }
    }
    wrong.into_result()
}

fn check_fields(template: &Template, at: &'static str, wrong: &mut Mistakes) {
    for used in template.fields() {
        match FIELDS.iter().find(|field| field.name == used.name) {
            None => wrong.add(at, format!("{used} is no field of these messages. The list below has all of them.")),
            Some(known) if !known.is_always_there && !used.optional => {
                let name = known.name;
                wrong.add(at, format!("{used} is not always known: write {{{{{name}|something else}}}} or {{{{#if {name}}}}}…{{{{/if}}}}."));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_could_not_be_filled_for_somebody_is_not_saved() {
        let cases = [
            ("{{title}}", "Hello {{first_name|there}}", None),
            ("{{title}}", "Hello {{first_name}}", Some("text")),
            ("{{title}}", "{{#if company}}at {{company}}{{/if}}.", None),
            ("{{nickname|x}}", "Hello", Some("subject")),
            ("{{title", "Hello", Some("subject")),
            ("", "Hello", Some("subject")),
            ("One\r\nBcc: eve@evil.example", "Hello", Some("subject")),
            ("One", "  ", Some("text")),
        ];
        for (subject, text, expected) in cases {
            let wrong = check(subject, text).err().and_then(|wrong| wrong.fields().next());
            assert_eq!(wrong, expected, "{subject} / {text}");
        }
    }

    #[test]
    fn what_a_stranger_typed_carries_no_link_into_a_mail() {
        let cases = [
            ("Gwen Hartley", "Gwen Hartley"),
            ("Win a prize https://evil.example/x now", "Win a prize  now"),
            ("evil.example", ""),
            ("ftp://x", ""),
            ("St. Mary 3.50", "St. Mary 3.50"),
        ];
        for (typed, shown) in cases {
            assert_eq!(harmless(typed), shown, "{typed}");
        }
    }
}
