//! What stands below a reply and is not part of it: signatures, devices' footers, disclaimers, list
//! footers. A closing with a name stays; only a block that is plainly contact data goes.

/// The line that by custom separates the signature (RFC 3676 section 4.3) and its variants.
pub fn is_signature_start(raw: &str) -> bool {
    let line = raw.trim();
    matches!(line, "--" | "—" | "– –" | "- --" | "---" | "-- -" | "\\--" | "__") && !raw.starts_with("   ")
        || line.len() >= 5 && line.chars().all(|c| c == '_')
        || line.len() >= 20 && line.chars().all(|c| c == '-')
}

/// "Sent from my phone", in the wording of devices and programs.
pub fn is_device_footer(text: &str) -> bool {
    let lower = bare(text);
    if lower.is_empty() || lower.chars().count() > 120 {
        return false;
    }
    let Some(rest) = PREFIXES.iter().find_map(|prefix| lower.strip_prefix(prefix)) else {
        return SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) && names_device(&lower);
    };
    let (clause, tail) = match rest.find([',', '.', ';', '!']) {
        Some(at) => {
            (&rest[..at], rest[at..].trim_start_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace()))
        }
        None => (rest, ""),
    };
    let is_short = clause.split_whitespace().count() <= 8;
    let is_own = rest.len() < lower.len()
        && POSSESSIVES.iter().any(|mine| lower.contains(mine))
        && clause.split_whitespace().count() <= 5;
    is_short
        && (names_device(rest) || is_own)
        && (tail.is_empty() || APOLOGIES.iter().any(|word| tail.starts_with(word)))
}

/// Lower case, without brackets around, links and mark-up.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    for c in text.chars().take(600) {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth > 0 && !out.is_empty() => {}
            '[' | ']' | '*' | '_' | '"' => {}
            _ => out.extend(c.to_lowercase()),
        }
    }
    let out = match out.find("(http").or_else(|| out.find("http")) {
        Some(at) if at > 0 => {
            format!("{} {}", &out[..at], out[at..].split_once([')', ' ']).map_or("", |(_, rest)| rest))
        }
        _ => out,
    };
    out.trim_matches(|c: char| matches!(c, '(' | ')' | '>' | '<' | '-' | '~' | '.' | '|') || c.is_whitespace())
        .to_owned()
}

fn names_device(text: &str) -> bool {
    DEVICES.iter().any(|device| text.contains(device))
}

const PREFIXES: &[&str] = &[
    "sent from my ",
    "sent from ",
    "sent via ",
    "sent with ",
    "sent using ",
    "sent by ",
    "sent on ",
    "get outlook for",
    "get ",
    "powered by ",
    "von meinem ",
    "von meiner ",
    "von unterwegs ",
    "gesendet von ",
    "gesendet mit ",
    "gesendet über ",
    "gesendet aus ",
    "diese nachricht wurde von meine",
    "diese mail wurde von meine",
    "holen sie sich ",
    "envoyé depuis ",
    "envoyé à partir d",
    "envoyé de ",
    "envoyé par ",
    "envoyé avec ",
    "télécharger outlook",
    "obtenez ",
    "provenance : ",
    "enviado desde ",
    "enviado do ",
    "enviado de ",
    "enviado por ",
    "enviado a partir d",
    "enviado com ",
    "enviado con ",
    "enviat des d",
    "enviado via ",
    "obtener outlook",
    "obter o outlook",
    "obtenha o outlook",
    "inviato da",
    "inviato con ",
    "scarica outlook",
    "ottieni outlook",
    "verzonden vanaf ",
    "verzonden met ",
    "verzonden vanuit ",
    "verzonden via ",
    "verstuurd vanaf ",
    "outlook voor ",
    "download outlook",
    "sendt fra ",
    "send fra ",
    "sendt med ",
    "hent outlook",
    "få outlook",
    "skickat från ",
    "skickades från ",
    "skickat med ",
    "hämta outlook",
    "skaffa outlook",
    "lähetetty ",
    "hanki outlook",
    "wysłane z ",
    "wysłano z ",
    "wysłane przez ",
    "pobierz outlook",
    "pobierz aplikację outlook",
    "odesláno z",
    "odoslané z",
    "získat outlook",
    "poslano iz",
    "poslano z",
    "poslano sa ",
    "trimis de pe",
    "trimis din",
    "saadetud minu ",
    "nosūtīts no ",
    "išsiųsta iš",
    "отправлено с ",
    "отправлено из ",
    "отправлено от ",
    "надіслано з ",
    "відправлено з ",
    "изпратено от ",
    "στάλθηκε από ",
    "εστάλη από ",
    "từ ",
    "đã gửi từ ",
    "gửi từ ",
    "dikirim dari ",
    "发自我的",
    "發自我的",
    "来自我的",
    "发送自",
    "从我的",
    "從我的",
    "傳送自",
    "由 iphone",
    "נשלח מה",
    "נשלח מ",
    "تم الإرسال من",
    "أُرسلت من",
    "مرسل من",
    "ส่งจาก",
    "mit freundlichen grüßen von meinem ",
];

const SUFFIXES: &[&str] = &[
    "gesendet",
    "geschickt",
    "gönderildi",
    "から送信",
    "から送信されました",
    "より送信",
    "傳送",
    "发送",
    "發送",
    "寄出",
    "에서 보냄",
    "에서 보냈습니다",
    "에서 전송됨",
    "küldve",
    "küldött üzenet",
    "alkalmazásból küldve",
];

const POSSESSIVES: &[&str] = &[
    "sent from my ",
    "von meinem ",
    "depuis mon ",
    "desde mi ",
    "do meu ",
    "dal mio ",
    "vanaf mijn ",
    "fra min ",
    "från min ",
];

const DEVICES: &[&str] = &[
    "iphone",
    "ipad",
    "ipod",
    "apple watch",
    "android",
    "samsung",
    "galaxy",
    "huawei",
    "xiaomi",
    "redmi",
    "honor ",
    "oppo",
    "vivo",
    "realme",
    "oneplus",
    "pixel",
    "nokia",
    "lumia",
    "motorola",
    "moto ",
    "sony",
    "xperia",
    "htc",
    " lg ",
    "blackberry",
    "palm",
    "windows phone",
    "windows mail",
    "windows 1",
    "windows 8",
    " for windows",
    "outlook",
    "mailbox",
    "yahoo",
    "ymail",
    "gmail",
    "airmail",
    "proton",
    "tutanota",
    "tuta mail",
    "thunderbird",
    "k-9 mail",
    "fairemail",
    "bluemail",
    "typeapp",
    "aqua mail",
    "aquamail",
    "spark",
    "superhuman",
    "mailspring",
    "boomerang",
    "canary",
    "edison",
    "newton",
    "polymail",
    "front app",
    "hey.com",
    "fastmail",
    "zoho",
    "mail.ru",
    "почты mail",
    "яндекс",
    "yandex",
    "web.de",
    "gmx",
    "1&1",
    "ionos",
    "telekom",
    "mail app",
    "mail for",
    "myMail",
    "mymail",
    "mail",
    "mobile",
    "mobil",
    "cell",
    "phone",
    "telefon",
    "telefoon",
    "téléphone",
    "teléfono",
    "telefone",
    "telefono",
    "puhelin",
    "móvil",
    "celular",
    "cellulare",
    "handy",
    "smartphone",
    "tablet",
    "device",
    "appareil",
    "dispositivo",
    "toestel",
    "apparaat",
    "устройств",
    "телефон",
    "мобіль",
    "мобиль",
    "手机",
    "手機",
    "mac",
    "macbook",
    "verizon",
    "t-mobile",
    "at&t",
    "slack",
    "jira",
    "ios",
];

const APOLOGIES: &[&str] = &[
    "please",
    "excuse",
    "sorry",
    "apolog",
    "forgive",
    "pardon",
    "typo",
    "brevity",
    "bitte",
    "entschuldig",
    "tippfehler",
    "désolé",
    "merci",
    "disculp",
    "perdon",
    "desculp",
    "scusa",
    "excuus",
    "with",
];

/// Joins what is left, without blank edges, rules, disclaimers, list footers and contact blocks.
pub fn without_footers(lines: &[&str]) -> String {
    let mut lines: Vec<&str> = lines.to_vec();
    if let Some(at) = disclaimer_start(&lines) {
        lines.truncate(at);
    }
    drop_trailing_rules(&mut lines);
    if let Some(at) = contact_block_start(&lines) {
        lines.truncate(at);
    }
    drop_dashed_name(&mut lines);
    drop_trailing_rules(&mut lines);
    let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
    let text = lines[first..].join("\n");
    let text = text.trim_end();
    // The first line keeps its indentation only when it is a list's.
    text.trim_start_matches('\n').to_owned()
}

fn drop_trailing_rules(lines: &mut Vec<&str>) {
    let is_rule = |line: &str| {
        let line = line.trim();
        line.chars().all(|c| {
            matches!(c, '-' | '_' | '=' | '*' | '#' | '~' | '+' | '—' | '–' | '|' | '\u{1427}' | '.' | ' ') && c != '.'
                || c == '\u{2500}'
        })
    };
    while lines.last().is_some_and(|line| is_rule(line)) {
        lines.pop();
    }
}

/// `-Ada Lovelace` as last line, apart from the text.
fn drop_dashed_name(lines: &mut Vec<&str>) {
    let Some(last) = lines.last() else { return };
    let is_apart = lines.len() >= 3 && lines[lines.len() - 2].trim().is_empty();
    let name = last.trim().strip_prefix('-').unwrap_or_default();
    let is_name = (2..=4).contains(&name.split(' ').count())
        && name.split(' ').all(|word| {
            word.starts_with(char::is_uppercase)
                && word.chars().skip(1).all(|c| c.is_lowercase() || c == '.' || c == '-')
        });
    if is_apart && is_name {
        lines.pop();
    }
}

/// The first paragraph, after some text, that only lawyers and programs write.
fn disclaimer_start(lines: &[&str]) -> Option<usize> {
    let mut begin = 0;
    for end in 0..=lines.len() {
        if end < lines.len() && !lines[end].trim().is_empty() {
            continue;
        }
        let paragraph = lines[begin..end].join(" ").to_lowercase();
        if begin > 0 && is_disclaimer(&paragraph) {
            return Some(begin);
        }
        begin = end + 1;
    }
    None
}

fn is_disclaimer(paragraph: &str) -> bool {
    let count = |words: &[&str]| words.iter().filter(|word| paragraph.contains(*word)).count();
    count(PROGRAM_FOOTERS) > 0 && paragraph.chars().count() < 600
        || count(ABOUT_THIS_MAIL) > 0 && count(LEGAL) >= 2
        || count(LEGAL) >= 3 && paragraph.chars().count() > 150
}

const ABOUT_THIS_MAIL: &[&str] = &[
    "this e-mail",
    "this email",
    "this message",
    "this communication",
    "this transmission",
    "e-mail message and any",
    "information contained in",
    "diese e-mail",
    "diese nachricht",
    "diese mail",
    "ce message",
    "cet e-mail",
    "ce courriel",
    "cet email",
    "este mensaje",
    "este correo",
    "esta mensagem",
    "este e-mail",
    "este email",
    "questo messaggio",
    "questa e-mail",
    "questa email",
    "dit bericht",
    "deze e-mail",
    "dit e-mailbericht",
    "detta meddelande",
    "detta e-post",
    "denne e-mail",
    "denne e-posten",
    "denne mail",
    "tämä viesti",
    "tämä sähköposti",
    "ta wiadomość",
    "niniejsza wiadomość",
    "treść tej wiadomości",
    "tato zpráva",
    "tento e-mail",
    "ez az e-mail",
    "ez az üzenet",
    "acest mesaj",
    "acest e-mail",
    "bu e-posta",
    "bu ileti",
    "это сообщение",
    "данное сообщение",
    "настоящее сообщение",
    "этого сообщения",
    "цей лист",
    "本邮件",
    "本郵件",
    "このメール",
    "本メール",
    "이 메일",
    "이 전자우편",
    "informazioni contenute in questo",
    "confidentiality notice",
    "disclaimer",
];

const LEGAL: &[&str] = &[
    "confidential",
    "intended recipient",
    "intended only",
    "intended solely",
    "intended for",
    "privileged",
    "unauthorized",
    "unauthorised",
    "prohibited",
    "in error",
    "notify the sender",
    "advise the sender",
    "delete",
    "attachments",
    "disclos",
    "distribution",
    "vertraulich",
    "rechtlich geschützt",
    "bestimmte empfänger",
    "nicht der richtige adressat",
    "irrtümlich",
    "unbefugt",
    "nicht gestattet",
    "vernichten",
    "confidentiel",
    "destinataire",
    "pièces jointes",
    "par erreur",
    "détruire",
    "interdit",
    "confidencial",
    "destinatario",
    "destinatário",
    "por error",
    "por engano",
    "prohibid",
    "proibid",
    "elimin",
    "riservat",
    "per errore",
    "vietat",
    "cancellar",
    "allegati",
    "uso esclusivo",
    "divulga",
    "vertrouwelijk",
    "geadresseerde",
    "abusievelijk",
    "uitsluitend bestemd",
    "konfidentiell",
    "avsedd",
    "av misstag",
    "fortrolig",
    "ved en fejl",
    "luottamuksel",
    "vastaanottaj",
    "poufn",
    "adresat",
    "omyłkow",
    "důvěrn",
    "adresát",
    "omylem",
    "bizalmas",
    "címzett",
    "confidențial",
    "gizli",
    "конфиденциальн",
    "адресат",
    "по ошибке",
    "конфіденційн",
    "机密",
    "保密",
    "機密",
    "기밀",
];

/// Lines of programs and lists that nobody typed.
const PROGRAM_FOOTERS: &[&str] = &[
    "virus-free. www",
    "www.avast.com",
    "this email has been checked for viruses",
    "no virus found in this message",
    "diese e-mail wurde von avast",
    "este correo electrónico ha sido comprobado",
    "l'absence de virus",
    "consider the environment before printing",
    "think before you print",
    "please consider the environment",
    "bitte prüfen sie, ob diese mail",
    "pensez à l'environnement",
    "antes de imprimir",
    "prima di stampare",
    "you received this message because you are subscribed",
    "you are receiving this because",
    "to unsubscribe from this group",
    "to stop receiving emails from",
    "reply to this email directly",
    "mailing list\nhttp",
    "listinfo/",
];

/// The line after closing and name where contact data begins, when it is plainly that.
fn contact_block_start(lines: &[&str]) -> Option<usize> {
    let earliest = lines.len().saturating_sub(16);
    let closing = (earliest..lines.len()).rev().find(|&at| is_closing(lines[at]))?;
    if closing == 0 {
        return None;
    }
    let below: Vec<usize> = (closing + 1..lines.len()).filter(|&at| !lines[at].trim().is_empty()).collect();
    let block = below.get(1..)?;
    let is_block = !block.is_empty()
        && below.iter().all(|&at| lines[at].chars().count() <= 90 && !lines[at].trim_end().ends_with('?'))
        && block.iter().any(|&at| is_contact_line(lines[at]));
    is_block.then(|| block[0])
}

fn is_closing(line: &str) -> bool {
    let lower = line.trim().trim_end_matches([',', '!', '.', ' ']).to_lowercase();
    CLOSINGS.iter().any(|closing| lower == *closing)
}

const CLOSINGS: &[&str] = &[
    "best regards",
    "kind regards",
    "warm regards",
    "regards",
    "best",
    "all the best",
    "best wishes",
    "many thanks",
    "thanks",
    "thank you",
    "thanks and regards",
    "cheers",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "yours",
    "warmly",
    "cordially",
    "respectfully",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "mit freundlichem gruß",
    "freundliche grüße",
    "freundliche grüsse",
    "viele grüße",
    "viele grüsse",
    "beste grüße",
    "liebe grüße",
    "herzliche grüße",
    "schöne grüße",
    "mit besten grüßen",
    "mfg",
    "vg",
    "lg",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "sincères salutations",
    "meilleures salutations",
    "salutations",
    "bonne journée",
    "belle journée",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "cordialmente",
    "atentamente",
    "atenciosamente",
    "cumprimentos",
    "com os melhores cumprimentos",
    "abraços",
    "att",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "un saluto",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "vriendelijke groet",
    "groeten",
    "mvg",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "hälsningar",
    "mvh",
    "med venlig hilsen",
    "venlig hilsen",
    "med vennlig hilsen",
    "vennlig hilsen",
    "hilsen",
    "ystävällisin terveisin",
    "terveisin",
    "z poważaniem",
    "pozdrawiam",
    "pozdrowienia",
    "s pozdravem",
    "s pozdravom",
    "üdvözlettel",
    "tisztelettel",
    "cu stimă",
    "saygılarımla",
    "iyi çalışmalar",
    "с уважением",
    "з повагою",
    "με εκτίμηση",
    "此致",
    "敬礼",
    "以上",
    "よろしくお願いいたします",
];

/// Phone, web and mail addresses, and the labels in front of them.
fn is_contact_line(line: &str) -> bool {
    let lower = line.to_lowercase();
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    let is_phone = digits >= 7 && lower.chars().all(|c| !c.is_alphabetic() || digits * 2 > lower.len())
        || LABELS.iter().any(|label| lower.contains(label)) && digits >= 5;
    is_phone
        || lower.contains("www.")
        || lower.contains("http")
        || lower.contains('@') && !lower.contains(' ')
        || lower.contains("mailto:")
}

const LABELS: &[&str] =
    &["tel", "phone", "mobil", "mob.", "cell", "fax", "t:", "m:", "p:", "t.", "тел", "电话", "電話", "+"];
