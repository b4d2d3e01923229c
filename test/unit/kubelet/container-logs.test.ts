import t from 'tap';
import type { LogsRequest } from '../../../src/api/session.ts';
import { ContainerCache } from '../../../src/kubelet/container-cache.ts';
import { containerLog } from '../../../src/kubelet/container-logs.ts';

const request = { pod: 'default/web-1', podUid: 'u', logs: { container: 'web' } } as LogsRequest;

for (const [reason, words] of [
  ['PodInitializing', ': PodInitializing'],
  ['ErrImagePull', ": image can't be pulled"],
  ['ImagePullBackOff', ': trying and failing to pull image'],
  [undefined, ' - no logs yet'],
] as const) {
  t.test(`the log of a container that waits for ${reason} says so`, async (t) => {
    const log = containerLog(new ContainerCache(), request, new AbortController().signal, () => reason);
    await t.rejects(log, {
      reason: 'BadRequest',
      message: `container "web" in pod "web-1" is waiting to start${words}`,
    });
  });
}
