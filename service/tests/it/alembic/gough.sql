CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);

CREATE TABLE auth_role (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE, description VARCHAR(255),
    permissions TEXT, created_at TIMESTAMP
);
CREATE TABLE auth_user (
    id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(255) NOT NULL UNIQUE, password VARCHAR(255), active BOOLEAN,
    fs_uniquifier VARCHAR(64) NOT NULL UNIQUE, confirmed_at TIMESTAMP, last_login_at TIMESTAMP,
    current_login_at TIMESTAMP, last_login_ip VARCHAR(64), current_login_ip VARCHAR(64), login_count INTEGER,
    tf_totp_secret VARCHAR(255), tf_primary_method VARCHAR(64), full_name VARCHAR(255), created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE auth_user_roles (
    id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, role_id INTEGER NOT NULL
);
CREATE TABLE auth_refresh_tokens (
    id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, token_hash VARCHAR(255) UNIQUE,
    expires_at TIMESTAMP, revoked BOOLEAN, created_at TIMESTAMP
);
CREATE TABLE auth_password_resets (
    id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, token_hash VARCHAR(255) UNIQUE,
    expires_at TIMESTAMP NOT NULL, used BOOLEAN, created_at TIMESTAMP
);
CREATE TABLE secrets_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, backend_type VARCHAR(50) NOT NULL,
    is_default BOOLEAN, config_data TEXT, is_active BOOLEAN, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE encrypted_secrets (
    id INTEGER NOT NULL PRIMARY KEY, path VARCHAR(500) NOT NULL UNIQUE, encrypted_data TEXT NOT NULL,
    created_by INTEGER, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE storage_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, provider_type VARCHAR(50) NOT NULL,
    endpoint_url VARCHAR(500), region VARCHAR(100), bucket_name VARCHAR(255), credentials_path VARCHAR(500),
    is_default BOOLEAN, is_active BOOLEAN, use_ssl BOOLEAN, config_data TEXT, created_by INTEGER,
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE cloud_providers (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, provider_type VARCHAR(50) NOT NULL,
    description TEXT, region VARCHAR(100), credentials_path VARCHAR(500), config_data TEXT, is_active BOOLEAN,
    last_sync_at TIMESTAMP, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE cloud_machines (
    id INTEGER NOT NULL PRIMARY KEY, provider_id INTEGER NOT NULL, external_id VARCHAR(255) NOT NULL,
    hostname VARCHAR(255), ip_address VARCHAR(64), private_ip VARCHAR(64), status VARCHAR(50),
    machine_type VARCHAR(100), architecture VARCHAR(50), cpu_count INTEGER, memory_mb INTEGER,
    storage_gb INTEGER, os_image VARCHAR(255), zone VARCHAR(100), tags TEXT, metadata TEXT,
    lxd_cluster_id INTEGER, fleet_host_id INTEGER, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE maas_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, maas_url VARCHAR(500) NOT NULL,
    api_key VARCHAR(500) NOT NULL, username VARCHAR(100) NOT NULL, is_active BOOLEAN, created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE servers (
    id INTEGER NOT NULL PRIMARY KEY, hostname VARCHAR(255) NOT NULL UNIQUE, maas_system_id VARCHAR(100) UNIQUE,
    mac_address VARCHAR(17) NOT NULL, ip_address VARCHAR(64), status VARCHAR(50), architecture VARCHAR(50),
    memory_mb INTEGER, cpu_count INTEGER, storage_gb INTEGER, power_type VARCHAR(50), power_parameters TEXT,
    zone VARCHAR(100), pool VARCHAR(100), tags TEXT, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE lxd_clusters (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, description TEXT,
    cluster_key_path VARCHAR(500), admin_cert_path VARCHAR(500), api_endpoint VARCHAR(500), api_port INTEGER,
    status VARCHAR(50), member_count INTEGER, storage_pool VARCHAR(100), network_bridge VARCHAR(100),
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE lxd_cluster_members (
    id INTEGER NOT NULL PRIMARY KEY, cluster_id INTEGER NOT NULL, machine_id INTEGER,
    member_name VARCHAR(255) NOT NULL, api_url VARCHAR(500), status VARCHAR(50), is_leader BOOLEAN,
    joined_at TIMESTAMP, last_seen_at TIMESTAMP, created_at TIMESTAMP
);
CREATE TABLE cloud_init_templates (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, description TEXT,
    template_content TEXT NOT NULL, template_type VARCHAR(50), is_default BOOLEAN, version VARCHAR(20),
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE package_configs (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, description TEXT, packages TEXT NOT NULL,
    repositories TEXT, pre_install_scripts TEXT, post_install_scripts TEXT, is_default BOOLEAN,
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE deployment_jobs (
    id INTEGER NOT NULL PRIMARY KEY, job_id VARCHAR(64) NOT NULL UNIQUE, machine_id INTEGER, server_id INTEGER,
    cloud_init_template_id INTEGER, package_config_id INTEGER, lxd_cluster_id INTEGER, status VARCHAR(50),
    job_type VARCHAR(50), ansible_playbook VARCHAR(255), log_output TEXT, error_message TEXT,
    progress_percent INTEGER, started_at TIMESTAMP, completed_at TIMESTAMP, created_by INTEGER,
    created_at TIMESTAMP
);
CREATE TABLE fleetdm_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, fleet_url VARCHAR(500) NOT NULL,
    api_token_path VARCHAR(500), is_active BOOLEAN, osquery_version VARCHAR(20),
    enroll_secret_path VARCHAR(500), created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE fleet_hosts (
    id INTEGER NOT NULL PRIMARY KEY, fleet_host_id INTEGER NOT NULL UNIQUE, hostname VARCHAR(255) NOT NULL,
    uuid VARCHAR(64) UNIQUE, machine_id INTEGER, server_id INTEGER, last_seen_at TIMESTAMP, status VARCHAR(50),
    platform VARCHAR(50), osquery_version VARCHAR(20), enrolled_at TIMESTAMP, created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE fleet_queries (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, description TEXT, query TEXT NOT NULL,
    fleet_query_id INTEGER, category VARCHAR(50), is_scheduled BOOLEAN, interval_seconds INTEGER,
    created_by INTEGER, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE query_executions (
    id INTEGER NOT NULL PRIMARY KEY, query_id INTEGER, campaign_id INTEGER, executed_by INTEGER,
    target_hosts TEXT, status VARCHAR(50), results_count INTEGER, execution_time_ms INTEGER,
    error_message TEXT, executed_at TIMESTAMP, completed_at TIMESTAMP
);
CREATE TABLE fleet_alerts (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, description TEXT, query_id INTEGER,
    alert_condition VARCHAR(100) NOT NULL, condition_parameters TEXT, notification_channels TEXT,
    is_active BOOLEAN, severity VARCHAR(20), cooldown_minutes INTEGER, last_triggered_at TIMESTAMP,
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE alert_history (
    id INTEGER NOT NULL PRIMARY KEY, alert_id INTEGER, triggered_by VARCHAR(100), trigger_data TEXT,
    notification_sent BOOLEAN, notification_channels_used TEXT, resolved BOOLEAN, resolved_by INTEGER,
    resolution_notes TEXT, triggered_at TIMESTAMP, resolved_at TIMESTAMP
);
CREATE TABLE osquery_results (
    id INTEGER NOT NULL PRIMARY KEY, host_id INTEGER, query_name VARCHAR(100) NOT NULL, result_data TEXT,
    result_hash VARCHAR(64), execution_time TIMESTAMP, created_at TIMESTAMP
);
CREATE TABLE elder_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL UNIQUE, elder_url VARCHAR(500) NOT NULL,
    api_key VARCHAR(500) NOT NULL, timeout INTEGER, max_retries INTEGER, is_active BOOLEAN,
    last_sync_at TIMESTAMP, last_error TEXT, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE elder_hosts (
    id INTEGER NOT NULL PRIMARY KEY, hostname VARCHAR(255) NOT NULL UNIQUE, ip_address VARCHAR(64) NOT NULL,
    fqdn VARCHAR(255) NOT NULL, machine_id INTEGER, server_id INTEGER, apps TEXT, zone VARCHAR(100),
    pool VARCHAR(100), tags TEXT, metadata TEXT, elder_registered BOOLEAN, last_sync_at TIMESTAMP,
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE elder_apps (
    id INTEGER NOT NULL PRIMARY KEY, app_name VARCHAR(255) NOT NULL UNIQUE, hosts TEXT NOT NULL,
    port INTEGER NOT NULL, protocol VARCHAR(20), path VARCHAR(255), health_check_url VARCHAR(500),
    priority INTEGER, elder_registered BOOLEAN, last_sync_at TIMESTAMP, created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE resource_teams (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, description TEXT,
    created_by INTEGER NOT NULL, is_active BOOLEAN, metadata TEXT, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE team_members (
    id INTEGER NOT NULL PRIMARY KEY, team_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
    role VARCHAR(50) NOT NULL, added_by INTEGER NOT NULL, added_at TIMESTAMP, expires_at TIMESTAMP
);
CREATE TABLE resource_assignments (
    id INTEGER NOT NULL PRIMARY KEY, team_id INTEGER NOT NULL, resource_type VARCHAR(100) NOT NULL,
    resource_id VARCHAR(255) NOT NULL, permissions TEXT NOT NULL, assigned_by INTEGER NOT NULL,
    assigned_at TIMESTAMP
);
CREATE TABLE access_agents (
    id INTEGER NOT NULL PRIMARY KEY, agent_id VARCHAR(255) NOT NULL UNIQUE, hostname VARCHAR(255) NOT NULL,
    ip_address VARCHAR(64), enrollment_key_hash VARCHAR(255), enrollment_completed BOOLEAN,
    jwt_token_id INTEGER, last_heartbeat TIMESTAMP, status VARCHAR(50) NOT NULL, capabilities TEXT,
    created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE enrollment_keys (
    id INTEGER NOT NULL PRIMARY KEY, key_hash VARCHAR(255) NOT NULL UNIQUE, created_by INTEGER NOT NULL,
    expires_at TIMESTAMP NOT NULL, is_used BOOLEAN, used_by_agent INTEGER, metadata TEXT, created_at TIMESTAMP
);
CREATE TABLE ssh_ca_config (
    id INTEGER NOT NULL PRIMARY KEY, ca_name VARCHAR(255) NOT NULL UNIQUE, ca_type VARCHAR(50) NOT NULL,
    public_key TEXT NOT NULL, private_key_vault_path VARCHAR(500), cert_validity_seconds INTEGER,
    max_validity_seconds INTEGER, principals_allowed TEXT, is_active BOOLEAN, created_at TIMESTAMP
);
CREATE TABLE shell_sessions (
    id INTEGER NOT NULL PRIMARY KEY, session_id VARCHAR(255) NOT NULL UNIQUE, user_id INTEGER NOT NULL,
    team_id INTEGER, resource_type VARCHAR(100) NOT NULL, resource_id VARCHAR(255) NOT NULL,
    agent_id INTEGER NOT NULL, session_type VARCHAR(50) NOT NULL, started_at TIMESTAMP, ended_at TIMESTAMP,
    client_ip VARCHAR(64), audit_log_path VARCHAR(500)
);
CREATE TABLE system_logs (
    id INTEGER NOT NULL PRIMARY KEY, level VARCHAR(20) NOT NULL, component VARCHAR(50) NOT NULL,
    message TEXT NOT NULL, details TEXT, machine_id INTEGER, server_id INTEGER, job_id INTEGER,
    user_id INTEGER, created_at TIMESTAMP
);

CREATE TABLE ipxe_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, dhcp_mode VARCHAR(20) NOT NULL,
    dhcp_interface VARCHAR(64), dhcp_subnet VARCHAR(64), dhcp_range_start VARCHAR(64),
    dhcp_range_end VARCHAR(64), dhcp_gateway VARCHAR(64), dns_servers JSON, tftp_enabled CHAR(1),
    http_boot_url VARCHAR(512), minio_bucket VARCHAR(255), default_boot_script TEXT, chain_url VARCHAR(512),
    is_active CHAR(1), created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE ipxe_machines (
    id INTEGER NOT NULL PRIMARY KEY, system_id VARCHAR(64) NOT NULL UNIQUE, hostname VARCHAR(255),
    mac_address VARCHAR(64) NOT NULL UNIQUE, ip_address VARCHAR(64), status VARCHAR(64) NOT NULL,
    boot_mode VARCHAR(20), architecture VARCHAR(20), cpu_count INTEGER, memory_mb INTEGER, storage_gb INTEGER,
    bmc_address VARCHAR(255), power_type VARCHAR(64), zone VARCHAR(255), pool VARCHAR(255), tags JSON,
    hardware_info JSON, boot_config_id INTEGER, assigned_eggs JSON, last_boot_at TIMESTAMP,
    last_seen_at TIMESTAMP, deployed_at TIMESTAMP, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE eggs (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, display_name VARCHAR(255) NOT NULL,
    description TEXT, egg_type VARCHAR(64) NOT NULL, version VARCHAR(64), category VARCHAR(255),
    snap_name VARCHAR(255), snap_channel VARCHAR(64), snap_classic CHAR(1), cloud_init_content TEXT,
    lxd_image_alias VARCHAR(255), lxd_image_url VARCHAR(512), lxd_profiles JSON, is_hypervisor_config CHAR(1),
    dependencies JSON, min_ram_mb INTEGER, min_disk_gb INTEGER, required_architecture VARCHAR(20),
    is_active CHAR(1), is_default CHAR(1), checksum VARCHAR(128), size_bytes BIGINT, created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE TABLE egg_groups (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, display_name VARCHAR(255) NOT NULL,
    description TEXT, eggs JSON NOT NULL, is_default CHAR(1), created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE ipxe_images (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, display_name VARCHAR(255) NOT NULL,
    os_name VARCHAR(64) NOT NULL, os_version VARCHAR(64) NOT NULL, architecture VARCHAR(20) NOT NULL,
    kernel_path VARCHAR(512), initrd_path VARCHAR(512), squashfs_path VARCHAR(512), kernel_params TEXT,
    image_type VARCHAR(64), minio_bucket VARCHAR(255), is_default CHAR(1), is_active CHAR(1),
    checksum VARCHAR(128), size_bytes BIGINT, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE ipxe_boot_configs (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, description TEXT, ipxe_script TEXT,
    kernel_params TEXT, boot_order JSON, timeout_seconds INTEGER, default_image_id INTEGER,
    assigned_egg_group_id INTEGER, is_default CHAR(1), created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE boot_events (
    id INTEGER NOT NULL PRIMARY KEY, machine_id INTEGER, mac_address VARCHAR(64) NOT NULL,
    ip_address VARCHAR(64), event_type VARCHAR(64) NOT NULL, details JSON, status VARCHAR(64),
    created_at TIMESTAMP
);
CREATE TABLE api_definitions (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, version VARCHAR(50) NOT NULL,
    path VARCHAR(500) NOT NULL, method VARCHAR(10) NOT NULL, description TEXT, openapi_spec JSON,
    enabled CHAR(1) NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
CREATE TABLE api_usage (
    id INTEGER NOT NULL PRIMARY KEY, api_id INTEGER NOT NULL, "timestamp" TIMESTAMP NOT NULL,
    method VARCHAR(10) NOT NULL, path VARCHAR(500) NOT NULL, status_code INTEGER NOT NULL,
    response_time_ms INTEGER NOT NULL, user_id VARCHAR(255), ip_address VARCHAR(45), user_agent VARCHAR(500)
);
CREATE TABLE api_keys (
    id INTEGER NOT NULL PRIMARY KEY, key_hash VARCHAR(255) NOT NULL UNIQUE, name VARCHAR(255) NOT NULL,
    user_id VARCHAR(255) NOT NULL, scopes JSON NOT NULL, enabled CHAR(1) NOT NULL, rate_limit INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL, expires_at TIMESTAMP, last_used_at TIMESTAMP
);

INSERT INTO auth_role VALUES
    (1, 'admin', 'All', '["user:read", "server.explode"]', '2025-01-02 03:04:05'),
    (2, 'maintainer', 'Hält instand', '[''user:read'', ''audit:read'']', '2025-01-02 03:04:05'),
    (3, 'viewer', NULL, NULL, NULL),
    (9, ' ', NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO auth_user VALUES
    (1, 'admin@gough.local', '$2b$12$abcdefghijklmnopqrstuuJ4Zx3c1Qm0bGg3H5w1nSgC3mS1y2tGq', TRUE, 'u-1',
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Administrator', '2025-01-02 03:04:05', NULL),
    (4, 'ópera@gough.example',
     'pbkdf2:sha256:1000$salt$a8df899f3c4f204d967e0ad63c092987c10055ebb017b3d9d28add218d4f7aad', TRUE, 'u-4',
     '2025-02-03 00:00:00', '2025-06-01 00:00:00', '2025-06-07 08:09:10.5', '192.0.2.7', '2001:db8::7', 12,
     'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', 'authenticator', 'Ópera Núñez', '2025-01-02 03:04:05',
     '2025-02-03 00:00:00'),
    (5, 'mail@gough.example', NULL, NULL, 'u-5', NULL, NULL, NULL, NULL, NULL, 0, '{"enckey": {"c": 14}}',
     'email', NULL, '2025-01-02 03:04:05', NULL),
    (9, ' ', 'x', TRUE, 'u-9', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05',
     NULL);
INSERT INTO auth_user_roles VALUES
    (1, 1, 1),
    (2, 4, 2),
    (5, 5, 3),
    (8, 9, 1);
INSERT INTO auth_refresh_tokens VALUES
    (1, 1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '2030-01-01 00:00:00', FALSE,
     '2025-01-02 03:04:05'),
    (3, 4, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '2030-01-01 00:00:00', TRUE,
     '2025-01-02 03:04:05'),
    (4, 4, NULL, '2030-01-01 00:00:00', FALSE, '2025-01-02 03:04:05');
INSERT INTO auth_password_resets VALUES
    (1, 4, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '2030-01-01 00:00:00', FALSE,
     '2025-01-02 03:04:05'),
    (2, 5, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '2030-01-01 00:00:00', TRUE,
     '2025-01-02 03:04:05');
INSERT INTO secrets_config VALUES
    (1, 'eigene', 'encrypted_db', TRUE, NULL, TRUE, '2025-01-02 03:04:05', NULL),
    (3, 'Tresor', 'VAULT', FALSE, '{"url": "https://vault.example.org", "token": "geheim", "mount": "kv"}',
     TRUE, '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (4, 'kaputt', 'aws', FALSE, '{nope', TRUE, '2025-01-02 03:04:05', NULL);
INSERT INTO encrypted_secrets VALUES
    (1, 'cloud/aws', 'gAAAAABgeheim', 1, '2025-01-02 03:04:05', NULL),
    (4, 'cloud/Köln', 'gAAAAABgeheim', NULL, '2025-01-02 03:04:05', '2025-02-03 00:00:00');
INSERT INTO storage_config VALUES
    (1, 'fotos', 's3', NULL, 'eu-1', 'fotos', 'cloud/aws', TRUE, TRUE, TRUE,
     '{"acl": "private", "secret_key": "geheim"}', 1, '2025-01-02 03:04:05', NULL),
    (2, 'ceph', 'minio', 'https://ceph.example.org', NULL, NULL, NULL, NULL, NULL, FALSE, NULL, NULL,
     '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (5, 'alt', 'floppy', NULL, NULL, NULL, NULL, FALSE, TRUE, TRUE, NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO cloud_providers VALUES
    (1, 'aws-eu', 'aws', 'Wolke', 'eu-1', 'cloud/aws', '{"vpc": "v-1"}', TRUE, '2025-01-02 03:04:05',
     '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (3, 'Köln', 'LXD', NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL),
    (4, 'nimbus', 'nimbus', NULL, NULL, NULL, NULL, TRUE, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO cloud_machines VALUES
    (2, 1, 'i-1', 'web-1', '192.0.2.10', NULL, 'RUNNING', 't3', 'arm64', 2, 4096, 20, 'ubuntu', 'eu-1a',
     '[''web'', ''süd'']', '{''owner'': ''ops''}', NULL, 77, '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (3, 3, 'c-1', NULL, NULL, '10.0.0.2', 'Disk Erasing', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '{"rack": 7}', 2, NULL, '2025-01-02 03:04:05', NULL),
    (7, 99, 'i-9', NULL, NULL, NULL, 'new', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '2025-01-02 03:04:05', NULL);
INSERT INTO maas_config VALUES
    (1, 'maas', 'http://maas.example.org:5240/MAAS', 'geheim:a:b', 'root', TRUE, '2025-01-02 03:04:05', NULL),
    (3, 'maas-2', 'http://root:geheim@maas.example.org/MAAS', 'geheim', 'root', NULL, '2025-01-02 03:04:05',
     NULL);
INSERT INTO servers VALUES
    (1, 'rack-1', 'abc', 'AA-BB-CC-DD-EE-0F', '192.0.2.20', 'New', NULL, 65536, 32, NULL, 'ipmi',
     '{"power_pass": "geheim"}', NULL, 'küche', '["db"]', '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (4, 'rack-2', NULL, 'aa:bb:cc:dd:ee:10', NULL, 'Deployed', 'amd64', NULL, NULL, NULL, NULL, NULL,
     'default', 'default', NULL, '2025-01-02 03:04:05', NULL),
    (5, 'rack-3', NULL, 'no address', NULL, 'New', 'amd64', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     '2025-01-02 03:04:05', NULL);
INSERT INTO lxd_clusters VALUES
    (2, 'köln-1', NULL, 'lxd/key', NULL, 'https://lxd.example.org:8443', NULL, 'Online', 2, NULL, NULL,
     '2025-01-02 03:04:05', NULL),
    (3, 'zu-hoch', NULL, NULL, NULL, NULL, 70000, 'initializing', 0, 'default', 'lxdbr0',
     '2025-01-02 03:04:05', NULL);
INSERT INTO lxd_cluster_members VALUES
    (1, 2, 3, 'node-a', 'https://node-a.example.org', 'Online', TRUE, '2025-01-02 03:04:05',
     '2025-02-03 00:00:00', '2025-01-02 03:04:05'),
    (4, 2, NULL, 'node-b', NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO cloud_init_templates VALUES
    (1, 'basis', 'Für alle', '#cloud-config
packages: [vim]', 'user-data', TRUE, NULL, '2025-01-02 03:04:05',
     NULL),
    (3, 'netz', NULL, 'version: 2', 'Network-Config', NULL, '2.1', '2025-01-02 03:04:05',
     '2025-02-03 00:00:00');
INSERT INTO package_configs VALUES
    (1, 'klein', NULL, 'vim, curl', NULL, NULL, 'echo fertig', TRUE, '2025-01-02 03:04:05', NULL),
    (2, 'groß', 'Alles', '["docker", {"name": "k8s"}]', '["ppa:a/b"]', 'true', NULL, NULL,
     '2025-01-02 03:04:05', '2025-02-03 00:00:00');
INSERT INTO deployment_jobs VALUES
    (1, 'job-1', 2, NULL, 1, 2, NULL, 'COMPLETED', 'provision', 'site.yml', 'läuft
', NULL, 100,
     '2025-01-02 03:04:05', '2025-02-03 00:00:00', 1, '2025-01-02 03:04:05'),
    (4, 'job-2', NULL, 1, 3, NULL, 2, 'running', NULL, NULL, NULL, NULL, 40, '2025-01-02 03:04:05', NULL, 4,
     '2025-01-02 03:04:05'),
    (6, 'job-3', 2, NULL, NULL, NULL, NULL, 'failed', 'provision', NULL, NULL, 'zu viel', 140, NULL, NULL,
     NULL, '2025-01-02 03:04:05');
INSERT INTO fleetdm_config VALUES
    (1, 'fleet', 'https://fleet.example.org', 'fleet/token', TRUE, NULL, NULL, '2025-01-02 03:04:05', NULL),
    (2, 'fleet-2', 'https://fleet-2.example.org', NULL, NULL, '5.12.1', 'fleet/enroll', '2025-01-02 03:04:05',
     '2025-02-03 00:00:00');
INSERT INTO fleet_hosts VALUES
    (1, 501, 'Web-1', 'ABCD-1', 2, NULL, '2025-02-03 00:00:00', 'ONLINE', 'ubuntu', '5.10.2',
     '2025-01-02 03:04:05', '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (5, 502, 'rack-1', NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL),
    (6, 503, 'weg', NULL, NULL, NULL, NULL, 'gone', NULL, NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO fleet_queries VALUES
    (1, 'users', 'Wer da ist', 'SELECT * FROM users', 17, NULL, TRUE, 600, 4, '2025-01-02 03:04:05',
     '2025-02-03 00:00:00'),
    (2, 'uptime', NULL, 'SELECT * FROM uptime', NULL, 'inventory', NULL, NULL, NULL, '2025-01-02 03:04:05',
     NULL);
INSERT INTO query_executions VALUES
    (1, 1, 9, 4, '[5, 1, 99, "web"]', 'COMPLETED', 2, 350, NULL, '2025-01-02 03:04:05',
     '2025-02-03 00:00:00'),
    (2, 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL),
    (3, NULL, NULL, NULL, '[1]', 'pending', 0, NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO fleet_alerts VALUES
    (1, 'viele', NULL, 1, 'query_results_count', '{"operator": ">", "value": 5}', '["ops/slack"]', TRUE,
     'HIGH', NULL, '2025-02-03 00:00:00', '2025-01-02 03:04:05', NULL),
    (2, 'weg', 'Wer fehlt', 1, 'host_offline', '{"minutes": 5}', 'ops, chef', TRUE, NULL, 5, NULL,
     '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (4, 'leer', NULL, NULL, 'any_row', NULL, NULL, TRUE, 'low', 5, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO alert_history VALUES
    (1, 1, 'users', '{"rows": 7}', TRUE, '[''ops/slack'']', TRUE, 4, 'erledigt', '2025-01-02 03:04:05', NULL),
    (2, 1, NULL, 'unlesbar', NULL, NULL, FALSE, NULL, NULL, '2025-01-02 03:04:05', NULL),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO osquery_results VALUES
    (1, 1, 'users', '[{"name": "ana"}]', 'h1', '2025-02-03 00:00:00', '2025-01-02 03:04:05'),
    (2, 5, 'uptime', NULL, NULL, NULL, '2025-01-02 03:04:05'),
    (3, NULL, 'uptime', '[]', NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO elder_config VALUES
    (1, 'elder', 'https://elder.example.org', 'geheim', 15, NULL, TRUE, NULL, NULL, '2025-01-02 03:04:05',
     NULL),
    (2, 'elder-2', 'https://elder-2.example.org', 'geheim', NULL, 0, NULL, '2025-01-02 03:04:05', 'kaputt',
     '2025-01-02 03:04:05', '2025-02-03 00:00:00');
INSERT INTO elder_hosts VALUES
    (1, 'Web-1', '2001:DB8:0:0::1', 'web-1.example.org', 2, NULL, '["shop"]', NULL, 'küche', '["prod"]',
     '{"rack": 7}', TRUE, '2025-02-03 00:00:00', '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (2, 'rack-1', '192.0.2.20', 'rack-1.example.org', NULL, 1, NULL, 'default', 'default', '{"env": "test"}',
     NULL, NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO elder_apps VALUES
    (1, 'shop', '["Web-1"]', 8443, 'HTTPS', NULL, 'https://shop.example.org/up', NULL, TRUE,
     '2025-02-03 00:00:00', '2025-01-02 03:04:05', NULL),
    (2, 'blog', 'web-1,rack-1', 80, NULL, '/blog', NULL, 5, NULL, NULL, '2025-01-02 03:04:05', NULL),
    (3, 'nirgends', '[]', 80, 'http', '/', NULL, 100, FALSE, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO resource_teams VALUES
    (1, 'Ops', 'Betrieb', 1, TRUE, '{''floor'': 2}', '2025-01-02 03:04:05', NULL),
    (2, 'Nächte', NULL, 4, NULL, NULL, '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (3, 'OPS', NULL, 1, TRUE, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO team_members VALUES
    (1, 1, 1, 'OWNER', 1, '2025-01-02 03:04:05', '2030-01-01 00:00:00'),
    (2, 1, 4, 'member', 1, '2025-01-02 03:04:05', '2030-01-01 00:00:00'),
    (4, 2, 5, 'viewer', 4, '2025-01-02 03:04:05', NULL);
INSERT INTO resource_assignments VALUES
    (1, 1, 'server', '1', 'shell, read', 1, '2025-01-02 03:04:05'),
    (2, 1, 'Cloud Machine', '3', '["admin"]', 1, '2025-01-02 03:04:05'),
    (3, 2, 'vm', 'vm-17', '[''write'']', 4, '2025-01-02 03:04:05'),
    (4, 1, 'server', '77', 'read', 1, '2025-01-02 03:04:05'),
    (6, 1, 'server', '4', 'own', 1, '2025-01-02 03:04:05');
INSERT INTO access_agents VALUES
    (1, 'agent-1', 'web-1', '2001:DB8::1', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
     TRUE, 1, '2025-02-03 00:00:00', 'active', '["ssh", "kubectl"]', '2025-01-02 03:04:05',
     '2025-02-03 00:00:00'),
    (3, 'agent-2', 'rack-1', NULL, NULL, FALSE, NULL, NULL, 'PENDING', NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO enrollment_keys VALUES
    (1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, '2030-01-01 00:00:00', TRUE, 1,
     NULL, '2025-01-02 03:04:05'),
    (4, 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 4, '2030-01-01 00:00:00', TRUE, 3,
     '{"rack": 7}', '2025-01-02 03:04:05'),
    (5, '$2b$12$hash', 4, '2030-01-01 00:00:00', FALSE, NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO ssh_ca_config VALUES
    (1, 'leute', 'user', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINzyqgKREZSKbYsIVzYyj/VBE7ZrMhzEIPvH3cQkygnL',
     'ssh/leute', NULL, NULL, 'ops,admin', TRUE, '2025-01-02 03:04:05'),
    (2, 'rechner', 'HOST', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINzyqgKREZSKbYsIVzYyj/VBE7ZrMhzEIPvH3cQkygnL',
     NULL, 86400, NULL, NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO shell_sessions VALUES
    (1, 's-1', 1, 1, 'server', '1', 1, 'ssh', '2025-01-02 03:04:05', '2025-02-03 00:00:00', '192.0.2.7',
     'logs/s-1'),
    (3, 's-2', 4, NULL, 'vm', 'vm-17', 3, 'kubectl', '2025-01-02 03:04:05', NULL, NULL, NULL);
INSERT INTO system_logs VALUES
    (1, 'INFO', 'api', 'started', NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05'),
    (2, 'WARN', 'deploy', 'übel', '{"code": 7}', 2, 1, 1, 4, '2025-01-02 03:04:05'),
    (5, 'LOUD', 'deploy', 'laut', NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO ipxe_config VALUES
    (1, 'labor', 'FULL', 'eth0', '192.0.2.0/24', '192.0.2.100', '192.0.2.200', '192.0.2.1', '["192.0.2.1"]',
     'T', 'http://boot.example.org', 'boot', NULL, NULL, 'T', '2025-01-02 03:04:05', NULL),
    (2, 'aus', 'disabled', NULL, NULL, NULL, NULL, NULL, NULL, 'F', NULL, NULL, '#!ipxe
shell', NULL, 'F',
     '2025-01-02 03:04:05', '2025-02-03 00:00:00');
INSERT INTO ipxe_machines VALUES
    (1, 'sys-1', 'blech', 'AA:BB:CC:00:11:22', '192.0.2.101', 'READY', 'UEFI_HTTP', 'amd64', 8, NULL, NULL,
     NULL, 'ipmi', NULL, NULL, '["neu"]', '{"cpu": "x"}', 1, '[7]', '2025-01-02 03:04:05',
     '2025-02-03 00:00:00', NULL, '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (4, 'sys-2', NULL, 'aabb.cc00.1123', NULL, 'unknown', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO eggs VALUES
    (3, 'docker', 'Docker', NULL, 'SNAP', NULL, 'container', 'docker', 'stable', 'T', NULL, NULL, NULL, NULL,
     'F', NULL, 512, NULL, NULL, 'T', 'T', NULL, NULL, '2025-01-02 03:04:05', NULL),
    (7, 'kueche', 'Küche', 'Für alle', 'cloud_init', '1', 'base', NULL, NULL, 'F', '#cloud-config', NULL,
     NULL, '[]', 'F', '[3, 99]', NULL, NULL, 'AMD64', 'T', 'F', 'abc', 7, '2025-01-02 03:04:05',
     '2025-02-03 00:00:00'),
    (8, 'leer', 'Leer', NULL, 'snap', NULL, NULL, NULL, NULL, 'F', NULL, NULL, NULL, NULL, 'F', NULL, NULL,
     NULL, NULL, 'T', 'F', NULL, NULL, '2025-01-02 03:04:05', NULL);
INSERT INTO egg_groups VALUES
    (1, 'basis', 'Basis', NULL, '[{"egg_id": 7, "order": 2}, {"egg_id": 3, "order": 1}]', 'T',
     '2025-01-02 03:04:05', NULL),
    (2, 'namen', 'Namen', NULL, '["docker"]', 'F', '2025-01-02 03:04:05', '2025-02-03 00:00:00');
INSERT INTO ipxe_images VALUES
    (1, 'noble', 'Noble', 'ubuntu', '24.04', 'AMD64', 'noble/vmlinuz', 'noble/initrd', NULL, 'quiet',
     'install', 'boot', 'T', 'T', NULL, NULL, '2025-01-02 03:04:05', NULL),
    (2, 'arm', 'Arm', 'debian', '13', 'arm64', NULL, NULL, NULL, NULL, NULL, NULL, 'F', 'F', 'abc', 7,
     '2025-01-02 03:04:05', '2025-02-03 00:00:00');
INSERT INTO ipxe_boot_configs VALUES
    (1, 'immer', NULL, NULL, 'quiet', '["disk"]', NULL, 1, 1, 'T', '2025-01-02 03:04:05', NULL),
    (2, 'skript', 'Von Hand', '#!ipxe
shell', NULL, NULL, 5, NULL, NULL, 'F', '2025-01-02 03:04:05',
     '2025-02-03 00:00:00'),
    (3, 'kaputt', NULL, 'echo', NULL, NULL, 5, NULL, NULL, 'F', '2025-01-02 03:04:05', NULL);
INSERT INTO boot_events VALUES
    (1, 1, 'AA:BB:CC:00:11:22', '192.0.2.101', 'BOOT_START', '{"ms": 5}', 'ok', '2025-01-02 03:04:05'),
    (2, NULL, 'aa-bb-cc-00-11-99', NULL, 'dhcp_request', NULL, NULL, '2025-01-02 03:04:05'),
    (3, 99, 'aa:bb:cc:00:11:98', NULL, 'error', NULL, NULL, '2025-01-02 03:04:05');
INSERT INTO api_definitions VALUES
    (1, 'Orders', 'v1', '/orders/', 'get', 'Bestellungen', '{"openapi": "3.1.0"}', 'T', '2025-01-02 03:04:05',
     '2025-01-02 03:04:05'),
    (2, 'Orders', 'v2', '/orders', 'POST', NULL, NULL, 'F', '2025-01-02 03:04:05', '2025-02-03 00:00:00'),
    (3, 'schief', 'v1', 'orders', 'GET', NULL, NULL, 'T', '2025-01-02 03:04:05', '2025-01-02 03:04:05');
INSERT INTO api_usage VALUES
    (1, 1, '2025-01-02 03:04:05', 'GET', '/orders', 200, 12, '4', '192.0.2.7', 'curl'),
    (2, 1, '2025-01-02 03:04:05', 'GET', '/orders', 200, 14, NULL, NULL, NULL);
INSERT INTO api_keys VALUES
    (1, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'ci', 'ÓPERA@gough.example',
     '["user:read"]', 'T', 500, '2025-01-02 03:04:05', '2030-01-01 00:00:00', NULL),
    (2, '$2b$12$hash', 'alt', '1', '[]', 'T', 1000, '2025-01-02 03:04:05', NULL, '2025-02-03 00:00:00'),
    (5, 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', 'aus', '4', '[]', 'F', 1000,
     '2025-01-02 03:04:05', NULL, NULL),
    (6, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'wer', 'niemand@gough.example',
     '[]', 'T', 1000, '2025-01-02 03:04:05', NULL, NULL);
