//! Work that needs no database, on threads of its own: beside all that waits for one.

use std::sync::LazyLock;

use futures_executor::{ThreadPool, block_on};
use futures_util::future::{FutureExt as _, RemoteHandle};

/// As many threads as there are processors. They stay behind others: where the processors are few, a kernel
/// may put whoever has heard from the database behind them, although another processor has nothing to do.
static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let threads =
        ThreadPool::builder().name_prefix("import-").after_start(|_| stay_behind()).create();
    threads.inspect_err(|error| tracing::debug!(%error, "no threads for imports")).ok()
});

/// Has the work done; gives what it comes to. Whoever drops that does not want the work any more.
pub(super) fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> RemoteHandle<T> {
    let (work, outcome) = async move { work() }.remote_handle();
    match &*THREADS {
        Some(threads) => threads.spawn_ok(work),
        None => blocking::unblock(move || block_on(work)).detach(),
    }
    outcome
}

/// Lets other threads go first. Elsewhere than on Linux it would be the whole process that does.
fn stay_behind() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 15) {
        tracing::debug!(%error, "the threads of an import do not stay behind others");
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn work_is_done_on_another_thread() {
        let here = thread::current().id();

        let there = block_on(beside(move || thread::current().id()));

        assert_ne!(there, here);
    }

    #[test]
    #[should_panic(expected = "what nobody expected")]
    fn who_waits_for_work_that_panics_panics() {
        block_on(beside(|| panic!("what nobody expected")));
    }
}
