//! The images: official CIFAR-10 files, or generated ones, as plain bytes.

pub mod cifar;

pub mod fetch;

pub mod official;

pub mod picture;

pub mod synthetic;

use std::path::Path;

use md5::{Digest, Md5};

pub use cifar::DataError;
pub use picture::Picture;

use crate::config::run::{DataSource, DataSpec};

/// The number of classes; labels are below it.
pub const CLASSES: usize = 10;
/// The bytes of one image: three planes (red, green, blue) of 32 rows of 32 pixels.
pub const IMAGE_BYTES: usize = 3 * 32 * 32;

/// Images with their labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// `[count, 3, 32, 32]`, row-major, 0 to 255.
    pub pixels: Vec<u8>,
    /// `[count]`, 0 to 9.
    pub labels: Vec<u8>,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// One image as it is drawn; `None` where there is none of this index.
    pub fn picture(&self, index: usize) -> Option<Picture> {
        let start = index.checked_mul(IMAGE_BYTES)?;
        Picture::from_planes(self.pixels.get(start..start.checked_add(IMAGE_BYTES)?)?)
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// A training set and the test set that goes with it. Both hold at least one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// What it is, in words. [`official::NAME`] for the official images and nothing else.
    pub name: String,
    /// The images to train on.
    pub train: Images,
    /// The images to measure on.
    pub test: Images,
}

impl Dataset {
    /// Reads or generates the data set of a run. `default_folder` is where the official files lie when
    /// `spec.folder` is empty.
    pub fn load(spec: &DataSpec, default_folder: &Path) -> Result<Self, DataError> {
        match spec.source {
            DataSource::Synthetic => {
                Ok(synthetic::generate(spec.synthetic_train_images, spec.synthetic_test_images))
            }
            DataSource::Cifar10 if spec.folder.as_os_str().is_empty() => {
                cifar::load(default_folder)
            }
            DataSource::Cifar10 => cifar::load(&spec.folder),
        }
    }

    /// A checksum over all images and labels, to notice that a run is resumed on other data.
    ///
    /// `md5:` and 32 hexadecimal digits: the MD5 of, for the training and then the test set, the number
    /// of images (8 bytes, little-endian), the labels and the pixels. Run folders keep it, so it must not
    /// change.
    pub fn fingerprint(&self) -> String {
        let mut digest = Md5::new();
        for images in [&self.train, &self.test] {
            digest.update((images.len() as u64).to_le_bytes());
            digest.update(&images.labels);
            digest.update(&images.pixels);
        }
        format!("md5:{}", hexadecimal(&digest.finalize()))
    }
}

/// The names of the classes, in the order of their labels.
pub fn class_names(source: DataSource) -> &'static [&'static str; CLASSES] {
    match source {
        DataSource::Cifar10 => &cifar::CLASS_NAMES,
        DataSource::Synthetic => &synthetic::CLASS_NAMES,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Dataset {
        let images = |label| Images { pixels: vec![label; IMAGE_BYTES], labels: vec![label] };
        Dataset { name: "tiny".to_owned(), train: images(1), test: images(2) }
    }

    #[test]
    fn the_fingerprint_is_the_documented_one_and_sees_every_byte() {
        let tiny = tiny();
        // python3: hashlib.md5(b"".join((1).to_bytes(8, "little") + bytes([v] * 3073) for v in (1, 2)))
        assert_eq!(tiny.fingerprint(), "md5:2e840ac1c9e9cad457bb3c1f0a39faaa");
        let mut pixel = tiny.clone();
        pixel.test.pixels[IMAGE_BYTES - 1] += 1;
        let mut label = tiny.clone();
        label.train.labels[0] = 0;
        let swapped =
            Dataset { train: tiny.test.clone(), test: tiny.train.clone(), ..tiny.clone() };
        let renamed = Dataset { name: "other".to_owned(), ..tiny.clone() };
        for other in [pixel, label, swapped] {
            assert_ne!(other.fingerprint(), tiny.fingerprint());
        }
        assert_eq!(renamed.fingerprint(), tiny.fingerprint());
    }

    #[test]
    fn an_empty_folder_in_the_spec_means_the_default_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = DataSpec::default();
        let error = Dataset::load(&spec, folder.path()).unwrap_err().to_string();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        spec.folder = folder.path().join("elsewhere");
        let error = Dataset::load(&spec, folder.path()).unwrap_err().to_string();
        assert!(error.contains("elsewhere"), "{error}");
        spec.source = DataSource::Synthetic;
        spec.synthetic_train_images = 20;
        spec.synthetic_test_images = 10;
        let dataset = Dataset::load(&spec, folder.path()).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (20, 10));
    }
}
