//! Teams: people who share resources.
//!
//! Whoever makes a team owns it. In a team an owner is above an administrator, who is above a member,
//! who is above a viewer; owners and administrators run the team without any other right, and nobody
//! acts on somebody above themselves or lifts anybody above themselves. Whoever has
//! [`UpdateTeams`](crate::rights::UpdateTeams) runs every team.

pub mod access;
pub mod assignment;
mod authority;
pub mod member;
pub mod team;
