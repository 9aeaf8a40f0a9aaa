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
    catalog::keep_elsewhere,
    config::{Host, Server, SslMode},
    dialect::{
        Dialect,
        lock::row,
        postgres::elsewhere::{self, Dropped},
    },
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

/// The encoding of a copy: the database's own, which takes every byte that is there, also what is no
/// text of any encoding. A name that is not ASCII is looked for in it as UTF-8.
async fn encoding(db: &DatabaseConnection, schema: &str) -> Result<String> {
    let ask = "SELECT pg_encoding_to_char(encoding)::text FROM pg_database \
               WHERE datname = current_database()";
    let own: Option<String> =
        row(db, ask.to_owned()).await?.map(|row| row.try_get_by_index(0)).transpose()?;
    let fits = |own: &String| schema.is_ascii() || own == "SQL_ASCII";
    Ok(own.filter(fits).unwrap_or_else(|| "UTF8".to_owned()))
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
    command.env("PGCLIENTENCODING", encoding(db, &schema).await?);
    // A pattern, in which quotes leave nothing to be read as one.
    command.arg(format!("--schema=\"{}\"", schema.replace('"', "\"\"")));
    command.arg("--file").arg(file);
    tool.run("copy the database", &mut command)
}

/// Refuses a file that is not whole, or of another schema, and what would take something along that no
/// copy brings back.
///
/// # Errors
/// [`MigrationError::BadCopy`], [`MigrationError::Tool`], [`MigrationError::Elsewhere`].
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
        Some(copied) if copied == schema => {}
        Some(copied) => {
            let problem = format!("it is of the schema `{copied}`, and this is `{schema}`");
            return Err(bad(problem).into());
        }
        None => {
            return Err(bad("it is not of one schema, as `backup` writes it".to_owned()).into());
        }
    }
    keep_elsewhere(db, Dropped::Schema).await
}

/// What `pg_restore` says of a copy when it is asked with these words.
fn told(tool: &Tool, words: &[&str], file: &Path) -> Result<String> {
    let mut ask = tool.command();
    ask.args(words).arg(file).stdout(Stdio::piped());
    let mut started = tool.start("read the copy", &mut ask)?;
    let mut told = Vec::new();
    if let Some(mut stdout) = started.child.stdout.take() {
        // What it could not read it tells by how it ends.
        let _ = stdout.read_to_end(&mut told);
    }
    started.finish()?;
    Ok(String::from_utf8_lossy(&told).into_owned())
}

/// The schema that a copy is of. The list of its contents does not tell where a name ends and its owner
/// begins; the heading above each statement does.
fn schema_of(tool: &Tool, file: &Path) -> Result<Option<String>> {
    let told = told(tool, &["--schema-only", "--file=-"], file)?;
    let mut headings = told.lines().filter_map(|line| line.strip_prefix("-- Name: "));
    let schema = headings.find_map(|it| it.split_once("; Type: SCHEMA; Schema: -;"));
    Ok(schema.map(|(name, _)| name.to_owned()))
}

/// How many of the things that a copy lists can be counted afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Listed {
    relations: usize,
    routines: usize,
}

impl Listed {
    fn of(tool: &Tool, file: &Path) -> Result<Self> {
        Ok(Self::read(&told(tool, &["--list"], file)?))
    }

    /// Each line has the number of the catalog that the thing is in; what is only about it has none.
    fn read(list: &str) -> Self {
        let mut listed = Self::default();
        for line in list.lines() {
            let mut words = line.split(' ');
            match (words.nth(1), words.nth(1)) {
                (Some("1259"), Some(kind)) if kind != "INDEX" => listed.relations += 1,
                (Some("1255"), _) => listed.routines += 1,
                _ => {}
            }
        }
        listed
    }
}

/// Puts what is in the copy in the place of all that is in the schema, in one transaction.
///
/// # Errors
/// [`MigrationError::ToolFailed`]; then nothing has changed.
pub(crate) async fn restore(db: &DatabaseConnection, server: &Server, file: &Path) -> Result<()> {
    let (schema, version) = place(db).await?;
    let (psql, reader) = (fitting("psql", version)?, find("pg_restore")?);
    let doing = "bring the copy back";
    let listed = Listed::of(&reader, file)?;
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
            let ended =
                input.write_all(ending(&schema, listed).as_bytes()).and_then(|()| input.flush());
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
/// no copy of a schema has. What depends on it from elsewhere would go without a word, so that it is
/// refused. What this user gives by default would come to the tables of the copy, also where it was taken
/// from them: nothing is given meanwhile, and [`ending`] gives it again.
fn beginning(schema: &str) -> String {
    let schema = renderer(Dialect::Postgres).text(schema);
    let elsewhere = elsewhere::query(&schema, Dropped::Schema);
    format!(
        "SET client_min_messages = warning;
SET lock_timeout = '{LOCK_SECONDS}s';
BEGIN;
DO $plimsoll$
DECLARE
    here oid := (SELECT oid FROM pg_namespace WHERE nspname = {schema});
    found text;
    drops text[];
    given record;
    now text := '';
    again text := '';
BEGIN
    SELECT string_agg(it, ', ') INTO found FROM ({elsewhere}) AS it (it);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'in another schema, or in none, there is what depends on this one: %', found;
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
    FOR given IN
        WITH defaults AS (
            SELECT defaclnamespace AS namespace, defaclobjtype AS kind, defaclacl AS acl,
                CASE WHEN defaclnamespace = 0
                     THEN acldefault(CASE defaclobjtype WHEN 'S' THEN 's' ELSE defaclobjtype END, defaclrole) END AS plain
            FROM pg_default_acl
            WHERE defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
              AND defaclnamespace IN (0, here) AND defaclobjtype IN ('r', 'S', 'f', 'T')
        ), differing AS (
            (SELECT true AS more, namespace, kind, it.* FROM defaults, aclexplode(acl) it
             EXCEPT SELECT true, namespace, kind, it.* FROM defaults, aclexplode(plain) it)
            UNION ALL
            (SELECT false, namespace, kind, it.* FROM defaults, aclexplode(plain) it
             EXCEPT SELECT false, namespace, kind, it.* FROM defaults, aclexplode(acl) it)
        )
        SELECT more,
            CASE namespace WHEN 0 THEN '' ELSE format(' IN SCHEMA %I', {schema}) END AS place,
            format('%s ON %s', privilege_type, CASE kind WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END) AS what,
            CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS who,
            CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS further
        FROM differing ORDER BY more DESC
    LOOP
        IF given.more THEN
            now := now || format('ALTER DEFAULT PRIVILEGES%s REVOKE %s FROM %s;', given.place, given.what, given.who);
            again := again || format('ALTER DEFAULT PRIVILEGES%s GRANT %s TO %s%s;', given.place, given.what, given.who, given.further);
        ELSE
            now := now || format('ALTER DEFAULT PRIVILEGES%s GRANT %s TO %s%s;', given.place, given.what, given.who, given.further);
            again := format('ALTER DEFAULT PRIVILEGES%s REVOKE %s FROM %s;', given.place, given.what, given.who) || again;
        END IF;
    END LOOP;
    EXECUTE now;
    PERFORM set_config('plimsoll.given', again, true);
END
$plimsoll$;
"
    )
}

/// What comes behind the copy: what this user gives by default is given again, and there is to be what
/// the copy lists. The file may have set another encoding.
fn ending(schema: &str, listed: Listed) -> String {
    let schema = renderer(Dialect::Postgres).text(schema);
    let Listed { relations, routines } = listed;
    format!(
        "
SET client_encoding = 'UTF8';
DO $plimsoll$
DECLARE
    here oid := (SELECT oid FROM pg_namespace WHERE nspname = {schema});
    found record;
BEGIN
    EXECUTE current_setting('plimsoll.given');
    SELECT
        (SELECT count(*) FROM pg_class c
         WHERE c.relnamespace = here AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
                           AND e.objid = c.oid AND e.deptype = 'e')) AS relations,
        (SELECT count(*) FROM pg_proc p
         WHERE p.pronamespace = here
           AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass
                           AND e.objid = p.oid AND e.deptype IN ('e', 'i'))) AS routines
    INTO found;
    IF (found.relations, found.routines) IS DISTINCT FROM ({relations}::bigint, {routines}::bigint) THEN
        RAISE EXCEPTION 'the copy lists {relations} relations and {routines} routines, and it brought % and %',
            found.relations, found.routines;
    END IF;
END
$plimsoll$;
COMMIT;
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

    #[test]
    fn what_a_copy_lists_is_counted_by_the_catalog_that_it_stands_in() {
        let list = ";     Format: CUSTOM\n5; 2615 2200 SCHEMA - public pg_database_owner\n\
                    216; 1259 193466 TABLE public a postgres\n\
                    217; 1259 193473 MATERIALIZED VIEW public v postgres\n\
                    3419; 0 193466 TABLE DATA public a postgres\n\
                    3270; 1259 193472 INDEX public a_t postgres\n\
                    221; 1255 193464 FUNCTION public pol() postgres\n\
                    3271; 2620 193492 TRIGGER public a tr postgres\n";

        assert_eq!(Listed::read(list), Listed { relations: 2, routines: 1 });
    }
}
