//! How the server starts, when it refuses to, and how it ends.

use std::{
    future::Future,
    io::{self, Write as _},
    pin::pin,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{Router, serve::Listener};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use plimsoll::{
    Dialect,
    config::{Database, Env},
};
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;
use service::{
    Rights, World,
    identity::{password::Hasher, setup},
};
use tokio::net::TcpListener;
use tower::util::MapRequest;

use crate::{
    App, Config, Error, Limiter, Metrics, Result, Work,
    address::Peer,
    config::MAIL_SMTP_URL,
    mail::{Bell, Delivery},
    schema,
};

/// How long the server waits for others.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For the head of the next request on a connection.
    pub head: Duration,
    /// For the requests in flight, after a signal.
    pub end: Duration,
    /// For the connections to the database, when the requests have ended.
    pub close: Duration,
}

impl Default for Waits {
    /// Proxies keep an idle connection for a minute, and must not find it closed. A request ends
    /// within its own limit, and the process within the half minute that is commonly allowed.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(75),
            end: Duration::from_secs(20),
            close: Duration::from_secs(5),
        }
    }
}

/// Serves as the environment says, until a signal ends it.
///
/// # Errors
/// [`Error::Pending`] while migrations are pending and `AUTO_MIGRATE` is not set, [`Error::Bind`]
/// when nobody can listen at `BIND_ADDR`, [`Error::Database`] for a wrong variable, a database that
/// does not answer, or a migration that fails.
pub async fn run(env: &Env) -> Result<()> {
    let config = Config::from_env(env)?;
    if env.get(&MAIL_SMTP_URL)?.is_none() {
        tracing::warn!("mail is written into files and sent to nobody: MAIL_SMTP_URL is not set");
    }
    let (work, ended) = Work::watched();
    let app = Box::pin(prepare(&config, work)).await?;
    // Last, so that nobody can connect before there is somebody to answer.
    let listener = bind(&config).await?;
    let db = app.db.clone();
    let (world, bell) = (app.world.clone(), app.bell.clone());

    let waits = Waits::default();
    let stop = signal().map_err(|source| Error::Serve { source })?;
    let asked = OnceLock::new();
    let stop = async {
        stop.await;
        asked.get_or_init(Instant::now);
    };
    let delivery = Delivery::begin(db.clone(), world, config.post, bell);
    serve(listener, crate::router(app), stop, waits)
        .await
        .map_err(|source| Error::Serve { source })?;
    let left = waits.end.saturating_sub(asked.get().map_or(Duration::ZERO, Instant::elapsed));
    if !ended.within(left).await {
        tracing::warn!("what nobody waited for was still going on and is cut off");
    }
    delivery.end().await;
    close(db, waits).await;
    tracing::info!("stopped");
    Ok(())
}

/// Closes the connections to the database. One whose statement the database does not answer is left
/// to end with the process.
pub async fn close(db: DatabaseConnection, waits: Waits) {
    match tokio::time::timeout(waits.close, db.close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database did not close");
        }
        Err(_elapsed) => tracing::warn!(limit = ?waits.close, "the database did not close in time"),
    }
}

async fn bind(config: &Config) -> Result<TcpListener> {
    let address = config.bind;
    TcpListener::bind(address).await.map_err(|source| Error::Bind { address, source })
}

/// Connects, and sees to it that nothing is pending.
async fn prepare(config: &Config, work: Work) -> Result<App> {
    let migrations = migration::app();
    let mut db = if config.auto_migrate {
        let (db, report) = migrated(&migrations, &config.database).await?;
        tracing::info!(applied = report.applied.len(), "the schema is up to date");
        db
    } else {
        plimsoll::connect::pool(&config.database).await?
    };
    plimsoll::keeps_statements(&db).await?;
    let names = schema::pending(&migrations, &db).await?;
    if !names.is_empty() {
        return Err(Error::Pending { names });
    }
    let metrics = Metrics::default();
    metrics.watch(&mut db);
    let world = World::system();
    let app = App {
        db,
        migrations: Arc::new(migrations),
        rights: Rights::new(world.clone()),
        world,
        hasher: Hasher::new(),
        keys: config.keys.clone(),
        proxies: config.proxies.clone().into(),
        tls_in_front: config.tls_in_front,
        origins: config.origins.clone().into(),
        limiter: config.rate.map(Limiter::new),
        metrics,
        metrics_token: config.metrics_token.clone(),
        bell: Bell::default(),
        work,
    };
    announce(&app).await?;
    Ok(app)
}

/// Prints how to make the first administrator, while there is none: on standard output, where
/// nothing else stands. The log, on standard error, is read and kept by others.
async fn announce(app: &App) -> Result<()> {
    let Some(token) = setup::prepare(&app.db, &app.world).await? else { return Ok(()) };
    let text = format!(
        "there is no administrator yet: POST /api/v1/setup with this token makes one, within {} minutes, once\n\n    {}\n\nor type `cargo run -p service -- create-admin`\n",
        setup::LASTS.num_minutes(),
        token.expose_secret(),
    );
    let mut out = io::stdout();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the setup token could not be printed on standard output"
        );
    }
    Ok(())
}

/// A pool of connections to the database, migrated and seeded before.
async fn migrated(
    migrations: &plimsoll::App,
    database: &Database,
) -> Result<(DatabaseConnection, plimsoll::Report)> {
    let in_memory = database.dialect() == Dialect::Sqlite && database.file().is_none();
    // Another connection would be another database.
    if in_memory {
        let db = plimsoll::connect::pool(database).await?;
        let report = migrations.up_on(&db).await?;
        return Ok((db, report));
    }
    let report = migrations.up(database).await?;
    Ok((plimsoll::connect::pool(database).await?, report))
}

/// Serves until `stop`, then lets the requests in flight end.
///
/// axum's own `serve` waits without an end for a request that never comes whole: whoever holds
/// connections open without a word would have them all.
///
/// # Errors
/// What the system says when it takes the socket away.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    waits: Waits,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(waits.head);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);

    tracing::info!(%address, "listening");
    loop {
        let (socket, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let service = MapRequest::new(router.clone(), move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = http.serve_connection(TokioIo::new(socket), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke off");
            }
        });
    }

    drop(listener);
    tracing::info!("stopping: no new connections, requests in flight end");
    if tokio::time::timeout(waits.end, connections.shutdown()).await.is_err() {
        tracing::warn!(limit = ?waits.end, "requests were still in flight and are cut off");
    }
    Ok(())
}

/// Ends when the process is asked to: by SIGTERM or SIGINT, elsewhere than on Unix by Ctrl-C.
///
/// The handlers are in place when this returns: a signal that comes earlier ends the process at once.
#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of Unix")]
fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
