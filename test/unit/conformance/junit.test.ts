// What the runner of upstream's tests reads out of ginkgo's report.
import t from 'tap';
import { readJunit, reasonOf, skippedBecause } from '../../conformance/junit.ts';

const report = `<?xml version="1.0" encoding="UTF-8"?>
  <testsuite name="Kubernetes e2e suite" tests="2" failures="1" errors="0" time="1.5">
      <testcase name="[sig-network] Services should  work &lt;well&gt; [Conformance]" classname="s" time="1"></testcase>
      <testcase name="[sig-apps] Job should &#34;end&#34; [Conformance]" classname="s" time="2">
          <failure type="Failure">/go/src/test/e2e/framework/framework.go:629&#xA;Nov 21 01:02:03.456: Unexpected error:&#xA;    &lt;*errors.StatusError | 0xc000d2a6e0&gt;: {&#xA;        ErrStatus: {Code: 404},&#xA;    }&#xA;    jobs.batch &#34;x&#34; not found&#xA;occurred&#xA;/go/src/test/e2e/apps/job.go:12</failure>
          <system-out>noise &lt;failure&gt;</system-out>
      </testcase>
      <testcase name="[sig-apps] Left out [Conformance]" classname="s" time="0">
          <skipped></skipped>
      </testcase>
      <testcase name="[sig-apps] No conformance test" classname="s" time="0"></testcase>
  </testsuite>`;

t.test('each test of a report has its outcome', async (t) => {
  t.same(readJunit(report), [
    { name: '[sig-network] Services should work <well> [Conformance]', state: 'passed' },
    {
      name: '[sig-apps] Job should "end" [Conformance]',
      state: 'failed',
      reason: 'Unexpected error: jobs.batch "x" not found',
    },
    { name: '[sig-apps] Left out [Conformance]', state: 'not run' },
    { name: '[sig-apps] No conformance test', state: 'passed' },
  ]);
});

t.test('a suite that could not begin is told as a failure', async (t) => {
  const xml =
    '<testcase name="BeforeSuite" classname="s"><failure type="Failure">no nodes</failure></testcase>';
  t.same(readJunit(xml), [{ name: 'BeforeSuite', state: 'failed', reason: 'no nodes' }]);
});

t.test('what a test said that skipped itself is read out of the log', async (t) => {
  const log = [
    'Nov  1 01:02:03.004: INFO: Only supported for providers [gce gke] (not skeleton)',
    'S [SKIPPING] in Spec Setup (BeforeEach) [0.012 seconds]',
    '[sig-network] ESIPP [Slow]',
    '/go/src/test/e2e/network/framework.go:23',
    '  should work from pods [BeforeEach]',
    '  /go/src/test/e2e/network/service.go:3107',
    '',
    '  Only supported for providers [gce gke] (not skeleton)',
    '',
    '  /go/src/test/e2e/network/service.go:2931',
    '------------------------------',
    'SSSSS',
  ].join('\n');
  t.equal(skippedBecause(log), 'Only supported for providers [gce gke] (not skeleton)');
  t.equal(skippedBecause('SSSSSS\nRan 0 of 5000 Specs'), undefined);
});

t.test('a suite that ended well says nothing', async (t) => {
  t.same(readJunit('<testcase name="AfterSuite" classname="s"></testcase>'), []);
});

t.test('a reason has no date, no place in a file and an end', async (t) => {
  t.equal(reasonOf('/a/b.go:1\nNov  1 01:02:03.004: timed out\n/a/c.go:2'), 'timed out');
  t.equal(reasonOf('x'.repeat(5000)).length, 300);
});
