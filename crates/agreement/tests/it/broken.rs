//! Books that are wrong, and what their writers are told.
