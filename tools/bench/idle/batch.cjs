// All tasks in one process.
const { default: write } = require('./write.cjs');

exports.default = async function* batch({ tasks }, inputs, _overrides, context) {
  for (const task of Object.keys(tasks)) {
    const result = await write(inputs[task], context);
    yield { task, result: { ...result, terminalOutput: `${task}: up to date\n` } };
  }
};
