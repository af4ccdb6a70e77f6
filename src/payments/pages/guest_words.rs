//! What a guest reads who pays, in six languages. `{…}` marks what is filled in.

use crate::base::Language;

pub struct GuestWords {
    pub title: &'static str,
    pub wait: &'static str,
    pub goes_on: &'static str,
    pub again: &'static str,
    /// `{amount}`.
    pub pay: &'static str,
    /// `{business}`.
    pub to: &'static str,
    pub at_stripe: &'static str,
    pub go_on: &'static str,
    pub on_its_way: &'static str,
    pub bank: &'static str,
    pub paid: &'static str,
    /// `{amount}`.
    pub returned: &'static str,
    pub some_days: &'static str,
    pub closed: &'static str,
    pub expired: &'static str,
    pub failed: &'static str,
    pub withdrawn: &'static str,
    pub back: &'static str,
}

pub fn of(language: Language) -> &'static GuestWords {
    language.among([&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &PORTUGUESE, &HINDI])
}

const ENGLISH: GuestWords = GuestWords {
    title: "Payment",
    wait: "One moment",
    goes_on: "This page goes on by itself.",
    again: "Look again",
    pay: "Pay {amount}",
    to: "to {business}",
    at_stripe: "You pay at Stripe; no card number comes here.",
    go_on: "Go on to Stripe",
    on_its_way: "Your payment is on its way",
    bank: "Your bank takes a while; you hear by mail when the money is there.",
    paid: "Paid. Thank you.",
    returned: "{amount} goes back to you",
    some_days: "A bank may take some days until it is seen on your account.",
    closed: "This payment is closed",
    expired: "The time to pay is over, and nothing was paid.",
    failed: "It could not be paid, and nothing was taken.",
    withdrawn: "It is no longer wanted, and nothing was paid.",
    back: "Back to your booking",
};

const GERMAN: GuestWords = GuestWords {
    title: "Zahlung",
    wait: "Einen Augenblick",
    goes_on: "Diese Seite geht von selbst weiter.",
    again: "Noch einmal nachsehen",
    pay: "{amount} bezahlen",
    to: "an {business}",
    at_stripe: "Sie bezahlen bei Stripe; Ihre Kartennummer kommt nicht zu uns.",
    go_on: "Weiter zu Stripe",
    on_its_way: "Ihre Zahlung ist unterwegs",
    bank: "Ihre Bank braucht etwas Zeit; Sie hören per E-Mail von uns, sobald das Geld da ist.",
    paid: "Bezahlt. Vielen Dank.",
    returned: "{amount} gehen an Sie zurück",
    some_days: "Bis es auf Ihrem Konto zu sehen ist, können einige Tage vergehen.",
    closed: "Diese Zahlung ist nicht mehr möglich",
    expired: "Die Zeit zum Bezahlen ist vorbei; es wurde nichts bezahlt.",
    failed: "Die Zahlung ist nicht gelungen; es wurde nichts abgebucht.",
    withdrawn: "Sie wird nicht mehr gebraucht; es wurde nichts bezahlt.",
    back: "Zurück zu Ihrer Buchung",
};

const SPANISH: GuestWords = GuestWords {
    title: "Pago",
    wait: "Un momento",
    goes_on: "Esta página continúa sola.",
    again: "Volver a mirar",
    pay: "Pagar {amount}",
    to: "a {business}",
    at_stripe: "Se paga en Stripe; su número de tarjeta no llega hasta nosotros.",
    go_on: "Continuar a Stripe",
    on_its_way: "Su pago está en camino",
    bank: "Su banco tarda un poco; le avisaremos por correo cuando llegue el dinero.",
    paid: "Pagado. Gracias.",
    returned: "Se le devuelven {amount}",
    some_days: "El banco puede tardar unos días en mostrarlo en su cuenta.",
    closed: "Este pago está cerrado",
    expired: "El plazo para pagar ha terminado y no se ha pagado nada.",
    failed: "No se ha podido pagar y no se ha cobrado nada.",
    withdrawn: "Ya no hace falta y no se ha pagado nada.",
    back: "Volver a su reserva",
};

const FRENCH: GuestWords = GuestWords {
    title: "Paiement",
    wait: "Un instant",
    goes_on: "Cette page continue toute seule.",
    again: "Regarder de nouveau",
    pay: "Payer {amount}",
    to: "à {business}",
    at_stripe: "Vous payez chez Stripe ; votre numéro de carte ne nous parvient pas.",
    go_on: "Continuer vers Stripe",
    on_its_way: "Votre paiement est en route",
    bank: "Votre banque prend un peu de temps ; vous serez prévenu par e-mail dès que l’argent sera arrivé.",
    paid: "Payé. Merci.",
    returned: "{amount} vous sont remboursés",
    some_days: "Votre banque peut mettre quelques jours à l’afficher sur votre compte.",
    closed: "Ce paiement est clos",
    expired: "Le délai de paiement est passé et rien n’a été payé.",
    failed: "Le paiement n’a pas abouti et rien n’a été prélevé.",
    withdrawn: "Il n’est plus nécessaire et rien n’a été payé.",
    back: "Revenir à votre réservation",
};

const PORTUGUESE: GuestWords = GuestWords {
    title: "Pagamento",
    wait: "Um momento",
    goes_on: "Esta página continua sozinha.",
    again: "Ver de novo",
    pay: "Pagar {amount}",
    to: "a {business}",
    at_stripe: "Você paga na Stripe; o número do seu cartão não chega até nós.",
    go_on: "Continuar para a Stripe",
    on_its_way: "Seu pagamento está a caminho",
    bank: "Seu banco leva algum tempo; avisaremos por e-mail quando o dinheiro chegar.",
    paid: "Pago. Obrigado.",
    returned: "{amount} são devolvidos a você",
    some_days: "O banco pode levar alguns dias para mostrar o valor na sua conta.",
    closed: "Este pagamento está encerrado",
    expired: "O prazo para pagar terminou e nada foi pago.",
    failed: "Não foi possível pagar e nada foi cobrado.",
    withdrawn: "Ele não é mais necessário e nada foi pago.",
    back: "Voltar à sua reserva",
};

const HINDI: GuestWords = GuestWords {
    title: "भुगतान",
    wait: "एक क्षण",
    goes_on: "यह पृष्ठ अपने आप आगे बढ़ेगा।",
    again: "फिर देखें",
    pay: "{amount} का भुगतान करें",
    to: "{business} को",
    at_stripe: "आप Stripe पर भुगतान करते हैं; आपका कार्ड नंबर हमारे पास नहीं आता।",
    go_on: "Stripe पर आगे बढ़ें",
    on_its_way: "आपका भुगतान रास्ते में है",
    bank: "आपके बैंक को कुछ समय लगता है; पैसा आते ही आपको ई-मेल मिलेगा।",
    paid: "भुगतान हो गया। धन्यवाद।",
    returned: "{amount} आपको वापस मिलेंगे",
    some_days: "खाते में दिखने में बैंक को कुछ दिन लग सकते हैं।",
    closed: "यह भुगतान बंद है",
    expired: "भुगतान का समय समाप्त हो गया है, और कुछ भी भुगतान नहीं हुआ।",
    failed: "भुगतान नहीं हो सका, और कुछ नहीं लिया गया।",
    withdrawn: "इसकी अब ज़रूरत नहीं है, और कुछ भी भुगतान नहीं हुआ।",
    back: "अपनी बुकिंग पर वापस जाएँ",
};
