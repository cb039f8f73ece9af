module.exports = {
  swcrc: false,
  jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: false } },
  module: { type: 'commonjs' },
};
