/** @type {import('jest').Config} */
module.exports = {
  displayName: 'e2e',
  testEnvironment: 'node',
  rootDir: __dirname,
  testMatch: ['<rootDir>/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/shop/'],
  transform: { '^.+\\.[cm]?ts$': ['@swc/jest', require('../packages/gitops/swc.cjs')] },
  globalSetup: '<rootDir>/support/set-up.ts',
  globalTeardown: '<rootDir>/support/tear-down.ts',
  // A test runs Nx, often several times; each start of it takes a second or two.
  testTimeout: 120_000,
  maxWorkers: 2,
};
