import t from 'tap';
import { silentLogger } from '../../../../src/base/logger.ts';
import { METRICS_INTERVAL_MS, MetricsReporter } from '../../../../src/kubelet/metrics/metrics-reporter.ts';
import type { RuntimeContainer } from '../../../../src/kubelet/runtime/runtime.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const container = { id: 'c' } as RuntimeContainer;

t.test('a board with containers reports each 15 s; one without reads nothing and says nothing', async (t) => {
  const clock = new FakeClock();
  const sent: string[] = [];
  let running: RuntimeContainer[] = [];
  let rounds = 0;
  const node = { cpuNanocores: 1, windowMs: 1 };
  const reporter = new MetricsReporter({
    clock,
    logger: silentLogger,
    running: () => running,
    meter: {
      measure: async () => {
        rounds += 1;
        if (rounds === 2) throw new Error('a file that cannot be read');
        return { node, pods: {} };
      },
    },
    send: ({ time }) => sent.push(time),
  });
  await reporter.start();
  await clock.advance(4 * METRICS_INTERVAL_MS);
  t.equal(rounds, 0);
  running = [container];
  await clock.advance(3 * METRICS_INTERVAL_MS);
  t.same(
    sent,
    ['2026-01-01T00:01:15.000Z', '2026-01-01T00:01:45.000Z'],
    'a round that failed is not the last',
  );
  await reporter.stop();
  await clock.advance(METRICS_INTERVAL_MS);
  t.equal(sent.length, 2);
});
