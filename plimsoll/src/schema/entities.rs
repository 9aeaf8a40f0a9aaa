//! The entities of a project as the schema that they want.

use std::{any::type_name, collections::BTreeMap, marker::PhantomData};

use sea_orm::EntityTrait;

use super::{
    Schema, Table,
    entity::{Beside, read},
};

/// The tables that a project's entities want, listed by [`entities!`](crate::entities).
#[derive(Clone, Debug, std::default::Default, PartialEq, Eq)]
pub struct Entities {
    tables: Vec<Table>,
    domains: BTreeMap<String, String>,
    schemas: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Entities {
    /// No entity yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tables in the order in which their entities were listed.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The tables as one schema, with the enumerations that they name.
    pub fn schema(&self) -> Schema {
        Schema::of(self.tables.clone())
    }

    /// The domain that a table belongs to, by the name of the table: the module that its entity is
    /// in, when the modules of a crate's entities stand in modules of their own
    /// (`entity::identity::user` is of `identity`).
    pub fn domains(&self) -> &BTreeMap<String, String> {
        &self.domains
    }

    /// The PostgreSQL schema that an entity names for its table (`schema_name`).
    pub fn schema_of(&self, table: &str) -> Option<&str> {
        self.schemas.get(table).map(String::as_str)
    }

    /// The PostgreSQL schemas that entities name.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.values().map(String::as_str)
    }

    /// What the entities say that cannot be read from them, as sentences that name the table: raw
    /// text behind a column, two entities of one table.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Adds a table that no entity describes, or a whole list of them.
    #[must_use]
    pub fn and(mut self, tables: impl IntoIterator<Item = Table>) -> Self {
        for table in tables {
            self.add(table);
        }
        self
    }

    fn add(&mut self, table: Table) {
        if self.tables.iter().any(|other| other.name == table.name) {
            self.problems.push(format!("table `{}` is described twice", table.name));
        } else {
            self.tables.push(table);
        }
    }

    fn add_entity<E: EntityTrait>(&mut self, (table, unsupported): (Table, Vec<String>)) {
        let name = &table.name;
        self.problems.extend(
            unsupported.into_iter().map(|what| format!("{what} of table `{name}` cannot be read")),
        );
        // `entity::identity::user::Entity`
        let path: Vec<&str> = type_name::<E>().split("::").collect();
        if let [_, .., domain, _, _] = &*path
            && path.len() > 3
        {
            self.domains.insert(name.clone(), (*domain).to_owned());
        }
        if let Some(schema) = E::default().schema_name() {
            self.schemas.insert(name.clone(), schema.to_owned());
        }
        self.add(table);
    }
}

impl IntoIterator for Entities {
    type Item = Table;
    type IntoIter = std::vec::IntoIter<Table>;

    fn into_iter(self) -> Self::IntoIter {
        self.tables.into_iter()
    }
}

impl FromIterator<Table> for Entities {
    fn from_iter<T: IntoIterator<Item = Table>>(tables: T) -> Self {
        Self::new().and(tables)
    }
}

/// Tells an entity with something said beside it from one without: the method of the one that is
/// found first is called.
#[doc(hidden)]
#[derive(Debug)]
pub struct Listed<E>(PhantomData<E>);

#[doc(hidden)]
impl<E> Listed<E> {
    #[expect(clippy::new_without_default, reason = "only the macro makes one")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

#[doc(hidden)]
pub trait AddBeside {
    fn add_to(&self, entities: &mut Entities);
}

#[doc(hidden)]
pub trait AddAlone {
    fn add_to(&self, entities: &mut Entities);
}

impl<E: Beside> AddBeside for &Listed<E> {
    fn add_to(&self, entities: &mut Entities) {
        entities.add_entity::<E>(read::<E>(E::beside));
    }
}

impl<E: EntityTrait> AddAlone for Listed<E> {
    fn add_to(&self, entities: &mut Entities) {
        entities.add_entity::<E>(read::<E>(|table| table));
    }
}

/// Lists entities, ordinary ones of SeaORM and those with a [`Beside`].
///
/// ```
/// # mod post {
/// use sea_orm::entity::prelude::*;
///
/// #[sea_orm::model]
/// #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
/// #[sea_orm(table_name = "posts")]
/// pub struct Model {
///     #[sea_orm(primary_key)]
///     pub id: i64,
///     #[sea_orm(renamed_from = "headline")]
///     pub title: String,
/// }
///
/// impl ActiveModelBehavior for ActiveModel {}
/// # }
/// let entities = plimsoll::entities![post::Entity];
///
/// let title = entities.tables()[0].column("title").unwrap();
/// assert_eq!(title.renamed_from.as_deref(), Some("headline"));
/// assert_eq!(title.comment, None);
/// ```
#[macro_export]
macro_rules! entities {
    ($($entity:ty),* $(,)?) => {{
        #[allow(unused_imports, reason = "a project may have entities of one kind alone")]
        use $crate::schema::{AddAlone as _, AddBeside as _};
        #[allow(unused_mut, reason = "a project may have no entities yet")]
        let mut entities = $crate::Entities::new();
        $((&&$crate::schema::Listed::<$entity>::new()).add_to(&mut entities);)*
        entities
    }};
}
