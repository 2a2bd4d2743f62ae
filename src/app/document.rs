//! The two tables of the Keras CIFAR-10 ResNet example.
//!
//! Source: the header of `cifar10_resnet.py`; the paper's figures are from He et al. 2015 (v1) and
//! 2016 (v2). Nobody measured the empty cells.

use crate::config::run::{Architecture, Version};

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DocumentRow {
    /// The model as the document calls it.
    pub name: &'static str,
    /// Its family.
    pub version: Version,
    /// Blocks per stage; `None` where the depth belongs to no whole n.
    pub n: Option<u32>,
    /// Test accuracy after 200 epochs, in percent.
    pub accuracy: Option<f64>,
    /// The original paper's accuracy, in percent.
    pub paper: Option<f64>,
    /// The paper's spread over its runs, in percent.
    pub paper_spread: Option<f64>,
    /// Seconds an epoch takes on a GTX 1080 Ti.
    pub seconds: Option<f64>,
}

const fn row(
    name: &'static str,
    version: Version,
    n: Option<u32>,
    accuracy: Option<f64>,
    paper: Option<f64>,
    seconds: Option<f64>,
) -> DocumentRow {
    DocumentRow { name, version, n, accuracy, paper, paper_spread: None, seconds }
}

const fn spread(row: DocumentRow, spread: f64) -> DocumentRow {
    DocumentRow { paper_spread: Some(spread), ..row }
}

use Version::{V1, V2};

/// Every row, v1 before v2, in the document's order.
#[rustfmt::skip]
pub const ROWS: &[DocumentRow] = &[
    row("ResNet20 v1", V1, Some(3), Some(92.16), Some(91.25), Some(35.0)),
    row("ResNet32 v1", V1, Some(5), Some(92.46), Some(92.49), Some(50.0)),
    row("ResNet44 v1", V1, Some(7), Some(92.50), Some(92.83), Some(70.0)),
    row("ResNet56 v1", V1, Some(9), Some(92.71), Some(93.03), Some(90.0)),
    spread(row("ResNet110 v1", V1, Some(18), Some(92.65), Some(93.39), Some(165.0)), 0.16),
    row("ResNet164 v1", V1, Some(27), None, Some(94.07), None),
    row("ResNet1001 v1", V1, None, None, Some(92.39), None),
    row("ResNet20 v2", V2, Some(2), None, None, None),
    row("ResNet32 v2", V2, None, None, None, None),
    row("ResNet44 v2", V2, None, None, None, None),
    row("ResNet56 v2", V2, Some(6), Some(93.01), None, Some(100.0)),
    row("ResNet110 v2", V2, Some(12), Some(93.15), Some(93.63), Some(180.0)),
    row("ResNet164 v2", V2, Some(18), None, Some(94.54), None),
    spread(row("ResNet1001 v2", V2, Some(111), None, Some(95.08), None), 0.14),
];

/// The models of the document that can be built.
pub fn models() -> impl DoubleEndedIterator<Item = Architecture> {
    ROWS.iter().filter_map(|row| Some(Architecture { version: row.version, n: row.n? }))
}

/// The row of a model, if the document has one.
pub fn row_of(architecture: Architecture) -> Option<&'static DocumentRow> {
    ROWS.iter().find(|row| row.version == architecture.version && row.n == Some(architecture.n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_the_depth() {
        for row in ROWS {
            let Some(n) = row.n else { continue };
            let built = Architecture { version: row.version, n }.to_string();
            assert_eq!(row.name.replace(' ', ""), built);
        }
        assert_eq!(models().count(), 11);
        let row = row_of(Architecture { version: V2, n: 12 }).unwrap();
        assert_eq!((row.accuracy, row.paper), (Some(93.15), Some(93.63)));
    }
}
