//! What machines do, at providers and in our own racks.

use serde::Deserialize;
use service::cloud::machine::MachineStatus;
use utoipa::ToSchema;

/// What a machine is doing, in the words of all providers together.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CloudMachineStatus {
    New,
    Commissioning,
    Ready,
    Allocated,
    Deploying,
    Deployed,
    Releasing,
    DiskErasing,
    Failed,
    Broken,
    Running,
    Stopped,
    Terminated,
}

impl From<CloudMachineStatus> for MachineStatus {
    fn from(status: CloudMachineStatus) -> Self {
        match status {
            CloudMachineStatus::New => Self::New,
            CloudMachineStatus::Commissioning => Self::Commissioning,
            CloudMachineStatus::Ready => Self::Ready,
            CloudMachineStatus::Allocated => Self::Allocated,
            CloudMachineStatus::Deploying => Self::Deploying,
            CloudMachineStatus::Deployed => Self::Deployed,
            CloudMachineStatus::Releasing => Self::Releasing,
            CloudMachineStatus::DiskErasing => Self::DiskErasing,
            CloudMachineStatus::Failed => Self::Failed,
            CloudMachineStatus::Broken => Self::Broken,
            CloudMachineStatus::Running => Self::Running,
            CloudMachineStatus::Stopped => Self::Stopped,
            CloudMachineStatus::Terminated => Self::Terminated,
        }
    }
}

/// What a machine does from now on.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CloudMachineStatusChange {
    pub(super) status: CloudMachineStatus,
}
