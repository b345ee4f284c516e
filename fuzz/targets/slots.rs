#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| allo_mairie_fuzz::slots::check(data));
