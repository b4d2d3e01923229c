// The program that runs inside a pod's network namespace while somebody forwards a port to it: opens connections to
// the loopback there and hands them to the agent as they are, so that their bytes never pass through here.
import type { SendHandle } from 'node:child_process';
import { dialLoopback } from './dial.ts';
import type { DialAnswer, DialQuestion } from './loopback-process.ts';

/** What cannot be sent went to an agent that is gone. */
const reply = (answer: DialAnswer, socket?: SendHandle) =>
  process.send?.(answer, socket, {}, () => undefined);

async function dialed({ id, port, timeoutMs }: DialQuestion): Promise<void> {
  try {
    reply({ id }, await dialLoopback(port, timeoutMs));
  } catch (error) {
    reply({ id, problem: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (question: DialQuestion) => void dialed(question));
// The agent has let go of it, or is gone.
process.on('disconnect', () => process.exit(0));
