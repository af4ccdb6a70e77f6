//! An import and what is known of it.

use serde::{Deserialize, Serialize};

use crate::addresses::ImportTally;
use crate::base::{ImportId, UnixMillis, WorkspaceId};

/// One file on its way into the contacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    pub id: ImportId,
    pub workspace: WorkspaceId,
    pub file_name: String,
    pub by: String,
    pub created_at: UnixMillis,
    pub state: ImportState,
    pub size_bytes: u64,
    /// As encoding_rs names it: `UTF-8`, `windows-1252`, `UTF-16LE`.
    pub encoding: String,
    pub delimiter: u8,
    pub has_header: bool,
    pub columns: Vec<Column>,
    /// Put on every contact of the file, also on known ones.
    #[serde(default)]
    pub tags: Vec<String>,
    pub known: Known,
    /// What a look at the whole file found; absent until it was looked at with this mapping.
    #[serde(default)]
    pub look: Option<Look>,
    #[serde(default)]
    pub finished_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Still arriving; what a cut line left of it is swept away.
    Arriving,
    /// The file is here; a person says what its columns are.
    Mapping,
    Running,
    /// Stopped by a person; what was imported stays and can be undone.
    Stopped,
    Finished,
    Undoing,
    Undone,
    Failed {
        reason: String,
    },
}

/// What happens to a row whose address is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The contact stays as it is.
    Skip,
    /// Only what is not known yet is filled in.
    #[default]
    FillEmpty,
    /// What the file says replaces what we have.
    Overwrite,
}

impl Known {
    pub const ALL: [Known; 3] = [Known::FillEmpty, Known::Overwrite, Known::Skip];

    pub fn as_str(self) -> &'static str {
        match self {
            Known::Skip => "skip",
            Known::FillEmpty => "fill_empty",
            Known::Overwrite => "overwrite",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Known::Skip => "Leave them as they are",
            Known::FillEmpty => "Fill in what is empty",
            Known::Overwrite => "Replace what we have",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// A column of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// As the first row says, or "Column 3".
    pub name: String,
    /// The first values, for the person who maps; removed when the import starts.
    #[serde(default)]
    pub samples: Vec<String>,
    pub target: Target,
}

/// Where a column goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    LeaveOut,
    Email,
    FirstName,
    LastName,
    /// First and last name in one.
    FullName,
    Company,
    JobTitle,
    Phone,
    Website,
    TimeZone,
    Locale,
    /// Several, separated by commas, semicolons or bars.
    Tags,
    /// A field of the workspace's own, by its key.
    Custom(String),
}

/// Where the rows of a file went, or would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub added: u64,
    pub updated: u64,
    /// Known and nothing to change, or twice in the file.
    pub skipped: u64,
    pub refused: u64,
}

impl Counts {
    pub fn rows(&self) -> u64 {
        self.added + self.updated + self.skipped + self.refused
    }
}

/// A row that is not imported, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Line of the file on which the row begins, from 1.
    pub line: u64,
    /// What is wrong and what would be right.
    pub reason: String,
    /// As in the file; long cells are cut.
    #[serde(default)]
    pub cells: Vec<String>,
}

/// The outcome of reading the whole file without changing anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub counts: Counts,
    /// The first refused rows, without their cells.
    pub refused: Vec<Refused>,
    /// Addresses to look at, as far as can be told without asking anybody.
    #[serde(default)]
    pub addresses: ImportTally,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub counts: Counts,
    /// Batches committed; the next one's number.
    #[serde(default)]
    pub batches: u32,
    /// Batches taken back, while undoing.
    #[serde(default)]
    pub undone_batches: u32,
    /// Contacts that undoing left alone because they have changed since.
    #[serde(default)]
    pub kept: u64,
    #[serde(default)]
    pub stop: bool,
}

impl Import {
    pub fn is_mapped_to(&self, target: &Target) -> bool {
        self.columns.iter().any(|column| column.target == *target)
    }
}
