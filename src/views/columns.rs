//! Columns of a list: as many as fit, the most worthwhile ones first.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub title: &'static str,
    /// Its width, without the space between columns.
    pub width: usize,
    /// Columns with more of it are kept when there is no room for all.
    pub worth: u8,
    /// Whether its text ends at its right edge, as numbers do.
    pub right: bool,
}

/// A column whose text begins at its left edge.
pub const fn left(title: &'static str, width: usize, worth: u8) -> Column {
    Column { title, width, worth, right: false }
}

/// A column whose text ends at its right edge.
pub const fn right(title: &'static str, width: usize, worth: u8) -> Column {
    Column { title, width, worth, right: true }
}

/// The columns that fit side by side.
pub struct Fitting<'a> {
    columns: &'a [Column],
    shown: Vec<usize>,
}

impl<'a> Fitting<'a> {
    /// The columns that fit into `width`, in their order.
    pub fn new(columns: &'a [Column], width: usize) -> Self {
        let mut by_worth: Vec<(usize, &Column)> = columns.iter().enumerate().collect();
        by_worth.sort_by_key(|(_, column)| std::cmp::Reverse(column.worth));
        let mut room = width;
        let mut shown = Vec::new();
        for (place, column) in by_worth {
            // What does not fit takes everything of less worth with it.
            let Some(rest) = room.checked_sub(column.width + 1) else { break };
            room = rest;
            shown.push(place);
        }
        shown.sort_unstable();
        Self { columns, shown }
    }

    /// The line of the titles.
    pub fn titles(&self, style: Style) -> Line<'static> {
        let titles: Vec<Span> =
            self.columns.iter().map(|column| Span::styled(column.title, style)).collect();
        self.line(titles)
    }

    /// A line of one cell for every column, shown or not.
    pub fn line(&self, cells: Vec<Span<'static>>) -> Line<'static> {
        let mut line = Line::default();
        for place in &self.shown {
            let (Some(column), Some(cell)) = (self.columns.get(*place), cells.get(*place)) else {
                continue;
            };
            let width = column.width;
            let text = if column.right {
                format!(" {:>width$.width$}", cell.content)
            } else {
                format!(" {:<width$.width$}", cell.content)
            };
            line.push_span(Span::styled(text, cell.style));
        }
        line
    }
}

/// The first of `count` rows to show in `height` lines, so that the selected one stays in the middle
/// and the ends of the list at the ends of the screen.
pub fn first_row(selected: usize, count: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(count.saturating_sub(height))
}

/// Which of `count` rows lies at a place of `list`, one a line from [`first_row`] on.
pub fn row_at(list: Rect, selected: usize, count: usize, place: Position) -> Option<usize> {
    let line = place.y.checked_sub(list.y).filter(|_| list.contains(place))?;
    let row = first_row(selected, count, usize::from(list.height)) + usize::from(line);
    (row < count).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [left("name", 6, 3), right("n", 3, 1), left("best", 4, 2)];

    fn text(line: &Line) -> String {
        line.spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn the_most_worthwhile_columns_stay() {
        let titles = |width| text(&Fitting::new(&COLUMNS, width).titles(Style::new()));
        assert_eq!(titles(16), " name     n best");
        assert_eq!(titles(15), " name   best");
        assert_eq!(titles(11), " name  ");
        assert_eq!(titles(3), "");
    }

    #[test]
    fn cells_are_cut_to_their_columns() {
        let cells = ["too long a name", "7", "92"].map(Span::raw).to_vec();
        assert_eq!(text(&Fitting::new(&COLUMNS, 80).line(cells)), " too lo   7 92  ");
    }

    #[test]
    fn a_place_has_the_row_drawn_there() {
        let list = Rect::new(0, 3, 20, 10);
        let row_at = |selected, count, x, y| row_at(list, selected, count, Position { x, y });
        assert_eq!(row_at(50, 100, 0, 3), Some(45));
        assert_eq!(row_at(50, 100, 19, 12), Some(54));
        assert_eq!((row_at(50, 100, 0, 2), row_at(50, 100, 0, 13)), (None, None));
        assert_eq!((row_at(0, 2, 5, 4), row_at(0, 2, 5, 5)), (Some(1), None));
    }

    #[test]
    fn the_selected_row_is_seen() {
        assert_eq!(first_row(0, 100, 10), 0);
        assert_eq!(first_row(50, 100, 10), 45);
        assert_eq!(first_row(99, 100, 10), 90);
        assert_eq!(first_row(3, 4, 10), 0);
    }
}
