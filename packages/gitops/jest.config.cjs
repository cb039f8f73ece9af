/** @type {import('jest').Config} */
module.exports = {
  displayName: 'gitops',
  testEnvironment: 'node',
  testTimeout: 60_000,
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  transform: { '^.+\\.[cm]?ts$': ['@swc/jest', require('./swc.cjs')] },
};
