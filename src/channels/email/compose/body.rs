//! The parts of a mail: plain text, the same as HTML, and an invitation where there is one.

use lettre::message::{Message, MessageBuilder, MultiPart, SinglePart};

use super::{CalendarPart, ComposeError, Footer, Outgoing};
use crate::mailer;

/// Finishes the builder with the mail's parts.
pub fn attach(builder: MessageBuilder, mail: &Outgoing) -> Result<Message, ComposeError> {
    let text = with_footer(&mail.text, mail.footer.as_ref());
    let html = match &mail.html {
        Some(html) => html.clone(),
        None => document(&mail.text, mail.footer.as_ref()),
    };
    let alternatives = MultiPart::alternative().singlepart(SinglePart::plain(text)).singlepart(SinglePart::html(html));
    let built = match &mail.calendar {
        None => builder.multipart(alternatives),
        Some(calendar) => builder.multipart(with_calendar(alternatives, calendar)?),
    };
    built.map_err(|error| ComposeError::Build(error.to_string()))
}

fn with_calendar(alternatives: MultiPart, calendar: &CalendarPart) -> Result<MultiPart, ComposeError> {
    let is_word = !calendar.method.is_empty() && calendar.method.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_word {
        return Err(ComposeError::ControlCharacter("the calendar method"));
    }
    mailer::with_calendar(alternatives, &calendar.method, &calendar.ics).map_err(ComposeError::Build)
}

/// The footer stands below the customary signature line, so that readers' programs drop it from quotes.
fn with_footer(text: &str, footer: Option<&Footer>) -> String {
    let text = text.trim_end();
    let Some(footer) = footer else { return format!("{text}\n") };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(footer.line.clone());
    lines.extend(footer.postal_address.clone());
    lines.extend(footer.unsubscribe_url.as_ref().map(|url| format!("{}: {url}", label(footer))));
    if lines.is_empty() {
        return format!("{text}\n");
    }
    format!("{text}\n\n-- \n{}\n", lines.join("\n"))
}

fn label(footer: &Footer) -> &str {
    if footer.unsubscribe_label.is_empty() {
        "Unsubscribe"
    } else {
        &footer.unsubscribe_label
    }
}

/// Plain paragraphs, as if typed: no images, no styles, no tracking.
fn document(text: &str, footer: Option<&Footer>) -> String {
    let mut html = String::from("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n");
    html.push_str(&paragraphs(text));
    if let Some(footer) = footer {
        html.push_str(&footer_html(footer));
    }
    html.push_str("</body></html>\n");
    html
}

fn footer_html(footer: &Footer) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(footer.line.as_deref().map(linked));
    lines.extend(footer.postal_address.as_deref().map(|address| escaped(address).replace('\n', "<br>\n")));
    lines.extend(
        footer
            .unsubscribe_url
            .as_ref()
            .map(|url| format!("<a href=\"{}\">{}</a>", escaped(url), escaped(label(footer)))),
    );
    if lines.is_empty() {
        return String::new();
    }
    format!("<p><small>{}</small></p>\n", lines.join("<br>\n"))
}

/// Text as paragraphs, single line ends as breaks.
fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.trim()
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(|paragraph| {
            let lines: Vec<&str> = paragraph.trim_matches('\n').lines().collect();
            format!("<p>{}</p>\n", with_items(&lines).join("<br>\n"))
        })
        .collect()
}

/// The lines of a paragraph. Where nothing but an address stands indented below an item of a list, the item is the link.
fn with_items(lines: &[&str]) -> Vec<String> {
    let mut html = Vec::new();
    let mut rest = lines;
    while let [line, behind @ ..] = rest {
        let item = line.strip_prefix("- ").zip(behind.first().and_then(|next| address_below(next)));
        rest = behind;
        html.push(match item {
            Some((words, address)) => {
                rest = behind.get(1..).unwrap_or_default();
                format!("- <a href=\"{}\">{}</a>", escaped(address), escaped(words))
            }
            None => linked(line),
        });
    }
    html
}

fn address_below(line: &str) -> Option<&str> {
    let address = line.strip_prefix("  ")?.trim_end();
    let is_whole = next_link(address) == Some(0) && !address.contains(char::is_whitespace);
    is_whole.then_some(address)
}

/// Escapes a line and makes its web addresses clickable.
fn linked(line: &str) -> String {
    let mut html = String::new();
    let mut rest = line;
    while let Some(start) = next_link(rest) {
        html.push_str(&escaped(&rest[..start]));
        let tail = &rest[start..];
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(tail.len());
        let url = tail[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', ']']);
        html.push_str(&format!("<a href=\"{0}\">{0}</a>", escaped(url)));
        rest = &tail[url.len()..];
    }
    html.push_str(&escaped(rest));
    html
}

fn next_link(text: &str) -> Option<usize> {
    ["https://", "http://"]
        .iter()
        .filter_map(|scheme| {
            text.match_indices(scheme)
                .map(|(at, _)| at)
                .find(|at| text[at + scheme.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '['))
        })
        .min()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
