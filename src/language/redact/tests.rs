use super::*;

fn hidden(text: &str) -> String {
    Redactor::default().hide(text)
}

#[test]
fn what_could_be_misused_is_gone_for_good() {
    let cases = [
        ("Card 4111 1111 1111 1111, thanks", "Card [card number], thanks"),
        ("5500-0055-5555-5559", "[card number]"),
        ("Please pay to DE89 3704 0044 0532 0130 00 today", "Please pay to [bank account] today"),
        ("GB82WEST12345698765432.", "[bank account]."),
        ("iban de89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00", "iban [bank account]"),
        ("Card\u{a0}4111\u{202f}1111\u{202f}1111\u{202f}1111", "Card\u{a0}[card number]"),
        ("SSN „078\u{2011}05\u{2011}1120“", "SSN „[social security number]“"),
        ("My SSN is 078-05-1120", "My SSN is [social security number]"),
        ("password: hunter2!", "password: [secret]!"),
        ("Das Passwort ist Hund7katze", "Das Passwort ist [secret]"),
        ("use sk-proj-abcdefgh12345678 please", "use [secret] please"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "[secret]"),
        ("token 3f786850e387550fdab836ed7e6dc881de23001b", "token [secret]"),
        ("Medicare 1EG4-TE5-MK73", "Medicare [health insurance number]"),
        ("Versichertennummer A123456780", "Versichertennummer [health insurance number]"),
        ("my NHS number is 9434765919", "my NHS number is [health insurance number]"),
    ];
    for (text, expected) in cases {
        assert_eq!(hidden(text), expected);
        assert!(has_placeholder(expected), "{expected}");
    }
}

#[test]
fn addresses_and_phones_stand_behind_placeholders_that_are_put_back() {
    let texts = [
        "Write to ruth.okell@fellside.example or <ruth@x.example>.",
        "Call +44 20 7946 0958 or (020) 7946-0958, at home 020 7946 0958.",
        "In the US: 555-123-4567.",
        "Chez nous : 06 12 34 56 78",
        "We are at 12 Mill Lane, Kendal LA9 4QD.",
        "Hauptstraße 5, Köln",
        "12 rue de Rivoli, Paris",
        "Calle Mayor 5, Madrid",
    ];
    for text in texts {
        let mut redactor = Redactor::default();
        let out = redactor.hide(text);
        assert!(has_placeholder(&out), "{text} -> {out}");
        assert_eq!(redactor.restore(&out), text);
    }
    assert_eq!(
        hidden("Write to a@b.example, again: a@b.example, c@d.example"),
        "Write to [email-1], again: [email-1], [email-2]"
    );
}

#[test]
fn what_the_reading_of_a_reply_needs_stays() {
    let texts = [
        "Thursday 24.11.2026 at 10:00, or 2026-11-25 09.00-17.00",
        "Tuesday at 4 or 5.30, 30 minutes",
        "It costs 1,250.00 for 11 rooms, order 4711",
        "between 9 and 11 on 3/12",
        "our 2025-2026 season, 200 500 1000 guests",
        "on the way, 5 places left at our place",
        "The key is that we meet. Your token of thanks arrived.",
        "kw48 passt uns gut, ab10 uhr oder kw49 nach 14 uhr sind wir alle da",
        "im Jahr 2026 und 01.12.2026 10 Uhr",
    ];
    for text in texts {
        assert_eq!(hidden(text), text);
    }
}

#[test]
fn no_text_breaks_it() {
    for text in ["", "+", "(", "@", "a@", "\u{a0}\u{200b}é+4", "DE8", "ää@öö.example ü+49 123456789é", "((((((1"]
    {
        let mut redactor = Redactor::default();
        let out = redactor.hide(text);
        assert_eq!(redactor.restore(&out), text, "{out}");
    }
}
