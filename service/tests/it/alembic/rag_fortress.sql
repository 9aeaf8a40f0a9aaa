CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('002');

CREATE TABLE application_settings (
    id INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    key VARCHAR(255) NOT NULL UNIQUE, value TEXT NOT NULL, data_type VARCHAR(50) NOT NULL, description TEXT,
    is_mutable BOOLEAN NOT NULL, category VARCHAR(100)
);
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    username VARCHAR(255) NOT NULL UNIQUE, email VARCHAR(255) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL, full_name VARCHAR(255), bio TEXT, is_active BOOLEAN NOT NULL,
    is_verified BOOLEAN NOT NULL
);
CREATE TABLE roles (
    id INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    name VARCHAR(100) NOT NULL UNIQUE, description TEXT, is_system BOOLEAN NOT NULL
);
CREATE TABLE permissions (
    id INTEGER NOT NULL PRIMARY KEY, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    code VARCHAR(255) NOT NULL UNIQUE, description TEXT, resource VARCHAR(100) NOT NULL,
    action VARCHAR(100) NOT NULL
);
-- No foreign keys: SQLite did not look at them, and so there are rows that refer to nothing.
CREATE TABLE user_roles (user_id INTEGER NOT NULL, role_id INTEGER NOT NULL, PRIMARY KEY (user_id, role_id));
CREATE TABLE role_permissions (
    role_id INTEGER NOT NULL, permission_id INTEGER NOT NULL, PRIMARY KEY (role_id, permission_id)
);

INSERT INTO users VALUES
    (1, '2025-01-02 03:04:05.123456', '2025-01-03 00:00:00', 'admin', 'admin@ragfortress.local',
     '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA', 'Admin User', NULL, TRUE, TRUE),
    (3, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'Ana', 'Ana@Example.org',
     '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA', 'Ana Ángel', 'líneas
dos', TRUE, FALSE),
    (7, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'zoë', 'zoe@example.org',
     '$5$rounds=535000$abcdefgh$Zx3c1Qm0bGg3H5w1nSgC3mS1y2tGq', NULL, NULL, FALSE, FALSE),
    (9, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'somebody@example.org', 'else@example.org', 'x',
     NULL, NULL, TRUE, FALSE),
    (12, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'ANA', 'other@example.org', 'x', NULL, NULL, TRUE,
     FALSE);
INSERT INTO roles VALUES
    (1, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'admin', 'theirs', FALSE),
    (2, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'user', NULL, TRUE),
    (5, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'viewer', NULL, TRUE),
    (8, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'Executive', 'who decides', FALSE),
    (11, '2025-01-02 03:04:05', '2025-01-02 03:04:05', ' ', NULL, FALSE);
INSERT INTO permissions VALUES
    (1, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'user:create', NULL, 'user', 'create'),
    (2, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'document:read', NULL, 'document', 'read'),
    (4, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'summary:read', 'see summaries', 'summary', 'read');
INSERT INTO user_roles VALUES (1, 1), (3, 2), (3, 8), (7, 5), (9, 2), (12, 2), (99, 1);
INSERT INTO role_permissions VALUES (8, 2), (8, 4);
INSERT INTO application_settings VALUES
    (1, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'app.name', 'Fortress', 'string', NULL, TRUE, NULL),
    (4, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'rag.chunk_size', '0512', 'integer', 'ü', TRUE, 'rag'),
    (6, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'rag.enabled', 'True', 'boolean', NULL, FALSE, 'rag'),
    (8, '2025-01-02 03:04:05', '2025-01-02 03:04:05', 'rag.model', 'a: b', 'yaml', NULL, TRUE, 'rag');
