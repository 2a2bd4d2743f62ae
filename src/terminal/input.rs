//! What comes from outside: keys, the mouse, signals.

use std::io;
use std::thread;

use crossbeam_channel::Sender;
use crossterm::event::{Event, KeyEventKind, MouseEventKind};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use crate::app::Msg;

/// Reads the terminal on a thread of its own until it ends.
pub fn read_events(sender: Sender<Msg>) -> io::Result<()> {
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        loop {
            let msg = match crossterm::event::read() {
                Ok(event) => message(event),
                Err(_) => Some(Msg::TerminalGone),
            };
            let last = matches!(msg, Some(Msg::TerminalGone));
            let heard = msg.is_none_or(|msg| sender.send(msg).is_ok());
            if last || !heard {
                return;
            }
        }
    })?;
    Ok(())
}

/// Watches for the signals that ask the program to end, to stop for a while, or to go on.
pub fn watch_signals(sender: Sender<Msg>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if sender.send(meaning(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// What a signal means.
fn meaning(signal: i32) -> Msg {
    match signal {
        SIGHUP => Msg::TerminalGone,
        SIGTSTP => Msg::Suspend,
        SIGCONT => Msg::Continued,
        _ => Msg::Terminate,
    }
}

/// What an event means; nothing for a key that is let go.
fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) => Some(Msg::Key(key)),
        // Moving the mouse changes nothing.
        Event::Mouse(mouse) if mouse.kind == MouseEventKind::Moved => None,
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(..) => Some(Msg::Resize),
        Event::FocusGained | Event::FocusLost => None,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;

    #[test]
    fn a_key_counts_once() {
        let key = |kind| KeyEvent { kind, ..KeyEvent::new(KeyCode::Char('p'), KeyModifiers::NONE) };
        assert!(message(Event::Key(key(KeyEventKind::Press))).is_some());
        assert!(message(Event::Key(key(KeyEventKind::Release))).is_none());
    }
}
