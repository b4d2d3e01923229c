// How programs that stay are started, for the parts of them that a bench runs alone.
import { residentEnv, residentFlags } from '../../src/bin/launch.js';

/** Options of fork(). */
export const AS_LAUNCHED = { execArgv: residentFlags, env: { ...process.env, ...residentEnv } };
