// What podman says when its store is damaged, and what it says of other troubles.
import t from 'tap';
import { LibpodError } from '../../../../../src/kubelet/runtime/podman/libpod-error.ts';
import {
  damagedList,
  isImageDamage,
  isStoreDamage,
} from '../../../../../src/kubelet/runtime/podman/store-damage.ts';

const layer = 'f15a960a62295b31c9e161a936fc9c4683d42fe68e48428b7ef62839bcc4f2bf';
const said = (message: string) => new LibpodError(500, message, '');

t.test('images that lost a list, a layer or their configuration count as damaged', async (t) => {
  t.ok(isImageDamage(said('layer not known')));
  t.ok(isImageDamage(said('unexpected end of JSON input')));
  t.ok(isImageDamage(said(`stat /var/lib/containers/storage/overlay/${layer}: no such file or directory`)));
  t.ok(isImageDamage(said('Download config.json digest sha256:e3b0 does not match expected sha256:ee51')));
});

t.test('an image that is just not there, a full disk and a missing volume are something else', async (t) => {
  t.notOk(isImageDamage(said('localhost/web:1: image not known')));
  t.notOk(isImageDamage(said(`write /var/lib/containers/storage/overlay/${layer}: no space left on device`)));
  t.notOk(isImageDamage(said('statfs /srv/data: no such file or directory')));
  t.notOk(isImageDamage(new Error('layer not known')), 'only podman knows');
});

t.test('a database is damaged when podman cannot read it, not when it cannot open it', async (t) => {
  t.ok(isStoreDamage('Error: opening database /x/libpod/bolt_state.db: invalid database'));
  t.ok(isStoreDamage('panic: invalid page type: 0: 0\n\ngoroutine 1 [running]:\n'));
  t.ok(isStoreDamage('unexpected fault address 0x7f\ngo.etcd.io/bbolt.(*Cursor).search(0xc0000b8b10'));
  t.ok(isStoreDamage('Error: beginning transaction: database disk image is malformed'));
  t.ok(isStoreDamage('scanning schema version from DB config: database disk image is malformed'));
  const row =
    'specs.LinuxSyscall.ReadString: invalid control character found: 0, error found in #10 byte of ...';
  t.ok(isStoreDamage(`libpod.ContainerConfig.Spec: specs.Spec.Linux: ${row}`), 'of one row');
  t.ok(isStoreDamage('unmarshalling container 7758: readObjectStart: expect { or n, but found \u0000'));
  t.notOk(isStoreDamage('Error: opening database /x/libpod/bolt_state.db: no space left on device'));
  t.notOk(isStoreDamage('Error: unable to create socket: permission denied'));
  t.notOk(
    isStoreDamage('adding container config to database: database is locked'),
    'another podman is at it',
  );
});

t.test('of a list that podman cannot parse its path is told, not of one that it cannot open', async (t) => {
  const list = '/var/lib/containers/storage/overlay-images/images.json';
  const cut =
    '[]*storage.Image: readStringSlowPath: unexpected end of input, error found in #10 byte of ...|98|...';
  t.equal(damagedList(`Error: configure storage: loading "${list}": ${cut}`), list);
  t.equal(damagedList(`time="now" msg="loading \\"${list}\\": ${cut}"`), list, 'in a line of its log');
  t.ok(
    isStoreDamage(
      `loading primary layer store data: loading "${list.replaceAll('images', 'layers')}": ${cut}`,
    ),
  );
  t.notOk(isStoreDamage(`loading "${list}": open ${list}: too many open files`));
});
