// The machine's own kubectl against an API server of a test, as its administrator and with a HOME of its own:
// kubectl keeps discovery per address and port.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import type { startApiServer } from './api-server.ts';

const KUBECTL = '/usr/bin/kubectl';

/** For tests that need a newer kubectl than the one that test/support/kubectl.ts can fetch. */
export const withOwnKubectl = {
  skip: existsSync(KUBECTL) ? false : `${KUBECTL} is not on this machine`,
};

export interface KubectlAnswer {
  code: number;
  out: string;
  err: string;
}

/** `line` is split at blanks; `input` goes to standard input. Never rejects for the exit code. */
export type Kubectl = (line: string, input?: string) => Promise<KubectlAnswer>;

export async function kubectlFor(
  api: Awaited<ReturnType<typeof startApiServer>>,
  home: string,
): Promise<Kubectl> {
  const path = join(home, 'config');
  const authorityPem = api.authority.certificatePem;
  await writeFile(path, renderKubeconfig({ server: api.url, authorityPem, client: api.admin }));
  const env = { HOME: home, PATH: process.env.PATH };
  return (line, input = '') =>
    new Promise((resolve) => {
      const args = ['--kubeconfig', path, ...line.split(' ')];
      const child = execFile(KUBECTL, args, { env, timeout: 20_000 }, (error, out, err) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out, err });
      });
      child.stdin?.end(input);
    });
}
