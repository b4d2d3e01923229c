import t from 'tap';
import { ConnectionRoom } from '../../../src/proxy/connection-room.ts';
import type { Refusal, Subject } from '../../../src/proxy/forwarder-plan.ts';
import { LimitReports } from '../../../src/proxy/limit-reports.ts';
import { ServiceLoad } from '../../../src/proxy/service-load.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const subject: Subject = { kind: 'Service', key: 'default/web', uid: 'u-web' };

t.test('that a limit is reached is told once, limits apart, and again while it lasts', async (t) => {
  const clock = new FakeClock();
  const told: Refusal[] = [];
  const reports = new LimitReports(new ConnectionRoom(4_096), clock, (refusal) => told.push(refusal));
  const load: ServiceLoad = new ServiceLoad(new ConnectionRoom(), (limit) =>
    reports.turnedAway(subject, limit, load),
  );
  load.limit(1);
  for (let i = 0; i < 4; i++) load.enter();
  t.match(told, [{ subject, reason: 'TooManyConnections', message: /^clients are refused: 1 connections/ }]);
  load.refuse('flows');
  load.refuse('board');
  t.match(
    told.slice(1).map(({ message }) => message),
    [/1024 clients of a UDP port/, /4096 files open$/],
  );
  await clock.advance(20 * 60_000);
  load.refuse('flows');
  t.equal(told.length, 3);
  await clock.advance(11 * 60_000);
  load.refuse('flows');
  t.equal(told.length, 4);
  t.equal(load.counters.overLimit, 7, 'all are counted');
});
