//! The compared runs in numbers, or the settings in which they differ.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table, TableState};

use super::charts;
use crate::app::App;
use crate::app::compare::Compared;
use crate::config::theme::Role;
use crate::runs::comparison::first_reaching;
use crate::runs::differences::{Difference, differing};
use crate::views::{format, run_list};

/// Columns from which data, precision and device have room.
const WIDE: u16 = 130;

/// Columns of the signs.
const SIGN: u16 = 2;

/// Rows that the table needs, its head included.
pub fn height(app: &App, compared: &[Compared]) -> u16 {
    let rows =
        if app.compare.settings { differences(compared).len().max(1) } else { compared.len() };
    rows as u16 + 1
}

/// Draws the table.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, compared: &[Compared]) {
    if app.compare.settings {
        draw_settings(frame, area, app, compared);
    } else {
        draw_results(frame, area, app, compared);
    }
}

fn draw_results(frame: &mut Frame, area: Rect, app: &App, compared: &[Compared]) {
    let wide = area.width >= WIDE;
    let cursor = app.compare.view.cursor.is_some();
    let target = format!("to {} %", app.compare.target);
    let mut head = vec![String::new(), "run".to_owned(), "best (epoch)".to_owned()];
    head.push(if cursor { "at cursor".to_owned() } else { "last".to_owned() });
    head.extend(["s/epoch".to_owned(), target]);
    let mut numbers = vec![12, if cursor { 17 } else { 8 }, 7, 16];
    if wide {
        head.extend(["epochs", "trained", "data", "precision", "device"].map(str::to_owned));
        numbers.extend([9, 12, 12, 10, 8]);
    }
    // A column of space before each.
    let taken = SIGN + 1 + numbers.iter().map(|width| width + 1).sum::<u16>();
    let room = area.width.saturating_sub(taken);
    let widths = [SIGN, room].into_iter().chain(numbers);
    let widths = widths.map(Constraint::Length);
    let reference = app.compare.reference_of(compared);
    let rows = compared.iter().enumerate().map(|(index, run)| {
        let reference = index == reference && compared.len() > 1;
        let mut cells = vec![sign(app, run), name(run, room, reference)];
        cells.extend(results(app, run).map(Cell::from));
        if wide {
            cells.extend(circumstances(run).map(Cell::from));
        }
        Row::new(cells)
    });
    let table = Table::new(rows, widths)
        .header(Row::new(head).style(app.theme.style(Role::Dim)))
        .row_highlight_style(app.theme.selected());
    // The state is a cursor into the rows; it lives for this drawing only.
    let mut state = TableState::new().with_selected(Some(app.compare.selected));
    frame.render_stateful_widget(table, area, &mut state);
}

fn sign(app: &App, run: &Compared) -> Cell<'static> {
    let appearance = app.appearances.of(run.id);
    let sign = appearance.sign(app.theme.ascii()).to_string();
    Cell::from(Span::styled(sign, app.theme.run(appearance.place())))
}

fn name(run: &Compared, room: u16, reference: bool) -> Cell<'static> {
    let style = if reference { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
    Cell::from(Span::styled(format::end_of(run.name, usize::from(room)), style))
}

/// Best, last or at the cursor, seconds, and when the accuracy was reached.
fn results(app: &App, run: &Compared) -> [String; 4] {
    let none = || "-".to_owned();
    let best = run.history.best();
    let last = run.history.epochs.last();
    let shown = match app.compare.view.cursor {
        Some(_) => charts::at_cursor(app, run),
        None => last.map(|epoch| format::percent(epoch.test_accuracy)),
    };
    let reached = first_reaching(run.history, app.compare.target);
    let done = last.map_or(0, |epoch| epoch.epoch);
    [
        best.map_or_else(none, |it| {
            format!("{} ({})", format::percent(it.test_accuracy), it.epoch)
        }),
        shown.unwrap_or_else(none),
        run.history.median_train_seconds().map_or_else(none, |seconds| format!("{seconds:.1}")),
        reached.map_or_else(
            || if done < run.spec.epochs { "not yet" } else { "not reached" }.to_owned(),
            |it| format!("{}: {}", it.epoch, format::duration(it.train_seconds)),
        ),
    ]
}

/// Epochs, time trained, data, precision and device.
fn circumstances(run: &Compared) -> [String; 5] {
    let epochs = run.history.epochs.last().map_or(0, |epoch| epoch.epoch);
    let started = run.history.started.as_ref();
    [
        format!("{epochs}/{}", run.spec.epochs),
        format::duration(run.history.train_seconds()),
        run_list::data_in_short(run.spec, started.map(|it| it.data.as_str())).to_owned(),
        started.map_or("-".to_owned(), |it| it.precision.clone()),
        started.map_or("-".to_owned(), |it| it.device.clone()),
    ]
}

fn differences(compared: &[Compared]) -> Vec<Difference> {
    let specs: Vec<_> = compared.iter().map(|run| run.spec).collect();
    differing(&specs)
}

fn draw_settings(frame: &mut Frame, area: Rect, app: &App, compared: &[Compared]) {
    let differences = differences(compared);
    if differences.is_empty() {
        let text = " The settings of these runs are the same.";
        frame.render_widget(Line::styled(text, app.theme.style(Role::Dim)), area);
        return;
    }
    let mut head = vec![Cell::from("setting")];
    head.extend(compared.iter().map(|run| sign(app, run)));
    let rows = differences.into_iter().map(|difference| {
        let cells = std::iter::once(difference.key).chain(difference.values).map(Cell::from);
        Row::new(cells)
    });
    let mut widths = vec![Constraint::Length(30)];
    widths.extend(vec![Constraint::Fill(1); compared.len()]);
    let table = Table::new(rows, widths).header(Row::new(head));
    let mut state = TableState::new().with_selected(Some(app.compare.selected));
    frame.render_stateful_widget(table, area, &mut state);
}
