//! What the receiving server writes above a mail: "CAUTION: this message came from outside your organization",
//! "You don't often get email from …". Nobody sent it, so it is no part of the reply.

use super::{Line, Role};

/// Banners that may stand one above the other.
const MOST_BANNERS: usize = 3;
const MAX_CHARS: usize = 600;

/// Drops the banners that a message begins with.
pub fn mark(lines: &mut [Line]) {
    drop_between_marks(lines);
    for _ in 0..MOST_BANNERS {
        let Some(first) = lines.iter().position(|line| line.role != Role::Empty && line.role != Role::Dropped) else {
            return;
        };
        let Some(length) = banner_length(&lines[first..]) else { return };
        lines[first..first + length].iter_mut().for_each(|line| line.role = Role::Dropped);
    }
}

/// The lines of a banner at the beginning: one line, or a paragraph.
fn banner_length(lines: &[Line]) -> Option<usize> {
    let paragraph = lines.iter().take_while(|line| line.role == Role::Text).count();
    let is_banner = |length: usize| {
        let texts: Vec<&str> = lines[..length].iter().map(|line| line.text.as_str()).collect();
        is_banner(&texts.join(" ").to_lowercase())
    };
    (1..=paragraph).find(|length| is_banner(*length)).map(|shortest| {
        // The rest of the same warning: "… outside. / Do not click links."
        (shortest + 1..=paragraph).take_while(|length| is_warning(&lines[length - 1].text)).last().unwrap_or(shortest)
    })
}

fn is_banner(text: &str) -> bool {
    let text = text.replace(['\u{2019}', '\u{2018}'], "'");
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    if text.chars().count() > MAX_CHARS {
        return false;
    }
    if LABELS.contains(&bare) {
        return true;
    }
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has(FIRST_CONTACT) && text.contains('@') || has(FROM_OUTSIDE) && has(WARNINGS)
}

fn is_warning(line: &str) -> bool {
    let lower = line.to_lowercase();
    line.chars().count() <= 200 && ADVICE.iter().any(|word| lower.contains(word))
}

/// Proofpoint frames its banner by two marks.
fn drop_between_marks(lines: &mut [Line]) {
    let at = |mark: &str| lines.iter().take(20).position(|line| line.text.ends_with(mark) && line.text.len() < 40);
    if let (Some(start), Some(end)) = (at("BannerStart"), at("BannerEnd")) {
        if start < end {
            lines[start..=end].iter_mut().for_each(|line| line.role = Role::Dropped);
        }
    }
}

/// Whole banners.
const LABELS: &[&str] =
    &["external", "external email", "external sender", "external message", "extern", "externe e-mail"];

/// Microsoft's tip on a sender's first mail, before the address.
#[rustfmt::skip]
const FIRST_CONTACT: &[&str] = &[
    "don't often get email from", "sie erhalten nicht oft e-mails von", "sie erhalten nicht häufig e-mails von",
    "vous n'obtenez pas souvent d'e-mail", "vous ne recevez pas souvent d", "no suele recibir correo",
    "no suele recibir correos", "não costuma receber emails", "não recebe emails de", "non si ricevono spesso",
    "u ontvangt niet vaak e-mail", "आपको अक्सर",
];

#[rustfmt::skip]
const FROM_OUTSIDE: &[&str] = &[
    "originated from outside", "came from outside", "comes from outside", "sent from outside", "outside of the organi", "outside the organi", "outside your organi", "outside of our organi",
    "outside our organi", "external sender", "external email", "external e-mail", "external source",
    "von außerhalb", "von ausserhalb", "externer absender", "externen absender", "externe e-mail", "externe mail",
    "externen e-mail", "l'extérieur de", "expéditeur externe", "courriel externe", "mail externe", "e-mail externe",
    "remitente externo", "correo externo", "fuera de la organización", "fuera de su organización",
    "remetente externo", "e-mail externo", "fora da organização", "fora da sua organização",
    "संगठन के बाहर",
];

#[rustfmt::skip]
const WARNINGS: &[&str] = &[
    "caution", "warning", "attention", "do not click", "don't click", "be careful", "exercise care",
    "recognize the sender", "recognise the sender", "originated", "this message came from", "this message is from",
    "achtung", "vorsicht", "warnung", "klicken sie", "prudence", "ne cliquez", "avertissement", "precaución",
    "atención", "advertencia", "no haga clic", "cuidado", "não clique", "atenção", "aviso", "सावधान", "चेतावनी",
];

/// What goes on about it on the lines below.
#[rustfmt::skip]
const ADVICE: &[&str] = &[
    "do not click", "don't click", "open attachments", "recognize the sender", "recognise the sender", "klicken sie",
    "öffnen sie keine", "ne cliquez", "pièces jointes", "no haga clic", "archivos adjuntos", "não clique",
    "abra anexos", "report suspicious", "learn why this is important",
];
