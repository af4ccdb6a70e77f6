//! A transactional message as a page of its own: a heading, a few sentences, facts in rows, one button. No images, no
//! tracking, nothing from elsewhere; it reads the same with styles off, and dark where the reader's program is dark.

use askama::Template;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// What stands on it, in the reader's language. Texts are plain: they are escaped when it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// BCP 47.
    pub language: String,
    pub title: String,
    /// Who writes: the business.
    pub from: String,
    pub heading: String,
    /// Paragraphs are divided by an empty line.
    pub text: String,
    pub rows: Vec<Row>,
    pub button: Option<Act>,
    /// "Something came up?", before `acts`.
    pub before_acts: String,
    pub acts: Vec<Act>,
    /// Below all of it.
    pub closing: String,
    /// Why it came.
    pub reason: String,
}

/// One fact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    pub label: String,
    pub value: String,
    /// In small below the value.
    pub note: String,
    /// Where the value leads; `None`: nowhere.
    pub link: Option<String>,
}

/// A link with its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub words: String,
    pub href: String,
}

/// The sheet as a document.
#[derive(Template)]
#[template(path = "email/sheet.html")]
struct Document<'a> {
    sheet: &'a Sheet,
    /// The sender's postal one, or empty.
    address: &'a str,
}

impl Sheet {
    /// The HTML part; `address` is the sender's postal one, or empty.
    pub fn html(&self, address: &str) -> Result<String, StoreError> {
        let drawn = Document { sheet: self, address }.render();
        drawn.map_err(|error| StoreError::Engine(format!("a mail could not be written: {error}")))
    }

    pub fn paragraphs(&self) -> Vec<Vec<&str>> {
        let paragraphs = self.text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
        paragraphs.map(|paragraph| paragraph.lines().collect()).collect()
    }

    pub fn closing_lines(&self) -> Vec<&str> {
        self.closing.lines().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_typed_stays_text() {
        let sheet = Sheet {
            heading: "<script>alert(1)</script>".into(),
            text: "One\ntwo\n\nthree <b>".into(),
            rows: vec![Row { label: "Where".into(), value: "\"><img src=x>".into(), ..Row::default() }],
            button: Some(Act { words: "Open".into(), href: "https://meet.example/?a=\"b\"".into() }),
            ..Sheet::default()
        };
        let html = sheet.html("4 Quarry Yard <x>").unwrap();
        for forged in ["<script>alert", "<img src=x", "three <b>", "?a=\"b", "Yard <x>"] {
            assert!(!html.contains(forged), "{forged}");
        }
        assert!(html.contains("One<br>two") && html.contains("4 Quarry Yard"), "{html}");
        assert!(!html.contains("http://") && !html.contains("<img"), "nothing is fetched");
    }
}
