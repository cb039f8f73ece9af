/** A project.json whose cached target `build` makes `dist`, which git ignores, of `source.txt`. */
export function buildsDist(name: string, command: string): string {
  return JSON.stringify({
    name,
    targets: {
      build: {
        executor: 'nx:run-commands',
        cache: true,
        inputs: ['{projectRoot}/source.txt'],
        outputs: ['{projectRoot}/dist'],
        options: { command, cwd: '{projectRoot}' },
      },
    },
  });
}
