//! Stored bytes of every kind of record, kept for ever.
