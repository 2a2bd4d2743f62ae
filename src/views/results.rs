//! The Results screen: the document's two tables with ours beside them, and the selected row in more
//! detail.
//!
//! ```text
//! accuracy in %, s/epoch on a GTX 1080 Ti │ ours
//! model        n  200 ep.    paper s/epoch │ best       last     - document
//! ResNet20v1   3    92.16    91.25      35 │ 92.20±0.11 92.05    +0.04
//! ────────────────────────────────────────────────────────────────────────
//! what is known of the selected row
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use super::columns::{Column, Fitting, first_row, left, right};
use super::{columns, format};
use crate::app::App;
use crate::app::library::Library;
use crate::app::results::recipe;
use crate::config::theme::{Role, Theme};
use crate::runs::results::{Gap, Ours, ResultRow, RunResult, Statistic};

/// Rows of what is known of the selected row.
const DETAIL: u16 = 6;

const COLUMNS: [Column; 14] = [
    left("model", 12, 14),
    right("n", 3, 13),
    right("200 epochs", 10, 12),
    right("paper", 9, 11),
    right("s/epoch", 7, 9),
    left("|", 1, 10),
    right("best", 10, 10),
    right("last", 10, 8),
    right("to Keras", 8, 7),
    right("to paper", 8, 5),
    right("runs", 4, 4),
    right("epochs", 8, 6),
    right("s/epoch", 8, 3),
    left("device", 24, 2),
];

/// What the columns are, their titles, the rows, and what is known of the selected one.
fn parts(area: Rect) -> [Rect; 4] {
    let detail = if area.height >= 16 { DETAIL } else { 0 };
    Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(detail),
    ])
    .areas(area)
}

/// The row at a place of the screen.
pub fn row_at(area: Rect, app: &App, place: Position) -> Option<usize> {
    let library = app.library.as_ref()?;
    let [_, _, list, _] = parts(area);
    columns::row_at(list, app.results.selection(library), library.results.len(), place)
}

/// Draws the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let Some(library) = &app.library else {
        frame.render_widget(Line::styled(" Reading the runs…", app.theme.style(Role::Dim)), area);
        return;
    };
    let [top, titles, list, below] = parts(area);
    let dim = app.theme.style(Role::Dim);
    let text = " Keras: test accuracy in %, s/epoch on a GTX 1080 Ti | ours; * not comparable";
    frame.render_widget(Line::styled(text, dim), top);
    let fitting = Fitting::new(&COLUMNS, usize::from(area.width));
    frame.render_widget(fitting.titles(dim), titles);
    let rows = &library.results;
    let selected = app.results.selection(library);
    let first = first_row(selected, rows.len(), usize::from(list.height));
    for (area, (place, row)) in list.rows().zip(rows.iter().enumerate().skip(first)) {
        let line = fitting.line(cells(row, &app.theme));
        let line = if place == selected { line.style(app.theme.selected()) } else { line };
        frame.render_widget(line, area);
    }
    if let Some(row) = rows.get(selected) {
        let block = Block::new().borders(Borders::TOP).border_style(app.theme.style(Role::Frame));
        let lines = detail_lines(app, library, row);
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), below);
    }
}

fn cells(row: &ResultRow, theme: &Theme) -> Vec<Span<'static>> {
    let reference = |text: fn(&ResultRow) -> Option<String>| {
        Span::styled(text(row).unwrap_or_default(), theme.style(Role::Reference))
    };
    let mut cells = vec![
        Span::raw(row.model.clone()),
        Span::raw(match row.reference {
            Some(reference) => reference.n.text.clone(),
            None => row.architecture.map_or("-".to_owned(), |it| it.n.to_string()),
        }),
        reference(|row| Some(row.reference?.accuracy.text.clone())),
        reference(|row| Some(row.reference?.paper.text.clone())),
        reference(|row| Some(row.reference?.seconds.text.clone())),
        Span::styled("|", theme.style(Role::Frame)),
    ];
    match (&row.ours, furthest(row)) {
        (Some(ours), _) => cells.extend(ours_cells(ours, row, theme)),
        (None, Some(run)) => cells.extend(other_cells(run, row, theme)),
        (None, None) => cells.extend(std::iter::repeat_n(Span::raw(""), COLUMNS.len())),
    }
    cells
}

/// What the comparable runs add up to.
fn ours_cells(ours: &Ours, row: &ResultRow, theme: &Theme) -> Vec<Span<'static>> {
    let good = theme.style(Role::Good);
    let gap = |gap: Option<Gap>| {
        let Some(gap) = gap else { return Span::raw("") };
        let role = if gap.best >= 0.0 { Role::Good } else { Role::Warning };
        Span::styled(signed(gap.best), theme.style(role))
    };
    let epochs = row.runs.iter().filter(|run| run.is_comparable()).map(|run| run.epochs_done).max();
    vec![
        Span::styled(statistic(&ours.best), good),
        Span::raw(statistic(&ours.last)),
        gap(ours.to_document),
        gap(ours.to_paper),
        Span::raw(ours.runs.to_string()),
        Span::raw(epochs.map_or(String::new(), |epochs| epochs.to_string())),
        Span::raw(ours.seconds_per_epoch.map_or(String::new(), |it| format!("{it:.1}"))),
        Span::raw(ours.devices.join(", ")),
    ]
}

/// The run that has gone furthest, marked as one that cannot be compared.
fn other_cells(run: &RunResult, row: &ResultRow, theme: &Theme) -> Vec<Span<'static>> {
    let dim = theme.style(Role::Dim);
    let accuracy = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}*"));
    let cells = [
        accuracy(run.best.map(|(best, _)| best)),
        accuracy(run.last),
        String::new(),
        String::new(),
        row.runs.len().to_string(),
        format!("{}/{}", run.epochs_done, run.epochs_planned),
        run.seconds_per_epoch.map_or(String::new(), |it| format!("{it:.1}*")),
        run.device.clone().unwrap_or_default(),
    ];
    cells.map(|text| Span::styled(text, dim)).to_vec()
}

/// The run with the most epochs, the better one of equals.
fn furthest(row: &ResultRow) -> Option<&RunResult> {
    let accuracy = |run: &RunResult| run.best.map_or(0.0, |(best, _)| best);
    row.runs.iter().max_by(|a, b| {
        (a.epochs_done.cmp(&b.epochs_done)).then(accuracy(a).total_cmp(&accuracy(b)))
    })
}

fn statistic(value: &Statistic) -> String {
    match value.spread {
        Some(spread) => format!("{:.2}±{spread:.2}", value.mean),
        None => format!("{:.2}", value.mean),
    }
}

fn signed(value: f64) -> String {
    format!("{value:+.2}")
}

fn detail_lines(app: &App, library: &Library, row: &ResultRow) -> Vec<Line<'static>> {
    let theme = &app.theme;
    let mut lines = vec![title_line(app, library, row)];
    if let Some(ours) = &row.ours {
        lines.push(Line::raw(ours_text(ours)));
        lines.push(Line::raw(gaps_text(ours)));
    }
    if let Some(papers) = &row.papers {
        lines.push(Line::raw(papers_text(papers)));
    }
    let others: Vec<&RunResult> = row.not_comparable().filter(|run| !run.is_papers).collect();
    if others.is_empty() && row.ours.is_none() && row.papers.is_none() {
        lines.push(Line::styled(" no run of ours", theme.style(Role::Dim)));
    }
    for run in others {
        let best =
            run.best.map_or("-".to_owned(), |(best, epoch)| format!("{best:.2} % (epoch {epoch})"));
        let text = format!(" * {}: best {best} · {}", run.id, run.deviations.join("; "));
        lines.push(Line::styled(text, theme.style(Role::Dim)));
    }
    lines
}

/// The model, and how long a full run of it takes.
fn title_line(app: &App, library: &Library, row: &ResultRow) -> Line<'static> {
    let mut spans = vec![Span::styled(format!(" {}", row.model), app.theme.style(Role::Accent))];
    let text = match row.architecture {
        None => "  cannot be built: no number of blocks gives this depth".to_owned(),
        Some(architecture) => {
            let spec = recipe(architecture, &app.setup.spec);
            match (library.estimate(&spec), library.run_seconds(&spec)) {
                (Some(estimate), Some(seconds)) => format!(
                    "  a full run takes about {} here ({} an epoch and its evaluation; from {})",
                    format::duration(seconds),
                    format::duration(seconds / f64::from(spec.epochs.max(1))),
                    estimate.measured
                ),
                _ => "  no run on this hardware yet to judge the time by".to_owned(),
            }
        }
    };
    spans.push(Span::styled(text, app.theme.style(Role::Dim)));
    Line::from(spans)
}

fn ours_text(ours: &Ours) -> String {
    let runs = if ours.runs == 1 { "run" } else { "runs" };
    let seeds = if ours.seeds == 1 { "seed" } else { "seeds" };
    let seconds = ours
        .seconds_per_epoch
        .map_or(String::new(), |seconds| format!(", {} an epoch", format::duration(seconds)));
    format!(
        " ours: best {} %, last {} % · {} {runs}, {} {seeds}{seconds} on {}",
        statistic(&ours.best),
        statistic(&ours.last),
        ours.runs,
        ours.seeds,
        ours.devices.join(", "),
    )
}

/// Full runs of the papers' recipe, against the papers alone.
fn papers_text(papers: &Ours) -> String {
    let runs = if papers.runs == 1 { "run" } else { "runs" };
    let gap = papers.to_paper.map_or(String::new(), |gap| {
        format!(", {} and {} against the paper", signed(gap.best), signed(gap.last))
    });
    format!(
        " recipe paper: best {} %, last {} %{gap} · {} {runs}",
        statistic(&papers.best),
        statistic(&papers.last),
        papers.runs
    )
}

fn gaps_text(ours: &Ours) -> String {
    let gap = |name: &str, gap: Option<Gap>| match gap {
        Some(gap) => format!("{name} best {}, last {}", signed(gap.best), signed(gap.last)),
        None => format!("{name} has no figure"),
    };
    format!(
        " ours minus, in points: {} · {}",
        gap("Keras", ours.to_document),
        gap("paper", ours.to_paper)
    )
}
