//! The same queries behind axum and nothing else: no middleware, no rights, no rules.
//!
//! A login is the search for the person and one hash of a password; `/allowed` is a page with who
//! asks and their right looked up as the API does it, and nothing else of what the API does.

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use plimsoll::config::{Database, Env};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseConnection,
    EntityTrait as _, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    RelationTrait as _,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::{
    Rights, World,
    entity::{
        identity::{permission, role_permission, user, user_role},
        webtest::page,
    },
    identity::{caller, password::Hasher, session::Client},
    rights::ReadWebtest,
};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Bare {
    db: DatabaseConnection,
    world: World,
    hasher: Hasher,
    rights: Rights,
}

/// Serves on a free port, which it prints, until it is killed.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let database = Database::from_env(&Env::load()?)?;
    let db = plimsoll::connect::pool(&database).await?;
    let world = World::system();
    let rights = Rights::new(world.clone());
    let router = Router::new()
        .route("/login", post(login))
        .route("/check", post(check))
        .route("/pages", get(list).post(create))
        .route("/pages/{id}", get(show))
        .route("/allowed/pages/{id}", get(allowed))
        .with_state(Bare { db, world, hasher: Hasher::new(), rights });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Whatever goes wrong, as 500 with what it was.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: SecretString,
}

#[derive(Serialize)]
struct Person {
    id: i64,
    username: String,
}

async fn login(
    State(bare): State<Bare>,
    Json(Login { name, password }): Json<Login>,
) -> Result<Json<Person>, Failed> {
    let found = user::Entity::find().filter(user::Column::UsernameKey.eq(name)).one(&bare.db);
    let person = found.await?.context("nobody has that name")?;
    bare.hasher.hash(&bare.world, &password, &[]).await?;
    Ok(Json(Person { id: person.id, username: person.username }))
}

#[derive(Deserialize)]
struct Question {
    user_id: i64,
    permission: String,
}

#[derive(Serialize)]
struct Answer {
    is_allowed: bool,
}

async fn check(
    State(bare): State<Bare>,
    Json(Question { user_id, permission }): Json<Question>,
) -> Result<Json<Answer>, Failed> {
    let found: Option<i64> = user_role::Entity::find()
        .select_only()
        .column(role_permission::Column::PermissionId)
        .join(JoinType::InnerJoin, user_role::Relation::Role.def())
        .join(JoinType::InnerJoin, role_permission::Relation::Role.def().rev())
        .join(JoinType::InnerJoin, role_permission::Relation::Permission.def())
        .filter(user_role::Column::UserId.eq(user_id))
        .filter(permission::Column::Code.eq(permission))
        .limit(1)
        .into_tuple()
        .one(&bare.db)
        .await?;
    Ok(Json(Answer { is_allowed: found.is_some() }))
}

#[derive(Serialize)]
struct Page {
    id: i64,
    name: String,
    url: String,
    environments: Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<page::Model> for Page {
    fn from(row: page::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            url: row.url,
            environments: row.environments,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[derive(Serialize)]
struct Pages {
    items: Vec<Page>,
}

async fn list(State(bare): State<Bare>) -> Result<Json<Pages>, Failed> {
    // One more than is shown, as the API does it.
    let rows = page::Entity::find().order_by_asc(page::Column::Id).limit(51).all(&bare.db).await?;
    Ok(Json(Pages { items: rows.into_iter().take(50).map(Page::from).collect() }))
}

async fn show(State(bare): State<Bare>, Path(id): Path<i64>) -> Result<Json<Page>, Failed> {
    let row = page::Entity::find_by_id(id).one(&bare.db).await?;
    Ok(Json(row.context("there is no such page")?.into()))
}

async fn allowed(
    State(bare): State<Bare>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Json<Page>, Failed> {
    let token = headers.get(header::AUTHORIZATION).context("there is no token")?.to_str()?;
    let token = token.strip_prefix("Bearer ").context("the token is of another kind")?;
    let asking = caller::authenticate(&bare.db, &bare.world, token, Client::default()).await?;
    bare.rights.check::<ReadWebtest>(&bare.db, &asking.actor).await?;
    show(State(bare), Path(id)).await
}

#[derive(Deserialize)]
struct NewPage {
    name: String,
    url: String,
}

async fn create(
    State(bare): State<Bare>,
    Json(NewPage { name, url }): Json<NewPage>,
) -> Result<(StatusCode, Json<Page>), Failed> {
    let now = Utc::now();
    let row = page::ActiveModel {
        name: Set(name),
        url: Set(url),
        environments: Set(json!([])),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    Ok((StatusCode::CREATED, Json(row.insert(&bare.db).await?.into())))
}
