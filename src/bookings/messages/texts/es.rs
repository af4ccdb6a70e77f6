//! Spanish.

use super::{Labels, Text, Texts};

pub(super) const TEXTS: Texts = Texts {
    greeting: "{{#if first_name}}Hola, {{first_name}}:{{else}}Hola:{{/if}}",
    texts: [
        Text {
            subject: "{{title}}: {{when}}",
            heading: "Reservado: {{start}}",
            body: "Perfecto. Nos vemos el {{when}}.",
        },
        Text {
            subject: "Recordatorio: {{title}}, {{start}}",
            heading: "Nos vemos el {{start}}",
            body:
                "Le recordamos nuestra reunión del {{when}}.\n\nSi la hora ya no le viene bien, avísenos ahora; basta \
                   con responder a este correo.",
        },
        Text {
            subject: "Nueva hora: {{title}}, {{start}}",
            heading: "Nueva hora: {{start}}",
            body: "Nuestra reunión cambia de hora: {{when}}.",
        },
        Text {
            subject: "Cancelada: {{title}}",
            heading: "La reunión queda cancelada",
            body: "Nuestra reunión del {{when}} queda cancelada.{{#if reason}}\n\n{{reason}}{{/if}}",
        },
        Text {
            subject: "El enlace para {{title}}",
            heading: "Aquí tiene el enlace",
            body: "Aquí tiene el enlace para nuestra reunión del {{when}}.",
        },
        Text {
            subject: "Gracias: {{title}}",
            heading: "Gracias por su tiempo",
            body: "Gracias por la conversación. Si le ha surgido alguna pregunta, responda sin más a este correo.",
        },
        Text {
            subject: "Le echamos de menos: {{title}}",
            heading: "Le echamos de menos",
            body: "Le esperamos el {{start}} y no coincidimos. Si todavía quiere hablar, responda con una hora que le \
                   venga bien.",
        },
        Text {
            subject: "Su solicitud: {{title}}, {{start}}",
            heading: "Hemos recibido su solicitud",
            body: "Gracias. Ha pedido el {{when}}. Le guardamos esa hora y le avisaremos en cuanto quede confirmada.",
        },
        Text {
            subject: "No es posible: {{title}}, {{start}}",
            heading: "Esta hora no es posible",
            body:
                "Lo sentimos: no podemos reunirnos el {{when}}.{{#if reason}}\n\n{{reason}}{{/if}}\n\nQuizá haya otra \
                   hora libre; si responde a este correo, lo leeremos.",
        },
    ],
    labels: Labels {
        when: "Cuándo",
        with: "Con",
        at: "Dónde",
        paid: "Pagado",
        open: "Abrir la llamada",
        came_up: "¿Le ha surgido algo?",
        change: "Cambiar la hora",
        cancel: "Cancelar",
        invited_apart: "La invitación para su calendario llega en un correo aparte.",
        attached: "El archivo de este correo añade la reunión a su calendario.",
        series: "Es la primera de {n} reuniones. Aquí están todas.",
        series_off: "Esto vale para {n} reuniones: todas las que figuran abajo.",
        reason: "Recibe este correo porque tiene una reunión con {from}. No es publicidad.",
    },
};
