CREATE TABLE page (
    id INTEGER NOT NULL PRIMARY KEY, page_name VARCHAR(96) NOT NULL UNIQUE, page_url VARCHAR(1024) NOT NULL,
    environments JSONB NOT NULL, identifiers JSONB NOT NULL, created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE identifier (
    id INTEGER NOT NULL PRIMARY KEY, page_id INTEGER NOT NULL, element_name VARCHAR(96) NOT NULL UNIQUE,
    locator_strategy VARCHAR(96) NOT NULL, locator_query VARCHAR(96) NOT NULL, environments JSONB,
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
CREATE TABLE environment (
    id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(96) NOT NULL UNIQUE,
    environment_designation VARCHAR(80) NOT NULL, url VARCHAR(512) NOT NULL, api_url VARCHAR(512),
    status VARCHAR(96) NOT NULL, users JSONB, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP
);
CREATE TABLE "user" (
    id INTEGER NOT NULL PRIMARY KEY, username VARCHAR(96) NOT NULL UNIQUE, email VARCHAR(96) NOT NULL,
    password VARCHAR(96), secret_provider VARCHAR(96), secret_url VARCHAR(1024), secret_name VARCHAR(1024),
    environment_id INTEGER NOT NULL, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP
);
CREATE TABLE "emailProcessorTable" (
    id INTEGER NOT NULL PRIMARY KEY, email_item_id INTEGER NOT NULL UNIQUE, multi_item_email_ids JSONB,
    multi_email_flag BOOLEAN, multi_attachment_flag BOOLEAN, system VARCHAR(96), test_name VARCHAR(255),
    requires_processing BOOLEAN, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP,
    last_processed_at TIMESTAMP
);

INSERT INTO page VALUES
    (1, 'Login', '/login', '["LOCAL", "prod"]', '{}', '2025-01-02 03:04:05.5', '2025-01-03 00:00:00'),
    (4, 'Übersicht', 'https://app.example.org/', '[]', '[3]', '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (5, 'Nirgends', 'nowhere', '[]', '[]', '2025-01-02 03:04:05', '2025-01-02 03:04:05');
INSERT INTO identifier VALUES
    (2, 1, 'login_button', 'css selector', '#login', '["PROD"]', '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (3, 4, 'title', 'By.XPATH', '//h1', NULL, '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (6, 4, 'thought', 'telepathy', 'x', '[]', '2025-01-02 03:04:05', '2025-01-02 03:04:05'),
    (8, 99, 'orphan', 'id', 'x', '[]', '2025-01-02 03:04:05', '2025-01-02 03:04:05');
INSERT INTO environment VALUES
    (1, 'prod-eu', 'PROD', 'https://app.example.org', 'https://api.example.org', 'true', '[2]',
     '2025-01-02 03:04:05', NULL),
    (3, 'qa', 'qa', 'http://qa.internal:8080', '', 'False', '[]', '2025-01-02 03:04:05', '2025-01-05 00:00:00');
INSERT INTO "user" VALUES
    (2, 'tester', 'tester@example.org', 'geheim', NULL, NULL, NULL, 1, '2025-01-02 03:04:05', NULL),
    (5, 'vaulted', 'vaulted@example.org', NULL, 'AZURE', 'https://vault.example.org', 'vaulted', 3,
     '2025-01-02 03:04:05', NULL),
    (6, 'other', 'other@example.org', '', 'HashiCorp', 'https://vault.example.org', 'other', 3,
     '2025-01-02 03:04:05', NULL),
    (7, 'half', 'half@example.org', NULL, 'aws', NULL, NULL, 3, '2025-01-02 03:04:05', NULL);
INSERT INTO "emailProcessorTable" VALUES
    (1, 4711, '[1, 2]', TRUE, FALSE, 'MINER_OCR', 'test_mail', TRUE, '2025-01-02 03:04:05', NULL, NULL),
    (3, 4712, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-02 03:04:05', NULL, '2025-01-02 04:00:00'),
    (4, 4713, '[]', FALSE, FALSE, 'pigeon', NULL, FALSE, '2025-01-02 03:04:05', NULL, NULL);
