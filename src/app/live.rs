//! The Live screen: which run it shows and how its charts are drawn.

use super::charts::ChartView;
use crate::config::keys::Action;
use crate::runs::curve::Axis;

/// A chart of the Live screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Training and test loss.
    Loss,
    /// Training and test accuracy.
    Accuracy,
    /// The learning rate.
    LearningRate,
    /// Seconds per epoch.
    EpochSeconds,
}

/// The charts in the order of the screen.
pub const CHARTS: [ChartKind; 4] =
    [ChartKind::Loss, ChartKind::Accuracy, ChartKind::LearningRate, ChartKind::EpochSeconds];

/// How the Live screen looks.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveScreen {
    /// The run shown, counted over the runs of this session.
    pub run: usize,
    /// The selected chart, counted over [`CHARTS`].
    pub chart: usize,
    /// Whether the selected chart is shown alone.
    pub expanded: bool,
    /// Which charts have a logarithmic y axis.
    pub log_scale: [bool; CHARTS.len()],
    /// The part of the run shown, and the cursor.
    pub view: ChartView,
}

impl Default for LiveScreen {
    fn default() -> Self {
        // The rate falls by factors of ten.
        Self {
            run: 0,
            chart: 0,
            expanded: false,
            log_scale: [false, false, true, false],
            view: ChartView::default(),
        }
    }
}

impl LiveScreen {
    /// The selected chart.
    pub fn selected(&self) -> ChartKind {
        CHARTS.get(self.chart).copied().unwrap_or(ChartKind::Loss)
    }

    /// Whether a chart has a logarithmic y axis.
    pub fn is_log(&self, kind: ChartKind) -> bool {
        CHARTS.iter().zip(self.log_scale).any(|(chart, log)| *chart == kind && log)
    }

    /// Does what a key asks of the screen itself. `runs` is how many there are; `end` is where the
    /// shown one has got to on the axis.
    pub fn act(&mut self, action: Action, runs: usize, axis: Axis, end: f64) {
        let (charts, runs) = (CHARTS.len(), runs.max(1));
        match action {
            Action::NextChart | Action::Down => self.chart = (self.chart + 1) % charts,
            Action::PreviousChart | Action::Up => self.chart = (self.chart + charts - 1) % charts,
            Action::NextRun => self.show_run((self.run + 1) % runs),
            Action::PreviousRun => self.show_run((self.run + runs - 1) % runs),
            Action::Expand | Action::Accept => self.expanded = !self.expanded,
            Action::LogScale => {
                if let Some(log) = self.log_scale.get_mut(self.chart) {
                    *log = !*log;
                }
            }
            _ if self.view.act(action, axis, end) => {}
            Action::Back => self.expanded = false,
            _ => {}
        }
    }

    /// Shows another run, all of it.
    pub fn show_run(&mut self, run: usize) {
        self.run = run;
        self.view = ChartView::default();
    }
}
