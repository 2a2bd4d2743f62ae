//! The Compare screen: curves of several runs, how far they lie apart, and what they come to.
//!
//! ```text
//! test accuracy %                               smoothing light 0.6
//! curves over each other, or one chart for each network
//! difference from the reference
//! the runs: best, last, first epoch and time to an accuracy; or the settings that differ
//! ```

mod charts;

mod picker;

mod table;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use crate::app::App;
use crate::app::compare::Compared;
use crate::config::keys::Action;
use crate::config::theme::Role;

/// Draws the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let compared = app.compare.compared(&app.runs);
    if compared.is_empty() {
        frame.render_widget(Paragraph::new(nothing(app)).wrap(Wrap { trim: false }), area);
    } else {
        let parts = parts(area, app, &compared);
        frame.render_widget(top(app, &compared), parts.top);
        if app.compare.expanded {
            frame.render_widget(names(app, &compared), parts.table);
        } else {
            table::draw(frame, parts.table, app, &compared);
        }
        charts::draw(frame, parts.charts, app, &compared);
        charts::draw_difference(frame, parts.difference, app, &compared);
    }
    if let Some(list) = &app.compare.picker {
        picker::draw(frame, area, app, list);
    }
}

/// The chart at a place of the screen, and where on its horizontal axis.
pub fn chart_at(area: Rect, app: &App, place: Position) -> Option<(usize, f64)> {
    let compared = app.compare.compared(&app.runs);
    if compared.is_empty() || app.compare.picker.is_some() {
        return None;
    }
    charts::chart_at(parts(area, app, &compared).charts, app, &compared, place)
}

struct Parts {
    top: Rect,
    charts: Rect,
    difference: Rect,
    table: Rect,
}

fn parts(area: Rect, app: &App, compared: &[Compared]) -> Parts {
    let rows = table::height(app, compared);
    let table = if app.compare.expanded { 1 } else { rows.min(area.height / 3) };
    let several = compared.len() > 1;
    let difference = if several && area.height >= 18 { (area.height / 5).clamp(5, 9) } else { 0 };
    let [top, charts, difference, table] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(difference),
        Constraint::Length(table),
    ])
    .areas(area);
    Parts { top, charts, difference, table }
}

fn nothing(app: &App) -> String {
    let hint = |action| app.keymap.hint(action).unwrap_or_default();
    if !app.compare.chosen().is_empty() {
        return "\n Reading the runs…".to_owned();
    }
    if app.compare.listed.is_empty() {
        let key = hint(Action::ShowSetup);
        return format!(
            "\n There is no run to compare yet. {key} shows Setup, where one is started."
        );
    }
    format!("\n Nothing to compare is chosen. {} chooses the runs.", hint(Action::ChooseRuns))
}

/// How the charts are looked at, and what should be known before numbers are compared.
fn top(app: &App, compared: &[Compared]) -> Line<'static> {
    let reference = compared.get(app.compare.reference_of(compared));
    let mut words = vec![match compared {
        [_] => "1 run".to_owned(),
        several => format!("{} runs", several.len()),
    }];
    if let Some(reference) = reference.filter(|_| compared.len() > 1) {
        words.push(format!("reference {}", reference.name));
    }
    words.extend(super::chart_settings(app));
    let missing = app.compare.chosen().len() - compared.len().min(app.compare.chosen().len());
    if missing > 0 {
        words.push(format!("reading {missing} more…"));
    }
    let dim = app.theme.style(Role::Dim);
    let mut line = Line::styled(format!(" {}", words.join(" · ")), dim);
    if let Some(typed) = &app.compare.typed {
        let text = format!(" accuracy to reach, 0 to 100 %: {typed}▏");
        return Line::styled(text, app.theme.style(Role::Accent));
    }
    let data = |run: &Compared| run.history.started.as_ref().map(|it| it.data_fingerprint.clone());
    let mut sets: Vec<String> = compared.iter().filter_map(data).collect();
    sets.sort();
    sets.dedup();
    if sets.len() > 1 {
        // It comes first: the names may take the rest of the row.
        let text = " different data, not comparable";
        line.spans.insert(0, Span::styled(text, app.theme.style(Role::Warning)));
    }
    line
}

/// The signs of the runs with their names.
fn names(app: &App, compared: &[Compared]) -> Line<'static> {
    let mut line = Line::default();
    for run in compared {
        let appearance = app.appearances.of(run.id);
        let sign = format!(" {} ", appearance.sign(app.theme.ascii()));
        line.push_span(Span::styled(sign, app.theme.run(appearance.place())));
        line.push_span(Span::raw(format!("{} ", run.name)));
    }
    line
}
