//! What happens to a program that is left open for hours: connections drop, shells suspend, windows
//! change their size, disks fill.

use resnet_tui::training::checkpoint;
use rustix::process::{Resource, Rlimit, prlimit};

use super::*;

/// The text of the screen without its line breaks.
fn words(screen: &vt100::Screen) -> String {
    screen.contents().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_signal_to_end_leaves_a_checkpoint_and_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = Terminal::open();
        terminal.start();
        terminal.signal(signal);
        assert_eq!(terminal.end(), 0, "{signal:?}");
        let (_, history) = terminal.run();
        assert_eq!(history.ending, Some(Ending::Finished(Outcome::Stopped)), "{signal:?}");
        go_on(&terminal);
    }
}

#[test]
fn asked_twice_it_leaves_at_once_and_in_order() {
    // Each time the trainer is somewhere else.
    for _ in 0..5 {
        let mut terminal = Terminal::open();
        terminal.start();
        terminal.press("\x03\x03");
        assert_eq!(terminal.end(), 0);
        go_on(&terminal);
    }
}

#[test]
fn a_connection_that_drops_ends_the_program_with_a_checkpoint() {
    let mut terminal = Terminal::open();
    terminal.start();
    terminal.hang_up();
    let status = terminal.wait();
    assert!(status.success(), "{status:?}");
    let (_, history) = terminal.run();
    assert_eq!(history.ending, Some(Ending::Finished(Outcome::Stopped)));
    go_on(&terminal);
}

/// A shell with job control, without which nothing can be suspended, and the dashboard as its job.
/// `after` is done before the shell says so and waits for a line to bring the job back.
fn open_as_a_job(after: &str) -> Terminal {
    Terminal::open_with(|root| {
        let mut command = CommandBuilder::new("bash");
        let job = r#"echo $$ > "$HOME/pid"; exec "$0" "$@""#;
        let script =
            format!("set -m; sh -c '{job}' \"$0\" \"$@\"; {after} echo SUSPENDED; read -r; fg");
        command.args(["-c", &script, PROGRAM]);
        arguments(root).iter().for_each(|argument| command.arg(argument));
        command
    })
}

fn job(terminal: &Terminal) -> Pid {
    let text = std::fs::read_to_string(terminal.root.path().join("pid")).unwrap();
    Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}

/// Brings the job back, and finds it training and listening.
fn bring_back(terminal: &mut Terminal) {
    terminal.press("\r");
    terminal.until("the dashboard", |screen| {
        screen.alternate_screen() && screen.contents().contains("▶ training")
    });
    let step = terminal.run().1.step();
    terminal.until_run("step more", |history| history.step() > step);
    // One key alone, without the line's end that a terminal in its usual mode waits for.
    terminal.press("q");
    terminal.until_text("stop and quit");
    terminal.press("s");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn suspended_by_a_key_or_by_a_signal_and_back() {
    for by_key in [true, false] {
        let mut terminal = open_as_a_job("");
        terminal.start();
        match by_key {
            true => terminal.press("\x1a"),
            false => kill_process(job(&terminal), Signal::TSTP).unwrap(),
        }
        terminal.until("the shell on its own screen", |screen| {
            screen.contents().contains("SUSPENDED")
                && !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        bring_back(&mut terminal);
    }
}

#[test]
fn stopped_without_being_asked_it_takes_the_terminal_back() {
    let mut terminal = open_as_a_job("stty sane; clear;");
    terminal.start();
    kill_process(job(&terminal), Signal::STOP).unwrap();
    terminal.until_text("SUSPENDED");
    bring_back(&mut terminal);
}

#[test]
fn any_size_is_drawn_and_the_smallest_says_one_line() {
    let mut terminal = Terminal::open();
    terminal.start();
    let step = terminal.run().1.step();
    for number in 0..200u16 {
        terminal.resize(1 + number * 37 % 200, 1 + number * 11 % 60);
        if number % 10 == 0 {
            terminal.resize(1, 1);
        }
    }
    terminal.resize(39, 11);
    let small = terminal.until_text("needs 40 by 12");
    assert!(small.contains("ing"), "the state is said: {small}");
    terminal.resize(160, 45);
    terminal.until_text("learning rate");
    terminal.until_run("step after the storm", |history| history.step() > step);
    terminal.press("q");
    terminal.until_text("stop and quit");
    terminal.press("s");
    assert_eq!(terminal.end(), 0);
}

/// Has every file of the program that grows past so many bytes meet what a full disk is: a write that
/// fails. Unlike a small file system it needs no right of its own.
#[cfg(target_os = "linux")]
fn limit_files(terminal: &Terminal, bytes: Option<u64>) {
    let pid = Pid::from_raw(terminal.child.process_id().unwrap() as i32);
    let limit = |current| Rlimit { current, maximum: None };
    prlimit(pid, Resource::Fsize, limit(bytes)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_the_run_breaks_off_with_advice_and_goes_on_once_there_is_room() {
    let mut terminal = Terminal::open();
    terminal.start();
    let (folder, _) = terminal.run();
    let position = || checkpoint::position(&folder.checkpoint_path()).unwrap();
    terminal.press("c");
    terminal.until_run("checkpoint", |_| position().step > 0);
    let before = position();
    limit_files(&terminal, Some(1_000));
    let advice = "there is no room for it; make some, then resume the run";
    terminal.until("advice", |screen| {
        screen.contents().contains("FAILED") && words(screen).contains(advice)
    });
    assert!(position().step >= before.step, "the last checkpoint is whole");
    // The dashboard lives, and says why the run cannot go on yet.
    terminal.press("u");
    terminal.until("advice again", |screen| {
        let text = words(screen).replace(" │ │ ", " ");
        text.contains("The run could not be resumed") && text.contains("no room")
    });
    terminal.press("\x1b");
    terminal.until("Live", |screen| !screen.contents().contains("could not be resumed"));
    limit_files(&terminal, None);
    terminal.press("u");
    terminal.until_text("▶ training");
    terminal.until_run("step more", |history| history.step() > before.step);
    terminal.press("q");
    terminal.until_text("stop and quit");
    terminal.press("s");
    assert_eq!(terminal.end(), 0);
    go_on(&terminal);
}

#[cfg(target_os = "linux")]
#[test]
fn a_configuration_folder_that_cannot_be_written_costs_nothing_but_the_saving() {
    let mut terminal = Terminal::open_with(|root| {
        // Nobody makes a folder there, not even root, whom permissions do not stop elsewhere.
        std::os::unix::fs::symlink("/sys", root.path().join(".config")).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        arguments(root)[2..].iter().for_each(|argument| command.arg(argument));
        command
    });
    terminal.until_text("enter starts this run");
    // Four down from the model stand the epochs.
    terminal.press("jjjj77\r");
    terminal.until_text("77 epochs");
    terminal.press("w");
    terminal.until_text("Save this set-up as");
    terminal.press("night run\r");
    terminal.until("reason", |screen| {
        let text = words(screen);
        text.contains("The set-up could not be saved") && text.contains("`night run` is not saved")
    });
    terminal.press("\x1b");
    let text = terminal.until("Setup", |screen| !screen.contents().contains("could not be saved"));
    assert!(text.contains("77 epochs"), "{text}");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
