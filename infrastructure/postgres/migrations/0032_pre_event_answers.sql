-- What operators ask about an event of Stripe: the newest, those about an object, and what one
-- caused. Each index takes about ten seconds per million rows and holds up writes meanwhile.

CREATE INDEX stripe_event_received ON inbox.stripe_event (received_at, id);
CREATE INDEX stripe_event_object ON inbox.stripe_event (object);
-- Commands that follow from a webhook have its id as their correlation id, and so what follows.
CREATE INDEX event_of_webhook ON ledger.event (correlation_id)
    WHERE starts_with(correlation_id, 'evt_');
