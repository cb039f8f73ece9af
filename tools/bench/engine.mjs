// Building by a container engine: what it costs over the engine's own build, and what it saves.
import {
  chmodSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { imageBuilder, load } from './builder.mjs';
import { writeContext } from './context.mjs';
import { buildClient, dockerEngine, uploadBuild } from './docker.mjs';
import { atMost, faster, interleave, missing, short, time } from './measure.mjs';

const BUSYBOX = '/bin/busybox';
/** A shell on nothing: there is no registry to take a base from. */
const SHELL = 'FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nCOPY --chmod=755 busybox /bin/sh\n';
const RUN = 'COPY message /\nRUN /bin/busybox sha256sum /message > /sum\n';
/** The engine has no bridge. */
const NETWORK = 'none';

const SESSION = 'BuildKit alone, by a session';
const BASE_MB = short ? 100 : 500;
const WHAT = {
  scratch: 'by the engine: nothing changed, `RUN` on `scratch`',
  derived: 'by the engine: nothing changed, `RUN` on a base of the workspace',
  upload: 'by the engine: one file changed, `COPY` of a tenth of the context',
  save: `export of an image that adds 50 MB to a base of ${BASE_MB} MB`,
};

/** @returns the rows, and the engine's version */
export async function measureEngine(options) {
  const lacks = existsSync(BUSYBOX) ? undefined : `no ${BUSYBOX} to make images of`;
  const engine = lacks ? { reason: lacks } : await dockerEngine(options.directory);
  if (!engine.docker)
    return { rows: Object.values(WHAT).map((what) => missing(what, engine.reason)), versions: [] };
  process.env.DOCKER_HOST = engine.host;
  process.env.NX_WORKSPACE_DATA_DIRECTORY ??= join(options.directory, 'workspace-data');
  try {
    const rows = [
      ...(await measureUnchanged(engine, options)),
      await measureUpload(engine.docker, options),
      await measureExport(engine.docker, options),
    ];
    return { rows, versions: [engine.version] };
  } finally {
    delete process.env.DOCKER_HOST;
    await engine.stop();
  }
}

/** The engine is asked, since the label of the vendor is another one; but what it builds is what it built before. */
async function measureUnchanged({ host }, { packageDirectory, directory, rounds, log }) {
  log('an image with RUN, unchanged');
  const workspace = join(directory, 'engine');
  writeProject(workspace, 'base', SHELL);
  writeProject(workspace, 'app', SHELL + RUN);
  writeProject(workspace, 'derived', `FROM bench/base\n${RUN}`);
  const build = imageBuilder(packageDirectory, workspace, ['base', 'app', 'derived'], { network: NETWORK });
  let vendor = 0;
  const ours = (project) => async () => {
    writeFileSync(join(workspace, 'gitops.yaml'), `project: bench\nvendor: v${vendor++}\n`);
    return time(() => build(project));
  };
  await ours('base')();

  const session = [SESSION, sessionBuild(packageDirectory, workspace, directory)];
  const client = buildClient(host, join(workspace, 'base'));
  const usual = client ? ['`docker build`', clientBuild(client, workspace)] : session;
  // The engine's own builds have their base in the engine.
  await usual[1]('base');
  const subjects = {
    scratch: ours('app'),
    scratchUsual: () => time(() => usual[1]('app')),
    scratchSession: () => time(() => session[1]('app')),
    derived: ours('derived'),
    derivedUsual: () => time(() => usual[1]('derived')),
  };
  const medians = await interleave(subjects, 4 * rounds, 3);
  const rows = [
    atMost(WHAT.scratch, medians.scratch, [usual[0], medians.scratchUsual], 1.3),
    atMost(WHAT.derived, medians.derived, [usual[0], medians.derivedUsual]),
  ];
  if (client) rows.splice(1, 0, atMost(WHAT.scratch, medians.scratch, [SESSION, medians.scratchSession]));
  return rows;
}

function clientBuild(client, workspace) {
  return (project) => {
    const context = join(workspace, project);
    client(['--tag', `bench/${project}`, '--file', join(context, 'Containerfile'), context]);
  };
}

/** The engine's own build, of files that it asks for: neither is its base brought, nor its image fetched. */
function sessionBuild(packageDirectory, workspace, directory) {
  const { connectEngine } = load(packageDirectory, 'builders/engine/connect/connect.js');
  const { buildWithBuildKit } = load(packageDirectory, 'builders/engine/buildkit.js');
  const { parseContainerfile } = load(packageDirectory, 'containerfile/parse.js');
  const { compileIgnore } = load(packageDirectory, 'containerfile/ignore.js');
  const { BuildContext } = load(packageDirectory, 'revision/context.js');
  const { FileHashes } = load(packageDirectory, 'revision/file-hashes.js');
  return async (project) => {
    const { docker } = await connectEngine();
    const root = join(workspace, project);
    const text = readFileSync(join(root, 'Containerfile'), 'utf8');
    const hashes = FileHashes.load(join(directory, `hashes-${project}`));
    const request = {
      containerfile: parseContainerfile(text, 'Containerfile'),
      text,
      context: new BuildContext(root, compileIgnore([]), hashes),
      query: { networkmode: NETWORK, t: `bench/${project}` },
    };
    await buildWithBuildKit(docker, request, { sharedKey: project }, () => {});
    hashes.save();
  };
}

async function measureUpload(docker, { packageDirectory, directory, rounds, log }) {
  log('one file changed, of a context of 53 MB');
  const workspace = join(directory, 'upload');
  const app = writeProject(workspace, 'app', '');
  const change = writeContext(app);
  // 10 of the 100 directories.
  const take = 'COPY src/module-5? /app/\nRUN /bin/busybox cat /app/*.js | /bin/busybox sha256sum > /sum\n';
  writeFileSync(join(app, 'Containerfile'), SHELL + take);
  const build = imageBuilder(packageDirectory, workspace, ['app'], { network: NETWORK });
  const changed = (work) => async () => {
    change();
    return time(work);
  };
  const { ours, upload } = await interleave(
    {
      ours: changed(build),
      upload: changed(() => uploadBuild(docker, app, { t: 'bench/upload', networkmode: NETWORK })),
    },
    rounds,
    2,
  );
  return faster(WHAT.upload, ours, ['the context as a tar stream, by dockerode', upload], 2);
}

async function measureExport(docker, { packageDirectory, directory, rounds, log }) {
  log(`exporting 50 MB on ${BASE_MB} MB`);
  const files = (name, count) =>
    `RUN /bin/busybox mkdir /${name} && for i in $(/bin/busybox seq ${count}); do /bin/busybox head -c 1000000 /dev/urandom > /${name}/$i; done\n`;
  const context = writeProject(
    join(directory, 'export'),
    'app',
    SHELL + files('base', BASE_MB) + files('own', 50),
  );
  await uploadBuild(docker, context, { t: 'bench/large', networkmode: NETWORK });
  const { exportImage } = load(packageDirectory, 'builders/engine/export/export.js');
  const { connectEngine } = load(packageDirectory, 'builders/engine/connect/connect.js');
  const { Layout } = load(packageDirectory, 'oci/layout/index.js');
  const engine = await connectEngine();
  const { Id, RootFS } = await docker.getImage('bench/large').inspect();
  const skip = new Set(RootFS.Layers.slice(0, -1));
  const target = join(directory, 'exported');
  const alone = (work) => async () => {
    const taken = await time(work);
    rmSync(target, { recursive: true });
    return taken;
  };
  const ours = async () => {
    const layout = new Layout(target);
    await exportImage(engine, Id, { skip, onDetour: fail }, async ({ content }) => {
      const writer = layout.writer();
      for await (const chunk of content) writer.write(chunk);
      writer.finish();
    });
  };
  const save = async () => pipeline(await docker.getImage(Id).get(), createWriteStream(target));
  const medians = await interleave({ ours: alone(ours), save: alone(save) }, rounds);
  return atMost(WHAT.save, medians.ours, ['`docker save`, by the Docker API', medians.save], 1);
}

function fail(reason) {
  throw new Error(reason);
}

function writeProject(workspace, name, containerfile) {
  const root = join(workspace, name);
  mkdirSync(root, { recursive: true });
  copyFileSync(BUSYBOX, join(root, 'busybox'));
  chmodSync(join(root, 'busybox'), 0o755);
  writeFileSync(join(root, 'message'), 'hello\n');
  writeFileSync(join(root, 'Containerfile'), containerfile);
  return root;
}
