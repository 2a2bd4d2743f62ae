//! Whatever happens in whatever order, on a screen of whatever size.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ratatui::layout::Size;

use super::slow_work::inspection;
use super::*;
use crate::app::library::Library;
use crate::app::pointer::Target;
use crate::app::run_view::RunView;
use crate::queue::Queue;

/// Any answer of slow work, asked for or not.
fn any_answer() -> impl Strategy<Value = Msg> {
    let target = prop_oneof![
        (0usize..99).prop_map(Target::Row),
        (0usize..99).prop_map(Target::ScreenRow),
        (0usize..99).prop_map(Target::Field),
        prop::sample::select(crate::app::SCREENS).prop_map(Target::Tab),
    ];
    let inspected = prop_oneof![
        Just(InspectionUpdate::Done(Box::new(inspection()))),
        any::<String>().prop_map(InspectionUpdate::Failed),
        any::<(u64, u64)>()
            .prop_map(|(images, total)| InspectionUpdate::Progress { images, total }),
    ];
    prop_oneof![
        target.prop_map(|target| Msg::Pointer { target, gesture: Gesture::Press }),
        (0usize..9, 0.0..1.0).prop_map(|(chart, position)| Msg::Pointer {
            target: Target::Chart { chart, position },
            gesture: Gesture::WheelUp,
        }),
        any::<String>().prop_map(Msg::Log),
        any::<String>().prop_map(|text| Msg::Download(DownloadNews::Failed(text))),
        any::<(u64, u64)>().prop_map(|(done, total)| {
            let phase = FetchPhase::Checking;
            Msg::Download(DownloadNews::Progress(FetchProgress { phase, done, total }))
        }),
        prop::collection::vec(any::<String>(), 0..40)
            .prop_map(|presets| Msg::SetUps { presets, recent: vec![RunSpec::default()] }),
        any::<String>().prop_map(|reason| Msg::Preview(Err(reason))),
        inspected.prop_map(|update| Msg::Inspection { run: "a".to_owned(), update }),
    ]
}

/// Any message a terminal or a trainer could send, sensible or not.
fn any_msg() -> impl Strategy<Value = Msg> {
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        prop::sample::select(
            "0123456789hjklpsScuenNzyrRqgG?[] .-:@/aAQoOdtxDfKJ<>mvw+,4"
                .chars()
                .collect::<Vec<_>>()
        )
        .prop_map(KeyCode::Char),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::F(1),
        ]),
    ];
    let modifiers = prop_oneof![8 => Just(KeyModifiers::NONE), 1 => any::<u8>().prop_map(KeyModifiers::from_bits_truncate)];
    let key =
        (code, modifiers).prop_map(|(code, modifiers)| Msg::Key(KeyEvent::new(code, modifiers)));
    let event = prop_oneof![
        (any::<u32>(), any::<u64>(), any::<u64>()).prop_map(|(e, s, at)| started(e, s, at)),
        (any::<u64>(), any::<u32>(), any::<f64>()).prop_map(|(at, e, s)| step(at, e, s)),
        (0u64..500, 0u32..5, 0.0..9.0).prop_map(|(at, e, s)| step(at, e, s)),
        (any::<u32>(), any::<u64>()).prop_map(|(e, at)| epoch(e, at)),
        (0u32..9, 0u64..500).prop_map(|(e, at)| epoch(e, at)),
        prop::sample::select(vec![
            Phase::Preparing,
            Phase::Training,
            Phase::Evaluating,
            Phase::Paused
        ])
        .prop_map(|p| phase(p, 3)),
        Just(finished(Outcome::Stopped, 5)),
        Just(failed("reason", 5)),
    ];
    let run = prop::sample::select(vec!["a", "b"]);
    let train = (run.clone(), event)
        .prop_map(|(run, event)| Msg::Train { run: run.to_owned(), event: Box::new(event) });
    let begun = run.clone().prop_map(|id| {
        Msg::RunStarted(Box::new(StartedRun {
            id: id.to_owned(),
            folder: "/runs".into(),
            spec: RunSpec::default(),
            history: RunHistory::default(),
        }))
    });
    let compared = (run.clone(), 0u32..9).prop_map(|(id, epochs)| {
        let events: Vec<LoggedEvent> = [started(9, 100, 0)]
            .into_iter()
            .chain((1..=epochs).map(|number| epoch(number, u64::from(number) * 100)))
            .collect();
        let (id, title, spec) = (id.to_owned(), String::new(), RunSpec::default());
        let history = events.iter().collect();
        Msg::Compare(CompareReply::Loaded(Box::new(LoadedRun { id, title, spec, history })))
    });
    let listed = prop::collection::vec(run.clone(), 0..3).prop_map(|ids| {
        let listed = |id: &str| ListedRun {
            id: id.to_owned(),
            title: String::new(),
            spec: RunSpec::default(),
            epochs: 3,
            best: Some(f64::NAN),
            live: true,
        };
        Msg::Compare(CompareReply::Listed(ids.into_iter().map(listed).collect()))
    });
    let lost = run.clone().prop_map(|id| {
        Msg::Compare(CompareReply::Unreadable { id: id.to_owned(), error: "gone".to_owned() })
    });
    let mouse = (
        0u16..100,
        0u16..40,
        prop::sample::select(vec![
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::ScrollUp,
            MouseEventKind::ScrollDown,
        ]),
    );
    let mouse = mouse.prop_map(|(column, row, kind)| {
        Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    });
    prop_oneof![
        3 => compared,
        2 => listed,
        1 => lost,
        2 => mouse,
        12 => key,
        12 => train,
        2 => begun,
        1 => run.clone().prop_map(|run| Msg::TrainerGone { run: run.to_owned() }),
        1 => any::<String>().prop_map(Msg::Paste),
        1 => any::<String>().prop_map(|text| Msg::Error { title: text.clone(), text }),
        2 => any::<bool>().prop_map(|full| {
            let library = if full { crate::views::run_tests::library() } else { Library::default() };
            Msg::Library(Box::new(library))
        }),
        1 => Just(Msg::QueueOpened(Ok(Queue::default()))),
        1 => (any::<u64>(), any::<bool>()).prop_map(|(entry, failed)| {
            Msg::QueueAnswered { entry: entry % 4, error: failed.then(String::new) }
        }),
        1 => run.clone().prop_map(|id| {
            let run = StartedRun {
                id: format!("disk {id}"),
                folder: "/runs".into(),
                spec: RunSpec::default(),
                history: RunHistory::default(),
            };
            Msg::RunOpened(Box::new(run), true)
        }),
        1 => any::<(bool, bool)>().prop_map(|(anew, live)| {
            let events = vec![epoch(1, 3)];
            Msg::Followed { run: "disk a".to_owned(), anew, events, live }
        }),
        1 => any_answer(),
        1 => prop::sample::select(vec![
            Msg::Terminate,
            Msg::TerminalGone,
            Msg::Suspend,
            Msg::Continued,
        ]),
        1 => any::<i32>().prop_map(|second| {
            Msg::Tick(jiff::Timestamp::from_second(i64::from(second)).unwrap())
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_no_run_is_lost(
        messages in prop::collection::vec(any_msg(), 0..60),
        width in 1u16..300,
        height in 1u16..100,
        ascii: bool,
    ) {
        let interface = InterfaceConfig { ascii, ..InterfaceConfig::default() };
        let mut app = app_with(&interface, false);
        let mut begun = BTreeSet::new();
        for msg in messages {
            let size = Size::new(width % 90 + 1, height % 30 + 1);
            let msg = match msg {
                Msg::Mouse(mouse) => crate::views::pointer(&app, size, mouse).unwrap_or(Msg::Resize),
                msg => msg,
            };
            update(&mut app, msg);
            // A run that never began to train is gone with its trainer; any other stays.
            let all: BTreeSet<String> = app.runs.iter().map(|run| run.id.clone()).collect();
            prop_assert!(all.is_superset(&begun));
            let has_begun = |run: &&RunView| run.history.started.is_some();
            begun = app.runs.iter().filter(has_begun).map(|run| run.id.clone()).collect();
            buffer(&app, width % 90 + 1, height % 30 + 1);
        }
        buffer(&app, width, height);
    }
}
