//! Curves as dots: several dots a cell, later curves over earlier ones.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::axis::Axis;
use crate::config::theme::Marker;

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A line.
    Solid,
    /// A line with gaps.
    Dashed,
}

/// A grid of dots over an area of the screen.
pub struct Raster {
    cells: Vec<Cell>,
    /// Columns and rows of cells.
    size: (usize, usize),
    /// Columns and rows of dots in a cell.
    dots: (usize, usize),
    marker: Marker,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    /// One bit a dot, row by row.
    mask: u8,
    /// The curve that drew here last; its dots are the only ones shown.
    curve: usize,
    style: Style,
}

/// The values that fall into one column of dots.
#[derive(Clone, Copy)]
struct Column {
    index: usize,
    first: f64,
    last: f64,
    low: f64,
    high: f64,
}

/// The bits of a braille cell, row by row: the dots are numbered by columns, the last row later.
const BRAILLE: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];

impl Raster {
    /// An empty grid over an area of this many cells.
    pub fn new(width: u16, height: u16, marker: Marker) -> Self {
        let size = (usize::from(width), usize::from(height));
        let dots = match marker {
            Marker::Braille => (2, 4),
            Marker::HalfBlock => (1, 2),
            Marker::Dot | Marker::Ascii => (1, 1),
        };
        Self { cells: vec![Cell::default(); size.0 * size.1], size, dots, marker }
    }

    /// Columns of dots.
    fn columns(&self) -> usize {
        self.size.0 * self.dots.0
    }

    /// Rows of dots.
    fn rows(&self) -> usize {
        self.size.1 * self.dots.1
    }

    /// Draws a curve over what is there. `points` are ordered by x. Each column of dots spans all
    /// values that fall into it, so no spike and no best epoch is lost; what is not a number is a gap.
    pub fn curve(
        &mut self,
        curve: usize,
        points: &[(f64, f64)],
        (x, y): (&Axis, &Axis),
        pattern: Pattern,
        style: Style,
    ) {
        let columns = self.columns();
        let mut before: Option<Column> = None;
        let mut current: Option<Column> = None;
        let draw = |raster: &mut Self, column: Option<Column>, before: &mut Option<Column>| {
            if let Some(column) = column {
                raster.column(curve, &column, before.as_ref(), y, pattern, style);
                *before = Some(column);
            }
        };
        for (at, value) in points {
            let position = x.position(*at).filter(|_| y.position(*value).is_some());
            let Some(position) = position else {
                draw(self, current.take(), &mut before);
                before = None;
                continue;
            };
            let index = position * columns.saturating_sub(1) as f64;
            if !(-0.5..columns as f64).contains(&index) {
                continue;
            }
            let index = index.round() as usize;
            match &mut current {
                Some(column) if column.index == index => {
                    column.last = *value;
                    column.low = column.low.min(*value);
                    column.high = column.high.max(*value);
                }
                _ => {
                    draw(self, current.take(), &mut before);
                    let (first, last, low, high) = (*value, *value, *value, *value);
                    current = Some(Column { index, first, last, low, high });
                }
            }
        }
        draw(self, current, &mut before);
    }

    /// Draws one column from its lowest to its highest value and joins it to the one before.
    fn column(
        &mut self,
        curve: usize,
        column: &Column,
        before: Option<&Column>,
        y: &Axis,
        pattern: Pattern,
        style: Style,
    ) {
        let rows = self.rows();
        let row =
            |value: f64| y.position(value).map(|at| (1.0 - at) * rows.saturating_sub(1) as f64);
        let (Some(low), Some(high)) = (row(column.low), row(column.high)) else { return };
        self.vertical(curve, column.index, high, low, pattern, style);
        let Some(before) = before else { return };
        let (Some(from), Some(to)) = (row(before.last), row(column.first)) else { return };
        let distance = column.index.saturating_sub(before.index);
        let mut last = from;
        for step in 1..=distance {
            let next = from + (to - from) * step as f64 / distance as f64;
            // Half of the way belongs to either column, so that a steep line has no holes.
            let middle = (last + next) / 2.0;
            let at = before.index + step;
            self.vertical(curve, at - 1, last, middle, pattern, style);
            self.vertical(curve, at, middle, next, pattern, style);
            last = next;
        }
    }

    fn vertical(
        &mut self,
        curve: usize,
        column: usize,
        from: f64,
        to: f64,
        pattern: Pattern,
        style: Style,
    ) {
        if pattern == Pattern::Dashed && column / 2 % 3 == 2 {
            return;
        }
        let (top, bottom) = (from.min(to).round(), from.max(to).round());
        let last = self.rows() as f64 - 1.0;
        if bottom < 0.0 || top > last {
            return;
        }
        for row in top.max(0.0) as usize..=bottom.min(last) as usize {
            self.dot(curve, column, row, style);
        }
    }

    fn dot(&mut self, curve: usize, column: usize, row: usize, style: Style) {
        let (wide, high) = self.dots;
        let index = row / high * self.size.0 + column / wide;
        let Some(cell) = self.cells.get_mut(index) else { return };
        if cell.curve != curve || cell.mask == 0 {
            *cell = Cell { mask: 0, curve, style };
        }
        cell.mask |= 1 << (row % high * wide + column % wide);
    }

    /// Puts the dots on the screen; cells without any stay as they are.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, symbols: &[char]) {
        for (index, cell) in self.cells.iter().enumerate().filter(|(_, cell)| cell.mask != 0) {
            let x = area.x + (index % self.size.0) as u16;
            let y = area.y + (index / self.size.0) as u16;
            let symbol = match self.marker {
                Marker::Braille => {
                    let bits = BRAILLE.iter().enumerate();
                    let bits = bits.filter(|(bit, _)| cell.mask & (1 << bit) != 0);
                    char::from_u32(0x2800 + bits.map(|(_, value)| value).sum::<u32>())
                        .unwrap_or(' ')
                }
                Marker::HalfBlock => match cell.mask {
                    1 => '▀',
                    2 => '▄',
                    _ => '█',
                },
                Marker::Dot => '•',
                Marker::Ascii => symbols.get(cell.curve).copied().unwrap_or('*'),
            };
            if let Some(target) = buffer.cell_mut((x, y)) {
                target.set_char(symbol).set_style(cell.style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::chart::axis::Scale;

    fn drawn(points: &[(f64, f64)], width: u16, height: u16, marker: Marker) -> Vec<String> {
        let x = Axis::new(0.0, f64::from(width) - 1.0, Scale::Linear);
        let y = Axis::new(0.0, f64::from(height) - 1.0, Scale::Linear);
        let mut raster = Raster::new(width, height, marker);
        raster.curve(0, points, (&x, &y), Pattern::Solid, Style::new());
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        raster.draw(area, &mut buffer, &['*']);
        (0..height)
            .map(|row| (0..width).map(|column| buffer[(column, row)].symbol()).collect())
            .collect()
    }

    #[test]
    fn a_line_is_joined() {
        let lines = drawn(&[(0.0, 0.0), (4.0, 2.0)], 5, 3, Marker::Ascii);
        assert_eq!(lines, ["   **", " *** ", "**   "]);
    }

    #[test]
    fn not_a_number_is_a_gap() {
        let points = [(0.0, 0.0), (1.0, 0.0), (2.0, f64::NAN), (3.0, 0.0), (4.0, 0.0)];
        assert_eq!(drawn(&points, 5, 1, Marker::Ascii), ["** **"]);
    }

    #[test]
    fn a_spike_among_a_thousand_points_is_kept() {
        let points: Vec<(f64, f64)> = (0..1000)
            .map(|index| (f64::from(index) / 250.0, if index == 617 { 2.0 } else { 0.0 }))
            .collect();
        assert_eq!(drawn(&points, 5, 3, Marker::Ascii), ["  *  ", "  *  ", "*****"]);
    }

    #[test]
    fn braille_dots_lie_where_they_should() {
        let x = Axis::new(0.0, 1.0, Scale::Linear);
        let y = Axis::new(0.0, 3.0, Scale::Linear);
        let mut raster = Raster::new(1, 1, Marker::Braille);
        let points = [(0.0, 3.0), (0.5, f64::NAN), (1.0, 0.0)];
        raster.curve(0, &points, (&x, &y), Pattern::Solid, Style::new());
        let area = Rect::new(0, 0, 1, 1);
        let mut buffer = Buffer::empty(area);
        raster.draw(area, &mut buffer, &[]);
        assert_eq!(buffer[(0, 0)].symbol(), "⢁");
    }

    #[test]
    fn the_later_curve_owns_a_cell() {
        let axis = Axis::new(0.0, 1.0, Scale::Linear);
        let mut raster = Raster::new(1, 1, Marker::Braille);
        raster.curve(0, &[(0.0, 0.0)], (&axis, &axis), Pattern::Solid, Style::new());
        raster.curve(1, &[(1.0, 1.0)], (&axis, &axis), Pattern::Solid, Style::new());
        let area = Rect::new(0, 0, 1, 1);
        let mut buffer = Buffer::empty(area);
        raster.draw(area, &mut buffer, &[]);
        assert_eq!(buffer[(0, 0)].symbol(), "⠈");
    }
}
