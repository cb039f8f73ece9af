// A plugin of Nx that does nothing: what one costs at the least.
exports.name = 'idle';
exports.createNodes = ['**/Containerfile', async () => []];
