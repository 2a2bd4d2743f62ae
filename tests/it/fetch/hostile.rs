//! Archives that try to do harm, although their checksum is the expected one.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use resnet_tui::data::fetch::{FetchError, Fetched};
use tar::{EntryType, Header};

use super::archives::{append, append_data_set, compressed, described, good_archive, records};
use super::journey::Journey;

/// Imports an archive made by `fill`.
fn import(fill: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> (Journey, Result<Fetched, FetchError>) {
    let mut tar = tar::Builder::new(Vec::new());
    fill(&mut tar);
    import_bytes(&compressed(tar))
}

fn import_bytes(content: &[u8]) -> (Journey, Result<Fetched, FetchError>) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("archive.tar.gz");
    fs::write(&file, content).unwrap();
    let mut journey = Journey::new();
    let result = journey.fetch(&described(content, &file.display().to_string()));
    (journey, result)
}

#[test]
fn hostile_entries_beside_the_expected_ones_are_not_unpacked() {
    let (journey, result) = import(|tar| {
        for path in [
            "../escaped",
            "cifar-10-batches-bin/../../escaped",
            "cifar-10-batches-bin/deeper/data_batch_1.bin",
            "cifar-10-batches-bin/data_batch_6.bin",
            "/tmp/resnet-tui-escaped",
            "data_batch_1.bin",
            "other/test_batch.bin",
        ] {
            append(tar, path, EntryType::Regular, b"escaped");
        }
        append(tar, "cifar-10-batches-bin/link", EntryType::Symlink, b"");
        append(tar, "cifar-10-batches-bin/test_batch.bin", EntryType::Symlink, b"");
        append(tar, "cifar-10-batches-bin/data_batch_1.bin", EntryType::Link, b"");
        append(tar, "cifar-10-batches-bin/data_batch_2.bin", EntryType::Char, b"");
        append(tar, "cifar-10-batches-bin/data_batch_3.bin", EntryType::Directory, b"");
        append_data_set(tar);
    });
    result.unwrap();
    journey.assert_complete();
    let around = journey.folder.path().parent().unwrap();
    assert!(!around.join("escaped").exists());
    assert!(!Path::new("/tmp/resnet-tui-escaped").exists());
}

#[test]
fn archives_that_hold_no_data_set_are_refused_whole() {
    let batch = "cifar-10-batches-bin/data_batch_1.bin";
    let test = "cifar-10-batches-bin/test_batch.bin";
    let refused = |(journey, result): (Journey, Result<Fetched, FetchError>), expected: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, FetchError::WrongArchive { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        journey.assert_nothing_unpacked();
    };
    refused(import(|_| {}), "no CIFAR-10 files");
    refused(
        import(|tar| append(tar, batch, EntryType::Regular, &records(1, 1))),
        "test_batch.bin is missing",
    );
    refused(
        import(|tar| {
            append(tar, batch, EntryType::Regular, &records(1, 10));
            append(tar, test, EntryType::Regular, &records(1, 1));
        }),
        "record 1 has the label 10",
    );
    refused(
        import(|tar| {
            append_data_set(tar);
            append(tar, test, EntryType::Regular, &records(1, 1));
        }),
        "it holds test_batch.bin twice",
    );
    refused(
        import(|tar| append(tar, batch, EntryType::Regular, &vec![0; (64 << 20) + 1])),
        "data_batch_1.bin has more than",
    );
    refused(import_bytes(b"not gzip at all"), "it cannot be unpacked");
    let good = good_archive();
    refused(import_bytes(&good[..good.len() / 2]), "it cannot be unpacked");
}

#[test]
fn an_archive_that_swells_without_end_is_not_followed() {
    // 1 GiB of zeros in one entry that is to be skipped: under 5 MB of gzip.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = Header::new_gnu();
    header.set_path("cifar-10-batches-bin/filler").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    gzip.write_all(header.as_bytes()).unwrap();
    for _ in 0..1024 {
        gzip.write_all(&[0; 1 << 20]).unwrap();
    }
    let (journey, result) = import_bytes(&gzip.finish().unwrap());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("it cannot be unpacked"), "{message}");
    journey.assert_nothing_unpacked();
}
