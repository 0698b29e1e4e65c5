//! What `run` prints.

use super::*;

/// A chain of approvals, each of which sends back to the first step.
fn chain(approvals: usize) -> String {
    let mut text = "name = \"Chain\"\npublished = true\n[[step]]\nname = \"0\"\ntype = \"task\"\n".to_owned();
    for number in 1..=approvals {
        let previous = number - 1;
        text += &format!(
            "[[step]]\nname = \"{number}\"\ntype = \"approval\"\nactors = [\"kim@example.com\"]\n\
             previous = [\"{previous}\"]\nsendBackTo = \"0\"\n"
        );
    }
    text
}

#[test]
fn what_people_read() {
    let to = TempDir::new().unwrap();
    let folder = |name: &str| to.path().join(name).to_str().unwrap().to_owned();
    let purchase = "examples/scripts/purchase.toml";
    for (name, model, arguments) in [
        ("run_all_paths", "examples/customer-set-up.toml", ["--all-paths"].as_slice()),
        ("run_all_paths_json", "examples/public-intake.toml", &["--all-paths", "--output", "json"]),
        ("run_script", "examples/purchase.toml", &["--script", purchase]),
        (
            "run_script_json",
            "examples/leave-request.toml",
            &["--script", "examples/scripts/leave-request.toml", "--output", "json"],
        ),
        ("run_script_of_another_model", "examples/leave-request.toml", &["--script", purchase]),
        ("run_no_plan", "examples/purchase.toml", &[]),
        ("run_start", "examples/purchase.toml", &["--all-paths", "--start", "tomorrow"]),
        ("run_no_script", "examples/purchase.toml", &["--script", "no-such.toml"]),
        ("run_no_model", "examples/no-such.toml", &["--all-paths"]),
    ] {
        snapshot(name, command(model).args(arguments).args(["--to-dir", &folder(name)]));
    }
    snapshot("run_no_folder", command("examples/purchase.toml").args(["--all-paths", "--to-dir", "README.md"]));
    snapshot("help_run", webhook_sender().args(["run", "--help"]));
}

#[test]
fn what_people_read_of_their_own_mistakes() {
    let approval =
        "[[step]]\nname = \"Check\"\ntype = \"approval\"\nactors = [\"kim@example.com\"]\nprevious = [\"Form\"]\n";
    let good = TWO_WEBHOOKS.to_owned() + approval;
    let form = "[[do]]\nstep = \"Form\"\naction = \"submit\"\n";
    let bare = "name = \"bare\"\n[roles]\ntrigger = \"/t\"\nflowIdentifier = \"/f\"\nstepIdentifier = \"/s\"\n\
                stepFields = \"/d\"\n[triggers]\nstepCreated = 1\nstepCompleted = 2\n[fields]\nform = \"map\"\nkey = \"name\"\n";
    for (name, model, script) in [
        ("run_stuck", &good, form.to_owned() + "\n[[do]]\nstep = \"Check\"\naction = \"rejectAndComplete\"\n"),
        (
            "run_stuck_by",
            &good,
            form.to_owned() + "[[do]]\nstep = \"Check\"\naction = \"approve\"\nby = \"lee@example.com\"\n",
        ),
        (
            "run_script_problems",
            &good,
            "[[do]]\nstep = \"Form\"\naction = \"sumbit\"\n[do.fields]\n\"A\\u001b\" = 1\n".to_owned(),
        ),
        ("run_script_toml", &good, "[[do]\n".to_owned()),
        ("run_half_a_flow", &good, form.to_owned()),
        ("run_unpublished", &good.replace("published = true", "published = false"), form.to_owned()),
        ("run_broken_model", &good.replace("previous = [\"Form\"]", "previous = [\"Frm\"]"), form.to_owned()),
        ("run_no_place_for_secret", &good, form.to_owned()),
        ("run_too_many_paths", &chain(6), String::new()),
    ] {
        let (folder, path) = model_file(model);
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let mut command = command(&path);
        match name {
            "run_too_many_paths" => command.arg("--all-paths"),
            _ => command.arg("--script").arg(file("steps.toml", &script)),
        };
        if name == "run_no_place_for_secret" {
            command.arg("--profile").arg(file("bare.toml", bare));
        }
        let out = folder.path().join("out");
        snapshot(name, command.arg("--to-dir").arg(&out));
        assert_eq!(out.exists(), name == "run_half_a_flow", "{name}");
    }
}
