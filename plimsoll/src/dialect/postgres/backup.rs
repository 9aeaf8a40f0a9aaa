//! Copies of a PostgreSQL schema by `pg_dump` and `pg_restore`, brought back in one transaction of
//! `psql`.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;

use crate::{
    backup::tool::Tool,
    config::{Host, Server, SslMode},
    dialect::{Dialect, lock::row},
    error::{MigrationError, Result},
    render::renderer,
};

/// What a file of `pg_dump --format=custom` begins with.
pub(crate) const MAGIC: &[u8] = b"PGDMP";
/// Where the programs are.
const INSTALL: &str =
    "apt-get install postgresql-client, dnf install postgresql, brew install libpq";

/// How long a table is waited for that another session uses.
const LOCK_SECONDS: u64 = 30;

/// What the tools would take from the environment of this process instead of from the URL.
const OF_OTHERS: [&str; 7] = [
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGHOSTADDR",
    "PGOPTIONS",
    "PGREQUIRESSL",
    "PGSSLCERT",
    "PGSSLKEY",
];

/// Lets a tool connect as this process does.
fn connecting(command: &mut Command, server: &Server) {
    for name in OF_OTHERS {
        command.env_remove(name);
    }
    match &server.host {
        Host::Tcp(host) => command.env("PGHOST", host),
        Host::Socket(folder) => command.env("PGHOST", folder),
    };
    let mode = match server.ssl_mode() {
        SslMode::Disable => "disable",
        SslMode::Allow => "allow",
        SslMode::Prefer => "prefer",
        SslMode::Require => "require",
        SslMode::VerifyAuthority => "verify-ca",
        SslMode::VerifyHost => "verify-full",
    };
    command
        .env("PGPORT", server.port.to_string())
        .env("PGDATABASE", &server.name)
        .env("PGSSLMODE", mode)
        .env("PGAPPNAME", server.application_name.as_deref().unwrap_or("plimsoll"))
        .env("PGCLIENTENCODING", "UTF8");
    if let Some(user) = &server.user {
        command.env("PGUSER", user);
    }
    match &server.password {
        Some(password) => command.env("PGPASSWORD", password.expose_secret()),
        None => command.env_remove("PGPASSWORD"),
    };
    let files = [
        ("PGSSLROOTCERT", &server.tls.authority),
        ("PGSSLCERT", &server.tls.certificate),
        ("PGSSLKEY", &server.tls.key),
    ];
    for (name, path) in files {
        if let Some(path) = path {
            command.env(name, path);
        }
    }
    if !server.options.is_empty() {
        command.env("PGOPTIONS", options(&server.options));
    }
}

/// Settings as libpq reads them: a backslash before what would end a word.
fn options(settings: &[(String, String)]) -> String {
    let words = settings.iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
        format!("-c {name}={value}")
    });
    words.collect::<Vec<_>>().join(" ")
}

fn find(name: &'static str) -> Result<Tool> {
    Tool::find(&[name], INSTALL)
}

/// The schema that the session works in, and the main version of its server.
async fn place(db: &DatabaseConnection) -> Result<(String, u32)> {
    let ask = "SELECT current_schema()::text, current_setting('server_version_num')::int / 10000";
    let row = row(db, ask.to_owned()).await?;
    let Some(row) = row else { return Ok((String::new(), 0)) };
    Ok((row.try_get_by_index(0)?, row.try_get_by_index::<i32>(1)?.unsigned_abs()))
}

/// A tool that understands the server.
fn fitting(name: &'static str, server: u32) -> Result<Tool> {
    let tool = find(name)?;
    match tool.major() {
        Some(own) if own < server => Err(MigrationError::Tool {
            tool: name.to_owned(),
            problem: format!(
                "is of version {own}, and the server of version {server}, which it refuses"
            ),
            install: INSTALL,
        }
        .into()),
        _ => Ok(tool),
    }
}

/// Makes a copy of the schema that the session works in, as it is at one moment.
///
/// # Errors
/// [`MigrationError::Tool`], [`MigrationError::ToolFailed`].
pub(crate) async fn copy(db: &DatabaseConnection, server: &Server, file: &Path) -> Result<()> {
    let (schema, version) = place(db).await?;
    let tool = fitting("pg_dump", version)?;
    let mut command = tool.command();
    connecting(&mut command, server);
    command.args(["--format=custom", "--no-password"]);
    // A pattern, in which quotes leave nothing to be read as one.
    command.arg(format!("--schema=\"{}\"", schema.replace('"', "\"\"")));
    command.arg("--file").arg(file);
    tool.run("copy the database", &mut command)
}

/// Refuses a file that is not whole, or of another schema.
///
/// # Errors
/// [`MigrationError::BadCopy`], [`MigrationError::Tool`].
pub(crate) async fn check(db: &DatabaseConnection, file: &Path) -> Result<()> {
    let (schema, version) = place(db).await?;
    fitting("psql", version)?;
    let tool = find("pg_restore")?;
    // To the end: the list of what is in it stands at its beginning.
    let mut read = tool.command();
    read.arg("--file=-").arg(file);
    let bad = |problem: String| MigrationError::BadCopy { file: file.to_owned(), problem };
    tool.run("read the copy", &mut read)
        .map_err(|error| bad(format!("it cannot be read to its end: {error}")))?;
    match schema_of(&tool, file)? {
        Some(listed) if listed.starts_with(&format!("{schema} ")) => Ok(()),
        Some(listed) => {
            let listed = listed.rsplit_once(' ').map_or(&*listed, |(name, _)| name);
            Err(bad(format!("it is of the schema `{listed}`, and this is `{schema}`")).into())
        }
        None => Err(bad("it is not of one schema, as `backup` writes it".to_owned()).into()),
    }
}

/// The schema that a copy is of, with its owner behind it.
fn schema_of(tool: &Tool, file: &Path) -> Result<Option<String>> {
    let mut list = tool.command();
    list.arg("--list").arg(file).stdout(Stdio::piped());
    let mut started = tool.start("read the copy", &mut list)?;
    let mut listed = Vec::new();
    if let Some(mut stdout) = started.child.stdout.take() {
        // What it could not read it tells by how it ends.
        let _ = stdout.read_to_end(&mut listed);
    }
    started.finish()?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let schema = listed.lines().find_map(|line| line.split_once(" SCHEMA - "));
    Ok(schema.map(|(_, behind)| behind.to_owned()))
}

/// Puts what is in the copy in the place of all that is in the schema, in one transaction.
///
/// # Errors
/// [`MigrationError::ToolFailed`]; then nothing has changed.
pub(crate) async fn restore(db: &DatabaseConnection, server: &Server, file: &Path) -> Result<()> {
    let (schema, version) = place(db).await?;
    let (psql, reader) = (fitting("psql", version)?, find("pg_restore")?);
    let doing = "bring the copy back";
    let mut write = psql.command();
    connecting(&mut write, server);
    write.args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"]);
    let mut writing = psql.start(doing, write.stdin(Stdio::piped()))?;
    let mut read = reader.command();
    // What is in the schema, and not the schema itself, which is there.
    read.args(["--clean", "--if-exists", "--file=-"]).arg(format!("--schema={schema}")).arg(file);
    let mut reading = reader.start("read the copy", read.stdout(Stdio::piped()))?;
    let (input, output) = (writing.child.stdin.take(), reading.child.stdout.take());
    let poured = match (input, output) {
        (Some(mut input), Some(mut output)) => {
            let begun = input.write_all(beginning(&schema).as_bytes());
            begun.and_then(|()| io::copy(&mut output, &mut input)).map(|_| input)
        }
        _ => return Ok(()),
    };
    // Only what is whole is kept: without its last word `psql` leaves everything as it was. Where it
    // has ended already, its own complaint says more than a pipe that broke.
    match poured {
        Ok(mut input) => {
            reading.finish()?;
            let ended = input.write_all(b"\nCOMMIT;\n").and_then(|()| input.flush());
            drop(input);
            writing.finish()?;
            ended.map_err(|error| MigrationError::ToolFailed {
                tool: "psql",
                doing,
                said: error.to_string(),
            })?;
            Ok(())
        }
        Err(error) => {
            reading.kill();
            writing.finish()?;
            let said = error.to_string();
            Err(MigrationError::ToolFailed { tool: "psql", doing, said }.into())
        }
    }
}

/// What comes before the copy: everything in the schema goes, but what belongs to an extension, which
/// no copy of a schema has. What stands in another schema and depends on it would go without a word, so
/// that it is refused.
fn beginning(schema: &str) -> String {
    let schema = renderer(Dialect::Postgres).text(schema);
    format!(
        "SET client_min_messages = warning;
SET lock_timeout = '{LOCK_SECONDS}s';
BEGIN;
DO $plimsoll$
DECLARE
    here oid := (SELECT oid FROM pg_namespace WHERE nspname = {schema});
    found text;
    drops text[];
BEGIN
    SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO found
    FROM pg_depend d
    JOIN (
        SELECT 'pg_class'::regclass AS classid, oid FROM pg_class WHERE relnamespace = here
        UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = here
        UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = here
    ) ours ON d.refclassid = ours.classid AND d.refobjid = ours.oid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_class v ON v.oid = w.ev_class
    LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    LEFT JOIN pg_class t ON t.oid = a.adrelid
    LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    WHERE d.deptype IN ('n', 'a')
      AND coalesce(c.relnamespace, v.relnamespace, k.connamespace, t.relnamespace, p.pronamespace, here) <> here
      AND NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e');
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'in another schema there is what depends on this one: %', found;
    END IF;
    SELECT array_agg(format('DROP %s IF EXISTS %I.%I CASCADE',
        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                       WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, {schema}, c.relname)) INTO drops
    FROM pg_class c
    WHERE c.relnamespace = here AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
                      AND e.objid = c.oid AND e.deptype IN ('e', 'i'));
    FOREACH found IN ARRAY coalesce(drops, '{{}}') LOOP EXECUTE found; END LOOP;
    SELECT array_agg(format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)) INTO drops
    FROM pg_proc p
    WHERE p.pronamespace = here
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
                      AND e.objid = p.oid AND e.deptype IN ('e', 'i'));
    FOREACH found IN ARRAY coalesce(drops, '{{}}') LOOP EXECUTE found; END LOOP;
    SELECT array_agg(format('DROP %s IF EXISTS %I.%I CASCADE',
        CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, {schema}, t.typname)) INTO drops
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = here
      AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass
                      AND e.objid = t.oid AND e.deptype IN ('e', 'i'));
    FOREACH found IN ARRAY coalesce(drops, '{{}}') LOOP EXECUTE found; END LOOP;
END
$plimsoll$;
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_handed_on_whatever_is_in_them() {
        let settings = [("a.b", "1 2"), ("c", "\\")].map(|(a, b)| (a.to_owned(), b.to_owned()));

        assert_eq!(options(&settings), "-c a.b=1\\ 2 -c c=\\\\");
    }
}
