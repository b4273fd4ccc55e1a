BEGIN TRANSACTION;
CREATE TABLE builds (
	id VARCHAR(32) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	record TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "builds" VALUES('20260101-000000-abcdef','churn','1','8dbeb0880be8505fe7de2cab1b0803d0ab5c686ce3889715e05b215de33e50db','succeeded','{"id":"20260101-000000-abcdef","name":"churn","version":"1","digest":"8dbeb0880be8505fe7de2cab1b0803d0ab5c686ce3889715e05b215de33e50db","state":"succeeded","created_at":"2026-01-01T00:00:00.000Z","started_at":null,"finished_at":null,"author":"","attempt":1,"reused":false,"stages":[],"progress":null,"packages":null,"lock_digest":null,"error":null,"cancelling":false}','2026-01-01T00:00:00.000Z');
CREATE TABLE changes (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(16) NOT NULL, 
	action VARCHAR(16) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	version VARCHAR(128), 
	ref VARCHAR(64), 
	state VARCHAR(16)
);
INSERT INTO "changes" VALUES(1,'environment','created','other','1',NULL,NULL);
INSERT INTO "changes" VALUES(2,'environment','created','churn','1',NULL,NULL);
INSERT INTO "changes" VALUES(3,'environment','changed','churn','2',NULL,NULL);
INSERT INTO "changes" VALUES(4,'build','created','churn','1','20260101-000000-abcdef','succeeded');
CREATE TABLE environments (
	id INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	description TEXT DEFAULT '' NOT NULL, 
	tags TEXT DEFAULT '{}' NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	latest_id INTEGER, 
	ready_version VARCHAR(128), 
	version_count INTEGER DEFAULT '0' NOT NULL, 
	search TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "environments" VALUES(1,'other','','{}','2026-11-25T10:39:41Z','2026-01-01T00:00:00Z',1,NULL,1,'other

{}
pandas');
INSERT INTO "environments" VALUES(2,'churn','Who leaves','{"team":"growth"}','2026-11-25T10:39:41Z','2026-01-02T00:00:00Z',3,NULL,2,'churn
who leaves
{"team":"growth"}
numpy
six');
CREATE TABLE locks (
	id INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	python VARCHAR(16) NOT NULL, 
	packages BLOB NOT NULL, 
	addresses BLOB, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "locks" VALUES(1,'8dbeb0880be8505fe7de2cab1b0803d0ab5c686ce3889715e05b215de33e50db','3.11',X'789CA58E410F82300C85FF4BCF8C08440F24FA470C310D56B730CADC9C6492FD778B7AF06E4F6DDEFBDEEB029E6ED1780A2797EE7A6268E1B06FCAAA82021CF6035E29407B5C80712411398E2E89F6201FCCDB5E971BB947F4037968395A5BC0C5D82FB66EBFA812BB72A9513C3129E454CEDA0A1F34D6DB9DB8F0CF59B3CC53FAAA0206C367899C359185DC893245DFD3E7CBDCE517036C55C0',X'789CABAE0500017500F9','2026-11-25T10:39:41.935255+00:00');
CREATE TABLE mlenv_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT mlenv_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "mlenv_schema" VALUES('0001');
CREATE TABLE platform_locks (
	lock_id INTEGER NOT NULL, 
	python VARCHAR(32) NOT NULL, 
	platform VARCHAR(64) NOT NULL, 
	lock_digest VARCHAR(64) NOT NULL, 
	lock BLOB NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (lock_id, python, platform), 
	FOREIGN KEY(lock_id) REFERENCES locks (id)
);
INSERT INTO "platform_locks" VALUES(1,'3.11.7','linux-x86_64','dda535a0aee387d8595e1ec58b1667bfcc225b85c212bb094e8f2799c1dad08b',X'789CA58EC10E82400C44FFA5679688281A7EC51052A1C8C6DDB2C2A2AC847FB7A807EFF636F326339DC105DF760C39A47192C40788405B67C8127BF4FA4DAA6F260267D0375D6FC5349AC7494DC7ACCC762BC1EA8A171A203FCDC06849223C5A1784DDA91F3E4DDB78237A6871BBCF44E29F275D8D36F43BA76442B9902AEE981472881FAD5937F553323C1A1341AD7BAA3CE40D9A8122E8E9368A5397E720DF174BB1BC0041975E03','2026-11-25T10:39:41.937530+00:00');
CREATE TABLE versions (
	id INTEGER NOT NULL, 
	environment_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	definition TEXT NOT NULL, 
	definition_id VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	lock_id INTEGER, 
	author VARCHAR(128) DEFAULT '' NOT NULL, 
	message TEXT DEFAULT '' NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (environment_id, number), 
	UNIQUE (environment_id, version), 
	FOREIGN KEY(environment_id) REFERENCES environments (id) ON DELETE CASCADE, 
	FOREIGN KEY(lock_id) REFERENCES locks (id)
);
INSERT INTO "versions" VALUES(1,1,1,'1','{"python":"3.12","pip":{"requirements":["pandas"],"index_url":null,"extra_index_urls":[],"find_links":[],"pre":false,"no_binary":[],"only_binary":[]},"conda":{"channels":[],"packages":[]},"wheels":[],"docker":null,"variables":{"A":"b"},"user_managed_dependencies":false,"interpreter_path":null,"torch_backend":null}','51c8311dc17e49508849be3858931a3458b32786c2b25b10e5597fab1a9d9292','8aa9b6f1a82bb03348d4acee81bf25978d8c6258625aa289152dbacfad87ea21',NULL,'bob','','2026-11-25T10:39:41Z');
INSERT INTO "versions" VALUES(2,2,1,'1','{"python":"3.11","pip":{"requirements":["numpy"],"index_url":null,"extra_index_urls":[],"find_links":[],"pre":false,"no_binary":[],"only_binary":[]},"conda":{"channels":[],"packages":[]},"wheels":[],"docker":null,"variables":{},"user_managed_dependencies":false,"interpreter_path":null,"torch_backend":null}','be81dbb0550f0a0029f5c1df8084f18a9d8e8d97016ee17109b268f8d77284d8','8dbeb0880be8505fe7de2cab1b0803d0ab5c686ce3889715e05b215de33e50db',1,'ann','first','2026-11-25T10:39:41Z');
INSERT INTO "versions" VALUES(3,2,2,'2','{"python":"3.11","pip":{"requirements":["numpy","six"],"index_url":null,"extra_index_urls":[],"find_links":[],"pre":false,"no_binary":[],"only_binary":[]},"conda":{"channels":[],"packages":[]},"wheels":[],"docker":null,"variables":{},"user_managed_dependencies":false,"interpreter_path":null,"torch_backend":null}','4a5b7b1f0593d897c43bf320ea0793c179beb843f2d8a3e66e7628cb41a0def6','b70f99f856f2724833a4e434afcea522cf8a5af1dd34f3a99a5c5730e98e5426',NULL,'ann','more','2026-11-25T10:39:41Z');
CREATE INDEX ix_environments_updated ON environments (updated_at, id);
CREATE INDEX ix_locks_digest ON locks (digest);
CREATE INDEX ix_platform_locks_lock_digest ON platform_locks (lock_digest);
CREATE INDEX ix_versions_definition ON versions (environment_id, definition_id);
CREATE INDEX ix_versions_digest ON versions (digest);
CREATE INDEX ix_builds_version ON builds (name, version, created_at);
CREATE INDEX ix_builds_state ON builds (state);
CREATE INDEX ix_builds_created_at ON builds (created_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',4);
COMMIT;
