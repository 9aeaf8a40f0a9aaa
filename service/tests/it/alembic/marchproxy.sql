CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('001');

CREATE TABLE auth_user (
    id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL, username VARCHAR(128) NOT NULL,
    password_hash VARCHAR(255) NOT NULL, first_name VARCHAR(128), last_name VARCHAR(128),
    totp_secret VARCHAR(32), totp_enabled BOOLEAN, is_active BOOLEAN, is_admin BOOLEAN, is_verified BOOLEAN,
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP, last_login TIMESTAMP
);
CREATE TABLE clusters (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, description TEXT,
    api_key_hash VARCHAR(255) NOT NULL, syslog_endpoint VARCHAR(255), log_auth BOOLEAN, log_netflow BOOLEAN,
    log_debug BOOLEAN, is_active BOOLEAN, is_default BOOLEAN, max_proxies INTEGER,
    created_by INTEGER NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP, metadata JSON
);
CREATE TABLE services (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, ip_fqdn VARCHAR(255) NOT NULL,
    port INTEGER NOT NULL, protocol VARCHAR(10), collection VARCHAR(100), cluster_id INTEGER NOT NULL,
    auth_type VARCHAR(20), token_base64 VARCHAR(255), jwt_secret VARCHAR(255), jwt_expiry INTEGER,
    jwt_algorithm VARCHAR(10), tls_enabled BOOLEAN, tls_verify BOOLEAN, health_check_enabled BOOLEAN,
    health_check_path VARCHAR(255), health_check_interval INTEGER, is_active BOOLEAN,
    created_by INTEGER NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP, metadata JSON
);
CREATE TABLE proxy_servers (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, hostname VARCHAR(255) NOT NULL,
    ip_address VARCHAR(45) NOT NULL, port INTEGER, cluster_id INTEGER NOT NULL, status VARCHAR(20),
    version VARCHAR(50), capabilities JSON, license_validated BOOLEAN, license_validation_at TIMESTAMP,
    last_seen TIMESTAMP, last_config_fetch TIMESTAMP, config_version VARCHAR(64), registered_at TIMESTAMP,
    metadata JSON
);
CREATE TABLE user_cluster_assignments (
    id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, cluster_id INTEGER NOT NULL, role VARCHAR(50),
    assigned_by INTEGER NOT NULL, assigned_at TIMESTAMP, is_active BOOLEAN
);
CREATE TABLE user_service_assignments (
    id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, service_id INTEGER NOT NULL,
    assigned_by INTEGER NOT NULL, assigned_at TIMESTAMP, is_active BOOLEAN
);
CREATE TABLE proxy_metrics (
    id INTEGER NOT NULL PRIMARY KEY, proxy_id INTEGER NOT NULL, "timestamp" TIMESTAMP NOT NULL,
    cpu_usage DOUBLE PRECISION, memory_usage DOUBLE PRECISION, connections_active INTEGER,
    connections_total INTEGER, bytes_sent BIGINT, bytes_received BIGINT, requests_per_second DOUBLE PRECISION,
    latency_avg DOUBLE PRECISION, latency_p95 DOUBLE PRECISION, errors_per_second DOUBLE PRECISION,
    metadata JSON
);
CREATE TABLE certificates (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, description TEXT, cert_data TEXT NOT NULL,
    key_data TEXT NOT NULL, ca_chain TEXT, source_type VARCHAR(20) NOT NULL, common_name VARCHAR(255),
    subject_alt_names TEXT, issuer VARCHAR(255), valid_from TIMESTAMP, valid_until TIMESTAMP NOT NULL,
    auto_renew BOOLEAN NOT NULL, renew_before_days INTEGER NOT NULL, infisical_secret_path VARCHAR(255),
    infisical_project_id VARCHAR(100), infisical_environment VARCHAR(50), vault_path VARCHAR(255),
    vault_role VARCHAR(100), vault_common_name VARCHAR(255), is_active BOOLEAN NOT NULL,
    last_renewal TIMESTAMP, renewal_error TEXT, created_by INTEGER NOT NULL, created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL, metadata TEXT
);
CREATE TABLE qos_policies (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, description TEXT, service_id INTEGER NOT NULL,
    cluster_id INTEGER NOT NULL, bandwidth_config JSON NOT NULL, priority_config JSON NOT NULL,
    enabled BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
CREATE TABLE route_tables (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, description TEXT, service_id INTEGER NOT NULL,
    cluster_id INTEGER NOT NULL, algorithm VARCHAR(20) NOT NULL, routes JSON NOT NULL,
    health_probe_config JSON NOT NULL, enable_auto_failover BOOLEAN NOT NULL, enabled BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
CREATE TABLE route_health_status (
    id INTEGER NOT NULL PRIMARY KEY, route_table_id INTEGER NOT NULL, endpoint VARCHAR(255) NOT NULL,
    is_healthy BOOLEAN NOT NULL, last_check TIMESTAMP NOT NULL, rtt_ms DOUBLE PRECISION,
    consecutive_failures INTEGER NOT NULL, consecutive_successes INTEGER NOT NULL, last_error TEXT
);
CREATE TABLE tracing_configs (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, description TEXT, cluster_id INTEGER NOT NULL,
    backend VARCHAR(20) NOT NULL, endpoint VARCHAR(255) NOT NULL, exporter VARCHAR(20) NOT NULL,
    sampling_strategy VARCHAR(20) NOT NULL, sampling_rate DOUBLE PRECISION NOT NULL,
    max_traces_per_second INTEGER, include_request_headers BOOLEAN NOT NULL,
    include_response_headers BOOLEAN NOT NULL, include_request_body BOOLEAN NOT NULL,
    include_response_body BOOLEAN NOT NULL, max_attribute_length INTEGER NOT NULL,
    service_name VARCHAR(100) NOT NULL, custom_tags JSON, enabled BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
CREATE TABLE tracing_stats (
    id INTEGER NOT NULL PRIMARY KEY, tracing_config_id INTEGER NOT NULL, "timestamp" TIMESTAMP NOT NULL,
    total_spans INTEGER NOT NULL, sampled_spans INTEGER NOT NULL, dropped_spans INTEGER NOT NULL,
    error_spans INTEGER NOT NULL, avg_span_duration_ms DOUBLE PRECISION, last_export TIMESTAMP
);

INSERT INTO auth_user VALUES
    (2, 'Ops@Example.org', 'ops', 'pbkdf2:sha256:1000$salt$a8df899f3c4f204d967e0ad63c092987c10055ebb017b3d9d28add218d4f7aad',
     'Olga', 'Peña', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', TRUE, TRUE, TRUE, TRUE,
     '2025-01-02 03:04:05.123456', NULL, '2025-06-07 08:09:10'),
    (5, 'zoe@example.org', 'Zoë', '$2b$12$abcdefghijklmnopqrstuuJ4Zx3c1Qm0bGg3H5w1nSgC3mS1y2tGq', 'Zoë', NULL,
     NULL, TRUE, NULL, NULL, NULL, '2025-01-02 03:04:05', '2025-02-03 00:00:00', NULL),
    (9, 'late@example.org', 'late', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA', NULL,
     NULL, NULL, FALSE, FALSE, FALSE, FALSE, '2025-01-02 03:04:05', NULL, NULL),
    (11, 'own@example.org', 'other@example.org', 'x', NULL, NULL, NULL, FALSE, TRUE, FALSE, FALSE,
     '2025-01-02 03:04:05', NULL, NULL);
INSERT INTO clusters VALUES
    (3, 'edge', 'südlich', '$2b$12$hash', 'logs.example.org:514', TRUE, FALSE, NULL, TRUE, TRUE, 5, 9,
     '2025-01-02 03:04:05', '2025-01-04 00:00:00', '{"region": "süd", "of": [1, 2.5, null]}'),
    (4, 'core', NULL, '$2b$12$hash', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, '2025-01-02 03:04:05', NULL,
     'null'),
    (6, 'nowhere', NULL, '$2b$12$hash', 'logs', NULL, NULL, NULL, NULL, NULL, NULL, 2, '2025-01-02 03:04:05',
     NULL, NULL);
INSERT INTO services VALUES
    (1, 'db', 'db.internal', 5432, 'TCP', 'data', 3, 'jwt', NULL, 'sign me', 600, 'HS512', TRUE, FALSE, TRUE,
     '/health', 15, TRUE, 9, '2025-01-02 03:04:05', NULL, NULL),
    (2, 'web', '192.0.2.7', 443, 'HTTPS', NULL, 4, 'BASE64', 'dG9rZW4=', NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, 2, '2025-01-02 03:04:05', NULL, '{}'),
    (5, 'far', '192.0.2.8', 70000, NULL, NULL, 3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, 2, '2025-01-02 03:04:05', NULL, NULL),
    (7, 'lost', '192.0.2.9', 80, NULL, NULL, 6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     2, '2025-01-02 03:04:05', NULL, NULL);
INSERT INTO proxy_servers VALUES
    (1, 'edge-1', 'edge-1.internal', '2001:db8::1', 8443, 3, 'PENDING', '1.0', '["l4", "tls"]', TRUE,
     '2025-01-02 03:04:05', '2025-01-02 03:04:06', NULL, 'c1', '2025-01-02 03:04:05', NULL),
    (3, 'edge-3', 'edge-3.internal', '192.0.2.3', NULL, 3, 'ACTIVE', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL),
    (4, 'edge-4', 'edge-4.internal', '192.0.2.4', 80, 3, 'SLEEPING', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL);
INSERT INTO user_cluster_assignments VALUES
    (1, 5, 3, 'SERVICE_OWNER', 9, '2025-01-02 03:04:05', TRUE), (2, 9, 4, NULL, 2, NULL, FALSE);
INSERT INTO user_service_assignments VALUES (4, 5, 1, 2, '2025-01-02 03:04:05', NULL);
INSERT INTO proxy_metrics VALUES
    (10, 1, '2025-01-02 03:04:05.000001', 0.1, 99.5, 1, 2, 9007199254740993, 0, 0.30000000000000004, 1.5, 2.5, 0,
     '{"a": true}'),
    (11, 1, '2025-01-02 03:05:05', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (12, 1, '2025-01-02 03:06:05', NULL, 200, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO certificates VALUES
    (1, 'web', NULL, '{WEB}', '{KEY}', '{CA}', 'vault', 'said beside it', 'a.example.org, b.example.org', 'x',
     NULL, '2030-01-01 00:00:00', TRUE, 30, NULL, NULL, NULL, 'pki/issue/web', 'web', NULL, TRUE,
     '2025-01-02 03:04:05', NULL, 9, '2025-01-02 03:04:05', '2025-01-02 03:04:05', '{"owner": "ops"}'),
    (2, 'none', NULL, 'geheim', 'geheim', NULL, 'upload', NULL, NULL, NULL, NULL, '2030-01-01 00:00:00', FALSE,
     30, NULL, NULL, NULL, NULL, NULL, NULL, TRUE, NULL, NULL, 9, '2025-01-02 03:04:05', '2025-01-02 03:04:05',
     NULL);
INSERT INTO qos_policies VALUES
    (1, 'gold', NULL, 1, 3, '{"ingress_mbps": 100}', '{"priority": "P0", "weight": 2}', TRUE,
     '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (2, 'lead', NULL, 1, 3, '{}', '{"priority": "P9"}', TRUE, '2025-01-02 03:04:05', '2025-01-02 03:04:05');
INSERT INTO route_tables VALUES
    (1, 'all', NULL, 1, 3, 'weighted_rr', '[{"endpoint": "db-1.internal:5432", "weight": 3}]',
     '{"protocol": "tcp"}', TRUE, TRUE, '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (3, 'dice', NULL, 1, 3, 'random', '[]', '{}', TRUE, TRUE, '2025-01-02 03:04:05', '2025-01-02 03:04:05');
INSERT INTO route_health_status VALUES
    (1, 1, 'db-1.internal:5432', FALSE, '2025-01-02 03:04:05', 0.7, 3, 0, 'timed out'),
    (2, 1, 'db-1.internal:5432', TRUE, '2025-01-02 03:05:05', 0.7, 0, 3, NULL);
INSERT INTO tracing_configs VALUES
    (1, 'all', NULL, 3, 'OTLP', 'otel.internal:4317', 'GRPC', 'PROBABILISTIC', 0.25, NULL, TRUE, FALSE, FALSE,
     FALSE, 256, 'edge', '{"env": "prod"}', TRUE, '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (2, 'more', NULL, 3, 'otlp', 'otel.internal:4317', 'grpc', 'probabilistic', 2, NULL, TRUE, FALSE, FALSE,
     FALSE, 256, 'edge', NULL, TRUE, '2025-01-02 03:04:05', '2025-01-02 03:04:05');
INSERT INTO tracing_stats VALUES
    (1, 1, '2025-01-02 03:04:05', 100, 25, 1, 2, 12.5, '2025-01-02 03:04:04');
