//! What shells, man(1) and pipes get from a program. Each program includes this file in its tests.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

fn output(binary: &str, arguments: &[&str]) -> Output {
    Command::new(binary).args(arguments).output().unwrap()
}

/// Bash reads the completion script.
pub(crate) fn check_completions(binary: &str) {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("completions");
    fs::write(&script, output(binary, &["completions", "bash"]).stdout).unwrap();
    let bash = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
}

/// The pages of the program and of some of its commands, and the first one alone.
pub(crate) fn check_pages(binary: &str, program: &str, commands: &[&str]) {
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    assert!(output(binary, &["man", pages.to_str().unwrap()]).status.success());
    let names = commands.iter().map(|command| format!("{program}-{command}")).chain([program.to_owned()]);
    for name in names {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
    let first = fs::read(pages.join(format!("{program}.1"))).unwrap();
    assert!(output(binary, &["man"]).stdout == first);
}

/// man(1) shows the first page, without a warning.
pub(crate) fn check_man(binary: &str, program: &str, command: &str) {
    let folder = TempDir::new().unwrap();
    output(binary, &["man", folder.path().to_str().unwrap()]);
    let page = folder.path().join(format!("{program}.1"));
    let man = Command::new("man").args(["--warnings", "-l"]).arg(page).env("MANWIDTH", "80").output().unwrap();
    let (shown, warnings) = (String::from_utf8_lossy(&man.stdout), String::from_utf8_lossy(&man.stderr));
    assert!(shown.contains("SUBCOMMANDS") && shown.contains(&format!("{program}-{command}(1)")), "{shown}{warnings}");
    assert_eq!(warnings, "");
}

/// Each command ends quietly, with its own exit code, when the reader of stdout has gone away, and that of stderr too.
pub(crate) fn check_closed_readers(binary: &str, cases: &[(&[&str], i32)]) {
    for (arguments, code) in cases {
        for is_stderr_closed in [false, true] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = Command::new(binary);
            command.args(*arguments).stdout(writer.try_clone().unwrap());
            command.stderr(if is_stderr_closed { writer.into() } else { Stdio::piped() });
            let ended = command.spawn().unwrap().wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(*code), "{arguments:?}: {stderr}");
            assert!(!stderr.to_lowercase().contains("pipe"), "{arguments:?}: {stderr}");
            assert!(*code != 0 || stderr.is_empty(), "{arguments:?}: {stderr}");
        }
    }
}
