// Finds the devices of a board that pods may be granted: files in /dev, told apart by what sysfs says of them. What the
// board itself uses (firmware's pins, the display's buses, the console, disks, network) is never offered.
import { namesIn } from '../../base/if-present.ts';
import { type BoardFiles, listOf } from '../board/board-files.ts';
import type { BoardDevice } from './board-device.ts';
import { findUsbDevices } from './usb-devices.ts';
import { findCameras } from './video-devices.ts';

/** Device tree `compatible` of GPIO chips that lead to the board's own parts (LEDs, PMIC, Wi-Fi), not to its header. */
const OWN_PINS = /firmware-gpio|brcmstb-gpio|brcm,bcm7445-gpio|virt-gpio/;
/** Buses that read the display's EDID. */
const DISPLAY_BUSES = /hdmi-i2c|brcmstb-i2c/;
/** The header's I2C bus on every Raspberry Pi since 2012: given out first. */
const HEADER_BUS = 'i2c-1';

/** In the order in which they are given out. */
export async function findDevices(files: BoardFiles): Promise<BoardDevice[]> {
  const names = await namesIn(files.path('dev'));
  return [
    ...(await findGpio(files, names)),
    ...(await findI2c(files, names)),
    ...numbered(names, /^spidev(\d+)\.(\d+)$/).map((name) => device('spi', name)),
    ...(await findSerial(files, names)),
    ...(await findCameras(files, names)),
    ...(await findUsbDevices(files)),
  ];
}

/** The chip of the header, with the memory window to the same pins that older libraries use. */
async function findGpio(files: BoardFiles, names: readonly string[]): Promise<BoardDevice[]> {
  const chips: string[] = [];
  for (const chip of numbered(names, /^gpiochip(\d+)$/)) {
    const compatible = (await files.text(`sys/bus/gpio/devices/${chip}/of_node/compatible`)) ?? '';
    if (!OWN_PINS.test(compatible)) chips.push(chip);
  }
  const windows = ['gpiomem', 'gpiomem0'].filter((name) => names.includes(name));
  return chips.map((chip, index) => device('gpio', chip, ...(index === 0 ? windows : [])));
}

async function findI2c(files: BoardFiles, names: readonly string[]): Promise<BoardDevice[]> {
  const buses: string[] = [];
  for (const bus of numbered(names, /^i2c-(\d+)$/)) {
    const compatible = (await files.text(`sys/bus/i2c/devices/${bus}/of_node/compatible`)) ?? '';
    if (!DISPLAY_BUSES.test(compatible)) buses.push(bus);
  }
  const isHeader = (name: string) => (name === HEADER_BUS ? 0 : 1);
  return buses.sort((a, b) => isHeader(a) - isHeader(b)).map((bus) => device('i2c', bus));
}

/** A port with a chip behind it (a PC has files for 4 to 32 that it lacks) that is not the kernel's console. */
async function findSerial(files: BoardFiles, names: readonly string[]): Promise<BoardDevice[]> {
  const consoles = listOf((await files.text('sys/class/tty/console/active')) ?? '');
  const ports: BoardDevice[] = [];
  for (const port of numbered(names, /^tty(?:AMA|S|USB|ACM)(\d+)$/)) {
    const isMissing = (await files.text(`sys/class/tty/${port}/type`)) === '0';
    if (!isMissing && !consoles.includes(port)) ports.push(device('serial', port));
  }
  return ports;
}

function device(sort: BoardDevice['sort'], ...names: string[]): BoardDevice {
  return { sort, paths: names.map((name) => `/dev/${name}`) };
}

/** Names that match, by their letters and then by their numbers: `i2c-9` before `i2c-10`. */
function numbered(names: readonly string[], pattern: RegExp): string[] {
  return names
    .filter((name) => pattern.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
