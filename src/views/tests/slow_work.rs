//! Screens that show what slow work came to, lists, and the mouse.

use ratatui::layout::Size;

use super::*;
use crate::app::Screen;
use crate::app::pointer::Target;
use crate::config::run::DataSource;
use crate::data::{CLASSES, IMAGE_BYTES, Picture, class_names};
use crate::training::evaluation::Evaluation;
use crate::training::inspection::{Inspection, Mistake, WeightsUsed};
use crate::training::preview::{Preview, PreviewImage};

/// An inspection of a network that takes every class for the next one now and then.
pub(super) fn inspection() -> Inspection {
    let mut confusion = [[0; CLASSES]; CLASSES];
    for class in 0..CLASSES {
        confusion[class][class] = 90 - class as u32;
        confusion[class][(class + 1) % CLASSES] = 10 + class as u32;
    }
    let planes: Vec<u8> = (0..IMAGE_BYTES).map(|byte| (byte % 251) as u8).collect();
    let mistake = |image: usize| Mistake {
        image,
        picture: Picture::from_planes(&planes).unwrap(),
        class: image % CLASSES,
        answer: (image + 1) % CLASSES,
        probability: 0.99 - 0.01 * image as f64,
        class_probability: 0.004,
    };
    Inspection {
        weights: WeightsUsed::Best { epoch: 3 },
        evaluation: Evaluation {
            loss: 0.6,
            cross_entropy: 0.45,
            accuracy: 0.855,
            accuracy_flip: None,
            images: 1_000,
        },
        class_names: *class_names(DataSource::Cifar10),
        confusion,
        mistakes: (0..24).map(mistake).collect(),
    }
}

/// The inspection of the run says something.
fn hear(app: &mut App, said: InspectionUpdate) {
    update(app, Msg::Inspection { run: "a".to_owned(), update: said });
}

/// A stopped run that was inspected.
pub(super) fn with_inspection(app: App) -> App {
    let mut app = with_run(app);
    say(&mut app, finished(Outcome::Stopped, 350));
    type_text(&mut app, "6");
    press(&mut app, KeyCode::Enter);
    hear(&mut app, InspectionUpdate::Done(Box::new(inspection())));
    app
}

/// Setup with a batch as the augmentation leaves it.
pub(super) fn with_pictures(mut app: App) -> App {
    type_text(&mut app, "v");
    let image = PreviewImage {
        class: 6,
        original: inspection().mistakes[0].picture.clone(),
        augmented: inspection().mistakes[0].picture.clone(),
    };
    // Without colours nobody asks for any.
    let asked = app.setup.preview.as_ref().unwrap().asked.clone();
    if let Some(request) = asked {
        let answer = Preview { request, images: vec![image; 16], stretched: false };
        update(&mut app, Msg::Preview(Ok(Box::new(answer))));
    }
    app
}

/// Setup while CIFAR-10 is downloaded, on the epochs, where the learning rate is drawn.
pub(super) fn with_download(mut app: App) -> App {
    type_text(&mut app, "d");
    let progress =
        FetchProgress { phase: FetchPhase::Downloading, done: 58_000_000, total: 170_052_171 };
    update(&mut app, Msg::Download(DownloadNews::Progress(progress)));
    type_text(&mut app, "jjj");
    app
}

#[test]
fn inspecting_says_how_far_it_is_and_why_it_failed() {
    let mut app = with_run(app());
    type_text(&mut app, "6");
    assert!(picture(&app, 80, 24).contains("Pause it"));
    say(&mut app, finished(Outcome::Completed, 350));
    assert!(picture(&app, 80, 24).contains("enter measures the best weights"));
    press(&mut app, KeyCode::Enter);
    let mut seen = |said| {
        hear(&mut app, said);
        picture(&app, 80, 24)
    };
    let text = seen(InspectionUpdate::Progress { images: 250, total: 10_000 });
    assert!(text.contains("250 of 10,000 test images"), "{text}");
    let text = seen(InspectionUpdate::Failed("no weights".to_owned()));
    assert!(text.contains("no weights"), "{text}");
    // One that was cancelled is not heard any more.
    let text = seen(InspectionUpdate::Done(Box::new(inspection())));
    assert!(text.contains("no weights"), "{text}");
}

#[test]
fn the_help_is_searched() {
    let mut help = app();
    type_text(&mut help, "?/chart");
    insta::assert_snapshot!("help_search_80x24", picture(&help, 80, 24));
}

#[test]
fn a_click_hits_what_is_drawn_there() {
    let app = with_run(app());
    let find = |app: &App, text: &str| {
        let picture = picture(app, 80, 24);
        let (row, line) =
            picture.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
        let column = line.chars().count() - line.split_once(text).unwrap().1.chars().count() - 1;
        let mouse = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: column as u16,
            row: row as u16,
            modifiers: KeyModifiers::NONE,
        };
        match crate::views::pointer(app, Size::new(80, 24), mouse)? {
            Msg::Pointer { target, gesture: Gesture::Press } => Some(target),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(find(&app, "Setup"), Some(Target::Tab(Screen::Setup)));
    assert_eq!(find(&app, "Inspect"), Some(Target::Tab(Screen::Inspect)));
    assert!(matches!(find(&app, "learning rate"), Some(Target::Chart { chart: 2, .. })));
    assert_eq!(find(&app, "seed 1"), None);
    let mut setup = app.clone();
    type_text(&mut setup, "1");
    let epochs = crate::app::fields::all().position(|field| field.key == "epochs");
    assert_eq!(find(&setup, "epochs"), epochs.map(Target::Field));
    update(
        &mut setup,
        Msg::Pointer { target: Target::Field(epochs.unwrap()), gesture: Gesture::Press },
    );
    assert_eq!(setup.setup.field().unwrap().key, "epochs");
    type_text(&mut setup, "m");
    assert_eq!(find(&setup, "ResNet32v1"), Some(Target::Row(1)));
    update(&mut setup, Msg::Pointer { target: Target::Row(1), gesture: Gesture::Press });
    assert_eq!((setup.setup.spec.n, setup.overlays.len()), (5, 0));
}
