//! Training images before and after augmentation, as they can be drawn.

use std::io;
use std::path::Path;
use std::thread;

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender, unbounded};
use tch::{Device, Kind, Tensor};

use super::images::DeviceImages;
use super::worker;
use crate::augmentation::{Standardization, TransformBatch, draws};
use crate::config::augmentation::Augmentation;
use crate::config::run::{DataSpec, RunSpec};
use crate::data::{Dataset, IMAGE_BYTES, Picture};

/// What to show.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewRequest {
    /// The recipe.
    pub spec: RunSpec,
    /// How many images: the first ones that the epoch trains on.
    pub images: u32,
    /// The epoch, from 0.
    pub epoch: u32,
}

/// The beginning of an epoch's first batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The request that this answers.
    pub request: PreviewRequest,
    /// The images.
    pub images: Vec<PreviewImage>,
    /// Whether each augmented image was stretched to the full range of grey levels: after
    /// standardisation its values are none. Only its shapes and relative colours mean something then.
    pub stretched: bool,
}

/// One training image.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewImage {
    /// Its class.
    pub class: usize,
    /// As it is stored.
    pub original: Picture,
    /// As it is trained on, the pixel mean added again.
    pub augmented: Picture,
}

/// A thread that makes previews. It ends when the requests' sender is dropped.
#[derive(Debug)]
pub struct PreviewWorker {
    /// Takes requests; of several that wait, only the last is answered.
    pub requests: Sender<PreviewRequest>,
    /// Gives an answer for each request that was not overtaken: the images, or why there are none and
    /// what to do.
    pub answers: Receiver<Result<Preview, String>>,
}

/// Starts the thread. The data set and its statistics are kept between requests: the first preview
/// of a data set takes as long as loading it, those that follow a moment. Whitening takes as long as
/// it does in training.
///
/// # Errors
/// When the operating system gives no thread.
pub fn spawn() -> io::Result<PreviewWorker> {
    let (requests, waiting) = unbounded::<PreviewRequest>();
    let (sender, answers) = unbounded();
    // The name keeps the terminal's panic hook quiet: a panic of libtorch becomes an error here.
    thread::Builder::new().name(worker::THREAD_NAME.to_owned()).spawn(move || {
        let mut source = Source::default();
        while let Ok(first) = waiting.recv() {
            let request = waiting.try_iter().last().unwrap_or(first);
            let preview = worker::catch(|| source.preview(request));
            if sender.send(preview.map_err(|error| format!("{error:#}"))).is_err() {
                return;
            }
        }
    })?;
    Ok(PreviewWorker { requests, answers })
}

/// What is kept between previews.
#[derive(Default)]
struct Source {
    /// The training images of a data set, with what remains of them after a part was held out.
    loaded: Option<(DataSpec, DeviceImages)>,
    /// Statistics, with the settings they were fitted for.
    fitted: Option<(RunSpec, Standardization)>,
}

impl Source {
    fn preview(&mut self, request: PreviewRequest) -> Result<Preview> {
        let spec = &request.spec;
        if let Some(problem) = spec.problems().into_iter().next() {
            return Err(problem.into());
        }
        let all = self.images(&spec.data)?;
        let (_, train) = all.hold_out(spec.validation_split);
        let standardization = self.statistics(spec, &train);
        let count = train.len() as usize;
        let mut order = draws::epoch_order(spec.seed, request.epoch, count, spec.shuffle);
        order.truncate(request.images as usize);
        let batch = train.pick(&Tensor::from_slice(&order));
        let mut values = standardization.prepare(&batch.images);
        if spec.data_augmentation {
            let augmentation = &spec.augmentation;
            let transforms: Vec<_> = order
                .iter()
                .map(|&image| {
                    draws::transform(augmentation, spec.seed, request.epoch, image as u64)
                })
                .collect();
            let transforms = TransformBatch::new(&transforms, augmentation, Device::Cpu);
            values = transforms.apply(&values, augmentation);
        }
        let stretched = loses_grey_levels(spec);
        let augmented = if stretched {
            stretch(&standardization.apply(values))
        } else {
            // Nothing is left but a factor, which the screen would only have to undo.
            standardization.restore(&values)
        };
        let labels: Vec<i64> = Vec::try_from(&batch.labels)?;
        let pictures = pictures(&batch.images)?.into_iter().zip(pictures(&augmented)?);
        let images = labels.into_iter().zip(pictures).map(|(label, (original, augmented))| {
            PreviewImage { class: label as usize, original, augmented }
        });
        Ok(Preview { images: images.collect(), stretched, request })
    }

    fn images(&mut self, data: &DataSpec) -> Result<DeviceImages> {
        let loaded = match self.loaded.take() {
            Some((of, images)) if of == *data => images,
            _ => {
                self.fitted = None;
                DeviceImages::new(&Dataset::load(data, Path::new(""))?.train, Device::Cpu)
            }
        };
        let view = loaded.narrow(0, loaded.len());
        self.loaded = Some((data.clone(), loaded));
        Ok(view)
    }

    fn statistics(&mut self, spec: &RunSpec, train: &DeviceImages) -> &Standardization {
        let settings = that_decide_statistics(spec);
        let fitted = match self.fitted.take() {
            Some((of, fitted)) if of == settings => fitted,
            _ => Standardization::fit(&train.images, &settings),
        };
        &self.fitted.insert((settings, fitted)).1
    }
}

/// The settings that the statistics depend on; all others at their defaults.
fn that_decide_statistics(spec: &RunSpec) -> RunSpec {
    let all = &spec.augmentation;
    let augmentation = Augmentation {
        featurewise_center: all.featurewise_center,
        samplewise_center: all.samplewise_center,
        featurewise_std_normalization: all.featurewise_std_normalization,
        samplewise_std_normalization: all.samplewise_std_normalization,
        zca_whitening: all.zca_whitening,
        zca_epsilon: all.zca_epsilon,
        rescale: all.rescale,
        ..Augmentation::default()
    };
    RunSpec {
        validation_split: spec.validation_split,
        subtract_pixel_mean: spec.subtract_pixel_mean,
        data_augmentation: loses_grey_levels(spec),
        augmentation: if loses_grey_levels(spec) { augmentation } else { Augmentation::default() },
        ..RunSpec::default()
    }
}

/// Whether the recipe standardises the images beyond the pixel mean and a factor.
fn loses_grey_levels(spec: &RunSpec) -> bool {
    let augmentation = &spec.augmentation;
    spec.data_augmentation
        && (augmentation.featurewise_center
            || augmentation.samplewise_center
            || augmentation.featurewise_std_normalization
            || augmentation.samplewise_std_normalization
            || augmentation.zca_whitening)
}

/// Each image with its smallest value at 0 and its largest at 255, u8.
fn stretch(images: &Tensor) -> Tensor {
    let all = [1, 2, 3].as_slice();
    let (low, high) = (images.amin(all, true), images.amax(all, true));
    let range = (high - &low).clamp_min(f64::from(f32::EPSILON));
    ((images - low) / range * 255.0).round().clamp(0.0, 255.0).to_kind(Kind::Uint8)
}

/// Images `[count, 3, 32, 32]`, u8.
fn pictures(images: &Tensor) -> Result<Vec<Picture>> {
    let bytes: Vec<u8> = Vec::try_from(images.flatten(0, 3))?;
    Ok(bytes.chunks(IMAGE_BYTES).filter_map(Picture::from_planes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::DataSource;

    fn request(change: impl FnOnce(&mut RunSpec)) -> PreviewRequest {
        let mut spec = RunSpec::default();
        spec.data.source = DataSource::Synthetic;
        spec.data.synthetic_train_images = 100;
        spec.data.synthetic_test_images = 10;
        change(&mut spec);
        PreviewRequest { spec, images: 12, epoch: 0 }
    }

    fn preview(change: impl FnOnce(&mut RunSpec)) -> Preview {
        Source::default().preview(request(change)).unwrap()
    }

    /// The largest difference between two pictures, in grey levels.
    fn apart(a: &Picture, b: impl Fn(usize, usize) -> [u8; 3]) -> u8 {
        let pixels = (0..32).flat_map(|row| (0..32).map(move |column| (row, column)));
        let largest = pixels.map(|(row, column)| {
            let (a, b) = (a.pixel(row, column), b(row, column));
            (0..3).map(|channel| a[channel].abs_diff(b[channel])).max().unwrap()
        });
        largest.max().unwrap()
    }

    fn nothing() -> Augmentation {
        Augmentation {
            width_shift_range: 0.0,
            height_shift_range: 0.0,
            horizontal_flip: false,
            ..Augmentation::default()
        }
    }

    #[test]
    fn with_all_flags_off_the_images_are_as_stored() {
        for subtract in [true, false] {
            let preview = preview(|spec| {
                spec.augmentation = nothing();
                spec.augmentation.rescale = 3.0;
                spec.subtract_pixel_mean = subtract;
            });
            assert_eq!(preview.images.len(), 12);
            assert!(!preview.stretched);
            for image in preview.images {
                assert!(apart(&image.augmented, |y, x| image.original.pixel(y, x)) <= 1);
            }
        }
    }

    #[test]
    fn a_flip_flips_about_half_of_the_images() {
        let preview = preview(|spec| {
            spec.augmentation = Augmentation { horizontal_flip: true, ..nothing() };
            spec.subtract_pixel_mean = false;
        });
        let flipped = preview.images.iter().filter(|image| {
            let same = apart(&image.augmented, |y, x| image.original.pixel(y, x)) <= 1;
            let mirrored = apart(&image.augmented, |y, x| image.original.pixel(y, 31 - x)) <= 1;
            assert!(same != mirrored);
            mirrored
        });
        assert!((1..12).contains(&flipped.count()));
    }

    #[test]
    fn the_images_are_the_first_of_the_epoch() {
        let preview = preview(|_| {});
        let train = crate::data::synthetic::generate(100, 10).train;
        let order = draws::epoch_order(1, 0, 100, true);
        for (image, index) in preview.images.iter().zip(order) {
            assert_eq!(image.original, train.picture(index as usize).unwrap());
            assert_eq!(image.class, usize::from(train.labels[index as usize]));
        }
    }

    #[test]
    fn standardised_images_are_stretched() {
        let preview = preview(|spec| spec.augmentation.featurewise_std_normalization = true);
        assert!(preview.stretched);
        for image in &preview.images {
            let all = (0..32).flat_map(|y| (0..32).flat_map(move |x| image.augmented.pixel(y, x)));
            assert_eq!((all.clone().min(), all.max()), (Some(0), Some(255)));
        }
    }

    #[test]
    fn what_is_kept_between_previews_never_shows() {
        let mut source = Source::default();
        type Change = fn(&mut RunSpec);
        let changes: [Change; 6] = [
            |_| {},
            |spec| spec.augmentation.samplewise_center = true,
            |spec| spec.augmentation.rotation_range = 30.0,
            |spec| spec.subtract_pixel_mean = false,
            |spec| spec.validation_split = 0.5,
            |spec| spec.data.synthetic_train_images = 50,
        ];
        for change in changes {
            let kept = source.preview(request(change)).unwrap();
            assert_eq!(kept, preview(change));
        }
    }

    #[test]
    fn the_thread_answers_the_last_request_and_says_what_is_wrong() {
        let worker = spawn().unwrap();
        worker.requests.send(request(|spec| spec.n = 0)).unwrap();
        assert!(worker.answers.recv().unwrap().unwrap_err().starts_with("n: "));
        let folder = tempfile::tempdir().unwrap();
        worker
            .requests
            .send(request(|spec| {
                spec.data.source = DataSource::Cifar10;
                spec.data.folder = folder.path().to_owned();
            }))
            .unwrap();
        assert!(worker.answers.recv().unwrap().unwrap_err().contains("no CIFAR-10 files"));
        for seed in 1..=20 {
            worker.requests.send(request(|spec| spec.seed = seed)).unwrap();
        }
        let mut answered = Vec::new();
        while answered.last() != Some(&20) {
            answered.push(worker.answers.recv().unwrap().unwrap().request.spec.seed);
        }
        assert!(answered.is_sorted(), "{answered:?}");
        drop(worker.requests);
        assert!(worker.answers.recv().is_err());
    }
}
