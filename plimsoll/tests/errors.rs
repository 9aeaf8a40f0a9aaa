//! `docs/errors.md` lists every code, and no other.

use std::{collections::BTreeSet, fs, path::Path};

/// Every `PLM` with four digits that stands between `before` and `after`.
fn codes(text: &str, before: &str, after: &str) -> Vec<String> {
    text.match_indices(&format!("{before}PLM"))
        .filter_map(|(at, _)| text.get(at + before.len()..at + before.len() + 7 + after.len()))
        .filter_map(|code| code.strip_suffix(after))
        .filter(|code| code[3..].bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_error_code_is_explained_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let sources = read("src/error.rs") + &read("src/error/migration.rs");
    let page = read("../docs/errors.md");

    let in_code = codes(&sources, "\"", "\"");
    let on_page = codes(&page, "| ", " |");

    let distinct: BTreeSet<&String> = in_code.iter().collect();
    assert!(distinct.len() > 40);
    assert_eq!(distinct.len(), in_code.len(), "a code stands for two errors");
    assert_eq!(
        on_page.len(),
        on_page.iter().collect::<BTreeSet<_>>().len(),
        "a code is there twice"
    );
    assert_eq!(distinct, on_page.iter().collect());
}
