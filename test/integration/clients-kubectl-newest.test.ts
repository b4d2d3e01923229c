// The table of commands with the newest kubectl that Debian has: watch-list, protobuf bodies, WebSocket streams.
import { debianKubectl } from '../support/kubectl.ts';
import { runKubectlTable } from '../support/kubectl-table.ts';

await runKubectlTable(await debianKubectl('sid'));
