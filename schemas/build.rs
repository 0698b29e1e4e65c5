//! Folders that are embedded whole: without this, cargo would not see a file that is added to one of them.

fn main() {
    for folder in ["cases", "samples"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
