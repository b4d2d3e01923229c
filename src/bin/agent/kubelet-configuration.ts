// What this agent was started with, in the words of upstream's KubeletConfiguration: tools read there how many pods a
// board takes and where its DNS is. https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
import { MAX_PODS } from '../../kubelet/board/node-facts.ts';
import { defaultLogLimits } from '../../kubelet/logs/log-limits.ts';
import { type AgentOptions, CLUSTER_DOMAIN } from './agent-options.ts';

interface Settings extends Pick<AgentOptions, 'logLimits'> {
  /** `undefined` = the master has not told yet. */
  dnsAddress: string | undefined;
}

export function kubeletConfiguration({ dnsAddress, logLimits = defaultLogLimits }: Settings): object {
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    // Nothing on a board listens for others.
    enableServer: false,
    clusterDomain: CLUSTER_DOMAIN,
    clusterDNS: dnsAddress ? [dnsAddress] : [],
    maxPods: MAX_PODS,
    containerLogMaxSize: String(logLimits.maxSizeBytes),
    containerLogMaxFiles: logLimits.maxFiles,
  };
}
