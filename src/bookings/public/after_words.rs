//! What happens next, said on the page of a booking that was just made or is still decided about. In six languages.

use std::time::Duration;

use crate::base::UnixMillis;
use crate::bookings::model::Booking;
use crate::bookings::words::{fill, Language};

/// How long a booking is new: then its mail has come.
const NEW: Duration = Duration::from_secs(3600);

struct Words {
    booked: &'static str,
    asked: &'static str,
}

const ALL: [&Words; 6] = [
    &Words {
        booked: "The details come by e-mail to {email}.",
        asked: "The time is kept for you. We write to {email} as soon as it is decided.",
    },
    &Words {
        booked: "Die Einzelheiten kommen per E-Mail an {email}.",
        asked: "Die Zeit ist für Sie reserviert. Wir schreiben an {email}, sobald entschieden ist.",
    },
    &Words {
        booked: "Los detalles llegan por correo a {email}.",
        asked: "La hora queda reservada para usted. Escribiremos a {email} en cuanto se decida.",
    },
    &Words {
        booked: "Les détails arrivent par e-mail à {email}.",
        asked: "L’horaire vous est réservé. Nous écrirons à {email} dès que la décision sera prise.",
    },
    &Words {
        booked: "Os detalhes chegam por e-mail a {email}.",
        asked: "O horário fica reservado para você. Escrevemos para {email} assim que estiver decidido.",
    },
    &Words {
        booked: "विवरण {email} पर ई-मेल से आएगा।",
        asked: "यह समय आपके लिए रखा गया है। निर्णय होते ही हम {email} पर लिखेंगे।",
    },
];

/// Before the names of those who hold the meeting.
pub fn with(language: Language) -> &'static str {
    language.among(["With", "Mit", "Con", "Avec", "Com", "किसके साथ"])
}

/// Empty where nothing is to come.
pub fn next(booking: &Booking, language: Language, now: UnixMillis) -> String {
    let (words, email) = (language.among(ALL), booking.details.email.as_ref());
    let Some(email) = email.filter(|_| booking.end > now) else { return String::new() };
    let said = match () {
        () if booking.is_request() => words.asked,
        () if booking.state.is_booked() && now.since(booking.created_at) < NEW => words.booked,
        () => return String::new(),
    };
    fill(said, &[("email", email.display())])
}
