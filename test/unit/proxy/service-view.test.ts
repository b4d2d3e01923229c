import t from 'tap';
import type { BoardService, BoardSlice } from '../../../src/api/board-service.ts';
import { serviceView } from '../../../src/proxy/service-view.ts';

const slice = (more: Partial<BoardSlice>): BoardSlice => ({
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: [],
  ...more,
});
const web = (slices: readonly BoardSlice[], spec: BoardService['spec'] = {}): BoardService => ({
  key: 'default/web',
  uid: 'u',
  spec: {
    clusterIP: '10.48.0.5',
    ports: [
      { name: 'http', port: 80, nodePort: 30080 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
    ...spec,
  },
  slices,
});

t.test('only ready endpoints count, over all slices, by the name of the port', async (t) => {
  const view = serviceView(
    web([
      slice({
        endpoints: [
          { addresses: ['10.40.0.2'], nodeName: 'pi' },
          { addresses: ['10.40.0.9'], conditions: { ready: false } },
        ],
      }),
      slice({
        ports: [{ name: 'http', port: 9090 }],
        endpoints: [{ addresses: ['10.40.2.3'], conditions: { ready: true } }],
      }),
    ]),
  );
  t.same(view, {
    key: 'default/web',
    clusterIP: '10.48.0.5',
    ports: [
      {
        name: 'http',
        protocol: 'TCP',
        port: 80,
        nodePort: 30080,
        endpoints: [
          { ip: '10.40.0.2', port: 8080, nodeName: 'pi' },
          { ip: '10.40.2.3', port: 9090 },
        ],
        terminating: [],
      },
      { name: 'dns', protocol: 'UDP', port: 53, endpoints: [], terminating: [] },
    ],
  });
});

t.test('a headless Service has no address, an ExternalName not even a port', async (t) => {
  t.equal(serviceView(web([], { clusterIP: 'None' })).clusterIP, '');
  t.same(serviceView(web([], { type: 'ExternalName', externalName: 'example.com' })).ports, []);
});
