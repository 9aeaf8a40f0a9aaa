//! People of another system: their names, their addresses, and whether their passwords will do.

use serde_json::{Value as Json, json};

use super::passage::Passage;
use crate::{Error, identity::password::legacy, imports::Cell, text};

/// The longest name, and the longest address.
const LONGEST: usize = 255;

/// The longest name of a role.
const LONGEST_ROLE: usize = 100;

/// The name and the address of a person, in `username` and `email`. A name with an `@` in it has to
/// be the person's own address.
pub(super) fn name(passage: &mut Passage<'_>) {
    let email = passage.text("email").map(|email| text::name("e-mail address", &email, LONGEST));
    let email = match email.transpose() {
        Ok(email) => email,
        Err(error) => return refuse(passage, "email", error),
    };
    let username = passage.text("username").unwrap_or_default();
    let username = match text::name("username", &username, LONGEST) {
        Ok(username) => username,
        Err(error) => return refuse(passage, "username", error),
    };
    let is_own = email.as_ref().is_some_and(|email| email.key == username.key);
    if username.key.contains('@') && !is_own {
        let why = "with an `@` in it, it must be the e-mail address";
        return passage.refuse("username", &json!(username.shown), why);
    }
    passage.set("username", username.shown);
    passage.set("username_key", username.key);
    if let Some(email) = email {
        passage.set("email", email.shown.to_lowercase());
        passage.set("email_key", email.key);
    }
}

/// The hash of a person's password, in `password_hash`.
pub(super) fn password(passage: &mut Passage<'_>) {
    password_in(passage, "password_hash");
}

/// The hash of a person's password, in that column.
pub(super) fn password_in(passage: &mut Passage<'_>, column: &str) {
    let Some(hash) = passage.text(column) else {
        let why = "there is no password; a reset gives them one";
        return passage.warn(column, &Json::Null, why);
    };
    if let Err(why) = legacy::looks_verifiable(&hash) {
        let why = format!("{why}; it is kept, and needs a reset to be replaced");
        passage.warn(column, &Json::Null, &why);
    }
    passage.set("password_hash", hash);
}

/// Gives a person the role that people get.
pub(super) fn role(passage: &mut Passage<'_>) {
    let person = Cell::Row(passage.key().to_owned());
    let role = Cell::Named("roles", "name_key", passage.beside.role.clone());
    passage.behind("user_roles", "role", vec![("user_id", person), ("role_id", role)]);
}

/// The name of a role, in `name`.
pub(super) fn role_name(passage: &mut Passage<'_>) {
    let name = passage.text("name").unwrap_or_default();
    match text::name("role name", &name, LONGEST_ROLE) {
        Ok(name) => {
            passage.set("name", name.shown);
            passage.set("name_key", name.key);
        }
        Err(_) => passage.refuse("name", &json!(name), "it is no name of a role"),
    }
}

/// Refuses a row for what a domain says is wrong with a column.
pub(super) fn refuse(passage: &mut Passage<'_>, name: &str, error: Error) {
    let value = passage.json(name).clone();
    match error {
        Error::Invalid { problem, .. } => passage.refuse(name, &value, &problem),
        other => passage.refuse(name, &value, &other.to_string()),
    }
}
