//! English.

use super::{Labels, Text, Texts};

pub(super) const TEXTS: Texts = Texts {
    greeting: "{{#if first_name}}Hello {{first_name}},{{else}}Hello,{{/if}}",
    texts: [
        Text {
            subject: "{{title}}: {{when}}",
            heading: "Booked: {{start}}",
            body: "That works. We meet on {{when}}.",
        },
        Text {
            subject: "Reminder: {{title}}, {{start}}",
            heading: "We meet on {{start}}",
            body: "A short reminder of our meeting on {{when}}.\n\nIf the time no longer suits, tell us now rather than not \
                   at all; an answer to this mail is enough.",
        },
        Text {
            subject: "New time: {{title}}, {{start}}",
            heading: "New time: {{start}}",
            body: "Our meeting has a new time: {{when}}.",
        },
        Text {
            subject: "Cancelled: {{title}}",
            heading: "The meeting is cancelled",
            body: "Our meeting on {{when}} is cancelled.{{#if reason}}\n\n{{reason}}{{/if}}",
        },
        Text {
            subject: "The link for {{title}}",
            heading: "Here is the link",
            body: "Here is the link for our meeting on {{when}}.",
        },
        Text {
            subject: "Thank you: {{title}}",
            heading: "Thank you for your time",
            body: "Thank you for the conversation. If a question has come up since, simply answer this mail.",
        },
        Text {
            subject: "We missed you: {{title}}",
            heading: "We missed you",
            body: "We waited for you on {{start}} and did not meet. If you would still like to talk, answer with a time \
                   that suits you.",
        },
        Text {
            subject: "Your request: {{title}}, {{start}}",
            heading: "We have your request",
            body: "Thank you. You asked for {{when}}. The time is kept for you; you hear from us as soon as it is \
                   confirmed.",
        },
        Text {
            subject: "Not possible: {{title}}, {{start}}",
            heading: "This time is not possible",
            body: "Unfortunately we cannot meet on {{when}}.{{#if reason}}\n\n{{reason}}{{/if}}\n\nAnother time may well \
                   be free; an answer to this mail reaches us.",
        },
    ],
    labels: Labels {
        when: "When",
        with: "With",
        at: "Where",
        paid: "Paid",
        open: "Open the call",
        came_up: "Something came up?",
        change: "Move the meeting",
        cancel: "Cancel it",
        invited_apart: "An invitation for your calendar comes in a mail of its own.",
        attached: "The file in this mail puts the meeting into your calendar.",
        series: "This is the first of {n} dates. Here are all of them.",
        series_off: "This goes for {n} dates: all of those below.",
        reason: "You get this because you have a meeting with {from}. It is not advertising.",
    },
};
