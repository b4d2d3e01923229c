// The table of commands with the kubectl of Debian 12 (1.20): SPDY, OpenAPI v2, older versions of kinds.
import { oldKubectlPath } from '../support/kubectl.ts';
import { runKubectlTable } from '../support/kubectl-table.ts';

const path = await oldKubectlPath();
await runKubectlTable(path ? { path } : { missing: 'apt has no kubernetes-client 1.20 here' });
