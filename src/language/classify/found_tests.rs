//! What is found in a reply besides its label: days, people, and the wish that we name times.

use super::tests::classify;
use super::*;

#[test]
fn days_of_return_and_of_asking_again_are_found() {
    let returns = [
        ("I am out of the office until 18 May. For urgent matters call 555 0100.", "2026-05-18"),
        ("Ich bin bis 22.8. nicht im Büro.", "2026-08-22"),
        ("Je suis absent, de retour le 9.", "2026-03-09"),
        ("Estoy de vacaciones hasta el 2 de mayo.", "2026-05-02"),
        ("Out of office: returning 2026-08-31", "2026-08-31"),
    ];
    for (text, day) in returns {
        assert_eq!(classify(text).return_date.map(|d| d.to_string()).as_deref(), Some(day), "{text}");
    }
    let deferrals = [
        ("Not now, get back to me in September.", "2026-09-01"),
        ("Circle back in Q3 please.", "2026-07-01"),
        ("Please ask again in two weeks.", "2026-03-17"),
        ("Melden Sie sich bitte nächsten Monat wieder.", "2026-04-01"),
        ("Ahora no, escríbame en enero.", "2027-01-01"),
        ("Recontactez-moi dans six mois.", "2026-09-03"),
        ("Agora não, me procure em outubro.", "2026-10-01"),
        ("Try me again after the summer.", "2026-09-01"),
        ("We are flat out until Christmas, please try me again in March.", "2027-03-01"),
        ("Busy until 24 April. Write to me again on 5 May, please.", "2026-05-05"),
        ("Bis Ostern keine Zeit, im Herbst gern nochmal melden.", "2026-09-01"),
        ("Estamos a tope hasta abril; vuelva a escribirme en junio.", "2026-06-01"),
        ("No time until September.", "2026-09-01"),
    ];
    for (text, day) in deferrals {
        let found = classify(text);
        assert_eq!(found.label, Label::Later, "{text}");
        assert_eq!(found.follow_up_on.map(|d| d.to_string()).as_deref(), Some(day), "{text}");
    }
}

#[test]
fn who_asks_us_to_name_times_is_noticed_in_every_language() {
    let asking = [
        "Would you kindly suggest a few dates for a conversation?",
        "Good timing. Send me a few times.",
        "Sounds useful. When are you free?",
        "Gern, schlagen Sie mir doch ein paar Termine vor.",
        "Klingt gut, wann passt es Ihnen?",
        "Me interesa. ¿Puede proponerme algunos horarios?",
        "Pouvez-vous proposer quelques créneaux ?",
        "Oui, quand seriez-vous disponible ?",
        "Tenho interesse, pode sugerir alguns horários?",
        "Haan, aap samay bataiye.",
        "जी हाँ, कृपया कुछ समय बताइए।",
    ];
    for text in asking {
        assert!(classify(text).asks_for_times, "{text}");
    }
    let others = [
        "Send me the brochure.",
        "I have told you three times.",
        "Was kostet das?",
        "Wann wurde Ihre Firma gegründet?",
    ];
    for text in others {
        assert!(!classify(text).asks_for_times, "{text}");
    }
}

#[test]
fn people_that_a_reply_points_to_are_found() {
    let cases = [
        ("Please contact Sarah Hill instead: sarah@corp.example", "Sarah Hill", "sarah@corp.example", ""),
        ("Dafür ist Frau Aydin zuständig, a.aydin@bau.example", "Frau Aydin", "a.aydin@bau.example", ""),
        ("Wrong person. Call our office manager on +44 20 7946 0011.", "", "", "+44 20 7946 0011"),
    ];
    for (text, name, email, phone) in cases {
        let found = classify(text);
        assert_eq!(found.label, Label::Referral, "{text}");
        let first = &found.referred[0];
        assert_eq!((first.name.as_str(), first.email.as_str(), first.phone.as_str()), (name, email, phone), "{text}");
    }
}
