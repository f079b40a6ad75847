import fc from "fast-check";

/**
 * Loaded before every test file by tools/run-tests.mjs. Properties run on the same values every time, so that a run that
 * passed passes again; SEKISHO_SEED=N tries others.
 */
fc.configureGlobal({ seed: Number(process.env.SEKISHO_SEED ?? 20_261_123) });
