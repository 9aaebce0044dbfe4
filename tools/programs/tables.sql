-- SPDX-License-Identifier: MIT
--
-- tables.sql - imports rows.csv into a database in memory, indexes, joins, groups and changes it.

CREATE TABLE rows(id INTEGER PRIMARY KEY, first TEXT, second TEXT, number INTEGER);
.mode csv
.import rows.csv rows
.mode list
CREATE INDEX rows_first ON rows(first, number);
CREATE INDEX rows_second ON rows(second);
SELECT count(*), sum(number), count(DISTINCT first) FROM rows;
SELECT first, count(*), max(number), group_concat(second, '+')
	FROM (SELECT * FROM rows WHERE number % 7 = 0 ORDER BY id) GROUP BY first ORDER BY first LIMIT 200;
CREATE TABLE pairs AS
	SELECT a.id AS left, b.id AS right, a.first || ' ' || b.second AS name
	FROM rows a JOIN rows b ON b.second = a.first AND b.number < a.number AND b.number % 11 = a.number % 11
	WHERE a.id % 40 = 0;
SELECT count(*), min(name), max(name) FROM pairs;
WITH RECURSIVE steps(n, text) AS (
	SELECT 1, 'x' UNION ALL SELECT n + 1, substr(text || n, -200) FROM steps WHERE n < 20000)
	SELECT max(n), max(length(text)) FROM steps;
UPDATE rows SET second = upper(second) || '-' || number WHERE number % 3 = 0;
DELETE FROM rows WHERE number % 5 = 0;
VACUUM;
SELECT second, number FROM rows ORDER BY second DESC, number, id LIMIT 100;
