//! What `.env.example` must say, compared with the lists of variables.

use std::collections::BTreeMap;

use super::Variable;

/// What differs between the text of a `.env.example` and the variables of `lists`, a sentence
/// each; none when they are equal.
///
/// Each variable is one comment line with what it is about, followed by `# NAME=default`. Other
/// comment lines are headings, and are not compared.
pub fn differences(example: &str, lists: &[&[Variable]]) -> Vec<String> {
    let mut shown = BTreeMap::new();
    let mut found = Vec::new();
    let mut above = "";
    for line in example.lines() {
        match assignment(line) {
            Some((name, value)) => {
                if shown.insert(name, (above, value)).is_some() {
                    found.push(format!("`{name}` is in the example twice"));
                }
                above = "";
            }
            None => above = line.strip_prefix("# ").unwrap_or_default(),
        }
        if !line.is_empty() && !line.starts_with('#') {
            found.push(format!("`{line}` is not commented out"));
        }
    }
    let mut known = BTreeMap::new();
    for variable in lists.iter().copied().flatten() {
        if known.insert(variable.name, variable).is_some() {
            found.push(format!("`{}` is in the lists twice", variable.name));
        }
        let default = variable.default.unwrap_or_default();
        match shown.get(variable.name) {
            None => found.push(format!("`{}` is not in the example", variable.name)),
            Some(&(about, value)) => {
                if about != variable.about {
                    found.push(format!(
                        "`{}` has another line in the example: {about}",
                        variable.name
                    ));
                }
                if value != default {
                    found.push(format!(
                        "`{}` is `{default}` by default, in the example `{value}`",
                        variable.name
                    ));
                }
            }
        }
    }
    let unknown = shown.keys().filter(|name| !known.contains_key(*name));
    found.extend(unknown.map(|name| format!("`{name}` is in the example, and nothing reads it")));
    found
}

/// `# NAME=value` or `NAME=value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("# ").unwrap_or(line).split_once('=')?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Variable = Variable { name: "A", aliases: &[], about: "About a.", default: Some("1") };
    const B: Variable = Variable { name: "B", aliases: &[], about: "About b.", default: None };

    #[test]
    fn an_example_that_says_what_the_lists_say_has_no_differences() {
        let example = "# Copy to .env.\n\n# Group\n\n# About a.\n# A=1\n# About b.\n# B=\n";
        assert_eq!(differences(example, &[&[A], &[B]]), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_a_sentence() {
        let example = "# About.\n# A=2\n# A=2\nC=3\n";
        assert_eq!(
            differences(example, &[&[A, B], &[B]]),
            [
                "`A` is in the example twice",
                "`C=3` is not commented out",
                "`A` has another line in the example: ",
                "`A` is `1` by default, in the example `2`",
                "`B` is not in the example",
                "`B` is in the lists twice",
                "`B` is not in the example",
                "`C` is in the example, and nothing reads it",
            ]
        );
    }
}
