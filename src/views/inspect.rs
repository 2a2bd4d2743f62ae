//! The Inspect screen: accuracy by class, the confusion matrix and the worst mistakes of a run.
//!
//! ```text
//! run, weights, accuracy
//! class accuracy    │ confusion matrix: rows are classes, columns answers
//! mistakes as pictures, the most confident first
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};

use super::{format, pictures, state};
use crate::app::App;
use crate::app::inspect::InspectState;
use crate::app::run_view::RunView;
use crate::config::keys::Action;
use crate::config::theme::{Role, Theme};
use crate::data::CLASSES;
use crate::training::inspection::{Inspection, Mistake, WeightsUsed};

/// Columns of a number of the confusion matrix.
const CELL: usize = 5;

/// Columns of the name of a class.
const NAME: usize = 11;

/// Columns of the bars.
const BARS: u16 = 32;

/// Columns that the matrix takes.
const MATRIX: u16 = (NAME + 1 + CELL * CLASSES) as u16;

/// Draws the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let [top, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let Some(run) = app.shown_run() else {
        let text = format!("\n {}", super::no_run(app));
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), area);
        return;
    };
    frame.render_widget(description(app, run, top.width), top);
    let own = app.inspect.run.as_deref() == Some(run.id.as_str());
    match &app.inspect.state {
        InspectState::Done(inspection) if own => draw_result(frame, body, app, inspection),
        InspectState::Running { images, total } if own => {
            let text = match total {
                0 => "\n reading weights and images…".to_owned(),
                _ => format!(
                    "\n {} of {} test images",
                    format::thousands(*images),
                    format::thousands(*total)
                ),
            };
            frame.render_widget(Paragraph::new(text), body);
        }
        InspectState::Failed(reason) if own => {
            let text = Text::styled(format!("\n {reason}"), app.theme.style(Role::Bad));
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), body);
        }
        _ => frame.render_widget(invitation(app, run), body),
    }
}

fn description(app: &App, run: &RunView, width: u16) -> Line<'static> {
    let data = run.history.started.as_ref().map_or("not begun", |started| &started.data);
    let mut parts: Vec<String> = super::given_title(app, run).into_iter().collect();
    if app.runs.len() > 1 {
        parts.push(format!("run {} of {}", app.live.run + 1, app.runs.len()));
    }
    parts.push(format!("{} · seed {} · {data}", run.spec.architecture(), run.spec.seed));
    let mut spans = vec![Span::raw(" "), state::span(run.state(), &app.theme)];
    let taken: usize = spans.iter().map(Span::width).sum();
    let text = format!("  {}", parts.join(" · "));
    let text = format::start_of(&text, usize::from(width).saturating_sub(taken));
    spans.push(Span::styled(text, app.theme.style(Role::Dim)));
    Line::from(spans)
}

fn invitation(app: &App, run: &RunView) -> Paragraph<'static> {
    let hint = |action| app.keymap.hint(action).unwrap_or_default();
    let text = if run.is_active() && !run.is_paused() {
        "\n The run is being trained. Pause it, or wait for its end; then it can be inspected."
            .to_owned()
    } else {
        format!(
            "\n {} measures the best weights on every test image, {} those of the checkpoint.",
            hint(Action::Accept),
            hint(Action::InspectCheckpoint)
        )
    };
    Paragraph::new(text).wrap(Wrap { trim: false })
}

fn draw_result(frame: &mut Frame, area: Rect, app: &App, inspection: &Inspection) {
    let rows = if app.inspect.mistakes_alone { 0 } else { CLASSES as u16 + 2 };
    let [summary, tables, mistakes] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rows.min(area.height.saturating_sub(1))),
        Constraint::Min(0),
    ])
    .areas(area);
    frame.render_widget(summary_line(app, inspection), summary);
    if area.width >= BARS + MATRIX {
        let [left, right] =
            Layout::horizontal([Constraint::Length(BARS), Constraint::Min(0)]).areas(tables);
        frame.render_widget(Paragraph::new(bars(&app.theme, inspection)), left);
        frame.render_widget(Paragraph::new(matrix(&app.theme, inspection, false)), right);
    } else {
        // Each class with its accuracy at the end of its row.
        frame.render_widget(Paragraph::new(matrix(&app.theme, inspection, true)), tables);
    }
    draw_mistakes(frame, mistakes, app, inspection);
}

fn summary_line(app: &App, inspection: &Inspection) -> Line<'static> {
    let weights = match inspection.weights {
        WeightsUsed::Best { epoch } => format!("best epoch, {epoch}"),
        WeightsUsed::Checkpoint { epochs, step } => {
            let step = format::thousands(step);
            format!("checkpoint of step {step}, {epochs} epochs")
        }
    };
    let evaluation = &inspection.evaluation;
    let text = format!(
        " test {} on {} images · {weights} · cross-entropy {}",
        format::percent(evaluation.accuracy),
        format::thousands(evaluation.images),
        format::loss(evaluation.cross_entropy),
    );
    Line::styled(text, app.theme.style(Role::Accent))
}

/// `name ███████░░ 91.2 %` for each class.
fn bars(theme: &Theme, inspection: &Inspection) -> Vec<Line<'static>> {
    const LENGTH: usize = 11;
    let mut lines =
        vec![Line::default(), Line::styled(" accuracy by class", theme.style(Role::Dim))];
    for (class, name) in inspection.class_names.iter().enumerate() {
        let accuracy = inspection.class_accuracy(class).unwrap_or(f64::NAN);
        let full = (accuracy * LENGTH as f64).round() as usize;
        let bar = "█".repeat(full.min(LENGTH));
        let rest = "░".repeat(LENGTH - full.min(LENGTH));
        lines.push(Line::from(vec![
            Span::raw(format!(" {name:<NAME$.NAME$}")),
            Span::styled(bar, theme.style(Role::Test)),
            Span::styled(rest, theme.style(Role::Frame)),
            Span::raw(part(accuracy)),
        ]));
    }
    lines
}

/// Percent in 7 columns.
fn part(accuracy: f64) -> String {
    if accuracy.is_finite() { format!("{:>5.1} %", 100.0 * accuracy) } else { "      -".to_owned() }
}

/// Rows are classes, columns answers; the more of a class got an answer, the stronger its cell.
fn matrix(theme: &Theme, inspection: &Inspection, accuracy: bool) -> Vec<Line<'static>> {
    let dim = theme.style(Role::Dim);
    let mut heading = vec![Span::styled(format!(" {:<NAME$}", "predicted →"), dim)];
    for name in &inspection.class_names {
        heading.push(Span::styled(format!(" {:<w$.w$}", name, w = CELL - 1), dim));
    }
    let mut lines = vec![Line::default(), Line::from(heading)];
    let rows = inspection.class_names.iter().zip(&inspection.confusion).enumerate();
    for (class, (name, answers)) in rows {
        let all: u32 = answers.iter().sum();
        let mut spans = vec![Span::raw(format!(" {name:<NAME$.NAME$}"))];
        for (answer, count) in answers.iter().enumerate() {
            let share = f64::from(*count) / f64::from(all.max(1));
            let style = heat(theme, share, class == answer);
            spans.push(Span::styled(format!("{count:>CELL$}"), style));
        }
        if accuracy {
            let accuracy = inspection.class_accuracy(class).unwrap_or(f64::NAN);
            spans.push(Span::raw(part(accuracy)));
        }
        lines.push(Line::from(spans));
    }
    lines
}

/// The strength of a cell: as its background where there are colours enough, else by weight.
fn heat(theme: &Theme, share: f64, right: bool) -> Style {
    if !theme.pictures() {
        return match share {
            _ if right => theme.style(Role::Good),
            share if share >= 0.1 => theme.style(Role::Bad),
            share if share > 0.0 => Style::new(),
            _ => theme.style(Role::Dim),
        };
    }
    // Most mistakes are few; the root keeps them apart.
    let strength = share.clamp(0.0, 1.0).sqrt();
    let level = |full: f64| (30.0 + (full - 30.0) * strength) as u8;
    let ground = if right {
        Color::Rgb(level(20.0), level(120.0), level(90.0))
    } else {
        Color::Rgb(level(200.0), level(70.0), level(20.0))
    };
    Style::new().fg(Color::Rgb(235, 235, 235)).bg(ground)
}

fn draw_mistakes(frame: &mut Frame, area: Rect, app: &App, inspection: &Inspection) {
    if area.height < 2 {
        return;
    }
    let first = app.inspect.mistake;
    let all = inspection.mistakes.len();
    let title = match all {
        0 => " no mistakes".to_owned(),
        _ => format!(" most confident mistakes, from {} of {all}", first + 1),
    };
    let [heading, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(Line::styled(title, app.theme.style(Role::Dim)), heading);
    let shown = inspection.mistakes.iter().skip(first);
    let scale = if body.height >= 2 * (pictures::height(1) + 3) { 1 } else { 2 };
    let height = pictures::height(scale);
    if app.theme.pictures() && body.height >= height + 3 {
        let width = pictures::width(scale).max(22) + 2;
        for (index, mistake) in shown.enumerate() {
            let across = usize::from((body.width / width).max(1));
            let (column, row) = ((index % across) as u16, (index / across) as u16);
            let y = body.y + row * (height + 4);
            if y + height + 3 > body.bottom() {
                break;
            }
            let x = body.x + 1 + column * width;
            let place = Rect { x, y, width: width.min(body.right() - x), height: height + 3 };
            pictures::draw(&mistake.picture, place, frame.buffer_mut(), scale);
            let below = Rect { y: y + height, height: 3, ..place };
            frame.render_widget(Paragraph::new(caption(app, inspection, mistake).to_vec()), below);
        }
    } else {
        // Without colours or room the words stand alone.
        let lines: Vec<Line> = shown
            .take(usize::from(body.height))
            .map(|mistake| {
                let [image, answer, class] = caption(app, inspection, mistake);
                let spans = [image, answer, class].into_iter().flat_map(|line| {
                    let mut spans = line.spans;
                    spans.push(Span::raw("  "));
                    spans
                });
                Line::from(std::iter::once(Span::raw(" ")).chain(spans).collect::<Vec<_>>())
            })
            .collect();
        frame.render_widget(Paragraph::new(lines), body);
    }
}

/// Which image, what it was taken for, and what it is.
fn caption(app: &App, inspection: &Inspection, mistake: &Mistake) -> [Line<'static>; 3] {
    let name = |class: usize| inspection.class_names.get(class).copied().unwrap_or("?");
    let percent = |probability: f64| format!("{:>5.1} %", 100.0 * probability);
    [
        Line::styled(format!("image {:<5}", mistake.image), app.theme.style(Role::Dim)),
        Line::styled(
            format!("{:<13} {}", name(mistake.answer), percent(mistake.probability)),
            app.theme.style(Role::Bad),
        ),
        Line::styled(
            format!("is {:<10} {}", name(mistake.class), percent(mistake.class_probability)),
            app.theme.style(Role::Good),
        ),
    ]
}
