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
    /// The PostgreSQL schema that the entity of each table names.
    schemas: Vec<Option<String>>,
    domains: BTreeMap<String, String>,
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

    /// The tables, each with the PostgreSQL schema that its entity names (`schema_name`). Two schemas
    /// may have a table of one name each.
    pub fn in_schemas(&self) -> impl Iterator<Item = (&Table, Option<&str>)> {
        self.tables.iter().zip(self.schemas.iter().map(Option::as_deref))
    }

    /// The PostgreSQL schemas that entities name.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().flatten().map(String::as_str)
    }

    /// Tables of a name that another has in another schema.
    #[cfg(feature = "migrate")]
    pub(crate) fn namesakes(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter().enumerate();
        let again = tables
            .filter(|(at, table)| self.tables[..*at].iter().any(|other| other.name == table.name));
        again.map(|(_, table)| table.name.as_str())
    }

    /// What the entities say that cannot be read from them, as sentences that name the table: raw
    /// text behind a column, two entities of one table.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Adds tables that no entity describes, or another list with all that it says.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        let more = more.into();
        for (table, schema) in more.tables.into_iter().zip(more.schemas) {
            self.add(table, schema);
        }
        self.domains.extend(more.domains);
        self.problems.extend(more.problems);
        self
    }

    fn add(&mut self, table: Table, schema: Option<String>) {
        let is_there =
            self.in_schemas().any(|(it, of)| it.name == table.name && of == schema.as_deref());
        if is_there {
            self.problems.push(format!("table `{}` is described twice", table.name));
        } else {
            self.tables.push(table);
            self.schemas.push(schema);
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
        self.add(table, E::default().schema_name().map(str::to_owned));
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
        let mut entities = Self::new();
        tables.into_iter().for_each(|table| entities.add(table, None));
        entities
    }
}

impl<const N: usize> From<[Table; N]> for Entities {
    fn from(tables: [Table; N]) -> Self {
        tables.into_iter().collect()
    }
}

impl From<Vec<Table>> for Entities {
    fn from(tables: Vec<Table>) -> Self {
        tables.into_iter().collect()
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
