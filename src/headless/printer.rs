//! Writes what a run says: JSON lines, plain lines, or lines above a progress bar.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

use super::report::{Line, Report};
use crate::protocol::{LoggedEvent, Outcome, TrainEvent};

/// How events are written.
#[derive(Debug)]
pub enum Style {
    /// Each event as a line of JSON.
    Json,
    /// Readable lines; progress within an epoch now and then.
    Lines,
    /// Readable lines above a bar that shows the progress within the epoch.
    Bar(ProgressBar),
}

impl Style {
    /// Lines above a bar on standard error, which must be a terminal.
    pub fn bar() -> Self {
        let bar = ProgressBar::no_length();
        let template = "{prefix} {wide_bar:.cyan} {human_pos}/{human_len}  {msg}";
        Self::Bar(bar.with_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        ))
    }
}

/// Writes events to one place and messages to another.
pub struct Printer<'a> {
    output: &'a mut dyn Write,
    messages: &'a mut dyn Write,
    style: Style,
    report: Report,
}

impl<'a> Printer<'a> {
    /// A printer of a run that stops after `max_steps` steps (0: no limit). Events go to `output`,
    /// everything else to `messages`.
    pub fn new(
        output: &'a mut dyn Write,
        messages: &'a mut dyn Write,
        style: Style,
        max_steps: u64,
    ) -> Self {
        Self { output, messages, style, report: Report::new(max_steps) }
    }

    /// Writes an event.
    ///
    /// # Errors
    /// When the output cannot be written. Nobody may be reading it any more.
    pub fn print(&mut self, logged: &LoggedEvent) -> io::Result<()> {
        let line = self.report.hear(logged);
        match &logged.event {
            TrainEvent::Warning(warning) => self.message(&format!("warning: {}", warning.message)),
            TrainEvent::Finished(finished) if finished.outcome == Outcome::Stopped => {
                if let Some(hint) = self.report.how_to_go_on() {
                    self.message(&hint);
                }
            }
            _ => {}
        }
        match (&self.style, line) {
            (Style::Json, _) => {
                let line = serde_json::to_string(logged)?;
                writeln!(self.output, "{line}")?;
                self.output.flush()
            }
            (_, None) => Ok(()),
            (Style::Lines, Some(Line::Lasting(text) | Line::Occasional(text))) => {
                writeln!(self.output, "{text}")?;
                self.output.flush()
            }
            (Style::Lines, Some(Line::Passing(_))) => Ok(()),
            (Style::Bar(bar), Some(Line::Lasting(text))) => {
                bar.suspend(|| writeln!(self.output, "{text}"))
            }
            (Style::Bar(bar), Some(Line::Occasional(text) | Line::Passing(text))) => {
                if let Some(epoch) = self.report.epoch() {
                    bar.set_length(epoch.steps);
                    bar.set_position(epoch.step);
                    bar.set_prefix(epoch.name);
                }
                bar.set_message(text);
                Ok(())
            }
        }?;
        if matches!(logged.event, TrainEvent::Finished(_) | TrainEvent::Failed(_))
            && let Style::Bar(bar) = &self.style
        {
            bar.finish_and_clear();
        }
        Ok(())
    }

    /// Writes a message that is no event.
    pub fn message(&mut self, text: &str) {
        // Without anybody to read messages there is nobody to tell.
        let mut write = || {
            let _ = writeln!(self.messages, "{text}");
        };
        match &self.style {
            Style::Bar(bar) => bar.suspend(write),
            Style::Json | Style::Lines => write(),
        }
    }
}
