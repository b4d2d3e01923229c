// Which Services of type LoadBalancer the boards themselves answer for; of others a program of its own tells the
// addresses. https://kubernetes.io/docs/concepts/services-networking/service/#load-balancer-class
import type { core } from './objects.ts';

const LOAD_BALANCER_CLASS = 'edge-cluster.io/boards';

export function isBalancedByBoards({
  type,
  loadBalancerClass = LOAD_BALANCER_CLASS,
}: core.ServiceSpec): boolean {
  return type === 'LoadBalancer' && loadBalancerClass === LOAD_BALANCER_CLASS;
}
