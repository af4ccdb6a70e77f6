//! What stands on the page of an offered time, in six languages, beside the words of all public pages.

use crate::bookings::words::Language;

pub struct OfferedWords {
    pub confirm: &'static str,
    /// `{email}`.
    pub goes_to: &'static str,
    pub near: &'static str,
    pub over: &'static str,
    pub all_times: &'static str,
    /// `{when}`.
    pub have_one: &'static str,
}

pub fn of(language: Language) -> &'static OfferedWords {
    language.among([&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &PORTUGUESE, &HINDI])
}

const ENGLISH: OfferedWords = OfferedWords {
    confirm: "Nothing is booked yet. The button below books this time.",
    goes_to: "The confirmation goes to {email}.",
    near: "These times near it are free:",
    over: "This offer has run out.",
    all_times: "See all free times",
    have_one: "You have a meeting with us already: {when}.",
};

const GERMAN: OfferedWords = OfferedWords {
    confirm: "Noch ist nichts gebucht. Der Knopf unten bucht diese Zeit.",
    goes_to: "Die Bestätigung geht an {email}.",
    near: "Diese Zeiten in der Nähe sind frei:",
    over: "Dieses Angebot ist abgelaufen.",
    all_times: "Alle freien Zeiten ansehen",
    have_one: "Sie haben schon einen Termin bei uns: {when}.",
};

const SPANISH: OfferedWords = OfferedWords {
    confirm: "Todavía no hay nada reservado. El botón de abajo reserva esta hora.",
    goes_to: "La confirmación se envía a {email}.",
    near: "Estas horas cercanas están libres:",
    over: "Esta oferta ha caducado.",
    all_times: "Ver todas las horas libres",
    have_one: "Ya tiene una reunión con nosotros: {when}.",
};

const FRENCH: OfferedWords = OfferedWords {
    confirm: "Rien n’est encore réservé. Le bouton ci-dessous réserve cette heure.",
    goes_to: "La confirmation est envoyée à {email}.",
    near: "Ces heures proches sont libres :",
    over: "Cette proposition n’est plus valable.",
    all_times: "Voir toutes les heures libres",
    have_one: "Vous avez déjà un rendez-vous avec nous : {when}.",
};

const PORTUGUESE: OfferedWords = OfferedWords {
    confirm: "Nada está reservado ainda. O botão abaixo reserva este horário.",
    goes_to: "A confirmação vai para {email}.",
    near: "Estes horários próximos estão livres:",
    over: "Esta oferta expirou.",
    all_times: "Ver todos os horários livres",
    have_one: "Você já tem uma reunião conosco: {when}.",
};

const HINDI: OfferedWords = OfferedWords {
    confirm: "अभी कुछ बुक नहीं हुआ है। नीचे का बटन यह समय बुक करता है।",
    goes_to: "पुष्टि {email} पर भेजी जाएगी।",
    near: "इसके आसपास ये समय ख़ाली हैं:",
    over: "इस प्रस्ताव की अवधि समाप्त हो गई है।",
    all_times: "सभी ख़ाली समय देखें",
    have_one: "हमारे साथ आपकी एक मुलाक़ात पहले से तय है: {when}।",
};
