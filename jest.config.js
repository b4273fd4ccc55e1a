// Tests of the front end without a browser. JupyterLab's packages are ES modules: transform them.
const esModules = [
  '@jupyter/',
  '@jupyterlab/',
  '@microsoft/fast',
  '@rjsf',
  'd3',
  'delaunator',
  'exenv-es6',
  'internmap',
  'lib0',
  'marked',
  'nanoid',
  'robust-predicates',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/src'],
  // What a test waits for comes; on a busy machine later than jest's five seconds.
  testTimeout: 60_000,
  testRegex: '/__tests__/.*\\.spec\\.tsx?$',
  moduleNameMapper: {
    '\\.(css|svg)$': '<rootDir>/src/__tests__/asset.js'
  },
  transform: {
    '^.+\\.(t|j|mj)sx?$': [
      'ts-jest',
      {
        tsconfig: {
          allowJs: true,
          esModuleInterop: true,
          jsx: 'react',
          module: 'commonjs',
          target: 'ES2020',
          isolatedModules: true,
          skipLibCheck: true
        }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:${esModules}).*)`],
  setupFiles: ['@jupyterlab/testing/lib/jest-shim.js']
};
