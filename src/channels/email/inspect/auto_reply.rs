//! Automatic answers: away notes and receipts. Headers beat subjects (RFC 3834).

use super::machine::ReplyFacts;
use crate::channels::email::header_block::HeaderBlock;

/// Is this an automatic answer? A subject alone is enough only when it is a customary prefix; a
/// person who writes "Re: …" under such a subject is a person.
pub fn is_auto_reply(headers: &HeaderBlock, facts: &ReplyFacts) -> bool {
    let subject = headers.decoded("subject").unwrap_or_default();
    let precedence = facts.precedence.as_deref();
    if facts.is_auto_submitted() || facts.has_autoreply_header {
        return true;
    }
    if matches!(precedence, Some("auto_reply" | "auto-reply" | "autoreply")) {
        return true;
    }
    if is_auto_subject(&subject) {
        return true;
    }
    // No return address is what answering programs use; newsletters and lists have their own signs.
    // X-Auto-Response-Suppress stands on people's mail, too, so it decides nothing.
    facts.is_null_return_path && !headers.has("list-id") && !headers.has("list-unsubscribe")
}

/// Mail clients that unsubscribe for their user (RFC 2369 `mailto:`) say so; a person's own "unsubscribe"
/// is a reply and is read as one.
pub fn is_unsubscribe_request(headers: &HeaderBlock, facts: &ReplyFacts) -> bool {
    let subject = headers.decoded("subject").unwrap_or_default();
    headers.has("x-apple-unsubscribe")
        || facts.is_auto_submitted() && subject.trim().eq_ignore_ascii_case("unsubscribe")
}

/// Prefixes and whole subjects of away notes.
fn is_auto_subject(subject: &str) -> bool {
    #[rustfmt::skip]
    const PREFIXES: &[&str] = &[
        "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response",
        "autoresponse", "automated reply", "automated response", "automatic response", "autoresponder",
        "out of office", "out of the office", "out-of-office", "ooo:", "away from office", "vacation reply",
        "vacation:", "automatische antwort", "abwesenheit", "abwesend",
        "automatische abwesenheit", "autom. antwort", "réponse automatique", "reponse automatique",
        "absence du bureau", "message d'absence", "absent du bureau", "respuesta automática",
        "respuesta automatica", "fuera de la oficina", "resposta automática", "resposta automatica",
        "fora do escritório", "ausência temporária", "risposta automatica", "fuori sede", "fuori ufficio",
        "automatisch antwoord", "afwezig", "automatiskt svar", "frånvaro", "autosvar", "automatisk svar",
        "fravær", "automaattinen vastaus", "poissaolo", "odpowiedź automatyczna", "automatyczna odpowiedź",
        "automatická odpověď", "automatická odpoveď", "automatikus válasz", "răspuns automat",
        "otomatik yanıt", "स्वचालित उत्तर", "स्वचालित जवाब", "स्वतः उत्तर", "автоответ", "автоматический ответ", "αυτόματη απάντηση",
    ];
    /// Wordings that no person begins a subject with, wherever they stand in it.
    #[rustfmt::skip]
    const ANYWHERE: &[&str] = &[
        "自動応答", "自動返信", "不在通知", "自动回复", "自動回覆", "自動回復", "자동 회신", "부재중", "תשובה אוטומטית", "رد تلقائي",
        "автоматична відповідь", "automatski odgovor",
    ];
    /// "Ada Berg is out of the office", as Notes puts it.
    #[rustfmt::skip]
    const ENDS: &[&str] = &[
        " is out of the office", " is out of office", " ist außer haus", " ist nicht im büro", " ist abwesend",
        " est absent", " est absente", " est absent(e)", " est absent du bureau", " est absente du bureau",
        " está fuera de la oficina", " está ausente de la oficina", " está fora do escritório",
        " está ausente do escritório", " è fuori ufficio", " is afwezig",
    ];
    let subject = subject.trim().trim_start_matches(['[', '(', '*', '"']).to_lowercase();
    let is_notice =
        !["re:", "aw:", "sv:", "rv:", "res:", "tr:", "fw:", "fwd:"].iter().any(|head| subject.starts_with(head));
    let words = subject.trim_end_matches(['.', '!']);
    let is_name_and_end = |end: &&str| words.strip_suffix(*end).is_some_and(is_short_name);
    if is_notice && ENDS.iter().any(is_name_and_end) {
        return true;
    }
    PREFIXES.iter().chain(ANYWHERE).any(|prefix| subject.starts_with(prefix))
        || ANYWHERE.iter().any(|phrase| subject.contains(phrase)) && !subject.starts_with("re:")
}

/// One to four words, as names have.
fn is_short_name(text: &str) -> bool {
    (1..=4).contains(&text.split_whitespace().count()) && !text.contains(['?', ':'])
}
