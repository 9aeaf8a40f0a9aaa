//! What PostgreSQL would take along, by CASCADE, of what does not stand in the schema that is emptied.

/// What is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// All that is in the schema, to be made again as a copy has it: also what belongs to no schema
    /// would be missing afterwards.
    Schema,
    /// The tables and enumerations.
    Tables,
    /// These, views and sequences.
    Relations,
}

/// Asks for what would go and is not proven to be of the schema alone, a line each. `schema` is an
/// expression for its name.
///
/// It goes from what is dropped to what depends on it, as the server does: an object that is part of
/// another one takes that along. The server names a schema between quotes where it needs some.
pub(crate) fn query(schema: &str, dropped: Dropped) -> String {
    let roots = match dropped {
        // Whatever is in a schema depends on it. What rules the schema as such stays with it.
        Dropped::Schema => "SELECT d.classid, d.objid FROM pg_depend d JOIN here \
             ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = here.oid \
             WHERE (pg_identify_object(d.classid, d.objid, 0)).schema = quote_ident(here.nspname)"
            .to_owned(),
        Dropped::Tables | Dropped::Relations => {
            let kinds =
                if dropped == Dropped::Tables { "'r', 'p'" } else { "'r', 'p', 'v', 'm', 'S'" };
            format!(
                "SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid FROM pg_class c \
                 JOIN here ON c.relnamespace = here.oid WHERE c.relkind IN ({kinds}) \
                 UNION ALL SELECT 'pg_type'::regclass::oid, t.oid FROM pg_type t \
                 JOIN here ON t.typnamespace = here.oid WHERE t.typtype = 'e'"
            )
        }
    };
    // To what is dropped on purpose these belong as an index does.
    let of_no_schema = match dropped {
        Dropped::Schema => "",
        Dropped::Tables | Dropped::Relations => {
            "AND g.classid NOT IN ('pg_cast'::regclass, 'pg_transform'::regclass, \
             'pg_publication_rel'::regclass)"
        }
    };
    // No dependency is written down for it. Not everybody may read the catalog of subscriptions.
    let subscribed = match dropped {
        Dropped::Schema => {
            "UNION ALL SELECT format('table %s in %s', c.oid::regclass, \
             pg_describe_object('pg_subscription'::regclass, r.srsubid, 0)) \
             FROM pg_subscription_rel r JOIN pg_class c ON c.oid = r.srrelid \
             JOIN here ON c.relnamespace = here.oid"
        }
        Dropped::Tables | Dropped::Relations => "",
    };
    format!(
        "WITH RECURSIVE here AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = {schema}),
goes (classid, objid, objsubid) AS (
    SELECT r.classid, r.objid, 0 FROM ({roots}) r
    WHERE NOT EXISTS (SELECT FROM pg_depend e
                      WHERE e.classid = r.classid AND e.objid = r.objid AND e.deptype = 'e')
    UNION
    SELECT along.* FROM goes g, LATERAL (
        SELECT d.classid, d.objid, d.objsubid FROM pg_depend d
        WHERE d.refclassid = g.classid AND d.refobjid = g.objid
          AND (g.objsubid = 0 OR d.refobjsubid = g.objsubid)
        UNION ALL
        SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend d
        WHERE d.classid = g.classid AND d.objid = g.objid AND d.deptype IN ('i', 'e')
          AND (g.objsubid = 0 OR d.objsubid = g.objsubid)
    ) along
)
SELECT DISTINCT i.type || ' ' || i.identity FROM goes g
CROSS JOIN here
CROSS JOIN LATERAL pg_identify_object(g.classid, g.objid, g.objsubid) i
LEFT JOIN pg_trigger t ON g.classid = 'pg_trigger'::regclass AND t.oid = g.objid
LEFT JOIN pg_rewrite w ON g.classid = 'pg_rewrite'::regclass AND w.oid = g.objid
LEFT JOIN pg_policy p ON g.classid = 'pg_policy'::regclass AND p.oid = g.objid
LEFT JOIN pg_attrdef a ON g.classid = 'pg_attrdef'::regclass AND a.oid = g.objid
LEFT JOIN pg_class c ON c.oid = coalesce(t.tgrelid, w.ev_class, p.polrelid, a.adrelid)
LEFT JOIN pg_amop o ON g.classid = 'pg_amop'::regclass AND o.oid = g.objid
LEFT JOIN pg_amproc q ON g.classid = 'pg_amproc'::regclass AND q.oid = g.objid
LEFT JOIN pg_opfamily f ON f.oid = coalesce(o.amopfamily, q.amprocfamily)
LEFT JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, f.opfnamespace)
WHERE i.identity IS NOT NULL -- of what another session has just dropped
  AND coalesce(i.schema, quote_ident(n.nspname)) IS DISTINCT FROM quote_ident(here.nspname)
  AND coalesce(i.schema, '') <> 'pg_toast' {of_no_schema}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE g.objsubid = 0 AND d.classid = g.classid
                  AND d.objid = g.objid AND d.objsubid = 0 AND d.deptype = 'i')
  AND NOT EXISTS (SELECT FROM goes whole WHERE g.objsubid <> 0 AND whole.objsubid = 0
                  AND whole.classid = g.classid AND whole.objid = g.objid)
{subscribed}
ORDER BY 1"
    )
}
