import t from 'tap';
import { fullReference } from '../../../../../src/kubelet/images/image-reference.ts';
import { pullProblem } from '../../../../../src/kubelet/runtime/podman/pull-problem.ts';

t.test('image names without a registry mean Docker Hub', async (t) => {
  const names = {
    redis: 'docker.io/library/redis:latest',
    'redis:7': 'docker.io/library/redis:7',
    'org/app': 'docker.io/org/app:latest',
    'org/app@sha256:ab': 'docker.io/org/app@sha256:ab',
    'quay.io/org/app:1': 'quay.io/org/app:1',
    'registry:5000/app': 'registry:5000/app:latest',
    'localhost/app:1': 'localhost/app:1',
  };
  for (const [name, full] of Object.entries(names)) t.equal(fullReference(name), full);
});

t.test('a failed pull says what is wrong in words that help', async (t) => {
  const cases = {
    'reading manifest 9 in docker.io/library/redis: manifest unknown': /no such image/,
    'requested access to the resource is denied': /credentials/,
    'dial tcp: lookup docker.io: no such host': /name of its registry/,
    'dial tcp 127.0.0.1:5000: connect: connection refused': /does not answer/,
    'x509: certificate signed by unknown authority': /not trusted/,
    'write /var/lib: no space left on device': /disk is full/,
    'something never seen': /something never seen/,
  };
  for (const [words, says] of Object.entries(cases)) {
    const problem = pullProblem('docker.io/library/redis:9', new Error(words));
    t.equal(problem.reason, 'ErrImagePull');
    t.match(problem.message, says);
    t.match(problem.message, 'docker.io/library/redis:9');
  }
});

t.test('a malformed image name is told as such', async (t) => {
  t.equal(pullProblem('A B', new Error('invalid reference format')).reason, 'InvalidImageName');
});

t.test('of a registry that stays silent nothing but that is told', async (t) => {
  const silent = new Error('no answer to POST /images/pull?reference=redis%3A9&policy=always');
  t.equal(pullProblem('redis:9', silent).message, 'cannot pull redis:9: its registry does not answer');
});
