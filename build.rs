//! espeak-rs-sys, below piper-rs, does not link the sonic library that its espeak-ng uses.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_PIPER").is_some() {
        println!("cargo:rustc-link-lib=sonic");
    }
}
