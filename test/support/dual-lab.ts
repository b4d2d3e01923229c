// Boards, pods and a LAN of both families, made of namespaces; the LAN's own router knows nothing of pods.
import type { Test } from 'tap';
import { boardHasIpv6 } from '../../src/network/board-ipv6.ts';
import { boardAddress } from '../../src/network/ipv6/ipv6-addresses.ts';
import { eventually } from './eventually.ts';
import { type LabBoard, NetworkLab, rootOnly } from './network-lab.ts';

export const LAN_V6 = 'fd00:77';
export const RANGES_V6 = { podRange: 'fd00:10:40::/48', serviceRange: 'fd00:10:48::/112' };

export interface DualBoard extends LabBoard {
  podCIDRv6: string;
  gatewayV6: string;
  podAddressV6: string;
  /** On the LAN. */
  addressV6: string;
  /** By which pods of other boards know it. */
  inClusterV6: string;
}

export const dualOnly = boardHasIpv6() ? rootOnly : { skip: 'this kernel has no IPv6' };

export async function dualLab(
  t: Test,
  number: number,
): Promise<{ lab: NetworkLab; a: DualBoard; b: DualBoard }> {
  const lab = new NetworkLab(number);
  t.teardown(() => lab.stop());
  await lab.start();
  const [a, b] = await withSecondFamily(lab);
  return { lab, a, b };
}

/** Gives the LAN, boards and pods of a lab that has started addresses of the second family. */
export async function withSecondFamily(lab: NetworkLab): Promise<[DualBoard, DualBoard]> {
  await lab.ip(lab.stranger, `address add ${LAN_V6}::1/64 dev lan nodad`);
  const boards: DualBoard[] = [];
  for (const [i, board] of lab.boards.entries()) boards.push(await withIpv6(lab, board, i));
  for (const { namespace, pod } of boards) for (const name of [namespace, pod]) await isSettled(lab, name);
  return boards as [DualBoard, DualBoard];
}

async function withIpv6(lab: NetworkLab, board: LabBoard, index: number): Promise<DualBoard> {
  const range = `fd00:10:40:${index + 1}::`;
  const addressV6 = `${LAN_V6}::1${index}`;
  const [gatewayV6, podAddressV6, podCIDRv6] = [`${range}1`, `${range}5`, `${range}/64`];
  await lab.run(board.namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  await lab.ip(board.namespace, `address add ${addressV6}/64 dev eth0 nodad`);
  await lab.ip(board.namespace, `address add ${gatewayV6}/64 dev edge0 nodad`);
  await addAddress(lab, board.pod, podAddressV6, gatewayV6);
  const inClusterV6 = boardAddress(podCIDRv6);
  return { ...board, podCIDRv6, gatewayV6, podAddressV6, addressV6, inClusterV6 };
}

/** One more pod of both families on the board's bridge. */
export async function addDualPod(
  lab: NetworkLab,
  board: DualBoard,
): Promise<{ namespace: string; address: string; addressV6: string }> {
  const pod = await lab.addPod(board);
  const addressV6 = board.gatewayV6.replace(/1$/, '6');
  await addAddress(lab, pod.namespace, addressV6, board.gatewayV6);
  await isSettled(lab, pod.namespace);
  return { ...pod, addressV6 };
}

async function addAddress(lab: NetworkLab, pod: string, address: string, gateway: string): Promise<void> {
  await lab.ip(pod, `address add ${address}/64 dev eth0 nodad`);
  await lab.ip(pod, `route add ::/0 via ${gateway}`);
}

/** A new link asks around for a second or two whether anybody has its address, and answers to nobody meanwhile. */
function isSettled(lab: NetworkLab, namespace: string): Promise<void> {
  return eventually(async () => {
    const asking = await lab.run(namespace, 'ip', '-6', '-oneline', 'address', 'show', 'tentative');
    if (asking !== '') throw new Error(asking);
  });
}
