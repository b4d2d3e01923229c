import t from 'tap';
import { aliasesText, hostsText } from '../../../../../src/kubelet/runtime/podman/hosts-files.ts';
import { sandboxSpec } from '../../../../../src/kubelet/runtime/podman/sandbox-spec.ts';
import { sandboxConfig } from '../../../../support/runtime-contract.ts';

const place = { owner: 'me', pauseImage: 'pause:1', maySpareFromOom: false };

t.test('a pod begins with an empty network of its own', async (t) => {
  const made = sandboxSpec(sandboxConfig('10.40.0.5', { hostname: 'web-1' }), place);
  t.match(made, { netns: { nsmode: 'none' }, hostname: 'web-1' });
});

t.test('a pod on the host network gets no address, and the name of the board', async (t) => {
  const made = sandboxSpec(sandboxConfig(undefined), place);
  t.match(made, { netns: { nsmode: 'host' }, utsns: { nsmode: 'host' } });
  t.notOk('hostname' in made);
});

t.test('the kernel is told to spare the pause container only where that is allowed', async (t) => {
  t.notOk('oom_score_adj' in sandboxSpec(sandboxConfig('10.40.0.5'), place));
  t.equal(sandboxSpec(sandboxConfig('10.40.0.5'), { ...place, maySpareFromOom: true }).oom_score_adj, -998);
});

t.test('the hosts file of a pod ends with its own address and name', async (t) => {
  t.match(
    hostsText({ ip: '10.40.0.5', shortName: 'web-1', fqdn: undefined }),
    /^127\.0\.0\.1\tlocalhost\n(.*\n)*10\.40\.0\.5\tweb-1\n$/m,
  );
});

t.test('a name in the cluster comes before the short one, and aliases after all', async (t) => {
  const fqdn = 'web-1.sets.default.svc.cluster.local';
  t.match(hostsText({ ip: '10.40.0.5', shortName: 'web-1', fqdn }), `\n10.40.0.5\t${fqdn}\tweb-1\n`);
  const both = hostsText({ ip: '10.40.0.5', ipv6: 'fd00:10:40::5', shortName: 'web-1', fqdn: undefined });
  t.match(both, /\n10\.40\.0\.5\tweb-1\nfd00:10:40::5\tweb-1\n$/, 'a line for each address');
  t.equal(aliasesText([]), '');
  const aliases = [{ ip: '1.2.3.4', hostnames: ['a', 'b.lan'] }];
  t.equal(aliasesText(aliases), '\n# Entries added by HostAliases.\n1.2.3.4\ta\tb.lan\n');
});
