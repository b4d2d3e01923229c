// Flags of how a board forwards Services, for `edge-agent` and `npm start`.
import { type Flags, type FlagValues, UsageError } from './flags.ts';

export const PROXY_MODES = ['userspace', 'nftables'] as const;
export type ProxyMode = (typeof PROXY_MODES)[number];

export interface ProxySettings {
  mode: ProxyMode;
  /** Relays on a thread of its own, for more memory. */
  hasThread: boolean;
}

/** The first name and its values are kube-proxy's. */
export const proxyFlags: Flags = {
  'proxy-mode': {
    value: 'MODE',
    help: 'who forwards Services: userspace, or nftables for the kernel where it can (docs/services.md)',
    default: 'userspace',
  },
  'proxy-thread': {
    value: undefined,
    help: 'relay Services and Ingress on a thread of its own, for some 18 MB more memory, beside a second CPU core',
  },
};

export function proxySettings(values: FlagValues): ProxySettings {
  const mode = PROXY_MODES.find((known) => known === values['proxy-mode']);
  if (!mode)
    throw new UsageError(`--proxy-mode takes ${PROXY_MODES.join(' or ')}, not '${values['proxy-mode']}'`);
  return { mode, hasThread: values['proxy-thread'] === 'true' };
}
