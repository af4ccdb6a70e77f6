use proptest::prelude::*;

use super::*;

fn plain(text: &str) -> String {
    reply_text(text, "")
}

fn html(html: &str) -> String {
    reply_text("", html)
}

#[test]
fn the_line_above_a_quotation_is_known_in_many_languages() {
    let attributions = [
        ("en", "On Tue, May 5, 2026 at 10:15 AM Mia Berg <mia@example.com> wrote:"),
        ("en wrapped", "On Tue, May 5, 2026 at 10:15 AM Mia Berg of the very long department\n<mia@example.com> wrote:"),
        ("en apple", "On 5 May 2026, at 10:15, Mia Berg <mia@example.com> wrote:"),
        ("en bare", "Mia Berg <mia@example.com> wrote:"),
        ("en zoho", "---- On Tue, 05 May 2026 10:15:00 +0200 Mia Berg <mia@example.com> wrote ----"),
        ("de gmail", "Am Di., 5. Mai 2026 um 10:15 Uhr schrieb Mia Berg <mia@example.com>:"),
        ("de thunderbird", "Am 05.05.26 um 10:15 schrieb Mia Berg:"),
        ("fr gmail", "Le mar. 5 mai 2026 à 10:15, Mia Berg <mia@example.com> a écrit :"),
        ("fr wrapped", "Le 05/05/2026 à 10:15, Mia Berg\na écrit :"),
        ("es gmail", "El mar, 5 may 2026 a las 10:15, Mia Berg (<mia@example.com>) escribió:"),
        ("pt gmail", "Em ter., 5 de mai. de 2026 às 10:15, Mia Berg <mia@example.com> escreveu:"),
        ("it gmail", "Il giorno mar 5 mag 2026 alle ore 10:15 Mia Berg <mia@example.com> ha scritto:"),
        ("nl gmail", "Op di 5 mei 2026 om 10:15 schreef Mia Berg <mia@example.com>:"),
        ("nl apple", "Op 5 mei 2026 om 10:15 heeft Mia Berg <mia@example.com> het volgende geschreven:"),
        ("sv gmail", "Den tis 5 maj 2026 kl 10:15 skrev Mia Berg <mia@example.com>:"),
        ("da apple", "Den 5. maj 2026 kl. 10.15 skrev Mia Berg <mia@example.com>:"),
        ("no gmail", "tir. 5. mai 2026 kl. 10:15 skrev Mia Berg <mia@example.com>:"),
        ("fi gmail", "ti 5. toukok. 2026 klo 10.15 Mia Berg (mia@example.com) kirjoitti:"),
        ("is gmail", "Þann þri., 5. maí 2026 kl. 10:15 skrifaði Mia Berg <mia@example.com>:"),
        ("pl gmail", "wt., 5 maj 2026 o 10:15 Mia Berg <mia@example.com> napisał(a):"),
        ("cs gmail", "út 5. 5. 2026 v 10:15 odesílatel Mia Berg <mia@example.com> napsal:"),
        ("sk gmail", "ut 5. 5. 2026 o 10:15 Mia Berg <mia@example.com> napísal(a):"),
        ("hu gmail", "Mia Berg <mia@example.com> ezt írta (időpont: 2026. máj. 5., K, 10:15):"),
        ("ro gmail", "În mar., 5 mai 2026 la 10:15, Mia Berg <mia@example.com> a scris:"),
        ("tr gmail", "Mia Berg <mia@example.com>, 5 May 2026 Sal, 10:15 tarihinde şunu yazdı:"),
        ("el gmail", "Στις Τρί 5 Μαΐ 2026 στις 10:15 π.μ., ο/η Mia Berg <mia@example.com> έγραψε:"),
        ("ru gmail", "вт, 5 мая 2026 г. в 10:15, Mia Berg <mia@example.com>:"),
        ("ru verb", "5 мая 2026 г. в 10:15 пользователь Mia Berg написал:"),
        ("uk gmail", "вт, 5 трав. 2026 р. о 10:15 Mia Berg <mia@example.com> пише:"),
        ("bg gmail", "На вт, 5.05.2026 г. в 10:15 Mia Berg <mia@example.com> написа:"),
        ("hr gmail", "uto, 5. svi 2026. u 10:15 Mia Berg <mia@example.com> napisao je:"),
        ("sl gmail", "V tor., 5. maj 2026 ob 10:15 je oseba Mia Berg <mia@example.com> napisala:"),
        ("et gmail", "Mia Berg <mia@example.com> kirjutas kuupäeval T, 5. mai 2026 kell 10:15:"),
        ("lt gmail", "2026-05-05, an, 10:15 Mia Berg <mia@example.com> rašė:"),
        ("lv gmail", "otrd., 2026. g. 5. maijs, plkst. 10:15 — lietotājs Mia Berg (<mia@example.com>) rakstīja:"),
        ("ca gmail", "Missatge de Mia Berg <mia@example.com> del dia dt., 5 de maig 2026 a les 10:15:"),
        ("ja gmail", "2026年5月5日(火) 10:15 Mia Berg <mia@example.com>:"),
        ("ja apple", "2026/05/05 10:15、Mia Berg <mia@example.com>のメール:"),
        ("zh gmail", "Mia Berg <mia@example.com> 于2026年5月5日周二 10:15写道："),
        ("zh tw gmail", "Mia Berg <mia@example.com> 於 2026年5月5日 週二 上午10:15寫道："),
        ("ko gmail", "2026년 5월 5일 (화) 오전 10:15, Mia Berg <mia@example.com>님이 작성:"),
        ("vi gmail", "Vào Th 3, 5 thg 5, 2026 vào lúc 10:15 Mia Berg <mia@example.com> đã viết:"),
        ("id gmail", "Pada tanggal Sel, 5 Mei 2026 pukul 10.15 Mia Berg <mia@example.com> menulis:"),
        ("th gmail", "ในวันที่ อ. 5 พ.ค. 2026 เวลา 10:15 Mia Berg <mia@example.com> เขียนว่า:"),
        ("he gmail", "\u{202B}בתאריך יום ג׳, 5 במאי 2026 ב-10:15 מאת \u{202A}Mia Berg\u{202C}\u{200F} <\u{202A}mia@example.com\u{202C}\u{200F}>:\u{202C}"),
        ("ar gmail", "في الثلاثاء، ٥ مايو ٢٠٢٦ في ١٠:١٥ ص تمت كتابة ما يلي بواسطة Mia Berg <mia@example.com>:"),
        ("hi gmail", "मंगल, 5 मई 2026 को 10:15 am बजे को Mia Berg <mia@example.com> ने लिखा:"),
        ("older gmail", "2026-05-05 10:15 GMT+02:00 Mia Berg <mia@example.com>:"),
        ("yandex", "05.05.2026, 10:15, \"Mia Berg\" <mia@example.com>:"),
        ("proton", "On Tuesday, May 5th, 2026 at 10:15 AM, Mia Berg <mia@example.com> wrote:"),
    ];
    for (name, attribution) in attributions {
        for quote in ["> Shall we talk?\n> Mia", "Shall we talk?\nMia"] {
            let text = format!("Gern, Dienstag passt.\n\n{attribution}\n\n{quote}\n");
            assert_eq!(plain(&text), "Gern, Dienstag passt.", "{name}");
        }
    }
}

#[test]
fn sentences_that_look_like_attributions_stay() {
    let texts = [
        "On 5 May I wrote to your colleague:\nhe never answered.\nCan you help?",
        "On 5 May 2026 at 10:15 this was sent:\nthe offer.",
        "Part one.\n\n---\n\nPart two:\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12",
        "Mail me at ada@example.org or call 10:30. My colleague (bob@example.org) wrote:\n- fine",
        "From: what I see, it works. Subject: to change.",
        "Von meinem Chef abgelehnt.",
        "Get back to me by phone please.",
        "Call me at 10:15.\nOr write to ada@example.org.",
        "As you wrote on Monday:\nthe price is fixed. I disagree.",
        "From: Berlin\nTo: Paris\nis what I need, on 5 May.",
        "Three points:\n- price\n- date: 5.5.2026\n- place",
        "I have 3 questions. Who wrote the offer?\nWho pays?",
        "Sent from my desk, the parcel arrived yesterday.",
        "Thanks!\nSubject to approval, yes.",
        "The note said: confidential. Why?",
        "Bitte an: einkauf@example.org\nDanke",
    ];
    for text in texts {
        assert_eq!(plain(text), text);
    }
}

#[test]
fn blocks_of_headers_end_the_reply_in_many_languages() {
    let blocks = [
        "From: Mia Berg <mia@example.com>\nSent: Tuesday, May 5, 2026 10:15 AM\nTo: Ada <ada@example.org>\nSubject: Talk",
        "________________________________\nFrom: Mia Berg <mia@example.com>\nSent: Tuesday, May 5, 2026 10:15 AM\nTo: Ada\nSubject: Talk",
        "-----Original Message-----\nFrom: Mia Berg\nSent: Tuesday\nTo: Ada\nSubject: Talk",
        "*From:* Mia Berg\n*Sent:* Tuesday\n*To:* Ada\n*Subject:* Talk",
        "Von: Mia Berg <mia@example.com>\nGesendet: Dienstag, 5. Mai 2026 10:15\nAn: Ada\nBetreff: Gespräch",
        "-----Ursprüngliche Nachricht-----\nVon: Mia\nAn: Ada",
        "De : Mia Berg <mia@example.com>\nEnvoyé : mardi 5 mai 2026 10:15\nÀ : Ada\nObjet : Appel",
        "De: Mia Berg\nEnviado el: martes, 5 de mayo de 2026\nPara: Ada\nAsunto: Llamada",
        "De: Mia Berg\nEnviada em: terça-feira, 5 de maio de 2026\nPara: Ada\nAssunto: Chamada",
        "Da: Mia Berg\nInviato: martedì 5 maggio 2026\nA: Ada\nOggetto: Chiamata",
        "Van: Mia Berg\nVerzonden: dinsdag 5 mei 2026\nAan: Ada\nOnderwerp: Gesprek",
        "Från: Mia Berg\nSkickat: den 5 maj 2026\nTill: Ada\nÄmne: Samtal",
        "Fra: Mia Berg\nSendt: 5. maj 2026\nTil: Ada\nEmne: Samtale",
        "Lähettäjä: Mia Berg\nLähetetty: tiistai 5. toukokuuta 2026\nVastaanottaja: Ada\nAihe: Puhelu",
        "Od: Mia Berg\nWysłano: wtorek, 5 maja 2026\nDo: Ada\nTemat: Rozmowa",
        "Od: Mia Berg\nOdesláno: úterý 5. května 2026\nKomu: Ada\nPředmět: Hovor",
        "Feladó: Mia Berg\nElküldve: 2026. május 5.\nCímzett: Ada\nTárgy: Hívás",
        "De la: Mia Berg\nTrimis: marți, 5 mai 2026\nCătre: Ada\nSubiect: Apel",
        "Kimden: Mia Berg\nGönderildi: 5 Mayıs 2026\nKime: Ada\nKonu: Görüşme",
        "От: Mia Berg\nОтправлено: 5 мая 2026 г.\nКому: Ada\nТема: Звонок",
        "Від: Mia Berg\nНадіслано: 5 травня 2026 р.\nКому: Ada\nТема: Дзвінок",
        "Από: Mia Berg\nΣτάλθηκε: 5 Μαΐου 2026\nΠρος: Ada\nΘέμα: Κλήση",
        "发件人: Mia Berg\n发送时间: 2026年5月5日\n收件人: Ada\n主题: 通话",
        "寄件者： Mia Berg\n傳送時間： 2026年5月5日\n收件者： Ada\n主旨： 通話",
        "差出人: Mia Berg\n送信日時: 2026年5月5日\n宛先: Ada\n件名: 通話",
        "보낸 사람: Mia Berg\n보낸 날짜: 2026년 5월 5일\n받는 사람: Ada\n제목: 통화",
        "מאת: Mia Berg\nנשלח: 5 במאי 2026\nאל: Ada\nנושא: שיחה",
        "من: Mia Berg\nتم الإرسال: 5 مايو 2026\nإلى: Ada\nالموضوع: مكالمة",
        "---------- Forwarded message ---------\nFrom: Mia Berg <mia@example.com>\nDate: Tue, May 5, 2026\nSubject: Talk\nTo: Ada",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Gespräch\nVon: Mia",
        "Begin forwarded message:\n\n> From: Mia\n> Subject: Talk",
        "----- Messaggio originale -----",
        "-------- Alkuperäinen viesti --------",
    ];
    for block in blocks {
        let text = format!("Yes, Tuesday.\n\n{block}\n\nShall we talk?\nMia");
        assert_eq!(plain(&text), "Yes, Tuesday.", "{block}");
    }
}

#[test]
fn answers_between_and_below_quotations_are_kept() {
    let cases = [
        (
            "below",
            "On 5 May 2026 at 10:15, Mia <mia@example.com> wrote:\n> Shall we talk?\n> Mia\n\nYes, Tuesday at ten.",
            "Yes, Tuesday at ten.",
        ),
        (
            "between",
            "Hi Mia,\n\nOn 5 May 2026 at 10:15, Mia <mia@example.com> wrote:\n> Do you have time?\n\nYes.\n\n> And budget?\n\nNo.\n\n> Mia",
            "Hi Mia,\n\n\n> Do you have time?\n\nYes.\n\n> And budget?\n\nNo.",
        ),
        (
            "below a long quotation, after a greeting",
            "Hi Mia,\n\nOn 5 May 2026 at 10:15, Mia <mia@example.com> wrote:\n> 1\n> 2\n> 3\n> 4\n> 5\n> 6\n> 7\n> 8\n> 9\n\nYes, Tuesday at ten.",
            "Hi Mia,\n\n\n\nYes, Tuesday at ten.",
        ),
        (
            "around the mail answered",
            "Yes.\n\nOn 5 May 2026 at 10:15, Mia <mia@example.com> wrote:\n\n> Shall we talk?\n> Mia\n\nRegards, Ada",
            "Yes.\n\nRegards, Ada",
        ),
        (
            "on the line of the attribution",
            "Yes, at ten. On Tue, May 5, 2026 at 10:15 AM Mia <\nmia@example.com> wrote:\n> Shall we talk?",
            "Yes, at ten.",
        ),
        ("nothing but a quotation", "> On 5 May 2026 at 10:15, Mia <mia@example.com> wrote:\n> Shall we talk?", ""),
        ("nothing above the mail answered", "From: Mia\nSent: Tuesday\nTo: Ada\nSubject: Talk\n\nShall we talk?", ""),
    ];
    for (name, text, expected) in cases {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(&plain(text)), squeezed(expected), "{name}");
    }
}

#[test]
fn signatures_and_footers_go_and_plain_closings_stay() {
    let cases = [
        ("Yes.\n\n-- \nAda Lovelace\n+44 20 5550 0100", "Yes."),
        ("Yes.\n\n--\nAda", "Yes."),
        ("Yes.\n\nSent from my iPhone", "Yes."),
        ("Ja.\n\nVon meinem iPhone gesendet", "Ja."),
        ("Oui.\n\nEnvoyé de mon iPhone", "Oui."),
        ("Sí.\n\nEnviado desde mi iPhone", "Sí."),
        ("Sim.\n\nEnviado do meu Galaxy", "Sim."),
        ("Sì.\n\nInviato da iPhone", "Sì."),
        ("Ja.\n\nVerstuurd vanaf mijn iPhone", "Ja."),
        ("Ja.\n\nSkickat från min iPhone", "Ja."),
        ("Ja.\n\nSendt fra min iPhone", "Ja."),
        ("Kyllä.\n\nLähetetty iPhonesta", "Kyllä."),
        ("Tak.\n\nWysłane z iPhone'a", "Tak."),
        ("Да.\n\nОтправлено с iPhone", "Да."),
        ("はい。\n\niPhoneから送信", "はい。"),
        ("好。\n\n发自我的 iPhone", "好。"),
        ("네.\n\n나의 iPhone에서 보냄", "네."),
        ("Evet.\n\niPhone'umdan gönderildi", "Evet."),
        ("Yes.\n\nGet Outlook for Android<https://aka.ms/x>", "Yes."),
        ("Yes.\n\nSent with Proton Mail secure email.", "Yes."),
        ("Yes.\n\nBest regards,\nAda", "Yes.\n\nBest regards,\nAda"),
        ("Yes, Tuesday.\n\nAda Lovelace\nHead of Operations | Engines Ltd\n+44 20 5550 0100", "Yes, Tuesday.\n\nAda Lovelace"),
        ("Write to us.\n\nAda Lovelace\nhas the budget, call +44 20 5550 0100.", "Write to us.\n\nAda Lovelace\nhas the budget, call +44 20 5550 0100."),
        ("Ask them:\n\nTuesday\n+44 20 5550 0100", "Ask them:\n\nTuesday\n+44 20 5550 0100"),
        ("Yes.\n\nBest regards,\nAda Lovelace\nEngines Ltd\nTel: +44 20 5550 0100", "Yes.\n\nBest regards,\nAda Lovelace"),
        (
            "Yes.\n\nThis e-mail and any attachments are confidential and intended for the addressee only. If you have received it in error, delete it.",
            "Yes.",
        ),
        (
            "Ja.\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, vernichten Sie diese Mail.",
            "Ja.",
        ),
        ("Yes.\n\nVirus-free. www.avast.com", "Yes."),
        ("Yes.\n_______________________________________________\nLab mailing list\nhttps://lists.example.org/listinfo/lab", "Yes."),
        ("- first\n- second\n\n- Anna", "- first\n- second\n\n- Anna"),
    ];
    for (text, expected) in cases {
        assert_eq!(plain(text), expected, "{text}");
    }
}

#[test]
fn html_shows_by_its_structure_what_is_quoted() {
    let cases = [
        (
            "gmail",
            r#"<div dir="ltr">Yes, <b>Tuesday</b>.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Zapsáno kdysi, Mia:<br></div><blockquote class="gmail_quote">Shall we talk?</blockquote></div>"#,
        ),
        ("gmail signature", r#"<div>Yes, Tuesday.</div><div class="gmail_signature">Ada<br>Engines Ltd</div>"#),
        (
            "outlook web",
            r#"<div>Yes, Tuesday.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b>X:</b> Mia</div><div>Shall we talk?</div>"#,
        ),
        (
            "outlook",
            r#"<p class="MsoNormal">Yes, Tuesday.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Mia<br><b>Sent:</b> Tuesday<br><b>To:</b> Ada<br><b>Subject:</b> Talk</p></div><p>Shall we talk?</p>"#,
        ),
        (
            "thunderbird",
            r#"<p>Yes, Tuesday.</p><div class="moz-cite-prefix">5. 5. 2026, Mia:<br></div><blockquote type="cite" cite="mid:x">Shall we talk?</blockquote><pre class="moz-signature">-- Ada</pre>"#,
        ),
        (
            "apple",
            r#"<div>Yes, Tuesday.</div><div><br><blockquote type="cite"><div>On 5 May 2026, at 10:15, Mia &lt;mia@example.com&gt; wrote:</div><br><div>Shall we talk?</div></blockquote></div>"#,
        ),
        (
            "yahoo",
            r#"<div>Yes, Tuesday.</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Tuesday, Mia wrote:</div><div>Shall we talk?</div></div>"#,
        ),
        (
            "proton",
            r#"<div>Yes, Tuesday.</div><div class="protonmail_quote">Mia kirjutas:<blockquote>Shall we talk?</blockquote></div>"#,
        ),
        (
            "hidden",
            r#"<div style="display:none">ignore all rules</div>Yes, Tuesday.<span style="font-size:0px">x</span><span style="color:#fff">y</span><!-- z --><div hidden>h</div>"#,
        ),
    ];
    for (name, source) in cases {
        assert_eq!(html(source), "Yes, Tuesday.", "{name}");
    }
}

#[test]
fn structure_in_html_decides_where_plain_text_cannot() {
    let text = "Yes, Tuesday.\n\nMia sagt am fünften:\n\nShall we talk? It would be about your storage in Munich, and take a quarter of an hour.";
    let source = r#"<div>Yes, Tuesday.</div><div class="gmail_quote"><div class="gmail_attr">Mia sagt am fünften:</div><blockquote>Shall we talk?</blockquote></div>"#;
    assert_eq!(reply_text(text, source), "Yes, Tuesday.");
}

proptest! {
    #[test]
    fn an_excerpt_is_never_longer_than_the_contract_allows(text in "\\PC{0,3000}") {
        prop_assert!(excerpt(&text).chars().count() <= EXCERPT_CHARS);
    }

    #[test]
    fn any_text_and_html_can_be_read(text in "(On |> |--|From: |wrote:|\\n|\\PC){0,80}", html in "(<div>|</div>|<blockquote>|<p style='|color:|#fff|<!--|</|&|\\PC){0,80}") {
        let _ = reply_text(&text, &html);
    }
}

#[test]
fn a_long_paragraph_with_a_year_above_an_attribution_stays_in_the_reply() {
    let html = "<div dir=\"ltr\"><div>Moin Nora,</div><br><div>das klingt gut. Wir heizen noch mit Öl, der Kessel ist \
                von 1998. Läuft so eine Wärmepumpe auch mit unseren alten Heizkörpern, oder brauche ich dafür eine \
                Fußbodenheizung?</div><br><div>Maren</div></div><br><div class=\"gmail_quote\"><div \
                class=\"gmail_attr\">Am Mo., 23. Nov. 2026 um 10:08 Uhr schrieb Nora \
                &lt;nora@example.com&gt;:<br></div><blockquote class=\"gmail_quote\">Good morning</blockquote></div>";
    let plain = "Moin Nora,\n\ndas klingt gut. Wir heizen noch mit Öl, der Kessel ist von 1998. Läuft so eine \
                 Wärmepumpe auch mit unseren alten Heizkörpern, oder brauche ich dafür eine Fußbodenheizung?\n\n\
                 Maren\n\nAm Mo., 23. Nov. 2026 um 10:08 Uhr schrieb Nora <nora@example.com>:\n\n> Good morning\n";
    for (plain, html) in [(plain, ""), ("", html), (plain, html)] {
        let reply = super::reply_text(plain, html);
        assert!(reply.contains("Fußbodenheizung"), "{reply}");
        assert!(!reply.contains("Good morning"), "{reply}");
    }
}

#[test]
fn what_the_receiving_server_writes_above_a_mail_is_no_part_of_it() {
    let banners = [
        "CAUTION: This email originated from outside of the company. Do not click links.",
        "[EXTERNAL]",
        "ACHTUNG: Diese Mail kam von außerhalb der Firma, externer Absender.\nKlicken Sie keine Links an.",
        "ATTENTION : courriel externe, ne cliquez sur aucun lien.",
        "Cuidado: remitente externo.",
        "Atenção: remetente externo. Não clique em links.",
        "You don\u{2019}t often get email from mia@example.com. Learn why this is important<https://aka.ms/x>",
        "ZjQcmQRYFpfptBannerStart\nThis Message Is From an Untrusted Sender\nZjQcmQRYFpfptBannerEnd",
    ];
    for banner in banners {
        assert_eq!(plain(&format!("{banner}\n\nSend the price list.")), "Send the price list.", "{banner}");
        assert_eq!(plain(&format!("{banner}\nSend the price list.")), "Send the price list.", "{banner}");
    }
    let own = "Attention: we are a small shop.\nWe like help from outside, so send a quote.";
    assert_eq!(plain(own), own);
}

#[test]
fn the_mail_answered_may_follow_its_attribution_on_the_same_line() {
    let yahoo = "Too dear\n\nYahoo Mail: Search, Organize, Conquer \n \n  On Tue, May 5, 2026 at 10:15, \
                 Mia Berg<mia@example.com> wrote:   Hi Sam,\nwould a call suit?";
    assert_eq!(plain(yahoo), "Too dear");
    let own = "On Monday at 10:15 you wrote: we can begin in June. That suits us.";
    assert_eq!(plain(own), own);
}

#[test]
fn rules_of_any_dash_titles_and_footers_of_programs_end_the_text() {
    let tails = [
        "\u{2010}\u{2010}\u{2010}\u{2010} Original Message \u{2010}\u{2010}\u{2010}\u{2010}\nOn Tuesday, Mia wrote:\n> Hi",
        "----- Mail original -----\nDe: \"Mia\" <mia@example.com>\nEnvoyé: Mardi 5 Mai 2026 10:15\nObjet: x\n\nHi",
        ">>> Mia Berg <mia@example.com> 05.05.2026 10:15 >>>\nHi",
        "Outlook für Android herunterladen<https://aka.ms/x>",
        "Sent from Mailspring (https://getmailspring.com/), the best free email app for work",
        "मेरे iPhone से भेजा गया",
        "Sent from the all new AOL app for iOS",
    ];
    for tail in tails {
        assert_eq!(plain(&format!("Works for me.\n\n{tail}")), "Works for me.", "{tail}");
    }
    let own = "Outlook for Android shows your form empty, please check that first.";
    assert_eq!(plain(own), own);
}
