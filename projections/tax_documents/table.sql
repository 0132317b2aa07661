CREATE TABLE tax_documents (
    document text COLLATE "C" PRIMARY KEY,
    month text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    standard boolean NOT NULL,
    counter bigint NOT NULL,
    hash text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    currency text COLLATE "C" NOT NULL,
    total bigint NOT NULL,
    vat bigint NOT NULL,
    vat_in_riyals bigint NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN (
        'waiting', 'reported', 'cleared', 'rejected'
    )),
    code text COLLATE "C"
);
CREATE INDEX tax_documents_month ON tax_documents (month, counter);
CREATE INDEX tax_documents_waiting ON tax_documents (document) WHERE status = 'waiting';
