// How this board gives images to its neighbours and takes them from there, and what it shows others to be believed.
import type { ImageSettings } from '../../kubelet/images/board-images.ts';
import type { AgentLink } from '../../mqtt/agent-link.ts';
import { DEFAULT_IMAGE_PORT } from '../image-flags.ts';
import type { NodeIdentity } from '../node-identity.ts';
import type { AgentOptions } from './agent-options.ts';

/** Not on a port of 0: then boards neither give nor take. */
export function imageExchange(
  { identity, images = {} }: AgentOptions,
  link: AgentLink,
): ImageSettings['imageExchange'] {
  const { imagePort: port = DEFAULT_IMAGE_PORT } = images;
  if (port === 0) return undefined;
  return {
    port,
    tls: () => boardTls(identity),
    reportImages: (held) => link.reportImages(held),
    imagesOfOthers: () => link.imagesOfOthers(),
    addressOf: (node) => link.peers.current()?.peers[node]?.address,
  };
}

/** By its certificate as it is now. */
export function boardTls({ keyPem, certificatePem, authorityPem }: NodeIdentity) {
  return { keyPem, certPem: certificatePem, caPem: authorityPem };
}
