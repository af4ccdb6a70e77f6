//! What a guest reads when something goes wrong on a page that is made for guests, in their own language.

use super::error_page::{ErrorPage, Kind, NOTHING_CHANGED};
use crate::base::Language;

struct Words {
    absent: [&'static str; 3],
    method: [&'static str; 3],
    unclear: [&'static str; 3],
    large: [&'static str; 3],
    many: [&'static str; 3],
    refused: [&'static str; 3],
    later: [&'static str; 3],
    ours: [&'static str; 3],
    nothing_changed: &'static str,
    back: &'static str,
    start: &'static str,
    /// To what the business offers.
    home: &'static str,
    log: &'static str,
}

const ALL: [&Words; 6] = [&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &PORTUGUESE, &HINDI];

const ENGLISH: Words = Words {
    absent: [
        "Not here",
        "There is nothing at this address.",
        "The link may be incomplete, or the page was taken down.",
    ],
    method: [
        "Not this way",
        "This address does not take what was sent to it.",
        "Start again from the page with the form.",
    ],
    unclear: ["Not understood", "What was sent could not be read.", "Go back and try again."],
    large: ["Too large", "What you sent is too large.", "Shorten it and try again."],
    many: ["Too many at once", "Too many requests came from here.", "Wait a few minutes and try again."],
    refused: ["Not possible now", "This cannot be done at present.", "Go back and see how it stands."],
    later: ["Not just now", "This is not possible for a moment.", "Try again in a few minutes."],
    ours: ["A mistake of ours", "The server met an error it did not expect.", "Try again in a few minutes."],
    nothing_changed: NOTHING_CHANGED,
    back: "Back to where you were",
    start: "Go to the start page",
    home: "See what can be booked",
    log: "For the log:",
};

const GERMAN: Words = Words {
    absent: [
        "Hier ist nichts",
        "Unter dieser Adresse gibt es keine Seite.",
        "Vielleicht ist der Link unvollständig, oder die Seite gibt es nicht mehr.",
    ],
    method: [
        "So geht es nicht",
        "Diese Adresse nimmt nicht an, was an sie gesendet wurde.",
        "Bitte beginnen Sie noch einmal auf der Seite mit dem Formular.",
    ],
    unclear: [
        "Nicht verstanden",
        "Was gesendet wurde, war nicht lesbar.",
        "Bitte gehen Sie zurück und versuchen Sie es noch einmal.",
    ],
    large: ["Zu groß", "Was Sie gesendet haben, ist zu groß.", "Bitte kürzen Sie es und versuchen Sie es noch einmal."],
    many: [
        "Zu viel auf einmal",
        "Von hier kamen zu viele Anfragen.",
        "Bitte warten Sie ein paar Minuten und versuchen Sie es noch einmal.",
    ],
    refused: [
        "Jetzt nicht möglich",
        "Das ist zurzeit nicht möglich.",
        "Bitte gehen Sie zurück und sehen Sie nach, wie es steht.",
    ],
    later: [
        "Im Moment nicht",
        "Das ist gerade nicht möglich.",
        "Bitte versuchen Sie es in ein paar Minuten noch einmal.",
    ],
    ours: [
        "Ein Fehler bei uns",
        "Auf dem Server ist ein unerwarteter Fehler aufgetreten.",
        "Bitte versuchen Sie es in ein paar Minuten noch einmal.",
    ],
    nothing_changed: "Es wurde nichts geändert.",
    back: "Zurück zur vorigen Seite",
    start: "Zur Startseite",
    home: "Ansehen, was gebucht werden kann",
    log: "Für das Protokoll:",
};

const SPANISH: Words = Words {
    absent: [
        "Aquí no hay nada",
        "No hay ninguna página en esta dirección.",
        "Puede que el enlace esté incompleto o que la página ya no exista.",
    ],
    method: [
        "Así no se puede",
        "Esta dirección no acepta lo que se le ha enviado.",
        "Vuelva a empezar desde la página del formulario.",
    ],
    unclear: ["No se ha entendido", "No se ha podido leer lo enviado.", "Vuelva atrás e inténtelo de nuevo."],
    large: ["Demasiado grande", "Lo que ha enviado es demasiado grande.", "Acórtelo e inténtelo de nuevo."],
    many: [
        "Demasiadas solicitudes",
        "Han llegado demasiadas solicitudes desde aquí.",
        "Espere unos minutos e inténtelo de nuevo.",
    ],
    refused: ["Ahora no es posible", "Esto no se puede hacer en este momento.", "Vuelva atrás y compruebe cómo está."],
    later: ["Ahora mismo no", "No es posible en este instante.", "Inténtelo de nuevo en unos minutos."],
    ours: ["Un error nuestro", "El servidor ha encontrado un error inesperado.", "Inténtelo de nuevo en unos minutos."],
    nothing_changed: "No se ha cambiado nada.",
    back: "Volver a la página anterior",
    start: "Ir a la página de inicio",
    home: "Ver lo que se puede reservar",
    log: "Para el registro:",
};

const FRENCH: Words = Words {
    absent: [
        "Rien ici",
        "Il n’y a pas de page à cette adresse.",
        "Le lien est peut-être incomplet, ou la page n’existe plus.",
    ],
    method: [
        "Pas de cette façon",
        "Cette adresse n’accepte pas ce qui lui a été envoyé.",
        "Recommencez depuis la page du formulaire.",
    ],
    unclear: ["Non compris", "Ce qui a été envoyé n’a pas pu être lu.", "Revenez en arrière et réessayez."],
    large: ["Trop volumineux", "Ce que vous avez envoyé est trop volumineux.", "Raccourcissez-le et réessayez."],
    many: ["Trop de demandes", "Trop de demandes sont venues d’ici.", "Attendez quelques minutes et réessayez."],
    refused: [
        "Impossible pour le moment",
        "Cela n’est pas possible actuellement.",
        "Revenez en arrière pour voir où cela en est.",
    ],
    later: ["Pas maintenant", "Cela n’est pas possible pour l’instant.", "Réessayez dans quelques minutes."],
    ours: [
        "Une erreur de notre part",
        "Le serveur a rencontré une erreur inattendue.",
        "Réessayez dans quelques minutes.",
    ],
    nothing_changed: "Rien n’a été modifié.",
    back: "Revenir à la page précédente",
    start: "Aller à la page d’accueil",
    home: "Voir ce qui peut être réservé",
    log: "Pour le journal :",
};

const PORTUGUESE: Words = Words {
    absent: [
        "Não há nada aqui",
        "Não existe nenhuma página neste endereço.",
        "Talvez o link esteja incompleto ou a página já não exista.",
    ],
    method: [
        "Assim não é possível",
        "Este endereço não aceita o que lhe foi enviado.",
        "Comece de novo na página do formulário.",
    ],
    unclear: ["Não entendido", "Não foi possível ler o que foi enviado.", "Volte e tente de novo."],
    large: ["Grande demais", "O que você enviou é grande demais.", "Encurte e tente de novo."],
    many: ["Pedidos demais", "Vieram pedidos demais daqui.", "Espere alguns minutos e tente de novo."],
    refused: ["Agora não é possível", "Isto não pode ser feito no momento.", "Volte e veja como está."],
    later: ["Agora não", "Isto não é possível neste instante.", "Tente de novo em alguns minutos."],
    ours: ["Um erro nosso", "O servidor encontrou um erro inesperado.", "Tente de novo em alguns minutos."],
    nothing_changed: "Nada foi alterado.",
    back: "Voltar à página anterior",
    start: "Ir para a página inicial",
    home: "Ver o que pode ser reservado",
    log: "Para o registro:",
};

const HINDI: Words = Words {
    absent: ["यहाँ कुछ नहीं है", "इस पते पर कोई पृष्ठ नहीं है।", "हो सकता है कि लिंक अधूरा हो या पृष्ठ हटा दिया गया हो।"],
    method: ["इस तरह नहीं", "जो भेजा गया, उसे यह पता स्वीकार नहीं करता।", "कृपया फ़ॉर्म वाले पृष्ठ से फिर शुरू करें।"],
    unclear: ["समझ में नहीं आया", "जो भेजा गया, वह पढ़ा नहीं जा सका।", "कृपया वापस जाकर फिर कोशिश करें।"],
    large: ["बहुत बड़ा", "आपने जो भेजा, वह बहुत बड़ा है।", "कृपया उसे छोटा करके फिर कोशिश करें।"],
    many: ["बहुत अधिक अनुरोध", "यहाँ से बहुत अधिक अनुरोध आए हैं।", "कृपया कुछ मिनट बाद फिर कोशिश करें।"],
    refused: ["अभी संभव नहीं", "यह अभी नहीं किया जा सकता।", "कृपया वापस जाकर देखें कि स्थिति क्या है।"],
    later: ["अभी नहीं", "यह इस समय संभव नहीं है।", "कृपया कुछ मिनट बाद फिर कोशिश करें।"],
    ours: ["हमारी ओर से त्रुटि", "सर्वर पर एक अप्रत्याशित त्रुटि हुई।", "कृपया कुछ मिनट बाद फिर कोशिश करें।"],
    nothing_changed: "कुछ भी नहीं बदला गया।",
    back: "पिछले पृष्ठ पर वापस जाएँ",
    start: "मुखपृष्ठ पर जाएँ",
    home: "देखें कि क्या बुक किया जा सकता है",
    log: "लॉग के लिए:",
};

impl Words {
    fn of(&self, kind: Kind) -> [&'static str; 3] {
        match kind {
            Kind::Absent => self.absent,
            Kind::Method => self.method,
            Kind::Unclear => self.unclear,
            Kind::Large => self.large,
            Kind::Many => self.many,
            Kind::Refused => self.refused,
            Kind::Later => self.later,
            Kind::Ours => self.ours,
        }
    }
}

impl ErrorPage {
    /// The same for a guest, who is led to `home` where no page of ours led here. What was said of one thing alone stays
    /// where they speak its language.
    pub(super) fn for_guest(self, language: Language, home: Option<String>) -> Self {
        let words = language.among(ALL);
        let is_own = matches!(self.kind, Kind::Unclear | Kind::Refused | Kind::Later) && language == Language::English;
        let [title, what, cure] = words.of(self.kind);
        let (title, what, cure) = match is_own {
            true => (self.title, self.what, self.cure),
            false => (title, what.to_owned(), cure.to_owned()),
        };
        let kept = if self.kept == NOTHING_CHANGED { words.nothing_changed } else { "" };
        let (way, way_words) = match home {
            _ if self.way != "/" => (self.way, words.back),
            Some(home) => (home, words.home),
            None => (self.way, words.start),
        };
        let (way_words, lang, log_words) = (way_words.to_owned(), language.tag(), words.log);
        Self { title, what, cure, kept, way, way_words, lang, log_words, ..self }
    }
}
