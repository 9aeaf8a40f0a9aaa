# syntax=docker/dockerfile:1

# Both stages are of one release of Debian: a program does not start on an older C library than the
# one it was linked with.
FROM rust:1.95-slim-bookworm AS builder
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked -p api -p migration -p service --bins \
    && mkdir /programs \
    && cp target/release/api target/release/migration target/release/manage /programs/

FROM debian:bookworm-slim
COPY --from=builder /programs/ /usr/local/bin/
# A number, so that whoever runs it can see that it is not root.
USER 10001:10001
WORKDIR /tmp
ENV BIND_ADDR=0.0.0.0:8080 LOG_FORMAT=json APP_ENV=production
EXPOSE 8080
# There is no curl in it. `scripts/deployment` runs the same line.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD bash -c 'exec 3<>"/dev/tcp/127.0.0.1/${BIND_ADDR##*:}" && printf "GET /livez HTTP/1.1\r\nhost: health\r\nconnection: close\r\n\r\n" >&3 && head -n 1 <&3 | grep -q " 200 "'
CMD ["api"]
