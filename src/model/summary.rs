//! The layer table and the parameter counts, as Keras's `model.summary()` gives them.

use std::fmt::Write;

use super::{Block, CLASSES, Network, layers::Convolution, same_size};
use crate::config::run::Version;

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name in weight files, or what the layer does.
    pub name: String,
    /// Keras's class.
    pub kind: &'static str,
    /// Rows and columns, then channels, of the output; one number after pooling.
    pub output: Vec<i64>,
    /// Parameters, running statistics included.
    pub parameters: i64,
}

/// How many parameters a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// All, running statistics included.
    pub total: i64,
    /// Those the optimizer changes in Keras, the biases before batch norms included.
    pub trainable: i64,
}

/// Counts the parameters.
pub fn counts(network: &Network) -> Counts {
    let untrained: i64 = network
        .convolutions()
        .filter(|layer| layer.live_bias.is_none())
        .map(|layer| layer.outputs)
        .sum();
    let trainable = network.layout.parameter_numel() + untrained;
    Counts { total: trainable + network.layout.statistics_numel(), trainable }
}

/// Multiplications, each with an addition, that the convolutions take for one image, forward.
pub fn multiply_adds(network: &Network) -> i64 {
    let of_row = |row: &Row| match (row.kind, row.output.as_slice()) {
        // Every output pixel takes each number of the kernel, the bias apart, once.
        ("Conv2D", [height, width, channels]) => (row.parameters - channels) * height * width,
        _ => 0,
    };
    rows(network).iter().map(of_row).sum()
}

/// The layers in the order the data passes them.
pub fn rows(network: &Network) -> Vec<Row> {
    let mut rows = vec![row("input", "InputLayer", vec![32, 32, 3], 0)];
    let mut size = 32;
    push_convolution(&mut rows, &network.stem, &mut size);
    push_norm(&mut rows, &network.stem_norm.name, size, network.stem_norm.channels);
    push_activation(&mut rows, "stem", size, network.stem.outputs);
    for block in network.blocks() {
        push_block(&mut rows, block, network.architecture.version, &mut size);
    }
    let features = network.head.inputs;
    if let Some(norm) = &network.head_norm {
        push_norm(&mut rows, &norm.name, size, norm.channels);
        push_activation(&mut rows, "head", size, norm.channels);
    }
    rows.push(row("head.pool", "AveragePooling2D", vec![1, 1, features], 0));
    rows.push(row("head.flatten", "Flatten", vec![features], 0));
    rows.push(row(&network.head.name, "Dense", vec![CLASSES], (features + 1) * CLASSES));
    rows
}

/// The table as text.
pub fn text(network: &Network) -> String {
    let rows = rows(network);
    let counts = counts(network);
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(5);
    let mut text = format!("{}, depth {}\n\n", network.architecture, network.architecture.depth());
    let _ =
        writeln!(text, "{:width$}  {:18}  {:>17}  {:>9}", "Layer", "Type", "Output", "Parameters");
    for row in &rows {
        let sizes: Vec<String> = row.output.iter().map(i64::to_string).collect();
        let shape = format!("(None, {})", sizes.join(", "));
        let _ = writeln!(
            text,
            "{:width$}  {:18}  {shape:>17}  {:>10}",
            row.name,
            row.kind,
            grouped(row.parameters)
        );
    }
    let _ = writeln!(text, "\nTotal params: {}", grouped(counts.total));
    let _ = writeln!(text, "Trainable params: {}", grouped(counts.trainable));
    let _ = writeln!(text, "Non-trainable params: {}", grouped(counts.total - counts.trainable));
    text
}

/// 1234567 as `1,234,567`.
pub fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn row(name: &str, kind: &'static str, output: Vec<i64>, parameters: i64) -> Row {
    Row { name: name.to_owned(), kind, output, parameters }
}

fn push_convolution(rows: &mut Vec<Row>, layer: &Convolution, size: &mut i64) {
    *size = same_size(*size, layer.stride);
    let parameters = (layer.inputs * layer.kernel * layer.kernel + 1) * layer.outputs;
    rows.push(row(&layer.name, "Conv2D", vec![*size, *size, layer.outputs], parameters));
}

fn push_norm(rows: &mut Vec<Row>, name: &str, size: i64, channels: i64) {
    rows.push(row(name, "BatchNormalization", vec![size, size, channels], 4 * channels));
}

fn push_activation(rows: &mut Vec<Row>, before: &str, size: i64, channels: i64) {
    rows.push(row(&format!("{before}.relu"), "Activation", vec![size, size, channels], 0));
}

fn push_block(rows: &mut Vec<Row>, block: &Block, version: Version, size: &mut i64) {
    let input_size = *size;
    let last = block.convolutions.len() - 1;
    for (index, (layer, norm)) in block.convolutions.iter().zip(&block.norms).enumerate() {
        if version == Version::V1 {
            push_convolution(rows, layer, size);
        }
        if let Some(norm) = norm {
            push_norm(rows, &norm.name, *size, norm.channels);
            if version == Version::V2 || index < last {
                push_activation(rows, &norm.name, *size, norm.channels);
            }
        }
        if version == Version::V2 {
            push_convolution(rows, layer, size);
        }
    }
    if let Some(projection) = &block.shortcut {
        push_convolution(rows, projection, &mut input_size.clone());
    }
    let outputs = block.convolutions[last].outputs;
    let block_name = block.convolutions[last].name.rsplit_once('.').map_or("", |(name, _)| name);
    rows.push(row(&format!("{block_name}.add"), "Add", vec![*size, *size, outputs], 0));
    if version == Version::V1 {
        push_activation(rows, block_name, *size, outputs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::Architecture;

    /// (version, n, total, trainable), as `model.summary()` of the Keras example prints them.
    const KERAS: [(Version, u32, i64, i64); 8] = [
        (Version::V1, 3, 274_442, 273_066),
        (Version::V1, 5, 470_218, 467_946),
        (Version::V1, 7, 665_994, 662_826),
        (Version::V1, 9, 861_770, 857_706),
        (Version::V1, 18, 1_742_762, 1_734_666),
        (Version::V2, 2, 574_090, 570_602),
        (Version::V2, 6, 1_673_738, 1_663_338),
        (Version::V2, 12, 3_323_210, 3_302_442),
    ];

    #[test]
    fn counts_are_those_of_keras() {
        for (version, n, total, trainable) in KERAS {
            let network = Network::new(Architecture { version, n });
            assert_eq!(counts(&network), Counts { total, trainable }, "{}", network.architecture);
            let in_rows: i64 = rows(&network).iter().map(|row| row.parameters).sum();
            assert_eq!(in_rows, total, "{}", network.architecture);
        }
    }

    /// Added up by hand: stem, then 14.2, 13.1 and 13.1 million in the stages.
    #[test]
    fn multiplications_of_resnet20() {
        let network = Network::new(Architecture { version: Version::V1, n: 3 });
        assert_eq!(multiply_adds(&network), 40_812_544);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(274_442), "274,442");
        assert_eq!(grouped(1_000), "1,000");
    }

    #[test]
    fn the_smallest_networks_in_full() {
        insta::assert_snapshot!(text(&Network::new(Architecture { version: Version::V1, n: 1 })));
        insta::assert_snapshot!(text(&Network::new(Architecture { version: Version::V2, n: 1 })));
    }
}
