// How much longer tests wait on a machine that is known to be slow, such as an emulated one: EDGE_TEST_PATIENCE=10 says
// ten times as long. What is measured of an interval stays.

/** At least 1; throws for what is no number, as tests that wait for nothing fail for no reason. */
export function patienceOf(env: NodeJS.ProcessEnv): number {
  const factor = Number(env.EDGE_TEST_PATIENCE ?? 1);
  if (!(factor >= 1)) throw new Error(`EDGE_TEST_PATIENCE is ${env.EDGE_TEST_PATIENCE}: a number from 1 on`);
  return factor;
}

const factor = patienceOf(process.env);

/** What a wait of `ms` is on this machine. */
export const patient = (ms: number): number => ms * factor;
