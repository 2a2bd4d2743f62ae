//! What the mouse can be used on, and how.

use super::Screen;

/// Something on the screen, found by the drawing of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The name of a screen.
    Tab(Screen),
    /// A chart.
    Chart {
        /// Which, in the order of its screen.
        chart: usize,
        /// Where on the part of its horizontal axis that is shown, 0 to 1.
        position: f64,
    },
    /// A field of Setup, counted over all of them.
    Field(usize),
    /// A row of the list on top, counted over those that match.
    Row(usize),
    /// A row of the list that is the screen, Results or Runs, counted over all that it lists.
    ScreenRow(usize),
}

/// What was done with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The left button was pressed; on a chart, also that the mouse was moved with it.
    Press,
    /// The wheel was turned away from the user.
    WheelUp,
    /// The wheel was turned towards the user.
    WheelDown,
}
