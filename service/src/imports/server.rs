//! What a database server takes at once: how large a statement may be, and how its rows are counted.

use std::io;

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, TryGetable as _,
    sea_query::{Expr, Query},
};
use serde_json::Value as Json;

use crate::Result;

/// As many values as any database takes in one statement, with room to spare.
const VALUES: usize = 10_000;

/// As many bytes as a statement of several rows has at most.
const BYTES: usize = 4 << 20;

/// What a statement has beside its values, more or less.
const BESIDE: usize = 16 << 10;

/// What a server says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    /// By how much it counts on; nodes of a cluster of `MySQL` or MariaDB count by their number.
    pub(super) step: i64,
    /// As many bytes as it takes at once: `max_allowed_packet`. It hangs up on whoever sends more.
    packet: Option<usize>,
}

impl Server {
    /// Asks it.
    pub(super) async fn of(db: &impl ConnectionTrait) -> Result<Self> {
        if db.get_database_backend() != DbBackend::MySql {
            return Ok(Self { step: 1, packet: None });
        }
        let asked = Query::select()
            .expr(Expr::cust("@@auto_increment_increment"))
            .expr(Expr::cust("CAST(@@max_allowed_packet AS UNSIGNED)"))
            .take();
        let row = db.query_one(&asked).await?.ok_or(DbErr::RecordNotInserted)?;
        let said = |at: usize| u64::try_get_by(&row, at).map_err(DbErr::from);
        let (step, packet) = (said(0)?, said(1)?);
        let (step, packet) = (i64::try_from(step).unwrap_or(1), usize::try_from(packet).ok());
        Ok(Self { step, packet })
    }

    /// What is wrong with as many bytes in one row, if something is. They are counted only where there
    /// is a limit.
    pub(super) fn refuses(&self, bytes: impl FnOnce() -> usize) -> Option<String> {
        let packet = self.packet?;
        let bytes = bytes();
        if bytes + BESIDE <= packet {
            return None;
        }
        let raise = "raise its `max_allowed_packet`";
        Some(format!("it has {bytes} bytes, and the server takes {packet} at once: {raise}"))
    }

    /// Rows in lots that one statement takes each; a row that is too large for that is alone.
    pub(super) fn lots<'r, T>(
        &self,
        rows: &'r [T],
        columns: usize,
        bytes: impl Fn(&T) -> usize,
    ) -> Vec<&'r [T]> {
        let most = (VALUES / columns.max(1)).max(1);
        let full = self.packet.map_or(BYTES, |packet| BYTES.min(packet.saturating_sub(BESIDE)));
        let mut lots = Vec::new();
        let (mut from, mut sum) = (0, 0);
        for (at, row) in rows.iter().enumerate() {
            let more = bytes(row);
            if at > from && (at - from == most || sum + more > full) {
                lots.push(&rows[from..at]);
                (from, sum) = (at, 0);
            }
            sum += more;
        }
        if from < rows.len() {
            lots.push(&rows[from..]);
        }
        lots
    }
}

/// How many bytes a value has in a statement, about.
pub(super) fn bytes(json: &Json) -> usize {
    match json {
        Json::String(text) => text.len(),
        Json::Array(_) | Json::Object(_) => {
            let mut count = Count(0);
            serde_json::to_writer(&mut count, json).expect("documents are JSON");
            count.0
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => 8,
    }
}

/// How many bytes were written.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lots(packet: Option<usize>, columns: usize, rows: &[usize]) -> Vec<usize> {
        let server = Server { step: 1, packet };
        let lots = server.lots(rows, columns, |bytes| *bytes);
        assert_eq!(lots.concat(), rows);
        lots.into_iter().map(<[usize]>::len).collect()
    }

    #[test]
    fn a_statement_has_so_many_values_and_so_many_bytes() {
        let half = BYTES / 2;

        assert_eq!(lots(None, 4, &vec![1; 5_001]), [2_500, 2_500, 1]);
        assert_eq!(lots(None, 20_000, &[1; 3]), [1; 3]);
        assert_eq!(lots(None, 4, &[half; 5]), [2, 2, 1]);
        assert_eq!(lots(None, 4, &[1, 5 * BYTES, 1, 1]), [1, 1, 2]);
        assert_eq!(lots(Some(half + BESIDE), 4, &[half, half]), [1, 1]);
        assert_eq!(lots(Some(16 << 20), 4, &[half, half]), [2]);
        assert_eq!(lots(None, 4, &[]), [0; 0]);
    }

    #[test]
    fn a_row_that_the_server_does_not_take_is_told_with_what_to_do() {
        let server = Server { step: 1, packet: Some(1 << 20) };

        assert_eq!(server.refuses(|| (1 << 20) - BESIDE), None);
        let told = server.refuses(|| 1 << 20).unwrap();
        assert!(told.contains("1048576 bytes") && told.contains("`max_allowed_packet`"), "{told}");
        assert_eq!(Server { packet: None, ..server }.refuses(|| usize::MAX), None);
    }

    #[test]
    fn bytes_are_those_of_the_text() {
        assert_eq!(bytes(&json!("ñ")), 2);
        assert_eq!(bytes(&json!({"a": [1, 2]})), 11);
        assert_eq!(bytes(&json!(null)), 8);
    }
}
