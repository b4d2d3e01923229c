import t from 'tap';
import { mountPointsIn } from '../../../../src/kubelet/volumes/host-mounts.ts';
import { groupMode } from '../../../../src/kubelet/volumes/ownership.ts';
import { subPathOf } from '../../../../src/kubelet/volumes/sub-path.ts';

const env = new Map([
  ['POD', 'web-1'],
  ['DAY', 'mon'],
]);
const expanded = (subPathExpr: string) => subPathOf({ name: 'v', mountPath: '/v', subPathExpr }, env);

t.test('subPathExpr knows the variables of the container and leaves what is escaped', async (t) => {
  t.equal(expanded('$(POD)/logs-$(DAY)'), 'web-1/logs-mon');
  t.equal(expanded('$$(POD)'), '$(POD)');
  t.equal(expanded('a$b'), 'a$b');
  t.throws(() => expanded('$(NONE)'), {
    reason: 'CreateContainerConfigError',
    message: 'missing value for "NONE"',
  });
});

t.test('a subPath is taken as it stands', async (t) => {
  t.equal(subPathOf({ name: 'v', mountPath: '/v', subPath: '$(POD)' }, env), '$(POD)');
  t.equal(subPathOf({ name: 'v', mountPath: '/v' }, env), undefined);
});

t.test('a group gets the rights of reading or writing, and directories hand it on', async (t) => {
  t.equal(groupMode(0o100644, false, true), 0o644);
  t.equal(groupMode(0o100400, false, true), 0o440);
  t.equal(groupMode(0o100600, false, false), 0o660);
  t.equal(groupMode(0o040777, true, false), 0o2777);
  t.equal(groupMode(0o040755, true, true), 0o2755);
});

t.test('mount points are read as the kernel writes them', async (t) => {
  const table = [
    '22 1 0:20 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=1k',
    '31 22 0:44 / /run/a\\040b/c rw - nfs4 server:/x rw',
    '',
  ].join('\n');
  t.same(mountPointsIn(table), ['/run', '/run/a b/c']);
});
