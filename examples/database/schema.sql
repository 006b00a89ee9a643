-- A table of callers for the step `database`. The same for SQLite, PostgreSQL and MariaDB.

CREATE TABLE vipgate_callers (
    caller_number VARCHAR(20) NOT NULL PRIMARY KEY,  -- as site.number_format shows it: 004917612345678
    pin VARCHAR(20),                                 -- asked for; a text, because a number has no leading zeros
    forward VARCHAR(64),                             -- or: the call goes there
    reject SMALLINT,                                 -- or: 1 rejects the call, 0 lets it pass
    valid_until TIMESTAMP NULL,                      -- in UTC; NULL: for ever

    CHECK ((pin IS NOT NULL AND forward IS NULL AND reject IS NULL)
        OR (pin IS NULL AND forward IS NOT NULL AND reject IS NULL)
        OR (pin IS NULL AND forward IS NULL AND reject IS NOT NULL))
);

INSERT INTO vipgate_callers (caller_number, pin) VALUES ('004917612345678', '081512345');
INSERT INTO vipgate_callers (caller_number, forward) VALUES ('0041556631019', '100');
INSERT INTO vipgate_callers (caller_number, reject) VALUES ('00493012345678', 1);
INSERT INTO vipgate_callers (caller_number, reject, valid_until) VALUES ('004989123456', 0, '2020-12-31 23:00:00');
