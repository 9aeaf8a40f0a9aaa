//! The columns of a row, as JSON.

use std::{
    ops::{Deref, DerefMut, Index},
    vec,
};

use litemap::LiteMap;
use serde_json::Value as Json;

/// What the columns of a row have, by their names and in the order of these.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields(LiteMap<&'static str, Json>);

impl Deref for Fields {
    type Target = LiteMap<&'static str, Json>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// # Panics
/// For a column that the row does not have.
impl Index<&str> for Fields {
    type Output = Json;

    fn index(&self, name: &str) -> &Json {
        self.0.get(name).expect("the row has the column")
    }
}

impl FromIterator<(&'static str, Json)> for Fields {
    fn from_iter<I: IntoIterator<Item = (&'static str, Json)>>(columns: I) -> Self {
        Self(columns.into_iter().collect())
    }
}

impl IntoIterator for Fields {
    type Item = (&'static str, Json);
    type IntoIter = vec::IntoIter<(&'static str, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'f> IntoIterator for &'f Fields {
    type Item = (&'f &'static str, &'f Json);
    type IntoIter = <&'f LiteMap<&'static str, Json> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
