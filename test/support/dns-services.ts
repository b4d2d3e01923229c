// Services as a board hears of them, for tests of names.
import type { BoardService } from '../../src/api/board-service.ts';

export const web: BoardService = {
  key: 'default/web',
  uid: 'web',
  spec: {
    clusterIP: '10.48.0.5',
    clusterIPs: ['10.48.0.5'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }, { port: 9 }],
  },
  slices: [{ addressType: 'IPv4', ports: [], endpoints: [{ addresses: ['10.40.0.9'] }] }],
};

export const db: BoardService = {
  key: 'default/db',
  uid: 'db',
  spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] },
  slices: [
    {
      addressType: 'IPv4',
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.40.0.2'], hostname: 'db-0', conditions: { ready: true } },
        { addresses: ['10.40.2.3'], hostname: 'db-1', conditions: { ready: false } },
        { addresses: ['10.40.2.4'] },
      ],
    },
  ],
};

export const outside: BoardService = {
  key: 'shop/outside',
  uid: 'outside',
  spec: { type: 'ExternalName', externalName: 'www.example.com.' },
  slices: [],
};

export const alias = (name: string, target: string): BoardService => ({
  key: `shop/${name}`,
  uid: name,
  spec: { type: 'ExternalName', externalName: target },
  slices: [],
});

export const byKey = (...services: BoardService[]): Map<string, BoardService> =>
  new Map(services.map((service) => [service.key, service]));
