//! The list of runs to choose from.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, List, ListState};

use crate::app::App;
use crate::app::compare::ListedRun;
use crate::app::compare::picker::Picker;
use crate::config::run::DataSource;
use crate::config::theme::Role;
use crate::views::{centred, format};

/// Draws the list over the screen.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, picker: &Picker) {
    let shown = picker.shown(&app.compare.listed);
    let area = centred(area, 76, (shown.len() as u16).saturating_add(4).max(8));
    let title = format!(" Runs to compare: {} chosen ", picker.chosen.len());
    let block = Block::bordered()
        .title(title)
        .title_bottom(" space takes a run in or out ")
        .border_style(app.theme.style(Role::Accent));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let [filter, list] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(inner);
    frame.render_widget(filter_line(app, picker), filter);
    let rows: Vec<Line> = shown.into_iter().map(|run| row(app, picker, run)).collect();
    if rows.is_empty() {
        frame.render_widget(Line::raw(" no run holds these words"), list);
        return;
    }
    let rows = List::new(rows).highlight_style(app.theme.selected());
    let mut state = ListState::default().with_selected(Some(picker.selected));
    frame.render_stateful_widget(rows, list, &mut state);
}

fn filter_line(app: &App, picker: &Picker) -> Line<'static> {
    let dim = app.theme.style(Role::Dim);
    if picker.filter.is_empty() {
        return Line::styled(" type to search", dim);
    }
    Line::from(vec![Span::styled(" search ", dim), Span::raw(format!("{}▏", picker.filter))])
}

fn row(app: &App, picker: &Picker, run: &ListedRun) -> Line<'static> {
    let mark = if picker.chosen.contains(&run.id) { "[x]" } else { "[ ]" };
    let name = if run.title.is_empty() { &run.id } else { &run.title };
    let best = run.best.map_or("-".to_owned(), format::percent);
    let live = if run.live { " training" } else { "" };
    let data = match run.spec.data.source {
        DataSource::Cifar10 => "CIFAR-10",
        DataSource::Synthetic => "synthetic",
    };
    let numbers = format!("{:>3}/{:<3} {best:>8}  {data}{live}", run.epochs, run.spec.epochs);
    Line::from(vec![
        Span::styled(format!(" {mark} "), app.theme.style(Role::Accent)),
        Span::raw(format!("{name:<36.36} ")),
        Span::styled(numbers, app.theme.style(Role::Dim)),
    ])
}
