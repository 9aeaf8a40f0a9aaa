//! Storage: object stores that images and other large files are kept in.

use plimsoll::{Beside, TableBuilder};
use sea_orm::entity::prelude::*;

/// Whose object store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(64))", rename_all = "snake_case")]
pub enum StorageProviderType {
    Minio,
    #[sea_orm(string_value = "aws_s3")]
    AwsS3,
    Gcs,
    DoSpaces,
    Wasabi,
    Backblaze,
    AzureBlob,
    /// Any other that speaks S3.
    Custom,
}

/// One row of `storage_backends`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "storage_backends")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub created_by_id: Option<i64>,
    #[sea_orm(unique, column_type = "String(StringLen::N(255))")]
    pub name: String,
    pub provider_type: StorageProviderType,
    /// Null where the provider has a known one.
    #[sea_orm(column_type = "String(StringLen::N(2048))")]
    pub endpoint_url: Option<String>,
    #[sea_orm(column_type = "String(StringLen::N(100))")]
    pub region: Option<String>,
    /// Taken where nothing names a bucket.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub bucket_name: Option<String>,
    /// Where the secrets store keeps them.
    #[sea_orm(column_type = "String(StringLen::N(512))")]
    pub credentials_path: Option<String>,
    /// Further settings, never credentials.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub config_data: Json,
    #[sea_orm(default_value = true)]
    pub use_ssl: bool,
    /// Whether the bucket is part of the path, not of the host name.
    #[sea_orm(default_value = false)]
    pub path_style: bool,
    /// Taken where nothing names a store; the service keeps it to one.
    #[sea_orm(default_value = false)]
    pub is_default: bool,
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeUtc,
    #[sea_orm(belongs_to, from = "created_by_id", to = "id", on_delete = "SetNull")]
    pub created_by: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Beside for Entity {
    fn beside(table: TableBuilder) -> TableBuilder {
        table.one_of("provider_type", StorageProviderType::values())
    }
}
