// The table of commands with the kubectl of Debian 13 (1.32); where that cannot be had, with the machine's own.
import { existsSync } from 'node:fs';
import { debianKubectl } from '../support/kubectl.ts';
import { runKubectlTable } from '../support/kubectl-table.ts';

const OWN = '/usr/bin/kubectl';
const debian = await debianKubectl('trixie');
await runKubectlTable(debian.path === undefined && existsSync(OWN) ? { path: OWN } : debian);
