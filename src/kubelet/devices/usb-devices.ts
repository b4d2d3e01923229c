// USB devices that no driver of the kernel uses: those a program drives through libusb. Sticks, disks, keyboards, network
// and serial adapters have drivers, so a board's own disk or network can never be granted away.
// https://docs.kernel.org/ABI/testing/sysfs-bus-usb · https://docs.kernel.org/driver-api/usb/usb.html
import { namesIn } from '../../base/if-present.ts';
import type { BoardFiles } from '../board/board-files.ts';
import type { BoardDevice } from './board-device.ts';

const BUS = 'sys/bus/usb/devices';
const HUB_CLASS = '09';

export async function findUsbDevices(files: BoardFiles): Promise<BoardDevice[]> {
  const names = await namesIn(files.path(BUS));
  const found: BoardDevice[] = [];
  // `1-1.4` is a device, `1-1.4:1.0` one of its interfaces, `usb1` a root hub.
  for (const name of names.filter((name) => /^\d+-[\d.]+$/.test(name)).sort()) {
    const path = await freeDevice(files, name, names);
    if (path) found.push({ sort: 'usb', paths: [path] });
  }
  return found;
}

async function freeDevice(
  files: BoardFiles,
  name: string,
  names: readonly string[],
): Promise<string | undefined> {
  if ((await files.text(`${BUS}/${name}/bDeviceClass`)) === HUB_CLASS) return undefined;
  for (const face of names.filter((other) => other.startsWith(`${name}:`))) {
    const driver = await files.linkName(`${BUS}/${face}/driver`);
    // A program that has claimed the interface.
    if (driver !== undefined && driver !== 'usbfs') return undefined;
  }
  const [bus, device] = await Promise.all(
    ['busnum', 'devnum'].map((file) => files.text(`${BUS}/${name}/${file}`)),
  );
  if (!bus || !device) return undefined;
  return `/dev/bus/usb/${bus.padStart(3, '0')}/${device.padStart(3, '0')}`;
}
