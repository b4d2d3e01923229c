import t from 'tap';
import { containerLogPath, previousLogPath } from '../../../../src/kubelet/logs/log-paths.ts';

t.test('a log path names namespace, pod, uid, container and attempt', async (t) => {
  const which = { namespace: 'shop', podName: 'web-1', podUid: 'u-1', containerName: 'main', attempt: 4 };
  t.equal(containerLogPath('/logs', which), '/logs/shop_web-1_u-1/main/4.log');
});

t.test('the previous log is that of the attempt before, and the first has none', async (t) => {
  t.equal(previousLogPath('/logs/p/main/4.log'), '/logs/p/main/3.log');
  t.equal(previousLogPath('/logs/p/main/0.log'), undefined);
});
