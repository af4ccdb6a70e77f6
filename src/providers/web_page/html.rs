//! The parts of a page that say who somebody is, taken out of its HTML. Works on html5ever's tokens: the time is linear
//! in the input whatever the nesting, and nothing is run. Only the attributes of one tag cost their square, so a document
//! ends at the first tag that is too long.

use std::cell::RefCell;

use encoding_rs::{Encoding, UTF_8};
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// Of each kind of part, at most so many are kept.
const MOST: usize = 200;
/// Bytes of structured data that are kept together.
const MOST_DATA_BYTES: usize = 256 * 1024;
/// Bytes in which a page says its encoding (HTML Living Standard, section 4.2.5.4).
const HEAD_BYTES: usize = 1024;

/// A longer tag ends the document: html5ever compares each attribute of a tag with all before it.
const LONGEST_TAG_BYTES: usize = 64 * 1024;
/// Given to the tokenizer at once.
const CHUNK_BYTES: usize = 4 * 1024;

/// What a page holds, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub title: String,
    /// `name` or `property` in lower case, with `content`.
    pub metas: Vec<(String, String)>,
    /// `href` of links.
    pub links: Vec<String>,
    /// Content of `script type="application/ld+json"`.
    pub data: Vec<String>,
    /// Text of `address` elements.
    pub addresses: Vec<String>,
    /// What a reader sees, without any structure.
    pub text: String,
}

pub(super) fn parts(html: &str) -> Parts {
    let input = BufferQueue::default();
    let tokenizer = Tokenizer::new(Walk(RefCell::new(Reader::default())), TokenizerOpts::default());
    let (mut rest, mut silent) = (html, 0);
    // Of a tag (or a comment) nothing is heard before its end; of text at once.
    while !rest.is_empty() && silent <= LONGEST_TAG_BYTES {
        let (chunk, behind) = rest.split_at(chunk_end(rest));
        rest = behind;
        input.push_back(StrTendril::from_slice(chunk));
        let _ = tokenizer.feed(&input);
        let was_heard = std::mem::take(&mut tokenizer.sink.0.borrow_mut().was_heard);
        silent = if was_heard { 0 } else { silent + chunk.len() };
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().parts
}

/// Where the next chunk ends, between two characters.
fn chunk_end(text: &str) -> usize {
    (CHUNK_BYTES..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// The bytes as text: by the header, else by what the page says of itself, else as they look.
pub(super) fn decode(bytes: &[u8], content_type: &str) -> String {
    let named = charset_in(content_type).or_else(|| {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        charset_in(&String::from_utf8_lossy(head).to_ascii_lowercase())
    });
    let encoding = named.unwrap_or_else(|| {
        let mut finder = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
        finder.feed(bytes, true);
        if std::str::from_utf8(bytes).is_ok() {
            UTF_8
        } else {
            finder.guess(None, chardetng::Utf8Detection::Allow)
        }
    });
    encoding.decode(bytes).0.into_owned()
}

/// The encoding behind `charset=`, in lower case.
fn charset_in(text: &str) -> Option<&'static Encoding> {
    let (_, rest) = text.split_once("charset=")?;
    let name: String = rest
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c))
        .collect();
    Encoding::for_label(name.as_bytes())
}

struct Walk(RefCell<Reader>);

/// Where characters go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    Title,
    Data,
    /// Script, style: nobody reads it.
    Nowhere,
}

#[derive(Default)]
struct Reader {
    parts: Parts,
    place: Place,
    /// A tag, text or comment came to its end since this was looked at.
    was_heard: bool,
    data_bytes: usize,
    /// Open `address` elements.
    address_depth: usize,
    address: String,
}

impl TokenSink for Walk {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reader = self.0.borrow_mut();
        reader.was_heard |= !matches!(token, Token::ParseError(_));
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => reader.open(&tag),
            Token::TagToken(tag) => {
                reader.close(&tag.name);
                TokenSinkResult::Continue
            }
            Token::CharacterTokens(text) => {
                reader.characters(&text);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Reader {
    fn open(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let value =
            |name: &str| tag.attrs.iter().find(|own| &*own.name.local == name).map(|own| own.value.trim().to_owned());
        match &*tag.name {
            "meta" if self.parts.metas.len() < MOST => {
                let name = value("property").or_else(|| value("name")).map(|name| name.to_ascii_lowercase());
                self.parts.metas.extend(name.zip(value("content")));
            }
            "a" | "area" if self.parts.links.len() < MOST => self.parts.links.extend(value("href")),
            "address" => self.address_depth += 1,
            "title" => {
                // An icon inside the page has a title too.
                self.place = if self.parts.title.is_empty() { Place::Title } else { Place::Nowhere };
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "textarea" => {
                self.place = Place::Nowhere;
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "script" => {
                let is_data = value("type").is_some_and(|kind| kind.eq_ignore_ascii_case("application/ld+json"));
                self.place = if is_data { Place::Data } else { Place::Nowhere };
                if is_data && self.parts.data.len() < MOST {
                    self.parts.data.push(String::new());
                }
                return TokenSinkResult::RawData(RawKind::ScriptData);
            }
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                self.place = Place::Nowhere;
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            _ => {}
        }
        self.space();
        TokenSinkResult::Continue
    }

    fn close(&mut self, name: &str) {
        if name == "address" && self.address_depth > 0 {
            self.address_depth -= 1;
            if self.address_depth == 0 && self.parts.addresses.len() < MOST {
                self.parts.addresses.push(std::mem::take(&mut self.address));
            }
        }
        self.place = Place::Text;
        self.space();
    }

    /// Words of two elements do not run together.
    fn space(&mut self) {
        self.parts.text.push(' ');
        if self.address_depth > 0 {
            self.address.push(' ');
        }
    }

    fn characters(&mut self, text: &str) {
        match self.place {
            Place::Title => self.parts.title.push_str(text),
            Place::Data => {
                self.data_bytes += text.len();
                if self.data_bytes <= MOST_DATA_BYTES {
                    if let Some(last) = self.parts.data.last_mut() {
                        last.push_str(text);
                    }
                }
            }
            Place::Nowhere => {}
            Place::Text => {
                self.parts.text.push_str(text);
                if self.address_depth > 0 {
                    self.address.push_str(text);
                }
            }
        }
    }
}
