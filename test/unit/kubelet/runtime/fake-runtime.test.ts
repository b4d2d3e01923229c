import t from 'tap';
import { FakeClock } from '../../../support/fake-clock.ts';
import { FakeRuntime, missingProgram } from '../../../support/fake-runtime.ts';
import { runtimeContract } from '../../../support/runtime-contract.ts';

runtimeContract(t, async () => {
  const runtime = new FakeRuntime({ clock: new FakeClock(), images: ['localhost/web:1'] });
  return {
    runtime,
    image: 'localhost/web:1',
    missingImage: 'localhost/none:1',
    missingProgram,
    address: (n) => `10.40.0.${n + 1}`,
    kill: (container) => runtime.exit(container.id, 137),
  };
});
