//! What the documents say of the keys and show of the screen is what the program does.
//! `UPDATE_DOCUMENTS=1 cargo test --test it documents` writes those sections anew.

use std::fmt::Write;
use std::path::Path;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use resnet_tui::app::message::StartedRun;
use resnet_tui::app::{App, Msg, update};
use resnet_tui::config::interface::InterfaceConfig;
use resnet_tui::config::keys::{BINDINGS, Binding, Scope};
use resnet_tui::config::recipe::{self, Recipe};
use resnet_tui::replay::{Replay, Speed};
use resnet_tui::runs::differences::settings;
use resnet_tui::runs::{RunHistory, event_log};
use resnet_tui::views;

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
fn the_recipes_stand_side_by_side() {
    let specs = Recipe::ALL.map(Recipe::spec);
    let settings = specs.each_ref().map(settings);
    // The same in all of them, and worth a row.
    let options = ["momentum", "weight_average", "augmentation.cutout", "augmentation.mixup"];
    let mut table = "\n| | `keras` | `paper` | `modern` |\n| --- | --- | --- | --- |\n".to_owned();
    for (index, setting) in settings[0].iter().enumerate() {
        let values: [&str; 3] = std::array::from_fn(|recipe| {
            let used = recipe::has_effect(&setting.key, &specs[recipe]);
            if used { settings[recipe][index].value.as_str() } else { "-" }
        });
        if values != [values[0]; 3] || options.contains(&setting.key.as_str()) {
            let _ = writeln!(table, "| `{}` | {} |", setting.key, values.join(" | "));
        }
    }
    let (begin, end) = ("<!-- recipes: generated -->\n", "<!-- end of recipes -->\n");
    check("docs/recipes.md", begin, Some(end), &format!("{table}\n"));
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

/// The Live screen of the recorded run in `assets`, as the program draws it.
fn live_screen(width: u16, height: u16) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/resnet20v1.replay.jsonl");
    let replay = Replay::open(&path, Speed::MAX).unwrap();
    let mut app = App::new(&InterfaceConfig::default(), false, replay.spec().clone(), Vec::new());
    let id = replay.run().to_owned();
    let started = StartedRun {
        id: id.clone(),
        folder: "runs".into(),
        spec: replay.spec().clone(),
        history: RunHistory::default(),
    };
    update(&mut app, Msg::RunStarted(Box::new(started)));
    event_log::read(&path, |event| {
        update(&mut app, Msg::Train { run: id.clone(), event: Box::new(event) });
    })
    .unwrap();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| views::draw(frame, &app)).unwrap();
    let lines = terminal.backend().buffer().content().chunks(usize::from(width)).map(|cells| {
        let line: String = cells.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

#[test]
fn the_readme_shows_the_live_screen() {
    let screen = format!("\n```text\n{}```\n\n", live_screen(108, 30));
    check("README.md", "<!-- screen: generated -->\n", Some("<!-- end of screen -->\n"), &screen);
}
