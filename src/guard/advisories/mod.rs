//! What is known of products from files that makers and authorities publish: advisories with their VEX statements (CSAF
//! 2.0), how long products are supported (`OpenEoX`), and what they are made of (`CycloneDX`).
//!
//! Plain data and no clock: the files of a folder become a [`Library`], in which a device is looked up. A file that
//! cannot be read is told with its place and stops none of the others. Every file comes from outside: its size, its depth
//! and the number of its products are bounded.

mod csaf;
mod cyclonedx;
mod eox;
mod library;
mod product;
mod read;
mod text;
mod version;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

pub use library::{Concern, Library};
pub use product::{Cpe, Identity, Product, Purl};
pub use read::{read, read_text};
pub use version::{Fits, Range, Version, Versions};

/// One weakness, as one file tells of it.
#[derive(Debug, Clone)]
pub struct Advisory {
    /// The id of the document; of a bill of materials, the id of the weakness.
    pub id: String,
    /// The id of the weakness: `CVE-2026-0001`. The document's where it has none of its own.
    pub weakness: String,
    /// What it is, in a line.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its CVSS base score. `None`: nobody has given it one.
    pub score: Option<f64>,
    /// Where to read more.
    pub link: Option<String>,
    /// What it says about products.
    pub claims: Vec<Claim>,
    /// Products in which it is mended.
    pub mended: Vec<Arc<Product>>,
    /// The file.
    pub file: Arc<PathBuf>,
}

/// What an advisory says about one product.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which.
    pub product: Arc<Product>,
    /// The part of it in which the weakness is, for a person. `None`: it itself.
    pub through: Option<String>,
    /// Whether it is affected.
    pub state: VexState,
    /// Why it is not, or what else its maker says.
    pub why: Option<String>,
    /// What its maker says to do.
    pub mend: Option<String>,
    /// The CVSS base score for this product, where it differs.
    pub score: Option<f64>,
}

/// Whether a product is affected, in the states of VEX (CSAF 2.0, 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VexState {
    /// It is not.
    NotAffected,
    /// It was, and is mended in this version.
    Fixed,
    /// Its maker does not know yet.
    UnderInvestigation,
    /// It is: something should be done.
    Affected,
}

/// How bad a weakness is, in the words of CVSS 3.1 (its section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nobody has said.
    #[default]
    Unknown,
    /// Not at all.
    None,
    /// 0.1 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.
    Critical,
}

/// How long a product is supported, as its maker says.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    /// Which.
    pub product: Arc<Product>,
    /// The last day on which it is mended where it is unsafe.
    pub end_of_security_support: Option<Until>,
    /// The last day on which it is supported in any way.
    pub end_of_life: Option<Until>,
    /// The last day on which it is sold.
    pub end_of_sales: Option<Until>,
    /// The file.
    pub file: Arc<PathBuf>,
}

/// Up to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// Up to this day, which counts.
    Day(Date),
    /// Longer than anybody has announced an end (`tba`).
    NotAnnounced,
}

/// What a product is made of.
#[derive(Debug, Clone)]
pub struct Bill {
    /// The product.
    pub product: Arc<Product>,
    /// What is in it.
    pub parts: Vec<BillPart>,
    /// The file.
    pub file: Arc<PathBuf>,
}

/// Something that a product is made of.
#[derive(Debug, Clone)]
pub struct BillPart {
    /// What it is.
    pub product: Product,
    /// Its SHA-256, in hexadecimal digits, where the bill names one.
    pub sha256: Option<String>,
}

impl VexState {
    /// The words on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under investigation",
            Self::Affected => "affected",
        }
    }
}

impl Severity {
    /// By the base score.
    pub fn of_score(score: f64) -> Self {
        match score {
            n if n >= 9.0 => Self::Critical,
            n if n >= 7.0 => Self::High,
            n if n >= 4.0 => Self::Medium,
            n if n > 0.0 => Self::Low,
            0.0 => Self::None,
            _ => Self::Unknown,
        }
    }

    /// By the word that a file uses, those of other scales included.
    pub fn of_word(word: &str) -> Self {
        match word.trim().to_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" => Self::Low,
            "none" | "info" | "informational" => Self::None,
            _ => Self::Unknown,
        }
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unknown => "not rated",
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A score that can be one: CVSS goes from 0 to 10.
fn sound_score(score: Option<f64>) -> Option<f64> {
    score.filter(|it| (0.0..=10.0).contains(it))
}

#[cfg(test)]
mod tests;
