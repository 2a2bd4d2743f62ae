//! Smoothing, zoom and cursor.

use super::x_axis;
use crate::config::keys::Action;
use crate::runs::curve::Axis;

/// How all charts show their curves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartSettings {
    /// What the horizontal axis counts.
    pub x_axis: Axis,
    /// How strongly curves are smoothed.
    pub smoothing: SmoothingLevel,
}

/// How much of itself the moving average keeps at each value, as a place in `FACTORS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SmoothingLevel(usize);

/// From none to as much as still moves.
const FACTORS: [f64; 13] =
    [0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999];

/// The named ones.
const NAMED: [(usize, &str); 4] = [(0, "off"), (3, "light"), (6, "medium"), (10, "heavy")];

impl SmoothingLevel {
    /// What the average keeps of itself, 0 to below 1.
    pub fn factor(self) -> f64 {
        FACTORS.get(self.0).copied().unwrap_or(0.0)
    }

    /// The next named one, from heavy back to off.
    pub fn cycle(self) -> Self {
        Self(NAMED.iter().map(|(place, _)| *place).find(|place| *place > self.0).unwrap_or(0))
    }

    fn more(self) -> Self {
        Self((self.0 + 1).min(FACTORS.len() - 1))
    }

    fn less(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The name, if it has one, and the factor: `light 0.6`.
    pub fn words(self) -> String {
        let name = NAMED.iter().find(|(place, _)| *place == self.0).map(|(_, name)| *name);
        match (self.0, name) {
            (0, _) => "off".to_owned(),
            (_, Some(name)) => format!("{name} {}", self.factor()),
            (_, None) => self.factor().to_string(),
        }
    }
}

impl ChartSettings {
    /// Does what a key asks of the settings; whether it did.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::XAxis => self.x_axis = x_axis::next(self.x_axis),
            Action::Smoothing => self.smoothing = self.smoothing.cycle(),
            Action::SmoothingMore => self.smoothing = self.smoothing.more(),
            Action::SmoothingLess => self.smoothing = self.smoothing.less(),
            _ => return false,
        }
        true
    }
}

/// The part of the horizontal axis that is shown, and the cursor on it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartView {
    /// The part shown; all of it where there is none.
    window: Option<(f64, f64)>,
    /// Where the cursor is.
    pub cursor: Option<f64>,
}

/// The part of the window that a key moves by, and that the cursor moves by.
const PAN: f64 = 0.25;
const CURSOR: f64 = 1.0 / 60.0;

/// A window this many times narrower than the whole is narrow enough.
const DEEPEST: f64 = 1e4;

impl ChartView {
    /// The part shown of an axis from 0 to `end`.
    pub fn window(&self, end: f64) -> (f64, f64) {
        self.window.unwrap_or((0.0, end))
    }

    /// Whether less than everything is shown.
    pub fn is_zoomed(&self) -> bool {
        self.window.is_some()
    }

    /// Shows everything.
    pub fn show_all(&mut self) {
        self.window = None;
    }

    /// Makes the part shown `factor` times as wide. What lies at `position` of it, 0 to 1, stays.
    pub fn zoom(&mut self, factor: f64, position: f64, end: f64) {
        let (low, high) = self.window(end);
        let width = ((high - low) * factor).max(end / DEEPEST);
        let fixed = low + position * (high - low);
        self.show(fixed - position * width, width, end);
    }

    /// Moves the part shown by so many of its widths.
    pub fn pan(&mut self, widths: f64, end: f64) {
        let (low, high) = self.window(end);
        if self.is_zoomed() {
            self.show(low + widths * (high - low), high - low, end);
        }
    }

    fn show(&mut self, low: f64, width: f64, end: f64) {
        let low = low.min(end - width).max(0.0);
        // Everything is shown, also of a run that goes on.
        self.window = (width < end).then_some((low, low + width));
    }

    /// Puts the cursor at a position of the part shown, 0 to 1.
    pub fn point_at(&mut self, position: f64, end: f64) {
        let (low, high) = self.window(end);
        self.cursor = Some(low + position * (high - low));
    }

    /// Does what a key asks of the view on an axis from 0 to `end`; whether it did.
    pub fn act(&mut self, action: Action, axis: Axis, end: f64) -> bool {
        let (low, high) = self.window(end);
        let at_cursor = self.cursor.map_or(0.5, |x| ((x - low) / (high - low)).clamp(0.0, 1.0));
        match action {
            Action::ZoomIn => self.zoom(0.5, at_cursor, end),
            Action::ZoomOut => self.zoom(2.0, at_cursor, end),
            Action::ZoomReset => self.show_all(),
            Action::PanLeft => self.pan(-PAN, end),
            Action::PanRight => self.pan(PAN, end),
            Action::Left => self.move_cursor(-1.0, axis, end),
            Action::Right => self.move_cursor(1.0, axis, end),
            Action::First => self.move_cursor(f64::NEG_INFINITY, axis, end),
            Action::Last => self.move_cursor(f64::INFINITY, axis, end),
            Action::Back if self.cursor.is_some() => self.cursor = None,
            Action::Back if self.is_zoomed() => self.show_all(),
            _ => return false,
        }
        true
    }

    /// Moves the cursor by so many places, and the window with it where it would leave it.
    fn move_cursor(&mut self, places: f64, axis: Axis, end: f64) {
        let (low, high) = self.window(end);
        let place = (high - low) * CURSOR;
        // Whole epochs and steps have numbers of their own.
        let whole = match axis {
            Axis::Epoch => high - low >= 6.0,
            Axis::Step => place >= 1.0,
            Axis::TrainSeconds => false,
        };
        let place = if whole { place.round().max(1.0) } else { place };
        let x = match self.cursor {
            None if places.is_finite() => {
                if places > 0.0 {
                    low
                } else {
                    high
                }
            }
            None => {
                if places > 0.0 {
                    end
                } else {
                    0.0
                }
            }
            Some(x) => x + places * place,
        };
        let x = if whole && x.is_finite() { x.round() } else { x };
        let x = x.clamp(0.0, end);
        self.cursor = Some(x);
        if x < low {
            self.pan((x - low) / (high - low), end);
        } else if x > high {
            self.pan((x - high) / (high - low), end);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zooming_in_and_out_around_the_middle_ends_where_it_began() {
        let mut view = ChartView::default();
        view.act(Action::ZoomIn, Axis::Epoch, 100.0);
        assert_eq!(view.window(100.0), (25.0, 75.0));
        view.act(Action::PanRight, Axis::Epoch, 100.0);
        assert_eq!(view.window(100.0), (37.5, 87.5));
        view.act(Action::PanRight, Axis::Epoch, 100.0);
        view.act(Action::PanRight, Axis::Epoch, 100.0);
        assert_eq!(view.window(100.0), (50.0, 100.0));
        view.act(Action::ZoomOut, Axis::Epoch, 100.0);
        assert!(!view.is_zoomed());
    }

    #[test]
    fn the_cursor_goes_by_whole_epochs_and_escape_takes_it_away_first() {
        let mut view = ChartView::default();
        let mut act = |action| {
            let done = view.act(action, Axis::Epoch, 20.0);
            (done, view.cursor)
        };
        assert_eq!(act(Action::Left), (true, Some(20.0)));
        assert_eq!(act(Action::Left), (true, Some(19.0)));
        assert_eq!(act(Action::First), (true, Some(0.0)));
        assert_eq!(act(Action::ZoomIn), (true, Some(0.0)));
        assert_eq!(act(Action::Back), (true, None));
        assert_eq!(act(Action::Back), (true, None));
        assert_eq!(act(Action::Back), (false, None));
    }

    #[test]
    fn smoothing_goes_round_and_by_fine_steps() {
        let mut settings = ChartSettings::default();
        let mut words = Vec::new();
        for _ in 0..4 {
            settings.act(Action::Smoothing);
            words.push(settings.smoothing.words());
        }
        assert_eq!(words, ["light 0.6", "medium 0.9", "heavy 0.99", "off"]);
        settings.act(Action::SmoothingLess);
        settings.act(Action::SmoothingMore);
        assert_eq!(settings.smoothing.words(), "0.3");
    }

    proptest! {
        #[test]
        fn the_part_shown_is_always_a_part(
            steps in prop::collection::vec((0usize..9, 0.0..1.0f64), 0..60), end in 0.01..1e6f64
        ) {
            let actions = [
                Action::ZoomIn, Action::ZoomOut, Action::PanLeft, Action::PanRight, Action::Left,
                Action::Right, Action::First, Action::Last, Action::Back,
            ];
            let mut view = ChartView::default();
            for (step, position) in steps {
                view.act(actions[step], Axis::Step, end);
                if position > 0.9 {
                    view.zoom(0.7, position, end);
                    view.point_at(position, end);
                }
                let (low, high) = view.window(end);
                prop_assert!(0.0 <= low && low < high && high <= end * (1.0 + 1e-9));
                prop_assert!(view.cursor.is_none_or(|x| (0.0..=end * (1.0 + 1e-9)).contains(&x)));
            }
        }
    }
}
