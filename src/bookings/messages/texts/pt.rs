//! Portuguese.

use super::{Labels, Text, Texts};

pub(super) const TEXTS: Texts = Texts {
    greeting: "{{#if first_name}}Olá, {{first_name}},{{else}}Olá,{{/if}}",
    texts: [
        Text {
            subject: "{{title}}: {{when}}",
            heading: "Marcado: {{start}}",
            body: "Combinado. Nossa reunião: {{when}}.",
        },
        Text {
            subject: "Lembrete: {{title}}, {{start}}",
            heading: "Nossa reunião: {{start}}",
            body:
                "Um breve lembrete da nossa reunião: {{when}}.\n\nSe o horário já não servir, avise-nos agora; basta \
                   responder a este e-mail.",
        },
        Text {
            subject: "Novo horário: {{title}}, {{start}}",
            heading: "Novo horário: {{start}}",
            body: "Nossa reunião tem um novo horário: {{when}}.",
        },
        Text {
            subject: "Cancelada: {{title}}",
            heading: "A reunião foi cancelada",
            body: "Nossa reunião de {{when}} foi cancelada.{{#if reason}}\n\n{{reason}}{{/if}}",
        },
        Text {
            subject: "O link para {{title}}",
            heading: "Aqui está o link",
            body: "Aqui está o link da nossa reunião de {{when}}.",
        },
        Text {
            subject: "Obrigado: {{title}}",
            heading: "Obrigado pelo seu tempo",
            body: "Obrigado pela conversa. Se surgiu alguma pergunta desde então, basta responder a este e-mail.",
        },
        Text {
            subject: "Sentimos a sua falta: {{title}}",
            heading: "Sentimos a sua falta",
            body:
                "Esperamos por você ({{start}}) e acabamos nos desencontrando. Se ainda quiser conversar, responda com \
                   um horário que seja bom para você.",
        },
        Text {
            subject: "Seu pedido: {{title}}, {{start}}",
            heading: "Recebemos o seu pedido",
            body: "Obrigado. Você pediu este horário: {{when}}. Ele está guardado para você; avisaremos assim que for \
                   confirmado.",
        },
        Text {
            subject: "Não é possível: {{title}}, {{start}}",
            heading: "Este horário não é possível",
            body: "Infelizmente não podemos nos reunir neste horário: {{when}}.{{#if reason}}\n\n{{reason}}{{/if}}\n\n\
                   Talvez outro esteja livre; uma resposta a este e-mail chega até nós.",
        },
    ],
    labels: Labels {
        when: "Quando",
        with: "Com",
        at: "Onde",
        paid: "Pago",
        open: "Abrir a chamada",
        came_up: "Surgiu um imprevisto?",
        change: "Mudar o horário",
        cancel: "Cancelar",
        invited_apart: "O convite para a sua agenda chega em um e-mail à parte.",
        attached: "O arquivo deste e-mail põe a reunião na sua agenda.",
        series: "Esta é a primeira de {n} reuniões. Aqui estão todas.",
        series_off: "Isto vale para {n} reuniões: todas as que estão abaixo.",
        reason: "Você recebe este e-mail porque tem uma reunião com {from}. Não é publicidade.",
    },
};
