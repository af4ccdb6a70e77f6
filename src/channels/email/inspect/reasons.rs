//! Words by which servers explain a refusal, in the wording of many of them and several languages.
//!
//! The order of the groups matters: a full mailbox, an oversized message or a block is stated beside
//! "could not be delivered to user", never the other way round.

use super::verdict::BounceClass;

/// Characters of an explanation that are looked at.
const MAX_CHARS: usize = 4000;

/// What the words of a diagnostic say, if anything is recognised.
pub fn find(text: &str) -> Option<BounceClass> {
    let text = normalised(text);
    GROUPS.iter().find(|(phrases, _)| phrases.iter().any(|phrase| text.contains(phrase))).map(|(_, class)| *class)
}

/// Lower case, apostrophes plain, every run of blanks, dashes and underscores one space.
fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(MAX_CHARS).flat_map(char::to_lowercase) {
        let c = match c {
            '\u{2019}' | '\u{2018}' | '`' => '\'',
            c if c.is_whitespace() || c == '_' || c == '-' => ' ',
            c => c,
        };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

const GROUPS: &[(&[&str], BounceClass)] = &[
    (CERTAINLY_NO_SUCH_USER, BounceClass::Address),
    (FULL, BounceClass::MailboxFull),
    (TOO_LARGE, BounceClass::Message),
    (SENDER_REFUSED, BounceClass::Policy),
    (NO_SUCH_USER, BounceClass::Address),
    (TEMPORARY_HOST, BounceClass::Temporary),
    (NO_SUCH_HOST, BounceClass::Address),
    (POLICY, BounceClass::Policy),
    (TEMPORARY, BounceClass::Temporary),
    (CONTENT, BounceClass::Message),
];

/// Wordings that also mention blocks or domains, but are what servers answer to an unknown address.
const CERTAINLY_NO_SUCH_USER: &[&str] = &[
    "account or domain may not exist",
    "domain is not reachable. please check",
    "nxdomain",
    "couldn't be found. check for typos",
];

#[rustfmt::skip]
const FULL: &[&str] = &[
    "mailbox full", "mailbox is full", "mailbox has exceeded", "mailbox exceeds", "mailbox size limit",
    "mailbox for user is full", "mailbox exceeded", "over quota", "overquota", "quota exceeded",
    "exceeded quota", "quota exceed", "exceeded storage", "exceeds storage", "exceeded the storage",
    "exceed the quota", "exceeded the quota", "exceeded his quota", "exceeded its quota",
    "exceeded email quota", "exceeds allowed quota", "exceeding allowed quota", "over the allowed quota",
    "over disk quota", "disk quota", "out of storage", "insufficient storage", "insufficient system storage",
    "storage limit", "storage quota", "full mailbox", "inbox is full", "inbox full", "box is full",
    "mail box full", "account is full", "account is over", "user is over", "is over the limit",
    "over the maximum", "not enough storage", "no space left in mailbox", "no room in mailbox",
    "too many messages in", "maildir over", "maildir delivery failed: user", "would be over quota",
    "quota violation", "mailfolder is full", "mailbox quota", "has run out of space", "out of space",
    "user has too many", "recipient's mailbox is full", "mailbox too large",
    "exceeded the limit of his mailbox", "mail quota", "quotaexceeded", "recipient storage full",
    "recipientstorage", "mapiexceptionshutoffquotaexceeded", "postfach voll", "postfach ist voll",
    "speicherplatz", "boîte pleine", "boite pleine", "boîte aux lettres est pleine", "quota dépassé",
    "buzón lleno", "buzón está lleno", "caixa cheia", "caixa de correio cheia", "caixa postal cheia",
    "casella piena", "postvak is vol", "postvak vol", "ящик переполнен", "почтовый ящик переполнен",
    "skrzynka jest pełna", "skrzynka przepełniona", "schránka je plná", "メールボックスが一杯", "メールボックスがいっぱい", "容量を超",
    "邮箱已满", "信箱已满", "郵箱已滿", "信箱已滿",
];

#[rustfmt::skip]
const TOO_LARGE: &[&str] = &[
    "message too large", "message size exceeds", "message is too large", "message too big", "too large for",
    "size limit exceeded", "exceeds size limit", "exceeded the size limit", "exceeds the maximum message size",
    "maximum message size", "message file too big", "message length exceeds", "exceeds fixed maximum",
    "exceeds maximum message size", "exceeded max message size", "larger than the current system limit",
    "larger than the maximum", "message larger than", "max message size", "size of the message exceeds",
    "mail size limit", "message exceeded", "recipsizelimit", "nachricht ist zu groß", "mail zu groß",
    "message trop volumineux", "mensaje demasiado grande", "mensagem muito grande", "messaggio troppo grande",
    "сообщение слишком большое",
];

/// The sender's address or host is what the server refuses, also where "unknown" or "not exist" follows.
#[rustfmt::skip]
const SENDER_REFUSED: &[&str] = &[
    "sender address rejected", "sender rejected", "sender denied", "unroutable sender", "sender verify failed",
    "sender domain", "domain of sender", "sender's domain", "sender ip", "sender address", "from address",
    "return address", "invalid dns mx", "invalid dns ptr", "reject due to policy", "reject due to spf", "invalid sender", "bad sender", "reverse dns", "ptr record", "reverse hostname", "rdns",
    "no ptr", "reverse lookup", "client host", "helo command rejected", "helo hostname", "invalid helo",
    "invalid ehlo", "bad helo", "blocked using", "is listed", "are listed", "listed at ", "listed by ",
    "was listed", "found on one or more", "blacklist", "black list", "blocklist", "block list", "denylist",
    "blackholed", "rbl", "dnsbl", "spamhaus", "spamcop", "barracudacentral", "senderbase", "poor reputation",
    "bad reputation", "low reputation", "reputation", "dmarc", "dkim", "spf ", "spf)", "spf:",
    "sender policy framework", "not authenticated", "unauthenticated", "authentication required",
    "authentication failed", "relay access denied", "relaying denied", "relay denied", "relay not permitted",
    "unable to relay", "not permitted to relay", "relaying not permitted", "cannot relay", "relayed mail",
    "not allowed to send", "not authorized to send", "you are not allowed", "restricted to", "requires tls",
    "starttls", "does not support tls", "must issue a starttls", "encryption required",
];

#[rustfmt::skip]
const NO_SUCH_USER: &[&str] = &[
    "user unknown", "invalid final delivery userid", "wasn't found at", "unknown to address",
    "name is not found", "unknown user", "no such user", "no such recipient", "no such mailbox",
    "no such address", "no such person", "no such account", "no such local", "no such email",
    "no mailbox here", "no mailbox by", "no mailbox found", "no account by", "no account with", "no user by",
    "not a known user", "not a valid user", "not a valid mailbox", "not a valid recipient",
    "not a valid email", "not a valid address", "mailbox not found", "mailbox does not exist",
    "mailbox doesn't exist", "mailbox not exist", "mailbox unknown", "unknown mailbox", "unknown local part",
    "unknown local user", "unknown recipient", "unknown address", "unknown account", "unknown email",
    "user not found", "user doesn't exist", "user does not exist", "user not exist", "user is unknown",
    "user not known", "user invalid", "user isn't", "user (", "invalid user", "invalid recipient",
    "invalid mailbox", "invalid address", "invalid email", "illegal user", "illegal recipient",
    "recipient unknown", "recipient not found", "recipnotfound", "recipient does not exist",
    "recipient doesn't exist", "recipient no longer", "recipient invalid", "recipient is invalid",
    "recipient address does not exist", "recipient is not exist", "recipient not exist",
    "recipient name is not recognized", "recipient rejected: unknown", "recipient is unknown",
    "recipient address rejected: user", "recipient address rejected: unknown",
    "recipient address rejected: undeliverable", "recipient address rejected: no such",
    "recipient address rejected: access denied", "recipient address rejected: invalid",
    "recipient ok, but unknown", "address unknown", "address does not exist", "address doesn't exist",
    "address not found", "address wasn't found", "address couldn't be found",
    "address you entered couldn't be found", "address no longer", "address error", "address invalid",
    "address not exist", "address is invalid", "does not exist here", "account does not exist",
    "account doesn't exist", "account not found", "account that you tried to reach does not exist",
    "account that you tried to reach is disabled", "account or domain may not exist",
    "account has been disabled", "account is disabled", "account disabled", "account inactive",
    "account is inactive", "account is not active", "account has been suspended", "account suspended",
    "account is suspended", "account closed", "account has been closed", "account expired",
    "account deactivated", "account has been deactivated", "account deleted", "account terminated",
    "account not available", "account locked", "mailbox disabled", "mailbox is disabled", "mailbox inactive",
    "mailbox is inactive", "mailbox has been disabled", "mailbox is blocked", "mailbox closed",
    "mailbox suspended", "mailbox unavailable", "email account that you tried", "user disabled",
    "user inactive", "user suspended", "disabled user", "deactivated mailbox", "inactive user",
    "inactive mailbox", "inactive account", "not listed in domino directory", "not listed in public name",
    "not listed in directory", "not found in directory", "not in directory", "not found in the directory",
    "isn't in our list", "is not in our list", "not our customer", "does not have an account",
    "doesn't have an account", "doesn't have a", "has no mailbox", "no longer available", "no longer valid",
    "no longer in use", "no longer active", "no longer with", "no longer works", "no longer employed",
    "no longer on server", "no longer accepts", "has moved", "user has moved", "address has changed",
    "address has been changed", "changed address", "moved to", "not known here", "is not known",
    "bad destination mailbox", "bad destination email", "bad recipient", "bad address",
    "undeliverable address", "unrouteable address", "unroutable address", "unrouteable recipient",
    "unable to find recipient", "unable to validate recipient", "not listed as a", "no valid recipients",
    "can't accept user", "can't verify recipient", "cannot find your recipient", "this user doesn't have a",
    "there is no user", "there is no such", "there's no such", "domain does not have", "nosuchuser",
    "resolver.adr", "recipient was not found", "recipient couldn't be found", "unknownuser",
    "vdeliver: invalid or unknown", "destination mailbox address",
    "delivery to the following recipients failed permanently: unknown", "user not local", "not our user",
    "non existent", "nonexistent", "non existing", "dosn't exist", "mail box not found", "not a registered",
    "is not accepting any mail", "domain is not accepting", "indicated no smtp service", "null mx", "nullmx",
    "does not accept mail (", "does not accept email", "unbekannter benutzer", "benutzer unbekannt",
    "empfänger unbekannt", "empfängeradresse", "adresse existiert nicht", "existiert nicht",
    "postfach existiert nicht", "adresse wurde nicht gefunden", "utilisateur inconnu", "destinataire inconnu",
    "adresse inconnue", "n'existe pas", "introuvable", "adresse d au moins un destinataire invalide",
    "usuario desconocido", "usuario no existe", "destinatario desconocido", "no existe", "no se encontró",
    "no se ha encontrado", "usuário desconhecido", "usuário inexistente", "destinatário desconhecido",
    "não existe", "não foi encontrado", "inexistente", "utente sconosciuto", "destinatario sconosciuto",
    "non esiste", "non è stato trovato", "gebruiker onbekend", "onbekende gebruiker", "bestaat niet",
    "is niet gevonden", "finns inte", "findes ikke", "finnes ikke", "nie istnieje", "nieznany użytkownik",
    "neexistuje", "не существует", "нет такого", "не найден", "пользователь неизвестен",
    "неизвестный пользователь", "недействителен", "bulunamadı", "mevcut değil", "kullanıcı yok", "宛先が存在しません",
    "存在しません", "宛先不明", "ユーザーが見つかりません", "見つかりません", "リストにありません", "用户不存在", "不存在", "找不到", "收件人不存在", "무효한", "존재하지 않",
];

/// Names that a resolver could not look up this time.
#[rustfmt::skip]
const TEMPORARY_HOST: &[&str] = &[
    "not found, try again", "try again", "temporary failure in name resolution", "temporary lookup failure",
    "dns timeout", "servfail", "name server timeout", "domain lookup failed", "dns query failed: servfail",
    "no mx record", "host not found, temporarily", "could not resolve, retry",
];

#[rustfmt::skip]
const NO_SUCH_HOST: &[&str] = &[
    "host unknown", "unknown host", "host not found", "no such host", "no such domain", "domain not found",
    "unknown domain", "domain does not exist", "domain doesn't exist", "domain name not found",
    "domain isn't in my list", "domain unknown", "nxdomain", "non existent domain", "invalid domain",
    "unrouteable mail domain", "unroutable mail domain", "unrouteable domain", "bad destination host",
    "bad destination system", "couldn't find any host", "couldn't find any host named", "can't find any host",
    "no dns entry", "name server: host not found", "could not be resolved", "couldn't be found",
    "illegal host/domain", "all relevant mx records point to non existent", "dns domain '", "recipient domain",
    "does not exist", "domain konnte nicht gefunden", "domaine introuvable", "dominio no existe",
    "домен не найден",
];

#[rustfmt::skip]
const POLICY: &[&str] = &[
    "spam", "unsolicited", "junk", "bulk mail", "phish", "virus", "malware", "policy", "blocked", "blocking",
    "banned", "access denied", "not authorized", "unauthorized", "not permitted", "permission denied",
    "permissions to", "forbidden", "administratively", "prohibit", "rejected by", "message rejected",
    "message was rejected", "mail rejected", "refused", "rejected due", "rejecting", "content reject",
    "filter", "denied", "not accepted", "not accepting mail from", "too many", "rate limit", "throttl",
    "restricted", "suspicious", "rfc 5322", "rfc5322", "header error", "bad header", "transaction failed",
    "security", "delivery not authorized", "abuse", "use the smtp server", "not allowed",
    "greylisted permanently", "does not accept", "posting", "abgelehnt", "abgewiesen", "zurückgewiesen",
    "refusé", "rejeté", "bloqué", "rechazado", "bloqueado", "rejeitada", "recusada", "rifiutato", "geweigerd",
    "odrzucona", "отклонен", "отклонён", "заблокирован", "спам", "拒否", "拒绝", "拒絕", "垃圾邮件",
];

#[rustfmt::skip]
const TEMPORARY: &[&str] = &[
    "timed out", "time out", "timeout", "retry time", "connection refused", "connection lost",
    "connection dropped", "connection was dropped", "connection reset", "connection failed",
    "could not connect", "cannot connect", "can't connect", "unable to connect", "not reachable",
    "unreachable", "no route to host", "network error", "network is", "socket error", "did not respond",
    "not responding", "no answer from host", "lost connection", "greylist", "grey list", "graylist",
    "temporar", "try later", "please retry", "too long in queue", "been in the queue", "message expired",
    "expired", "queue too long", "undeliverable for", "for too long", "giving up", "delayed", "delay",
    "deferred", "not yet been delivered", "still being retried", "warning message only", "will be retried",
    "service unavailable", "service not available", "system resources", "try again later", "mail loop",
    "mail loops back", "loops back", "loop detected", "too many hops", "hop count", "routing loop",
    "smtp connection", "did not accept our requests", "all hosts have been failing", "lost during",
    "cannot be reached", "unable to contact", "local error", "internal error", "system error",
    "configuration error", "i/o error", "disk full", "no space left", "zeitüberschreitung", "verzögert",
    "nicht erreichbar", "délai", "retardé", "tiempo de espera", "demorado", "retrasado", "atrasad",
    "tempo limite", "in ritardo", "vertraagd", "försenad", "forsinket", "opóźnion", "задержан", "gecikti",
    "遅延", "延迟",
];

#[rustfmt::skip]
const CONTENT: &[&str] = &[
    "attachment", "content", "message format", "mime", "8bit", "encoding", "line too long", "lines too long",
    "syntax error", "malformed",
];
