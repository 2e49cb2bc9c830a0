-- What a restored database needs before anybody works with it: docs/decisions/0091.

-- Notices for screens that were on when the backup was made. Sent now, they would be hours late.
DELETE FROM tasks.outbox;
DELETE FROM imports.outbox;

-- A token that was used up or logged out since would be good again: everybody logs in anew.
DELETE FROM gateway.refresh_tokens;

-- Numbers that were given out since the backup must not be given out again, for something else: a scanner
-- may still hold the task, and a screen drops events that are not newer than the last it has seen.
SELECT setval(
    format('%I.%I', schemaname, sequencename)::regclass,
    coalesce(last_value, 0) + CASE sequencename WHEN 'outbox_id_seq' THEN 1000000000000 ELSE 1000000 END)
FROM pg_sequences
WHERE schemaname IN ('gateway', 'tasks', 'imports');
