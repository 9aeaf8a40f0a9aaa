//! Keys, indexes and relations of every kind that SeaORM knows.

pub(crate) mod harbour {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "harbours")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        #[sea_orm(unique)]
        pub name: String,
        #[sea_orm(column_name = "Country", unique_key = "place")]
        pub country: String,
        #[sea_orm(unique_key = "place")]
        pub place: String,
        #[sea_orm(renamed_from = "depth")]
        pub draught: i32,
        #[sea_orm(comment = "in metres", renamed_from = "width")]
        pub beam: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod ship {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ships")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(indexed)]
        pub name: String,
        #[sea_orm(unique)]
        pub flag: Option<String>,
        #[sea_orm(indexed)]
        pub harbour_id: i32,
        pub second_id: Option<i32>,
        pub mother_id: Option<i64>,
        #[sea_orm(
            belongs_to,
            relation_enum = "Harbour",
            from = "harbour_id",
            to = "id",
            on_delete = "Cascade",
            on_update = "Cascade"
        )]
        pub harbour: BelongsTo<super::harbour::Entity>,
        #[sea_orm(
            belongs_to,
            relation_enum = "Second",
            from = "second_id",
            to = "id",
            on_delete = "SetNull",
            on_update = "Restrict"
        )]
        pub second: BelongsTo<Option<super::harbour::Entity>>,
        #[sea_orm(
            self_ref,
            relation_enum = "Mother",
            from = "mother_id",
            to = "id",
            on_delete = "NoAction"
        )]
        pub mother: BelongsTo<Option<Entity>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod berth {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "berths")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ship_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        #[sea_orm(belongs_to, from = "ship_id", to = "id", on_delete = "Restrict")]
        pub ship: BelongsTo<super::ship::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// With what SeaORM has no attribute for.
pub(crate) mod checked {
    use plimsoll::{Beside, TableBuilder, schema::Index};
    use sea_orm::entity::prelude::*;
    use sea_query::Expr;

    use crate::entities::kinds::State;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "checked", comment = "with conditions")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub state: State,
        pub crew: i32,
        pub masts: Option<i32>,
        pub twice: Option<i32>,
    }

    impl ActiveModelBehavior for ActiveModel {}

    impl Beside for Entity {
        fn beside(table: TableBuilder) -> TableBuilder {
            table
                .one_of("state", ["afloat", "it's sunk"])
                .between("crew", 1, 400)
                .check("thirteen", Expr::cust("crew <> 13 OR masts IS NULL"))
                .generated("twice", "crew * 2", true)
                .add_index(Index::over("checked", ["state", "crew"]).unique().named("by state"))
                .comment_on("masts", "none on a steamer")
        }
    }
}
