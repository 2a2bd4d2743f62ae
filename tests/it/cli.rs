//! The built binary from outside: help, usage errors, the commands that train nothing.

use assert_cmd::Command;

/// The binary with its home in an empty folder.
struct Program {
    home: tempfile::TempDir,
}

impl Program {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::cargo_bin("resnet-tui").unwrap();
        command.args(arguments.split_whitespace()).env("HOME", self.home.path());
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env_remove(variable);
        }
        // clap wraps to this where there is no terminal.
        command.env("COLUMNS", "100");
        command
    }

    /// Exit status, standard output, standard error.
    fn run(&self, arguments: &str) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn the_help_of_every_command() {
    let program = Program::new();
    for command in
        ["", "train", "eval", "summary", "doctor", "config", "data", "data fetch", "completions"]
    {
        let (status, output, errors) = program.run(&format!("{command} --help"));
        assert_eq!((status, errors.as_str()), (0, ""), "{command}");
        insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), output);
    }
}

#[test]
fn without_a_terminal_the_dashboard_names_train() {
    let (status, output, errors) = Program::new().run("");
    assert_eq!((status, output.as_str()), (2, ""));
    assert!(errors.contains("needs a terminal") && errors.contains("resnet-tui train"), "{errors}");
}

#[test]
fn usage_errors_name_the_flag_and_exit_with_2() {
    let program = Program::new();
    for (arguments, named) in [
        ("train --arch v3", "[possible values: v1, v2]"),
        ("train --n 0", "--n: 0 blocks per stage; allowed is 1 to 1000"),
        ("train --batch-size 1", "--batch-size: 1 images; allowed is 2 to 8192"),
        ("train --zoom-range 3", "--zoom-range: 3; allowed is 0 to 0.99"),
        ("train --device gpu", "cuda:INDEX"),
        ("train --rotation 15", "--rotation-range"),
        ("train --horizontal-flip perhaps", "true, false"),
        ("train --synthetic --data-dir x", "cannot be used with"),
        ("train --resume x --n 5", "a resumed run keeps its recipe: --n cannot"),
        ("train --resume x", "no runs in"),
        ("summary --n 0", "--n: 0 blocks"),
        ("--replay none.jsonl", "cannot replay none.jsonl"),
        ("--replay Cargo.toml", "Cargo.toml holds no events"),
        ("--replay x --speed fast", "a number above 0, such as 50, or `max`"),
        ("--speed 5", "--replay"),
        ("dance", "unrecognized subcommand"),
        ("eval", "--weights"),
    ] {
        let (status, output, errors) = program.run(arguments);
        assert_eq!((status, output.as_str()), (2, ""), "{arguments}: {errors}");
        assert!(errors.contains(named), "{arguments}: {errors}");
    }
}

#[test]
fn a_mistake_in_the_users_own_file_is_found_by_every_command_that_reads_it() {
    let program = Program::new();
    let doctor = program.run("doctor").1;
    let line = doctor.lines().find(|line| line.starts_with("configuration")).unwrap();
    let path = line.split_whitespace().nth(1).unwrap();
    std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
    std::fs::write(path, "[run]\nepoch = 3\n").unwrap();
    for arguments in ["", "train", "summary", "doctor"] {
        let (status, output, errors) = program.run(arguments);
        assert_eq!((status, output.as_str()), (2, ""), "{arguments}: {errors}");
        let named = format!("error: {path}:2:1: run.epoch: unknown key");
        assert!(errors.starts_with(&named), "{arguments}: {errors}");
    }
}

#[test]
fn config_prints_a_file_that_can_be_used() {
    let program = Program::new();
    let (status, output, _) = program.run("config");
    assert_eq!(status, 0);
    assert_eq!(output, include_str!("../../config.example.toml"));
    let file = program.home.path().join("mine.toml");
    std::fs::write(&file, output).unwrap();
    let doctor = program.run(&format!("doctor --config {}", file.display()));
    assert_eq!(doctor.0, 0, "{}", doctor.2);
    assert!(doctor.1.contains("mine.toml"), "{}", doctor.1);
}

#[test]
fn completions_name_the_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, output, _) = Program::new().run(&format!("completions {shell}"));
        assert_eq!(status, 0);
        assert!(output.contains("rotation-range"), "{shell}");
    }
}
