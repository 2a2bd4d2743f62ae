//! A terminal in memory whose screen another thread can read, and which can be lost.

use std::io;
use std::sync::{Arc, Mutex};

use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// What is on the screen now.
#[derive(Clone, Default)]
pub struct Screen(Arc<Mutex<Shown>>);

#[derive(Default)]
struct Shown {
    text: String,
    lost: bool,
}

impl Screen {
    /// The screen as text.
    pub fn text(&self) -> String {
        self.0.lock().unwrap().text.clone()
    }

    /// From now on every drawing fails.
    pub fn lose(&self) {
        self.0.lock().unwrap().lost = true;
    }
}

/// Draws in memory and shows each finished frame on a [`Screen`].
pub struct WatchedBackend {
    inner: TestBackend,
    screen: Screen,
}

impl WatchedBackend {
    /// A terminal of this size.
    pub fn new(width: u16, height: u16, screen: Screen) -> Self {
        Self { inner: TestBackend::new(width, height), screen }
    }
}

fn sure<T>(result: Result<T, core::convert::Infallible>) -> io::Result<T> {
    result.map_err(|never| match never {})
}

impl Backend for WatchedBackend {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        sure(self.inner.draw(content))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        sure(self.inner.hide_cursor())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        sure(self.inner.show_cursor())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        panic!("the thread that reads the keys would take the answer")
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        sure(self.inner.set_cursor_position(position))
    }

    fn clear(&mut self) -> io::Result<()> {
        sure(self.inner.clear())
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        sure(self.inner.clear_region(region))
    }

    fn size(&self) -> io::Result<Size> {
        sure(self.inner.size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        sure(self.inner.window_size())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut shown = self.screen.0.lock().unwrap();
        if shown.lost {
            return Err(io::Error::other("the terminal is gone"));
        }
        shown.text = self.inner.to_string();
        Ok(())
    }
}
