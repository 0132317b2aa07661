-- Stripe events that wait until Stripe answers again: when to ask next, how often it was away.
-- Columns without a stored default are added in milliseconds; no row is rewritten.

ALTER TABLE inbox.stripe_event
    ADD COLUMN due_at timestamptz,
    ADD COLUMN waits integer NOT NULL DEFAULT 0,
    ADD COLUMN waiting_since timestamptz;
CREATE INDEX stripe_event_parked ON inbox.stripe_event (received_at, id) WHERE state = 'parked';
