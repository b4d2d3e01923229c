import t from 'tap';
import { countsByService } from '../../../src/proxy/service-counts.ts';

t.test('the ports of one Service are counted together, Services apart', async (t) => {
  const counts = { accepted: 1, refused: 2, active: 3, bytesUp: 4, bytesDown: 5 };
  t.same(
    countsByService([
      { serviceKey: 'a/x', counts },
      { serviceKey: 'a/y', counts },
      { serviceKey: 'a/x', counts: { ...counts, bytesDown: 50 } },
    ]),
    [
      { serviceKey: 'a/x', accepted: 2, refused: 4, active: 6, bytesUp: 8, bytesDown: 55 },
      { serviceKey: 'a/y', ...counts },
    ],
  );
});
