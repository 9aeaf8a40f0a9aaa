//! Password resets: asking for one, and choosing a password by it.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use service::{World, identity::reset};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, auth::From, extract::Json};

/// How long the work behind an answer rests at least.
const SHORTEST: Duration = Duration::from_millis(250);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(choose_password))
}

/// Who wants to choose a new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResetRequest {
    /// The name or the e-mail address, in whatever case.
    name: String,
}

/// Lets a mail be sent with which the person chooses a new password: if there is such a person, who
/// is active and whose address is verified, or who never had a password. The answer does not say so.
#[utoipa::path(post, path = "/api/v1/password-reset-request", operation_id = "requestPasswordReset", tag = "sessions", responses((status = 202, description = "Taken down.")))]
async fn request(
    State(app): State<App>,
    From(client): From,
    Json(input): Json<ResetRequest>,
) -> Result<StatusCode, Problem> {
    let request = reset::request(&app.db, &app.world, &input.name, &client).await?;
    // Nobody waits for it, nor is another request made slower by it at a time that can be foreseen:
    // either would tell whether there is anybody.
    let (work, pause) = (app.work.clone(), pause(&app.world));
    work.spawn(async move {
        tokio::time::sleep(pause).await;
        match reset::accept(&app.db, &app.world, &request).await {
            Ok(()) => app.bell.ring(),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a request for a password reset was lost");
            }
        }
    });
    Ok(StatusCode::ACCEPTED)
}

/// Some two seconds and a quarter at most.
fn pause(world: &World) -> Duration {
    let mut bits = [0; 8];
    world.random.fill(&mut bits);
    SHORTEST + Duration::from_millis(u64::from_be_bytes(bits) % 2_000)
}

/// A new password, and the reset that allows it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChoosePassword {
    /// The token of the reset.
    #[schema(value_type = String, write_only)]
    token: SecretString,
    /// 8 to 256 characters.
    #[schema(value_type = String, write_only)]
    password: SecretString,
}

/// Sets a password by a reset, which is used up; ends all sessions of the person. An address that the
/// reset was mailed to is verified by it.
#[utoipa::path(post, path = "/api/v1/password-reset", operation_id = "choosePassword", tag = "sessions", responses((status = 204)))]
async fn choose_password(
    State(app): State<App>,
    Json(input): Json<ChoosePassword>,
) -> Result<StatusCode, Problem> {
    let App { db, world, hasher, bell, .. } = &app;
    let token = input.token.expose_secret();
    reset::complete(db, world, hasher, token, &input.password).await?;
    bell.ring();
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn when_the_work_behind_an_answer_begins_is_left_to_chance() {
        let world = World::system();

        let pauses: BTreeSet<Duration> = (0..100).map(|_| pause(&world)).collect();

        assert!(pauses.len() > 50, "{pauses:?}");
        let (first, last) = (pauses.first().unwrap(), pauses.last().unwrap());
        assert!(*first >= SHORTEST && *last < SHORTEST + Duration::from_secs(2), "{pauses:?}");
    }
}
