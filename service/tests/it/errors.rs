//! `docs/errors.md` lists every code of the services, and no other.

use std::{collections::BTreeSet, fs, path::Path};

/// Every `SRV` with four digits that stands between `before` and `after`.
fn codes(text: &str, before: &str, after: &str) -> Vec<String> {
    text.match_indices(&format!("{before}SRV"))
        .filter_map(|(at, _)| text.get(at + before.len()..at + before.len() + 7 + after.len()))
        .filter_map(|code| code.strip_suffix(after))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_code_of_the_services_is_explained_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/error.rs")).unwrap();
    let page = fs::read_to_string(root.join("../docs/errors.md")).unwrap();

    let in_code = codes(&source, "\"", "\"");
    let on_page = codes(&page, "| ", " |");

    let distinct: BTreeSet<&String> = in_code.iter().collect();
    assert!(distinct.len() > 15, "{distinct:?}");
    assert_eq!(distinct.len(), in_code.len(), "a code stands for two errors");
    assert_eq!(
        on_page.len(),
        on_page.iter().collect::<BTreeSet<_>>().len(),
        "a code is there twice"
    );
    assert_eq!(distinct, on_page.iter().collect());
}
