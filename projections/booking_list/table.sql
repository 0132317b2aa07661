-- coupons contains one letter per passenger and flight, passenger by passenger. At lapses_at the
-- unpaid hold or change may be released. cancelled_segments are flights that the airline cancelled
-- and that nobody has answered, since unanswered_since; moved_segments are those that go at other
-- times or out of reach, since moved_since. Passengers were reminded of those in reminded_segments.
CREATE TABLE booking_list (
    booking text COLLATE "C" PRIMARY KEY,
    first_position bigint NOT NULL,
    owner text COLLATE "C" NOT NULL,
    attached_to text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    flights text[] NOT NULL,
    cabin text COLLATE "C" NOT NULL,
    seat_count integer NOT NULL,
    coupons text COLLATE "C" NOT NULL,
    total_amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    hold_until timestamptz,
    lapses_at timestamptz,
    modification_paid boolean NOT NULL,
    payments text[] NOT NULL,
    tickets text[] NOT NULL,
    cancelled_segments integer[] NOT NULL,
    moved_segments integer[] NOT NULL,
    reminded_segments integer[] NOT NULL,
    unanswered_since timestamptz,
    moved_since timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX booking_list_owner ON booking_list (owner, first_position DESC);
CREATE INDEX booking_list_attached ON booking_list (attached_to, first_position DESC)
    WHERE attached_to IS NOT NULL;
CREATE INDEX booking_list_unconfirmed ON booking_list (updated_at) WHERE status = 'paid';
CREATE INDEX booking_list_unchanged ON booking_list (updated_at) WHERE modification_paid;
CREATE INDEX booking_list_unanswered ON booking_list (unanswered_since)
    WHERE unanswered_since IS NOT NULL;
CREATE INDEX booking_list_moved ON booking_list (moved_since) WHERE moved_since IS NOT NULL;
CREATE INDEX booking_list_due ON booking_list (lapses_at) WHERE lapses_at IS NOT NULL;
