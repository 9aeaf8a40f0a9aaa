//! Reads Rust as far as imports and words go.

use std::collections::BTreeSet;

/// What a module names of its own crate, as paths from the root.
pub(crate) fn imports(module: &str, text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut start = 0;
    while let Some(at) = ["crate", "super"].iter().filter_map(|word| text[start..].find(word)).min()
    {
        let at = start + at;
        start = at + "crate".len();
        let inside = text[..at].ends_with(|c: char| is_of_word(c) || c == ':');
        if inside || text[start..].starts_with(is_of_word) {
            continue;
        }
        let mut base: Vec<&str> = if text[at..].starts_with("crate") {
            Vec::new()
        } else {
            let mut base: Vec<&str> = module.split("::").collect();
            base.pop();
            base
        };
        while text[start..].starts_with("::super") {
            base.pop();
            start += "::super".len();
        }
        let Some(rest) = text[start..].strip_prefix("::") else { continue };
        let (paths, _) = tree(rest);
        found.extend(paths.into_iter().map(|path| {
            let parts = base.iter().copied().chain([path.as_str()]).filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join("::")
        }));
    }
    found.remove("");
    found
}

/// Reads `a::{self, b::C as D}`: the paths, and how many bytes they took.
pub(crate) fn tree(text: &str) -> (Vec<String>, usize) {
    let mut at = text.len() - text.trim_start().len();
    if text[at..].starts_with('{') {
        at += 1;
        let mut paths = Vec::new();
        while !text[at..].trim_start().starts_with('}') {
            let (inner, length) = tree(&text[at..]);
            paths.extend(inner);
            at += length;
            at += text[at..].find([',', '}']).expect("a list of imports ends");
            at += usize::from(text[at..].starts_with(','));
        }
        at += text[at..].find('}').expect("a list of imports ends") + 1;
        return (paths, at);
    }
    let length = text[at..].find(|c: char| !is_of_word(c)).unwrap_or(text.len() - at);
    let name = match &text[at..at + length] {
        "self" => "",
        name => name,
    };
    at += length;
    let next = text[at..].strip_prefix("::");
    if let Some(next) = next.filter(|next| next.starts_with(|c: char| is_of_word(c) || c == '{')) {
        let (inner, length) = tree(next);
        let join = |path: String| {
            if path.is_empty() { name.to_owned() } else { format!("{name}::{path}") }
        };
        return (inner.into_iter().map(join).collect(), at + "::".len() + length);
    }
    (vec![name.to_owned()], at)
}

pub(crate) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(crate) fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).collect()
}

/// The text without comments, without what is inside literals, and without unit tests.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("r\"") || rest.starts_with("r#") {
            raw_literal(rest)
        } else if first == '"' {
            literal(rest)
        } else if first == '\'' {
            character(rest)
        } else {
            0
        };
        let taken = if skipped == 0 { first.len_utf8() } else { skipped };
        code.push_str(if skipped == 0 { &rest[..taken] } else { " " });
        rest = &rest[taken..];
    }
    without_unit_tests(&code)
}

/// The length of a literal in double quotes.
fn literal(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#`; nothing for a raw identifier.
fn raw_literal(text: &str) -> usize {
    let marks = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    if !text[1 + marks..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(marks));
    text[2 + marks..].find(&end).map_or(text.len(), |at| 2 + marks + at + end.len())
}

/// The length of a character literal; nothing for a lifetime.
fn character(text: &str) -> usize {
    let inside = text[1..].chars().next().map_or(0, char::len_utf8);
    let start = if text[1..].starts_with('\\') { 3 } else { 1 + inside };
    let end = text.get(start..).and_then(|rest| rest.find('\''));
    match end {
        Some(0) => start + 1,
        Some(length) if start == 3 => start + length + 1,
        _ => 0,
    }
}

/// The code without its `#[cfg(test)] mod tests { … }`.
fn without_unit_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..start]);
        let after = &rest[start..];
        let end = after.find(['{', ';']).unwrap_or(after.len());
        rest = if after[end..].starts_with('{') {
            let mut depth = 0;
            let close = after[end..].char_indices().find(|(_, c)| {
                depth += i32::from(*c == '{') - i32::from(*c == '}');
                depth == 0
            });
            close.map_or("", |(at, _)| &after[end + at + 1..])
        } else {
            after.get(end + 1..).unwrap_or_default()
        };
    }
    kept + rest
}

#[test]
fn the_reader_of_imports_reads_all_their_forms() {
    let text = code(
        r#"
        //! crate::comment
        use crate::{
            change::Change,
            dialect::{self, mysql::{lock, render as r}},
            Error, // crate::comment
        };
        fn f(a: crate::names::Name<'_>, c: char) -> bool {
            let text = "crate::text"; /* crate::comment */
            super::sibling(text) == super::super::steps::fold(a) && c != '"'
        }
        #[cfg(test)]
        mod tests { use crate::testing; fn g() { { } } }
        pub(in crate::schema) fn h() { $crate::row![] }
        "#,
    );

    let found: Vec<String> = imports("schema::build", &text).into_iter().collect();

    assert_eq!(
        found,
        [
            "Error",
            "change::Change",
            "dialect",
            "dialect::mysql::lock",
            "dialect::mysql::render",
            "names::Name",
            "row",
            "schema",
            "schema::sibling",
            "steps::fold",
        ]
    );
}
