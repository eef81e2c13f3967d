// @ts-check
/** Loaded into an operator before all else: its wall clock is off by SIFAKA_TEST_SKEW_MS. */
const now = Date.now
const skewMs = Number(process.env.SIFAKA_TEST_SKEW_MS ?? 0)
Date.now = () => now() + skewMs
