//! How fast this machine trains and evaluates, against its own limits.
//!
//! Steps are the trainer's own, on images of random pixels: what they show changes no time.

use std::time::Instant;

use anyhow::{Result, ensure};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::checkpoint::State;
use super::device::{self, Precision};
use super::evaluation::{self, InputFormat, Measures};
use super::images::DeviceImages;
use super::step::{EpochPlan, Part, Setting, Sums};
use crate::config::run::RunSpec;
use crate::data::Images;
use crate::model::{Network, Parameters, summary};
use crate::native::context;

/// Training images of CIFAR-10.
const EPOCH_IMAGES: f64 = 50_000.0;

/// Evaluations that are timed.
const EVALUATIONS: usize = 3;

/// Steps from which the shares of the parts are taken.
const STEPS_IN_PARTS: u32 = 20;

/// Steps of a GPU between two looks at the clock. It is given work ahead of what it does; to wait for
/// it after every step would time the waiting.
const STEPS_OF_A_READING: u32 = 10;

/// Steps before the clock starts: libtorch chooses its kernels and takes its memory.
const WARM_UP: u32 = 5;

/// Five numbers that say how measurements spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub minimum: f64,
    /// A quarter of them is below.
    pub first_quartile: f64,
    /// The middle one.
    pub median: f64,
    /// A quarter of them is above.
    pub third_quartile: f64,
    /// The largest.
    pub maximum: f64,
}

/// The median time of each part of a step, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parts {
    /// Picking the images, augmentation, layout.
    pub data: f64,
    /// From the images to the loss.
    pub forward: f64,
    /// The gradient.
    pub backward: f64,
    /// The penalty, the sums, the update.
    pub optimizer: f64,
}

/// What a machine can do at best, measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Multiplying large matrices in the precision of the run, in 10⁹ operations a second.
    pub gemm_gflops: f64,
    /// Copying, in 10⁹ bytes a second, read and written.
    pub copy_gigabytes_per_second: f64,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Benchmark {
    /// The network.
    pub model: String,
    /// `cpu`, `cuda:0`, ….
    pub device: String,
    /// What the device calls itself.
    pub hardware: String,
    /// `fp32` or `bf16`.
    pub precision: String,
    /// CPU threads.
    pub threads: i32,
    /// The version of libtorch.
    pub libtorch: String,
    /// Images per step.
    pub batch_size: u32,
    /// Steps that were timed; on a GPU ten at a time.
    pub steps: u32,
    /// Whether images were augmented.
    pub augmentation: bool,
    /// Time of a step, in milliseconds.
    pub step_milliseconds: Spread,
    /// In each part, where each is waited for: on a GPU they are more than a step together.
    pub parts_milliseconds: Parts,
    /// Images trained a second, by the median step.
    pub images_per_second: f64,
    /// Seconds to train 50,000 images, by the median step.
    pub epoch_seconds: f64,
    /// From the start of the process to the end of the first step, in seconds; `None` where the system
    /// does not say when it started.
    pub first_step_seconds: Option<f64>,
    /// Seconds to evaluate the images.
    pub evaluation_seconds: Spread,
    /// How many images that were.
    pub evaluated_images: u32,
    /// The most memory this process, or on a GPU its tensors, took, in bytes; `None` where the system
    /// does not say.
    pub peak_memory_bytes: Option<u64>,
    /// The machine's own limits.
    pub limits: Limits,
    /// Operations of training's convolutions, as a direct convolution counts them, in 10⁹ a second.
    pub training_gflops: f64,
    /// Those as a part of what large matrices reach; more than 1 is possible where a convolution needs
    /// fewer operations than a direct one.
    pub part_of_gemm: f64,
}

/// Measures a recipe, over `steps` steps and evaluations of `test_images`.
///
/// # Errors
/// When the device cannot be used, or there is nothing to measure.
pub fn measure(spec: &RunSpec, steps: u32, test_images: u32) -> Result<Benchmark> {
    ensure!(steps > 0, "a measurement takes at least one step");
    ensure!(test_images > 0, "an evaluation takes at least one image");
    context::flush_denormals();
    let device = device::resolve(spec.device)?;
    if spec.threads > 0 {
        tch::set_num_threads(spec.threads as i32);
    }
    let precision = device::precision(spec.precision, device);
    let network = Network::new(spec.architecture());
    let images = random_images(test_images.max(spec.batch_size) as usize, device);
    let format = InputFormat::new(&images.images, spec, precision.kind());
    let mut state = State::new(spec, &network, Parameters::initial(&network, spec.seed, device));
    let setting = Setting { spec, network: &network, format: &format, images: &images };
    let mut stepper = Stepper::new(setting, &mut state, device);
    stepper.step(|_| {});
    synchronize(device);
    let first_step_seconds = seconds_since_start();
    let times = stepper.time_steps(steps);
    let parts = stepper.time_parts(steps.min(STEPS_IN_PARTS));
    let test_set = images.narrow(0, i64::from(test_images));
    let evaluations = time_evaluations(setting, &test_set, &state.parameters, device)?;
    let peak_memory_bytes = peak_memory(device);
    let limits = Limits::measure(precision, device);

    let steps = times.len() as u32 * steps_of_a_reading(device);
    let step = Spread::of(times);
    let part = |part: Part| Spread::of(parts.iter().map(|times| times[part as usize]).collect());
    let images_per_second = f64::from(spec.batch_size) / step.median * 1e3;
    let operations = summary::multiply_adds(&network) as f64 * OPERATIONS_PER_MULTIPLY_ADD;
    let training_gflops = images_per_second * operations / 1e9;
    Ok(Benchmark {
        model: network.architecture.to_string(),
        device: device::name(device),
        hardware: device::hardware_name(device),
        precision: precision.name().to_owned(),
        threads: tch::get_num_threads(),
        libtorch: context::libtorch_version(),
        batch_size: spec.batch_size,
        steps,
        augmentation: spec.data_augmentation,
        step_milliseconds: step,
        parts_milliseconds: Parts {
            data: part(Part::Data).median,
            forward: part(Part::Forward).median,
            backward: part(Part::Backward).median,
            optimizer: part(Part::Optimizer).median,
        },
        images_per_second,
        epoch_seconds: EPOCH_IMAGES / images_per_second,
        first_step_seconds,
        evaluation_seconds: Spread::of(evaluations),
        evaluated_images: test_images,
        peak_memory_bytes,
        limits,
        training_gflops,
        part_of_gemm: training_gflops / limits.gemm_gflops,
    })
}

/// A multiplication and an addition; forward, and twice that backward, for the gradients of the
/// activation and of the kernel.
const OPERATIONS_PER_MULTIPLY_ADD: f64 = 2.0 * 3.0;

/// Trains one batch after the other, again from the first when there is no full one left.
struct Stepper<'a> {
    setting: Setting<'a>,
    state: &'a mut State,
    plan: EpochPlan,
    sums: Sums,
    device: Device,
}

impl<'a> Stepper<'a> {
    fn new(setting: Setting<'a>, state: &'a mut State, device: Device) -> Self {
        let plan = EpochPlan::draw(setting.spec, 0, setting.images.len(), device);
        let sums = Sums::new(&state.progress, device);
        Self { setting, state, plan, sums, device }
    }

    fn step(&mut self, after: impl FnMut(Part)) {
        let full_batches =
            self.setting.images.len() as u64 / u64::from(self.setting.spec.batch_size);
        if self.state.progress.batch >= full_batches {
            self.state.progress.batch = 0;
        }
        let rate = self.setting.spec.learning_rate;
        self.setting.step(&self.plan, rate, self.state, &mut self.sums, after);
    }

    /// Milliseconds of a step, of at least `steps`.
    fn time_steps(&mut self, steps: u32) -> Vec<f64> {
        for _ in 0..WARM_UP {
            self.step(|_| {});
        }
        let at_once = steps_of_a_reading(self.device);
        let mut times = Vec::new();
        for _ in 0..steps.div_ceil(at_once) {
            synchronize(self.device);
            let begun = Instant::now();
            for _ in 0..at_once {
                self.step(|_| {});
            }
            synchronize(self.device);
            times.push(begun.elapsed().as_secs_f64() * 1e3 / f64::from(at_once));
        }
        times
    }

    /// Milliseconds of each part of each step, each waited for.
    fn time_parts(&mut self, steps: u32) -> Vec<[f64; 4]> {
        let device = self.device;
        let mut times = Vec::new();
        for _ in 0..steps {
            let mut parts = [0.0; 4];
            synchronize(device);
            let mut begun = Instant::now();
            self.step(|part| {
                synchronize(device);
                parts[part as usize] = begun.elapsed().as_secs_f64() * 1e3;
                begun = Instant::now();
            });
            times.push(parts);
        }
        times
    }
}

fn steps_of_a_reading(device: Device) -> u32 {
    if device == Device::Cpu { 1 } else { STEPS_OF_A_READING }
}

fn time_evaluations(
    setting: Setting<'_>,
    images: &DeviceImages,
    parameters: &Parameters,
    device: Device,
) -> Result<Vec<f64>> {
    let evaluate = |set: &DeviceImages| {
        let (network, format) = (setting.network, setting.format);
        evaluation::evaluate(network, parameters, format, set, Measures::of(setting.spec), |_| {
            Ok(true)
        })
    };
    // A GPU looks for the fastest algorithm at every number of images that it has not met.
    let few = if device == Device::Cpu { images.len().min(250) } else { images.len() };
    evaluate(&images.narrow(0, few))?;
    let mut seconds = Vec::new();
    for _ in 0..EVALUATIONS {
        synchronize(device);
        let begun = Instant::now();
        // It ends by reading its sums, which waits for the device.
        evaluate(images)?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok(seconds)
}

fn random_images(count: usize, device: Device) -> DeviceImages {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut pixels = vec![0; count * 3 * 32 * 32];
    random.fill_bytes(&mut pixels);
    let labels = (0..count).map(|index| (index % 10) as u8).collect();
    DeviceImages::new(&Images { pixels, labels }, device)
}

/// Waits until a GPU has done what it was given; without, a clock would time the giving.
fn synchronize(device: Device) {
    match device {
        Device::Cuda(index) => tch::Cuda::synchronize(index as i64),
        // Reading a number waits for all before it.
        Device::Mps => {
            let _ = Tensor::zeros([1], (Kind::Float, device)).double_value(&[0]);
        }
        _ => {}
    }
}

/// Seconds since this process began, as Linux counts them in hundredths.
fn seconds_since_start() -> Option<f64> {
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    // The name of the program, in parentheses, may hold spaces; the start is the 20th field after it.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let start: f64 = stat.rsplit(')').next()?.split_whitespace().nth(19)?.parse().ok()?;
    // In some containers the two are not of the same system.
    Some(uptime - start / 100.0).filter(|&seconds| seconds >= 0.0)
}

fn peak_memory(device: Device) -> Option<u64> {
    match device {
        Device::Cuda(index) => context::cuda_peak_memory(index, false).ok(),
        _ => {
            let status = std::fs::read_to_string("/proc/self/status").ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
            Some(kibibytes * 1024)
        }
    }
}

impl Spread {
    /// The spread of measurements, of which there is at least one.
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * (values.len().max(1) - 1) as f64;
            let below = values.get(place.floor() as usize).copied().unwrap_or(f64::NAN);
            let above = values.get(place.ceil() as usize).copied().unwrap_or(f64::NAN);
            below + (above - below) * place.fract()
        };
        Self {
            minimum: at(0.0),
            first_quartile: at(0.25),
            median: at(0.5),
            third_quartile: at(0.75),
            maximum: at(1.0),
        }
    }
}

impl Limits {
    /// The best of many tries at each: a limit is not a mean.
    fn measure(precision: Precision, device: Device) -> Self {
        let size = if device == Device::Cpu { 1_024 } else { 8_192 };
        let options = (Kind::Float, device);
        let matrix = || Tensor::rand([size, size], options).to_kind(precision.kind());
        let (a, b) = (matrix(), matrix());
        let gemm = fastest(device, || a.matmul(&b));
        // Larger than the caches.
        let source = Tensor::zeros([64 << 20], options);
        let mut target = source.zeros_like();
        let copy = fastest(device, || {
            target.copy_(&source);
            target.shallow_clone()
        });
        Self {
            gemm_gflops: 2.0 * (size as f64).powi(3) / gemm / 1e9,
            copy_gigabytes_per_second: 2.0 * 4.0 * source.numel() as f64 / copy / 1e9,
        }
    }
}

/// Seconds of the fastest of as many runs as fit in a second: other work on the machine must leave one
/// of them alone.
fn fastest(device: Device, mut operation: impl FnMut() -> Tensor) -> f64 {
    let start = Instant::now();
    let mut fastest = f64::INFINITY;
    while start.elapsed().as_secs_f64() < 1.0 {
        synchronize(device);
        let begun = Instant::now();
        let result = operation();
        synchronize(device);
        fastest = fastest.min(begun.elapsed().as_secs_f64());
        drop(result);
    }
    fastest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::DeviceChoice;

    #[test]
    fn five_numbers_of_a_spread() {
        let spread = Spread::of(vec![5.0, 1.0, 2.0, 4.0]);
        assert_eq!((spread.minimum, spread.maximum), (1.0, 5.0));
        assert_eq!(
            (spread.first_quartile, spread.median, spread.third_quartile),
            (1.75, 3.0, 4.25)
        );
        assert_eq!(Spread::of(vec![7.0]).first_quartile, 7.0);
    }

    #[test]
    fn steps_and_their_parts_are_timed_and_the_batches_begin_anew() {
        let spec = RunSpec { n: 1, batch_size: 8, device: DeviceChoice::Cpu, ..RunSpec::default() };
        let network = Network::new(spec.architecture());
        let images = random_images(20, Device::Cpu);
        let format = InputFormat::new(&images.images, &spec, Kind::Float);
        let mut state = State::new(&spec, &network, Parameters::initial(&network, 1, Device::Cpu));
        let setting = Setting { spec: &spec, network: &network, format: &format, images: &images };
        let mut stepper = Stepper::new(setting, &mut state, Device::Cpu);
        let (steps, parts) = (stepper.time_steps(3), stepper.time_parts(2));
        assert_eq!((steps.len(), parts.len()), (3, 2));
        assert_eq!(state.progress.step, u64::from(WARM_UP) + 5);
        assert!(steps.iter().all(|&step| step > 0.0));
        assert!(parts.iter().flatten().all(|&part| part > 0.0));
    }
}
