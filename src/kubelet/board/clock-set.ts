// Whether a board's clock can be right at all: one without a battery begins in 1970, or at its last known time.

/** No board's clock can be right and show less: this program did not exist. */
export const EARLIEST_CLOCK_MS = Date.parse('2025-01-01T00:00:00Z');
