// The board's folder of static pods; what is wrong in it is told as Events of the Node.
import { join } from 'node:path';
import { ManifestFolder } from '../../kubelet/static-pods/manifest-folder.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import type { AgentOptions } from './agent-options.ts';

export function agentManifests(options: AgentOptions, link: AgentLink): ManifestFolder {
  const { dataDir, nodeName, podManifestPath, clock, logger } = options;
  return new ManifestFolder({
    path: podManifestPath ?? join(dataDir, 'manifests'),
    nodeName,
    clock,
    logger,
    onProblem: (message) => {
      logger.warn({}, message);
      link.boardEvent({ type: 'Warning', reason: 'FailedStaticPod', message });
    },
  });
}
