//! What the documents say of the keys is what the program does. `UPDATE_DOCUMENTS=1 cargo test --test it
//! documents` writes the two sections anew.

use std::fmt::Write;
use std::path::Path;

use resnet_tui::config::keys::{BINDINGS, Binding, Scope};

const TABLE: (&str, &str) = ("<!-- keys: generated -->\n", "<!-- end of keys -->\n");
const SECTION: &str = "\n[interface.keys]\n";

/// Compares what stands between `begin` and `end` with `expected`, or puts it there.
fn check(file: &str, begin: &str, end: Option<&str>, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(begin).unwrap();
    let (found, after) = match end {
        Some(end) => rest.split_once(end).unwrap(),
        None => (rest, ""),
    };
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        let end = end.unwrap_or_default();
        std::fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(found, expected, "{file}: run UPDATE_DOCUMENTS=1 cargo test --test it documents");
}

#[test]
fn the_readme_lists_the_keys() {
    let mut table = String::new();
    let mut scope: Option<Scope> = None;
    for Binding { scope: place, keys, help, .. } in BINDINGS {
        if scope != Some(*place) {
            scope = Some(*place);
            let _ = write!(table, "\n| {} | |\n| --- | --- |\n", place.title());
        }
        let keys: Vec<String> =
            keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
        let _ = writeln!(table, "| {} | {help} |", keys.join(" "));
    }
    check("README.md", TABLE.0, Some(TABLE.1), &format!("{table}\n"));
}

#[test]
fn the_example_configuration_lists_the_keys() {
    let mut section = String::new();
    for Binding { action, scope, keys, help, .. } in BINDINGS {
        let value = match keys {
            [key] => toml::Value::from(*key),
            keys => toml::Value::from(keys.to_vec()),
        };
        let _ = writeln!(section, "# {} ({}).\n{action} = {value}", help, scope.title());
    }
    check("config.example.toml", SECTION, None, &section);
}
