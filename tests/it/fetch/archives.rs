//! Small archives in the layout of the official one.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use resnet_tui::data::fetch::Archive;
use tar::{EntryType, Header};

/// An entry of a test archive, with any path the format can hold.
pub fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o777);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

pub fn records(count: usize, label: u8) -> Vec<u8> {
    // Not compressible to nothing, so that the archive is long enough to be cut in the middle.
    let mut state = u32::from(label) + 1;
    let mut pixel = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count)
        .flat_map(|_| std::iter::once(label).chain((0..3072).map(|_| pixel()).collect::<Vec<_>>()))
        .collect()
}

/// The data set that a good archive holds: five training files and a test file.
pub fn append_data_set(tar: &mut tar::Builder<Vec<u8>>) {
    append(tar, "cifar-10-batches-bin/", EntryType::Directory, b"");
    append(tar, "cifar-10-batches-bin/readme.html", EntryType::Regular, b"<html>");
    append(tar, "cifar-10-batches-bin/batches.meta.txt", EntryType::Regular, b"airplane\n");
    for number in 1..=5 {
        let path = format!("cifar-10-batches-bin/data_batch_{number}.bin");
        append(tar, &path, EntryType::Regular, &records(4, number));
    }
    append(tar, "./cifar-10-batches-bin/test_batch.bin", EntryType::Regular, &records(3, 0));
}

pub fn compressed(tar: tar::Builder<Vec<u8>>) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

pub fn good_archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    append_data_set(&mut tar);
    compressed(tar)
}

pub fn described(content: &[u8], url: &str) -> Archive {
    let md5 = Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    Archive { url: url.to_owned(), bytes: content.len() as u64, md5 }
}
