//! The page in a browser. The pictures stay in the target folder, to be looked at; the test holds what can be told
//! without eyes: that each is drawn, that light and dark differ as they should, and that nothing is cut off.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use contract_tests::report::{Report, html};

use crate::reports::made::{clean, mixed, untested};

#[test]
#[ignore = "needs chromium"]
fn the_page_is_drawn_in_light_and_dark() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-pages");
    fs::create_dir_all(&folder).unwrap();
    for (name, report) in [("clean", clean()), ("mixed", mixed()), ("untested", untested())] {
        for width in [1280, 390] {
            let [light, dark] = ["light", "dark"].map(|scheme| {
                let picture = picture(&folder, &format!("{name}-{width}-{scheme}"), &report, scheme, width);
                fs::read(&picture).unwrap()
            });
            for (scheme, picture) in [("light", &light), ("dark", &dark)] {
                assert_eq!(&picture[..4], b"\x89PNG", "{name} {width} {scheme}");
                assert!(picture.len() > 10_000, "{name} {width} {scheme} is empty: {} bytes", picture.len());
            }
            assert_ne!(light, dark, "{name} {width}");
        }
    }
}

fn picture(folder: &Path, name: &str, report: &Report, scheme: &str, width: u32) -> PathBuf {
    let (page, picture) = (folder.join(format!("{name}.html")), folder.join(format!("{name}.png")));
    fs::write(&page, html::render(report, false).replace("<details>", "<details open>")).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let preference = if scheme == "dark" { 0 } else { 1 };
    let drawn = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .arg(format!("--blink-settings=preferredColorScheme={preference}"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={width},{}", if width < 600 { 5200 } else { 3000 }))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(drawn.status.success() && picture.exists(), "{}", String::from_utf8_lossy(&drawn.stderr));
    picture
}
