//! Helpers shared by unit tests: the origin of virtual time, data that lies beside the project.

use std::path::{Path, PathBuf};
use std::time::Instant;

/// The moment virtual time starts at; tests only ever add durations to it.
#[expect(clippy::disallowed_methods, reason = "std offers no other way to obtain an Instant; tests only add to it")]
pub fn epoch() -> Instant {
    Instant::now()
}

/// Where test data lies beside the project; absent in a bare clone.
fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data")
}

/// One file of the data beside the project; `None`, with a line that says so, when it is not there.
pub fn shared_data(path: &str) -> Option<Vec<u8>> {
    let file = shared().join(path);
    match std::fs::read(&file) {
        Ok(bytes) => Some(bytes),
        Err(_) if !shared().exists() => {
            println!("skipped: no ../shared/data");
            None
        }
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

/// The `.dat` files below a folder of the data beside the project, as paths from that folder, sorted.
pub fn shared_files(folder: &str) -> Option<Vec<String>> {
    if !shared().exists() {
        println!("skipped: no ../shared/data");
        return None;
    }
    let root = shared().join(folder);
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "dat") {
                let below = path.strip_prefix(&root).expect("below the folder");
                found.push(below.to_str().expect("a plain name").to_owned());
            }
        }
    }
    found.sort();
    Some(found)
}
