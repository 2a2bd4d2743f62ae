//! The official CIFAR-10 binary layout: files of 3,073-byte records, one label byte and the three planes
//! of an image each (<https://www.cs.toronto.edu/~kriz/cifar.html>).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{CLASSES, Dataset, IMAGE_BYTES, Images, official};

/// The folder inside the official archive.
pub const ARCHIVE_FOLDER: &str = "cifar-10-batches-bin";
/// The names of the classes, in the order of their labels.
pub const CLASS_NAMES: [&str; CLASSES] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// One label byte and one image.
const RECORD_BYTES: usize = 1 + IMAGE_BYTES;
const TEST_FILE: &str = "test_batch.bin";

/// Why a folder does not hold a usable data set. The messages say what to do next.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// There is nothing of CIFAR-10 in the folder.
    #[error(
        "no CIFAR-10 files: {} holds neither {ARCHIVE_FOLDER}/ nor data_batch_*.bin with {TEST_FILE}; \
         download them with `resnet-tui data fetch`, name their folder with `--data-dir`, or train on \
         the built-in images with `--synthetic`",
        folder.display()
    )]
    NoFiles {
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// A part of the data set is not there.
    #[error(
        "{} is missing; download the files again with `resnet-tui data fetch`, or name another folder \
         with `--data-dir`",
        file.display()
    )]
    MissingFile {
        /// The file.
        file: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Unreadable {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file has no records.
    #[error(
        "{} is empty; download the files again with `resnet-tui data fetch`, or name another folder \
         with `--data-dir`",
        file.display()
    )]
    EmptyFile {
        /// The file.
        file: PathBuf,
    },
    /// A file ends within a record.
    #[error(
        "{}: record {record} has {bytes} of {RECORD_BYTES} bytes; the file is cut off or is not in the \
         CIFAR-10 binary layout; download it again with `resnet-tui data fetch`, or name another folder \
         with `--data-dir`",
        file.display()
    )]
    CutRecord {
        /// The file.
        file: PathBuf,
        /// The last record, counted from 1.
        record: usize,
        /// How much of it there is.
        bytes: usize,
    },
    /// A record has a label that CIFAR-10 does not have.
    #[error(
        "{}: record {record} has the label {label}, allowed is 0 to 9; the file is damaged or is not in \
         the CIFAR-10 binary layout; download it again with `resnet-tui data fetch`, or name another \
         folder with `--data-dir`",
        file.display()
    )]
    BadLabel {
        /// The file.
        file: PathBuf,
        /// The first such record, counted from 1.
        record: usize,
        /// Its label.
        label: u8,
    },
}

/// Reads the data set in `folder`, or in the `cifar-10-batches-bin` that `folder` holds.
pub fn load(folder: &Path) -> Result<Dataset, DataError> {
    let inner = folder.join(ARCHIVE_FOLDER);
    let holds_files = folder.join(TEST_FILE).is_file() || !training_files(folder)?.is_empty();
    let (train, test) = read_folder(if !holds_files && inner.is_dir() { &inner } else { folder })?;
    Ok(Dataset { name: official::name(&train, &test), train, test })
}

/// Reads the training and the test images of the folder that holds the files themselves.
pub(super) fn read_folder(folder: &Path) -> Result<(Images, Images), DataError> {
    let training = training_files(folder)?;
    let test = folder.join(TEST_FILE);
    match (training.is_empty(), test.is_file()) {
        (true, false) => return Err(DataError::NoFiles { folder: folder.to_owned() }),
        (true, true) => {
            return Err(DataError::MissingFile { file: folder.join("data_batch_1.bin") });
        }
        (false, false) => return Err(DataError::MissingFile { file: test }),
        (false, true) => {}
    }
    Ok((read_files(&training)?, read_files(&[test])?))
}

/// The `data_batch_*.bin` of a folder in the order of their numbers; none where there is no folder.
fn training_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |source| DataError::Unreadable { file: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut numbered = Vec::new();
    for entry in entries {
        let file = entry.map_err(unreadable)?.path();
        let number = file
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix("data_batch_")?.strip_suffix(".bin"))
            .and_then(|number| number.parse::<u32>().ok());
        if let Some(number) = number {
            numbered.push((number, file));
        }
    }
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, file)| file).collect())
}

fn read_files(files: &[PathBuf]) -> Result<Images, DataError> {
    let mut images = Images::default();
    // One buffer for all files: fresh memory for each would cost more time than reading them.
    let mut bytes = Vec::new();
    for file in files {
        bytes.clear();
        File::open(file)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|source| DataError::Unreadable { file: file.clone(), source })?;
        append_records(&bytes, file, &mut images)?;
    }
    Ok(images)
}

fn append_records(bytes: &[u8], file: &Path, images: &mut Images) -> Result<(), DataError> {
    if bytes.is_empty() {
        return Err(DataError::EmptyFile { file: file.to_owned() });
    }
    let count = bytes.len() / RECORD_BYTES;
    images.labels.reserve_exact(count);
    images.pixels.reserve_exact(count * IMAGE_BYTES);
    for (record, content) in (1..).zip(bytes.chunks(RECORD_BYTES)) {
        let file = || file.to_owned();
        let Some((&label, pixels)) = content.split_first().filter(|(_, p)| p.len() == IMAGE_BYTES)
        else {
            return Err(DataError::CutRecord { file: file(), record, bytes: content.len() });
        };
        if usize::from(label) >= CLASSES {
            return Err(DataError::BadLabel { file: file(), record, label });
        }
        images.labels.push(label);
        images.pixels.extend_from_slice(pixels);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of records whose pixels all equal the label plus `shade`.
    fn write(folder: &Path, name: &str, labels: &[u8], shade: u8) {
        let records: Vec<u8> = labels
            .iter()
            .flat_map(|label| {
                std::iter::once(*label).chain(std::iter::repeat_n(label + shade, IMAGE_BYTES))
            })
            .collect();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), records).unwrap();
    }

    fn message(folder: &Path) -> String {
        load(folder).unwrap_err().to_string()
    }

    #[test]
    fn files_are_read_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "data_batch_10.bin", &[9, 8], 10);
        write(folder.path(), "data_batch_2.bin", &[7], 20);
        write(folder.path(), "test_batch.bin", &[0], 30);
        write(folder.path(), "data_batch_x.bin", &[1], 0);
        let dataset = load(folder.path()).unwrap();
        assert_eq!(dataset.train.labels, [7, 9, 8]);
        let first_pixels: Vec<u8> =
            dataset.train.pixels.iter().step_by(IMAGE_BYTES).copied().collect();
        assert_eq!(first_pixels, [27, 19, 18]);
        assert_eq!(dataset.train.pixels.len(), 3 * IMAGE_BYTES);
        assert_eq!(dataset.test, Images { pixels: vec![30; IMAGE_BYTES], labels: vec![0] });
        assert_eq!(dataset.name, "CIFAR-10 layout, not the official images (3 training, 1 test)");
    }

    #[test]
    fn the_folder_may_be_the_one_around() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join(ARCHIVE_FOLDER), "data_batch_1.bin", &[1], 0);
        write(&folder.path().join(ARCHIVE_FOLDER), "test_batch.bin", &[2], 0);
        assert_eq!(load(folder.path()).unwrap().train.labels, [1]);
        write(folder.path(), "data_batch_1.bin", &[3], 0);
        write(folder.path(), "test_batch.bin", &[4], 0);
        assert_eq!(load(folder.path()).unwrap().train.labels, [3], "the folder itself comes first");
    }

    #[test]
    fn the_golden_files_are_read_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data");
        let dataset = load(&folder).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (320, 128));
        let record = fs::read(folder.join("data_batch_1.bin")).unwrap();
        let last = &record[319 * RECORD_BYTES..];
        assert_eq!(dataset.train.labels[319], last[0]);
        assert_eq!(dataset.train.pixels[319 * IMAGE_BYTES..], last[1..]);
    }

    #[test]
    fn missing_files_are_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        for missing in [folder.path().to_owned(), folder.path().join("nowhere")] {
            let text = message(&missing);
            assert!(text.contains(&format!("{} holds neither", missing.display())), "{text}");
            assert!(text.contains("`resnet-tui data fetch`") && text.contains("`--synthetic`"));
        }
        write(folder.path(), "data_batch_1.bin", &[1], 0);
        assert!(message(folder.path()).contains("test_batch.bin is missing"));
        fs::remove_file(folder.path().join("data_batch_1.bin")).unwrap();
        write(folder.path(), "test_batch.bin", &[1], 0);
        assert!(message(folder.path()).contains("data_batch_1.bin is missing"));
        write(&folder.path().join("file"), "data_batch_1.bin", &[1], 0);
        assert!(message(&folder.path().join("file/data_batch_1.bin")).contains("cannot read"));
    }

    #[test]
    fn damaged_files_are_named_with_the_record() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "data_batch_1.bin", &[1, 2], 0);
        write(folder.path(), "test_batch.bin", &[0, 9, 10, 11], 0);
        let text = message(folder.path());
        assert!(text.contains("test_batch.bin: record 3 has the label 10"), "{text}");
        write(folder.path(), "test_batch.bin", &[], 0);
        assert!(message(folder.path()).contains("test_batch.bin is empty"));
        let file = folder.path().join("data_batch_1.bin");
        for (kept, expected) in [
            (2 * RECORD_BYTES - 1, "data_batch_1.bin: record 2 has 3072 of 3073 bytes"),
            (RECORD_BYTES + 1, "data_batch_1.bin: record 2 has 1 of 3073 bytes"),
            (5, "data_batch_1.bin: record 1 has 5 of 3073 bytes"),
        ] {
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..kept]).unwrap();
            let text = message(folder.path());
            assert!(text.contains(expected), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_records_or_an_error(bytes in proptest::collection::vec(0u8..12, 0..7_000)) {
            let mut images = Images::default();
            let result = append_records(&bytes, Path::new("file"), &mut images);
            let valid = !bytes.is_empty()
                && bytes.len().is_multiple_of(RECORD_BYTES)
                && bytes.iter().step_by(RECORD_BYTES).all(|label| *label < 10);
            proptest::prop_assert_eq!(result.is_ok(), valid);
            if valid {
                proptest::prop_assert_eq!(images.len(), bytes.len() / RECORD_BYTES);
            }
        }
    }
}
