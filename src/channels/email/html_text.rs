//! HTML to text, without what a reader would not see.
//!
//! Works on html5ever's tokens with a stack of its own instead of a tree: the time is linear in the
//! input whatever the nesting, and nothing recurses. Quotation structure survives as `> ` and marks.

mod boxes;
mod style;

use std::cell::RefCell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::invisible::{strip_invisible, MARK_ATTRIBUTION, MARK_FIRST, MARK_LAST, MARK_QUOTE_BELOW};
use boxes::{is_attribution, is_quoting_box, is_signature, marks_quote_below};
use style::{Paint, StyleSheet};

/// Bytes of HTML that are read.
const MAX_HTML_BYTES: usize = 512 * 1024;
/// Open elements that are followed; deeper ones are read as if they were not there.
const MAX_DEPTH: usize = 100;
/// Elements looked through for one that a new one closes unsaid.
const MAX_IMPLIED: usize = 20;
const MAX_QUOTE_DEPTH: usize = 8;

/// The text a reader sees, lines as blocks make them, quotations as `> ` lines.
pub fn visible_text(html: &str) -> String {
    marked_text(html).chars().filter(|c| !(MARK_FIRST..=MARK_LAST).contains(c)).collect()
}

/// The same with the marks of `invisible`, for the quote stripper.
pub fn marked_text(html: &str) -> String {
    let mut end = html.len().min(MAX_HTML_BYTES);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&html[..end]));
    let tokenizer = Tokenizer::new(Walk(RefCell::new(Writer::default())), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Walk(RefCell<Writer>);

impl TokenSink for Walk {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => writer.open(&tag),
            Token::TagToken(tag) => {
                writer.close(&tag.name);
                TokenSinkResult::Continue
            }
            Token::CharacterTokens(text) => {
                writer.characters(&text);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

/// An open element and what it means for the text inside.
struct Open {
    name: String,
    paint: Paint,
    is_hidden: bool,
    /// Quotations around and including this element.
    quote_depth: usize,
    is_preformatted: bool,
    is_attribution: bool,
}

#[derive(Default)]
struct Writer {
    open: Vec<Open>,
    /// Elements beyond `MAX_DEPTH` that were not followed.
    unfollowed: usize,
    sheet: StyleSheet,
    is_style: bool,
    lines: Vec<String>,
    line: String,
    /// A space is due before the next word.
    is_space_due: bool,
    /// Text lies in an element marked as attribution; its lines are joined.
    attribution: Option<String>,
}

impl Writer {
    fn open(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        self.close_implied(name);
        match name {
            "br" => self.end_line(),
            "hr" => self.rule(tag),
            "img" | "input" | "meta" | "link" | "wbr" | "col" | "base" | "area" | "embed" | "source" | "track" => {}
            _ => self.open_element(name, tag),
        }
        match name {
            "style" => {
                self.is_style = true;
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "script" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    fn open_element(&mut self, name: &str, tag: &Tag) {
        if self.open.len() >= MAX_DEPTH {
            self.unfollowed += 1;
            return;
        }
        let parent = self.open.last();
        let (paint, is_hidden) = parent.map_or((Paint::default(), false), |open| (open.paint, open.is_hidden));
        let quote_depth = parent.map_or(0, |open| open.quote_depth);
        let is_preformatted = parent.is_some_and(|open| open.is_preformatted);
        let attribute = |wanted: &str| {
            tag.attrs.iter().find(|attribute| &*attribute.name.local == wanted).map(|attribute| &*attribute.value)
        };
        let class = attribute("class").unwrap_or_default().to_ascii_lowercase();
        let id = attribute("id").unwrap_or_default().to_ascii_lowercase();
        let mut style = self.sheet.for_element(name, &class, &id);
        if let Some(inline) = attribute("style") {
            style.push_str(inline);
        }
        let (paint, hides) = paint.within(&style, attribute("color"), attribute("bgcolor"));
        let is_hidden = is_hidden
            || hides
            || attribute("hidden").is_some()
            || attribute("aria-hidden") == Some("true") && name != "svg"
            || is_never_shown(name)
            || is_signature(&class, &id);
        let is_attribution = is_attribution(&class);
        if is_block(name) {
            self.end_line();
        }
        if name == "p" {
            self.blank_line();
        }
        if name == "li" && !is_hidden {
            self.line.push_str("- ");
        }
        if marks_quote_below(&class, &id) && !is_hidden {
            self.quote_below();
        }
        if is_attribution && self.attribution.is_none() {
            self.end_line();
            self.attribution = Some(String::new());
        }
        self.open.push(Open {
            name: name.to_owned(),
            paint,
            is_hidden,
            quote_depth: quote_depth + usize::from(name == "blockquote" || is_quoting_box(&class, &id)),
            is_preformatted: is_preformatted || name == "pre",
            is_attribution,
        });
    }

    /// A rule separates; Outlook's own begins the mail answered.
    fn rule(&mut self, tag: &Tag) {
        self.end_line();
        let marks = tag.attrs.iter().any(|attribute| match &*attribute.name.local {
            "id" => matches!(attribute.value.to_ascii_lowercase().as_str(), "stopspelling" | "zwchr"),
            "style" => attribute.value.replace(' ', "").contains("display:inline-block;width:98%"),
            "data-marker" => &*attribute.value == "__DIVIDER__",
            _ => false,
        });
        if marks && !self.is_hidden() {
            self.quote_below();
        } else if !self.is_hidden() {
            self.line.push_str("________________________________");
            self.end_line();
        }
    }

    fn quote_below(&mut self) {
        self.end_line();
        self.push_line(MARK_QUOTE_BELOW.to_string());
    }

    /// A block's start closes an open paragraph, an item the one before it (HTML 13.2.6.4.7).
    fn close_implied(&mut self, name: &str) {
        let closes: &[&str] = match name {
            "li" => &["li"],
            "td" | "th" => &["td", "th"],
            "tr" => &["td", "th", "tr"],
            "option" => &["option"],
            _ if is_block(name) => &["p"],
            _ => return,
        };
        let is_scope = |open: &str| matches!(open, "table" | "ul" | "ol" | "blockquote" | "select" | "button" | "body");
        let within = self.open.iter().rev().take(MAX_IMPLIED).take_while(|open| !is_scope(&open.name)).count();
        let floor = self.open.len() - within;
        if let Some(at) = self.open[floor..].iter().position(|open| closes.contains(&open.name.as_str())) {
            self.close_down_to(floor + at);
        }
    }

    fn close(&mut self, name: &str) {
        if name == "style" {
            self.is_style = false;
        }
        if self.unfollowed > 0 {
            self.unfollowed -= 1;
            return;
        }
        for at in (0..self.open.len()).rev() {
            if self.open[at].name == name {
                return self.close_down_to(at);
            }
            // An end tag does not reach through a block unless it is a block's own.
            if is_block(&self.open[at].name) && !is_block(name) {
                return;
            }
        }
    }

    fn close_down_to(&mut self, at: usize) {
        if self.open[at..].iter().any(|open| is_block(&open.name)) {
            self.end_line();
        }
        let closed: Vec<Open> = self.open.drain(at..).collect();
        for open in closed.iter().rev() {
            if open.is_attribution {
                self.end_attribution();
            }
            if open.name == "p" {
                self.blank_line();
            }
            if matches!(open.name.as_str(), "td" | "th") {
                self.is_space_due = true;
            }
        }
    }

    fn end_attribution(&mut self) {
        if let Some(text) = self.attribution.take() {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if !text.is_empty() {
                self.push_line(format!("{MARK_ATTRIBUTION}{text}"));
            }
        }
    }

    fn characters(&mut self, text: &str) {
        if self.is_style {
            self.sheet.read(text);
            return;
        }
        if self.is_hidden() {
            return;
        }
        let text = strip_invisible(text);
        if let Some(attribution) = &mut self.attribution {
            attribution.push(' ');
            attribution.push_str(&text);
            return;
        }
        if self.open.last().is_some_and(|open| open.is_preformatted) {
            let mut lines = text.split('\n');
            self.line.push_str(lines.next().unwrap_or_default());
            for line in lines {
                self.end_line();
                self.line.push_str(line);
            }
            return;
        }
        self.words(&text);
    }

    fn words(&mut self, text: &str) {
        self.is_space_due |= text.starts_with(|c: char| c.is_ascii_whitespace());
        for word in text.split_ascii_whitespace() {
            if self.is_space_due && !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
            self.line.push_str(word);
            self.is_space_due = true;
        }
        self.is_space_due &= text.ends_with(|c: char| c.is_ascii_whitespace());
    }

    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_hidden || open.paint.is_unreadable())
    }

    fn end_line(&mut self) {
        self.is_space_due = false;
        if let Some(attribution) = &mut self.attribution {
            attribution.push(' ');
            return;
        }
        if !self.line.trim().is_empty() {
            let line = std::mem::take(&mut self.line);
            let prefix = "> ".repeat(self.quote_depth().min(MAX_QUOTE_DEPTH));
            self.push_line(format!("{prefix}{}", line.trim_end()));
        }
        self.line.clear();
    }

    fn blank_line(&mut self) {
        self.end_line();
        if self.attribution.is_none() && self.lines.last().is_some_and(|last| !last.is_empty()) {
            self.push_line(String::new());
        }
    }

    fn push_line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn quote_depth(&self) -> usize {
        self.open.last().map_or(0, |open| open.quote_depth)
    }

    fn finish(mut self) -> String {
        self.end_attribution();
        self.end_line();
        self.lines.join("\n")
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "center"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "html"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

fn is_never_shown(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "head"
            | "title"
            | "template"
            | "noscript"
            | "iframe"
            | "object"
            | "svg"
            | "math"
            | "audio"
            | "video"
            | "canvas"
            | "select"
            | "noembed"
            | "noframes"
            | "textarea"
            | "datalist"
            | "xml"
    )
}

#[cfg(test)]
mod tests;
