//! German.

use super::{Labels, Text, Texts};

pub(super) const TEXTS: Texts = Texts {
    greeting: "{{#if first_name}}Guten Tag {{first_name}},{{else}}Guten Tag,{{/if}}",
    texts: [
        Text {
            subject: "{{title}}: {{when}}",
            heading: "Gebucht: {{start}}",
            body: "das passt. Unser Termin: {{when}}.",
        },
        Text {
            subject: "Erinnerung: {{title}}, {{start}}",
            heading: "Unser Termin: {{start}}",
            body: "eine kurze Erinnerung an unseren Termin: {{when}}.\n\nPasst die Zeit doch nicht? Dann sagen Sie bitte \
                   jetzt Bescheid; eine Antwort auf diese Mail genügt.",
        },
        Text {
            subject: "Neue Zeit: {{title}}, {{start}}",
            heading: "Neue Zeit: {{start}}",
            body: "unser Termin ist verschoben: {{when}}.",
        },
        Text {
            subject: "Abgesagt: {{title}}",
            heading: "Der Termin ist abgesagt",
            body: "unser Termin am {{when}} ist abgesagt.{{#if reason}}\n\n{{reason}}{{/if}}",
        },
        Text {
            subject: "Der Link für {{title}}",
            heading: "Hier ist der Link",
            body: "hier ist der Link für unseren Termin: {{when}}.",
        },
        Text {
            subject: "Vielen Dank: {{title}}",
            heading: "Vielen Dank für Ihre Zeit",
            body: "vielen Dank für das Gespräch. Wenn inzwischen eine Frage aufgetaucht ist, antworten Sie einfach auf \
                   diese Mail.",
        },
        Text {
            subject: "Wir haben Sie vermisst: {{title}}",
            heading: "Wir haben Sie vermisst",
            body: "wir haben zum Termin ({{start}}) auf Sie gewartet und uns leider verpasst. Wenn Sie noch sprechen \
                   möchten, antworten Sie mit einer Zeit, die Ihnen passt.",
        },
        Text {
            subject: "Ihre Anfrage: {{title}}, {{start}}",
            heading: "Ihre Anfrage ist da",
            body: "vielen Dank. Sie haben um diesen Termin gebeten: {{when}}. Die Zeit ist für Sie vorgemerkt; wir melden \
                   uns, sobald sie bestätigt ist.",
        },
        Text {
            subject: "Leider nicht möglich: {{title}}, {{start}}",
            heading: "Diese Zeit ist nicht möglich",
            body: "leider können wir diesen Termin nicht halten: {{when}}.{{#if reason}}\n\n{{reason}}{{/if}}\n\nEine \
                   andere Zeit ist vielleicht frei; eine Antwort auf diese Mail erreicht uns.",
        },
    ],
    labels: Labels {
        when: "Wann",
        with: "Mit",
        at: "Wo",
        paid: "Bezahlt",
        open: "Zum Gespräch",
        came_up: "Ist etwas dazwischengekommen?",
        change: "Termin verschieben",
        cancel: "Absagen",
        invited_apart: "Die Einladung für Ihren Kalender kommt in einer eigenen Mail.",
        attached: "Die Datei in dieser Mail trägt den Termin in Ihren Kalender ein.",
        series: "Das ist der erste von {n} Terminen. Hier sind alle.",
        series_off: "Das gilt für {n} Termine: für alle, die unten stehen.",
        reason: "Sie erhalten diese Mail, weil Sie einen Termin mit {from} haben. Sie ist keine Werbung.",
    },
};
