//! Words by which mail programs introduce quotations, in their languages. All in lower case.

/// A field of the block above a quoted mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadKey {
    From,
    Date,
    To,
    Subject,
    /// Copies, reply addresses, importance.
    Other,
}

/// "wrote", as it ends or fills an attribution.
#[rustfmt::skip]
pub const ATTRIBUTION_VERBS: &[&str] = &[
    "wrote", "writes", "has written", "a écrit", "a ecrit", "écrit", "écrivait", "schrieb", "schreibt",
    "geschrieben", "geschrieben hat", "escribió", "escribio", "ha escrito", "escribía", "escreveu", "escribiu",
    "va escriure", "ha escrit", "ha scritto", "scrisse", "scrive", "scritto", "schreef", "geschreven",
    "het volgende geschreven", "het geskryf", "skrev", "skrev følgende", "skrifaði", "kirjoitti", "kirjutas",
    "rakstīja", "parašė", "rašė", "napisał(a)", "napisał", "napisała", "napisał/a", "pisze", "napsal(a)",
    "napsal", "napsala", "napísal(a)", "napísal", "napísala", "napisao", "napisala", "je napisao",
    "je napisao/la", "je napisal", "napisao je", "piše", "написал(а)", "написал", "написала", "написал (а)",
    "пишет", "писал", "писал(а)", "писала", "пише", "написав", "написав(-ла)", "написа", "напиша", "написао",
    "је написао", "је написао/ла", "напісаў", "a scris", "scria", "írta", "ezt írta", "ezt írta (időpont",
    "yazdı", "şunu yazdı", "şunları yazdı", "tarihinde şunu yazdı", "έγραψε", "έγραψε τα εξής", "shkroi",
    "scríobh", "idatzi du", "写道", "寫道", "写到", "的郵件", "のメール", "書きました", "さんは書きました", "が書きました", "님이 작성", "작성", "씀",
    "님이 쓴 글", "썼습니다", "đã viết", "menulis", "telah menulis", "เขียน", "เขียนว่า", "כתב", "כתבה", "כתב/ה",
    "كتب", "كتبت", "نوشت", "نوشته", "ने लिखा", "लिखा",
];

#[rustfmt::skip]
const OPENERS: &[&str] = &[
    "on", "at", "le", "am", "um", "el", "il", "em", "op", "den", "dnia", "w dniu", "dne", "dňa", "in data",
    "a", "ai", "în", "pe", "la", "på", "í", "þann", "fre", "the", "на", "от", "в", "у", "στις", "dana", "ngày",
    "vào", "pada", "tarihinde", "lúc", "בתאריך", "ב", "في", "بتاريخ", "در", "kuupäeval", "ar", "il giorno",
    "em qua", "em seg", "em ter", "em qui", "em sex", "em sáb", "em dom", "da", "od", "vom", "datum",
];

/// Does a text in lower case begin with a word that opens attributions?
pub fn starts_with_opener(lower: &str) -> bool {
    let lower = lower.trim_start_matches(['"', '*', '_', '-', ' ']);
    OPENERS
        .iter()
        .any(|opener| lower.strip_prefix(opener).is_some_and(|rest| rest.starts_with([' ', '\u{a0}', ',', '\t'])))
        || lower.starts_with(['在', '于', '於'])
}

/// Titles between rules above a mail answered.
#[rustfmt::skip]
pub const ORIGINAL_TITLES: &[&str] = &[
    "original message", "original mail", "original e-mail", "original email", "original appointment",
    "antwort nachricht", "reply message", "replied message", "reply above this line",
    "ursprüngliche nachricht", "originalnachricht", "original-nachricht", "originalmail", "ursprungsnachricht",
    "message d'origine", "mail original", "mail d'origine",
    "courriel d'origine", "courriel original", "correo original", "message original", "message d’origine", "message initial", "mensaje original",
    "mensagem original", "missatge original", "mensaxe orixinal", "messaggio originale",
    "messaggio originario", "oorspronkelijk bericht", "oorspronkelijk e-mailbericht",
    "oorspronkelijke bericht", "originele bericht", "origineel bericht", "ursprungligt meddelande",
    "originalmeddelande", "ursprungligt mail", "oprindelig meddelelse", "oprindelig besked", "original besked",
    "oprindelig mail", "opprinnelig melding", "original melding", "original meddelelse", "alkuperäinen viesti",
    "upprunaleg skilaboð", "oryginalna wiadomość", "wiadomość oryginalna", "wiadomość pierwotna",
    "treść oryginalnej wiadomości", "původní zpráva", "pôvodná správa", "eredeti üzenet", "eredeti levél",
    "mesaj original", "mesajul original", "izvorna poruka", "originalna poruka", "izvirno sporočilo",
    "originalus laiškas", "sākotnējais ziņojums", "algne sõnum", "algkiri", "özgün ileti", "orijinal mesaj",
    "orjinal mesaj", "asıl mesaj", "исходное сообщение", "исходное письмо", "оригинальное сообщение",
    "первоначальное сообщение", "пересылаемое сообщение", "оригінальне повідомлення", "вихідне повідомлення",
    "початкове повідомлення", "оригинално съобщение", "оригинална порука", "αρχικό μήνυμα", "πρωτότυπο μήνυμα",
    "原始邮件", "原始郵件", "原邮件", "元のメッセージ", "オリジナルメッセージ", "원본 메시지", "원본 메일", "thư gốc", "tin nhắn gốc", "pesan asli",
    "mesej asal", "ข้อความต้นฉบับ", "ข้อความเดิม", "הודעה מקורית", "ההודעה המקורית", "الرسالة الأصلية",
    "پیام اصلی", "मूल संदेश",
];

/// Titles between rules above a mail passed on.
#[rustfmt::skip]
pub const FORWARD_TITLES: &[&str] = &[
    "forwarded message", "forwarded by", "forwarded mail", "weitergeleitete nachricht", "message transféré",
    "message transmis", "message réexpédié", "mensaje reenviado", "mensagem encaminhada", "missatge reenviat",
    "messaggio inoltrato", "doorgestuurd bericht", "vidarebefordrat meddelande", "videresendt meddelelse",
    "videresendt besked", "videresendt melding", "välitetty viesti", "edelleenlähetetty viesti",
    "przekazana wiadomość", "wiadomość przekazana", "přeposlaná zpráva", "preposlaná správa",
    "továbbított üzenet", "mesaj redirecționat", "proslijeđena poruka", "iletilmiş mesaj",
    "yönlendirilmiş mesaj", "yönlendirilen ileti", "переслане повідомлення", "пересланное сообщение",
    "пересылаемое сообщение", "препратено съобщение", "προωθημένο μήνυμα", "转发的邮件", "轉寄的郵件", "転送されたメッセージ",
    "전달된 메시지", "thư chuyển tiếp", "pesan terusan", "הודעה שהועברה", "رسالة معاد توجيهها",
];

/// The same as a line of words (Apple Mail and others).
#[rustfmt::skip]
pub const FORWARD_INTROS: &[&str] = &[
    "begin forwarded message", "anfang der weitergeleiteten nachricht", "début du message réexpédié",
    "début du message transféré", "inicio del mensaje reenviado", "inizio messaggio inoltrato",
    "início da mensagem encaminhada", "início da mensagem reencaminhada", "begin doorgestuurd bericht",
    "vidarebefordrat brev", "start på videresendt besked", "videresendt melding", "välitetty viesti alkaa",
    "początek przekazywanej wiadomości", "začátek přeposílané zprávy", "továbbított levél kezdete",
    "начало переадресованного сообщения", "начало пересылаемого сообщения", "iletilen ileti başlangıcı",
    "转发邮件信息", "開始轉寄郵件", "转发的邮件", "전달된 메시지 시작",
];

/// Names of the fields above a quoted mail.
pub const HEAD_KEYS: &[(HeadKey, &[&str])] = &[
    (HeadKey::From, FROM),
    (HeadKey::Date, DATE),
    (HeadKey::To, TO),
    (HeadKey::Subject, SUBJECT),
    (HeadKey::Other, OTHER),
];

#[rustfmt::skip]
const FROM: &[&str] = &[
    "from", "von", "de", "da", "van", "från", "fra", "frá", "od", "lähettäjä", "kellelt", "saatja", "no",
    "nuo", "siuntėjas", "отправитель", "от", "от кого", "від", "від кого", "kimden", "gönderen", "kimdən",
    "feladó", "expéditeur", "expediteur", "remitente", "remetente", "mittente", "afzender", "absender",
    "avsändare", "afsender", "avsender", "nadawca", "odesílatel", "odosielateľ", "pošiljatelj", "pošiljalec",
    "expeditor", "de la", "de part de", "από", "发件人", "寄件者", "寄件人", "發件人", "差出人", "送信者", "보낸 사람", "보낸사람", "발신",
    "từ", "người gửi", "dari", "daripada", "จาก", "מאת", "من", "از", "प्रेषक",
];

#[rustfmt::skip]
const DATE: &[&str] = &[
    "sent", "date", "sent at", "date sent", "gesendet", "gesendet am", "gesendet um", "datum", "envoyé",
    "envoyé le", "envoye", "date d'envoi", "enviado", "enviado el", "enviado em", "enviada", "enviada em",
    "enviat", "fecha", "fecha de envío", "data", "data de envio", "inviato", "data invio", "verzonden",
    "verstuurd", "skickat", "skickades", "skickat den", "sendt", "dato", "sent den", "lähetetty", "päivämäärä",
    "päiväys", "saadetud", "kuupäev", "nosūtīts", "datums", "išsiųsta", "wysłano", "wysłane", "data wysłania",
    "wysłany", "odesláno", "odoslané", "odoslaný", "poslano", "poslato", "trimis", "expediat", "elküldve",
    "dátum", "küldés ideje", "gönderildi", "gönderilme", "gönderme tarihi", "gönderim tarihi", "tarih",
    "отправлено", "отправлен", "дата", "дата отправки", "надіслано", "відправлено", "изпратено", "στάλθηκε",
    "εστάλη", "ημερομηνία", "发送时间", "发件时间", "日期", "时间", "時間", "傳送時間", "寄件日期", "發送時間", "送信日時", "日時", "日付",
    "보낸 날짜", "보낸날짜", "날짜", "일시", "đã gửi", "ngày", "gửi", "terkirim", "dikirim", "tanggal", "tarikh", "ส่ง",
    "ส่งเมื่อ", "วันที่", "נשלח", "נשלח ב", "תאריך", "تم الإرسال", "التاريخ", "تاريخ الإرسال", "ارسال شده",
    "تاریخ", "दिनांक", "message du", "le",
];

#[rustfmt::skip]
const TO: &[&str] = &[
    "to", "an", "à", "a", "para", "per a", "aan", "till", "til", "do", "dla", "komu", "vastaanottaja",
    "kellele", "saaja", "kam", "kur", "adresāts", "gavėjas", "кому", "до", "kime", "kimə", "alıcı", "címzett",
    "către", "catre", "pre", "za", "prejemnik", "prima", "destinataire", "pour", "destinatario",
    "destinatário", "ontvanger", "empfänger", "mottagare", "modtager", "mottaker", "adresat", "adresát",
    "προς", "收件人", "收件者", "宛先", "받는 사람", "받는사람", "수신", "đến", "tới", "người nhận", "kepada", "ke", "ถึง", "אל",
    "לכבוד", "إلى", "الى", "به", "प्रति",
];

#[rustfmt::skip]
const SUBJECT: &[&str] = &[
    "subject", "betreff", "betr.", "objet", "sujet", "asunto", "assunto", "assumpte", "oggetto", "onderwerp",
    "ämne", "emne", "efni", "aihe", "otsikko", "teema", "tēma", "tema", "temat", "předmět", "predmet", "vec",
    "zadeva", "naslov", "tárgy", "subiect", "subiectul", "konu", "mövzu", "тема", "относно", "предмет", "θέμα",
    "主题", "主題", "主旨", "标题", "件名", "題名", "제목", "chủ đề", "tiêu đề", "subjek", "perihal", "เรื่อง", "หัวเรื่อง",
    "נושא", "הנושא", "الموضوع", "موضوع", "विषय",
];

#[rustfmt::skip]
const OTHER: &[&str] = &[
    "cc", "bcc", "cco", "cci", "copie", "copie à", "kopie", "kopie an", "kopi", "kopia", "copia", "cópia",
    "kopio", "másolatot kap", "másolat", "копия", "копія", "bilgi", "抄送", "副本", "ccs", "참조", "κοιν.",
    "reply-to", "reply to", "antwort an", "répondre à", "responder a", "risposta", "rispondi a", "svar til",
    "svara till", "antwoord aan", "odpowiedz do", "ответить", "importance", "wichtigkeit", "importancia",
    "importância", "priorità", "attachments", "anlagen", "pièces jointes", "organization",
];
