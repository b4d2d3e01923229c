// GET /version. The numbers say whose API this is; clients compare them with their own.
// Major and minor are plain integers as text: the conformance tests insist.

export const serverVersion = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0+edge',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;
