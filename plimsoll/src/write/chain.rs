//! Calls in a row, laid out as rustfmt lays them out.

use std::fmt::Write as _;

/// The longest line.
const WIDTH: usize = 100;

/// `head.call(…).call(…)`.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    head: String,
    calls: Vec<Call>,
}

#[derive(Clone, Debug)]
struct Call {
    name: &'static str,
    arguments: Vec<Argument>,
}

/// What stands between the parentheses of a call.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    /// Any expression on one line.
    Plain(String),
    /// `|parameter| chain`.
    Closure(&'static str, Chain),
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl Chain {
    pub(super) fn new(head: impl Into<String>) -> Self {
        Self { head: head.into(), calls: Vec::new() }
    }

    /// Adds a call.
    pub(super) fn call(
        &mut self,
        name: &'static str,
        arguments: impl IntoIterator<Item = Argument>,
    ) {
        self.calls.push(Call { name, arguments: arguments.into_iter().collect() });
    }

    /// Adds a call of plain arguments.
    pub(super) fn say(&mut self, name: &'static str, arguments: &[String]) {
        self.call(name, arguments.iter().cloned().map(Argument::Plain));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// On one line.
    fn flat(&self) -> String {
        let mut text = self.head.clone();
        for call in &self.calls {
            text.push_str(&call.flat());
        }
        text
    }

    /// From `indent` on, with so many characters behind it on its last line.
    pub(super) fn laid_out(&self, indent: usize, behind: usize) -> String {
        let flat = self.flat();
        // More than one closure in a row is nothing that anybody reads on one line.
        let closures = self.calls.iter().filter(|call| call.has_closure()).count();
        if indent + flat.len() + behind <= WIDTH && closures < 2 {
            return flat;
        }
        let mut text = self.head.clone();
        // A short head keeps its first call.
        let is_short = self.head.len() <= 4;
        if let [only] = &*self.calls
            && is_short
        {
            text.push_str(&only.laid_out(indent, indent + self.head.len()));
            return text;
        }
        for (at, call) in self.calls.iter().enumerate() {
            if at == 0 && is_short {
                text.push_str(&call.laid_out(indent + 4, indent + self.head.len()));
            } else {
                let _ = write!(text, "\n{}", " ".repeat(indent + 4));
                text.push_str(&call.laid_out(indent + 4, indent + 4));
            }
        }
        text
    }
}

impl Call {
    fn has_closure(&self) -> bool {
        self.arguments.iter().any(|it| matches!(it, Argument::Closure(..)))
    }

    fn flat(&self) -> String {
        let arguments: Vec<String> = self.arguments.iter().map(Argument::flat).collect();
        format!(".{}({})", self.name, arguments.join(", "))
    }

    /// In a block that is indented by `indent`, when its line has `before` characters already.
    fn laid_out(&self, indent: usize, before: usize) -> String {
        let flat = self.flat();
        if before + flat.len() <= WIDTH {
            return flat;
        }
        let pad = " ".repeat(indent);
        match &*self.arguments {
            [plain @ .., Argument::Closure(parameter, body)]
                if plain.iter().all(|it| matches!(it, Argument::Plain(_))) =>
            {
                let plain: Vec<String> = plain.iter().map(Argument::flat).collect();
                let plain: String = plain.iter().flat_map(|it| [it, ", "]).collect();
                let body = body.laid_out(indent + 4, 0);
                format!(".{}({plain}|{parameter}| {{\n{pad}    {body}\n{pad}}})", self.name)
            }
            arguments => {
                let mut text = format!(".{}(\n", self.name);
                for argument in arguments {
                    let _ = writeln!(text, "{pad}    {},", argument.laid_out(indent + 4));
                }
                let _ = write!(text, "{pad})");
                text
            }
        }
    }
}

impl Argument {
    fn flat(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Closure(parameter, body) => format!("|{parameter}| {}", body.flat()),
        }
    }

    fn laid_out(&self, indent: usize) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Closure(parameter, body) => {
                let flat = self.flat();
                if indent + flat.len() < WIDTH {
                    return flat;
                }
                let pad = " ".repeat(indent);
                let body = body.laid_out(indent + 4, 0);
                format!("|{parameter}| {{\n{pad}    {body}\n{pad}}}")
            }
        }
    }
}
