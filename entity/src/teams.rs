//! Teams that share resources, and what each team may do with them.

pub mod resource_assignment;
pub mod resource_team;
pub mod team_member;
