//! `bench`: how fast this machine trains and evaluates.

use std::fmt::Write;

use super::{Failure, check, print};
use crate::cli::BenchArgs;
use crate::config::Config;
use crate::training::benchmark::{self, Benchmark, Spread};
use crate::training::worker::catch;

/// Measures and prints the result.
///
/// # Errors
/// When the device cannot be used, or libtorch fails.
pub fn run(args: BenchArgs, config: Config) -> Result<(), Failure> {
    let mut spec = config.run;
    args.model.apply(&mut spec);
    args.device.apply(&mut spec);
    if let Some(images) = args.batch_size {
        spec.batch_size = images;
    }
    check(&spec)?;
    let measured = catch(|| benchmark::measure(&spec, args.steps, args.test_images))?;
    if args.json {
        let json =
            serde_json::to_string(&measured).map_err(|error| Failure::Failed(error.into()))?;
        return print(&format!("{json}\n"));
    }
    print(&text(&measured))
}

fn text(measured: &Benchmark) -> String {
    let step = measured.step_milliseconds;
    let evaluation = measured.evaluation_seconds;
    let parts = measured.parts_milliseconds;
    let all_parts = parts.data + parts.forward + parts.backward + parts.optimizer;
    let share = |part: f64| format!("{part:.2} ms ({:.1} %)", 100.0 * part / all_parts);
    let augmentation = if measured.augmentation { "augmented" } else { "not augmented" };
    let memory = match measured.peak_memory_bytes {
        Some(bytes) => format!("{:.0} MB", bytes as f64 / 1e6),
        None => "unknown".to_owned(),
    };
    let first_step = match measured.first_step_seconds {
        Some(seconds) => format!("{seconds:.2} s after the start"),
        None => "unknown".to_owned(),
    };
    let lines = [
        ("model", format!("{}, batches of {}", measured.model, measured.batch_size)),
        (
            "device",
            format!("{} ({}), {} threads", measured.device, measured.hardware, measured.threads),
        ),
        ("precision", measured.precision.clone()),
        ("libtorch", measured.libtorch.clone()),
        ("training", format!("{augmentation}, {} steps", measured.steps)),
        ("  a step", format!("{} ms", spread(step, 2))),
        ("  data", share(parts.data)),
        ("  forward", share(parts.forward)),
        ("  backward", share(parts.backward)),
        ("  optimizer", share(parts.optimizer)),
        ("  images", format!("{:.0} a second", measured.images_per_second)),
        ("  epoch", format!("{:.1} s for 50,000 images", measured.epoch_seconds)),
        (
            "evaluation",
            format!("{} s for {} images", spread(evaluation, 3), measured.evaluated_images),
        ),
        ("first step", first_step),
        ("peak memory", memory),
        ("limits", format!("{:.0} GFLOP/s in matrix products", measured.limits.gemm_gflops)),
        ("", format!("{:.1} GB/s copying", measured.limits.copy_gigabytes_per_second)),
        (
            "reached",
            format!(
                "{:.0} GFLOP/s in training's convolutions, counted as direct ones; {:.0} % of the limit",
                measured.training_gflops,
                100.0 * measured.part_of_gemm
            ),
        ),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14} {value}");
    }
    text
}

fn spread(spread: Spread, digits: usize) -> String {
    let Spread { minimum, first_quartile, median, third_quartile, maximum } = spread;
    format!(
        "{median:.digits$} (quartiles {first_quartile:.digits$} to {third_quartile:.digits$}, \
         all {minimum:.digits$} to {maximum:.digits$})"
    )
}
