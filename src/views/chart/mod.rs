//! One chart for every screen: curves over two axes, marks, reference lines and a cursor.
//!
//! ```text
//! title and legend
//!  2.0│
//!     │╲      ┊ mark
//!  1.0│ ╲_____┊___
//!     │╌╌╌╌╌╌╌╌╌╌╌╌╌ reference
//!     0    2    4
//! ```

pub mod axis;

mod raster;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::config::theme::{Role, Theme};
pub use axis::{Axis, Scale};
pub use raster::Pattern;
use raster::Raster;

/// A chart, drawn with [`Chart::draw`].
pub struct Chart<'a> {
    /// What it shows.
    pub title: Line<'a>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves, the top one last.
    pub series: Vec<Series<'a>>,
    /// Horizontal lines.
    pub references: Vec<Reference<'a>>,
    /// Vertical lines.
    pub marks: Vec<Mark<'a>>,
    /// The cursor.
    pub cursor: Option<Cursor>,
}

/// A vertical line where numbers are read off.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// Where.
    pub x: f64,
    /// Where, in words.
    pub label: String,
}

/// A curve.
pub struct Series<'a> {
    /// Its name in the legend; none for one that needs none.
    pub name: &'a str,
    /// Its points, ordered by x; what is not a number is a gap.
    pub points: Vec<(f64, f64)>,
    /// How the line is drawn.
    pub pattern: Pattern,
    /// Its colour.
    pub style: Style,
    /// Its character where only ASCII may be used.
    pub symbol: char,
    /// Its value at the cursor, in words.
    pub value: Option<String>,
    /// A sign put on the curve here and there, to tell it from others without colour.
    pub sign: Option<char>,
}

/// A horizontal line at a value worth comparing with.
pub struct Reference<'a> {
    /// Where.
    pub y: f64,
    /// What it is.
    pub label: &'a str,
}

/// A vertical line where something happened.
pub struct Mark<'a> {
    /// Where.
    pub x: f64,
    /// What happened.
    pub label: &'a str,
    /// Its colour.
    pub style: Style,
}

/// Columns between two numbers on the horizontal axis, at least.
const X_LABEL_SPACING: usize = 10;

/// Points so few that each is worth a dot of its own.
const FEW_POINTS: usize = 3;

/// Columns from one sign of a curve to its next, and from a curve's signs to those of the next curve.
const SIGN_SPACING: u16 = 18;
const SIGN_OFFSET: u16 = 5;

impl Chart<'_> {
    /// Draws the chart. An area too small for axes shows the title alone.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        self.legend(theme).render(Rect { height: 1, ..area }, buffer);
        let Some(plot) = self.plot(area) else { return };
        self.draw_y_axis(plot, plot.x - area.x - 1, buffer, theme);
        self.draw_x_axis(plot, buffer, theme);
        self.draw_marks(plot, buffer);
        self.draw_references(plot, buffer, theme);
        self.draw_curves(plot, buffer, theme);
        self.draw_cursor(plot, buffer, theme);
    }

    /// The part of `area` that the curves are drawn on; none where there is no room for axes.
    pub fn plot(&self, area: Rect) -> Option<Rect> {
        if area.height < 4 || area.width < 12 {
            return None;
        }
        let ticks = self.y_ticks(area.height - 2);
        let labels = ticks.iter().map(|tick| tick.label.len()).max().unwrap_or(0).min(8) as u16;
        Some(Rect {
            x: area.x + labels + 1,
            y: area.y + 1,
            width: area.width - labels - 1,
            height: area.height - 2,
        })
    }

    fn y_ticks(&self, rows: u16) -> Vec<axis::Tick> {
        self.y.ticks(usize::from(rows / 2).clamp(2, 8))
    }

    fn legend(&self, theme: &Theme) -> Line<'_> {
        let mut line = self.title.clone();
        for series in self.series.iter().filter(|series| !series.name.is_empty()) {
            let sample = match (theme.ascii(), series.pattern) {
                (true, _) => format!(" {} ", series.symbol),
                (false, Pattern::Solid) => " ── ".to_owned(),
                (false, Pattern::Dashed) => " ╌╌ ".to_owned(),
            };
            let value = series.value.as_ref().map_or(String::new(), |value| format!(" {value}"));
            line.push_span(Span::raw(" "));
            line.push_span(Span::styled(sample, series.style));
            line.push_span(Span::styled(series.name, theme.style(Role::Dim)));
            line.push_span(Span::raw(value));
        }
        line
    }

    fn draw_y_axis(&self, plot: Rect, width: u16, buffer: &mut Buffer, theme: &Theme) {
        let frame = theme.style(Role::Frame);
        for row in plot.rows() {
            buffer.set_string(plot.x - 1, row.y, "│", frame);
        }
        for tick in self.y_ticks(plot.height) {
            let y = row_of(tick.position, plot);
            let label = format!("{:>width$.width$}", tick.label, width = usize::from(width));
            buffer.set_string(plot.x - 1 - width, y, label, theme.style(Role::Dim));
            buffer.set_string(plot.x - 1, y, "┤", frame);
        }
    }

    fn draw_x_axis(&self, plot: Rect, buffer: &mut Buffer, theme: &Theme) {
        let count = (usize::from(plot.width) / X_LABEL_SPACING).max(1);
        let mut free = plot.x;
        for tick in self.x.ticks(count) {
            let width = tick.label.len() as u16;
            let centre = column_of(tick.position, plot);
            let last = plot.right().saturating_sub(width);
            let x = centre.saturating_sub(width / 2).min(last).max(plot.x);
            if x >= free {
                buffer.set_string(x, plot.bottom(), &tick.label, theme.style(Role::Dim));
                free = x + width + 1;
            }
        }
    }

    fn draw_marks(&self, plot: Rect, buffer: &mut Buffer) {
        for mark in &self.marks {
            let Some(position) = self.x.position(mark.x).filter(|at| (0.0..=1.0).contains(at))
            else {
                continue;
            };
            let x = column_of(position, plot);
            for row in plot.rows() {
                buffer.set_string(x, row.y, "┊", mark.style);
            }
        }
        // A name stands beside its line where it fits between the others, on the right if it can.
        let column = |mark: &Mark| Some(column_of(self.x.position(mark.x)?, plot));
        let mut columns: Vec<u16> = self.marks.iter().filter_map(column).collect();
        columns.retain(|column| (plot.left()..plot.right()).contains(column));
        columns.sort_unstable();
        let mut free = plot.left();
        for mark in &self.marks {
            let Some(x) = column(mark).filter(|x| columns.contains(x)) else { continue };
            let width = mark.label.chars().count() as u16;
            let next = columns.iter().copied().find(|next| *next > x).unwrap_or(plot.right());
            let place = match (x + 1 + width <= next, x >= free + width) {
                (true, _) if x + 1 >= free => x + 1,
                (_, true) => x - width,
                _ => {
                    free = free.max(x + 1);
                    continue;
                }
            };
            buffer.set_string(place, plot.y, mark.label, mark.style);
            free = (place + width).max(x + 1);
        }
    }

    fn draw_references(&self, plot: Rect, buffer: &mut Buffer, theme: &Theme) {
        let style = theme.style(Role::Reference);
        let mut taken: Vec<u16> = Vec::new();
        for reference in &self.references {
            let Some(position) = self.y.position(reference.y).filter(|at| (0.0..=1.0).contains(at))
            else {
                continue;
            };
            let y = row_of(position, plot);
            // Two figures in one row of cells: the second stands at the left end.
            if !taken.contains(&y) {
                buffer.set_string(plot.x, y, "╌".repeat(usize::from(plot.width)), style);
            }
            let room = usize::from(plot.width) / 2;
            let width = reference.label.chars().count().min(room) as u16;
            let x = if taken.contains(&y) { plot.x } else { plot.right() - width };
            buffer.set_stringn(x, y, reference.label, room, style);
            taken.push(y);
        }
    }

    fn draw_curves(&self, plot: Rect, buffer: &mut Buffer, theme: &Theme) {
        let mut raster = Raster::new(plot.width, plot.height, theme.marker());
        for (index, series) in self.series.iter().enumerate() {
            let axes = (&self.x, &self.y);
            let points = clipped(&series.points, self.x.low(), self.x.high());
            raster.curve(index, &points, axes, series.pattern, series.style);
        }
        let symbols: Vec<char> = self.series.iter().map(|series| series.symbol).collect();
        raster.draw(plot, buffer, &symbols);
        for series in self.series.iter().filter(|series| series.points.len() <= FEW_POINTS) {
            for (x, y) in &series.points {
                let place = |position: Option<f64>| position.filter(|at| (0.0..=1.0).contains(at));
                let at = (place(self.x.position(*x)), place(self.y.position(*y)));
                if let (Some(x), Some(y)) = at {
                    let mut sign = [0; 4];
                    let sign = series.sign.unwrap_or('●').encode_utf8(&mut sign);
                    buffer.set_string(column_of(x, plot), row_of(y, plot), sign, series.style);
                }
            }
        }
        self.draw_signs(plot, buffer);
    }

    fn draw_signs(&self, plot: Rect, buffer: &mut Buffer) {
        let signed = self.series.iter().filter_map(|series| Some((series, series.sign?)));
        for (index, (series, sign)) in signed.enumerate() {
            // A sign stands on a point that was measured, not between two of them.
            let mut free = plot.x + (index as u16).wrapping_mul(SIGN_OFFSET) % SIGN_SPACING;
            let place = |position: Option<f64>| position.filter(|at| (0.0..=1.0).contains(at));
            for (x, y) in &series.points {
                let at = (place(self.x.position(*x)), place(self.y.position(*y)));
                let (Some(x), Some(y)) = at else { continue };
                let (x, y) = (column_of(x, plot), row_of(y, plot));
                if x >= free
                    && let Some(cell) = buffer.cell_mut((x, y))
                {
                    cell.set_char(sign).set_style(series.style);
                    free = x.saturating_add(SIGN_SPACING);
                }
            }
        }
    }

    fn draw_cursor(&self, plot: Rect, buffer: &mut Buffer, theme: &Theme) {
        let Some(cursor) = &self.cursor else { return };
        let position = self.x.position(cursor.x);
        if let Some(position) = position.filter(|at| (0.0..=1.0).contains(at)) {
            let x = column_of(position, plot);
            buffer.set_style(Rect { x, width: 1, ..plot }, theme.selected());
            let label = format!(" {} ", cursor.label);
            let width = (label.chars().count() as u16).min(plot.width);
            let left = x.saturating_sub(width / 2).min(plot.right() - width).max(plot.x);
            let room = usize::from(plot.right() - left);
            buffer.set_stringn(left, plot.bottom(), label, room, theme.selected());
            // What is left of a number that the label covers would be another number.
            let blank = |x: u16, buffer: &mut Buffer| {
                let cell = buffer.cell_mut((x, plot.bottom()));
                cell.filter(|cell| cell.symbol() != " ").map(|cell| cell.set_char(' ')).is_some()
            };
            let _ = (left + width..plot.right()).take_while(|x| blank(*x, buffer)).count();
            let _ = (plot.x..left).rev().take_while(|x| blank(*x, buffer)).count();
        }
    }
}

/// The part of a curve from `low` to `high`. Lines that lead out of it end at its edges.
fn clipped(points: &[(f64, f64)], low: f64, high: f64) -> Vec<(f64, f64)> {
    let mut clipped = Vec::with_capacity(points.len());
    let mut before: Option<(f64, f64)> = None;
    for &(x, y) in points {
        if let Some((from, value)) = before {
            for edge in [low, high].into_iter().filter(|edge| from < *edge && *edge < x) {
                clipped.push((edge, value + (y - value) * (edge - from) / (x - from)));
            }
        }
        if (low..=high).contains(&x) {
            clipped.push((x, y));
        }
        before = Some((x, y));
    }
    clipped
}

/// The column of cells at a position of the horizontal axis.
fn column_of(position: f64, plot: Rect) -> u16 {
    plot.x + (position * f64::from(plot.width.saturating_sub(1))).round() as u16
}

/// The row of cells at a position of the vertical axis.
fn row_of(position: f64, plot: Rect) -> u16 {
    plot.y + ((1.0 - position) * f64::from(plot.height.saturating_sub(1))).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::interface::InterfaceConfig;

    fn drawn(chart: &Chart, width: u16, height: u16, config: &InterfaceConfig) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        chart.draw(area, &mut buffer, &Theme::new(config, true));
        let rows = (0..height).map(|row| {
            let row: String = (0..width).map(|column| buffer[(column, row)].symbol()).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    fn chart() -> Chart<'static> {
        let series = |name, symbol, pattern, points| Series {
            name,
            points,
            pattern,
            style: Style::new(),
            symbol,
            value: None,
            sign: None,
        };
        let falling = (0..40).map(|x| (f64::from(x), 2.0 / (1.0 + f64::from(x) / 4.0))).collect();
        let gap = [(0.0, 1.0), (15.0, 0.5), (16.0, f64::NAN), (20.0, 0.5), (39.0, 0.3)].to_vec();
        Chart {
            title: Line::raw("loss"),
            x: Axis::new(0.0, 40.0, Scale::Linear),
            y: Axis::new(0.0, 2.0, Scale::Linear),
            series: vec![
                series("train", '.', Pattern::Dashed, falling),
                series("test", '*', Pattern::Solid, gap),
            ],
            references: vec![Reference { y: 1.5, label: "paper 1.5" }],
            marks: vec![Mark { x: 25.0, label: "paused", style: Style::new() }],
            cursor: None,
        }
    }

    #[test]
    fn a_chart_in_braille_and_in_ascii() {
        insta::assert_snapshot!(drawn(&chart(), 50, 12, &InterfaceConfig::default()));
        let ascii = InterfaceConfig { ascii: true, ..InterfaceConfig::default() };
        insta::assert_snapshot!(drawn(&chart(), 50, 12, &ascii));
    }

    #[test]
    fn the_cursor_reverses_its_column() {
        let area = Rect::new(0, 0, 45, 8);
        let mut buffer = Buffer::empty(area);
        let cursor = Cursor { x: 40.0, label: "epoch 40".to_owned() };
        let chart = Chart { cursor: Some(cursor), ..chart() };
        let theme = Theme::new(&InterfaceConfig::default(), true);
        chart.draw(area, &mut buffer, &theme);
        assert_eq!(buffer[(44, 3)].modifier, theme.selected().add_modifier);
        assert_eq!(buffer[(43, 3)].modifier, ratatui::style::Modifier::empty());
        let last: String = (35..45).map(|column| buffer[(column, 7)].symbol()).collect();
        assert_eq!(last, " epoch 40 ");
    }

    #[test]
    fn lines_that_lead_out_of_the_window_end_at_its_edges() {
        let points = [(0.0, 0.0), (10.0, 10.0), (20.0, f64::NAN), (30.0, 5.0)];
        let inside = clipped(&points, 4.0, 6.0);
        assert_eq!(inside, [(4.0, 4.0), (6.0, 6.0)]);
        assert_eq!(clipped(&points, 30.0, 40.0), [(30.0, 5.0)]);
    }

    #[test]
    fn signs_stand_on_the_curve() {
        let mut chart = chart();
        chart.series.truncate(1);
        chart.series[0].points = vec![(10.0, 1.0), (15.0, 1.0), (20.0, 1.0), (40.0, 1.0)];
        chart.series[0].sign = Some('◆');
        let drawn = drawn(&chart, 50, 9, &InterfaceConfig::default());
        // At 10 and at 40: on points that are far enough from each other, and nowhere else.
        let line = drawn.lines().find(|line| line.contains('◆')).unwrap();
        let columns = line.chars().enumerate().filter(|it| it.1 == '◆').map(|it| it.0);
        assert_eq!(columns.collect::<Vec<_>>(), [14, 49], "{drawn}");
    }
}
