//! Every screen and overlay at both sizes, with colours and without any: one file each.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::slow_work::{with_download, with_inspection, with_pictures};
use super::*;
use crate::app::live::CHARTS;
use crate::app::run_view::RunState;
use crate::views::run_tests::with_library;
use crate::views::{live, state};

/// What is pictured: a name, and how it is reached from a dashboard that was just opened.
type Pictured = (&'static str, fn(App) -> App);

const SCREENS: [Pictured; 27] = [
    ("setup", |app| app),
    // Down to the batch size, which gets a value that cannot be.
    ("setup_bad_value", |app| typed(app, "jjjj1")),
    ("setup_pictures", |app| with_pictures(app)),
    ("setup_download", |app| with_download(app)),
    ("live", with_run),
    ("live_expanded", |app| typed(with_run(app), "nz")),
    ("live_cursor", |app| typed(with_run(app), "mh")),
    ("live_paused", |app| {
        let mut app = with_run(app);
        say(&mut app, phase(Phase::Paused, 350));
        app
    }),
    ("results", |app| typed(with_library(app), "3j")),
    ("compare", with_comparison),
    ("compare_side_by_side", |app| typed(with_comparison(app), "vol")),
    ("runs", |app| typed(with_library(app), "5")),
    ("inspect", with_inspection),
    ("help", |app| typed(with_run(app), "?")),
    ("palette", |app| typed(app, ":pause")),
    ("models", |app| typed(app, "m")),
    ("set_ups", |app| {
        let mut app = typed(app, "o");
        let recent = vec![RunSpec { n: 5, ..RunSpec::default() }];
        let presets = vec!["night run".to_owned(), "rotated".to_owned()];
        update(&mut app, Msg::SetUps { presets, recent });
        app
    }),
    ("set_up_name", |app| {
        let mut app = typed(app, "w");
        let presets = vec!["mine".to_owned()];
        update(&mut app, Msg::SetUps { presets, recent: Vec::new() });
        typed(app, "mine")
    }),
    ("quit", |app| typed(with_run(app), "q")),
    ("message", |mut app| {
        let title = "The run could not be started".to_owned();
        let text = "/data/data_batch_1.bin ends in the middle of record 17; fetch the data anew";
        update(&mut app, Msg::Error { title, text: text.to_owned() });
        app
    }),
    ("log", |mut app| {
        update(&mut app, Msg::Log("a warning of libtorch\nanother\n".to_owned()));
        app
    }),
    ("queue", |app| {
        let mut app = typed(with_run(with_library(app)), "3jjjaj");
        press(&mut app, KeyCode::Esc);
        typed(app, "ja j ")
    }),
    ("missing_runs", |app| typed(with_library(app), "3A")),
    ("compare_choose", |app| {
        let mut app = typed(with_comparison(app), "a");
        press(&mut app, KeyCode::Down);
        app
    }),
    ("tags", |app| typed(with_library(app), "5jjt")),
    ("delete", |app| {
        let mut app = typed(with_library(app), "5jjDno");
        press(&mut app, KeyCode::Enter);
        app
    }),
    ("failed", |app| {
        let mut app = with_run(app);
        say(&mut app, failed("out of memory; a smaller batch size needs less", 350));
        app
    }),
];

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 45)];

fn typed(mut app: App, text: &str) -> App {
    type_text(&mut app, text);
    app
}

fn shown(pictured: fn(App) -> App, no_colour: bool) -> App {
    pictured(app_with(&InterfaceConfig::default(), no_colour))
}

/// What is not plain of a style, in a word each.
fn words(cell: &Cell) -> String {
    let colour = |colour: Color| match colour {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        other => other.to_string(),
    };
    // The colours of a picture are its own.
    if cell.symbol() == "▀" && cell.bg != Color::Reset {
        return "picture".to_owned();
    }
    let mut words = Vec::new();
    if cell.fg != Color::Reset {
        words.push(colour(cell.fg));
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", colour(cell.bg)));
    }
    let modifiers = cell.modifier.iter_names().map(|(name, _)| name.to_lowercase());
    words.extend(modifiers);
    words.join("+")
}

/// The styles of each row that has any: first and last column of each stretch of one style.
fn styles(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in 0..area.height {
        let mut stretches: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..area.width {
            let words = words(&buffer[(x, y)]);
            match stretches.last_mut() {
                Some((_, last, before)) if *before == words => *last = x,
                _ => stretches.push((x, x, words)),
            }
        }
        let stretches = stretches.iter().filter(|(_, _, words)| !words.is_empty());
        let row: Vec<String> =
            stretches.map(|(first, last, words)| format!("{first}-{last} {words}")).collect();
        if !row.is_empty() {
            text += &format!("{y}: {}\n", row.join(", "));
        }
    }
    text
}

/// Text and styles at each size, first with colours, then without.
fn portrait(pictured: fn(App) -> App) -> String {
    let (coloured, plain) = (shown(pictured, false), shown(pictured, true));
    let mut text = String::new();
    for (width, height) in SIZES {
        let with = picture(&coloured, width, height);
        text += &format!("== {width}x{height}, dark\n{with}\n");
        text += &format!("== styles\n{}", styles(&buffer(&coloured, width, height)));
        let without = picture(&plain, width, height);
        text += &format!("== {width}x{height}, NO_COLOR\n");
        text +=
            &if without == with { "the same text\n".to_owned() } else { format!("{without}\n") };
        text += &format!("== styles\n{}", styles(&buffer(&plain, width, height)));
    }
    text
}

#[test]
fn every_screen_and_overlay() {
    for (name, pictured) in SCREENS {
        insta::assert_snapshot!(name, portrait(pictured));
    }
}

#[test]
fn without_colour_there_is_none_and_what_is_selected_is_seen() {
    // Nothing is selected where there is only text to read or to type.
    let without_selection = ["inspect", "message", "log", "set_up_name", "tags", "delete", "help"];
    for (name, pictured) in SCREENS {
        for (width, height) in SIZES {
            let buffer = buffer(&shown(pictured, true), width, height);
            let colourless = |cell: &Cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset);
            assert!(buffer.content.iter().all(colourless), "{name} has a colour");
            let below_the_tabs = buffer.content.iter().skip(usize::from(width));
            let marked = Modifier::REVERSED | Modifier::UNDERLINED;
            let seen = below_the_tabs.clone().any(|cell| cell.modifier.intersects(marked));
            assert!(seen || without_selection.contains(&name), "{name}: nothing is selected");
        }
    }
}

#[test]
fn the_curves_of_a_chart_are_told_apart_without_colour() {
    for no_colour in [true, false] {
        let app = with_run(app_with(&InterfaceConfig::default(), no_colour));
        let run = app.shown_run().unwrap();
        for kind in CHARTS {
            let area = ratatui::layout::Rect::new(0, 0, 80, 20);
            let chart = live::charts::chart(area, &app, run, kind);
            let named: Vec<_> = chart.series.iter().filter(|it| !it.name.is_empty()).collect();
            for (place, curve) in named.iter().enumerate() {
                for other in &named[..place] {
                    assert_ne!(curve.pattern, other.pattern, "{} and {}", curve.name, other.name);
                    assert_ne!(curve.symbol, other.symbol, "{} and {}", curve.name, other.name);
                }
            }
        }
    }
}

#[test]
fn the_states_of_a_run_are_told_apart_by_their_text() {
    let states = [
        RunState::Starting,
        RunState::Preparing,
        RunState::Training,
        RunState::Evaluating,
        RunState::Pausing,
        RunState::Paused,
        RunState::Resuming,
        RunState::Stopping,
        RunState::StoppingAfterEpoch,
        RunState::Completed,
        RunState::Stopped,
        RunState::Failed,
        RunState::Interrupted,
    ];
    let theme = app_with(&InterfaceConfig::default(), true).theme;
    let texts = states.map(|it| state::span(it, &theme).content.into_owned());
    let different: std::collections::BTreeSet<&String> = texts.iter().collect();
    assert_eq!(different.len(), states.len(), "{texts:?}");
}
