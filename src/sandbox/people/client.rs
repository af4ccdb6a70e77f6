//! How mail programs quote: the part of an answer that its writer did not write.

use jiff::Zoned;

use super::language::Language;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailProgram {
    Gmail,
    Outlook,
    /// On a phone, with the line that it adds by itself.
    Apple,
}

/// The mail that is answered, as far as a quote shows it.
pub(super) struct Quoted {
    pub from_name: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    /// In the answering person's zone.
    pub at: Zoned,
    pub text: String,
}

use Language::{English, French, German, Spanish};
use MailProgram::{Apple, Gmail, Outlook};

impl MailProgram {
    pub fn reply_prefix(self, language: Language) -> &'static str {
        match (self, language) {
            (Outlook, German) => "AW: ",
            (Outlook, _) => "RE: ",
            _ => "Re: ",
        }
    }

    /// The plain text part: what was written, what the program adds, and the quote.
    pub fn plain(self, language: Language, written: &str, quoted: &Quoted) -> String {
        let cited: String = quoted.text.trim_end().lines().map(|line| format!("> {line}\n")).collect();
        match self {
            Gmail => format!("{written}\n\n{}\n\n{cited}", gmail_attribution(language, quoted)),
            Apple => {
                let (phone, attribution) = (phone_line(language), phone_attribution(language, quoted));
                format!("{written}\n\n{phone}\n\n> {attribution}\n> \n{cited}")
            }
            Outlook => {
                let rule = "_".repeat(32);
                let head: String =
                    outlook_head(language, quoted).iter().map(|(name, value)| format!("{name}{value}\n")).collect();
                format!("{written}\n{rule}\n{head}\n{}\n", quoted.text.trim_end())
            }
        }
    }

    /// The HTML part, in the shape by which readers of mail know each program.
    pub fn html(self, language: Language, written: &str, quoted: &Quoted) -> String {
        let (written, cited) = (paragraphs(written), paragraphs(quoted.text.trim_end()));
        let attribution = escaped(&match self {
            Apple => phone_attribution(language, quoted),
            Gmail | Outlook => gmail_attribution(language, quoted),
        });
        match self {
            Gmail => format!(
                "<div dir=\"ltr\">{written}</div><br><div class=\"gmail_quote gmail_quote_container\">\
                 <div dir=\"ltr\" class=\"gmail_attr\">{attribution}<br></div>\
                 <blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;border-left:1px solid #ccc;\
                 padding-left:1ex\">{cited}</blockquote></div>"
            ),
            Apple => format!(
                "<html><body dir=\"auto\">{written}<br id=\"lineBreakAtBeginningOfSignature\">\
                 <div dir=\"ltr\">{}</div><div dir=\"ltr\"><br><blockquote type=\"cite\">{attribution}<br><br>\
                 </blockquote></div><blockquote type=\"cite\"><div dir=\"ltr\">{cited}</div></blockquote></body></html>",
                phone_line(language)
            ),
            Outlook => {
                let head: String = outlook_head(language, quoted)
                    .iter()
                    .map(|(name, value)| format!("<b>{name}</b>{}<br>", escaped(value)))
                    .collect();
                format!(
                    "<html><body dir=\"ltr\"><div class=\"elementToProof\">{written}</div>\
                     <div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\">\
                     <div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri, sans-serif\">{head}</font></div>\
                     <div>{cited}</div></body></html>"
                )
            }
        }
    }
}

/// The line above a quote, as Gmail writes it.
fn gmail_attribution(language: Language, quoted: &Quoted) -> String {
    let Quoted { from_name: name, from, at, .. } = quoted;
    let (weekday, month) = (language.short_weekday(at.weekday()), language.short_month(at.month()));
    let (day, year, time) = (at.day(), at.year(), at.strftime("%H:%M"));
    match language {
        English => format!("On {weekday}, {day} {month} {year} at {time}, {name} <{from}> wrote:"),
        German => format!("Am {weekday}, {day}. {month} {year} um {time} Uhr schrieb {name} <{from}>:"),
        Spanish => format!("El {weekday}, {day} {month} {year} a las {time}, {name} (<{from}>) escribió:"),
        French => format!("Le {weekday} {day} {month} {year} à {time}, {name} <{from}> a écrit :"),
    }
}

/// The same line from a phone.
fn phone_attribution(language: Language, quoted: &Quoted) -> String {
    let Quoted { from_name: name, from, at, .. } = quoted;
    let (day, month, year, time) = (at.day(), language.short_month(at.month()), at.year(), at.strftime("%H:%M"));
    match language {
        English => format!("On {day} {month} {year}, at {time}, {name} <{from}> wrote:"),
        German => format!("Am {} um {time} schrieb {name} <{from}>:", at.strftime("%d.%m.%Y")),
        Spanish => format!("El {day} {month} {year}, a las {time}, {name} <{from}> escribió:"),
        French => format!("Le {day} {month} {year} à {time}, {name} <{from}> a écrit :"),
    }
}

fn phone_line(language: Language) -> &'static str {
    match language {
        English => "Sent from my iPhone",
        German => "Von meinem iPhone gesendet",
        Spanish => "Enviado desde mi iPhone",
        French => "Envoyé de mon iPhone",
    }
}

/// Outlook's block of header lines.
fn outlook_head(language: Language, quoted: &Quoted) -> [(&'static str, String); 4] {
    let names = match language {
        English => ["From: ", "Sent: ", "To: ", "Subject: "],
        German => ["Von: ", "Gesendet: ", "An: ", "Betreff: "],
        Spanish => ["De: ", "Enviado: ", "Para: ", "Asunto: "],
        French => ["De : ", "Envoyé : ", "À : ", "Objet : "],
    };
    let sent = format!("{} {} {}", language.date(quoted.at.date()), quoted.at.year(), quoted.at.strftime("%H:%M"));
    let values = [format!("{} <{}>", quoted.from_name, quoted.from), sent, quoted.to.clone(), quoted.subject.clone()];
    let [n1, n2, n3, n4] = names;
    let [v1, v2, v3, v4] = values;
    [(n1, v1), (n2, v2), (n3, v3), (n4, v4)]
}

fn paragraphs(text: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { "<br>".into() } else { format!("<div>{}</div>", escaped(line)) })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
