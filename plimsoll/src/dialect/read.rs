//! What a catalog says, turned into the model: types, defaults, conditions. The counterpart of
//! [`render`](super::render).

use super::{
    Dialect,
    token::{self, Kind, Token, bare, closing, tokens},
};
use crate::schema::{Default, Rule, Sql, Type, Value};

/// What a database says in its own way.
pub(crate) trait Read {
    fn dialect(&self) -> Dialect;

    /// A type as the catalog names it. What the model has no type for is [`Type::Custom`].
    fn read_type(&self, text: &str) -> Type;

    /// The text of the present day, time or moment in a column of that type.
    fn is_now(&self, text: &str, ty: &Type) -> bool;

    /// A default as the catalog has it; `None` for a NULL, which is none.
    fn read_default(&self, text: &str, ty: &Type) -> Option<Default> {
        if self.is_now(text, ty) {
            return Some(Default::Now);
        }
        let found = self.without_casts(tokens(self.dialect(), text));
        self.constant_or_sql(text, &found, ty)
    }

    /// The default that the tokens of `text` are; an expression without the parentheses around it,
    /// which are written always and kept by some.
    fn constant_or_sql(&self, text: &str, found: &[Token], ty: &Type) -> Option<Default> {
        match constant(bare(found)) {
            Some(Value::Null) => None,
            Some(value) => Some(Default::Value(fitted(value, ty))),
            None => {
                let found = tokens(self.dialect(), text);
                Some(Default::Sql(Sql::new(token::text(text, bare(&found)))))
            }
        }
    }

    /// A condition as the catalog has it.
    fn read_rule(&self, text: &str) -> Rule {
        let found = self.without_casts(tokens(self.dialect(), text));
        one_of(&found).or_else(|| range(&found)).unwrap_or_else(|| Rule::Sql(Sql::new(text)))
    }

    /// The tokens without what the catalog adds to constants.
    fn without_casts(&self, tokens: Vec<Token>) -> Vec<Token> {
        tokens
    }
}

/// The constant that all the tokens are.
fn constant(tokens: &[Token]) -> Option<Value> {
    match tokens {
        [sign, rest @ ..] if sign.is_sign("+") => match constant(rest)? {
            number @ (Value::Int(_) | Value::Number(_)) => Some(number),
            _ => None,
        },
        [sign, number] if sign.is_sign("-") => match &bare(std::slice::from_ref(number))[0].kind {
            Kind::Number(digits) => Some(whole(&format!("-{digits}"))),
            _ => None,
        },
        [sign, rest @ ..] if sign.is_sign("-") && rest.len() == 3 => {
            constant(&[sign.clone(), bare(rest).first()?.clone()])
        }
        [token] => match &token.kind {
            Kind::Text(text) => Some(Value::Text(text.clone())),
            Kind::Number(digits) => Some(whole(digits)),
            Kind::Hex(digits) => bytes(digits).map(Value::Bytes),
            Kind::Word(_) if token.is("null") => Some(Value::Null),
            Kind::Word(_) if token.is("true") => Some(Value::Bool(true)),
            Kind::Word(_) if token.is("false") => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

fn whole(digits: &str) -> Value {
    digits.parse().map_or_else(|_| Value::Number(digits.to_owned()), Value::Int)
}

/// The bytes of hexadecimal digits.
pub(crate) fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).ok()).collect()
}

/// The constant as a column of that type keeps it.
fn fitted(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Int(number @ (0 | 1)), Type::Boolean) => Value::Bool(number == 1),
        (Value::Text(text), Type::Boolean) if matches!(&*text, "1" | "t" | "true") => {
            Value::Bool(true)
        }
        (Value::Text(text), Type::Boolean) if matches!(&*text, "0" | "f" | "false") => {
            Value::Bool(false)
        }
        (Value::Text(text), ty)
            if ty.is_number() && text.parse::<f64>().is_ok_and(f64::is_finite) =>
        {
            number(&text)
        }
        (Value::Number(digits), ty) if ty.is_number() => number(&digits),
        (value, _) => value,
    }
}

/// A number without the zeros that only say how many digits the column keeps: `1.50` is `1.5`.
fn number(digits: &str) -> Value {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let short = match digits.split_once('.') {
        Some((whole, part)) if part.bytes().all(|it| it.is_ascii_digit()) => {
            let whole = if whole.is_empty() { "0" } else { whole };
            let point = if part.trim_end_matches('0').is_empty() { "" } else { "." };
            format!("{whole}{point}{}", part.trim_end_matches('0'))
        }
        _ => digits.to_owned(),
    };
    whole(&format!("{sign}{short}"))
}

/// `column IN ('a', 'b')`, in the forms in which the three keep it.
fn one_of(tokens: &[Token]) -> Option<Rule> {
    let tokens = bare(tokens);
    let (column, rest) = column(tokens)?;
    let values = match rest {
        [word, open, list @ .., close] if word.is("in") => {
            (open.is_sign("(") && close.is_sign(")")).then_some(list)?
        }
        [equals, value] if equals.is_sign("=") => std::slice::from_ref(value),
        [equals, any, list @ ..] if equals.is_sign("=") && any.is("any") => match bare(list) {
            [array, open, list @ .., close] if array.is("array") => {
                (open.is_sign("[") && close.is_sign("]")).then_some(list)?
            }
            _ => return None,
        },
        _ => return None,
    };
    // A value can stand in parentheses with its type.
    let values: Vec<&Token> =
        values.iter().filter(|it| !it.is_sign("(") && !it.is_sign(")")).collect();
    let mut texts = Vec::new();
    for (at, token) in values.iter().enumerate() {
        match &token.kind {
            Kind::Text(text) if at % 2 == 0 => texts.push(text.clone()),
            Kind::Sign(",") if at % 2 == 1 => {}
            _ => return None,
        }
    }
    (values.len() % 2 == 1).then_some(Rule::OneOf { column, values: texts })
}

/// The column at the beginning, which can stand in parentheses, and what follows it.
fn column(tokens: &[Token]) -> Option<(String, &[Token])> {
    let end = if tokens.first()?.is_sign("(") { closing(tokens, 0)? + 1 } else { 1 };
    match bare(&tokens[..end]) {
        [token] => Some((token.name()?.to_owned(), &tokens[end..])),
        _ => None,
    }
}

/// `column >= 1 AND column <= 5`, either half alone too.
fn range(tokens: &[Token]) -> Option<Rule> {
    // Parentheses around a name, a number, a comparison mean nothing here, and nothing but those
    // is let through below.
    let flat: Vec<Token> =
        tokens.iter().filter(|it| !it.is_sign("(") && !it.is_sign(")")).cloned().collect();
    let halves: Vec<&[Token]> = flat.split(|token| token.is("and")).collect();
    let (mut column, mut min, mut max) = (None, None, None);
    for (at, half) in halves.iter().enumerate() {
        let [name, sign, number @ ..] = half else { return None };
        let bound = match constant(number)? {
            Value::Int(bound) => bound,
            // What PostgreSQL makes of a number below zero; a text that is compared is no bound.
            Value::Text(text) if text.starts_with('-') => text.parse().ok()?,
            _ => return None,
        };
        if column.get_or_insert_with(|| name.name().map(str::to_owned))
            != &name.name().map(str::to_owned)
        {
            return None;
        }
        match at {
            0 if sign.is_sign(">=") => min = Some(bound),
            0 | 1 if sign.is_sign("<=") => max = Some(bound),
            _ => return None,
        }
    }
    let in_order = min.is_some() || halves.len() == 1;
    in_order.then_some(Rule::Range { column: column??, min, max })
}

/// The words and the numbers of a type: `numeric(10,2)` is `numeric`, `[10, 2]`.
pub(crate) fn type_parts(text: &str) -> (String, Vec<u32>) {
    match text.split_once('(') {
        Some((name, rest)) => {
            let (inner, behind) = rest.split_once(')').unwrap_or((rest, ""));
            let numbers: Option<Vec<u32>> =
                inner.split(',').map(|number| number.trim().parse().ok()).collect();
            match numbers {
                Some(numbers) => (format!("{}{}", name.trim_end(), behind).to_lowercase(), numbers),
                // Not numbers: the values of an enumeration, say.
                None => (text.to_owned(), Vec::new()),
            }
        }
        None => (text.trim().to_lowercase(), Vec::new()),
    }
}
