// edgectl port-forward: how ports are written.
import t from 'tap';
import { parsePorts } from '../../../src/cli/port-forward.ts';

t.test('ports are a pair, one for both, or any here', async (t) => {
  t.same(parsePorts('8080:80'), { local: 8080, remote: 80 });
  t.same(parsePorts('80'), { local: 80, remote: 80 });
  t.same(parsePorts(':80'), { local: 0, remote: 80 });
});

t.test('what is no pair of ports is refused with an example', async (t) => {
  for (const wrong of ['', 'http', '80:', '0', '1:70000', '70000:1', '1:2:3', '-1']) {
    t.throws(() => parsePorts(wrong), /no pair of ports: write 8080:80/, wrong);
  }
});
