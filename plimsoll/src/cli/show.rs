//! Commands that show a schema: `schema` and `diagram`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::Serialize;

use super::{
    Context, DONE,
    args::{Diagram, Of, Schema as Args},
};
use crate::{
    app::Whose,
    change::Change,
    diagram::{Format, draw},
    dialect::Dialect,
    diff::diff,
    error::{MigrationError, Result},
    normal::normal,
    render::statements_of,
    schema::{Entities, Schema},
};

#[derive(Serialize)]
struct Document<'d> {
    of: &'static str,
    dialect: Dialect,
    #[serde(flatten)]
    content: &'d Schema,
}

impl Of {
    fn whose(self) -> Whose {
        match self {
            Self::Database => Whose::Database,
            Self::Migrations => Whose::Migrations,
            Self::Entities => Whose::Entities,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Migrations => "migrations",
            Self::Entities => "entities",
        }
    }
}

/// The schema that is meant. What the entities list is known without a database.
async fn look(context: &Context<'_>, of: Of) -> Result<Schema> {
    if of == Of::Entities && !context.app.has_entities() {
        return Err(MigrationError::Unsupported {
            what: "no entities are registered".to_owned(),
            instead: "hand them over: `App::new(history()).entities(plimsoll::entities![…])`"
                .to_owned(),
        }
        .into());
    }
    if of == Of::Entities
        && let Some(entities) = context.app.listed()
    {
        return Ok(entities.schema());
    }
    let database = context.database()?;
    context
        .on_reading_session(&database, async |db| {
            context.app.on(db).schema(&database, of.whose()).await
        })
        .await
}

pub(super) async fn schema(context: &Context<'_>, args: &Args) -> Result<u8> {
    let of = args.of.unwrap_or(Of::Database);
    let dialect = match args.dialect {
        Some(kind) => kind.into(),
        None => context.database()?.dialect(),
    };
    let schema = normal(&look(context, of).await?, dialect);
    for line in script(&schema, dialect) {
        context.output.line(line);
    }
    for it in &schema.beyond {
        let of = it.table.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        context.output.line(format!("-- not shown: {} {}{of}", it.kind, it.name));
    }
    context.output.document(&Document { of: of.name(), dialect, content: &schema });
    Ok(DONE)
}

/// The statements that make the schema on an empty database, and comments where there are none.
fn script(schema: &Schema, dialect: Dialect) -> Vec<String> {
    let changes = match dialect {
        // It takes a foreign key into a table that is not there yet, and none afterwards.
        Dialect::Sqlite => schema.tables.values().cloned().map(Change::CreateTable).collect(),
        Dialect::Postgres | Dialect::Mysql => diff(&Schema::default(), schema, &[]).changes,
    };
    let mut lines = Vec::new();
    for change in changes {
        match statements_of(dialect, &change) {
            Ok(statements) => lines.extend(statements.into_iter().map(|it| format!("{};", it.sql))),
            Err(why) => lines.push(format!("-- {}: {why}", change.describe())),
        }
    }
    lines
}

pub(super) async fn diagram(context: &Context<'_>, args: &Diagram) -> Result<u8> {
    #[derive(Serialize)]
    struct Drawn<'d> {
        of: &'static str,
        format: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<&'d PathBuf>,
        #[serde(skip_serializing_if = "Option::is_none")]
        diagram: Option<&'d str>,
    }

    let of = args.of.unwrap_or(match context.app.listed() {
        Some(_) => Of::Entities,
        None => Of::Database,
    });
    let (format, name) = format(args)?;
    let schema = look(context, of).await?;
    let none = BTreeMap::new();
    // One domain for all says nothing.
    let are_told_apart = |domains: &&BTreeMap<String, String>| {
        domains.values().any(|domain| Some(domain) != domains.values().next())
    };
    let listed = context.app.listed().map(Entities::domains);
    let drawn = draw(&schema, listed.filter(are_told_apart).unwrap_or(&none), format);
    match &args.output {
        Some(file) => {
            fs::write(file, &drawn).map_err(|source| MigrationError::File {
                doing: "write",
                file: file.clone(),
                source,
            })?;
            context.output.progress(format!("wrote `{}`", file.display()));
        }
        None => context.output.line(drawn.trim_end()),
    }
    context.output.document(&Drawn {
        of: of.name(),
        format: name,
        file: args.output.as_ref(),
        diagram: args.output.is_none().then_some(&*drawn),
    });
    Ok(DONE)
}

/// The form that was named, else the one of the file's ending, else Mermaid.
fn format(args: &Diagram) -> Result<(Format, &'static str)> {
    let ending = args.output.as_ref().and_then(|file| file.extension()?.to_str());
    let name = match (&args.format, ending) {
        (Some(name), _) => name.as_str(),
        (None, Some(ending)) => ending,
        (None, None) => "mermaid",
    };
    Ok(match name.to_lowercase().as_str() {
        "svg" => (Format::Svg, "svg"),
        "dot" | "gv" => (Format::Dot, "dot"),
        "mermaid" | "mmd" | "md" => (Format::Mermaid, "mermaid"),
        other => {
            return Err(MigrationError::Unsupported {
                what: format!("a diagram cannot be drawn as `{other}`"),
                instead: "name one of: mermaid, dot, svg".to_owned(),
            }
            .into());
        }
    })
}
