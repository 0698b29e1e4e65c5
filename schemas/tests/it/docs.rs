//! The documentation leads to files and headings that exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every page that people read, from the repository's root.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut pages = Vec::new();
    let mut folders = vec![root.join("docs"), root.join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("node_modules") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "schemas/CONTRACT.md"].map(|name| root.join(name)));
    pages
}

/// The targets of a page's links, outside code blocks.
fn links(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    prose
        .flat_map(|text| text.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://"))
        .collect()
}

/// A heading's anchor as GitHub makes it: lower case, spaces as hyphens, without punctuation.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn has_anchor(page: &str, wanted: &str) -> bool {
    page.contains(&format!("name=\"{wanted}\""))
        || page.contains(&format!("id=\"{wanted}\""))
        || page.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    let mut count = 0;
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for link in links(&page) {
            count += 1;
            let (file, wanted) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let found = target.exists()
                && wanted.is_none_or(|wanted| {
                    target.extension().is_none_or(|extension| extension != "md")
                        || has_anchor(&fs::read_to_string(&target).unwrap(), wanted)
                });
            if !found {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(count > 100, "only {count} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_architecture_follows_one_message_through_at_most_twenty_files() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ARCHITECTURE.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, walk) = page.split_once("\n## One message").unwrap();
    let walk = walk.split("\n## ").next().unwrap();
    let mut files: Vec<&str> = links(walk)
        .into_iter()
        .filter(|link| Path::new(link).extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort_unstable();
    files.dedup();
    assert!((10..=20).contains(&files.len()), "{} files: {files:?}", files.len());
}
