DROP TABLE deployment_jobs;
DROP TABLE storage_config;
DROP TABLE elder_config;
CREATE TABLE deployment_jobs (
    id INTEGER NOT NULL PRIMARY KEY, job_id VARCHAR(64) NOT NULL UNIQUE, machine_id INTEGER NOT NULL,
    image_id INTEGER NOT NULL, boot_config_id INTEGER, eggs_to_deploy JSON, rendered_cloud_init TEXT,
    status VARCHAR(64) NOT NULL, progress_percent INTEGER, current_phase VARCHAR(255), log_output TEXT,
    error_message TEXT, started_at TIMESTAMP, completed_at TIMESTAMP, created_by INTEGER,
    created_at TIMESTAMP
);
CREATE TABLE storage_config (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, provider_type VARCHAR(64) NOT NULL,
    endpoint_url VARCHAR(512), region VARCHAR(64), bucket_name VARCHAR(255),
    credentials_path VARCHAR(512) NOT NULL, use_ssl CHAR(1), path_style CHAR(1), is_active CHAR(1),
    is_default CHAR(1), config_data JSON, created_by INTEGER, created_at TIMESTAMP, updated_at TIMESTAMP
);
CREATE TABLE elder_config (
    id INTEGER NOT NULL PRIMARY KEY, elder_url VARCHAR(512) NOT NULL, api_key VARCHAR(512) NOT NULL,
    sync_enabled CHAR(1), sync_interval_seconds INTEGER, last_sync_at TIMESTAMP,
    last_sync_status VARCHAR(64), created_at TIMESTAMP, updated_at TIMESTAMP
);
INSERT INTO deployment_jobs VALUES
    (1, 'net-1', 1, 1, 2, '[7, 3]', '#cloud-config', 'PXE_BOOT', 10, NULL, NULL, NULL,
     '2025-01-02 03:04:05', NULL, 4, '2025-01-02 03:04:05'),
    (2, 'net-2', 4, 2, NULL, NULL, NULL, 'complete', 100, 'done', NULL, NULL, NULL, NULL, NULL,
     '2025-01-02 03:04:05');
INSERT INTO storage_config VALUES
    (1, 'wasabi', 'wasabi', NULL, NULL, NULL, 'store/wasabi', 'T', 'T', 'F', 'F', NULL, 1,
     '2025-01-02 03:04:05', NULL),
    (4, 'do', 'DO_SPACES', NULL, NULL, NULL, 'store/do', 'F', NULL, NULL, 'T', '{}', NULL,
     '2025-01-02 03:04:05', NULL);
INSERT INTO elder_config VALUES
    (1, 'https://elder.example.org/api', 'geheim', 'F', 60, NULL, 'done', '2025-01-02 03:04:05', NULL),
    (2, 'https://other.example.org', 'geheim', NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL);
