//! Cloud: machines at providers and in our own racks, what is put on them, and the jobs that do it.
//!
//! A machine goes from one status to those that it leads to ([`machine::allows`]). Members of LXD
//! clusters and jobs are made and removed by their own functions only: to do so plainly takes a
//! right that [`Nobody`] has.

pub mod job;
pub mod lxd;
pub mod machine;
pub mod package;
mod provider;
pub mod storage;
pub mod sync;
pub mod template;

use crate::{
    records::Domain,
    rights::{CreateCloud, DeleteCloud, Nobody, ReadCloud, ReadDeployments, UpdateCloud},
};

/// The tables of this domain that are written plainly, and the rights to them.
#[derive(Clone, Copy, Debug)]
pub enum Cloud {}

impl Domain for Cloud {
    const NAME: &'static str = "cloud";
    type Create = CreateCloud;
    type Read = ReadCloud;
    type Update = UpdateCloud;
    type Delete = DeleteCloud;
}

/// The members of LXD clusters, which come and go by [`lxd`] only.
#[derive(Clone, Copy, Debug)]
pub enum Members {}

impl Domain for Members {
    const NAME: &'static str = "cloud";
    type Create = Nobody;
    type Read = ReadCloud;
    type Update = UpdateCloud;
    type Delete = Nobody;
}

/// The jobs, which are written by [`job`] only.
#[derive(Clone, Copy, Debug)]
pub enum Deployments {}

impl Domain for Deployments {
    const NAME: &'static str = "cloud";
    type Create = Nobody;
    type Read = ReadDeployments;
    type Update = Nobody;
    type Delete = Nobody;
}
