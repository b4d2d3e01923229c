// Which release this is, and which Kubernetes a board says it speaks, as node info wants it.
import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
export const KUBERNETES_VERSION = 'v1.33.0';
