//! Weights by name: the translation between the flat tensors and weight files.
//!
//! Files hold every tensor of the Keras model, `[output, input, row, column]` for kernels, so also the
//! biases that batch norm removes. Those are not trained: loading folds them into the running means,
//! which leaves the function the same, and saving writes zeros.

use anyhow::{Result, anyhow, bail};
use tch::{Device, Kind, Tensor, no_grad};

use super::layers::{BatchNorm, Convolution};
use super::tensor_file::NamedTensors;
use super::{Network, Parameters};
use crate::config::run::Version;

/// Tensors whose names begin so belong to a checkpoint and are no weights.
pub const OPTIMIZER_PREFIX: &str = "optimizer.";

/// The trained tensors by name, from anything laid out like the flat parameters: the parameters
/// themselves, or a moment of the optimizer.
pub fn trained(network: &Network, flat: &Tensor) -> NamedTensors {
    let layout = &network.layout;
    let mut offset = 0;
    let mut take = |length: i64| {
        offset += length;
        flat.narrow(0, offset - length, length)
    };
    let kernels: Vec<Tensor> = layout.kernels.iter().map(|shape| take(shape.numel())).collect();
    let vectors: Vec<Tensor> = layout.vectors.iter().map(|&length| take(length)).collect();
    let mut named = NamedTensors::new();
    let mut insert = |name: String, tensor: Tensor| {
        named.insert(name, tensor.detach());
    };
    for convolution in network.convolutions() {
        let shape = &layout.kernels[convolution.weight];
        let kernel = kernels[convolution.weight]
            .view([shape.outputs, shape.size, shape.size, shape.inputs])
            .permute([0, 3, 1, 2]);
        insert(format!("{}.weight", convolution.name), kernel);
        if let Some(bias) = convolution.live_bias {
            insert(format!("{}.bias", convolution.name), vectors[bias].shallow_clone());
        }
    }
    for norm in network.norms() {
        insert(format!("{}.weight", norm.name), vectors[norm.scale].shallow_clone());
        insert(format!("{}.bias", norm.name), vectors[norm.shift].shallow_clone());
    }
    let head = &network.head;
    let weight = vectors[head.weight].view([head.outputs, head.inputs]);
    insert(format!("{}.weight", head.name), weight);
    insert(format!("{}.bias", head.name), vectors[head.bias].shallow_clone());
    named
}

/// Lays named tensors out flat: the inverse of [`trained`].
///
/// # Errors
/// When a tensor is missing or has another shape.
pub fn flatten(network: &Network, named: &NamedTensors) -> Result<Tensor> {
    let layout = &network.layout;
    let flat = Tensor::zeros([layout.parameter_numel()], (Kind::Float, Device::Cpu));
    for (name, place) in trained(network, &flat) {
        let given = find(network, named, &name, &place.size())?;
        no_grad(|| place.shallow_clone().copy_(given));
    }
    Ok(flat)
}

/// Every tensor of a weight file.
pub fn to_named(network: &Network, parameters: &Parameters) -> NamedTensors {
    let mut named = trained(network, &parameters.flat);
    for convolution in network.convolutions().filter(|layer| layer.live_bias.is_none()) {
        let zeros = Tensor::zeros([convolution.outputs], (Kind::Float, Device::Cpu));
        named.insert(format!("{}.bias", convolution.name), zeros);
    }
    for (norm, mean, variance) in statistics(network, &parameters.statistics) {
        named.insert(format!("{}.running_mean", norm.name), mean);
        named.insert(format!("{}.running_var", norm.name), variance);
    }
    named
}

/// The parameters that a weight file describes, on the device.
///
/// # Errors
/// When a tensor is missing, has another shape, or does not belong to this network.
pub fn from_named(network: &Network, named: &NamedTensors, device: Device) -> Result<Parameters> {
    refuse_foreign(network, named)?;
    let flat = flatten(network, named)?;
    let count = network.layout.statistics_numel();
    let running = Tensor::zeros([count], (Kind::Float, Device::Cpu));
    for (norm, mut mean, mut variance) in statistics(network, &running) {
        let size = mean.size();
        mean.copy_(find(network, named, &format!("{}.running_mean", norm.name), &size)?);
        variance.copy_(find(network, named, &format!("{}.running_var", norm.name), &size)?);
    }
    fold_biases(network, named, &running)?;
    Ok(Parameters::new(&flat, &running, device))
}

fn statistics<'a>(
    network: &'a Network,
    flat: &Tensor,
) -> impl Iterator<Item = (&'a BatchNorm, Tensor, Tensor)> {
    let channels = &network.layout.statistics;
    let sizes = [channels.as_slice(), channels.as_slice()].concat();
    let mut means = flat.split_with_sizes(sizes, 0);
    let variances = means.split_off(channels.len());
    network.norms().map(move |norm| {
        let index = norm.statistics;
        (norm, means[index].shallow_clone(), variances[index].shallow_clone())
    })
}

/// Subtracts from each running mean what the untrained biases add to the input of its batch norm.
fn fold_biases(network: &Network, named: &NamedTensors, running: &Tensor) -> Result<()> {
    let bias = |convolution: &Convolution| {
        find(network, named, &format!("{}.bias", convolution.name), &[convolution.outputs])
    };
    let mut means: Vec<Tensor> = statistics(network, running).map(|(_, mean, _)| mean).collect();
    let mut shift = |norm: &BatchNorm, by: &Tensor| {
        let _ = means[norm.statistics].g_sub_(by);
    };
    shift(&network.stem_norm, bias(&network.stem)?);
    // What the biases before have added to each channel of the residual stream (v2).
    let mut stream = Tensor::zeros([super::STEM_FILTERS], (Kind::Float, Device::Cpu));
    for block in network.blocks() {
        match network.architecture.version {
            Version::V1 => {
                for (convolution, norm) in block.convolutions.iter().zip(&block.norms) {
                    if let Some(norm) = norm {
                        shift(norm, bias(convolution)?);
                    }
                }
            }
            Version::V2 => {
                let mut before = stream.shallow_clone();
                for (convolution, norm) in block.convolutions.iter().zip(&block.norms) {
                    if let Some(norm) = norm {
                        shift(norm, &before);
                    }
                    before = bias(convolution)?.shallow_clone();
                }
                if let Some(projection) = &block.shortcut {
                    let shape = [projection.outputs, projection.inputs, 1, 1];
                    let name = format!("{}.weight", projection.name);
                    let matrix = find(network, named, &name, &shape)?.squeeze();
                    stream = matrix.mv(&stream) + bias(projection)?;
                }
                stream = stream.g_add(&before);
            }
        }
    }
    if let Some(norm) = &network.head_norm {
        shift(norm, &stream);
    }
    Ok(())
}

fn find<'a>(
    network: &Network,
    named: &'a NamedTensors,
    name: &str,
    shape: &[i64],
) -> Result<&'a Tensor> {
    let tensor = named.get(name).ok_or_else(|| {
        anyhow!("these are not the weights of {}: `{name}` is missing", network.architecture)
    })?;
    if tensor.size() != shape {
        bail!(
            "these are not the weights of {}: `{name}` has the shape {:?} in place of {shape:?}",
            network.architecture,
            tensor.size()
        );
    }
    Ok(tensor)
}

/// A larger network's file holds every tensor of a smaller one, and must not pass for it.
fn refuse_foreign(network: &Network, named: &NamedTensors) -> Result<()> {
    let blank = Parameters {
        flat: Tensor::zeros([network.layout.parameter_numel()], (Kind::Float, Device::Cpu)),
        statistics: Tensor::zeros([network.layout.statistics_numel()], (Kind::Float, Device::Cpu)),
    };
    let own = to_named(network, &blank);
    let foreign = named
        .keys()
        .find(|name| !name.starts_with(OPTIMIZER_PREFIX) && !own.contains_key(name.as_str()));
    match foreign {
        Some(name) => {
            bail!("these are not the weights of {}: it has no `{name}`", network.architecture)
        }
        None => Ok(()),
    }
}
