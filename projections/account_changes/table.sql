CREATE TABLE account_booking (
    booking text COLLATE "C" PRIMARY KEY,
    owner text COLLATE "C" NOT NULL,
    attached_to text COLLATE "C"
);
CREATE TABLE account_change (
    account text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, position)
);
