//! SIGINT, SIGTERM and SIGHUP: the first asks, the second ends the process at once. SIGXFSZ: an error.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::native::exit_at_once;

/// Begins to catch the signals. The first one's number arrives in the channel; the process leaves
/// with the second one's exit status, whatever it is doing.
///
/// # Errors
/// When the operating system refuses the handlers or a thread.
pub fn listen() -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (sender, receiver) = bounded(1);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut signals = signals.forever();
        if let Some(first) = signals.next() {
            let _ = sender.send(first);
        }
        if let Some(second) = signals.next() {
            exit_at_once(exit_status(second));
        }
    })?;
    Ok(receiver)
}

/// Has a file that grows past what `ulimit -f` allows be an error of the write, as a full disk is,
/// rather than the end of the process.
///
/// # Errors
/// When the operating system refuses the handler.
pub fn survive_file_size_limit() -> io::Result<()> {
    // Nobody asks whether it was raised: the write says so.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// The exit status of a process that a signal ended: 128 and its number, as shells report it.
pub fn exit_status(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_signal_arrives_and_does_not_end_the_process() {
        let signals = listen().unwrap();
        signal_hook::low_level::raise(SIGHUP).unwrap();
        assert_eq!(signals.recv_timeout(Duration::from_secs(60)), Ok(SIGHUP));
        assert_eq!(exit_status(SIGINT), 130);
        assert_eq!(exit_status(SIGTERM), 143);
    }
}
