//! Tables of spoken forms: all that are wrong are told at once.

/// Checks that `read` gives the second of each pair for the first; "" is no value.
#[track_caller]
pub(super) fn golden(table: &[(&str, &str)], read: impl Fn(&str) -> Option<String>) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, wanted)| {
            let found = read(text).unwrap_or_default();
            (found != *wanted).then(|| format!("« {text} »: « {found} », wanted « {wanted} »"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}
