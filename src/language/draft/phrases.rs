//! The fixed phrases, by language. `{first}` `{full}` `{minutes}` `{person}` `{date}` are put in.

use jiff::civil::Date;

use super::{Facts, Manner};

pub(super) struct Phrases {
    /// BCP 47.
    pub language: &'static str,
    pub hello: &'static str,
    pub hello_warm: &'static str,
    pub hello_formal: &'static str,
    pub hello_nobody: &'static str,
    pub thanks: &'static str,
    pub thanks_warm: &'static str,
    pub call: &'static str,
    pub ask: &'static str,
    pub referral: &'static str,
    pub later: &'static str,
    pub follow_up: &'static str,
    pub regards: &'static str,
    pub months: [&'static str; 12],
    /// `{d}` day, `{m}` month in words, `{y}` year.
    pub date: &'static str,
}

impl Phrases {
    pub fn greeting(&self, facts: &Facts<'_>) -> &'static str {
        let has = |name: &str| !name.trim().is_empty();
        match facts.manner {
            Manner::Formal if has(facts.full_name) => self.hello_formal,
            Manner::Warm if has(facts.first_name) => self.hello_warm,
            Manner::Plain if has(facts.first_name) => self.hello,
            _ => self.hello_nobody,
        }
    }

    pub fn date(&self, date: Date) -> String {
        let month = self.months[usize::from(date.month().unsigned_abs().clamp(1, 12)) - 1];
        let filled = self.date.replace("{d}", &date.day().to_string()).replace("{m}", month);
        filled.replace("{y}", &date.year().to_string())
    }
}

/// English first: it stands in for languages without phrases.
pub(super) const ALL: &[Phrases] = &[
    Phrases {
        language: "en",
        hello: "Hello {first},",
        hello_warm: "Dear {first},",
        hello_formal: "Dear {full},",
        hello_nobody: "Hello,",
        thanks: "thank you for your answer.",
        thanks_warm: "thank you very much for getting back to me, I am glad to hear from you.",
        call: "Would a call of {minutes} minutes help? Name two or three times that suit you, and I will confirm one of them.",
        ask: "If anything else is open, just write back.",
        referral: "thank you for pointing me to {person}. I will not trouble you with this again.",
        later: "thank you for letting me know. I will come back to you on {date}, and not before.",
        follow_up: "did my last answer reach you? If something in it is still open, just write back. If it is not for you after all, one word is enough, and I leave it there.",
        regards: "Kind regards,",
        months: [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
            "December",
        ],
        date: "{d} {m} {y}",
    },
    Phrases {
        language: "de",
        hello: "Hallo {first},",
        hello_warm: "Hallo {first},",
        hello_formal: "Guten Tag {full},",
        hello_nobody: "Guten Tag,",
        thanks: "vielen Dank für Ihre Antwort.",
        thanks_warm: "vielen herzlichen Dank für Ihre Antwort, ich habe mich sehr darüber gefreut.",
        call: "Würde Ihnen ein Gespräch von {minutes} Minuten helfen? Nennen Sie mir zwei oder drei passende Zeiten, eine davon bestätige ich.",
        ask: "Wenn noch etwas offen ist, schreiben Sie mir einfach.",
        referral: "vielen Dank für den Hinweis auf {person}. Ich behellige Sie damit nicht weiter.",
        later: "vielen Dank für die Nachricht. Ich melde mich am {date} wieder, und nicht früher.",
        follow_up: "ist meine letzte Antwort bei Ihnen angekommen? Wenn noch etwas offen ist, schreiben Sie mir einfach. Wenn es doch nicht passt, genügt ein Wort, und ich lasse es dabei.",
        regards: "Freundliche Grüße",
        months: [
            "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
            "Dezember",
        ],
        date: "{d}. {m} {y}",
    },
    Phrases {
        language: "es",
        hello: "Hola, {first}:",
        hello_warm: "Hola, {first}:",
        hello_formal: "Buenos días, {full}:",
        hello_nobody: "Buenos días:",
        thanks: "gracias por su respuesta.",
        thanks_warm: "muchas gracias por su respuesta, me alegra mucho tener noticias suyas.",
        call: "¿Le vendría bien una llamada de {minutes} minutos? Dígame dos o tres horas que le convengan y le confirmo una.",
        ask: "Si queda alguna duda, escríbame sin compromiso.",
        referral: "gracias por indicarme a {person}. No le molestaré más con este asunto.",
        later: "gracias por avisarme. Le escribiré de nuevo el {date}, y no antes.",
        follow_up: "¿le llegó mi última respuesta? Si queda alguna duda, escríbame sin compromiso. Si al final no le interesa, basta una palabra y no insisto más.",
        regards: "Un saludo,",
        months: [
            "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
            "diciembre",
        ],
        date: "{d} de {m} de {y}",
    },
    Phrases {
        language: "fr",
        hello: "Bonjour {first},",
        hello_warm: "Bonjour {first},",
        hello_formal: "Bonjour {full},",
        hello_nobody: "Bonjour,",
        thanks: "merci pour votre réponse.",
        thanks_warm: "merci beaucoup pour votre réponse, elle me fait très plaisir.",
        call: "Un appel de {minutes} minutes vous serait-il utile ? Indiquez-moi deux ou trois moments qui vous conviennent et je vous en confirme un.",
        ask: "S'il reste une question, écrivez-moi simplement.",
        referral: "merci de m'avoir indiqué {person}. Je ne vous dérangerai plus à ce sujet.",
        later: "merci pour votre message. Je reviendrai vers vous le {date}, et pas avant.",
        follow_up: "ma dernière réponse vous est-elle bien parvenue ? S'il reste une question, écrivez-moi simplement. Si cela ne vous convient pas, un mot suffit et je n'insiste pas.",
        regards: "Bien cordialement,",
        months: [
            "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
            "décembre",
        ],
        date: "{d} {m} {y}",
    },
    Phrases {
        language: "pt",
        hello: "Olá, {first},",
        hello_warm: "Olá, {first},",
        hello_formal: "Bom dia, {full},",
        hello_nobody: "Bom dia,",
        thanks: "agradeço a sua resposta.",
        thanks_warm: "agradeço imenso a sua resposta, foi uma alegria recebê-la.",
        call: "Uma chamada de {minutes} minutos ajudaria? Diga-me dois ou três horários que lhe convenham e confirmo um deles.",
        ask: "Se restar alguma dúvida, é só responder.",
        referral: "agradeço a indicação de {person}. Não volto a incomodar com este assunto.",
        later: "agradeço o aviso. Volto a escrever em {date}, e não antes.",
        follow_up: "recebeu a minha última resposta? Se ficou alguma dúvida, escreva-me sem compromisso. Se afinal não lhe interessa, basta uma palavra e não insisto.",
        regards: "Com os melhores cumprimentos,",
        months: [
            "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro",
            "dezembro",
        ],
        date: "{d} de {m} de {y}",
    },
    Phrases {
        language: "hi",
        hello: "नमस्ते {first} जी,",
        hello_warm: "नमस्ते {first} जी,",
        hello_formal: "नमस्ते {full} जी,",
        hello_nobody: "नमस्ते,",
        thanks: "आपके उत्तर के लिए धन्यवाद।",
        thanks_warm: "आपके उत्तर के लिए बहुत-बहुत धन्यवाद, पढ़कर अच्छा लगा।",
        call: "क्या {minutes} मिनट की बातचीत ठीक रहेगी? आपके लिए सही दो-तीन समय बता दें, हम उनमें से एक पक्का कर देंगे।",
        ask: "कोई और बात हो तो बस उत्तर दे दें।",
        referral: "{person} के बारे में बताने के लिए धन्यवाद। इस विषय में आपको फिर परेशान नहीं करेंगे।",
        later: "बताने के लिए धन्यवाद। अब {date} को ही फिर लिखेंगे, उससे पहले नहीं।",
        follow_up: "क्या मेरा पिछला जवाब आपको मिल गया? कुछ और पूछना हो तो बस लिख दीजिए। अगर यह आपके काम का नहीं है, तो एक शब्द काफी है, हम और नहीं लिखेंगे।",
        regards: "सादर,",
        months: [
            "जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर",
        ],
        date: "{d} {m} {y}",
    },
    Phrases {
        language: "hi-Latn",
        hello: "Namaste {first} ji,",
        hello_warm: "Namaste {first} ji,",
        hello_formal: "Namaste {full} ji,",
        hello_nobody: "Namaste,",
        thanks: "aapke jawab ke liye dhanyavaad.",
        thanks_warm: "aapke jawab ke liye bahut bahut dhanyavaad, padhkar achha laga.",
        call: "Kya {minutes} minute ki baatcheet theek rahegi? Aapke liye sahi do-teen samay bata dein, hum unmein se ek pakka kar denge.",
        ask: "Koi aur baat ho to bas jawab de dein.",
        referral: "{person} ke baare mein batane ke liye dhanyavaad. Is vishay mein aapko phir pareshaan nahin karenge.",
        later: "batane ke liye dhanyavaad. Ab {date} ko hi phir likhenge, usse pehle nahin.",
        follow_up: "kya mera pichhla jawab aapko mil gaya? Kuch aur poochhna ho to bas likh dijiye. Agar yeh aapke kaam ka nahin hai, to ek shabd kaafi hai, hum aur nahin likhenge.",
        regards: "Saadar,",
        months: [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
            "December",
        ],
        date: "{d} {m} {y}",
    },
];
