import t from 'tap';
import { parseFlags } from '../../../src/bin/flags.ts';
import { proxyFlags, proxySettings } from '../../../src/bin/proxy-flags.ts';

const settings = (...argv: string[]) => proxySettings(parseFlags(proxyFlags, argv));

t.test('Services are relayed in user space on the own thread unless asked otherwise', async (t) => {
  t.same(settings(), { mode: 'userspace', hasThread: false });
  t.same(settings('--proxy-mode', 'nftables', '--proxy-thread'), { mode: 'nftables', hasThread: true });
});

t.test('a mode that there is not is told with those that there are', async (t) => {
  t.throws(() => settings('--proxy-mode', 'ipvs'), {
    message: "--proxy-mode takes userspace or nftables, not 'ipvs'",
  });
});
