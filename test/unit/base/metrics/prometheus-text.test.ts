// The text that Prometheus reads, and histograms of plain numbers.
import t from 'tap';
import { Histogram } from '../../../../src/base/metrics/histogram.ts';
import { single } from '../../../../src/base/metrics/metric.ts';
import { prometheusText } from '../../../../src/base/metrics/prometheus-text.ts';

t.test('figures of several sources become one text, with what must be escaped escaped', async (t) => {
  const text = await prometheusText([
    () => [single('gauge', 'a', 'First.', 1.5)],
    async () => [
      {
        name: 'b_total',
        help: 'Second.',
        type: 'counter',
        samples: [{ labels: { x: 'say "\\n"\n', y: 2 }, value: 3 }],
      },
    ],
  ]);
  t.equal(
    text,
    '# HELP a First.\n# TYPE a gauge\na 1.5\n\n# HELP b_total Second.\n# TYPE b_total counter\n' +
      'b_total{x="say \\"\\\\n\\"\\n",y="2"} 3\n',
  );
});

t.test('each bucket of a histogram counts all that is not above it', async (t) => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0.5, 1, 1.5, 9]) histogram.observe(value);
  const samples = histogram.samples({ verb: 'GET' });
  t.same(
    samples.map(({ suffix, labels, value }) => [suffix, labels?.le, value]),
    [
      ['_bucket', 1, 2],
      ['_bucket', 2, 3],
      ['_bucket', '+Inf', 4],
      ['_sum', undefined, 12],
      ['_count', undefined, 4],
    ],
  );
  const text = await prometheusText([() => [{ name: 'h', help: 'H.', type: 'histogram', samples }]]);
  t.match(text, /^h_bucket\{verb="GET",le="\+Inf"\} 4$/m);
  t.match(text, /^h_count\{verb="GET"\} 4$/m);
});

t.test('two sources of one name are told from a figure', async (t) => {
  const source = () => [single('gauge', 'a', 'First.', 1)];
  await t.rejects(prometheusText([source, source]), /a has already been registered/);
});
