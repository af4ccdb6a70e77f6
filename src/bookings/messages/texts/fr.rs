//! French.

use super::{Labels, Text, Texts};

pub(super) const TEXTS: Texts = Texts {
    greeting: "{{#if first_name}}Bonjour {{first_name}},{{else}}Bonjour,{{/if}}",
    texts: [
        Text {
            subject: "{{title}} : {{when}}",
            heading: "Réservé : {{start}}",
            body: "C’est entendu. Notre rendez-vous : {{when}}.",
        },
        Text {
            subject: "Rappel : {{title}}, {{start}}",
            heading: "Notre rendez-vous : {{start}}",
            body: "Un petit rappel de notre rendez-vous : {{when}}.\n\nSi l’heure ne vous convient plus, dites-le-nous dès \
                   maintenant ; il suffit de répondre à ce message.",
        },
        Text {
            subject: "Nouvelle heure : {{title}}, {{start}}",
            heading: "Nouvelle heure : {{start}}",
            body: "Notre rendez-vous change d’heure : {{when}}.",
        },
        Text {
            subject: "Annulé : {{title}}",
            heading: "Le rendez-vous est annulé",
            body: "Notre rendez-vous du {{when}} est annulé.{{#if reason}}\n\n{{reason}}{{/if}}",
        },
        Text {
            subject: "Le lien pour {{title}}",
            heading: "Voici le lien",
            body: "Voici le lien pour notre rendez-vous du {{when}}.",
        },
        Text {
            subject: "Merci : {{title}}",
            heading: "Merci pour votre temps",
            body: "Merci pour cet échange. Si une question vous est venue depuis, répondez simplement à ce message.",
        },
        Text {
            subject: "Rendez-vous manqué : {{title}}",
            heading: "Nous ne nous sommes pas vus",
            body: "Nous vous attendions le {{start}} et nous nous sommes manqués. Si vous souhaitez toujours parler, \
                   répondez avec une heure qui vous convient.",
        },
        Text {
            subject: "Votre demande : {{title}}, {{start}}",
            heading: "Nous avons reçu votre demande",
            body: "Merci. Vous avez demandé : {{when}}. Cette heure vous est réservée ; nous vous écrivons dès qu’elle est \
                   confirmée.",
        },
        Text {
            subject: "Impossible : {{title}}, {{start}}",
            heading: "Cette heure n’est pas possible",
            body: "Nous ne pouvons malheureusement pas vous recevoir : {{when}}.{{#if reason}}\n\n{{reason}}{{/if}}\n\nUne \
                   autre heure est peut-être libre ; une réponse à ce message nous parvient.",
        },
    ],
    labels: Labels {
        when: "Quand",
        with: "Avec",
        at: "Où",
        paid: "Payé",
        open: "Ouvrir l’appel",
        came_up: "Un empêchement ?",
        change: "Changer l’heure",
        cancel: "Annuler",
        invited_apart: "L’invitation pour votre agenda arrive dans un message à part.",
        attached: "Le fichier joint ajoute le rendez-vous à votre agenda.",
        series: "C’est le premier de {n} rendez-vous. Les voici tous.",
        series_off: "Cela concerne {n} rendez-vous : tous ceux qui figurent ci-dessous.",
        reason: "Vous recevez ce message parce que vous avez un rendez-vous avec {from}. Ce n’est pas de la publicité.",
    },
};
