//! What is wrong with what somebody filled in: all of it, so that it is told at once.

/// Names of fields, each with what is wrong in words for the person, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<(&'static str, String)>);

impl Mistakes {
    pub fn one(field: &'static str, words: impl Into<String>) -> Self {
        Self(vec![(field, words.into())])
    }

    pub fn add(&mut self, field: &'static str, words: impl Into<String>) {
        self.0.push((field, words.into()));
    }

    /// Notes `words` about `field` unless `is_right`.
    pub fn expect(&mut self, is_right: bool, field: &'static str, words: impl Into<String>) {
        if !is_right {
            self.add(field, words);
        }
    }

    /// What was found of a field, or nothing with its mistake noted.
    pub fn keep<T, W: Into<String>>(&mut self, field: &'static str, checked: Result<T, W>) -> Option<T> {
        checked.map_err(|words| self.add(field, words)).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().map(|(field, _)| *field)
    }

    /// All words after one another, for a page without the form.
    pub fn words(&self) -> String {
        self.0.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Fails when there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self)
        }
    }
}

impl IntoIterator for Mistakes {
    type Item = (&'static str, String);
    type IntoIter = std::vec::IntoIter<(&'static str, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<(&'static str, String)> for Mistakes {
    fn extend<I: IntoIterator<Item = (&'static str, String)>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let each: Vec<String> = self.0.iter().map(|(field, words)| format!("{field}: {words}")).collect();
        f.write_str(&each.join("; "))
    }
}

impl std::error::Error for Mistakes {}
