//! Reading the training and held-out rows.

use super::label::Class;

/// One row: `text` is a reply, `group` ties rows that are near-duplicates, so that they stay on
/// the same side of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub(super) class: Class,
    pub lang: String,
    pub group: String,
    pub text: String,
}

/// A corpus line that cannot be read, counted from 1 with the heading line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("corpus line {line}: {problem}")]
pub struct CorpusError {
    pub line: usize,
    pub problem: &'static str,
}

/// The heading line of every corpus file.
pub const HEADING: &str = "label\tlang\tgroup\ttext";

/// Reads rows of `label TAB lang TAB group TAB text`; `\n` in a text stands for a line end. The
/// kinds of `other` are written `other:ack`. Several files may be joined: headings are skipped, and so are lines of
/// comment (`# …`).
pub fn parse_rows(tsv: &str) -> Result<Vec<Row>, CorpusError> {
    let is_row = |line: &str| !line.is_empty() && line != HEADING && !line.starts_with("# ");
    let lines = tsv.lines().enumerate().filter(|(_, line)| is_row(line));
    lines.map(|(at, line)| parse_row(line).map_err(|problem| CorpusError { line: at + 1, problem })).collect()
}

fn parse_row(line: &str) -> Result<Row, &'static str> {
    let mut fields = line.split('\t');
    let mut next = || fields.next().filter(|field| !field.trim().is_empty());
    let class = next().and_then(Class::parse).ok_or("the label is not one of the nine, or its kind is unknown")?;
    let lang = next().ok_or("the language is missing")?.to_owned();
    let group = next().ok_or("the group is missing")?.to_owned();
    let text = next().ok_or("the text is missing")?.replace("\\n", "\n");
    if fields.next().is_some() {
        return Err("a text may hold no tab");
    }
    Ok(Row { class, lang, group, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_names_its_line() {
        let good = format!("{HEADING}\nother:ack\ten\tg1\tgot it\\nBo\n");
        assert_eq!(parse_rows(&good).unwrap()[0].text, "got it\nBo");
        for (row, problem) in [
            ("maybe\ten\tg\tx", "the label is not one of the nine, or its kind is unknown"),
            ("later\ten\tg", "the text is missing"),
            ("later\ten\tg\tx\ty", "a text may hold no tab"),
        ] {
            let error = parse_rows(&format!("{HEADING}\n{row}\n")).unwrap_err();
            assert_eq!((error.line, error.problem), (2, problem));
        }
    }
}
