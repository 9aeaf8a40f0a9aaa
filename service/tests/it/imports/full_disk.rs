//! A disk that is full, wherever an import then is: the files of SQLite may not become larger.
#![cfg(all(unix, feature = "command"))]

use std::process::Command;

use entity::{
    identity::user,
    imports::import::{self, ImportStatus},
};
use plimsoll::{Dialect, testing::Scratch};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _};

use super::{
    file::File,
    full::people,
    program::{errors, importing},
};

mod wherever_the_disk_is_full_the_import_says_so_and_goes_on_when_there_is_room {
    #[test]
    fn sqlite() {
        plimsoll::testing::run_empty(super::Dialect::Sqlite, super::it_says_so);
    }
}

async fn it_says_so(scratch: &Scratch) {
    migration::app().up(&scratch.database).await.unwrap();
    let file = File::of(&people(900), 4).await;
    let from = file.path.to_str().unwrap();
    let mut refused = 0;
    for more in 0..40 {
        // What is written goes behind what is in the log, which is empty.
        scratch.db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        let blocks = 8 * (1 + more * more);
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let has_open = import::Entity::find().one(&scratch.db).await.unwrap().is_some();
        let resume = if has_open { &["--resume"][..] } else { &[] };
        let arguments = [&["tronbyt", "--from", from][..], resume].concat();
        let import = importing(scratch, &arguments);
        let mut limited = Command::new("sh");
        limited.args(["-c", &script]).arg(import.get_program()).args(import.get_args());
        let of_import = import.get_envs().filter_map(|(name, value)| Some((name, value?)));
        limited.env_clear().envs(of_import);

        let output = limited.current_dir(std::env::temp_dir()).output().unwrap();

        if output.status.success() {
            break;
        }
        let told = errors(&output);
        assert!(told.contains("disk"), "{more}: {told}");
        refused += 1;
    }
    assert!(refused > 3, "{refused}");
    assert_eq!(user::Entity::find().count(&scratch.db).await.unwrap(), 900);
    let import = import::Entity::find().one(&scratch.db).await.unwrap().unwrap();
    assert_eq!(import.status, ImportStatus::Finished);
}
