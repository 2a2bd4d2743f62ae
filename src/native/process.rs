//! Stopping and ending the process in ways that the standard library has not.

use std::io;

use rustix::process::{Signal, kill_current_process_group};

/// Stops this process and the others of its group as SIGTSTP does by default, even while this process
/// catches that signal; returns once it goes on. Where no shell could have it go on, the system passes
/// the signal over, which SIGSTOP would not be: nothing stops, and this returns at once.
///
/// # Errors
/// When the system refuses.
pub fn stop_process_group() -> io::Result<()> {
    // SAFETY: all bits zero are the default disposition with no signals blocked and no flags. Both
    // pointers are to structures of this function; no handler is named by either.
    let caught = unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        let mut caught: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGTSTP, &raw const default, &raw mut caught) != 0 {
            return Err(io::Error::last_os_error());
        }
        caught
    };
    let stopped = kill_current_process_group(Signal::TSTP);
    // SAFETY: the disposition that the system gave above, handler included.
    let restored =
        unsafe { libc::sigaction(libc::SIGTSTP, &raw const caught, std::ptr::null_mut()) };
    if restored != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(stopped?)
}

/// Ends the process, and nothing else: what libraries do at the end is left out. libtorch would take its
/// state apart under a trainer that still computes with it, which ends in a segmentation fault.
pub fn exit_at_once(status: u8) -> ! {
    // SAFETY: the process ends here; no destructor and no handler of this program runs.
    unsafe { libc::_exit(i32::from(status)) }
}
