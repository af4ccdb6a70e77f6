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
        "otomatik yanıt", "автоответ", "автоматический ответ", "αυτόματη απάντηση",
    ];
    /// Wordings that no person begins a subject with, wherever they stand in it.
    #[rustfmt::skip]
    const ANYWHERE: &[&str] = &[
        "自動応答", "自動返信", "不在通知", "自动回复", "自動回覆", "自動回復", "자동 회신", "부재중", "תשובה אוטומטית", "رد تلقائي",
        "автоматична відповідь", "automatski odgovor",
    ];
    let subject = subject.trim().trim_start_matches(['[', '(', '*', '"']).to_lowercase();
    PREFIXES.iter().chain(ANYWHERE).any(|prefix| subject.starts_with(prefix))
        || ANYWHERE.iter().any(|phrase| subject.contains(phrase)) && !subject.starts_with("re:")
}
