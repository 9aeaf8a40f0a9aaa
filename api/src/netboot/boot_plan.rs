//! What a machine boots that asks how to start, and what is put on it then: for boot servers.

use axum::extract::State;
use serde::Serialize;
use service::{
    entity::netboot::egg,
    netboot::boot::{self, Boots, Plan, System},
    records::Document,
    rights::ReadNetboot,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::egg::SHOWN as OF_EGG;
use crate::{
    App, Problem,
    auth::By,
    extract::{Json, Path},
    plain::document,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(script))
}

/// What a machine boots.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Booted {
    /// What somebody has written for it.
    Script { script: String },
    /// An image. What begins with no scheme lies where the script came from.
    System {
        kernel: String,
        initrd: Option<String>,
        squashfs: Option<String>,
        kernel_params: String,
    },
    /// What the script at that address says.
    Chain { url: String },
    /// What it would boot without a network.
    Disk,
}

impl From<Boots> for Booted {
    fn from(boots: Boots) -> Self {
        match boots {
            Boots::Script(script) => Self::Script { script },
            Boots::System(System { kernel, initrd, squashfs, kernel_params }) => {
                Self::System { kernel, initrd, squashfs, kernel_params }
            }
            Boots::Chain(url) => Self::Chain { url },
            Boots::Disk => Self::Disk,
        }
    }
}

/// What a machine is told that asks how to start.
#[derive(Debug, Serialize, ToSchema)]
struct BootPlan {
    /// The machine; null while it is not known.
    machine_id: Option<i64>,
    boots: Booted,
    /// For how many seconds it waits before that, so that somebody can stop it.
    timeout_seconds: i32,
    /// What is put on it then, in order.
    #[schema(value_type = Vec<Object>)]
    eggs: Vec<Document>,
}

impl From<Plan> for BootPlan {
    fn from(plan: Plan) -> Self {
        let Plan { machine_id, boots, timeout_seconds, eggs } = plan;
        let shown = |egg| document::<egg::Entity>(egg, OF_EGG).0;
        Self {
            machine_id,
            boots: boots.into(),
            timeout_seconds,
            eggs: eggs.iter().map(shown).collect(),
        }
    }
}

/// What the machine with that hardware address boots, and which eggs are put on it.
#[utoipa::path(get, path = "/api/v1/boot-plans/{mac_address}", operation_id = "showBootPlan", tag = "netboot", params(("mac_address" = String, Path)), responses((status = 200, body = BootPlan)))]
async fn show(
    State(app): State<App>,
    By(by): By<ReadNetboot>,
    Path(address): Path<String>,
) -> Result<Json<BootPlan>, Problem> {
    Ok(Json(boot::plan(&app.db, &by, &address).await?.into()))
}

/// What the machine with that hardware address is told, in the words of iPXE.
#[utoipa::path(get, path = "/api/v1/boot-plans/{mac_address}/script", operation_id = "showBootScript", tag = "netboot", params(("mac_address" = String, Path)), responses((status = 200, body = String, content_type = "text/plain")))]
async fn script(
    State(app): State<App>,
    By(by): By<ReadNetboot>,
    Path(address): Path<String>,
) -> Result<String, Problem> {
    let plan = boot::plan(&app.db, &by, &address).await?;
    Ok(boot::render(&plan))
}
