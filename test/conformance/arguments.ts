// What `npm run conformance` may be told, and what it says when that is not enough.
import { parseArgs } from 'node:util';
import type { Choice } from './catalogue.ts';

export const USAGE = `npm run conformance -- [--tier LETTER]... [--jobs N] [--minutes N] [--proxy-mode MODE] [--prepare]
                           [FOCUS]

Runs upstream's conformance tests, and others of the network, on a fresh cluster of two boards. FOCUS is a regular
expression over the tests' names; --tier takes those of a tier of test/conformance/tests.tsv (several may be given);
without either all run. --jobs is how many run side by side (3), --minutes how long one may take (10), --proxy-mode
the boards' own flag: with it outcomes are printed alone. --prepare only fetches and builds what a run needs: after
it, a run needs no network. It needs root, and from upstream:
  E2E_TEST     path of e2e.test: test/e2e of Debian's source package kubernetes (release 1.20), built with golang-go
  E2E_AGNHOST  path of agnhost: test/images/agnhost of the same, built with CGO_ENABLED=0. Beside it, where wanted:
               sample-apiserver (vendor/k8s.io/sample-apiserver) and nnp (test/images/nonewprivs)
`;

export interface Arguments extends Choice {
  program: string;
  agnhost: string;
  jobs: number;
  timeoutMs: number;
  /** Fetch and build what a run needs, and end. */
  prepareOnly: boolean;
  /** Of the boards; absent: their own default. */
  proxyMode?: string;
}

/** @throws Error with one line that says what is wrong or missing. */
export function readArguments(argv: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      tier: { type: 'string', multiple: true, default: [] },
      prepare: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '3' },
      minutes: { type: 'string', default: '10' },
      'proxy-mode': { type: 'string' },
    },
  });
  if (positionals.length > 1) throw new Error(`one FOCUS, not ${positionals.length}: quote it`);
  return {
    tiers: values.tier,
    focus: positionals[0] ?? '',
    jobs: positive('--jobs', values.jobs),
    timeoutMs: positive('--minutes', values.minutes) * 60_000,
    prepareOnly: values.prepare,
    ...(values['proxy-mode'] ? { proxyMode: values['proxy-mode'] } : {}),
    program: needed('E2E_TEST', env),
    agnhost: needed('E2E_AGNHOST', env),
  };
}

function positive(flag: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${flag} ${text}: not a whole number above 0`);
  return Number(text);
}

function needed(variable: string, env: NodeJS.ProcessEnv): string {
  const value = env[variable];
  if (!value) throw new Error(`${variable} is not set`);
  return value;
}
