// Runs one edgectl command line against a fake API.
import { runEdgectl } from '../../../src/cli/program.ts';
import { type Answers, FakeApi, fakeContext, fakeTerminal } from './fake-api.ts';

export interface Ran {
  exitCode: number;
  out: string;
  err: string;
  api: FakeApi;
}

export async function run(args: string[], answers: Answers = {}, input = ''): Promise<Ran> {
  const api = new FakeApi(answers);
  const terminal = fakeTerminal({ readInput: async () => input });
  const connect = async (flags: { namespace?: string }) => fakeContext(api, terminal.io, flags.namespace);
  const exitCode = await runEdgectl(
    { io: terminal.io, version: '1.2.3', connect, examine: async () => [] },
    args,
  );
  return { exitCode, out: terminal.out(), err: terminal.err(), api };
}
