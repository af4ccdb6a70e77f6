//! What a visitor hears about their money: before they pay, before they cancel, and after. In six languages.

use super::words as page_words;
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::model::{Booking, State};
use crate::bookings::types::{EventType, Price};
use crate::bookings::words::{fill, Language};
use crate::bookings::{paid, series};
use crate::payments::{self, amount_said, Payment, Refund, Standing};
use crate::store::StoreError;

struct Words {
    /// One, and more.
    hours: (&'static str, &'static str),
    label: &'static str,
    all_back: &'static str,
    part_back: &'static str,
    none_back: &'static str,
    now: &'static str,
    now_none: &'static str,
    returned: &'static str,
}

fn of(language: Language) -> &'static Words {
    language.among([&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &PORTUGUESE, &HINDI])
}

const ENGLISH: Words = Words {
    hours: ("hour", "hours"),
    label: "Payment",
    all_back: "If you cancel before it begins, you get all of it back.",
    part_back: "If you cancel at least {hours} before, you get all of it back; later {percent}%.",
    none_back: "If you cancel at least {hours} before, you get all of it back; later nothing.",
    now: "If you cancel now, you get back {amount} of {price}.",
    now_none: "If you cancel now, you get nothing back of the {price}.",
    returned: "{price}, of which {amount} goes back to you.",
};

const GERMAN: Words = Words {
    hours: ("Stunde", "Stunden"),
    label: "Zahlung",
    all_back: "Bei einer Absage vor dem Beginn bekommen Sie alles zurück.",
    part_back: "Bei einer Absage mindestens {hours} vorher bekommen Sie alles zurück, danach {percent} %.",
    none_back: "Bei einer Absage mindestens {hours} vorher bekommen Sie alles zurück, danach nichts.",
    now: "Wenn Sie jetzt absagen, bekommen Sie {amount} von {price} zurück.",
    now_none: "Wenn Sie jetzt absagen, bekommen Sie von {price} nichts zurück.",
    returned: "{price}, davon gehen {amount} an Sie zurück.",
};

const SPANISH: Words = Words {
    hours: ("hora", "horas"),
    label: "Pago",
    all_back: "Si cancela antes de que empiece, se le devuelve todo.",
    part_back: "Si cancela al menos {hours} antes, se le devuelve todo; después, el {percent} %.",
    none_back: "Si cancela al menos {hours} antes, se le devuelve todo; después, nada.",
    now: "Si cancela ahora, se le devuelven {amount} de {price}.",
    now_none: "Si cancela ahora, no se le devuelve nada de {price}.",
    returned: "{price}, de los que se le devuelven {amount}.",
};

const FRENCH: Words = Words {
    hours: ("heure", "heures"),
    label: "Paiement",
    all_back: "Si vous annulez avant le début, tout vous est remboursé.",
    part_back: "Si vous annulez au moins {hours} avant, tout vous est remboursé ; ensuite {percent} %.",
    none_back: "Si vous annulez au moins {hours} avant, tout vous est remboursé ; ensuite rien.",
    now: "Si vous annulez maintenant, {amount} sur {price} vous sont remboursés.",
    now_none: "Si vous annulez maintenant, rien des {price} ne vous est remboursé.",
    returned: "{price}, dont {amount} vous sont remboursés.",
};

const PORTUGUESE: Words = Words {
    hours: ("hora", "horas"),
    label: "Pagamento",
    all_back: "Se cancelar antes do início, recebe tudo de volta.",
    part_back: "Se cancelar pelo menos {hours} antes, recebe tudo de volta; depois, {percent}%.",
    none_back: "Se cancelar pelo menos {hours} antes, recebe tudo de volta; depois, nada.",
    now: "Se cancelar agora, recebe de volta {amount} de {price}.",
    now_none: "Se cancelar agora, não recebe nada de volta de {price}.",
    returned: "{price}, dos quais recebe de volta {amount}.",
};

const HINDI: Words = Words {
    hours: ("घंटा", "घंटे"),
    label: "भुगतान",
    all_back: "शुरू होने से पहले रद्द करने पर पूरी राशि वापस मिलती है।",
    part_back: "कम से कम {hours} पहले रद्द करने पर पूरी राशि वापस मिलती है; उसके बाद {percent}%।",
    none_back: "कम से कम {hours} पहले रद्द करने पर पूरी राशि वापस मिलती है; उसके बाद कुछ नहीं।",
    now: "अभी रद्द करने पर {price} में से {amount} वापस मिलेंगे।",
    now_none: "अभी रद्द करने पर {price} में से कुछ वापस नहीं मिलेगा।",
    returned: "{price}, जिसमें से {amount} आपको वापस मिलेंगे।",
};

/// What a visitor gets back who cancels, said before they pay.
pub fn rule(price: &Price, language: Language) -> String {
    let words = of(language);
    let hours = match price.free_until.div_ceil(60) {
        1 => format!("1 {}", words.hours.0),
        many => format!("{many} {}", words.hours.1),
    };
    match (price.free_until, price.late_percent) {
        (0, _) | (_, 100) => words.all_back.to_owned(),
        (_, 0) => fill(words.none_back, &[("hours", &hours)]),
        (_, percent) => fill(words.part_back, &[("hours", &hours), ("percent", &percent.to_string())]),
    }
}

/// What it costs, and that each date of a series does.
pub fn price_said(event: &EventType, language: Language) -> Option<String> {
    let price = event.price.as_ref()?;
    let said = amount_said(price.amount, &price.currency, language);
    Some(match event.repeats {
        Some(_) => fill(page_words::of(language).series.each, &[("price", &said)]),
        None => said,
    })
}

/// The money of one booking, as its guest reads it; empty where nothing was paid.
#[derive(Debug, Default)]
pub struct Money {
    pub label: &'static str,
    /// What was paid, and what of it goes back. Of a series: for this date.
    pub paid: String,
    /// What comes of cancelling now; what is only asked for ends with all that was booked with it.
    pub if_cancelled: String,
    /// The same of this date of a series and all later ones.
    pub if_rest: String,
}

pub fn money(
    app: &App,
    event: &EventType,
    booking: &Booking,
    language: Language,
    now: UnixMillis,
) -> Result<Money, StoreError> {
    let Some(id) = booking.details.payment else { return Ok(Money::default()) };
    let found = payments::get(&app.store, booking.workspace, id)?;
    let Some(payment) = found.filter(|payment| payment.state == payments::State::Paid) else {
        return Ok(Money::default());
    };
    let words = of(language);
    let worth = |amount: u64| amount_said(amount, &payment.currency, language);
    let (cost, back) = (paid::share(booking, &payment), given_back(booking, &payment));
    let paid = match back {
        0 => worth(cost),
        back => fill(words.returned, &[("price", &worth(cost)), ("amount", &worth(back))]),
    };
    let ends = |dates: &[Booking]| if_cancelled(language, dates, &payment, event.price.as_ref(), now);
    let alone = std::slice::from_ref(booking);
    let (if_cancelled, if_rest) = match booking.state {
        State::Cancelled { .. } | State::Failed { .. } => (String::new(), String::new()),
        _ if booking.details.series.is_none() => (ends(alone), String::new()),
        _ => {
            let all = series::read(app, booking)?;
            let rest: Vec<Booking> = series::ending(&all, booking, now).cloned().collect();
            let together = ends(&rest);
            (if booking.is_pending() { together.clone() } else { ends(alone) }, together)
        }
    };
    Ok(Money { label: words.label, paid, if_cancelled, if_rest })
}

/// What goes or went back for this booking; a date of a series shares what was given back for none of them in particular.
fn given_back(booking: &Booking, payment: &Payment) -> u64 {
    let Some(part) = booking.details.series else { return payment.amount.saturating_sub(payment.refundable()) };
    let counts = |refund: &&Refund| refund.status != Standing::Failed;
    let share = |refund: &Refund| match &refund.of[..] {
        [] => refund.amount / u64::from(part.of.max(1)),
        dates => dates.iter().filter(|date| date.booking == booking.id).map(|date| date.amount).sum(),
    };
    let back: u64 = payment.refunds.iter().filter(counts).map(share).sum();
    back.min(paid::share(booking, payment))
}

/// What comes of cancelling these dates now.
fn if_cancelled(
    language: Language,
    dates: &[Booking],
    payment: &Payment,
    price: Option<&Price>,
    now: UnixMillis,
) -> String {
    let words = self::of(language);
    let worth = |amount: u64| amount_said(amount, &payment.currency, language);
    let cost = |one: &Booking| paid::share(one, payment);
    let returned = |one: &Booking| price.map_or(cost(one), |price| paid::returned(price, one, cost(one), now));
    let (paid, back): (u64, u64) = (dates.iter().map(cost).sum(), dates.iter().map(returned).sum());
    match back.min(payment.refundable()) {
        0 => fill(words.now_none, &[("price", &worth(paid))]),
        some => fill(words.now, &[("amount", &worth(some)), ("price", &worth(paid))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_said_as_it_is_set_in_every_language() {
        let price =
            |free_until, late_percent| Price { amount: 4_950, currency: "GBP".into(), free_until, late_percent };
        assert!(rule(&price(24 * 60, 0), Language::of("en"))
            .ends_with("at least 24 hours before, you get all of it back; later nothing."));
        for tag in ["en", "de", "es", "fr", "pt", "hi"] {
            let language = Language::of(tag);
            let half = rule(&price(90, 50), language);
            assert!(half.contains('2') && half.contains("50"), "{half}");
            assert_eq!(rule(&price(0, 0), language), rule(&price(60, 100), language), "{tag}");
            let all = [rule(&price(60, 0), language), half, rule(&price(0, 0), language)];
            assert!(all.iter().all(|said| !said.contains('{')), "{all:?}");
        }
    }
}
