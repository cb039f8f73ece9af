import { openRun } from '../../src/executors/build/run';

/** A process that builds images, as Nx's does: `<workspace> <project>…`. Which engine it uses is up to the environment. */
async function main([root, ...names]: string[]): Promise<void> {
  const projects = Object.fromEntries(
    names.map((name) => {
      const options = { containerfile: `${name}/Containerfile`, network: 'none' };
      return [name, { root: name, targets: { 'image-build': { executor: 'gitops:build', options } } }];
    }),
  );
  const run = openRun(root!, projects, new Map());
  try {
    for (const name of names) process.stdout.write((await run.build(`${name}:image-build`)).log);
  } finally {
    await run.close();
  }
}

void main(process.argv.slice(2));
