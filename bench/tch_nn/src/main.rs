//! A peer of resnet-tui: the document's recipe as a Rust user would write it with tch alone, its `nn`
//! modules and `nn::Adam`. Prints one line of JSON.
//!
//! Only the augmentation is not tch's own, which moves by whole pixels: it is the document's, by batch.

mod network;

use std::error::Error;
use std::time::Instant;

use serde_json::{Value, json};
use tch::data::Iter2;
use tch::nn::{self, ModuleT, OptimizerConfig};
use tch::{Device, Kind, Tensor, no_grad};

const IMAGES: i64 = 10_000;
const WARM_UP: usize = 5;
const EVALUATION_BATCH: i64 = 250;
const L2_PENALTY: f64 = 1e-4;

/// Family, blocks, and the parameters that Keras's `model.summary()` counts: total and trainable.
const MODELS: [(&str, usize, usize, i64, i64); 8] = [
    ("v1_n3", 1, 3, 274_442, 273_066),
    ("v1_n5", 1, 5, 470_218, 467_946),
    ("v1_n7", 1, 7, 665_994, 662_826),
    ("v1_n9", 1, 9, 861_770, 857_706),
    ("v1_n18", 1, 18, 1_742_762, 1_734_666),
    ("v2_n2", 2, 2, 574_090, 570_602),
    ("v2_n6", 2, 6, 1_673_738, 1_663_338),
    ("v2_n12", 2, 12, 3_323_210, 3_302_442),
];

struct Options {
    model: String,
    batch_size: i64,
    steps: usize,
    test_images: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let begun = Instant::now();
    let (_, family, blocks, total, trainable) = MODELS
        .into_iter()
        .find(|&(name, ..)| name == options.model)
        .ok_or_else(|| format!("no model {}", options.model))?;
    let store = nn::VarStore::new(Device::Cpu);
    let network = network::resnet(&store.root(), family, blocks);
    let count = |tensors: Vec<Tensor>| tensors.iter().map(|t| t.numel() as i64).sum::<i64>();
    assert_eq!(count(store.variables().into_values().collect()), total);
    assert_eq!(count(store.trainable_variables()), trainable);

    let (images, labels) = random_images();
    let mut optimizer = nn::Adam::default().eps(1e-7).build(&store, 1e-3)?;
    optimizer.set_weight_decay_group(network::PENALISED, 2.0 * L2_PENALTY);
    let mut milliseconds = Vec::new();
    let mut first_step_seconds = 0.0;
    let mut last = Instant::now();
    let mut done = 0;
    'training: loop {
        for (images, labels) in Iter2::new(&images, &labels, options.batch_size).shuffle() {
            let logits = network.forward_t(&augment(&images), true);
            let loss = logits.cross_entropy_for_logits(&labels);
            optimizer.backward_step(&loss);
            done += 1;
            if done == 1 {
                first_step_seconds = begun.elapsed().as_secs_f64();
            }
            if done > WARM_UP {
                milliseconds.push(last.elapsed().as_secs_f64() * 1e3);
            }
            last = Instant::now();
            if milliseconds.len() == options.steps {
                break 'training;
            }
        }
    }

    let (images, labels) =
        (images.narrow(0, 0, options.test_images), labels.narrow(0, 0, options.test_images));
    evaluate(
        &network,
        &images.narrow(0, 0, EVALUATION_BATCH),
        &labels.narrow(0, 0, EVALUATION_BATCH),
    );
    let evaluation = Instant::now();
    evaluate(&network, &images, &labels);
    let evaluation = vec![evaluation.elapsed().as_secs_f64()];

    let step = spread(milliseconds);
    let images_per_second =
        1e3 * options.batch_size as f64 / step["median"].as_f64().unwrap_or(0.0);
    let result = json!({
        "peer": "tch_nn",
        "model": options.model,
        "batch_size": options.batch_size,
        "steps": options.steps,
        "step_milliseconds": step,
        "images_per_second": images_per_second,
        "epoch_seconds": 50_000.0 / images_per_second,
        "evaluation_seconds": spread(evaluation),
        "evaluated_images": options.test_images,
        "first_step_seconds": first_step_seconds,
        "peak_memory_bytes": peak_memory(),
        "precision": "fp32",
        "threads": tch::get_num_threads(),
        "versions": { "tch": "0.24.0" },
    });
    println!("{result}");
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options =
        Options { model: "v1_n3".to_owned(), batch_size: 32, steps: 50, test_images: IMAGES };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} lacks its value"))?;
        match name.as_str() {
            "--model" => options.model = value,
            "--batch-size" => options.batch_size = value.parse()?,
            "--steps" => options.steps = value.parse()?,
            "--test-images" => options.test_images = value.parse()?,
            _ => return Err(format!("no option {name}").into()),
        }
    }
    Ok(options)
}

/// Random pixels as tch's `vision::cifar` gives them, over 255, less their mean image; labels.
fn random_images() -> (Tensor, Tensor) {
    let pixels = Tensor::randint(256, [IMAGES, 3, 32, 32], (Kind::Float, Device::Cpu)) / 255;
    let mean = pixels.mean_dim([0].as_slice(), true, None);
    (pixels - mean, Tensor::randint(10, [IMAGES], (Kind::Int64, Device::Cpu)))
}

/// Shifts by up to a tenth, bilinear, edges repeated; flips half of the images.
fn augment(images: &Tensor) -> Tensor {
    let count = images.size()[0];
    let options = (Kind::Float, Device::Cpu);
    let shifts = (Tensor::rand([count, 2], options) * 2 - 1) * 0.2;
    let flips: Tensor = Tensor::rand([count], options).ge(0.5).to_kind(Kind::Float) * 2 - 1;
    let (zero, one) = (flips.zeros_like(), flips.ones_like());
    let row = |numbers: [&Tensor; 3]| Tensor::stack(&numbers, 1);
    let matrices = Tensor::stack(
        &[row([&flips, &zero, &shifts.select(1, 0)]), row([&zero, &one, &shifts.select(1, 1)])],
        1,
    );
    let grid = Tensor::affine_grid_generator(&matrices, images.size(), false);
    // Bilinear, and the border's pixels outside.
    images.grid_sampler(&grid, 0, 1, false)
}

/// How many images are classified right.
fn evaluate(network: &impl ModuleT, images: &Tensor, labels: &Tensor) -> i64 {
    no_grad(|| {
        Iter2::new(images, labels, EVALUATION_BATCH)
            .return_smaller_last_batch()
            .map(|(images, labels)| {
                let answers = network.forward_t(&images, false).argmax(1, false);
                answers.eq_tensor(&labels).sum(Kind::Int64).int64_value(&[])
            })
            .sum()
    })
}

/// Five numbers that say how measurements spread, and the mean.
fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let place = part * (values.len() - 1) as f64;
        let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    json!({
        "minimum": at(0.0),
        "first_quartile": at(0.25),
        "median": at(0.5),
        "third_quartile": at(0.75),
        "maximum": at(1.0),
        "mean": values.iter().sum::<f64>() / values.len() as f64,
    })
}

fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
