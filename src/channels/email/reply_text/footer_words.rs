//! Words of signatures, devices' footers and disclaimers, in their languages. All in lower case.

#[rustfmt::skip]
pub const PREFIXES: &[&str] = &[
    "sent from my ", "sent from ", "sent via ", "sent with ", "sent using ", "sent by ", "sent on ",
    "get outlook for", "get bluemail", "powered by ", "von meinem ", "von meiner ", "von unterwegs ", "gesendet von ",
    "gesendet mit ", "gesendet über ", "gesendet aus ", "diese nachricht wurde von meine",
    "diese mail wurde von meine", "holen sie sich ", "envoyé depuis ", "envoyé à partir d", "envoyé de ",
    "envoyé par ", "envoyé avec ", "télécharger outlook", "obtenez ", "provenance : ", "enviado desde ",
    "enviado do ", "enviado de ", "enviado por ", "enviado a partir d", "enviado com ", "enviado con ",
    "enviat des d", "enviado via ", "obtener outlook", "obter o outlook", "obtenha o outlook", "inviato da",
    "inviato con ", "scarica outlook", "ottieni outlook", "verzonden vanaf ", "verzonden met ",
    "verzonden vanuit ", "verzonden via ", "verstuurd vanaf ", "outlook voor ", "download outlook",
    "sendt fra ", "send fra ", "sendt med ", "hent outlook", "få outlook", "skickat från ", "skickades från ",
    "skickat med ", "hämta outlook", "skaffa outlook", "lähetetty ", "hanki outlook", "wysłane z ",
    "wysłano z ", "wysłane przez ", "pobierz outlook", "pobierz aplikację outlook", "odesláno z", "odoslané z",
    "získat outlook", "poslano iz", "poslano z", "poslano sa ", "trimis de pe", "trimis din", "saadetud minu ",
    "nosūtīts no ", "išsiųsta iš", "отправлено с ", "отправлено из ", "отправлено от ", "надіслано з ",
    "відправлено з ", "изпратено от ", "στάλθηκε από ", "εστάλη από ", "từ ", "đã gửi từ ", "gửi từ ",
    "dikirim dari ", "发自我的", "發自我的", "来自我的", "发送自", "从我的", "從我的", "傳送自", "由 iphone", "נשלח מה", "נשלח מ",
    "تم الإرسال من", "أُرسلت من", "مرسل من", "ส่งจาก", "mit freundlichen grüßen von meinem ",
];

#[rustfmt::skip]
pub const SUFFIXES: &[&str] = &[
    "gesendet", "geschickt", "gönderildi", "から送信", "から送信されました", "より送信", "傳送", "发送", "發送", "寄出", "에서 보냄",
    "에서 보냈습니다", "에서 전송됨", "से भेजा गया", "से भेजी गई", "küldve", "küldött üzenet", "alkalmazásból küldve",
];

/// How programs praise themselves below a mail, in a line of their own. Beginnings.
#[rustfmt::skip]
pub const PRAISE: &[&str] = &[
    "outlook für ios", "outlook für android", "outlook pour ios", "outlook pour android", "outlook para ios",
    "outlook para android", "outlook per ios", "outlook per android", "yahoo mail:", "yahoo mail :",
    "yahoo mail -", "yahoo mail –", "yahoo mail app",
];

#[rustfmt::skip]
pub const POSSESSIVES: &[&str] = &[
    "sent from my ", "depuis mon ", "desde mi ", "do meu ", "dal mio ", "vanaf mijn ",
    "fra min ", "från min ",
];

#[rustfmt::skip]
pub const DEVICES: &[&str] = &[
    "iphone", "ipad", "ipod", "apple watch", "android", "samsung", "galaxy", "huawei", "xiaomi", "redmi",
    "honor ", "oppo", "vivo", "realme", "oneplus", "pixel", "nokia", "lumia", "motorola", "moto ", "sony",
    "xperia", "htc", " lg ", "blackberry", "palm", "windows phone", "windows mail", "windows 1", "windows 8",
    " for windows", "outlook", "mailbox", "yahoo", "ymail", "gmail", "airmail", "proton", "tutanota",
    "tuta mail", "thunderbird", "k-9 mail", "fairemail", "bluemail", "typeapp", "aqua mail", "aquamail",
    "spark", "superhuman", "mailspring", "boomerang", "canary", "edison", "newton", "polymail", "front app",
    "hey.com", "fastmail", "zoho", "mail.ru", "почты mail", "яндекс", "yandex", "web.de", "gmx", "1&1",
    "ionos", "telekom", "mail app", "mail for", "myMail", "mymail", "mail", "mobile", "mobil", "cell", "phone",
    "telefon", "telefoon", "téléphone", "teléfono", "telefone", "telefono", "puhelin", "móvil", "celular",
    "cellulare", "handy", "smartphone", "tablet", "device", "appareil", "dispositivo", "toestel", "apparaat",
    "устройств", "телефон", "мобіль", "мобиль", "手机", "手機", "mac", "macbook", "verizon", "t-mobile", "at&t",
    "slack", "jira", "ios", "aol",
];

#[rustfmt::skip]
pub const APOLOGIES: &[&str] = &[
    "please", "excuse", "sorry", "apolog", "forgive", "pardon", "typo", "brevity", "bitte", "entschuldig",
    "tippfehler", "désolé", "merci", "disculp", "perdon", "desculp", "scusa", "excuus", "with", "the best ",
];

#[rustfmt::skip]
pub const ABOUT_THIS_MAIL: &[&str] = &[
    "this e-mail", "this email", "this message", "this communication", "this transmission",
    "e-mail message and any", "information contained in", "diese e-mail", "diese nachricht", "diese mail",
    "ce message", "cet e-mail", "ce courriel", "cet email", "este mensaje", "este correo", "esta mensagem",
    "este e-mail", "este email", "questo messaggio", "questa e-mail", "questa email", "dit bericht",
    "deze e-mail", "dit e-mailbericht", "detta meddelande", "detta e-post", "denne e-mail", "denne e-posten",
    "denne mail", "tämä viesti", "tämä sähköposti", "ta wiadomość", "niniejsza wiadomość",
    "treść tej wiadomości", "tato zpráva", "tento e-mail", "ez az e-mail", "ez az üzenet", "acest mesaj",
    "acest e-mail", "bu e-posta", "bu ileti", "это сообщение", "данное сообщение", "настоящее сообщение",
    "этого сообщения", "цей лист", "本邮件", "本郵件", "このメール", "本メール", "이 메일", "이 전자우편",
    "informazioni contenute in questo", "confidentiality notice", "disclaimer",
];

#[rustfmt::skip]
pub const LEGAL: &[&str] = &[
    "confidential", "intended recipient", "intended only", "intended solely", "intended for", "privileged",
    "unauthorized", "unauthorised", "prohibited", "in error", "notify the sender", "advise the sender",
    "delete", "attachments", "disclos", "distribution", "vertraulich", "rechtlich geschützt",
    "bestimmte empfänger", "nicht der richtige adressat", "irrtümlich", "unbefugt", "nicht gestattet",
    "vernichten", "confidentiel", "destinataire", "pièces jointes", "par erreur", "détruire", "interdit",
    "confidencial", "destinatario", "destinatário", "por error", "por engano", "prohibid", "proibid", "elimin",
    "riservat", "per errore", "vietat", "cancellar", "allegati", "uso esclusivo", "divulga", "vertrouwelijk",
    "geadresseerde", "abusievelijk", "uitsluitend bestemd", "konfidentiell", "avsedd", "av misstag",
    "fortrolig", "ved en fejl", "luottamuksel", "vastaanottaj", "poufn", "adresat", "omyłkow", "důvěrn",
    "adresát", "omylem", "bizalmas", "címzett", "confidențial", "gizli", "конфиденциальн", "адресат",
    "по ошибке", "конфіденційн", "机密", "保密", "機密", "기밀",
];

/// Lines of programs and lists that nobody typed.
#[rustfmt::skip]
pub const PROGRAM_FOOTERS: &[&str] = &[
    "virus-free. www", "www.avast.com", "this email has been checked for viruses",
    "no virus found in this message", "diese e-mail wurde von avast",
    "este correo electrónico ha sido comprobado", "l'absence de virus",
    "consider the environment before printing", "think before you print", "please consider the environment",
    "bitte prüfen sie, ob diese mail", "pensez à l'environnement", "antes de imprimir", "prima di stampare",
    "you received this message because you are subscribed", "you are receiving this because",
    "to unsubscribe from this group", "to stop receiving emails from", "reply to this email directly",
    "mailing list\nhttp", "listinfo/",
];

#[rustfmt::skip]
pub const CLOSINGS: &[&str] = &[
    "best regards", "kind regards", "warm regards", "regards", "best", "all the best", "best wishes",
    "many thanks", "thanks", "thank you", "thanks and regards", "cheers", "sincerely", "yours sincerely",
    "yours faithfully", "yours", "warmly", "cordially", "respectfully", "mit freundlichen grüßen",
    "mit freundlichen grüssen", "mit freundlichem gruß", "freundliche grüße", "freundliche grüsse",
    "viele grüße", "viele grüsse", "beste grüße", "liebe grüße", "herzliche grüße", "schöne grüße",
    "mit besten grüßen", "mfg", "vg", "lg", "cordialement", "bien cordialement", "bien à vous",
    "sincères salutations", "meilleures salutations", "salutations", "bonne journée", "belle journée",
    "saludos", "un saludo", "saludos cordiales", "cordialmente", "atentamente", "atenciosamente",
    "cumprimentos", "com os melhores cumprimentos", "abraços", "att", "cordiali saluti", "distinti saluti",
    "saluti", "un saluto", "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet",
    "groeten", "mvg", "med vänliga hälsningar", "vänliga hälsningar", "hälsningar", "mvh", "med venlig hilsen",
    "venlig hilsen", "med vennlig hilsen", "vennlig hilsen", "hilsen", "ystävällisin terveisin", "terveisin",
    "z poważaniem", "pozdrawiam", "pozdrowienia", "s pozdravem", "s pozdravom", "üdvözlettel", "tisztelettel",
    "cu stimă", "saygılarımla", "iyi çalışmalar", "с уважением", "з повагою", "με εκτίμηση", "此致", "敬礼", "以上",
    "よろしくお願いいたします",
];
