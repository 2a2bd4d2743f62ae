//! A folder of files that are right and one of files that are wrong, a case each.

use std::path::{Path, PathBuf};

use resnet_tui::config::Config;

fn files(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/configs").join(folder);
    let mut files: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    files.sort();
    files
}

#[test]
fn what_is_right_is_read() {
    let files = files("valid");
    assert!(!files.is_empty());
    for (name, path) in files {
        let config = Config::load(Some(&path)).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        // Only what differs from the defaults, or the snapshots would repeat them all.
        let given: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let read = toml::Table::try_from(&config).unwrap();
        assert_within(&name, &given, &read);
    }
}

/// Every value of `given` is in `read`.
fn assert_within(name: &str, given: &toml::Table, read: &toml::Table) {
    for (key, value) in given {
        match (value, &read[key]) {
            (toml::Value::Table(given), toml::Value::Table(read)) => {
                assert_within(name, given, read);
            }
            (toml::Value::Integer(given), toml::Value::Float(read)) => {
                assert_eq!(*given as f64, *read, "{name}: {key}");
            }
            (given, read) => assert_eq!(given, read, "{name}: {key}"),
        }
    }
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let files = files("invalid");
    assert!(!files.is_empty());
    for (name, path) in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let error = Config::parse(&text, Path::new("config.toml")).unwrap_err();
        insta::assert_snapshot!(format!("invalid_{name}"), error);
    }
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let error = Config::load(Some(Path::new("/nowhere/config.toml"))).unwrap_err();
    assert!(format!("{error:#}").contains("/nowhere/config.toml"));
}
