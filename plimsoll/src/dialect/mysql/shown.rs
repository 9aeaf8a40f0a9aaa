//! What SHOW CREATE TABLE says of foreign keys. The catalog keeps their actions from whoever may do
//! no more than read.

use crate::dialect::{
    Dialect,
    token::{Token, closing, tokens},
};

/// The actions of each foreign key of a table, on deletion and on update, in the words of the
/// catalog, by its name.
pub(super) fn actions(create: &str) -> Vec<(String, (String, String))> {
    let found = tokens(Dialect::Mysql, create);
    let mut actions = Vec::new();
    for (at, token) in found.iter().enumerate() {
        let rest = &found[at..];
        let [_, name, foreign, key, ..] = rest else { continue };
        let is_key = token.is("constraint") && foreign.is("foreign") && key.is("key");
        if let (true, Some(name)) = (is_key, name.name()) {
            actions.push((name.to_owned(), of_key(rest)));
        }
    }
    actions
}

/// The actions that stand before the comma or the end behind the constraint.
fn of_key(tokens: &[Token]) -> (String, String) {
    let (mut delete, mut update) = ("NO ACTION".to_owned(), "NO ACTION".to_owned());
    let mut at = 0;
    while at < tokens.len() && !tokens[at].is_sign(",") && !tokens[at].is_sign(")") {
        if tokens[at].is_sign("(") {
            at = closing(tokens, at).unwrap_or(tokens.len());
        } else if tokens[at].is("on") {
            let words: Vec<String> = tokens[at + 2..]
                .iter()
                .map_while(|token| token.name().map(str::to_uppercase))
                .take_while(|word| word != "ON")
                .collect();
            match tokens.get(at + 1) {
                Some(token) if token.is("delete") => delete = words.join(" "),
                _ => update = words.join(" "),
            }
        }
        at += 1;
    }
    (delete, update)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_from_the_text_of_the_table() {
        let create = "CREATE TABLE `c` (\n  `on` int(11) DEFAULT 'CONSTRAINT `x` FOREIGN KEY',\n  \
             KEY `a` (`on`),\n  \
             CONSTRAINT `a` FOREIGN KEY (`on`, `b`) REFERENCES `p``q` (`id`, `b`) ON DELETE SET NULL \
             ON UPDATE CASCADE,\n  CONSTRAINT `b` FOREIGN KEY (`b`) REFERENCES `p` (`id`)\n) ENGINE=InnoDB";
        let both = |delete: &str, update: &str| (delete.to_owned(), update.to_owned());

        assert_eq!(
            actions(create),
            [
                ("a".to_owned(), both("SET NULL", "CASCADE")),
                ("b".to_owned(), both("NO ACTION", "NO ACTION")),
            ]
        );
    }
}
