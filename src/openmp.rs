//! How libtorch's CPU threads wait for one another.
//!
//! libtorch computes with OpenMP, whose threads spin at the end of every operation until the slowest
//! has come. With nothing else on the machine that is quickest. As soon as another process wants a
//! core, the spinning threads take the time slice that the awaited one needs: two trainings side by
//! side on two cores took 50 times as long as one, not twice. After fewer turns they sleep instead,
//! which costs nothing measurable alone and shares fairly (`docs/benchmarks.md`).

use std::env;
use std::process::Command;

/// Read by GNU's OpenMP once, as it is loaded.
const SPIN_COUNT: &str = "GOMP_SPINCOUNT";

/// What a user who wants another way of waiting has set.
const USER_CHOICES: [&str; 2] = [SPIN_COUNT, "OMP_WAIT_POLICY"];

/// Turns before a thread sleeps; GNU's own choice is 300,000.
const TURNS: &str = "1000";

/// Starts this program anew with a short spin, unless the user decided otherwise: OpenMP was loaded
/// before `main` and has read its environment. Where that fails, training is slower on a busy machine
/// and the same otherwise.
pub fn wait_considerately() {
    if !cfg!(target_os = "linux") || USER_CHOICES.iter().any(|name| env::var_os(name).is_some()) {
        return;
    }
    #[cfg(unix)]
    if let Ok(program) = env::current_exe() {
        use std::os::unix::process::CommandExt;
        let mut arguments = env::args_os();
        let mut command = Command::new(program);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        // Returns only when it failed.
        let _ = command.args(arguments).env(SPIN_COUNT, TURNS).exec();
    }
}
