# Shorthands. Each runs what stands behind it and nothing else.

_:
    @just --list --unsorted

# The server's database, migrated and seeded.
up *arguments:
    cargo run -p migration -- up {{ arguments }}

# All tests, or those of the databases that are named.
test *arguments:
    scripts/test {{ arguments }}

# The HTTP server.
serve:
    cargo run -p api

# What CI runs.
ci:
    .ci/run
