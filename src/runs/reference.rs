//! The results that the Keras example's document and the original papers report.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::config::run::{Architecture, Version};

static ROWS: LazyLock<Vec<ReferenceRow>> = LazyLock::new(|| {
    let document: Result<Document, _> = toml::from_str(include_str!("../../assets/reference.toml"));
    // The file is part of the program; a test reads it.
    document.map(|document| document.rows).unwrap_or_default()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    rows: Vec<ReferenceRow>,
}

/// A row of one of the document's two tables.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceRow {
    /// The model without its version, such as `ResNet20`.
    pub model: String,
    /// Which of the two tables the row stands in.
    pub version: Version,
    /// Blocks per stage.
    pub n: Printed,
    /// The document's accuracy after 200 epochs, in %.
    pub accuracy: Printed,
    /// The original paper's accuracy, in %.
    pub paper: Printed,
    /// The document's seconds per epoch on a GTX 1080 Ti.
    pub seconds: Printed,
}

impl ReferenceRow {
    /// The model's name with its version, such as `ResNet20v1`.
    pub fn name(&self) -> String {
        format!("{}{}", self.model, self.version)
    }

    /// What to train for this row; `None` where no n gives the depth.
    pub fn architecture(&self) -> Option<Architecture> {
        let n = self.n.text.parse().ok()?;
        Some(Architecture { version: self.version, n })
    }
}

/// A cell as the document prints it, and the number in it where there is one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "String")]
pub struct Printed {
    /// The printed text, such as `93.39±.16`, `-` or `N/A`.
    pub text: String,
    /// The number without what follows `±`.
    pub number: Option<f64>,
}

impl From<String> for Printed {
    fn from(text: String) -> Self {
        let number = text.split('±').next().and_then(|number| number.parse().ok());
        Self { text, number }
    }
}

/// Every row of both tables, in the document's order.
pub fn rows() -> &'static [ReferenceRow] {
    &ROWS
}

/// Every model that the document names and that can be built, in its order.
pub fn architectures() -> impl Iterator<Item = Architecture> {
    rows().iter().filter_map(ReferenceRow::architecture)
}

/// The row of a model, where the document has one.
pub fn row(architecture: Architecture) -> Option<&'static ReferenceRow> {
    rows().iter().find(|row| row.architecture() == Some(architecture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_as_the_document_prints_it() {
        let printed: Vec<String> = rows()
            .iter()
            .map(|row| {
                let cells = [&row.n, &row.accuracy, &row.paper, &row.seconds];
                let cells = cells.map(|cell| cell.text.as_str()).join(" | ");
                format!("{} {} | {cells}", row.model, row.version)
            })
            .collect();
        let document = [
            "ResNet20 v1 | 3 | 92.16 | 91.25 | 35",
            "ResNet32 v1 | 5 | 92.46 | 92.49 | 50",
            "ResNet44 v1 | 7 | 92.50 | 92.83 | 70",
            "ResNet56 v1 | 9 | 92.71 | 93.03 | 90",
            "ResNet110 v1 | 18 | 92.65 | 93.39±.16 | 165",
            "ResNet164 v1 | 27 | - | 94.07 | -",
            "ResNet1001 v1 | N/A | - | 92.39 | -",
            "ResNet20 v2 | 2 | - | - | ---",
            "ResNet32 v2 | N/A | NA | NA | NA",
            "ResNet44 v2 | N/A | NA | NA | NA",
            "ResNet56 v2 | 6 | 93.01 | NA | 100",
            "ResNet110 v2 | 12 | 93.15 | 93.63 | 180",
            "ResNet164 v2 | 18 | - | 94.54 | -",
            "ResNet1001 v2 | 111 | - | 95.08±.14 | -",
        ];
        assert_eq!(printed, document);
    }

    #[test]
    fn a_row_that_can_be_trained_has_the_depth_of_its_name() {
        for row in rows() {
            if let Some(architecture) = row.architecture() {
                assert_eq!(row.name(), architecture.to_string());
                assert_eq!(super::row(architecture), Some(row));
            }
        }
        assert_eq!(rows().iter().filter(|row| row.architecture().is_none()).count(), 3);
    }

    #[test]
    fn numbers_are_read_without_their_spread() {
        let number = |text: &str| Printed::from(text.to_owned()).number;
        assert_eq!(number("93.39±.16"), Some(93.39));
        assert_eq!(number("165"), Some(165.0));
        for text in ["-", "---", "N/A", "NA", ""] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
