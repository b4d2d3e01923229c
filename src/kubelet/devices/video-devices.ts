// Cameras and other video sources: all files of one camera are one unit. The codecs and image processors of the board's
// own chip are no cameras. https://docs.kernel.org/userspace-api/media/v4l/open.html
import type { BoardFiles } from '../board/board-files.ts';
import type { BoardDevice } from './board-device.ts';

const OWN_PROCESSORS = /codec|[^a-z]isp|^isp|rpivid|rpi-?hevc|hevc-dec|pispbe/i;

export async function findCameras(files: BoardFiles, names: readonly string[]): Promise<BoardDevice[]> {
  const nodes = names.filter((name) => /^video\d+$/.test(name)).map((name) => Number(name.slice(5)));
  const cameras = new Map<string, string[]>();
  for (const node of nodes.sort((a, b) => a - b)) {
    const place = `sys/class/video4linux/video${node}`;
    if (OWN_PROCESSORS.test((await files.text(`${place}/name`)) ?? '')) continue;
    const camera = (await files.linkTarget(`${place}/device`)) ?? `${node}`;
    cameras.set(camera, [...(cameras.get(camera) ?? []), `/dev/video${node}`]);
  }
  return [...cameras.values()].map((paths) => ({ sort: 'video', paths }));
}
