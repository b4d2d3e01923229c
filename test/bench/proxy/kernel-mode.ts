// Services that the kernel forwards beside no Service at all, from a pod to one beside it and to one of another board, in
// turns; UDP also beside the proxy in user space. Each way has servers of its own: connections that have ended by another
// way would be met, as the endpoint sees one address for all pods beside it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IpFamily } from '../../../src/base/ip.ts';
import { inTurn } from '../in-turn.ts';
import { median } from '../median.ts';
import { type KernelWay, KernelWorld } from './kernel-world.ts';
import { bulk, type Destination, newConnections, requests, udpQuestions } from './load.ts';

interface Measured {
  what: string;
  /** By contender: `no proxy`, `kernel`, `user space`. */
  rates: Map<string, number[]>;
}

const STEP = 0.9;
const DIRECT = 'no proxy';
/** Answered from memory by the server in each pod. */
const QUESTION = 'www.bench.test A\n';

/** How many connections at a time. */
interface Counts {
  bulk: readonly number[];
  kept: readonly number[];
  fresh: readonly number[];
}

/** The rules of both families are the same ones, so the second is tried at fewer points, and shorter. */
const COUNTS: Record<IpFamily, Counts> = {
  IPv4: { bulk: [1, 32], kept: [1, 32], fresh: [1, 32] },
  IPv6: { bulk: [1], kept: [32], fresh: [32] },
};
const MAX_SECONDS: Record<IpFamily, number> = { IPv4: Number.POSITIVE_INFINITY, IPv6: 1 };

/** `families` are those to be measured; one that this kernel does not have is left out. */
export async function kernelMode(
  dir: string,
  { rounds, seconds }: { rounds: number; seconds: number },
  families: readonly IpFamily[],
): Promise<void> {
  const world = new KernelWorld(dir);
  try {
    await world.start();
    const questions = join(dir, 'kernel-questions');
    await writeFile(questions, QUESTION);
    const bridged = world.bridgePassesRules ? ' (bridged packets pass the rules on this machine)' : '';
    for (const way of world.ways.filter(({ family }) => families.includes(family))) {
      print(`${way.name} by ${way.family}${bridged}`);
      const each = { rounds, seconds: Math.min(seconds, MAX_SECONDS[way.family]) };
      for (const measured of await measure(way, questions, each)) printLine(measured);
    }
  } finally {
    await world.stop();
  }
}

async function measure(
  way: KernelWay,
  questions: string,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Measured[]> {
  const all = new Map<string, Measured>();
  const note = (what: string, contender: string, rate: number) => {
    const measured = all.get(what) ?? { what, rates: new Map<string, number[]>() };
    all.set(what, measured);
    measured.rates.set(contender, [...(measured.rates.get(contender) ?? []), rate]);
  };
  for (let round = 0; round < rounds; round++) {
    const each = async (
      what: string,
      to: Record<string, Destination>,
      rate: (to: Destination) => Promise<number>,
    ) => {
      for (const [contender, where] of inTurn(Object.entries(to), round)) {
        note(what, contender, await rate(where));
      }
    };
    const counts = COUNTS[way.family];
    for (const count of counts.bulk)
      await each(`bulk over ${count}, Gbit/s`, way.bulk, (to) => bulk(to, count, seconds));
    for (const count of counts.kept) {
      const kept = async (to: Destination) => (await requests(to, count, seconds)).rate;
      await each(`requests/s on ${count} kept`, way.requests, kept);
    }
    for (const count of counts.fresh) {
      const fresh = async (to: Destination) => (await newConnections(to, count, seconds)).rate;
      await each(`new connections/s, ${count} at a time`, way.requests, fresh);
    }
    await each('UDP questions/s', way.udp, (to) => udpQuestions(to, questions, seconds));
  }
  return [...all.values()];
}

function printLine({ what, rates }: Measured): void {
  const direct = median(rates.get(DIRECT) ?? []);
  const cells = [...rates].map(([contender, values]) => {
    const rate = median(values);
    const ratio = contender === DIRECT ? '' : ` = ${(rate / direct).toFixed(2)}`;
    return `${contender} ${rate.toFixed(rate < 100 ? 1 : 0)}${ratio}`.padEnd(28);
  });
  print(`  ${what.padEnd(34)}${cells.join('')}${rates.has('kernel') ? `(step ${STEP})` : ''}`);
}

function print(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
