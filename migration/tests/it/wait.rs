//! `wait`: beside a server that comes later, and one that never does.

use std::{
    io::copy,
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use plimsoll::{Dialect, testing::Scratch};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::process::{Said, migration, migration_in};

plimsoll::on_every_empty_database!(
    what_answers_is_not_waited_for,
    a_server_that_comes_later_is_waited_for,
    what_does_not_come_by_waiting_is_told_at_once,
);

async fn what_answers_is_not_waited_for(scratch: &Scratch) {
    let said = Said::of(&mut migration(scratch, &["wait"])).with(0);

    assert!(said.out.contains(" answers, after "), "{said:#?}");
    assert!(!said.err.contains("waiting"), "{said:#?}");
    let said = Said::of(&mut migration(scratch, &["wait", "--json"])).with(0);
    assert!(said.document()["waited_ms"].is_u64());
}

/// The URL of the test's database with another host and port; nothing for a file.
fn elsewhere(scratch: &Scratch, port: u16) -> Option<Url> {
    if scratch.database.dialect() == Dialect::Sqlite {
        return None;
    }
    let mut url = Url::parse(scratch.database.url().expose_secret()).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(port)).unwrap();
    Some(url)
}

/// Passes on to `server` whatever comes.
fn pass_on(listener: TcpListener, server: String) {
    let pipe = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            let _ = copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        })
    };
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(&server).unwrap();
            pipe(client.try_clone().unwrap(), server.try_clone().unwrap());
            pipe(server, client);
        }
    });
}

async fn a_server_that_comes_later_is_waited_for(scratch: &Scratch) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let Some(url) = elsewhere(scratch, address.port()) else { return };
    drop(listener);
    let whole = Url::parse(scratch.database.url().expose_secret()).unwrap();
    let server = format!("{}:{}", whole.host_str().unwrap(), whole.port().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let child = migration_in(folder.path(), &["wait", "-u", url.as_str()]).spawn().unwrap();
    thread::sleep(Duration::from_millis(600));

    pass_on(TcpListener::bind(address).unwrap(), server);

    let said = Said::from(child.wait_with_output().unwrap()).with(0);
    assert!(said.err.contains("waiting: cannot reach the "), "{said:#?}");
    assert!(said.out.contains(" answers, after "), "{said:#?}");
}

async fn what_does_not_come_by_waiting_is_told_at_once(scratch: &Scratch) {
    let folder = tempfile::tempdir().unwrap();
    let wait = |arguments: &[&str]| {
        let arguments = [&["wait", "--timeout", "1"], arguments].concat();
        Said::of(&mut migration_in(folder.path(), &arguments))
    };
    let Some(nobody) = elsewhere(scratch, 9) else {
        // A file that is made when it is opened is not made by looking.
        wait(&["-u", "sqlite:data/new.db"]).with(0);
        assert!(!folder.path().join("data").exists());
        return;
    };

    let said = wait(&["-u", nobody.as_str()]).with(1);
    assert!(said.err.contains("error[PLM0011]"), "{said:#?}");

    let mut stranger = Url::parse(scratch.database.url().expose_secret()).unwrap();
    stranger.set_username("nobody_is_called_so").unwrap();
    let said = wait(&["-u", stranger.as_str()]).with(1);
    assert!(said.err.contains("error[PLM0013]"), "{said:#?}");
    assert!(!said.err.contains("waiting"), "{said:#?}");
}
