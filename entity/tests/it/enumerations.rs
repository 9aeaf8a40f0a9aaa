//! SeaORM keeps no values of an enumeration that is stored as text, so that each needs its CHECK
//! declared beside the entity. Nothing but this test would notice one that is missing.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use plimsoll::{
    Schema, Steps, TableBuilder,
    schema::{Rule, Table},
};
use sea_orm::sea_query::ColumnDef;
use syn::{Attribute, Fields, GenericArgument, Item, PathArguments, Type};

/// A model's field whose type is an enumeration of the same crate.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct EnumField {
    table: String,
    column: String,
    values: Vec<String>,
}

#[test]
fn every_enumeration_stored_as_text_has_its_check() {
    let schema = entity::schema();

    let fields = enum_fields(&sources(Path::new(env!("CARGO_MANIFEST_DIR"))));
    let unchecked: Vec<_> =
        fields.iter().filter(|field| !is_checked(schema.tables(), field)).collect();

    assert!(fields.len() >= 3, "the sources are read: {fields:#?}");
    assert!(unchecked.is_empty(), "declare `one_of` beside these: {unchecked:#?}");
}

#[test]
fn a_missing_check_and_one_that_lacks_a_value_are_both_found() {
    let source = r#"
        #[derive(Clone, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::N(10))", rename_all = "snake_case")]
        pub enum Mood { Happy, VerySad, #[sea_orm(string_value = "MEH")] Meh }

        #[derive(DeriveEntityModel)]
        #[sea_orm(table_name = "cats")]
        pub struct Model { pub id: i64, pub mood: Option<Mood>, pub r#type: super::cat::Mood }
    "#;
    let cats = |values: &[&str]| {
        let cats = TableBuilder::new("cats")
            .column(ColumnDef::new("mood").string())
            .column(ColumnDef::new("type").string())
            .one_of("type", ["happy", "very_sad", "MEH"]);
        vec![table(if values.is_empty() { cats } else { cats.one_of("mood", values.to_vec()) })]
    };

    let fields = enum_fields(&[syn::parse_file(source).unwrap()]);

    let columns: Vec<_> = fields.iter().map(|field| field.column.as_str()).collect();
    assert_eq!(columns, ["mood", "type"]);
    assert_eq!(fields[0].values, ["happy", "very_sad", "MEH"]);
    assert!(is_checked(&cats(&["MEH", "very_sad", "happy"]), &fields[0]));
    assert!(is_checked(&cats(&[]), &fields[1]));
    assert!(!is_checked(&cats(&[]), &fields[0]));
    assert!(!is_checked(&cats(&["happy"]), &fields[0]));
}

fn table(builder: TableBuilder) -> Table {
    let steps = Steps::new().create_table("cats", |_| builder);
    let mut schema = Schema::default();
    steps.apply(&mut schema).unwrap();
    schema.tables.remove("cats").unwrap()
}

fn is_checked(schema: &[Table], field: &EnumField) -> bool {
    let mut wanted = field.values.clone();
    wanted.sort();
    let Some(table) = schema.iter().find(|table| table.name == field.table) else {
        return false;
    };
    table.checks.iter().any(|check| match &check.rule {
        Rule::OneOf { column, values } if *column == field.column => {
            let mut values = values.clone();
            values.sort();
            values == wanted
        }
        _ => false,
    })
}

fn sources(krate: &Path) -> Vec<syn::File> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(&krate.join("src"), &mut files);
    files.iter().map(|file| syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// The fields of all models whose type, or whose `Option`'s type, is named like an enumeration of
/// these sources, wherever it is declared.
fn enum_fields(files: &[syn::File]) -> Vec<EnumField> {
    let mut enums: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in files.iter().flat_map(|file| &file.items) {
        if let Item::Enum(item) = item
            && derives(&item.attrs, "DeriveActiveEnum")
        {
            let known = enums.insert(item.ident.to_string(), values(item));
            assert_eq!(known, None, "two enumerations are named `{}`", item.ident);
        }
    }
    let mut fields = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        if let Item::Struct(item) = item
            && let Some(table) = setting(&item.attrs, "table_name")
            && let Fields::Named(named) = &item.fields
        {
            for field in &named.named {
                let name = field.ident.as_ref().unwrap().to_string();
                let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
                if let Some(values) = last_segment(&field.ty).and_then(|ty| enums.get(&ty)) {
                    fields.push(EnumField {
                        table: table.clone(),
                        column: setting(&field.attrs, "column_name").unwrap_or(name),
                        values: values.clone(),
                    });
                }
            }
        }
    }
    fields.sort();
    fields
}

fn values(item: &syn::ItemEnum) -> Vec<String> {
    let snake = setting(&item.attrs, "rename_all").as_deref() == Some("snake_case");
    item.variants
        .iter()
        .map(|variant| {
            let name = variant.ident.to_string();
            setting(&variant.attrs, "string_value").unwrap_or_else(|| {
                assert!(snake, "`{}::{name}` has neither a value nor a rule", item.ident);
                snake_case(&name)
            })
        })
        .collect()
}

fn snake_case(name: &str) -> String {
    name.char_indices().fold(String::new(), |mut snake, (at, letter)| {
        if letter.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        snake
    })
}

fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let mut found = false;
        attribute
            .parse_nested_meta(|meta| {
                found |= meta.path.segments.last().is_some_and(|last| last.ident == name);
                Ok(())
            })
            .unwrap();
        found
    })
}

/// The text of `name = "…"` in `#[sea_orm(…)]`.
fn setting(attributes: &[Attribute], name: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("sea_orm")) {
        attribute
            .parse_nested_meta(|meta| {
                let is_wanted = meta.path.is_ident(name);
                if meta.input.peek(syn::Token![=]) {
                    let value: syn::Lit = meta.value()?.parse()?;
                    if let (true, syn::Lit::Str(text)) = (is_wanted, value) {
                        found = Some(text.value());
                    }
                } else if meta.input.peek(syn::token::Paren) {
                    let inside;
                    syn::parenthesized!(inside in meta.input);
                    inside.parse::<proc_macro2::TokenStream>()?;
                }
                Ok(())
            })
            .unwrap();
    }
    found
}

/// `Mood` of `Mood`, `super::Mood` and `Option<Mood>`.
fn last_segment(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident == "Option"
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return last_segment(inner);
    }
    Some(last.ident.to_string())
}
