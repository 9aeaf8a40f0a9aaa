//! What a resource's operations are, for the description of the routes.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use service::{
    page::MOST_PER_PAGE,
    records::{Columns, Domain as _, Record},
};
use utoipa::openapi::{
    RefOr, Schema,
    path::{PathItem, Paths},
};

use super::{
    Fields, Names, Verb,
    list::{TESTS, USUAL},
};

/// The path of an operation with all that there is to say of it, and the schemas that it needs.
pub(super) fn operation<E: Record>(
    names: Names,
    fields: &Fields<E>,
    verb: Verb,
) -> (Paths, Vec<(String, RefOr<Schema>)>) {
    let path = names.path;
    let of_one = format!("{path}/{{id}}");
    let (path, method, operation, schema) = match verb {
        Verb::List => (path.to_owned(), "get", list::<E>(names, fields), Some(page(names))),
        Verb::Show => (of_one, "get", show::<E>(names, fields), Some(row::<E>(names, fields))),
        Verb::Create => {
            (path.to_owned(), "post", create::<E>(names, fields), Some(new::<E>(names, fields)))
        }
        Verb::Update => {
            (of_one, "patch", update::<E>(names, fields), Some(changes::<E>(names, fields)))
        }
        Verb::Delete => (of_one, "delete", remove::<E>(names), None),
    };
    let item: PathItem = read(json!({method: operation}));
    let mut paths = Paths::new();
    paths.paths.insert(path, item);
    (paths, schema.into_iter().collect())
}

fn read<T: DeserializeOwned>(described: Value) -> T {
    serde_json::from_value(described).expect("what is described is of the form that OpenAPI has")
}

fn about<E: Record>(names: Names, verb: &str, name: &str, summary: &str) -> Value {
    json!({
        "operationId": format!("{verb}{name}"),
        "tags": [E::Domain::NAME],
        "summary": summary,
        "description": names.about,
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn body(schema: &str) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": reference(schema)}}})
}

fn answer(schema: &Value) -> Value {
    json!({"description": "", "content": {"application/json": {"schema": schema}}})
}

/// A row with all its fields; in a list there may be some of them.
fn whole<E: Record>(names: Names, fields: &Fields<E>) -> Value {
    let all: Vec<&str> = fields.shown.names().collect();
    json!({"allOf": [reference(names.one), {"type": "object", "required": all}]})
}

fn tagged<E: Record>(names: Names, fields: &Fields<E>) -> Value {
    let mut answer = answer(&whole(names, fields));
    answer["headers"] = json!({"etag": {
        "description": "Which state of it this is, for `If-Match`.",
        "schema": {"type": "string"},
    }});
    answer
}

fn key() -> Value {
    json!({"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}})
}

fn parameter(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema})
}

fn list<E: Record>(names: Names, fields: &Fields<E>) -> Value {
    let mut operation =
        about::<E>(names, "list", names.many, &format!("{} in pages.", spaced(names.many)));
    let mut parameters = vec![
        parameter(
            "limit",
            "How many at most.",
            &json!({"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": USUAL}),
        ),
        parameter("cursor", "`next` of the page before.", &json!({"type": "string"})),
        parameter(
            "fields",
            "Only these fields, separated by commas.",
            &json!({"type": "string", "example": "id"}),
        ),
    ];
    let sorted: Vec<&str> = fields.sorted.names().collect();
    if !sorted.is_empty() {
        let about = format!(
            "Fields to sort by, separated by commas, with `-` in front for the greatest first: {}.",
            sorted.join(", ")
        );
        parameters.push(parameter(
            "sort",
            &about,
            &json!({"type": "string", "example": sorted[0]}),
        ));
    }
    for (name, schema) in fields.filtered.schemas() {
        parameters.extend(compared(&name, &schema));
    }
    operation["parameters"] = json!(parameters);
    operation["responses"] = json!({"200": answer(&reference(&format!("{}Page", names.one)))});
    operation
}

/// A parameter for each way that a field is compared.
fn compared(name: &str, schema: &Value) -> Vec<Value> {
    let mut value = schema.clone();
    // What cannot be stored can be compared with.
    if let Some(value) = value.as_object_mut() {
        value.retain(|member, _| !["maxLength", "minimum", "maximum"].contains(&member.as_str()));
    }
    let is_nullable = value["type"].is_array();
    if is_nullable {
        value["type"] = value["type"][0].clone();
        if let Some(words) = value.get_mut("enum").and_then(Value::as_array_mut) {
            words.retain(|word| !word.is_null());
        }
    }
    let is_ordered = value["type"] != "boolean" && value.get("enum").is_none();
    let several = json!({"type": "array", "items": value});
    let mut parameters = Vec::new();
    for (word, _) in TESTS {
        let (suffix, about, schema) = match word {
            "" => (String::new(), "One of these.", several.clone()),
            "not" => (".not".to_owned(), "None of these.", several.clone()),
            "null" if is_nullable => {
                (".null".to_owned(), "Whether it is empty.", json!({"type": "boolean"}))
            }
            "lt" if is_ordered => (".lt".to_owned(), "Less than this.", value.clone()),
            "lte" if is_ordered => (".lte".to_owned(), "At most this.", value.clone()),
            "gt" if is_ordered => (".gt".to_owned(), "More than this.", value.clone()),
            "gte" if is_ordered => (".gte".to_owned(), "At least this.", value.clone()),
            _ => continue,
        };
        parameters.push(parameter(&format!("{name}{suffix}"), about, &schema));
    }
    parameters
}

fn show<E: Record>(names: Names, fields: &Fields<E>) -> Value {
    let mut operation =
        about::<E>(names, "show", names.one, &format!("One of the {}.", spaced(names.many)));
    operation["parameters"] = json!([key()]);
    operation["responses"] = json!({"200": tagged(names, fields)});
    operation
}

fn create<E: Record>(names: Names, fields: &Fields<E>) -> Value {
    let mut operation =
        about::<E>(names, "create", names.one, &format!("Adds one of the {}.", spaced(names.many)));
    let mut made = answer(&whole(names, fields));
    made["headers"] = json!({"location": {
        "description": "The path of what was made.",
        "schema": {"type": "string"},
    }});
    operation["requestBody"] = body(&format!("New{}", names.one));
    operation["responses"] = json!({"201": made});
    operation
}

fn update<E: Record>(names: Names, fields: &Fields<E>) -> Value {
    let mut operation = about::<E>(
        names,
        "update",
        names.one,
        &format!("Changes one of the {}.", spaced(names.many)),
    );
    operation["parameters"] = json!([key(), {
        "name": "If-Match",
        "in": "header",
        "required": false,
        "description": "The `ETag` of the state that is to be changed; any, when it is `*`.",
        "schema": {"type": "string"},
    }]);
    operation["requestBody"] = body(&format!("{}Changes", names.one));
    operation["responses"] = json!({"200": tagged(names, fields)});
    operation
}

fn remove<E: Record>(names: Names) -> Value {
    let mut operation = about::<E>(
        names,
        "delete",
        names.one,
        &format!("Removes one of the {}.", spaced(names.many)),
    );
    operation["parameters"] = json!([key()]);
    operation["responses"] = json!({"204": {"description": ""}});
    operation
}

type Named = (String, RefOr<Schema>);

fn object<E: Record>(
    columns: &Columns<E>,
    required: &[&str],
    about: &str,
    is_closed: bool,
) -> Value {
    let mut properties: Map<String, Value> = columns.schemas();
    for schema in properties.values_mut().filter(|schema| schema.get("type").is_none()) {
        // To the description, any value is of no type, which has to be said.
        schema["type"] = Value::Null;
    }
    let mut schema = json!({"type": "object", "description": about, "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if is_closed {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

fn row<E: Record>(names: Names, fields: &Fields<E>) -> Named {
    let schema = object(&fields.shown, &[], names.about, false);
    (names.one.to_owned(), read(schema))
}

fn page(names: Names) -> Named {
    let schema = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": reference(names.one)},
            "next": {
                "type": ["string", "null"],
                "description": "Where the next page begins; null behind the last.",
            },
        },
    });
    (format!("{}Page", names.one), read(schema))
}

fn new<E: Record>(names: Names, fields: &Fields<E>) -> Named {
    let about = "What is absent is as the table has it by itself.";
    let schema = object(&fields.created, &fields.created.needed(), about, true);
    (format!("New{}", names.one), read(schema))
}

fn changes<E: Record>(names: Names, fields: &Fields<E>) -> Named {
    let about = "What is absent stays, null empties what can be empty (RFC 7396).";
    let schema = object(&fields.updated, &[], about, true);
    (format!("{}Changes", names.one), read(schema))
}

/// `ProxyServers` as people write it: `proxy servers`.
fn spaced(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
