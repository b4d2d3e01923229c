// Ports of the board that another pod holds already.
import { collide } from '../../api/host-ports.ts';
import { type Filter, unlessEvicted } from './filter.ts';

export const hostPorts: Filter = {
  name: 'NodePorts',
  prepare: ({ hostPorts: wanted }) => {
    if (wanted.length === 0) return undefined;
    return ({ pods }) => {
      const taken = [...pods.values()].flatMap((load) => load.hostPorts);
      const clash = wanted.some((port) => taken.some((other) => collide(port, other)));
      return clash ? unlessEvicted("node(s) didn't have free ports for the requested pod ports") : undefined;
    };
  },
};
